from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.domain.scheduling.rules.cancellation import (
    DEFAULT_POLICY,
    Cancellation,
    CancellationQuote,
    Money,
    PolicyRow,
    quote,
    split_refund,
)
from driveflow_desktop.domain.scheduling.rules.wording import plain_time
from driveflow_desktop.domain.scheduling.values import BookingStatus, CancellationActor
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.money import split_price
from driveflow_desktop.kernel.time import wall_to_utc

SYDNEY = ZoneInfo("Australia/Sydney")
START = datetime(2026, 11, 25, 0, 0, tzinfo=UTC)
PAID = Money(9500, 1425, paid_cents=9500)
STUDENT = CancellationActor.STUDENT


def at(before: timedelta, actor: CancellationActor = STUDENT, money: Money = PAID) -> CancellationQuote:
    return quote(Cancellation(actor, START - before, START), money, DEFAULT_POLICY)


def test_half_of_9500_goes_back_and_the_rest_is_shared() -> None:
    found = at(timedelta(hours=3))
    assert (found.refund_cents, found.platform_keeps_cents, found.instructor_keeps_cents) == (4750, 713, 4037)
    assert (found.percent, found.fee_cents, found.still_owed_cents) == (50, 0, 0)


@pytest.mark.parametrize(
    ("before", "percent"),
    [
        (timedelta(hours=24), 100),
        (timedelta(hours=24) - timedelta(microseconds=1), 50),
        (timedelta(hours=2), 50),
        (timedelta(hours=2) - timedelta(microseconds=1), 0),
        (timedelta(0), 0),
        (timedelta(hours=-1), 0),
    ],
)
def test_the_row_with_the_largest_hours_still_left_applies(before: timedelta, percent: int) -> None:
    for actor in (STUDENT, CancellationActor.GUARDIAN):
        assert at(before, actor).percent == percent


def test_an_instructor_always_gives_everything_back_even_after_the_start() -> None:
    for hours in (48, 1, -3):
        assert at(timedelta(hours=hours), CancellationActor.INSTRUCTOR).refund_cents == 9500


def test_over_a_clock_change_the_deadline_is_an_elapsed_day_earlier() -> None:
    start = wall_to_utc(date(2026, 10, 4), 9 * 60, SYDNEY)
    deadline = wall_to_utc(date(2026, 10, 3), 8 * 60, SYDNEY)
    on_time = quote(Cancellation(STUDENT, deadline, start), PAID, DEFAULT_POLICY)
    late = quote(Cancellation(STUDENT, deadline + timedelta(seconds=1), start), PAID, DEFAULT_POLICY)
    assert (on_time.percent, late.percent) == (100, 50)
    assert on_time.full_refund_until == late.full_refund_until == deadline
    assert plain_time(deadline, SYDNEY).replace("\u202f", " ") == "Sat 3 Oct, 8:00 am"


def test_the_schools_own_rows_replace_the_defaults_for_their_actor_only() -> None:
    own = [PolicyRow(STUDENT, 48, 100), PolicyRow(STUDENT, 12, 80, 1000)]
    found = quote(Cancellation(STUDENT, START - timedelta(hours=24), START), PAID, own)
    assert (found.percent, found.fee_cents, found.refund_cents) == (80, 1000, 6600)
    assert found.applied == own[1]
    assert found.full_refund_until == START - timedelta(hours=48)
    guardian = quote(Cancellation(CancellationActor.GUARDIAN, START - timedelta(hours=24), START), PAID, own)
    assert guardian.percent == 100
    too_late = quote(Cancellation(STUDENT, START - timedelta(hours=11), START), PAID, own)
    assert (too_late.percent, too_late.applied) == (0, None)


def test_the_admin_chooses_with_a_reason() -> None:
    def by_admin(percent: int | None, reason: str = "Car broke down") -> CancellationQuote:
        wish = Cancellation(CancellationActor.ADMIN, START, START, chosen_percent=percent, reason=reason)
        return quote(wish, PAID, DEFAULT_POLICY)

    assert by_admin(75).refund_cents == 7125
    for percent, reason, column in ((None, "ill", "refund_percent"), (101, "ill", "refund_percent"), (50, " ", None)):
        with pytest.raises(UserError) as refused:
            by_admin(percent, reason)
        assert refused.value.code == "invalid"
        assert refused.value.column == (column or "cancellation_reason")


