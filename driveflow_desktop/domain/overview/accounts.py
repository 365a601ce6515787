"""What students owe, have paid ahead, and have left in packages: many accounts in a fixed number of queries.

What an amount means is the rule's business (`finance.rules.owing`). SQL only leaves out the bookings that are settled
to the cent, which are nearly all, so that an account costs its open items and not its history.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.finance.queries import minutes_left_in, money_of_all
from driveflow_desktop.domain.finance.rules.owing import CHARGED, NO_MONEY, BookingAccount, account_balance
from driveflow_desktop.domain.finance.tables import Package, PackageUse, Payment, Refund
from driveflow_desktop.domain.finance.values import PaymentKind, PaymentStatus
from driveflow_desktop.domain.overview.owing import by_package, came_in, owed_bookings
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.store.types import Id

MINUTES_A_LESSON: Final = 60
_CHUNK: Final = 500
_CHARGED: Final = tuple(sorted(CHARGED))
_OPEN: Final = PaymentStatus.INTENT_CREATED


@dataclass(frozen=True, slots=True)
class Account:
    """A student's account in cents (see `finance.rules.owing.Balance`), and minutes left in packages still held."""

    owed_cents: int = 0
    upcoming_cents: int = 0
    credit_cents: int = 0
    package_minutes: int = 0

    @property
    def lessons_left(self) -> int:
        """Whole lessons of an hour left in packages."""
        return self.package_minutes // MINUTES_A_LESSON


NO_ACCOUNT: Final = Account()


def accounts(
    connection: sa.Connection, org_id: UUID, student_ids: Iterable[UUID], now: datetime, today: date
) -> dict[UUID, Account]:
    """The accounts of some students, for those with anything open or left; a few queries per 500 students."""
    found: dict[UUID, Account] = {}
    for chunk in _chunks(student_ids):
        found |= _chunk(connection, org_id, chunk, now, today)
    return found


def owing_students(connection: sa.Connection, org_id: UUID, now: datetime) -> dict[UUID, int]:
    """What each student owes, in cents, for those who owe anything.

    It looks at every booking once (some 300 ms for 100,000), so ask in the background and keep the answer: `owing_now`.
    """
    return _owed(connection, org_id, now, None)


def _owed(connection: sa.Connection, org_id: UUID, now: datetime, students: Collection[UUID] | None) -> dict[UUID, int]:
    """What students owe in cents, those who owe nothing left out; all of them, or some."""
    found: dict[UUID, int] = {}
    for owed in owed_bookings(connection, org_id, now, students=students):
        found[owed.student_id] = found.get(owed.student_id, 0) + owed.cents
    for student, cents in _packages_asked_for(connection, org_id, students).items():
        found[student] = found.get(student, 0) + cents
    return found


@dataclass(frozen=True, slots=True)
class Owing:
    """Who owes what in cents, as of an instant; keep it, and bring it up to date by `owing_now`."""

    at: datetime
    cents: Mapping[UUID, int]


def owing_now(connection: sa.Connection, org_id: UUID, known: Owing | None, changes: Changes, now: datetime) -> Owing:
    """Who owes what now: worked out anew only for students whom `changes` since `known` concern.

    Lessons that have begun since are counted in. Everything is worked out (see `owing_students`) when nothing is
    known, the clock went back, or a changed row is gone and so no longer tells whose it was.
    """
    concerned = None if known is None or now < known.at else _concerned(connection, org_id, changes)
    if known is None or concerned is None:
        return Owing(now, owing_students(connection, org_id, now))
    begun = sa.select(Booking.student_id).where(
        Booking.org_id == org_id, Booking.start_at > known.at, Booking.start_at <= now
    )
    again = {*concerned, *connection.execute(begun).scalars()}
    kept = {student: cents for student, cents in known.cents.items() if student not in again}
    for chunk in _chunks(again):
        kept |= _owed(connection, org_id, now, chunk)
    return Owing(now, kept)


