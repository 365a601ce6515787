"""Bringing a spreadsheet's students in, without Qt: read, map, check, then write all or none.

The file is read and checked on a reader thread and written in as few transactions as fit into a push each. When a later
one is refused or the person stops, the earlier ones are taken back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from driveflow_desktop.adapters.csv_files import DELIMITERS, ENCODINGS, read_table
from driveflow_desktop.domain.identity.queries import school
from driveflow_desktop.domain.identity.rules import Action, can
from driveflow_desktop.domain.people.commands.importing import ImportReport, import_students, parts
from driveflow_desktop.domain.people.import_mapping import LABELS, ColumnMapping, ImportField, guess_mapping
from driveflow_desktop.domain.people.import_rules import Preview, Setting, check
from driveflow_desktop.domain.people.queries.students import known_students
from driveflow_desktop.domain.tabular import Table
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date
from driveflow_desktop.store.base import Connection
from driveflow_desktop.store.unit_of_work import Receipt, Revert, UnitOfWork
from driveflow_desktop.ui.ports import Desk
from driveflow_desktop.ui.words import tr

_CONTEXT: Final = "Import"
SHOWN_ROWS: Final = 200
_SAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class MappedLine:
    """A column of the file with a few of its cells; `field` is what it was taken for, empty for nothing."""

    header: str
    samples: str
    field: str
    certain: bool


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """A row of the file: what would be added, or why it would not."""

    number: int
    name: str
    phone: str
    detail: str
    state: str
    is_wrong: bool
    is_left_out: bool


@dataclass(frozen=True, slots=True)
class ImportPage:
    """All that is known of the file. `blocked` is why it cannot be imported as it stands, empty when it can."""

    file_name: str
    encoding: str
    encoding_certain: bool
    delimiter: str
    columns: tuple[MappedLine, ...]
    lines: tuple[PreviewLine, ...]
    summary: str
    ready: int
    wrong: int
    blocked: str


class ImportView(Protocol):
    """What the presenter tells the screen."""

    def show_page(self, page: ImportPage) -> None:
        """The file, as it would be imported."""
        ...

    def show_busy(self, words: str) -> None:
        """Something takes a while; `progress` tells how far it is."""
        ...

    def show_writing(self, words: str) -> None:
        """The students are being written: nothing may be changed meanwhile."""
        ...

    def show_error(self, error: UserError) -> None:
        """The file, or the import, was refused."""
        ...

    def finished(self, count: int) -> None:
        """That many students were added."""
        ...


class _Work:
    """How far a long job is, told by one thread and read by another; single assignments need no lock."""

    def __init__(self) -> None:
        self.done = 0
        self.total = 0
        self.stopped = False

    def tell(self, done: int, total: int) -> bool:
        """Note how far it is; whether to go on."""
        self.done, self.total = done, total
        return not self.stopped


class ImportPresenter:
    """One file at a time."""

    def __init__(self, desk: Desk, view: ImportView) -> None:
        self._desk = desk
        self._view = view
        self._path: Path | None = None
        self._table: Table | None = None
        self._mapping: ColumnMapping | None = None
        self._preview: Preview | None = None
        self._skip_wrong = False
        self._take_duplicates = False
        self._work = _Work()

    # -- reading ----------------------------------------------------------------------------------------------------

    @property
    def locked(self) -> str:
        """Why the person may not import, empty when they may."""
        if can(self._desk.session.role, Action.EDIT_PEOPLE):
            return ""
        return tr(_CONTEXT, "Students are imported by the front desk.")

    @property
    def progress(self) -> tuple[int, int]:
        """How much of the present work is done, of how much; the total is 0 while it is not known."""
        return self._work.done, self._work.total

    def open(self, path: Path) -> None:
        """Read a file, with encoding, delimiter and columns as they seem to be."""
        self._path = path
        self._mapping = None
        self._skip_wrong = self._take_duplicates = False
        self._read(None, None)

    def read_as(self, encoding: str, delimiter: str) -> None:
        """Read the file again as the person says it is; its columns are guessed anew when they are others."""
        self._read(encoding, delimiter)

    def map_column(self, header: str, field: str) -> None:
        """Say what a column is, empty for nothing; the rows are checked again."""
        if self._mapping is None or self._table is None:
            return
        self._mapping = self._mapping.choose(header, ImportField(field) if field else None)
        self._check(self._table, self._mapping)

    def skip_wrong(self, skip: bool) -> None:
        """Whether rows with mistakes are left out instead of holding everything up."""
        self._skip_wrong = skip
        self._show()

    def take_duplicates(self, take: bool) -> None:
        """Whether rows that most likely are somebody already here are added nevertheless."""
        self._take_duplicates = take
        self._show()

    # -- writing ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Import what is ready."""
        preview = self._chosen()
        if preview is None or self._blocked(preview):
            return
        self._work = _Work()
        self._work.tell(0, len(preview.rows))
        self._view.show_writing(tr(_CONTEXT, "Importing…"))
        self._write_next(list(parts(preview)), [], 0)

    def cancel(self) -> None:
        """Stop the present work; nothing is kept of it."""
        self._work.stopped = True

    def _write_next(self, left: Sequence[Preview], inverses: Sequence[Revert], done: int) -> None:
        if not left:
            self._view.finished(done)
            return
        if self._work.stopped:
            self._take_back(inverses, UserError("cancelled", tr(_CONTEXT, "Stopped. Nothing was imported.")))
            return
        part = left[0]

        def written(receipt: Receipt[ImportReport]) -> None:
            kept = inverses if receipt.inverse is None else (*inverses, receipt.inverse)
            now = done + len(part.rows)
            self._work.tell(now, self._work.total)
            self._write_next(left[1:], kept, now)

        count = len(part.rows)
        label = tr(_CONTEXT, "1 student imported") if count == 1 else tr(_CONTEXT, "{n} students imported")
        refused = partial(self._take_back, inverses)
        self._desk.write(label.format(n=f"{count:,}"), partial(import_students, preview=part), written, refused)

    def _take_back(self, inverses: Sequence[Revert], error: UserError) -> None:
        label = tr(_CONTEXT, "Import taken back")
        for inverse in reversed(inverses):
            self._desk.write(label, partial(UnitOfWork.revert, inverse=inverse))
        self._failed(error)

    # -- within -----------------------------------------------------------------------------------------------------

    def _read(self, encoding: str | None, delimiter: str | None) -> None:
        path = self._path
        if path is None:
            return
        work = self._begin(tr(_CONTEXT, "Reading…"))

        def query(_connection: Connection) -> Table:
            return read_table(path, encoding, delimiter, progress=work.tell)

        self._desk.read("students/import", query, self._has_read, self._failed)

    def _has_read(self, table: Table) -> None:
        headers = [] if self._mapping is None else [column.header for column in self._mapping.columns]
        if list(table.headers) != headers or self._mapping is None:
            self._mapping = guess_mapping(table.headers)
        self._table = table
        self._check(table, self._mapping)

    def _check(self, table: Table, mapping: ColumnMapping) -> None:
        if not mapping.has_name:
            self._preview = None
            self._show()
            return
        org_id, today = self._desk.session.org_id, local_date(self._desk.clock.now(), self._desk.session.tz)
        work = self._begin(tr(_CONTEXT, "Checking every row…"))

        def query(connection: Connection) -> Preview:
            setting = Setting(school(connection, org_id).country, today, known_students(connection, org_id))
            return check(table, mapping, setting, progress=work.tell)

        self._desk.read("students/import", query, self._checked, self._failed)

    def _checked(self, preview: Preview) -> None:
        self._preview = preview
        self._show()

    def _failed(self, error: UserError) -> None:
        self._view.show_error(error)
        if self._table is not None and error.code != "cancelled":
            self._show()

    def _begin(self, words: str) -> _Work:
        self._work = _Work()
        self._view.show_busy(words)
        return self._work

    def _chosen(self) -> Preview | None:
        if self._preview is None or self._take_duplicates:
            return self._preview
        return self._preview.without_duplicates()

    def _blocked(self, preview: Preview | None) -> str:
        if self.locked:
            return self.locked
        if preview is None:
            return tr(_CONTEXT, "Say which column holds the names.")
        if preview.errors and not self._skip_wrong:
            return tr(_CONTEXT, "Some rows have mistakes: mend the file, or leave those rows out.")
        return "" if preview.rows else tr(_CONTEXT, "There is nobody new in this file.")

    def _show(self) -> None:
        table, mapping = self._table, self._mapping
        if table is None or mapping is None or self._path is None:
            return
        preview = self._chosen()
        wrong = len({problem.row for problem in self._preview.errors}) if self._preview is not None else 0
        self._view.show_page(
            ImportPage(
                self._path.name,
                table.encoding,
                table.encoding_certain,
                table.delimiter,
                _columns(table, mapping),
                _lines(self._preview, take_duplicates=self._take_duplicates),
                self._summary(table, preview, wrong),
                0 if preview is None else len(preview.rows),
                wrong,
                self._blocked(preview),
            )
        )

    def _summary(self, table: Table, preview: Preview | None, wrong: int) -> str:
        parts_ = [tr(_CONTEXT, "{n} rows").format(n=f"{len(table.rows) + len(table.problems):,}")]
        if self._preview is not None and preview is not None:
            left_out = len(self._preview.rows) - len(preview.rows)
            parts_.append(tr(_CONTEXT, "{n} ready").format(n=f"{len(preview.rows):,}"))
            if left_out:
                parts_.append(tr(_CONTEXT, "{n} already here, left out").format(n=f"{left_out:,}"))
        if wrong:
            parts_.append(tr(_CONTEXT, "{n} with mistakes").format(n=f"{wrong:,}"))
        return " · ".join(parts_)


