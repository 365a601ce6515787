"""Money that comes in. Everything is integer cents in the booking's currency."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from driveflow_desktop.domain.finance.values import PaymentKind, PaymentMethod, PaymentStatus
from driveflow_desktop.domain.scheduling.rules.cancellation import Money, platform_part
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.money import Split, cash_rounding

_PART_KINDS = frozenset({PaymentKind.DEPOSIT, PaymentKind.BALANCE})
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
        raise bad_amount("An amount above zero is needed.")
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
        raise bad_amount("A full payment is the price of the lesson.", price_cents)
    if kind is PaymentKind.DEPOSIT and amount_cents >= price_cents:
        raise bad_amount("A deposit is less than the price of the lesson.")
    if kind is PaymentKind.BALANCE and deposit is not None and amount_cents != price_cents - deposit.amount_cents:
        raise bad_amount("The balance is the price less the deposit.", price_cents - deposit.amount_cents)


def charge_split(amount_cents: int, money: Money) -> Split:
    """The split of a further charge of a booking that has had `money.paid_cents` of charges before.

    Deposit and balance together have exactly the booking's own split: each part takes the difference of the rounded
    running totals. Fees and package sales are charges on their own: give their amount as price, and no earlier ones.
    """
    fee = platform_of(money.paid_cents + amount_cents, money) - platform_of(money.paid_cents, money)
    return Split(fee, amount_cents - fee)


def platform_of(amount_cents: int, money: Money) -> int:
    """The school's part of an amount, in the proportion of the booking's split."""
    return platform_part(amount_cents, money.price_cents, money.platform_fee_cents)


def bad_amount(message: str, expected_cents: int | None = None) -> UserError:
    """The refusal of an amount, with the one that would do where there is one."""
    return UserError("invalid", message, column="amount_cents", expected_cents=expected_cents)
