"""What of somebody's spreadsheet can become students: every row checked, every fault named. Pure: no database."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.people.checks import Checker, check_logbook
from driveflow_desktop.domain.people.import_mapping import ColumnMapping, ImportField
from driveflow_desktop.domain.people.matching import Likeness, Traits, fold_name, likeness, traits_of
from driveflow_desktop.domain.people.parsing import (
    MONTH_FIRST,
    is_day_first,
    parse_date,
    parse_licence,
    parse_minutes,
    parse_transmission,
)
from driveflow_desktop.domain.people.queries.students import Known
from driveflow_desktop.domain.people.tables import Guardian, Student
from driveflow_desktop.domain.tabular import Progress, RowProblem, Table, TableRow, advance
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.types import Value

_EVERY: Final = 500
_STUDENT = codec(cast("sa.Table", Student.__table__))
_GUARDIAN = codec(cast("sa.Table", Guardian.__table__))

_PLAIN: Final = (
    ImportField.PHONE,
    ImportField.EMAIL,
    ImportField.LICENCE_NUMBER,
    ImportField.NOTES,
    ImportField.ALERT,
)
_READ: Final[Mapping[ImportField, tuple[str, Callable[[str], Value]]]] = {
    ImportField.LICENCE_CLASS: ("licence_class", parse_licence),
    ImportField.TRANSMISSION: ("transmission", parse_transmission),
    ImportField.LOGBOOK_HOURS: ("logbook_minutes", parse_minutes),
    ImportField.LOGBOOK_NIGHT_HOURS: ("logbook_night_minutes", parse_minutes),
}
_GUARDIAN_FIELDS: Final[Mapping[ImportField, str]] = {
    ImportField.GUARDIAN_NAME: "full_name",
    ImportField.GUARDIAN_PHONE: "phone",
    ImportField.GUARDIAN_EMAIL: "email",
}


GuardianKey = tuple[str, str | None]


def guardian_key(name: str, phone: str | None, email: str | None) -> GuardianKey:
    """Guardians with the same name and phone (or e-mail, where there is no phone) are one person."""
    return fold_name(name), phone or email


@dataclass(frozen=True, slots=True)
class GuardianDraft:
    """A guardian as the row names them; columns checked and in stored form."""

    full_name: str
    phone: str | None
    email: str | None
    relation: str | None

    @property
    def key(self) -> "GuardianKey":
        """Rows with the same key mean the same guardian."""
        return guardian_key(self.full_name, self.phone, self.email)


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A student that can be imported; `number` is the row's in the file, `values` are columns in stored form."""

    number: int
    values: Mapping[str, Value]
    guardian: GuardianDraft | None

    @property
    def full_name(self) -> str:
        """The student's name."""
        return str(self.values["full_name"])


@dataclass(frozen=True, slots=True)
class RowDuplicate:
    """A row that may be somebody who is there already: in an earlier row, or in the school (`student_id`)."""

    row: int
    likeness: Likeness
    name: str
    other_row: int | None
    student_id: UUID | None