def encoding_choices(current: str) -> tuple[tuple[str, str], ...]:
    """The encodings to choose from, with the one the file was read in."""
    names = {
        "utf-8": "UTF-8",
        "utf-8-sig": "UTF-8",
        "utf-16": "UTF-16",
        "cp1252": tr(_CONTEXT, "Windows, Western"),
        "cp1250": tr(_CONTEXT, "Windows, Central European"),
        "mac_roman": tr(_CONTEXT, "Mac"),
    }
    found = ENCODINGS if current in ENCODINGS else (current, *ENCODINGS)
    return tuple((name, names.get(name, name)) for name in found)


def delimiter_choices(current: str) -> tuple[tuple[str, str], ...]:
    """The delimiters to choose from, with the one the file was read by."""
    names = {",": tr(_CONTEXT, "Comma"), ";": tr(_CONTEXT, "Semicolon"), "\t": tr(_CONTEXT, "Tab")}
    found = DELIMITERS if current in DELIMITERS else (current, *DELIMITERS)
    return tuple((each, names.get(each, each)) for each in found)


def field_choices() -> tuple[tuple[str, str], ...]:
    """What a column may be: nothing first."""
    return (("", tr(_CONTEXT, "Leave out")), *((field.value, LABELS[field]) for field in ImportField))


