"""Money that comes in, goes back and is still owed. Everything is integer cents in the booking's currency."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from driveflow_desktop.domain.finance.values import PaymentKind, PaymentMethod, PaymentStatus
from driveflow_desktop.domain.scheduling.rules.cancellation import Money, platform_part, split_refund
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.money import Split, cash_rounding

_PART_KINDS = frozenset({PaymentKind.DEPOSIT, PaymentKind.BALANCE})
_CHARGED = frozenset(
    {BookingStatus.CONFIRMED, BookingStatus.IN_PROGRESS, BookingStatus.COMPLETED, BookingStatus.NO_SHOW}
)
_NO_SMALL_COINS = frozenset({"AUD"})
"""Currencies whose smallest coin is 5 cents."""


class Till(NamedTuple):
    """What changes hands: `amount_cents` is booked, `till_cents` is counted out, the difference is the rounding."""

    amount_cents: int
    rounding_cents: int

    @property
    def till_cents(self) -> int:
        """The cash to ask for, or to hand back."""
        return self.amount_cents + self.rounding_cents


def at_the_till(amount_cents: int, method: PaymentMethod, currency: str = "AUD") -> Till:
    """An amount as it is paid: cash is rounded to 5 cents where there are no smaller coins, nothing else is."""
    if method is PaymentMethod.CASH and currency in _NO_SMALL_COINS:
        return Till(amount_cents, cash_rounding(amount_cents))
    return Till(amount_cents, 0)


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment of one booking, the oldest first in a sequence of them."""

    id: UUID
    kind: PaymentKind
    status: PaymentStatus
    amount_cents: int
    refunded_cents: int = 0
    """Refunds asked for or done; failed ones do not count."""

    @property
    def is_live(self) -> bool:
        """Whether it stands in the way of another of its kind."""
        return self.status is not PaymentStatus.FAILED

    @property
    def has_come_in(self) -> bool:
        """Whether the money was received, even if it went back later."""
        return self.status in {PaymentStatus.SUCCEEDED, PaymentStatus.REFUNDED}


def check_charge(kind: PaymentKind, amount_cents: int, price_cents: int, existing: Iterable[Paid]) -> None:
    """Whether a booking may be charged `amount_cents` as `kind`, beside its `existing` payments.

    One live charge per kind; either the full price or a deposit and then the balance; a fee stands beside both.
    Raises `UserError` "already_exists" or "invalid".
    """
    live = {payment.kind: payment for payment in existing if payment.is_live}
    if kind in live:
        raise UserError(
            "already_exists",
            f"There already is a {_NAMES[kind]} for this lesson.",
            hint="Refund it, or let it fail, before charging again.",
            column="kind",
            payment_id=live[kind].id,
        )
    if amount_cents <= 0:
        raise _bad_amount("An amount above zero is needed.")
    if kind is PaymentKind.FEE:
        return
    _check_kinds(kind, live.keys())
    _check_amount(kind, amount_cents, price_cents, live.get(PaymentKind.DEPOSIT))


_NAMES = {
    PaymentKind.FULL: "full payment",
    PaymentKind.DEPOSIT: "deposit",
    PaymentKind.BALANCE: "balance payment",
    PaymentKind.FEE: "fee",
}


def _check_kinds(kind: PaymentKind, live: Iterable[PaymentKind]) -> None:
    present = frozenset(live)
    mixed = present & _PART_KINDS if kind is PaymentKind.FULL else present & {PaymentKind.FULL}
    if mixed:
        raise UserError(
            "already_exists",
            "A lesson is paid in full, or by deposit and balance, not both.",
            hint="Take the balance instead." if kind is PaymentKind.FULL else "It is already charged in full.",
            column="kind",
        )
    if kind is PaymentKind.BALANCE and PaymentKind.DEPOSIT not in present:
        raise UserError("invalid", "A balance follows a deposit.", hint="Take the full payment instead.", column="kind")


def _check_amount(kind: PaymentKind, amount_cents: int, price_cents: int, deposit: Paid | None) -> None:
    if kind is PaymentKind.FULL and amount_cents != price_cents:
        raise _bad_amount("A full payment is the price of the lesson.", price_cents)
    if kind is PaymentKind.DEPOSIT and amount_cents >= price_cents:
        raise _bad_amount("A deposit is less than the price of the lesson.")
    if kind is PaymentKind.BALANCE and deposit is not None and amount_cents != price_cents - deposit.amount_cents:
        raise _bad_amount("The balance is the price less the deposit.", price_cents - deposit.amount_cents)


def _bad_amount(message: str, expected_cents: int | None = None) -> UserError:
    return UserError("invalid", message, column="amount_cents", expected_cents=expected_cents)


def charge_split(amount_cents: int, money: Money) -> Split:
    """The split of a further charge of a booking that has had `money.paid_cents` of charges before.

    Deposit and balance together have exactly the booking's own split: each part takes the difference of the rounded
    running totals. Fees and package sales are charges on their own: give their amount as price, and no earlier ones.
    """
    fee = _platform_of(money.paid_cents + amount_cents, money) - _platform_of(money.paid_cents, money)
    return Split(fee, amount_cents - fee)


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


