"""Students from a spreadsheet: which column is what, what each row means, what is wrong with it. Pure: no database.

A real school's file has its own headers, its own date format and a few wrong rows. Nothing is guessed silently: the
mapping is shown, every problem names its row and column, and a row that looks like a known student says so.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from driveflow_desktop.domain.people.checks import Checker
from driveflow_desktop.domain.people.matching import Traits, fold_name, likeness
from driveflow_desktop.domain.people.values import LicenceClass, Transmission
from driveflow_desktop.domain.tabular import Progress, RowProblem, Table, TableRow, advance
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.types import Value

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "full_name": ("name", "full name", "student", "student name", "learner", "pupil", "client"),
    "first_name": ("first name", "given name", "forename", "firstname"),
    "last_name": ("last name", "surname", "family name", "lastname"),
    "phone": ("phone", "mobile", "mobile phone", "telephone", "contact number", "cell", "phone number"),
    "email": ("email", "e mail", "email address", "mail"),
    "dob": ("dob", "date of birth", "birth date", "birthday", "born"),
    "pickup_address": ("address", "pickup", "pick up", "pickup address", "suburb", "street", "home address"),
    "licence_number": ("licence", "license", "licence number", "license number", "licence no", "learner number"),
    "licence_class": ("licence class", "class", "licence type", "stage"),
    "licence_expires_on": ("licence expiry", "expiry", "expires", "licence expires", "expiry date"),
    "transmission": ("transmission", "gearbox", "auto manual", "car type"),
    "notes": ("notes", "comments", "remarks", "memo"),
    "logbook_hours": ("logbook", "logbook hours", "hours", "hours logged"),
}
"""What a column can be, with the headers it goes by (folded: lower case, no punctuation)."""

_DAY_FIRST: Final = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{2}|\d{4})")
_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_CLASSES: Final = {
    "l": LicenceClass.LEARNER,
    "learner": LicenceClass.LEARNER,
    "learners": LicenceClass.LEARNER,
    "p1": LicenceClass.PROVISIONAL_1,
    "red p": LicenceClass.PROVISIONAL_1,
    "p2": LicenceClass.PROVISIONAL_2,
    "green p": LicenceClass.PROVISIONAL_2,
    "full": LicenceClass.FULL,
    "overseas": LicenceClass.OVERSEAS,
    "international": LicenceClass.OVERSEAS,
}
_GEARS: Final = {
    "auto": Transmission.AUTO,
    "automatic": Transmission.AUTO,
    "a": Transmission.AUTO,
    "manual": Transmission.MANUAL,
    "m": Transmission.MANUAL,
}
_REPORT_EVERY: Final = 500


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that can be imported: the values of a new student, and the row it came from."""

    row: int
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do. `duplicates` are (row, name of the one who is like it); they are not imported."""

    candidates: tuple[Candidate, ...]
    problems: tuple[RowProblem, ...]
    duplicates: tuple[tuple[int, str], ...]


def guess_mapping(headers: Sequence[str]) -> dict[str, str]:
    """Header → field for the headers that are recognised, each field once; the best match wins."""
    ranked: list[tuple[int, int, str, str]] = []
    for place, header in enumerate(headers):
        folded = _fold(header)
        for field, names in FIELDS.items():
            if folded == field.replace("_", " ") or folded in names:
                ranked.append((0, place, header, field))
            elif any(name in folded.split() for name in names if " " not in name):
                ranked.append((1, place, header, field))
    found: dict[str, str] = {}
    for _rank, _place, header, field in sorted(ranked):
        if header not in found and field not in found.values():
            found[header] = field
    return found


def require_mapping(headers: Sequence[str], mapping: Mapping[str, str]) -> None:
    """Refuse a mapping that names unknown headers or fields, or none for the name."""
    for header, field in mapping.items():
        if header not in headers:
            raise UserError("invalid", f"The file has no column “{header}”.", hint=f"It has: {', '.join(headers)}.")
        if field not in FIELDS:
            raise UserError("invalid", f"“{field}” is no field of a student.", hint=f"Use: {', '.join(FIELDS)}.")
    if not {"full_name", "first_name", "last_name"} & set(mapping.values()):
        raise UserError(
            "invalid", "No column is the name.", hint="Say which one: --map 'COLUMN=full_name'.", column="full_name"
        )


def check_rows(
    table: Table,
    mapping: Mapping[str, str],
    checker: Checker,
    known: Sequence[tuple[str, Traits]],
    progress: Progress | None = None,
) -> Preview:
    """Read every row; `known` are the school's students as (name, traits)."""
    require_mapping(table.headers, mapping)
    columns = {field: table.headers.index(header) for header, field in mapping.items()}
    headers = {field: header for header, field in mapping.items()}
    candidates: list[Candidate] = []
    problems = list(table.problems)
    duplicates: list[tuple[int, str]] = []
    seen = _Seen(known)
    for number, row in enumerate(table.rows):
        if number % _REPORT_EVERY == 0:
            advance(progress, number, len(table.rows))
        if not any(cell.strip() for cell in row.cells):
            continue
        try:
            values = checker.clean(_values(row, columns))
        except UserError as error:
            problems.append(RowProblem(row.number, headers.get(error.column or ""), error.message))
            continue
        twin = seen.twin(values)
        if twin is not None:
            duplicates.append((row.number, twin))
            continue
        candidates.append(Candidate(row.number, values))
    return Preview(tuple(candidates), tuple(problems), tuple(duplicates))


