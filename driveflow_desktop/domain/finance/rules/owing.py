"""What a student has still to pay. One meaning for the whole program, in integer cents (docs/rules.md, Owed).

A lesson that stands costs its price; a refund lowers what it costs, so money that went back is never owed again. A
cancelled lesson costs what the desk asks for as a fee, and nothing by itself: what it keeps has been paid already.
`overview.owing` says the same in SQL, and a test holds the two together.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from driveflow_desktop.domain.finance.values import PaidState
from driveflow_desktop.domain.scheduling.values import BookingStatus

OWED_ONCE_BEGUN: Final = frozenset(
    {BookingStatus.CONFIRMED, BookingStatus.IN_PROGRESS, BookingStatus.COMPLETED, BookingStatus.NO_SHOW}
)
"""Statuses whose price is owed from the lesson's start on."""
CHARGED: Final = OWED_ONCE_BEGUN | {BookingStatus.PENDING_PAYMENT}
"""Statuses that cost the price. A booking that waits for its payment lapses unpaid, so it is asked for, never owed."""


@dataclass(frozen=True, slots=True)
class MoneyOf:
    """What came in for a booking and went back; fees apart, because they stand beside the price.

    `requested_cents` and `fee_requested_cents` are asked for by card and not paid yet.
    """

    paid_cents: int = 0
    refunded_cents: int = 0
    fee_cents: int = 0
    fee_refunded_cents: int = 0
    requested_cents: int = 0
    fee_requested_cents: int = 0
    package_minutes: int = 0
    """Minutes of a package that the booking was made with."""

    @property
    def by_package(self) -> bool:
        """Whether a package pays for the lesson."""
        return self.package_minutes > 0

    @property
    def kept_cents(self) -> int:
        """What came in for the price and was not given back."""
        return self.paid_cents - self.refunded_cents

    @property
    def received_cents(self) -> int:
        """All that came in, fees too."""
        return self.paid_cents + self.fee_cents

    @property
    def given_back_cents(self) -> int:
        """All that went back, of fees too."""
        return self.refunded_cents + self.fee_refunded_cents

    def state(self, price_cents: int) -> PaidState:
        """How the booking stands at a price."""
        if self.by_package:
            return PaidState.PACKAGE
        if self.refunded_cents and not self.kept_cents:
            return PaidState.REFUNDED
        if self.paid_cents >= price_cents:
            return PaidState.PAID if price_cents else PaidState.FREE
        if self.requested_cents:
            return PaidState.REQUESTED
        return PaidState.PART if self.paid_cents else PaidState.DUE


NO_MONEY: Final = MoneyOf()


class Due(NamedTuple):
    """What has still to be paid for a booking, both zero or more: the lesson itself, and fees that were asked for."""

    lesson_cents: int
    fee_cents: int

    @property
    def total_cents(self) -> int:
        """Both together."""
        return self.lesson_cents + self.fee_cents

    @property
    def next_cents(self) -> int:
        """What the next payment can settle: lesson and fee are charges of their own."""
        return self.lesson_cents or self.fee_cents


@dataclass(frozen=True, slots=True)
class BookingAccount:
    """A booking as its student's account sees it."""

    status: BookingStatus
    start: datetime
    price_cents: int
    money: MoneyOf = NO_MONEY

    @property
    def _charged_cents(self) -> int:
        """What the lesson costs before refunds; a package's sale was the income for those that use one."""
        return self.price_cents if self.status in CHARGED and not self.money.by_package else 0

    @property
    def due(self) -> Due:
        """What has still to be paid, whenever it falls due.

        Cost less refunds, less what was paid net of refunds: the refunds cancel out.
        """
        return Due(max(0, self._charged_cents - self.money.paid_cents), self.money.fee_requested_cents)

    @property
    def credit_cents(self) -> int:
        """What was paid too much and has not gone back; what a cancellation kept is no credit."""
        if self.status is BookingStatus.CANCELLED:
            return 0
        return max(0, self.money.kept_cents - self._charged_cents)

    def owed_cents(self, now: datetime) -> int:
        """The part of `due` that is owed by now: lessons that have begun, and fees."""
        begun = self.status in OWED_ONCE_BEGUN and self.start <= now
        return (self.due.lesson_cents if begun else 0) + self.due.fee_cents


class Balance(NamedTuple):
    """A student's account in cents; all three are zero or more, and kept apart for the desk."""

    owed_cents: int
    """For lessons that have begun, and for fees."""
    upcoming_cents: int
    """For booked lessons that have not begun, or wait for their payment."""
    credit_cents: int
    """Paid beyond the price of lessons that stand, or for lessons that were never confirmed."""


def account_balance(bookings: Iterable[BookingAccount], now: datetime, package_due_cents: int = 0) -> Balance:
    """What a student owes or is owed: the sum over the bookings, without setting one off against another.

    `package_due_cents` are package sales asked for and not paid yet.
    """
    owed, upcoming, credit = package_due_cents, 0, 0
    for booking in bookings:
        owed_now = booking.owed_cents(now)
        owed += owed_now
        upcoming += booking.due.total_cents - owed_now
        credit += booking.credit_cents
    return Balance(owed, upcoming, credit)
