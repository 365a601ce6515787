"""Which replicas a row belongs to: everyone's, some instructors', or owners' and admins' only."""

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple, TypeAlias, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.execution.tables import Lesson, Trip
from driveflow_desktop.domain.finance.tables import Payment, Payout, Refund
from driveflow_desktop.domain.people.tables import StudentGuardian
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.store.rows import Row

Audience: TypeAlias = tuple[str, ...]
"""Instructor ids, or `("*",)` for every member; empty means owners and admins, who see everything anyway."""
Key: TypeAlias = tuple[str, UUID]
"""A table and the id of a row in it."""

EVERYONE: Final[Audience] = ("*",)
OFFICE: Final[Audience] = ()

FOR_ALL: Final = frozenset(
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
BY_INSTRUCTOR: Final = frozenset(
    {"instructor_availabilities", "availability_exceptions", "lessons", "payouts", "agreements"}
)

_GIVEN: Final = sa.or_(
    sa.exists().where(Lesson.org_id == Booking.org_id, Lesson.booking_id == Booking.id),
    sa.exists().where(Payout.org_id == Booking.org_id, Payout.booking_id == Booking.id),
)
SEEN: Final = sa.or_(Booking.status != BookingStatus.DRAFT, _GIVEN)
"""Whether a booking's instructor sees it."""


class Pairs(NamedTuple):
    """A query for who sees what of a table: (owner, instructor), where `owner` tells a row's pairs apart."""

    select: sa.Select[UUID, UUID]
    org: "sa.SQLColumnExpression[UUID]"
    owner: "sa.SQLColumnExpression[UUID]"
    instructor: "sa.SQLColumnExpression[UUID]"


def _pairs() -> Mapping[str, Pairs]:
    taught = sa.and_(Booking.org_id == StudentGuardian.org_id, Booking.student_id == StudentGuardian.student_id)
    claws_back = sa.and_(Payout.org_id == Refund.org_id, Payout.refund_id == Refund.id)
    paid = sa.and_(Refund.org_id == Payment.org_id, Refund.payment_id == Payment.id)
    package = cast("sa.SQLColumnExpression[UUID]", Payment.package_id)
    of_student = sa.select(Booking.student_id, Booking.instructor_id).where(SEEN)
    students = Pairs(of_student, Booking.org_id, Booking.student_id, Booking.instructor_id)
    guardians = sa.select(StudentGuardian.guardian_id, Booking.instructor_id).join(Booking, taught).where(SEEN)
    refunds = sa.select(Refund.id, Payout.instructor_id).join(Payout, claws_back)
    payments = sa.select(Refund.payment_id, Payout.instructor_id).join(Payout, claws_back)
    packages = sa.select(package, Payout.instructor_id).join(Refund, paid).join(Payout, claws_back)
    lessons = sa.select(Lesson.id, Lesson.instructor_id)
    return {
        "students": students,
        "student_guardians": students,
        "guardians": Pairs(guardians, StudentGuardian.org_id, StudentGuardian.guardian_id, Booking.instructor_id),
        "refunds": Pairs(refunds, Refund.org_id, Refund.id, Payout.instructor_id),
        "payments": Pairs(payments, Refund.org_id, Refund.payment_id, Payout.instructor_id),
        "packages": Pairs(packages, Payment.org_id, package, Payout.instructor_id),
        "trips": Pairs(lessons, Lesson.org_id, Lesson.id, Lesson.instructor_id),
    }


SEEN_BY: Final = _pairs()
"""Tables whose rows are seen through others."""
THROUGH: Final[Mapping[str, str]] = {"student_guardians": "student_id", "trips": "lesson_id"}
"""The column that holds the owner of a row's pairs, where that is not the row itself."""


def may_see(audience: Audience, instructor_id: UUID | None) -> bool:
    """Whether an instructor's replica holds a row with this audience."""
    return audience == EVERYONE or (instructor_id is not None and str(instructor_id) in audience)


class ScopeReader:
    """Audiences of rows as the database stands now.

    A replica must hold whatever its rows refer to, so a row's audience includes that of the rows that point at it: a
    booking brings its student and guardians, a claw-back the refund and the payment it comes from.
    """

    def __init__(self, connection: sa.Connection, org_id: UUID) -> None:
        self._connection = connection
        self._org_id = org_id

    def audience(self, table: str, row: Row | None) -> Audience:
        """The audience of a row; of no row, nobody's."""
        if row is None:
            return OFFICE
        key = cast("UUID", row["id"])
        return self.audiences(table, {key: row})[key]

    def audiences(self, table: str, rows: Mapping[UUID, Row]) -> dict[UUID, Audience]:
        """The audience of each row, in one query at most."""
        if table == "bookings":
            return self._of_bookings(rows)
        if table in SEEN_BY:
            through = THROUGH.get(table, "id")
            owners = {key: cast("UUID", row[through]) for key, row in rows.items()}
            return self._gathered(self._of(table, set(owners.values())), owners)
        return {key: self._from_columns(table, row) for key, row in rows.items()}

    # -- rows that follow others --------------------------------------------------------------------------------

    def families(self, students: Collection[UUID]) -> dict[UUID, set[Key]]:
        """The rows that come and go with each student: itself, its guardians, and the links to them."""
        found: dict[UUID, set[Key]] = {student: {("students", student)} for student in students}
        where = (StudentGuardian.org_id == self._org_id, StudentGuardian.student_id.in_(students))
        links = sa.select(StudentGuardian.student_id, StudentGuardian.id, StudentGuardian.guardian_id).where(*where)
        for student, link, guardian in self._connection.execute(links):
            found[student] |= {("student_guardians", link), ("guardians", guardian)}
        return found

    def trips_of(self, lesson: UUID) -> set[Key]:
        """The trips of a lesson."""
        where = (Trip.org_id == self._org_id, Trip.lesson_id == lesson)
        return {("trips", trip) for trip in self._connection.execute(sa.select(Trip.id).where(*where)).scalars()}

    def money_behind(self, refunds: Collection[UUID]) -> set[Key]:
        """Refunds, with the payments and packages that they give back from."""
        paid = sa.and_(Payment.org_id == Refund.org_id, Payment.id == Refund.payment_id)
        where = (Refund.org_id == self._org_id, Refund.id.in_(refunds))
        found: set[Key] = {("refunds", key) for key in refunds}
        for payment, package in self._connection.execute(
            sa.select(Payment.id, Payment.package_id).join(Refund, paid).where(*where)
        ):
            found.add(("payments", payment))
            if package is not None:
                found.add(("packages", package))
        return found

    # -- one table ----------------------------------------------------------------------------------------------

    @staticmethod
    def _from_columns(table: str, row: Row) -> Audience:
        if table in FOR_ALL:
            return EVERYONE
        if table == "instructors":
            return (str(row["id"]),)
        if table in BY_INSTRUCTOR:
            return (str(row["instructor_id"]),)
        return OFFICE

    def _of_bookings(self, rows: Mapping[UUID, Row]) -> dict[UUID, Audience]:
        """A draft is the desk's thought, unless it has been given already and was only set back to one."""
        drafts = {key for key, row in rows.items() if row["status"] is BookingStatus.DRAFT}
        if drafts:
            given = sa.select(Booking.id).where(Booking.org_id == self._org_id, Booking.id.in_(drafts), _GIVEN)
            drafts -= set(self._connection.execute(given).scalars())
        return {key: OFFICE if key in drafts else (str(row["instructor_id"]),) for key, row in rows.items()}

    def _gathered(self, pairs: sa.Select[UUID, UUID], owners: Mapping[UUID, UUID]) -> dict[UUID, Audience]:
        """Audiences from (owner, instructor) pairs, where `owners` says whose pairs count for which row."""
        found: dict[UUID, set[str]] = {}
        for owner, instructor in self._connection.execute(pairs.distinct()):
            found.setdefault(owner, set()).add(str(instructor))
        return {key: tuple(sorted(found.get(owner, ()))) for key, owner in owners.items()}

    def _of(self, table: str, ids: Collection[UUID]) -> sa.Select[UUID, UUID]:
        """The pairs of some rows of a table."""
        pairs = SEEN_BY[table]
        return pairs.select.where(pairs.org == self._org_id, pairs.owner.in_(ids))
