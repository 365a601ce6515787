from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.domain.scheduling.rules.availability import (
    DayException,
    Hours,
    WeeklyHours,
    expand,
    expand_all,
    subtract,
)
from driveflow_desktop.kernel.time import Interval, weekday_sunday0

SYDNEY, LORD_HOWE, LONDON = (ZoneInfo(name) for name in ("Australia/Sydney", "Australia/Lord_Howe", "Europe/London"))
MINUTE = timedelta(minutes=1)
MONDAY = date(2026, 11, 23)
NINE_TO_FIVE = tuple(WeeklyHours(day, 540, 1020) for day in range(1, 6))

CHANGES = [
    (SYDNEY, date(2026, 10, 4)),
    (SYDNEY, date(2027, 4, 4)),
    (LORD_HOWE, date(2026, 10, 4)),
    (LORD_HOWE, date(2027, 4, 4)),
    (LONDON, date(2027, 3, 28)),
    (LONDON, date(2026, 10, 25)),
]


def wall(day: date, hours: Hours, holidays: set[date] | None = None) -> list[tuple[int, int]]:
    """The open spans of a day without a clock change, as wall minutes."""
    return [
        (
            int((span.start.astimezone(SYDNEY).replace(tzinfo=None) - midnight) / MINUTE),
            int((span.end - span.start) / MINUTE),
        )
        for midnight in [datetime.combine(day, datetime.min.time())]
        for span in expand(hours, holidays or set(), day, day, SYDNEY)
    ]


def test_weekly_rows_open_their_weekday_within_their_dates() -> None:
    rows = (WeeklyHours(1, 540, 720, effective_from=MONDAY, effective_to=MONDAY), WeeklyHours(1, 720, 780))
    assert wall(MONDAY, Hours(rows)) == [(540, 240)]
    assert wall(MONDAY + timedelta(days=7), Hours(rows)) == [(720, 60)]
    assert wall(MONDAY + timedelta(days=1), Hours(rows)) == []


@pytest.mark.parametrize(
    ("exceptions", "expected"),
    [
        ([DayException(MONDAY, False)], []),
        ([DayException(MONDAY, False, 0, 1440)], []),
        ([DayException(MONDAY, False, 720, 780)], [(540, 180), (780, 240)]),
        ([DayException(MONDAY, True, 1020, 1080)], [(540, 540)]),
        ([DayException(MONDAY, False), DayException(MONDAY, True, 600, 660)], [(600, 60)]),
        ([DayException(MONDAY, True, 480, 600), DayException(MONDAY, False, 570, 630)], [(480, 90), (630, 390)]),
        ([DayException(MONDAY, False, 960)], [(540, 420)]),
        ([DayException(MONDAY, True)], [(540, 480)]),
        ([DayException(MONDAY + timedelta(days=1), False)], [(540, 480)]),
    ],
)
def test_an_exception_closes_opens_or_replaces_a_part(
    exceptions: list[DayException], expected: list[tuple[int, int]]
) -> None:
    assert wall(MONDAY, Hours(NINE_TO_FIVE, exceptions)) == expected
    assert wall(MONDAY, Hours(NINE_TO_FIVE, exceptions[::-1])) == expected


@pytest.mark.parametrize(
    ("exceptions", "expected"),
    [
        ([], []),
        ([DayException(MONDAY, True)], [(540, 480)]),
        ([DayException(MONDAY, True, 600, 720)], [(600, 120)]),
        ([DayException(MONDAY, True), DayException(MONDAY, False, 720, 780)], [(540, 180), (780, 240)]),
    ],
)
def test_a_holiday_closes_the_day_unless_an_exception_opens_it(
    exceptions: list[DayException], expected: list[tuple[int, int]]
) -> None:
    assert wall(MONDAY, Hours(NINE_TO_FIVE, exceptions), {MONDAY}) == expected


def test_opening_a_day_without_hours_opens_all_of_it() -> None:
    sunday = MONDAY - timedelta(days=1)
    assert wall(sunday, Hours(NINE_TO_FIVE, [DayException(sunday, True)])) == [(0, 1440)]
    lunch = [DayException(sunday, True), DayException(sunday, False, 720, 780)]
    assert wall(sunday, Hours(NINE_TO_FIVE, lunch)) == [(0, 720), (780, 660)]


def test_spans_that_meet_at_midnight_are_one() -> None:
    hours = Hours([WeeklyHours(1, 1320, 1440), WeeklyHours(2, 0, 120)])
    (night,) = expand(hours, (), MONDAY, MONDAY + timedelta(days=1), SYDNEY)
    assert night.minutes == 240


def test_a_whole_day_follows_the_length_of_the_day() -> None:
    lengths = [expand(Hours([WeeklyHours(0, 0, 1440)]), (), day, day, tz)[0].minutes for tz, day in CHANGES]
    assert lengths == [1380, 1500, 1410, 1470, 1380, 1500]


