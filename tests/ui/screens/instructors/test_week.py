"""The pure week: dragging, adding, versions. No Qt, no database."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.domain.scheduling.commands.hours import Block
from driveflow_desktop.domain.scheduling.queries import WeeklyRow
from driveflow_desktop.ui.screens.instructors.week import (
    SHORTEST,
    Edge,
    Span,
    dragged,
    hours_words,
    new_span,
    next_gap,
    snapped,
    split_at,
    versions,
    visible_range,
)

TODAY = date(2026, 11, 24)
MORNING, AFTERNOON = Span(480, 720), Span(750, 990)


def row(number: int, first: date | None = None, last: date | None = None, day: int = 1) -> WeeklyRow:
    return WeeklyRow(UUID(int=number), UUID(int=99), day, 480, 720, first, last)


@pytest.mark.parametrize(
    ("edge", "by", "expected"),
    [
        ("both", 15, Span(495, 735)),
        ("both", 90, Span(510, 750)),
        ("both", -600, Span(0, 240)),
        ("end", 15, Span(480, 735)),
        ("end", 600, Span(480, 750)),
        ("end", -600, Span(480, 495)),
        ("start", -60, Span(420, 720)),
        ("start", 600, Span(705, 720)),
    ],
)
def test_a_bar_stops_at_its_neighbour_at_midnight_and_at_its_shortest(edge: Edge, by: int, expected: Span) -> None:
    assert dragged(MORNING, edge, by, [AFTERNOON]) == expected


@given(
    edges=st.lists(st.integers(0, 96), min_size=2, max_size=8, unique=True),
    which=st.integers(0, 3),
    edge=st.sampled_from(["start", "end", "both"]),
    by=st.integers(-2000, 2000),
)
def test_whatever_is_dragged_bars_never_overlap_nor_leave_the_day(
    edges: list[int], which: int, edge: Edge, by: int
) -> None:
    points = sorted(15 * each for each in edges)[: len(edges) // 2 * 2]
    spans = [Span(start, end) for start, end in zip(points[::2], points[1::2], strict=True)]
    bar = spans[which % len(spans)]
    others = [span for span in spans if span is not bar]
    found = dragged(bar, edge, by, others)
    assert 0 <= found.start < found.end <= 1440
    assert found.minutes >= SHORTEST
    assert all(found.end <= other.start or other.end <= found.start for other in others)
    assert edge != "both" or found.minutes == bar.minutes


def test_new_hours_begin_on_the_quarter_and_are_cut_at_the_next_bar() -> None:
    assert new_span(610, []) == Span(600, 840)
    assert new_span(725, [MORNING, AFTERNOON]) == Span(720, 750)
    assert new_span(500, [MORNING]) is None
    assert new_span(1435, []) == Span(1425, 1440)


def test_hours_added_by_keyboard_find_a_gap() -> None:
    assert next_gap([]) == Span(480, 720)
    assert next_gap([MORNING]) == Span(750, 990)
    assert next_gap([Span(480, 1440)]) == Span(240, 480)
    assert next_gap([Span(0, 1440)]) is None


def test_minutes_snap_to_quarters_within_the_day() -> None:
    assert [snapped(minute) for minute in (-20, 7, 8, 1439)] == [0, 0, 15, 1440]


def test_later_dates_make_later_weeks() -> None:
    february = date(2027, 2, 1)
    found = versions([row(1, None, date(2027, 1, 31)), row(2, february), row(3, date(2020, 1, 1), TODAY)], TODAY)
    assert [version.first for version in found] == [date(2020, 1, 1), date(2026, 11, 25), february]
    assert [{bar.id.int for bar in version.bars} for version in found] == [{1, 3}, {1}, {2}]


def test_an_instructor_without_hours_has_one_empty_week() -> None:
    (only,) = versions([], TODAY)
    assert (only.first, only.bars) == (None, ())


def test_splitting_leaves_both_halves_and_what_does_not_hold_then() -> None:
    day = date(2027, 2, 1)
    over = Block(0, 60, None, date(2026, 12, 1))
    later = Block(0, 60, date(2027, 3, 1))
    assert split_at([Block(480, 720), over, later], day) == (
        Block(480, 720, None, date(2027, 1, 31)),
        Block(480, 720, day),
        over,
        later,
    )
    assert split_at(split_at([Block(480, 720)], day), day) == split_at([Block(480, 720)], day)


def test_tracks_show_working_hours_and_more_where_needed() -> None:
    (version,) = versions([row(1)], TODAY)
    assert visible_range(version.bars) == Span(360, 1200)
    early = WeeklyRow(UUID(int=4), UUID(int=99), 2, 315, 1335, None, None)
    (version,) = versions([row(1), early], TODAY)
    assert visible_range(version.bars) == Span(300, 1380)


def test_totals_in_words() -> None:
    assert hours_words([MORNING, AFTERNOON], "off") == "8 h"
    assert hours_words([Span(0, 75)], "off") == "1.25 h"
    assert hours_words([], "off") == "off"