@dataclass(frozen=True, slots=True)
class Setting:
    """What the checks depend on: the school's country, its local date, and who is there already."""

    country: str
    today: date
    students: Sequence[Known] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do. Rows with errors are not in `rows`; rows that may be duplicates are."""

    rows: tuple[ImportRow, ...]
    errors: tuple[RowProblem, ...]
    duplicates: tuple[RowDuplicate, ...]

    @property
    def likely_duplicates(self) -> frozenset[int]:
        """Numbers of the rows that most likely are somebody who is there already."""
        return frozenset(found.row for found in self.duplicates if found.likeness.is_strong)

    def without_duplicates(self) -> "Preview":
        """The rows that are new for all that is known."""
        skipped = self.likely_duplicates
        rows = tuple(row for row in self.rows if row.number not in skipped)
        return Preview(rows, self.errors, self.duplicates)


def check(table: Table, mapping: ColumnMapping, setting: Setting, *, progress: Progress | None = None) -> Preview:
    """Check every row of a table.

    Raises `UserError` "invalid" when no column holds names, "cancelled" when the person stopped.
    """
    if not mapping.has_name:
        raise UserError(
            "invalid", "No column is the name.", hint="Say which column holds the names.", column="full_name"
        )
    reader = _Reader(table, mapping, setting)
    rows: list[ImportRow] = []
    errors = list(table.problems)
    for done, row in enumerate(table.rows):
        if done % _EVERY == 0:
            advance(progress, done, len(table.rows))
        found, problems = reader.read(row)
        errors += problems
        if found is not None:
            rows.append(found)
    advance(progress, len(table.rows), len(table.rows))
    errors.sort(key=lambda problem: problem.row)
    return Preview(tuple(rows), tuple(errors), tuple(_duplicates(rows, setting.students)))


# -- one row ------------------------------------------------------------------------------------------------------


class _Reader:
    """Reads rows; what depends on the whole file is worked out once."""

    def __init__(self, table: Table, mapping: ColumnMapping, setting: Setting) -> None:
        self._checker = Checker(setting.country, setting.today)
        self._today = setting.today
        self._headers = table.headers
        self._columns = {
            column.field: index for index, column in enumerate(mapping.columns) if column.field is not None
        }
        usual = setting.country not in MONTH_FIRST
        self._day_first = {
            each: is_day_first((row.cells[self._columns[each]] for row in table.rows), usual)
            for each in (ImportField.DOB, ImportField.LICENCE_EXPIRES_ON)
            if each in self._columns
        }

    def read(self, row: TableRow) -> tuple[ImportRow | None, list[RowProblem]]:
        """The student of a row, or everything that is wrong with it."""
        reading = _Reading(self, row)
        values = self._values(reading)
        guardian = self._guardian(reading)
        if reading.problems:
            return None, reading.problems
        return ImportRow(row.number, values, guardian), []

    def cell(self, row: TableRow, wanted: ImportField) -> str:
        """A cell without surrounding spaces, empty when no column holds the field."""
        index = self._columns.get(wanted)
        return "" if index is None else row.cells[index].strip()

    def header(self, wanted: ImportField) -> str | None:
        """The header of the field's column."""
        index = self._columns.get(wanted)
        return None if index is None else self._headers[index]

    def _values(self, reading: "_Reading") -> dict[str, Value]:
        values: dict[str, Value] = {}
        values |= reading.clean(self._checker, "full_name", *reading.name())
        for each in _PLAIN:
            values |= reading.clean(self._checker, each.value, each, reading.cell(each))
        for each, day_first in self._day_first.items():
            latest = self._today.year if each is ImportField.DOB else None

            def read(text: str, day_first: bool = day_first, latest: int | None = latest) -> Value:
                return parse_date(text, day_first=day_first, latest=latest)

            values |= reading.parse(self._checker, each.value, each, read)
        for each, (column, parse) in _READ.items():
            values |= reading.parse(self._checker, column, each, parse)
        values |= reading.clean(self._checker, "pickup_address", ImportField.PICKUP_ADDRESS, reading.address())
        try:
            check_logbook({"logbook_minutes": 0, "logbook_night_minutes": 0, **values})
        except UserError as problem:
            reading.refuse(ImportField.LOGBOOK_NIGHT_HOURS, problem)
        return values

    def _guardian(self, reading: "_Reading") -> GuardianDraft | None:
        if not any(reading.cell(each) for each in _GUARDIAN_FIELDS):
            return None
        values: dict[str, Value] = {"full_name": None, "phone": None, "email": None}
        for each, column in _GUARDIAN_FIELDS.items():
            text = reading.cell(each)
            if text or column == "full_name":
                values |= reading.clean(self._checker, column, each, text, guardian=True)
        relation = reading.cell(ImportField.GUARDIAN_RELATION)[:60] or None
        name, phone, email = values["full_name"], values["phone"], values["email"]
        return GuardianDraft(
            str(name), None if phone is None else str(phone), None if email is None else str(email), relation
        )