def test_edges_inside_a_clock_change() -> None:
    spring, autumn = date(2026, 10, 4), date(2027, 4, 4)
    hours = Hours([WeeklyHours(0, 150, 240)])
    (gap,) = expand(hours, (), spring, spring, SYDNEY)
    assert gap == (datetime(2026, 10, 3, 16, 0, tzinfo=UTC), datetime(2026, 10, 3, 17, 0, tzinfo=UTC))
    assert expand(Hours([WeeklyHours(0, 120, 180)]), (), spring, spring, SYDNEY) == ()
    (fold,) = expand(Hours([WeeklyHours(0, 150, 165)]), (), autumn, autumn, SYDNEY)
    assert fold.minutes == 75


def test_many_instructors_at_once_get_what_each_gets_alone() -> None:
    people = {UUID(int=1): Hours(NINE_TO_FIVE), UUID(int=2): Hours([WeeklyHours(0, 540, 600)])}
    last = MONDAY + timedelta(days=13)
    together = expand_all(people, {MONDAY}, MONDAY, last, SYDNEY)
    assert together == {name: expand(own, {MONDAY}, MONDAY, last, SYDNEY) for name, own in people.items()}


# --- the oracle: look at every minute of the time line and read the wall clock there ---


@cache
def wall_clock(day: date, tz: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """Every instant of `day`, the next one and a day around them, minute by minute, beside its wall time."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    instants = (start + offset * MINUTE for offset in range(4 * 1440))
    return [(instant, instant.astimezone(tz).replace(tzinfo=None)) for instant in instants]


def edge(clock: list[tuple[datetime, datetime]], day: date, minute: int, *, is_end: bool) -> datetime:
    """The first minute at which the wall shows the time, the last one for an end, the next valid one in a gap."""
    wanted = datetime.combine(day, datetime.min.time()) + minute * MINUTE
    shown = [instant for instant, wall_time in clock if wall_time == wanted]
    if shown:
        return shown[-1] if is_end else shown[0]
    return next(instant for instant, wall_time in clock if wall_time > wanted)


def oracle(hours: Hours, holidays: set[date], first: date, last: date, tz: ZoneInfo) -> set[datetime]:
    clock = wall_clock(first, tz)

    def minutes_of(day: date, start: int, end: int) -> set[datetime]:
        low, high = edge(clock, day, start, is_end=False), edge(clock, day, end, is_end=True)
        return {instant for instant, _ in clock if low <= instant < high}

    found: set[datetime] = set()
    day = first
    while day <= last:
        own = [row for row in hours.exceptions if row.day == day]
        whole = [row for row in own if row.is_whole_day]
        parts = [row for row in own if not row.is_whole_day]
        weekly = [
            (row.start_minute, row.end_minute)
            for row in hours.weekly
            if row.day_of_week == weekday_sunday0(day)
            and (row.effective_from or day) <= day <= (row.effective_to or day)
        ]
        closed = any(not row.is_available for row in whole) or (day in holidays and not whole)
        opening = [row.minutes for row in parts if row.is_available]
        spans = opening + ([] if closed else weekly)
        if whole and not closed and not spans:
            spans = [(0, 1440)]
        today = {instant for span in spans for instant in minutes_of(day, *span)}
        for row in parts:
            if not row.is_available:
                today -= minutes_of(day, *row.minutes)
        found |= today
        day += timedelta(days=1)
    return found


def quarter(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low // 15, high // 15).map(lambda part: part * 15)


@st.composite
def parts(draw: st.DrawFn) -> tuple[int, int]:
    start = draw(quarter(0, 300) | quarter(0, 1425))
    return start, draw(quarter(start + 15, max(start + 15, 1440)))


@st.composite
def situations(draw: st.DrawFn) -> tuple[ZoneInfo, date, Hours, set[date]]:
    tz, changing = draw(st.sampled_from(CHANGES))
    days = [changing - timedelta(days=1), changing]
    weekly = [
        WeeklyHours(
            weekday_sunday0(draw(st.sampled_from(days))),
            *span,
            draw(st.none() | st.sampled_from(days)),
            draw(st.none() | st.sampled_from(days)),
        )
        for span in draw(st.lists(parts(), max_size=3))
    ]
    exceptions = [
        DayException(draw(st.sampled_from(days)), draw(st.booleans()), *(span or (None, None)))
        for span in draw(st.lists(st.none() | parts(), max_size=3))
    ]
    return tz, days[0], Hours(weekly, exceptions), draw(st.sets(st.sampled_from(days), max_size=1))


@given(situations())
def test_expansion_is_what_the_wall_clock_shows_minute_by_minute(
    situation: tuple[ZoneInfo, date, Hours, set[date]],
) -> None:
    tz, first, hours, holidays = situation
    last = first + timedelta(days=1)
    spans = expand(hours, holidays, first, last, tz)
    covered = {span.start + offset * MINUTE for span in spans for offset in range(span.minutes)}
    assert covered == oracle(hours, holidays, first, last, tz)
    assert all(span.start < span.end for span in spans)
    assert all(left.end < right.start for left, right in pairwise(spans))


def test_subtract_leaves_what_is_not_taken() -> None:
    at = [datetime(2026, 1, 1, tzinfo=UTC) + hour * timedelta(hours=1) for hour in range(10)]
    spans = [Interval(at[0], at[4]), Interval(at[5], at[9])]
    holes = [Interval(at[1], at[2]), Interval(at[3], at[6]), Interval(at[8], at[9])]
    assert subtract(spans, holes) == [(at[0], at[1]), (at[2], at[3]), (at[6], at[8])]
