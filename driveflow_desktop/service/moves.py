"""Rows that enter or leave someone's scope because another row changed: they are logged in the same transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from driveflow_desktop.service.scope import OFFICE, Audience, Key, ScopeReader
from driveflow_desktop.store.rows import Row


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row before and after a mutation; None where it does not exist."""

    table: str
    old: Row | None
    new: Row | None

    def both(self, column: str) -> set[UUID]:
        """The ids that a column holds on either side."""
        return {cast("UUID", row[column]) for row in (self.old, self.new) if row is not None and row.get(column)}

    def differs(self, *columns: str) -> bool:
        """Whether one of the columns has another value afterwards, or the row only stands on one side."""
        old, new = self.old, self.new
        return old is None or new is None or any(old[name] != new[name] for name in columns)


class ScopeMoves:
    """Watches one transaction: made before it is applied, asked afterwards."""

    def __init__(self, scope: ScopeReader, students: Iterable[UUID]) -> None:
        """`students` are those whose bookings or guardians the transaction may change."""
        self._scope = scope
        self._students = self._audiences(set(students))

    def moved(self, changes: Iterable[RowChange]) -> Mapping[Key, Audience]:
        """The rows to log again, each with an audience that may have held it before."""
        found: dict[Key, Audience] = {}
        after = self._audiences(self._students.keys())
        restless = {key for key, before in self._students.items() if after[key] != before}
        if restless:
            for student, family in self._scope.families(restless).items():
                _widen(found, family, self._students[student])
        for change in changes:
            if change.table == "student_guardians" and change.differs("guardian_id", "student_id"):
                for student in change.both("student_id"):
                    guardians: set[Key] = {("guardians", key) for key in change.both("guardian_id")}
                    _widen(found, guardians, self._students.get(student, OFFICE))
            elif change.table == "lessons" and change.old is not None and change.differs("instructor_id"):
                lesson = cast("UUID", change.old["id"])
                bookings: set[Key] = {("bookings", key) for key in change.both("booking_id")}
                _widen(found, self._scope.trips_of(lesson) | bookings, (str(change.old["instructor_id"]),))
            elif change.table == "payouts" and change.old is None and (refunds := change.both("refund_id")):
                _widen(found, self._scope.money_behind(refunds), OFFICE)
        return found

    def _audiences(self, students: Iterable[UUID]) -> dict[UUID, Audience]:
        wanted: dict[UUID, Row] = {student: {"id": student} for student in students}
        return self._scope.audiences("students", wanted) if wanted else {}


def _widen(found: dict[Key, Audience], keys: Iterable[Key], audience: Audience) -> None:
    for key in keys:
        found[key] = tuple(sorted({*found.get(key, ()), *audience}))
