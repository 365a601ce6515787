"""Students out of the program, as the roster's filter leaves them, into a file for spreadsheets. No Qt."""

from collections.abc import Callable
from pathlib import Path
from typing import Final
from uuid import UUID

from driveflow_desktop.adapters.csv_files import write_table
from driveflow_desktop.domain.identity.rules import Action, can
from driveflow_desktop.domain.overview.accounts import owing_students
from driveflow_desktop.domain.overview.students import RosterFilter, RosterKey, RosterMoment, student_page
from driveflow_desktop.domain.people.exporting import HEADERS, student_rows
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.base import Connection
from driveflow_desktop.store.unit_of_work import Actor
from driveflow_desktop.ui.ports import Desk
from driveflow_desktop.ui.words import tr

_CONTEXT: Final = "Students"
_PAGE: Final = 2_000


class StudentExport:
    """Writes the file on a reader thread and says how many students are in it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def locked(self) -> str:
        """Why the person may not take students out of the program, empty when they may."""
        if can(self._desk.session.role, Action.EXPORT_PERSON):
            return ""
        return tr(_CONTEXT, "Students are exported by the front desk.")

    def write(self, path: Path, wanted: RosterFilter, refused: Callable[[UserError], None]) -> None:
        """Write everybody whom the filter leaves."""
        session, now = self._desk.session, self._desk.clock.now()

        def query(connection: Connection) -> int:
            owing = owing_students(connection, session.org_id, now) if wanted.owing else None
            chosen = _all(connection, session.org_id, RosterMoment(now, owing), wanted)
            actor = Actor(session.org_id, session.user_id, None)
            return write_table(path, HEADERS, student_rows(connection, actor, chosen))

        def written(count: int) -> None:
            one, many = tr(_CONTEXT, "1 student written to {file}"), tr(_CONTEXT, "{n} students written to {file}")
            words = one if count == 1 else many
            self._desk.say(words.format(n=f"{count:,}", file=path.name))

        self._desk.read("students/export", query, written, refused)


def _all(connection: Connection, org_id: UUID, moment: RosterMoment, wanted: RosterFilter) -> frozenset[UUID]:
    found: set[UUID] = set()
    after: RosterKey | None = None
    while True:
        page = student_page(connection, org_id, moment, wanted=wanted, after=after, limit=_PAGE)
        found.update(row.id for row in page.rows)
        if page.next_key is None:
            return frozenset(found)
        after = page.next_key
