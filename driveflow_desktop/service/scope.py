"""Which replicas a row belongs to: everyone's, some instructors', or owners' and admins' only."""

from collections.abc import Collection, Mapping
from typing import Final, TypeAlias, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.execution.tables import Lesson
from driveflow_desktop.domain.people.tables import StudentGuardian
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.store.rows import Row

Audience: TypeAlias = tuple[str, ...]
"""Instructor ids, or `("*",)` for every member; empty means owners and admins, who see everything anyway."""

EVERYONE: Final[Audience] = ("*",)
OFFICE: Final[Audience] = ()

_FOR_ALL: Final = frozenset(
    {
        "orgs",
        "services",
        "rate_cards",
        "rate_card_items",
        "holidays",
        "vehicles",
        "message_templates",
        "cancellation_policies",
        "payout_runs",
    }
)
_BY_INSTRUCTOR: Final = frozenset(
    {"instructor_availabilities", "availability_exceptions", "lessons", "payouts", "agreements"}
)


def may_see(audience: Audience, instructor_id: UUID | None) -> bool:
    """Whether an instructor's replica holds a row with this audience."""
    return audience == EVERYONE or (instructor_id is not None and str(instructor_id) in audience)


class ScopeReader:
    """Audiences of rows as the database stands now."""

    def __init__(self, connection: sa.Connection, org_id: UUID) -> None:
        self._connection = connection
        self._org_id = org_id

    def audience(self, table: str, row: Row | None) -> Audience:
        """The audience of a row; of no row, nobody's."""
        if row is None:
            return OFFICE
        if table in _FOR_ALL:
            return EVERYONE
        if table == "instructors":
            return (str(row["id"]),)
        if table in _BY_INSTRUCTOR:
            return (str(row["instructor_id"]),)
        return self._looked_up(table, row)

    def _looked_up(self, table: str, row: Row) -> Audience:
        if table == "bookings":
            # A draft is the desk's thought; its student need not be in the instructor's scope.
            return OFFICE if row["status"] is BookingStatus.DRAFT else (str(row["instructor_id"]),)
        if table == "students":
            return self._students({cast("UUID", row["id"])})
        if table == "student_guardians":
            return self._students({cast("UUID", row["student_id"])})
        if table == "guardians":
            return self._students(self._students_of_guardian(cast("UUID", row["id"])))
        if table == "trips":
            where = (Lesson.org_id == self._org_id, Lesson.id == row["lesson_id"])
            found = self._connection.execute(sa.select(Lesson.instructor_id).where(*where)).scalar_one_or_none()
            return OFFICE if found is None else (str(found),)
        return OFFICE

    def students(self, student_ids: Collection[UUID]) -> Mapping[UUID, Audience]:
        """The audience of each student: instructors with a booking that is not a draft."""
        where = (Booking.org_id == self._org_id, Booking.student_id.in_(student_ids))
        pairs = sa.select(Booking.student_id, Booking.instructor_id).where(
            *where, Booking.status != BookingStatus.DRAFT
        )
        found: dict[UUID, set[str]] = {student_id: set() for student_id in student_ids}
        for student_id, instructor_id in self._connection.execute(pairs.distinct()):
            found[student_id].add(str(instructor_id))
        return {student_id: tuple(sorted(ids)) for student_id, ids in found.items()}

    def _students(self, student_ids: Collection[UUID]) -> Audience:
        return tuple(sorted({instructor for ids in self.students(student_ids).values() for instructor in ids}))

    def _students_of_guardian(self, guardian_id: UUID) -> set[UUID]:
        where = (StudentGuardian.org_id == self._org_id, StudentGuardian.guardian_id == guardian_id)
        return set(self._connection.execute(sa.select(StudentGuardian.student_id).where(*where)).scalars())
