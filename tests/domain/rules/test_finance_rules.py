from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.domain.finance.rules.charges import Paid, at_the_till, charge_split, check_charge
from driveflow_desktop.domain.finance.rules.owing import BookingAccount, MoneyOf, account_balance
from driveflow_desktop.domain.finance.rules.refunds import refund_amount_quote
from driveflow_desktop.domain.finance.values import PaidState, PaymentMethod
from driveflow_desktop.domain.finance.values import PaymentKind as K
from driveflow_desktop.domain.finance.values import PaymentStatus as S
from driveflow_desktop.domain.scheduling.rules.cancellation import Money
from driveflow_desktop.domain.scheduling.values import BookingStatus as B
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.money import split_price

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def paid(number: int, kind: K, amount: int, refunded: int = 0, status: S = S.SUCCEEDED) -> Paid:
    return Paid(UUID(int=number), kind, status, amount, refunded)


def test_only_cash_is_rounded_and_only_where_there_are_no_small_coins() -> None:
    assert at_the_till(9998, PaymentMethod.CASH) == (9998, 2)
    assert at_the_till(9997, PaymentMethod.CASH).till_cents == 9995
    assert at_the_till(9998, PaymentMethod.CARD) == (9998, 0)
    assert at_the_till(9998, PaymentMethod.CASH, "GBP") == (9998, 0)


FULL, DEPOSIT, BALANCE, FEE = (
    paid(1, K.FULL, 9500),
    paid(2, K.DEPOSIT, 2000),
    paid(3, K.BALANCE, 7500),
    paid(4, K.FEE, 500),
)
FAILED = paid(5, K.FULL, 9500, status=S.FAILED)
ASKED = paid(6, K.FULL, 9500, status=S.INTENT_CREATED)


@pytest.mark.parametrize(
    ("kind", "amount", "existing", "code"),
    [
        (K.FULL, 9500, [], None),
        (K.FULL, 9500, [FAILED], None),
        (K.FULL, 9500, [FEE], None),
        (K.FULL, 9500, [FULL], "already_exists"),
        (K.FULL, 9500, [ASKED], "already_exists"),
        (K.FULL, 9500, [paid(1, K.FULL, 9500, 9500, S.REFUNDED)], "already_exists"),
        (K.FULL, 9500, [DEPOSIT], "already_exists"),
        (K.FULL, 9400, [], "invalid"),
        (K.DEPOSIT, 2000, [], None),
        (K.DEPOSIT, 2000, [FULL], "already_exists"),
        (K.DEPOSIT, 9500, [], "invalid"),
        (K.BALANCE, 7500, [DEPOSIT], None),
        (K.BALANCE, 7400, [DEPOSIT], "invalid"),
        (K.BALANCE, 7500, [], "invalid"),
        (K.BALANCE, 7500, [DEPOSIT, BALANCE], "already_exists"),
        (K.FEE, 500, [FULL], None),
        (K.FEE, 500, [FEE], "already_exists"),
        (K.FEE, 0, [], "invalid"),
    ],
)
def test_one_live_charge_per_kind_and_full_or_in_two_parts(
    kind: K, amount: int, existing: list[Paid], code: str | None
) -> None:
    if code is None:
        check_charge(kind, amount, 9500, existing)
        return
    with pytest.raises(UserError) as refused:
        check_charge(kind, amount, 9500, existing)
    assert refused.value.code == code


@given(price=st.integers(2, 10**7), fee_bp=st.integers(0, 10_000), data=st.data())
def test_deposit_and_balance_have_the_split_of_the_whole(price: int, fee_bp: int, data: st.DataObject) -> None:
    whole = split_price(price, fee_bp)
    first = data.draw(st.integers(1, price - 1))
    deposit = charge_split(first, Money(price, whole.platform_fee_cents))
    balance = charge_split(price - first, Money(price, whole.platform_fee_cents, paid_cents=first))
    assert sum(deposit) == first
    assert min(*deposit, *balance) >= 0
    assert deposit.platform_fee_cents + balance.platform_fee_cents == whole.platform_fee_cents


def test_half_of_9500_goes_back_as_the_page_says() -> None:
    quote = refund_amount_quote(9500, 1425, [FULL], 4750)
    assert quote[:3] == (4750, 713, 4037)
    assert quote.rows == ((FULL.id, 4750, 712, 4038),)


