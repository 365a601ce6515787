from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.kernel.clock import FixedClock, SystemClock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import (
    Interval,
    day_interval,
    from_micros,
    local_date,
    minute_of_day,
    require_bookable,
    to_micros,
    wall_to_utc,
    weekday_sunday0,
    zone,
)

SYDNEY, LORD_HOWE, LONDON = (ZoneInfo(name) for name in ("Australia/Sydney", "Australia/Lord_Howe", "Europe/London"))
ZONES = st.sampled_from([SYDNEY, LORD_HOWE, LONDON, ZoneInfo("America/Havana"), ZoneInfo("Asia/Beirut")])
DAYS = st.dates(date(2001, 1, 1), date(2098, 12, 31))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("tz", "day", "minute", "expected"),
    [
        (SYDNEY, date(2026, 10, 4), 119, "2026-10-03T15:59"),
        (SYDNEY, date(2026, 10, 4), 120, "2026-10-03T16:00"),
        (SYDNEY, date(2026, 10, 4), 150, "2026-10-03T16:00"),
        (SYDNEY, date(2026, 10, 4), 180, "2026-10-03T16:00"),
        (SYDNEY, date(2026, 10, 4), 181, "2026-10-03T16:01"),
        (LORD_HOWE, date(2026, 10, 4), 120, "2026-10-03T15:30"),
        (LORD_HOWE, date(2026, 10, 4), 135, "2026-10-03T15:30"),
        (LORD_HOWE, date(2026, 10, 4), 150, "2026-10-03T15:30"),
        (LONDON, date(2027, 3, 28), 90, "2027-03-28T01:00"),
        (LONDON, date(2027, 3, 28), 120, "2027-03-28T01:00"),
    ],
)
def test_a_time_that_does_not_exist_moves_to_the_next_valid_one(
    tz: ZoneInfo, day: date, minute: int, expected: str
) -> None:
    assert wall_to_utc(day, minute, tz) == wall_to_utc(day, minute, tz, is_end=True) == utc(expected)


@pytest.mark.parametrize(
    ("tz", "day", "minute", "start", "end"),
    [
        (SYDNEY, date(2027, 4, 4), 119, "2027-04-03T14:59", "2027-04-03T14:59"),
        (SYDNEY, date(2027, 4, 4), 120, "2027-04-03T15:00", "2027-04-03T16:00"),
        (SYDNEY, date(2027, 4, 4), 150, "2027-04-03T15:30", "2027-04-03T16:30"),
        (SYDNEY, date(2027, 4, 4), 180, "2027-04-03T17:00", "2027-04-03T17:00"),
        (LORD_HOWE, date(2027, 4, 4), 105, "2027-04-03T14:45", "2027-04-03T15:15"),
        (LORD_HOWE, date(2027, 4, 4), 120, "2027-04-03T15:30", "2027-04-03T15:30"),
        (LONDON, date(2026, 10, 25), 90, "2026-10-25T00:30", "2026-10-25T01:30"),
    ],
)
def test_a_time_that_happens_twice_is_the_first_as_a_start_and_the_second_as_an_end(
    tz: ZoneInfo, day: date, minute: int, start: str, end: str
) -> None:
    assert wall_to_utc(day, minute, tz) == utc(start)
    assert wall_to_utc(day, minute, tz, is_end=True) == utc(end)


@pytest.mark.parametrize(
    ("tz", "day", "minutes"),
    [
        (SYDNEY, date(2026, 10, 4), 1380),
        (SYDNEY, date(2027, 4, 4), 1500),
        (LORD_HOWE, date(2026, 10, 4), 1410),
        (LORD_HOWE, date(2027, 4, 4), 1470),
        (LONDON, date(2027, 3, 28), 1380),
        (LONDON, date(2026, 10, 25), 1500),
        (LONDON, date(2026, 11, 24), 1440),
    ],
)
def test_the_length_of_a_day(tz: ZoneInfo, day: date, minutes: int) -> None:
    assert day_interval(day, tz).minutes == minutes


@given(DAYS, ZONES)
def test_days_follow_each_other_without_gap_or_overlap(day: date, tz: ZoneInfo) -> None:
    today, tomorrow = day_interval(day, tz), day_interval(day + timedelta(days=1), tz)
    assert today.end == tomorrow.start
    assert local_date(today.start, tz) == day
    assert local_date(today.end - timedelta(microseconds=1), tz) == day


