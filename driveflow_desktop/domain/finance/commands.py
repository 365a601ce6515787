"""Money that comes in and goes back. Nothing here is ever deleted or rewritten, so nothing here is undone by revert:
a payment entered by mistake is voided the same day, money that really came in is given back by a refund."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from driveflow_desktop.domain.finance.queries import PaymentFacts, has_payout_line, payments_of, require_payment
from driveflow_desktop.domain.finance.rules.charges import Paid, at_the_till, charge_split, check_charge
from driveflow_desktop.domain.finance.rules.refunds import RefundRow, refund_amount_quote
from driveflow_desktop.domain.finance.tables import Payment, Refund
from driveflow_desktop.domain.finance.values import PaymentKind, PaymentMethod, PaymentStatus, RefundStatus
from driveflow_desktop.domain.identity.queries import authorise, school
from driveflow_desktop.domain.identity.rules import Action
from driveflow_desktop.domain.scheduling.queries import BookingFacts, require_booking
from driveflow_desktop.domain.scheduling.rules.cancellation import Money
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.money import Split
from driveflow_desktop.kernel.time import local_date, zone
from driveflow_desktop.store.types import Value
from driveflow_desktop.store.unit_of_work import UnitOfWork

_AT_ONCE: Final = frozenset({PaymentMethod.CASH, PaymentMethod.BANK_TRANSFER, PaymentMethod.EFTPOS})


@dataclass(frozen=True, slots=True)
class NewPayment:
    """Money for a booking.

    Without `amount_cents` it is all that is due (a fee must say how much). Without `kind` that follows from the
    amount: all of it is `full`, a part a `deposit`, the rest after a deposit the `balance`, anything for a cancelled
    lesson a `fee`. `received_at` is when the money came: now, unless a bank statement says otherwise.
    """

    booking_id: UUID
    method: PaymentMethod
    amount_cents: int | None = None
    kind: PaymentKind | None = None
    received_at: datetime | None = None


# -- in -----------------------------------------------------------------------------------------------------------


def record_payment(uow: UnitOfWork, request: NewPayment) -> UUID:
    """Record money that came in, or request it by card, and return the payment's id.

    Cash, bank transfer and EFTPOS count at once; card is only requested (`intent_created`): the sync service makes
    the payment page. An open card request for the same (the lesson, or a fee) is replaced. The split follows the
    booking's, so that the parts of all payments add up to it. Raises `already_exists`, `invalid`, `state_transition`,
    `gone`.
    """
    authorise(uow.connection, uow.actor, Action.TAKE_PAYMENT)
    booking = require_booking(uow.connection, uow.org_id, request.booking_id)
    _require_payable(booking, request.method)
    before = payments_of(uow.connection, uow.org_id, booking.id)
    existing = [payment.for_rules() for payment in before if payment.status is not PaymentStatus.INTENT_CREATED]
    kind, amount = _kind_and_amount(request, booking, existing)
    is_fee = kind is PaymentKind.FEE
    replaced = _withdraw(uow, [payment for payment in before if (payment.kind is PaymentKind.FEE) is is_fee])
    check_charge(kind, amount, booking.price_cents, existing)
    split = _split(booking, kind, amount, existing)
    at_once = request.method in _AT_ONCE
    uow.describe("payment.recorded" if at_once else "payment.requested")
    uow.not_undoable()
    values: dict[str, Value] = {
        "booking_id": booking.id,
        "kind": kind,
        "replaces_id": replaced,
        "status": PaymentStatus.SUCCEEDED if at_once else PaymentStatus.INTENT_CREATED,
        "currency": booking.currency,
        "amount_cents": amount,
        "platform_fee_cents": split.platform_fee_cents,
        "instructor_share_cents": split.instructor_share_cents,
        "method": request.method,
        "rounding_cents": at_the_till(amount, request.method, booking.currency).rounding_cents,
        "received_at": _received_at(uow, request) if at_once else None,
    }
    return uow.insert(Payment, values)


def _require_payable(booking: BookingFacts, method: PaymentMethod) -> None:
    if method is PaymentMethod.PACKAGE:
        raise UserError("invalid", "A package is used, not paid with.", column="method")
    if booking.status is BookingStatus.DRAFT:
        raise UserError("state_transition", "A draft cannot be paid.", hint="Confirm the booking first.")


def _kind_and_amount(request: NewPayment, booking: BookingFacts, existing: list[Paid]) -> tuple[PaymentKind, int]:
    deposit = sum(
        payment.amount_cents for payment in existing if payment.kind is PaymentKind.DEPOSIT and payment.is_live
    )
    due = booking.price_cents - deposit
    amount = due if request.amount_cents is None else request.amount_cents
    if request.kind is not None:
        kind = request.kind
    elif booking.status is BookingStatus.CANCELLED:
        kind = PaymentKind.FEE
    elif deposit:
        kind = PaymentKind.BALANCE
    else:
        kind = PaymentKind.FULL if amount == due else PaymentKind.DEPOSIT
    if booking.status is BookingStatus.CANCELLED and kind is not PaymentKind.FEE:
        raise UserError("invalid", "A cancelled lesson can only cost a fee.", column="kind")
    if kind is PaymentKind.FEE and request.amount_cents is None:
        raise UserError("invalid", "How much is the fee?", column="amount_cents")
    return kind, amount


def _split(booking: BookingFacts, kind: PaymentKind, amount: int, existing: list[Paid]) -> Split:
    """Like the booking's; a fee is split in the same proportion, on its own."""
    charged = sum(
        payment.amount_cents for payment in existing if payment.has_come_in and payment.kind is not PaymentKind.FEE
    )
    before = 0 if kind is PaymentKind.FEE else charged
    return charge_split(amount, Money(booking.price_cents, booking.platform_fee_cents, before))