def _columns(table: Table, mapping: ColumnMapping) -> tuple[MappedLine, ...]:
    found = []
    for at, column in enumerate(mapping.columns):
        cells = (row.cells[at].strip() for row in table.rows[:50])
        samples = list(dict.fromkeys(cell for cell in cells if cell))[:_SAMPLES]
        field = column.field.value if column.field is not None else ""
        found.append(MappedLine(column.header, ", ".join(samples), field, column.confidence >= 1))
    return tuple(found)


def _lines(preview: Preview | None, *, take_duplicates: bool) -> tuple[PreviewLine, ...]:
    """Rows with mistakes first, then those that may be duplicates, then the others; no more than can be looked at."""
    if preview is None:
        return ()
    wrong = [
        PreviewLine(
            problem.row,
            problem.column or "",
            "",
            problem.message,
            tr(_CONTEXT, "Mistake"),
            is_wrong=True,
            is_left_out=True,
        )
        for problem in preview.errors[:SHOWN_ROWS]
    ]
    alike = {found.row: found for found in preview.duplicates}
    strong: Mapping[int, bool] = {found.row: found.likeness.is_strong for found in preview.duplicates}
    rest = []
    for row in sorted(preview.rows, key=lambda row: (row.number not in alike, row.number))[:SHOWN_ROWS]:
        detail = str(row.values.get("pickup_address") or "")
        state, left_out = tr(_CONTEXT, "New"), False
        if row.number in alike:
            left_out = strong[row.number] and not take_duplicates
            words = tr(_CONTEXT, "Looks like {name}") if strong[row.number] else tr(_CONTEXT, "Same phone as {name}")
            detail = words.format(name=alike[row.number].name)
            state = tr(_CONTEXT, "Left out") if left_out else tr(_CONTEXT, "New")
        phone = str(row.values.get("phone") or "")
        rest.append(PreviewLine(row.number, row.full_name, phone, detail, state, is_wrong=False, is_left_out=left_out))
    return (*wrong, *rest)
