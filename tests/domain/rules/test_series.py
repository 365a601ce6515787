from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.domain.scheduling.rules.availability import Hours, WeeklyHours, expand
from driveflow_desktop.domain.scheduling.rules.diary import Booked, Diary, SchoolRules, Slot
from driveflow_desktop.domain.scheduling.rules.series import (
    ClashPolicy,
    Member,
    SeriesPlan,
    SeriesScope,
    moved_starts,
    preview,
    reached,
    regular_slots,
)
from driveflow_desktop.domain.scheduling.rules.verdict import Context, VerdictKind, verdict
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date, minute_of_day, wall_to_utc

SYDNEY = ZoneInfo("Australia/Sydney")
ZONES = [SYDNEY, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Europe/London")]
MONDAY = date(2027, 3, 15)  # three weeks before the clocks go back
DANA, MIA = UUID(int=1), UUID(int=11)
NOW = datetime(2027, 3, 1, tzinfo=UTC)
WEEK = Hours([WeeklyHours(day, 540, 1020) for day in range(1, 6)])
EASTER = date(2027, 3, 29)


def at(hour: float, day: date) -> datetime:
    return wall_to_utc(day, round(hour * 60), SYDNEY)


def context(*occupied: Booked) -> Context:
    holidays = frozenset({EASTER})
    spans = expand(WEEK, holidays, MONDAY, MONDAY + timedelta(weeks=12), SYDNEY)
    return Context(SchoolRules(SYDNEY, closed_holidays=holidays), Diary(DANA, spans, occupied), NOW)


def weekly(
    lessons: int, on_clash: ClashPolicy = ClashPolicy.SKIP, accepted: frozenset[VerdictKind] = frozenset()
) -> SeriesPlan:
    return SeriesPlan(Slot(DANA, at(10, MONDAY), at(11, MONDAY), MIA), lessons, on_clash, accepted=accepted)


def test_a_preview_gives_every_date_a_verdict_and_an_action() -> None:
    taken = Booked(UUID(int=100), DANA, UUID(int=12), at(9.5, date(2027, 4, 5)), at(10.5, date(2027, 4, 5)))
    dates = preview(weekly(5), context(taken))
    assert [one.day for one in dates] == [MONDAY + timedelta(weeks=week) for week in range(5)]
    assert [one.verdict.kind.value for one in dates] == ["ok", "ok", "holiday", "slot_taken", "ok"]
    assert [one.action.value for one in dates] == ["book", "book", "skip", "skip", "book"]
    assert [one.slot is None for one in dates] == [False, False, True, True, False]


def test_clashes_are_shifted_to_the_nearest_time_of_the_same_day() -> None:
    taken = Booked(UUID(int=100), DANA, UUID(int=12), at(9.5, date(2027, 4, 5)), at(10.5, date(2027, 4, 5)))
    around = context(taken)
    dates = preview(weekly(5, ClashPolicy.SHIFT), around)
    assert [one.action.value for one in dates] == ["book", "book", "skip", "shift", "book"]
    shifted = dates[3].slot
    assert shifted is not None
    assert shifted.start == at(10.75, date(2027, 4, 5))
    assert shifted.student_id == MIA
    assert verdict(shifted, around).ok


def test_advice_can_be_accepted_for_the_whole_series_but_no_overlap() -> None:
    taken = Booked(UUID(int=100), DANA, UUID(int=12), at(10, MONDAY), at(11, MONDAY))
    dates = preview(weekly(3, accepted=frozenset(VerdictKind)), context(taken))
    assert [one.action.value for one in dates] == ["skip", "book", "book"]
    assert dates[2].verdict.kind is VerdictKind.HOLIDAY


@given(
    tz=st.sampled_from(ZONES),
    first=st.dates(date(2026, 9, 1), date(2027, 6, 1)),
    minute=st.integers(0, 1439),
    lessons=st.integers(1, 60),
    every=st.integers(1, 3),
)
def test_a_series_keeps_its_wall_time_across_clock_changes(
    tz: ZoneInfo, first: date, minute: int, lessons: int, every: int
) -> None:
    start = wall_to_utc(first, minute, tz)
    wall = minute_of_day(start, tz)
    plan = SeriesPlan(Slot(DANA, start, start + timedelta(minutes=50)), lessons, every_weeks=every)
    slots = regular_slots(plan, tz)
    assert len(slots) == lessons
    for index, slot in enumerate(slots):
        day = local_date(start, tz) + timedelta(weeks=index * every)
        assert local_date(slot.start, tz) == day
        in_gap = minute_of_day(wall_to_utc(day, wall, tz), tz) != wall
        assert in_gap or minute_of_day(slot.start, tz) == wall
        assert slot.end - slot.start == timedelta(minutes=50)


@pytest.mark.parametrize("lessons", [0, 105])
def test_a_series_has_a_sensible_length(lessons: int) -> None:
    with pytest.raises(UserError) as refused:
        regular_slots(weekly(lessons), SYDNEY)
    assert refused.value.column == "lessons"


def members() -> list[Member]:
    statuses = [BookingStatus.COMPLETED, *[BookingStatus.CONFIRMED] * 3, BookingStatus.CANCELLED]
    return [
        Member(UUID(int=week), at(10, day), at(11, day), status)
        for week, status in enumerate(statuses)
        for day in [MONDAY + timedelta(weeks=week)]
    ]


@pytest.mark.parametrize(
    ("scope", "expected"), [(SeriesScope.THIS, [2]), (SeriesScope.FOLLOWING, [2, 3]), (SeriesScope.ALL, [1, 2, 3])]
)
def test_an_edit_reaches_this_the_following_or_all_that_can_change(scope: SeriesScope, expected: list[int]) -> None:
    assert [member.id.int for member in reached(members()[::-1], UUID(int=2), scope)] == expected


def test_an_edit_of_a_lesson_that_left_the_series_is_refused() -> None:
    with pytest.raises(UserError) as refused:
        reached(members(), UUID(int=99), SeriesScope.ALL)
    assert refused.value.code == "gone"


def test_moving_the_following_lessons_keeps_the_new_wall_time() -> None:
    some = members()[1:4]
    tuesday = at(14, MONDAY + timedelta(weeks=1, days=1))
    moved = moved_starts(some, some[0], tuesday, SYDNEY)
    assert list(moved.values()) == [at(14, MONDAY + timedelta(weeks=week, days=1)) for week in (1, 2, 3)]
