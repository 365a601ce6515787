"""What is owed, in SQL: the same as `finance.rules.owing`, which says what it means; a test holds the two together."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.finance.queries import RECEIVED, not_failed
from driveflow_desktop.domain.finance.rules.owing import OWED_ONCE_BEGUN
from driveflow_desktop.domain.finance.tables import PackageUse, Payment
from driveflow_desktop.domain.finance.values import PaymentKind, PaymentStatus
from driveflow_desktop.domain.scheduling.tables import Booking

_ONCE_BEGUN: Final = tuple(sorted(OWED_ONCE_BEGUN))


def by_package() -> sa.ColumnElement[bool]:
    """SQL for a booking whose lesson a package pays."""
    use = sa.select(PackageUse.id).where(PackageUse.org_id == Booking.org_id, PackageUse.booking_id == Booking.id)
    return use.correlate(Booking).exists()


def came_in() -> sa.ScalarSelect[int]:
    """SQL for what came in for a booking's price, whether or not it went back."""
    return _sum_of(Payment.kind != PaymentKind.FEE, Payment.status.in_(RECEIVED))


def owed_column(now: datetime) -> sa.ColumnElement[int]:
    """SQL for what is owed for a booking by now, in cents: `BookingAccount.owed_cents`."""
    lesson = sa.case((sa.and_(*_unpaid(now)), Booking.price_cents - came_in()), else_=0)
    return lesson + _sum_of(*_ASKED)


@dataclass(frozen=True, slots=True)
class OwedFor:
    """What is owed for one booking, in cents."""

    booking_id: UUID
    student_id: UUID
    start: datetime
    cents: int


def owed_bookings(
    connection: sa.Connection,
    org_id: UUID,
    now: datetime,
    *,
    since: datetime | None = None,
    students: Collection[UUID] | None = None,
) -> list[OwedFor]:
    """The bookings for which anything is owed by now, by start: of all or some students, from `since` on.

    Lessons and fees are asked for apart: a condition with OR would send both databases through every booking.
    """
    asked = sa.select(Payment.booking_id).where(Payment.org_id == org_id, *_ASKED, Payment.booking_id.is_not(None))
    own = [Booking.org_id == org_id]
    if since is not None:
        own.append(Booking.start_at >= since)
    if students is not None:
        own.append(Booking.student_id.in_(students))
    columns = sa.select(Booking.id, Booking.student_id, Booking.start_at, owed_column(now)).where(*own)
    fees = columns.where(Booking.id.in_(connection.execute(asked).scalars().all()))
    rows = {row.id: row for statement in (columns.where(*_unpaid(now)), fees) for row in connection.execute(statement)}
    found = [OwedFor(key, student, start, int(cents)) for key, student, start, cents in rows.values()]
    return sorted(found, key=lambda owed: (owed.start, owed.booking_id))


_ASKED: Final = (Payment.kind == PaymentKind.FEE, Payment.status == PaymentStatus.INTENT_CREATED)


def _unpaid(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """SQL for a lesson whose price is owed by now, in full or in part."""
    return (
        Booking.start_at <= now,
        Booking.status.in_(_ONCE_BEGUN),
        sa.not_(by_package()),
        Booking.price_cents > came_in(),
    )


def _sum_of(*which: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    return (
        sa.select(sa.func.coalesce(sa.func.sum(Payment.amount_cents), 0))
        .where(Payment.org_id == Booking.org_id, Payment.booking_id == Booking.id, not_failed(), *which)
        .correlate(Booking)
        .scalar_subquery()
    )
