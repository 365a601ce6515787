"""What students owe, have paid ahead, and have left in packages: many accounts in a fixed number of queries.

What an amount means is the rule's business (`finance.rules.account_balance`). SQL only leaves out the bookings that
are settled to the cent, which are nearly all, so that an account costs its open items and not its history.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.finance.queries import RECEIVED, not_failed
from driveflow_desktop.domain.finance.rules import Balance, BookingAccount, Paid, account_balance
from driveflow_desktop.domain.finance.tables import Package, PackageUse, Payment, Refund
from driveflow_desktop.domain.finance.values import PaymentKind, PaymentStatus, RefundStatus
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.store.types import Id

MINUTES_A_LESSON: Final = 60
_CHUNK: Final = 500
_CHARGED: Final = (
    BookingStatus.CONFIRMED,
    BookingStatus.IN_PROGRESS,
    BookingStatus.COMPLETED,
    BookingStatus.NO_SHOW,
)
_OPEN: Final = PaymentStatus.INTENT_CREATED


@dataclass(frozen=True, slots=True)
class Account:
    """A student's account in cents (see `finance.rules.Balance`), and minutes left in packages that still hold."""

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
    """The accounts of some students, for those with anything open or left; four queries per 500 students."""
    ids = list(student_ids)
    found: dict[UUID, Account] = {}
    for start in range(0, len(ids), _CHUNK):
        found |= _chunk(connection, org_id, ids[start : start + _CHUNK], now, today)
    return found


def owing_students(connection: sa.Connection, org_id: UUID, now: datetime, today: date) -> dict[UUID, int]:
    """What each student owes, in cents, for those who owe anything.

    It looks at every booking once (some 300 ms for 100,000), so ask in the background and keep the answer: `owing_now`.
    """
    covered = sa.select(PackageUse.id).where(PackageUse.org_id == Booking.org_id, PackageUse.booking_id == Booking.id)
    underpaid = sa.select(Booking.student_id).where(
        Booking.org_id == org_id,
        Booking.start_at <= now,
        Booking.status.in_(_CHARGED),
        sa.not_(covered.correlate(Booking).exists()),
        Booking.price_cents > _gross(),
    )
    asked = (Payment.org_id == org_id, Payment.status == _OPEN)
    for_lessons = (
        sa.select(Booking.student_id)
        .join(Payment, sa.and_(Payment.org_id == Booking.org_id, Payment.booking_id == Booking.id))
        .where(*asked, Payment.kind == PaymentKind.FEE)
    )
    for_packages = (
        sa.select(Package.student_id)
        .join(Payment, sa.and_(Payment.org_id == Package.org_id, Payment.package_id == Package.id))
        .where(*asked)
    )
    candidates: set[UUID] = set()
    for statement in (underpaid, for_lessons, for_packages):
        candidates.update(connection.execute(statement.distinct()).scalars())
    return _owed_of(accounts(connection, org_id, candidates, now, today))


@dataclass(frozen=True, slots=True)
class Owing:
    """Who owes what in cents, as of an instant; keep it, and bring it up to date by `owing_now`."""

    at: datetime
    cents: Mapping[UUID, int]


def owing_now(
    connection: sa.Connection, org_id: UUID, known: Owing | None, changes: Changes, now: datetime, today: date
) -> Owing:
    """Who owes what now: worked out anew only for students whom `changes` since `known` concern.

    Lessons that have begun since are counted in. Everything is worked out (see `owing_students`) when nothing is
    known, the clock went back, or a changed row is gone and so no longer tells whose it was.
    """
    concerned = None if known is None or now < known.at else _concerned(connection, org_id, changes)
    if known is None or concerned is None:
        return Owing(now, owing_students(connection, org_id, now, today))
    begun = sa.select(Booking.student_id).where(
        Booking.org_id == org_id, Booking.start_at > known.at, Booking.start_at <= now, Booking.status.in_(_CHARGED)
    )
    again = {*concerned, *connection.execute(begun).scalars()}
    kept = {student: cents for student, cents in known.cents.items() if student not in again}
    return Owing(now, kept | _owed_of(accounts(connection, org_id, again, now, today)))


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
        ids = list(changes.ids(name))
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            owners = connection.execute(statement.where(kind.org_id == org_id, kind.id.in_(chunk))).scalars().all()
            if len(owners) < len(chunk):
                return None
            found.update(owners)
    return found


def _owed_of(found: Mapping[UUID, Account]) -> dict[UUID, int]:
    return {student: account.owed_cents for student, account in found.items() if account.owed_cents > 0}


def _chunk(
    connection: sa.Connection, org_id: UUID, ids: Collection[UUID], now: datetime, today: date
) -> dict[UUID, Account]:
    bookings = open_bookings(connection, org_id, ids)
    due = _packages_asked_for(connection, org_id, ids)
    left = _minutes_left(connection, org_id, ids, today)
    found: dict[UUID, Account] = {}
    for student in {*bookings, *due, *left}:
        balance: Balance = account_balance(bookings.get(student, ()), now, due.get(student, 0))
        found[student] = Account(*balance, left.get(student, 0))
    return found


