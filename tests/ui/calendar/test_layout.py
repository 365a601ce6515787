"""The geometry: nothing hidden, nothing shared, and every pixel leads back to its lesson."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.ui.calendar.layout import GridLayout, PagePlan, assign_lanes
from driveflow_desktop.ui.calendar.snapshot import CalendarColumn, CalendarLesson, CalendarPage
from tests.ui.calendar.pages import HOURS, lesson, lesson_id

KEYS = ("a", "b", "c")


def page_of(*lessons: CalendarLesson, keys: tuple[str, ...] = KEYS, day_minutes: int = 1440) -> CalendarPage:
    columns = tuple(CalendarColumn(key, key.upper()) for key in keys)
    return CalendarPage("", columns, lessons, day_minutes, HOURS)


def layout_of(page: CalendarPage, width: int = 900, zoom: float = 66.0, column_width: int = 118) -> GridLayout:
    return GridLayout(PagePlan(page), width, zoom, column_width)


@st.composite
def pages(draw: st.DrawFn) -> CalendarPage:
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from(KEYS),
                st.integers(0, 1425),
                st.integers(5, 240),
                st.sampled_from(["confirmed", "cancelled", "no_show", "completed"]),
            ),
            max_size=40,
        )
    )
    return page_of(
        *(
            lesson(number, key, start, min(start + length, 1440), status=status)
            for number, (key, start, length, status) in enumerate(rows)
        )
    )


zooms = st.floats(36, 264)
widths = st.integers(400, 2400)


@given(pages(), widths, zooms)
def test_frames_of_a_column_never_overlap(page: CalendarPage, width: int, zoom: float) -> None:
    layout = layout_of(page, width, zoom)
    for column in range(len(KEYS)):
        for one, other in combinations([placed.frame for placed in layout.placed(column)], 2):
            assert not one.meets(other.x, other.y, other.x + other.width, other.y + other.height)


@given(pages(), widths, zooms)
def test_the_middle_of_a_frame_is_its_lesson(page: CalendarPage, width: int, zoom: float) -> None:
    layout = layout_of(page, width, zoom)
    for one in page.lessons:
        placed = layout.find(one.id)
        assert placed is not None
        frame = placed.frame
        hit = layout.hit(frame.x + frame.width / 2, frame.y + frame.height / 2)
        assert hit is not None
        assert hit.lesson is one


@given(pages(), zooms, st.integers(0, 1500), st.integers(1, 900), st.integers(0, 800), st.integers(1, 800))
def test_the_visible_slice_is_what_a_search_through_all_finds(
    page: CalendarPage, zoom: float, top: int, height: int, left: int, width: int
) -> None:
    layout = layout_of(page, 900, zoom)
    found = [placed.lesson.id for placed in layout.visible(left, top, left + width, top + height)]
    everything = [placed for one in page.lessons if (placed := layout.find(one.id))]
    expected = {each.lesson.id for each in everything if each.frame.meets(left, top, left + width, top + height)}
    assert set(found) == expected
    assert len(found) == len(expected)


@given(pages())
def test_doubled_means_a_real_overlap_of_two_that_hold_their_slot(page: CalendarPage) -> None:
    layout = layout_of(page)
    holding = [one for one in page.lessons if one.status in ("confirmed", "completed")]
    for one in page.lessons:
        expected = one in holding and any(
            other is not one
            and other.column_key == one.column_key
            and other.start_min < one.end_min
            and one.start_min < other.end_min
            for other in holding
        )
        placed = layout.find(one.id)
        assert placed is not None
        assert placed.doubled is expected


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 90)), max_size=30))
def test_lanes_stay_inside_the_column_and_touching_spans_share_one(spans: list[tuple[int, int]]) -> None:
    ordered = sorted((start, start + length) for start, length in spans)
    lanes = assign_lanes(ordered)
    assert len(lanes) == len(ordered)
    for lane in lanes:
        assert 0 <= lane.place < lane.place + lane.span <= lane.lanes
    assert [lane.lanes for lane in assign_lanes([(0, 60), (60, 120)])] == [1, 1]


def test_a_lesson_widens_over_lanes_that_are_free_beside_it() -> None:
    lanes = assign_lanes([(0, 180), (0, 60), (0, 60), (90, 120)])
    assert [(lane.place, lane.span) for lane in lanes] == [(0, 1), (1, 1), (2, 1), (1, 2)]


def test_columns_share_the_width_until_they_reach_their_least() -> None:
    few = layout_of(page_of(), width=900)
    assert few.edges == [0, 300, 600, 900]
    keys = tuple(f"c{index}" for index in range(50))
    many = layout_of(page_of(keys=keys), width=900)
    assert many.width == 50 * 118
    assert {right - left for left, right in zip(many.edges, many.edges[1:], strict=False)} == {118}


def test_pixels_outside_the_grid_belong_to_the_nearest_column() -> None:
    layout = layout_of(page_of(), width=900)
    assert [layout.column_at(x) for x in (-50, 0, 299.9, 300, 899, 5000)] == [0, 0, 0, 1, 2, 2]
    assert layout.columns_between(299, 301) == range(2)


def test_a_page_without_columns_has_no_places() -> None:
    layout = layout_of(CalendarPage())
    assert layout.column_at(10) == -1
    assert layout.hit(10, 10) is None
    assert list(layout.columns_between(0, 500)) == []
    assert layout.visible(0, 0, 500, 500) == []


def test_lessons_of_unknown_columns_and_unknown_lessons_have_no_place() -> None:
    layout = layout_of(page_of(lesson(1, "elsewhere", 60, 120)))
    assert layout.find(lesson_id(1)) is None
    assert layout.find(lesson_id(2)) is None


@pytest.mark.parametrize(("day_minutes", "height"), [(1380, 1518), (1440, 1584), (1500, 1650)])
def test_the_day_is_as_long_as_the_clocks_make_it(day_minutes: int, height: int) -> None:
    assert layout_of(page_of(day_minutes=day_minutes)).height == height


def test_lines_stand_at_the_labels_and_half_way_between() -> None:
    # The clocks go forward half an hour (Lord Howe): the wall says 3 am only thirty minutes after 2 am.
    labels = ((0, "12 am"), (60, "1 am"), (120, "2 am"), (150, "3 am"), (210, "4 am"))
    page = CalendarPage("", (CalendarColumn("a", "A"),), (), 240, labels)
    full, half = layout_of(page, zoom=60.0).lines(0, 240)
    assert full == [0, 60, 120, 150, 210]
    assert half == [30, 90, 180]
    assert layout_of(page, zoom=60.0).lines(85, 125) == ([120], [90])