def _withdraw(uow: UnitOfWork, payments: Iterable[PaymentFacts]) -> UUID | None:
    """Close card requests that nobody has paid; the id of the last one closed."""
    replaced = None
    for payment in payments:
        if payment.status is PaymentStatus.INTENT_CREATED:
            uow.describe("payment.withdrawn")
            uow.not_undoable()
            uow.update(Payment, payment.id, {"status": PaymentStatus.FAILED})
            replaced = payment.id
    return replaced


def _received_at(uow: UnitOfWork, request: NewPayment) -> datetime:
    if request.received_at is None:
        return uow.now
    if request.received_at.tzinfo is None or request.received_at > uow.now:
        raise UserError("invalid", "Money cannot have come in the future.", column="received_at")
    return request.received_at


# -- back ---------------------------------------------------------------------------------------------------------


def fail_payment(uow: UnitOfWork, payment_id: UUID) -> UUID:
    """Take back a payment that was entered by mistake today, or a card request nobody paid; returns its booking.

    It becomes `failed`, the row stays; `desk.commands.void_payment` keeps why. Raises `invalid` for older payments, for
    card money that came in, once something was refunded or is counted in a payout, and for the sale of a package;
    those are refunded instead.
    """
    authorise(uow.connection, uow.actor, Action.REFUND)
    payment = require_payment(uow.connection, uow.org_id, payment_id)
    if payment.booking_id is None:
        raise UserError(
            "invalid", "The sale of a package cannot be voided.", hint="Refund it instead.", column="status"
        )
    if payment.status is PaymentStatus.INTENT_CREATED:
        _withdraw(uow, (payment,))
        return payment.booking_id
    _require_voidable(uow, payment, payment.booking_id)
    uow.describe("payment.voided")
    uow.not_undoable()
    uow.update(Payment, payment.id, {"status": PaymentStatus.FAILED})
    return payment.booking_id


def _require_voidable(uow: UnitOfWork, payment: PaymentFacts, booking_id: UUID) -> None:
    tz = zone(school(uow.connection, uow.org_id).time_zone)
    same_day = local_date(payment.created_at, tz) == local_date(uow.now, tz)
    counted = has_payout_line(uow.connection, uow.org_id, booking_id)
    plain = payment.status is PaymentStatus.SUCCEEDED and payment.method in _AT_ONCE and not payment.refunded_cents
    if not (same_day and plain) or counted:
        raise UserError(
            "invalid",
            "Only a payment entered today, not refunded and not paid out, can be voided.",
            hint="Refund it instead.",
            column="status",
        )


def withdraw_requests(uow: UnitOfWork, booking_id: UUID) -> None:
    """Close the card requests of a booking that nobody has paid."""
    _withdraw(uow, payments_of(uow.connection, uow.org_id, booking_id))


def refund(uow: UnitOfWork, booking_id: UUID, amount_cents: int, reason: str) -> list[UUID]:
    """Give money back for a booking, from its latest payment first; returns the refunds' ids.

    Cash, bank and EFTPOS refunds count at once, card refunds are requested. What is kept stays split like the price:
    the school keeps `half_up(kept × fee / price)`, the instructor the rest.
    """
    authorise(uow.connection, uow.actor, Action.REFUND)
    booking = require_booking(uow.connection, uow.org_id, booking_id)
    return refund_without_asking(uow, booking, amount_cents, reason)


def refund_without_asking(uow: UnitOfWork, booking: BookingFacts, amount_cents: int, reason: str) -> list[UUID]:
    """`refund` for a command that has its own right to it (a cancellation by the policy)."""
    if not reason.strip():
        raise UserError("invalid", "Why is it refunded?", hint="Give a reason.", column="reason")
    payments = {payment.id: payment for payment in payments_of(uow.connection, uow.org_id, booking.id)}
    quote = refund_amount_quote(
        booking.price_cents,
        booking.platform_fee_cents,
        [payment.for_rules() for payment in payments.values()],
        amount_cents,
    )
    return [_give_back(uow, payments[row.payment_id], row, reason.strip()) for row in quote.rows]


def _give_back(uow: UnitOfWork, payment: PaymentFacts, row: RefundRow, reason: str) -> UUID:
    by_card = payment.method is PaymentMethod.CARD
    uow.describe("refund.requested" if by_card else "refund.recorded")
    uow.not_undoable()
    values: dict[str, Value] = {
        "payment_id": payment.id,
        "currency": payment.currency,
        "amount_cents": row.amount_cents,
        "platform_fee_cents": row.platform_fee_cents,
        "instructor_share_cents": row.instructor_share_cents,
        "reason": reason,
        "status": RefundStatus.REQUESTED if by_card else RefundStatus.SUCCEEDED,
    }
    refund_id = uow.insert(Refund, values)
    if not by_card and payment.refunded_cents + row.amount_cents == payment.amount_cents:
        uow.update(Payment, payment.id, {"status": PaymentStatus.REFUNDED})
    return refund_id