def refund_quote(
    price_cents: int, platform_fee_cents: int, payments: Sequence[Paid], percent: int, fee_cents: int = 0
) -> RefundQuote:
    """Refund a percentage of what came in for a booking, less a fixed fee; never more than is left of it.

    Of several payments the latest is refunded first. Raises `UserError` "invalid" for a percentage outside 0 to 100
    or a negative fee.
    """
    if not 0 <= percent <= 100 or fee_cents < 0:
        raise UserError("invalid", "A refund is 0 to 100 percent, less a fee.", column="refund_percent")
    money = _money(price_cents, platform_fee_cents, payments)
    return _quote_of(split_refund(money, percent, fee_cents).refund_cents, money, payments)


def refund_amount_quote(
    price_cents: int, platform_fee_cents: int, payments: Sequence[Paid], amount_cents: int
) -> RefundQuote:
    """Refund an amount somebody typed; raises `UserError` "invalid" when it is not there to be refunded."""
    money = _money(price_cents, platform_fee_cents, payments)
    available = money.paid_cents - money.refunded_cents
    if not 0 < amount_cents <= available:
        raise _bad_amount("No more can go back than came in for this lesson.", available)
    return _quote_of(amount_cents, money, payments)


def _money(price_cents: int, platform_fee_cents: int, payments: Sequence[Paid]) -> Money:
    received = [payment for payment in payments if payment.has_come_in]
    return Money(
        price_cents,
        platform_fee_cents,
        sum(payment.amount_cents for payment in received),
        sum(payment.refunded_cents for payment in received),
    )


def _quote_of(refund_cents: int, money: Money, payments: Sequence[Paid]) -> RefundQuote:
    retained = money.paid_cents - money.refunded_cents
    left = refund_cents
    rows: list[RefundRow] = []
    for payment in reversed(payments):
        amount = min(left, payment.amount_cents - payment.refunded_cents) if payment.has_come_in else 0
        if amount <= 0:
            continue
        borne = _platform_of(retained, money) - _platform_of(retained - amount, money)
        rows.append(RefundRow(payment.id, amount, borne, amount - borne))
        retained -= amount
        left -= amount
    platform_keeps = _platform_of(retained, money)
    return RefundQuote(refund_cents, platform_keeps, retained - platform_keeps, tuple(rows))


def _platform_of(amount_cents: int, money: Money) -> int:
    return platform_part(amount_cents, money.price_cents, money.platform_fee_cents)


@dataclass(frozen=True, slots=True)
class BookingAccount:
    """A booking as its student's account sees it."""

    id: UUID
    status: BookingStatus
    start: datetime
    price_cents: int
    payments: tuple[Paid, ...] = ()
    covered_by_package: bool = False
    """Its use of a package is worth nothing here: the package's sale was the income."""


class Balance(NamedTuple):
    """A student's account in cents; all three are zero or more, and kept apart for the desk."""

    owed_cents: int
    """For lessons that have begun, and for fees."""
    upcoming_cents: int
    """For booked lessons that have not begun."""
    credit_cents: int
    """Paid beyond the price of lessons that stand, or for lessons that were never confirmed."""


def account_balance(bookings: Iterable[BookingAccount], now: datetime, package_due_cents: int = 0) -> Balance:
    """What a student owes or is owed.

    Confirmed, running, completed and missed lessons are charged at their price, nothing else is. What a cancellation
    kept is neither owed nor credit: its refund says what goes back. `package_due_cents` are package sales asked
    for and not paid yet.
    """
    owed, upcoming, credit = package_due_cents, 0, 0
    for booking in bookings:
        owed += sum(
            payment.amount_cents
            for payment in booking.payments
            if payment.kind is PaymentKind.FEE and payment.status is PaymentStatus.INTENT_CREATED
        )
        if booking.status is BookingStatus.CANCELLED:
            continue
        due, over = _open_and_over(booking)
        credit += over
        if booking.start <= now:
            owed += due
        else:
            upcoming += due
    return Balance(owed, upcoming, credit)


def _open_and_over(booking: BookingAccount) -> tuple[int, int]:
    """What is still to be paid for a lesson, and what was paid too much and has not gone back.

    A refund does not open the charge again: what was given back for a lesson that stands was a gift.
    """
    came_in = _came_in(booking)
    gross = sum(payment.amount_cents for payment in came_in)
    refunded = sum(payment.refunded_cents for payment in came_in)
    charged = booking.price_cents if booking.status in _CHARGED and not booking.covered_by_package else 0
    return max(0, charged - gross), max(0, gross - charged - refunded)


def _came_in(booking: BookingAccount) -> list[Paid]:
    """The money received for the lesson itself."""
    return [payment for payment in booking.payments if payment.has_come_in and payment.kind is not PaymentKind.FEE]


def payout_is_due(booking: BookingAccount, *, has_live_line: bool) -> bool:
    """Whether the instructor's share of a lesson is due: completed, paid in full, not refunded, not in a run yet.

    A partial refund leaves the lesson due; the instructor's part of it is taken off the share.
    """
    came_in = _came_in(booking)
    gross = sum(payment.amount_cents for payment in came_in)
    left = gross - sum(payment.refunded_cents for payment in came_in)
    paid = booking.covered_by_package or (gross >= booking.price_cents and left > 0)
    return booking.status is BookingStatus.COMPLETED and paid and not has_live_line