def open_bookings(connection: sa.Connection, org_id: UUID, ids: Collection[UUID]) -> dict[UUID, list[BookingAccount]]:
    """The bookings of some students whose money does not come out even, with their payments."""
    covered = (
        sa.select(PackageUse.id)
        .where(PackageUse.org_id == Booking.org_id, PackageUse.booking_id == Booking.id)
        .correlate(Booking)
        .exists()
    )
    asked = sa.select(Payment.booking_id).where(
        Payment.org_id == org_id, Payment.status == _OPEN, Payment.kind == PaymentKind.FEE
    )
    charged = sa.case((sa.and_(Booking.status.in_(_CHARGED), sa.not_(covered)), Booking.price_cents), else_=0)
    uneven = sa.and_(Booking.status != BookingStatus.CANCELLED, _gross() != charged)
    statement = sa.select(
        Booking.id, Booking.student_id, Booking.status, Booking.start_at, Booking.price_cents, covered.label("covered")
    ).where(Booking.org_id == org_id, Booking.student_id.in_(ids), sa.or_(uneven, Booking.id.in_(asked)))
    rows = connection.execute(statement).all()
    payments = _payments(connection, org_id, [row.id for row in rows])
    found: dict[UUID, list[BookingAccount]] = {}
    for row in rows:
        account = BookingAccount(
            row.id, row.status, row.start_at, row.price_cents, payments.get(row.id, ()), bool(row.covered)
        )
        found.setdefault(row.student_id, []).append(account)
    return found


def _gross() -> sa.ScalarSelect[int]:
    """SQL for what came in for a booking's price, whether or not it went back."""
    return (
        sa.select(sa.func.coalesce(sa.func.sum(Payment.amount_cents), 0))
        .where(
            Payment.org_id == Booking.org_id,
            Payment.booking_id == Booking.id,
            Payment.kind != PaymentKind.FEE,
            Payment.status.in_(RECEIVED),
            not_failed(),
        )
        .correlate(Booking)
        .scalar_subquery()
    )


def _payments(connection: sa.Connection, org_id: UUID, booking_ids: Collection[UUID]) -> dict[UUID, tuple[Paid, ...]]:
    if not booking_ids:
        return {}
    refunded = (
        sa.select(sa.func.coalesce(sa.func.sum(Refund.amount_cents), 0))
        .where(Refund.org_id == Payment.org_id, Refund.payment_id == Payment.id, Refund.status != RefundStatus.FAILED)
        .correlate(Payment)
        .scalar_subquery()
    )
    statement = sa.select(
        Payment.booking_id, Payment.id, Payment.kind, Payment.status, Payment.amount_cents, refunded.label("refunded")
    ).where(Payment.org_id == org_id, Payment.booking_id.in_(booking_ids))
    found: dict[UUID, tuple[Paid, ...]] = {}
    # Sorted here: an ORDER BY would tempt SQLite to walk all payments by id.
    for row in sorted(connection.execute(statement), key=lambda row: row.id):
        paid = Paid(row.id, row.kind, row.status, row.amount_cents, int(row.refunded))
        if row.booking_id is not None:
            found[row.booking_id] = (*found.get(row.booking_id, ()), paid)
    return found


def _packages_asked_for(connection: sa.Connection, org_id: UUID, ids: Collection[UUID]) -> dict[UUID, int]:
    statement = (
        sa.select(Package.student_id, sa.func.sum(Payment.amount_cents))
        .join(Payment, sa.and_(Payment.org_id == Package.org_id, Payment.package_id == Package.id))
        .where(Package.org_id == org_id, Package.student_id.in_(ids), Payment.status == _OPEN)
        .group_by(Package.student_id)
    )
    return {row[0]: int(row[1]) for row in connection.execute(statement)}


def _minutes_left(connection: sa.Connection, org_id: UUID, ids: Collection[UUID], today: date) -> dict[UUID, int]:
    """Minutes left in packages that have not run out; a cancelled booking gives its minutes back."""
    used = (
        sa.select(sa.func.coalesce(sa.func.sum(PackageUse.minutes), 0))
        .join(Booking, sa.and_(Booking.org_id == PackageUse.org_id, Booking.id == PackageUse.booking_id))
        .where(
            PackageUse.org_id == Package.org_id,
            PackageUse.package_id == Package.id,
            Booking.status != BookingStatus.CANCELLED,
        )
        .correlate(Package)
        .scalar_subquery()
    )
    statement = sa.select(Package.student_id, Package.minutes_bought - used).where(
        Package.org_id == org_id,
        Package.student_id.in_(ids),
        sa.or_(Package.expires_on.is_(None), Package.expires_on >= today),
    )
    found: dict[UUID, int] = {}
    for student, minutes in connection.execute(statement):
        found[student] = found.get(student, 0) + max(0, int(minutes))
    return {student: minutes for student, minutes in found.items() if minutes}
