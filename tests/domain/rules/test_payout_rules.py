"""What instructors are due: every cent that is kept has an owner, and runs pay each instructor's exactly once."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.domain.finance.rules.charges import Paid, charge_split
from driveflow_desktop.domain.finance.rules.owing import BookingAccount, MoneyOf
from driveflow_desktop.domain.finance.rules.packages import Use
from driveflow_desktop.domain.finance.rules.payouts import Earning, Part
from driveflow_desktop.domain.finance.rules.refunds import refund_amount_quote
from driveflow_desktop.domain.finance.values import PaymentKind as K
from driveflow_desktop.domain.finance.values import PaymentStatus
from driveflow_desktop.domain.scheduling.rules.cancellation import Money, minutes_back
from driveflow_desktop.domain.scheduling.values import BookingStatus as B
from driveflow_desktop.kernel.money import split_price

START = datetime(2026, 11, 24, tzinfo=UTC)
PAID, HALF = Part(8075), Part(8075, 4038)


def earning(status: B, *parts: Part, paid_cents: int = 9500, use: Use | None = None) -> Earning:
    minutes = 0 if use is None else use.minutes
    account = BookingAccount(status, START, 9500, MoneyOf(paid_cents, package_minutes=minutes))
    return Earning(account, 8075, parts, use)


@pytest.mark.parametrize(
    ("booking", "earned"),
    [
        (earning(B.COMPLETED, PAID), 8075),
        (earning(B.COMPLETED, HALF), 4037),
        (earning(B.COMPLETED, Part(8075, 8075)), 0),
        (earning(B.COMPLETED, paid_cents=0), 0),
        (earning(B.COMPLETED, Part(1700), paid_cents=2000), 0),
        (earning(B.COMPLETED, Part(1700), Part(6375)), 8075),
        (earning(B.CONFIRMED, PAID), 0),
        (earning(B.IN_PROGRESS, PAID), 0),
        (earning(B.REQUESTED, PAID), 0),
        (earning(B.CANCELLED, HALF), 4037),
        (earning(B.CANCELLED, Part(8075, 8075)), 0),
        (earning(B.CANCELLED, Part(4037), paid_cents=0), 4037),
        (earning(B.NO_SHOW, PAID), 8075),
        (earning(B.NO_SHOW, Part(1700), paid_cents=2000), 1700),
        (earning(B.COMPLETED, paid_cents=0, use=Use(60)), 8075),
        (earning(B.NO_SHOW, paid_cents=0, use=Use(60)), 8075),
        (earning(B.CANCELLED, paid_cents=0, use=Use(60, 50)), 4038),
        (earning(B.CANCELLED, paid_cents=0, use=Use(60, 100)), 0),
        (earning(B.CONFIRMED, paid_cents=0, use=Use(60)), 0),
    ],
)
def test_what_a_booking_has_earned(booking: Earning, earned: int) -> None:
    assert booking.earned_cents == earned
    assert booking.due_cents([]) == earned
    assert booking.due_cents([earned]) == 0


def test_what_is_given_back_after_the_payout_is_taken_back() -> None:
    assert earning(B.COMPLETED, HALF).due_cents([8075]) == -4038
    assert earning(B.COMPLETED, HALF).due_cents([8075, -4038]) == 0


@dataclass
class Book:
    """One booking's money as the commands write it: payments and refunds with their splits, and payout lines."""

    price: int
    fee: int
    status: B = B.CONFIRMED
    payments: list[tuple[Paid, int]] = field(default_factory=list)
    """Each with the platform's part."""
    refunds: list[tuple[UUID, int, int]] = field(default_factory=list)
    """Payment, amount and the platform's part."""
    lines: list[int] = field(default_factory=list)

    def charge(self, kind: K, amount: int) -> None:
        before = sum(one.amount_cents for one, _ in self.payments if one.kind is not K.FEE)
        split = charge_split(amount, Money(self.price, self.fee, 0 if kind is K.FEE else before))
        one = Paid(UUID(int=len(self.payments)), kind, PaymentStatus.SUCCEEDED, amount)
        self.payments.append((one, split.platform_fee_cents))

    def pay(self, percent: int) -> None:
        kinds = {one.kind for one, _ in self.payments}
        first = self.price * percent // 100
        if not kinds - {K.FEE}:
            if first:
                self.charge(K.FULL if first == self.price else K.DEPOSIT, first)
        elif K.DEPOSIT in kinds and K.BALANCE not in kinds:
            self.charge(
                K.BALANCE, self.price - sum(one.amount_cents for one, _ in self.payments if one.kind is not K.FEE)
            )

    def fine(self, percent: int) -> None:
        if K.FEE not in {one.kind for one, _ in self.payments} and percent:
            self.charge(K.FEE, percent * 7)

    def back_of(self, payment: UUID) -> int:
        return sum(amount for one, amount, _ in self.refunds if one == payment)

    def refund(self, percent: int) -> None:
        paid = [Paid(one.id, one.kind, one.status, one.amount_cents, self.back_of(one.id)) for one, _ in self.payments]
        amount = sum(one.amount_cents - one.refunded_cents for one in paid) * percent // 100
        if amount:
            rows = refund_amount_quote(self.price, self.fee, paid, amount).rows
            self.refunds += [(row.payment_id, row.amount_cents, row.platform_fee_cents) for row in rows]

    def run(self) -> None:
        due = self.earning.due_cents(self.lines)
        if due:
            self.lines.append(due)

    @property
    def earning(self) -> Earning:
        lesson = [one for one, _ in self.payments if one.kind is not K.FEE]
        money = MoneyOf(sum(one.amount_cents for one in lesson), sum(self.back_of(one.id) for one in lesson))
        parts = tuple(
            Part(
                one.amount_cents - platform,
                sum(amount - borne for payment, amount, borne in self.refunds if payment == one.id),
            )
            for one, platform in self.payments
        )
        return Earning(BookingAccount(self.status, START, self.price, money), self.price - self.fee, parts)

    @property
    def kept(self) -> int:
        """Σ paid − Σ refunded."""
        return sum(one.amount_cents for one, _ in self.payments) - sum(amount for _, amount, _ in self.refunds)

    @property
    def platform(self) -> int:
        return sum(part for _, part in self.payments) - sum(part for _, _, part in self.refunds)