@given(DAYS, st.integers(0, 1440), ZONES)
def test_a_wall_time_that_exists_is_read_back_and_an_end_is_never_before_its_start(
    day: date, minute: int, tz: ZoneInfo
) -> None:
    start, end = wall_to_utc(day, minute, tz), wall_to_utc(day, minute, tz, is_end=True)
    assert start <= end
    wall = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minute)
    for instant in (start, end):
        read = instant.astimezone(tz).replace(tzinfo=None)
        before = (instant - timedelta(seconds=1)).astimezone(tz).replace(tzinfo=None)
        assert read == wall or before < wall < read


@given(st.datetimes(timezones=st.just(UTC)))
def test_microseconds_are_exact_both_ways(instant: datetime) -> None:
    assert from_micros(to_micros(instant)) == instant


@given(st.integers(-(10**15), 10**16))
def test_instants_are_exact_both_ways(micros: int) -> None:
    assert to_micros(from_micros(micros)) == micros


def test_other_zones_have_the_same_microseconds() -> None:
    instant = utc("2026-10-03T16:00:00.000001")
    assert to_micros(instant.astimezone(SYDNEY)) == to_micros(instant)


def test_naive_times_are_refused() -> None:
    naive = datetime(2026, 11, 24)  # noqa: DTZ001
    with pytest.raises(ValueError, match="naive"):
        to_micros(naive)
    with pytest.raises(ValueError, match="aware"):
        FixedClock(naive)
    with pytest.raises(UserError):
        require_bookable(naive, naive)


def test_intervals_are_half_open() -> None:
    at = [utc("2026-11-24T00:00") + timedelta(hours=hour) for hour in range(4)]
    first, second, both = Interval(at[0], at[1]), Interval(at[1], at[2]), Interval(at[0], at[2])
    assert not first.overlaps(second)
    assert not second.overlaps(first)
    assert first.overlaps(both)
    assert both.contains(first)
    assert both.contains(second)
    assert not first.contains(both)


def test_minutes_and_weekdays_on_the_schools_wall() -> None:
    instant = utc("2026-10-03T16:30")
    assert minute_of_day(instant, SYDNEY) == 210
    assert local_date(instant, SYDNEY) == date(2026, 10, 4)
    assert [weekday_sunday0(date(2026, 10, 4) + timedelta(days=day)) for day in range(7)] == list(range(7))


def test_zones_are_checked() -> None:
    assert zone("Australia/Sydney") == SYDNEY
    for name in ("Sydney", "", "../etc/passwd", "Australia", "a\0b"):
        with pytest.raises(UserError) as refused:
            zone(name)
        assert refused.value.code == "invalid"


@pytest.mark.parametrize(
    ("start", "end", "column"),
    [
        ("2026-11-24T10:00", "2026-11-24T10:00", "end_at"),
        ("2026-11-24T10:00", "2026-11-24T09:00", "end_at"),
        ("2026-11-24T10:00", "2026-11-25T10:01", "end_at"),
        ("1999-12-31T23:00", "2000-01-01T01:00", "start_at"),
        ("2099-12-31T23:00", "2100-01-01T00:01", "start_at"),
    ],
)
def test_a_booking_has_a_sensible_span(start: str, end: str, column: str) -> None:
    with pytest.raises(UserError) as refused:
        require_bookable(utc(start), utc(end))
    assert refused.value.column == column


def test_a_sensible_span_is_given_back_in_utc() -> None:
    start = datetime(2026, 11, 24, 10, tzinfo=SYDNEY)
    span = require_bookable(start, start + timedelta(hours=24))
    assert span == (utc("2026-11-23T23:00"), utc("2026-11-24T23:00"))
    assert span.start.tzinfo is UTC


def test_clocks() -> None:
    clock = FixedClock(datetime(2026, 11, 24, 10, tzinfo=SYDNEY))
    assert clock.now() == utc("2026-11-23T23:00")
    clock.advance(timedelta(hours=1))
    assert clock.now() == utc("2026-11-24T00:00")
    clock.set(utc("2020-01-01T00:00"))
    assert clock.now() == utc("2020-01-01T00:00")
    assert SystemClock().now().utcoffset() == timedelta(0)
