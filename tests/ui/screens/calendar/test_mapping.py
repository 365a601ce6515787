"""Minutes of the page and instants, there and back, also on days on which the clocks change."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.kernel.time import Interval, day_interval
from driveflow_desktop.ui.screens.calendar.mapping import Axis, _hours, span_words

SYDNEY = ZoneInfo("Australia/Sydney")
KEY = "column"


def axis(day: date, *, week: bool) -> Axis:
    origins = None if week else {KEY: day_interval(day, SYDNEY).start}
    return Axis(SYDNEY, {KEY: day}, {KEY: uuid4()}, origins)


@given(
    day=st.sampled_from([date(2026, 10, 4), date(2026, 11, 24), date(2027, 4, 4)]),
    quarter=st.integers(0, 80),
    length=st.integers(1, 12),
    week=st.booleans(),
)
def test_a_lesson_stays_where_it_is(day: date, quarter: int, length: int, *, week: bool) -> None:
    here = axis(day, week=week)
    start = day_interval(day, SYDNEY).start + timedelta(minutes=15 * quarter)
    span = Interval(start, start + timedelta(minutes=15 * length))
    found = here.span(KEY, *here.minutes(KEY, span))
    assert found.minutes == span.minutes
    # In the hour that happens twice a wall-time gutter cannot tell the passes apart; the day's own axis can.
    twice = week and day == date(2027, 4, 4) and start.astimezone(SYDNEY).hour == 2
    assert twice or found == span


@pytest.mark.parametrize(
    ("day", "labels", "third"),
    [(date(2026, 10, 4), 23, "3 am"), (date(2026, 11, 24), 24, "2 am"), (date(2027, 4, 4), 25, "2 am")],
)
def test_the_gutter_has_the_hours_of_the_day(day: date, labels: int, third: str) -> None:
    found = _hours(SYDNEY, day)
    assert len(found) == labels
    assert found[2] == (120, third)
    assert [minute for minute, _words in found] == [60 * n for n in range(labels)]


def test_span_words_say_am_and_pm_once() -> None:
    start = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    assert span_words(start, start + timedelta(minutes=90), SYDNEY) == "2:00–3:30 pm"
    assert span_words(start - timedelta(hours=3), start, SYDNEY) == "11:00 am–2:00 pm"
