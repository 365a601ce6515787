"""Frozen snapshots of the money of bookings: what came in, what went back, what is still due. Amounts in cents."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.finance.rules.charges import Paid
from driveflow_desktop.domain.finance.rules.owing import NO_MONEY, MoneyOf
from driveflow_desktop.domain.finance.rules.packages import Use, minutes_left
from driveflow_desktop.domain.finance.tables import Package, PackageUse, Payment, Payout, Refund
from driveflow_desktop.domain.finance.values import (
    PaymentKind,
    PaymentMethod,
    PaymentStatus,
    PayoutStatus,
    RefundStatus,
)
from driveflow_desktop.domain.scheduling.queries import minutes_back_percents
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.types import Id

_CHUNK: Final = 500
RECEIVED: Final = (PaymentStatus.SUCCEEDED, PaymentStatus.REFUNDED)
"""Payments whose money came in (it may have gone back since)."""
_IN_PLACE: Final = (PayoutStatus.DRAFT, PayoutStatus.APPROVED, PayoutStatus.SENT, PayoutStatus.PAID)
_AWAY: Final = (PayoutStatus.SENT, PayoutStatus.PAID)


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """A payment as it stands, with what of it was given back (refunds that failed left out)."""

    id: UUID
    booking_id: UUID | None
    package_id: UUID | None
    kind: PaymentKind
    status: PaymentStatus
    method: PaymentMethod
    currency: str
    amount_cents: int
    platform_fee_cents: int
    instructor_share_cents: int
    rounding_cents: int
    received_at: datetime | None
    checkout_url: str | None
    created_at: datetime
    refunded_cents: int

    def for_rules(self) -> Paid:
        """As the rules of finance take it."""
        return Paid(self.id, self.kind, self.status, self.amount_cents, self.refunded_cents)


def money_of_all(connection: sa.Connection, org_id: UUID, booking_ids: Iterable[UUID]) -> dict[UUID, MoneyOf]:
    """What was paid per booking, for the bookings with any money or package use; three queries per 500."""
    ids = list(booking_ids)
    found: dict[UUID, MoneyOf] = {}
    for start in range(0, len(ids), _CHUNK):
        found |= _money_chunk(connection, org_id, ids[start : start + _CHUNK])
    return found


def money_of(connection: sa.Connection, org_id: UUID, booking_id: UUID) -> MoneyOf:
    """What was paid for one booking."""
    return money_of_all(connection, org_id, [booking_id]).get(booking_id, NO_MONEY)


def _money_chunk(connection: sa.Connection, org_id: UUID, ids: Collection[UUID]) -> dict[UUID, MoneyOf]:
    payments = sa.select(Payment.id, Payment.booking_id, Payment.kind, Payment.status, Payment.amount_cents).where(
        Payment.org_id == org_id, Payment.booking_id.in_(_many(ids)), not_failed()
    )
    uses = sa.select(PackageUse.booking_id, PackageUse.minutes).where(
        PackageUse.org_id == org_id, PackageUse.booking_id.in_(_many(ids))
    )
    rows = connection.execute(payments).all()
    given_back = _given_back(connection, org_id, [row.id for row in rows])
    found = {key: MoneyOf(package_minutes=minutes) for key, minutes in connection.execute(uses)}
    for payment_id, booking_id, kind, status, amount in rows:
        key = cast("UUID", booking_id)
        have = found.get(key, NO_MONEY)
        back = given_back.get(payment_id, 0)
        if status is PaymentStatus.INTENT_CREATED and kind is PaymentKind.FEE:
            found[key] = replace(have, fee_requested_cents=have.fee_requested_cents + amount)
        elif status is PaymentStatus.INTENT_CREATED:
            found[key] = replace(have, requested_cents=have.requested_cents + amount)
        elif kind is PaymentKind.FEE:
            found[key] = replace(
                have, fee_cents=have.fee_cents + amount, fee_refunded_cents=have.fee_refunded_cents + back
            )
        else:
            found[key] = replace(have, paid_cents=have.paid_cents + amount, refunded_cents=have.refunded_cents + back)
    return found


def _given_back(connection: sa.Connection, org_id: UUID, payment_ids: Collection[UUID]) -> dict[UUID, int]:
    if not payment_ids:
        return {}
    where = (
        Refund.org_id == org_id,
        Refund.payment_id.in_(_many(payment_ids)),
        Refund.status != RefundStatus.FAILED,
    )
    statement = sa.select(Refund.payment_id, sa.func.sum(Refund.amount_cents)).where(*where).group_by(Refund.payment_id)
    return {row[0]: int(row[1]) for row in connection.execute(statement)}


def minutes_left_in(connection: sa.Connection, org_id: UUID, package_ids: Collection[UUID]) -> dict[UUID, int]:
    """The minutes that packages have left; three queries."""
    if not package_ids:
        return {}
    packages = sa.select(Package.id, Package.minutes_bought).where(
        Package.org_id == org_id, Package.id.in_(package_ids)
    )
    uses = connection.execute(
        sa.select(PackageUse.package_id, PackageUse.booking_id, PackageUse.minutes).where(
            PackageUse.org_id == org_id, PackageUse.package_id.in_(package_ids)
        )
    ).all()
    back = minutes_back_percents(connection, org_id, [row.booking_id for row in uses])
    of_package: dict[UUID, list[Use]] = {}
    for row in uses:
        of_package.setdefault(row.package_id, []).append(Use(row.minutes, back.get(row.booking_id, 0)))
    return {key: minutes_left(bought, of_package.get(key, ())) for key, bought in connection.execute(packages)}


def _many(ids: Collection[UUID]) -> sa.BindParameter[UUID]:
    """Many ids as one parameter: much cheaper to build than one for each."""
    return sa.bindparam(None, list(ids), type_=Id(), expanding=True)


def not_failed() -> sa.ColumnElement[bool]:
    """SQL for a live payment, worded as the partial index `uq_payments_live` is, so that both databases use it."""
    return Payment.status != sa.literal_column("'failed'")


# -- payments -----------------------------------------------------------------------------------------------------

_REFUNDED: Final = (
    sa.select(sa.func.coalesce(sa.func.sum(Refund.amount_cents), 0))
    .where(
        Refund.org_id == Payment.org_id,
        Refund.payment_id == Payment.id,
        Refund.status != RefundStatus.FAILED,
    )
    .correlate(Payment)
    .scalar_subquery()
)
_COLUMNS: Final = (
    Payment.id,
    Payment.booking_id,
    Payment.package_id,
    Payment.kind,
    Payment.status,
    Payment.method,
    Payment.currency,
    Payment.amount_cents,
    Payment.platform_fee_cents,
    Payment.instructor_share_cents,
    Payment.rounding_cents,
    Payment.received_at,
    Payment.checkout_url,
    Payment.created_at,
    _REFUNDED.label("refunded_cents"),
)


def payments_of(connection: sa.Connection, org_id: UUID, booking_id: UUID) -> tuple[PaymentFacts, ...]:
    """All payments of a booking, failed ones too, in the order they were made."""
    where = (Payment.org_id == org_id, Payment.booking_id == booking_id)
    statement = sa.select(*_COLUMNS).where(*where).order_by(Payment.created_at, Payment.id)
    return tuple(PaymentFacts(**row) for row in connection.execute(statement).mappings())


def require_payment(connection: sa.Connection, org_id: UUID, payment_id: UUID) -> PaymentFacts:
    """One payment of this school; `UserError` "gone" when there is none."""
    where = (Payment.org_id == org_id, Payment.id == payment_id)
    row = connection.execute(sa.select(*_COLUMNS).where(*where)).mappings().one_or_none()
    if row is None:
        raise UserError("gone", "That payment is not there.", hint="Open the booking again.")
    return PaymentFacts(**row)


# -- payouts ------------------------------------------------------------------------------------------------------


def has_payout_line(connection: sa.Connection, org_id: UUID, booking_id: UUID) -> bool:
    """Whether a payout line that stands (from draft to paid) counts this booking."""
    return _payout_exists(connection, org_id, booking_id, _IN_PLACE)


def payout_paid(connection: sa.Connection, org_id: UUID, booking_id: UUID) -> bool:
    """Whether money for this booking is on its way to the instructor, or has reached them."""
    return _payout_exists(connection, org_id, booking_id, _AWAY)


def _payout_exists(
    connection: sa.Connection, org_id: UUID, booking_id: UUID, statuses: Collection[PayoutStatus]
) -> bool:
    where = (Payout.org_id == org_id, Payout.booking_id == booking_id, Payout.status.in_(statuses))
    return connection.execute(sa.select(Payout.id).where(*where).limit(1)).first() is not None