acts = st.tuples(
    st.integers(0, 2),
    st.sampled_from(["pay", "fine", "refund", "run", B.CONFIRMED, B.COMPLETED, B.NO_SHOW, B.CANCELLED]),
    st.integers(0, 100),
)


@given(
    prices=st.lists(st.tuples(st.integers(1, 50_000), st.integers(0, 10_000)), min_size=3, max_size=3),
    plan=st.lists(acts, max_size=30),
)
def test_the_balance_line_holds_and_runs_pay_every_kept_cent_once(
    prices: list[tuple[int, int]], plan: list[tuple[int, str | B, int]]
) -> None:
    """Σ paid − Σ refunded = Σ platform + Σ instructors, after every act; late cancellations and no-shows included."""
    books = [Book(price, split_price(price, bp).platform_fee_cents) for price, bp in prices]
    for number, act, amount in plan:
        book = books[number]
        if isinstance(act, B):
            book.status = act
        elif act == "run":
            book.run()
        else:
            {"pay": book.pay, "fine": book.fine, "refund": book.refund}[act](amount)
        instructors = sum(part.share_cents - part.given_back_cents for one in books for part in one.earning.parts)
        assert sum(one.kept for one in books) == sum(one.platform for one in books) + instructors
        for one in books:
            assert 0 <= one.earning.earned_cents <= one.kept
    for one in books:
        one.run()
        assert one.earning.due_cents(one.lines) == 0
        assert sum(one.lines) == one.earning.earned_cents
        if one.status in {B.CANCELLED, B.NO_SHOW}:
            assert one.kept == one.platform + sum(one.lines), "the instructor's part of retained money is paid out"


@given(share=st.integers(0, 50_000), minutes=st.integers(1, 600), percent=st.integers(0, 100))
def test_a_package_pays_for_the_minutes_that_stay_used(share: int, minutes: int, percent: int) -> None:
    account = BookingAccount(B.CANCELLED, START, share, MoneyOf(package_minutes=minutes))
    earned = Earning(account, share, use=Use(minutes, percent)).earned_cents
    assert 0 <= earned <= share
    if minutes_back(minutes, percent) == 0:
        assert earned == share
    if minutes_back(minutes, percent) == minutes:
        assert earned == 0