class _Seen:
    """Everyone known so far, found by folded name without comparing all with all."""

    def __init__(self, known: Sequence[tuple[str, Traits]]) -> None:
        self._by_name: dict[str, list[tuple[str, Traits]]] = {}
        for name, traits in known:
            self._by_name.setdefault(traits.name, []).append((name, traits))

    def twin(self, values: Mapping[str, Value]) -> str | None:
        """The name of somebody who is most likely the same person; else this one is remembered."""
        name = str(values["full_name"])
        phone, email, dob = values.get("phone"), values.get("email"), values.get("dob")
        traits = Traits(
            fold_name(name),
            phone if isinstance(phone, str) else None,
            email if isinstance(email, str) else None,
            dob if isinstance(dob, date) else None,
        )
        alike = self._by_name.setdefault(traits.name, [])
        for other, held in alike:
            sign = likeness(traits, held)
            if sign is not None and sign.is_strong:
                return other
        alike.append((name, traits))
        return None


def _values(row: TableRow, columns: Mapping[str, int]) -> dict[str, Value]:
    """The typed values of a row; columns that are not there are left out."""
    cells = {field: unicodedata.normalize("NFC", row.cells[place].strip()) for field, place in columns.items()}
    name = cells.pop("full_name", "") or " ".join(
        part for part in (cells.get("first_name", ""), cells.get("last_name", "")) if part
    )
    cells.pop("first_name", None)
    cells.pop("last_name", None)
    if not name.strip():
        raise UserError("invalid", "The name is missing.", column="full_name")
    values: dict[str, Value] = {"full_name": name}
    for field, text in cells.items():
        if text:
            column, value = _read(field, text)
            values[column] = value
    return values


def _read(field: str, text: str) -> tuple[str, Value]:
    if field in {"dob", "licence_expires_on"}:
        return field, read_day(text, field)
    if field == "licence_class":
        return field, _choice(_CLASSES, text, field)
    if field == "transmission":
        return field, _choice(_GEARS, text, field)
    if field == "logbook_hours":
        try:
            return "logbook_minutes", round(float(text.casefold().rstrip("h ").replace(",", ".")) * 60)
        except (ValueError, OverflowError):
            raise UserError("invalid", f"“{text[:40]}” is not a number of hours.", column=field) from None
    return field, text


def read_day(text: str, column: str) -> date:
    """A date as people write it: 3/12/2007, 3.12.07, 2007-12-03; day first."""
    iso, ours = _ISO.fullmatch(text), _DAY_FIRST.fullmatch(text)
    try:
        if iso is not None:
            return date(int(iso[1]), int(iso[2]), int(iso[3]))
        if ours is not None:
            year = int(ours[3])
            if len(ours[3]) == 2:
                year += 1900 if year > 40 else 2000
            return date(year, int(ours[2]), int(ours[1]))
    except ValueError:
        pass
    raise UserError("invalid", f"“{text[:40]}” is not a date (day/month/year).", column=column)


def _choice(choices: Mapping[str, Value], text: str, column: str) -> Value:
    found = choices.get(_fold(text))
    if found is None:
        raise UserError("invalid", f"“{text[:40]}” is not one of: {', '.join(choices)}.", column=column)
    return found


def _fold(text: str) -> str:
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[^\w]+", " ", plain.casefold().replace("_", " ")).split())