def test_the_latest_payment_is_refunded_first_and_failed_ones_never() -> None:
    quote = refund_amount_quote(9500, 1425, [FAILED, DEPOSIT, BALANCE], 8550)
    assert [(row.payment_id.int, row.amount_cents) for row in quote.rows] == [(3, 7500), (2, 1050)]
    with pytest.raises(UserError) as refused:
        refund_amount_quote(9500, 1425, [FAILED, ASKED], 1)
    assert refused.value.details["expected_cents"] == 0


def test_an_amount_somebody_typed_must_be_there() -> None:
    assert refund_amount_quote(9500, 1425, [FULL], 9500)[:3] == (9500, 0, 0)
    for amount in (0, -1, 9501):
        with pytest.raises(UserError) as refused:
            refund_amount_quote(9500, 1425, [FULL], amount)
        assert refused.value.details["expected_cents"] == 9500


@given(
    price=st.integers(1, 10**6),
    fee_bp=st.integers(0, 10_000),
    parts=st.lists(st.integers(1, 100), min_size=1, max_size=3),
    steps=st.lists(st.integers(1, 100), max_size=4),
)
def test_refunds_never_exceed_what_came_in_and_every_cent_has_an_owner(
    price: int, fee_bp: int, parts: list[int], steps: list[int]
) -> None:
    """The line that reports print: Σ paid − Σ refunded = Σ platform + Σ instructors, after every refund."""
    fee = split_price(price, fee_bp).platform_fee_cents
    amounts = [price * part // sum(parts) for part in parts]
    amounts[-1] += price - sum(amounts)
    platform = instructor = before = 0
    for amount in amounts:
        split = charge_split(amount, Money(price, fee, paid_cents=before))
        platform, instructor, before = platform + split[0], instructor + split[1], before + amount
    payments = [paid(number, K.FULL, amount) for number, amount in enumerate(amounts)]
    refunded = 0
    for percent in steps:
        amount = (price - refunded) * percent // 100
        if not amount:
            continue
        quote = refund_amount_quote(price, fee, payments, amount)
        assert sum(row.amount_cents for row in quote.rows) == quote.refund_cents
        assert all(min(row[1:]) >= 0 and sum(row[2:]) == row.amount_cents for row in quote.rows)
        refunded += quote.refund_cents
        platform -= sum(row.platform_fee_cents for row in quote.rows)
        instructor -= sum(row.instructor_share_cents for row in quote.rows)
        assert (platform, instructor) == quote[1:3]
        assert refunded <= price
        assert price - refunded == platform + instructor
        gone = {row.payment_id: row.amount_cents for row in quote.rows}
        payments = [
            paid(one.id.int, K.FULL, one.amount_cents, one.refunded_cents + gone.get(one.id, 0)) for one in payments
        ]


@given(
    price=st.integers(2, 10**5),
    fee_bp=st.integers(0, 10_000),
    part=st.integers(1, 99),
    asked=st.integers(1, 10**5),
    backs=st.lists(st.integers(1, 100), max_size=4),
)
def test_deposit_and_fee_go_back_each_by_its_own_split(
    price: int, fee_bp: int, part: int, asked: int, backs: list[int]
) -> None:
    """Nobody is left with a cent too many or too few when all has gone back."""
    fee = split_price(price, fee_bp).platform_fee_cents
    splits = {
        K.DEPOSIT: charge_split(max(1, price * part // 100), Money(price, fee)),
        K.FEE: charge_split(asked, Money(price, fee)),
    }
    held = {UUID(int=number): list(splits[kind]) for number, kind in enumerate(splits)}
    payments = [paid(number, kind, sum(splits[kind])) for number, kind in enumerate(splits)]
    for percent in (*backs, 100):
        left = sum(one.amount_cents - one.refunded_cents for one in payments)
        amount = left * percent // 100
        if not amount:
            continue
        quote = refund_amount_quote(price, fee, payments, amount)
        for row in quote.rows:
            held[row.payment_id][0] -= row.platform_fee_cents
            held[row.payment_id][1] -= row.instructor_share_cents
        assert min(min(parts) for parts in held.values()) >= 0
        assert quote.platform_keeps_cents == sum(platform for platform, _ in held.values())
        assert quote.instructor_keeps_cents == sum(instructor for _, instructor in held.values())
        gone = {row.payment_id: row.amount_cents for row in quote.rows}
        payments = [replace(one, refunded_cents=one.refunded_cents + gone.get(one.id, 0)) for one in payments]
    assert list(held.values()) == [[0, 0], [0, 0]]


def lesson(status: B, *, hours: int = -2, **money: int) -> BookingAccount:
    return BookingAccount(status, NOW + timedelta(hours=hours), 9500, MoneyOf(**money))


@pytest.mark.parametrize(
    ("booking", "balance"),
    [
        (lesson(B.COMPLETED), (9500, 0, 0)),
        (lesson(B.NO_SHOW), (9500, 0, 0)),
        (lesson(B.CONFIRMED, hours=2), (0, 9500, 0)),
        (lesson(B.CONFIRMED, hours=0), (9500, 0, 0)),
        (lesson(B.COMPLETED, paid_cents=9500), (0, 0, 0)),
        (lesson(B.COMPLETED, requested_cents=9500), (9500, 0, 0)),
        (lesson(B.COMPLETED, paid_cents=2000), (7500, 0, 0)),
        (lesson(B.COMPLETED, package_minutes=60), (0, 0, 0)),
        (lesson(B.COMPLETED, paid_cents=10000), (0, 0, 500)),
        (lesson(B.COMPLETED, paid_cents=9500, fee_cents=500), (0, 0, 0)),
        (lesson(B.COMPLETED, paid_cents=9500, refunded_cents=4750), (0, 0, 0)),
        (lesson(B.COMPLETED, paid_cents=10000, refunded_cents=200), (0, 0, 300)),
        (lesson(B.COMPLETED, paid_cents=2000, refunded_cents=2000), (7500, 0, 0)),
        (lesson(B.NO_SHOW, paid_cents=9500, refunded_cents=9500), (0, 0, 0)),
        (lesson(B.REQUESTED, hours=2), (0, 0, 0)),
        (lesson(B.REQUESTED, hours=2, paid_cents=2000), (0, 0, 2000)),
        (lesson(B.REQUESTED, hours=2, paid_cents=2000, refunded_cents=2000), (0, 0, 0)),
        (lesson(B.PENDING_PAYMENT, hours=2), (0, 9500, 0)),
        (lesson(B.PENDING_PAYMENT), (0, 9500, 0)),
        (lesson(B.CANCELLED), (0, 0, 0)),
        (lesson(B.CANCELLED, paid_cents=9500), (0, 0, 0)),
        (lesson(B.CANCELLED, paid_cents=9500, refunded_cents=4750), (0, 0, 0)),
        (lesson(B.CANCELLED, hours=2, fee_requested_cents=500), (500, 0, 0)),
        (lesson(B.CANCELLED, fee_cents=500), (0, 0, 0)),
    ],
)
def test_a_students_account(booking: BookingAccount, balance: tuple[int, int, int]) -> None:
    assert account_balance([booking], NOW) == balance


def test_an_account_adds_its_lessons_up_without_netting_them() -> None:
    bookings = [lesson(B.COMPLETED), lesson(B.CONFIRMED, hours=3), lesson(B.COMPLETED, paid_cents=9600)]
    assert account_balance(bookings, NOW, package_due_cents=50) == (9550, 9500, 100)


amounts = st.integers(0, 20_000)


@given(
    status=st.sampled_from(B),
    price=amounts,
    paid_cents=amounts,
    percent=st.integers(0, 100),
    asked=amounts,
    by_package=st.booleans(),
    hours=st.integers(-2, 2),
)
def test_what_went_back_is_never_owed_again(
    status: B, price: int, paid_cents: int, percent: int, asked: int, by_package: bool, hours: int
) -> None:
    start = NOW + timedelta(hours=hours)
    before = BookingAccount(
        status, start, price, MoneyOf(paid_cents, fee_requested_cents=asked, package_minutes=60 * by_package)
    )
    back = paid_cents * percent // 100
    after = BookingAccount(status, start, price, replace(before.money, refunded_cents=back))
    assert after.due == before.due
    assert after.owed_cents(NOW) == before.owed_cents(NOW) <= after.due.total_cents
    assert after.credit_cents == max(0, before.credit_cents - back)
    assert min(*after.due, after.owed_cents(NOW), after.credit_cents) >= 0
    assert not (after.due.lesson_cents and after.credit_cents)


@given(price=st.integers(1, 20_000), paid_cents=amounts, percent=st.integers(0, 100))
def test_the_badge_says_due_only_where_something_is(price: int, paid_cents: int, percent: int) -> None:
    money = MoneyOf(paid_cents, paid_cents * percent // 100)
    standing = BookingAccount(B.COMPLETED, NOW, price, money)
    if money.state(price) is PaidState.PAID:
        assert not standing.due.lesson_cents
    if money.state(price) in {PaidState.DUE, PaidState.PART}:
        assert standing.due.lesson_cents