def test_nobody_else_chooses_a_percentage() -> None:
    with pytest.raises(UserError):
        quote(Cancellation(STUDENT, START, START, chosen_percent=100), PAID, DEFAULT_POLICY)


@pytest.mark.parametrize("status", [BookingStatus.DRAFT, BookingStatus.REQUESTED, BookingStatus.PENDING_PAYMENT])
def test_what_was_never_confirmed_costs_nothing(status: BookingStatus) -> None:
    found = quote(Cancellation(STUDENT, START, START, status), PAID, DEFAULT_POLICY)
    assert (found.refund_cents, found.still_owed_cents) == (9500, 0)


def test_the_desk_sees_what_an_unpaid_late_cancellation_costs() -> None:
    assert at(timedelta(hours=1), money=Money(9500, 1425)).still_owed_cents == 9500
    assert at(timedelta(hours=3), money=Money(9500, 1425, paid_cents=2000)).still_owed_cents == 9500 - 4750 - 1000
    assert at(timedelta(hours=25), money=Money(9500, 1425)).still_owed_cents == 0


def test_an_earlier_refund_counts() -> None:
    money = Money(9500, 1425, paid_cents=9500, refunded_cents=5000)
    assert split_refund(money, 50).refund_cents == 4500
    assert split_refund(money, 100) == (4500, 0, 0)
    assert split_refund(Money(0, 0), 100) == (0, 0, 0)


@given(
    price=st.integers(0, 10**9),
    fee_bp=st.integers(0, 10_000),
    paid=st.integers(0, 10**9),
    refunded_share=st.integers(0, 100),
    percent=st.integers(0, 100),
    fee=st.integers(0, 10**6),
)
def test_a_refund_never_exceeds_what_is_there_and_its_parts_add_up(
    price: int, fee_bp: int, paid: int, refunded_share: int, percent: int, fee: int
) -> None:
    paid = min(paid, price)
    refunded = paid * refunded_share // 100
    kept = split_refund(Money(price, split_price(price, fee_bp).platform_fee_cents, paid, refunded), percent, fee)
    assert 0 <= kept.refund_cents <= paid - refunded
    assert min(kept) >= 0
    assert sum(kept) == paid - refunded


@pytest.mark.parametrize(("hours", "back"), [(24, 45), (3, 23), (1, 0)])
def test_package_minutes_come_back_in_the_percent_of_the_money(hours: int, back: int) -> None:
    wish = Cancellation(STUDENT, START - timedelta(hours=hours), START, package_minutes=45)
    found = quote(wish, Money(9500, 1425), DEFAULT_POLICY)
    assert (found.minutes_back, found.minutes_kept) == (back, 45 - back)
    assert (found.refund_cents, found.still_owed_cents) == (0, 0)


@given(
    minutes=st.integers(0, 600),
    actor=st.sampled_from([STUDENT, CancellationActor.GUARDIAN, CancellationActor.INSTRUCTOR]),
    left=st.integers(-120, 72 * 60),
    status=st.sampled_from([BookingStatus.CONFIRMED, BookingStatus.REQUESTED, BookingStatus.IN_PROGRESS]),
    fee=st.integers(0, 12_000),
)
def test_minutes_back_and_kept_are_the_minutes_and_only_a_fixed_fee_is_money(
    minutes: int, actor: CancellationActor, left: int, status: BookingStatus, fee: int
) -> None:
    rows = [PolicyRow(row.actor, row.hours_before_start, row.refund_percent, fee) for row in DEFAULT_POLICY]
    wish = Cancellation(actor, START - timedelta(minutes=left), START, status, package_minutes=minutes)
    found = quote(wish, Money(9500, 1425), rows)
    assert found.minutes_back + found.minutes_kept == minutes
    assert min(found.minutes_back, found.minutes_kept) >= 0
    if actor is CancellationActor.INSTRUCTOR or left >= 24 * 60 or status is BookingStatus.REQUESTED:
        assert found.minutes_kept == 0
    if minutes:
        assert found.still_owed_cents == min(found.fee_cents, 9500)