class _Reading:
    """One row being read, and what was found wrong."""

    def __init__(self, reader: _Reader, row: TableRow) -> None:
        self._reader = reader
        self._row = row
        self.problems: list[RowProblem] = []

    def cell(self, wanted: ImportField) -> str:
        """A cell of the row."""
        return self._reader.cell(self._row, wanted)

    def name(self) -> tuple[ImportField, str]:
        """The student's name from one column or two, and the column to blame for it."""
        whole = self.cell(ImportField.FULL_NAME)
        if whole or self._reader.header(ImportField.FULL_NAME) is not None:
            return ImportField.FULL_NAME, whole
        parts = [self.cell(ImportField.FIRST_NAME), self.cell(ImportField.LAST_NAME)]
        blamed = ImportField.FIRST_NAME
        return blamed if self._reader.header(blamed) is not None else ImportField.LAST_NAME, " ".join(parts)

    def address(self) -> str:
        """Street, suburb and postcode as one address; what the street names already is not said twice."""
        street = self.cell(ImportField.PICKUP_ADDRESS)
        place = " ".join(
            part
            for part in (self.cell(ImportField.SUBURB), self.cell(ImportField.POSTCODE))
            if part and part.casefold() not in street.casefold()
        )
        return ", ".join(part for part in (street, place) if part)

    def clean(
        self, checker: Checker, column: str, blamed: ImportField, value: Value, *, guardian: bool = False
    ) -> dict[str, Value]:
        """A column in its stored form, or nothing and a problem."""
        if value in (None, "") and column != "full_name":
            return {}
        try:
            found = checker.clean({column: value})
            (_GUARDIAN if guardian else _STUDENT).check(found)
        except UserError as problem:
            self.refuse(blamed, problem)
            return {}
        return found

    def parse(
        self, checker: Checker, column: str, blamed: ImportField, read: Callable[[str], Value]
    ) -> dict[str, Value]:
        """A column that is more than text."""
        text = self.cell(blamed)
        if not text:
            return {}
        try:
            value = read(text)
        except ValueError as problem:
            self._add(blamed, f"{str(problem)[:1].upper()}{str(problem)[1:]}.")
            return {}
        return self.clean(checker, column, blamed, value)

    def refuse(self, blamed: ImportField, problem: UserError) -> None:
        """Note a refusal."""
        self._add(blamed, str(problem))

    def _add(self, blamed: ImportField, message: str) -> None:
        self.problems.append(RowProblem(self._row.number, self._reader.header(blamed), message))


# -- who is there already -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Somebody:
    name: str
    traits: Traits
    row: int | None = None
    student_id: UUID | None = None


def _duplicates(rows: Iterable[ImportRow], students: Sequence[Known]) -> Iterable[RowDuplicate]:
    """For each row the likeliest record that may be the same person; every row is compared with a few others only."""
    by_key: dict[tuple[str, str], list[_Somebody]] = {}

    def keys(traits: Traits) -> list[tuple[str, str]]:
        return [("name", traits.name), *([("phone", traits.phone)] if traits.phone else [])]

    def remember(somebody: _Somebody) -> None:
        for key in keys(somebody.traits):
            by_key.setdefault(key, []).append(somebody)

    for known in students:
        remember(_Somebody(known.full_name, known.traits, None, known.id))
    for row in rows:
        traits = traits_of(row.values)
        best: tuple[Likeness, _Somebody] | None = None
        for other in (each for key in keys(traits) for each in by_key.get(key, ())):
            like = likeness(traits, other.traits)
            if like is not None and (best is None or (like.is_strong and not best[0].is_strong)):
                best = like, other
            if best is not None and best[0].is_strong:
                break
        if best is not None:
            yield RowDuplicate(row.number, best[0], best[1].name, best[1].row, best[1].student_id)
        remember(_Somebody(row.full_name, traits, row.number))
