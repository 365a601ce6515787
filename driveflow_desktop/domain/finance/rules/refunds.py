"""Money that goes back, and who bears it. Everything is integer cents in the booking's currency."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from driveflow_desktop.domain.finance.rules.charges import Paid, bad_amount, platform_of
from driveflow_desktop.domain.finance.values import PaymentKind
from driveflow_desktop.domain.scheduling.rules.cancellation import Money


class RefundRow(NamedTuple):
    """One refund to write: what goes back of one payment, and who bears it; the parts add up to the amount."""

    payment_id: UUID
    amount_cents: int
    platform_fee_cents: int
    instructor_share_cents: int


class RefundQuote(NamedTuple):
    """What goes back, who keeps the rest, and the rows to write, the latest payment first."""

    refund_cents: int
    platform_keeps_cents: int
    instructor_keeps_cents: int
    rows: tuple[RefundRow, ...]


def refund_amount_quote(
    price_cents: int, platform_fee_cents: int, payments: Sequence[Paid], amount_cents: int
) -> RefundQuote:
    """Refund an amount of what came in for a booking, the latest payment first.

    Lesson and fee go back each by its own split, as they came in, so that nobody is left a cent too many or too few.
    Raises `UserError` "invalid" when the amount is not there to be refunded.
    """
    received = [payment for payment in payments if payment.has_come_in]
    available = sum(payment.amount_cents - payment.refunded_cents for payment in received)
    if not 0 < amount_cents <= available:
        raise bad_amount("No more can go back than came in for this lesson.", available)
    money = Money(price_cents, platform_fee_cents)
    retained = {True: 0, False: 0}
    for payment in received:
        retained[payment.kind is PaymentKind.FEE] += payment.amount_cents - payment.refunded_cents
    left = amount_cents
    rows: list[RefundRow] = []
    for payment in reversed(received):
        amount = min(left, payment.amount_cents - payment.refunded_cents)
        if amount <= 0:
            continue
        is_fee = payment.kind is PaymentKind.FEE
        borne = platform_of(retained[is_fee], money) - platform_of(retained[is_fee] - amount, money)
        rows.append(RefundRow(payment.id, amount, borne, amount - borne))
        retained[is_fee] -= amount
        left -= amount
    platform_keeps = sum(platform_of(kept, money) for kept in retained.values())
    return RefundQuote(amount_cents, platform_keeps, sum(retained.values()) - platform_keeps, tuple(rows))