def _concerned(connection: sa.Connection, org_id: UUID, changes: Changes) -> set[UUID] | None:
    """The students behind changed bookings and money; None when a row is gone."""
    by_booking = sa.and_(Booking.org_id == Payment.org_id, Booking.id == Payment.booking_id)
    by_package = sa.and_(Package.org_id == Payment.org_id, Package.id == Payment.package_id)
    owner = sa.func.coalesce(Booking.student_id, Package.student_id, type_=Id())
    payments = sa.select(owner).select_from(Payment).outerjoin(Booking, by_booking).outerjoin(Package, by_package)
    refunds = payments.join(Refund, sa.and_(Refund.org_id == Payment.org_id, Refund.payment_id == Payment.id))
    uses = sa.select(Booking.student_id).join(
        PackageUse, sa.and_(PackageUse.org_id == Booking.org_id, PackageUse.booking_id == Booking.id)
    )
    asked = (
        ("bookings", Booking, sa.select(Booking.student_id)),
        ("packages", Package, sa.select(Package.student_id)),
        ("payments", Payment, payments),
        ("refunds", Refund, refunds),
        ("package_uses", PackageUse, uses),
    )
    found: set[UUID] = set()
    for name, kind, statement in asked:
        for chunk in _chunks(changes.ids(name)):
            owners = connection.execute(statement.where(kind.org_id == org_id, kind.id.in_(chunk))).scalars().all()
            if len(owners) < len(chunk):
                return None
            found.update(owners)
    return found


def _chunks(ids: Iterable[UUID]) -> Iterator[list[UUID]]:
    listed = list(ids)
    for start in range(0, len(listed), _CHUNK):
        yield listed[start : start + _CHUNK]


def _chunk(
    connection: sa.Connection, org_id: UUID, ids: Collection[UUID], now: datetime, today: date
) -> dict[UUID, Account]:
    bookings = open_bookings(connection, org_id, ids)
    due = _packages_asked_for(connection, org_id, ids)
    left = _minutes_left(connection, org_id, ids, today)
    found: dict[UUID, Account] = {}
    for student in {*bookings, *due, *left}:
        balance = account_balance(bookings.get(student, {}).values(), now, due.get(student, 0))
        found[student] = Account(*balance, left.get(student, 0))
    return found


def open_bookings(
    connection: sa.Connection, org_id: UUID, ids: Collection[UUID]
) -> dict[UUID, dict[UUID, BookingAccount]]:
    """The bookings of some students whose money does not come out even, by student and booking."""
    asked = sa.select(Payment.booking_id).where(
        Payment.org_id == org_id, Payment.status == _OPEN, Payment.kind == PaymentKind.FEE
    )
    charged = sa.case((sa.and_(Booking.status.in_(_CHARGED), sa.not_(by_package())), Booking.price_cents), else_=0)
    uneven = sa.and_(Booking.status != BookingStatus.CANCELLED, came_in() != charged)
    statement = sa.select(Booking.id, Booking.student_id, Booking.status, Booking.start_at, Booking.price_cents).where(
        Booking.org_id == org_id, Booking.student_id.in_(ids), sa.or_(uneven, Booking.id.in_(asked))
    )
    rows = connection.execute(statement).all()
    money = money_of_all(connection, org_id, [row.id for row in rows])
    found: dict[UUID, dict[UUID, BookingAccount]] = {}
    for key, student, status, start, price in rows:
        found.setdefault(student, {})[key] = BookingAccount(status, start, price, money.get(key, NO_MONEY))
    return found


def _packages_asked_for(connection: sa.Connection, org_id: UUID, students: Collection[UUID] | None) -> dict[UUID, int]:
    """Package sales that are asked for and not paid yet, in cents by student: all of them, or some."""
    own = () if students is None else (Package.student_id.in_(students),)
    statement = (
        sa.select(Package.student_id, sa.func.sum(Payment.amount_cents))
        .join_from(Payment, Package, sa.and_(Payment.org_id == Package.org_id, Payment.package_id == Package.id))
        .where(Payment.org_id == org_id, Payment.status == _OPEN, *own)
        .group_by(Package.student_id)
    )
    return {student: int(cents) for student, cents in connection.execute(statement)}


def _minutes_left(connection: sa.Connection, org_id: UUID, ids: Collection[UUID], today: date) -> dict[UUID, int]:
    """Minutes left in packages that have not run out."""
    statement = sa.select(Package.id, Package.student_id).where(
        Package.org_id == org_id,
        Package.student_id.in_(ids),
        sa.or_(Package.expires_on.is_(None), Package.expires_on >= today),
    )
    owner = {row.id: row.student_id for row in connection.execute(statement)}
    found: dict[UUID, int] = {}
    for package, minutes in minutes_left_in(connection, org_id, owner).items():
        found[owner[package]] = found.get(owner[package], 0) + max(0, minutes)
    return {student: minutes for student, minutes in found.items() if minutes}
