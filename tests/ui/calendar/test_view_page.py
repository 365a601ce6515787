"""New pages come while the person works."""

from dataclasses import replace
from itertools import pairwise

from PySide6.QtCore import QPoint, QRect
from PySide6.QtTest import QSignalSpy

from driveflow_desktop.ui.calendar.snapshot import CalendarLesson, CalendarPage
from tests.ui.calendar.desk import Desk
from tests.ui.calendar.pages import big_page, lesson_id, picture_day

ETHAN = lesson_id(8)


def with_lesson(page: CalendarPage, changed: CalendarLesson) -> CalendarPage:
    return replace(page, lessons=tuple(changed if one.id == changed.id else one for one in page.lessons))


def without(page: CalendarPage, *numbers: int) -> CalendarPage:
    gone = {lesson_id(number) for number in numbers}
    return replace(page, lessons=tuple(one for one in page.lessons if one.id not in gone))


def test_a_refresh_keeps_selection_and_scroll_position(desk: Desk) -> None:
    view = desk.view
    view.select(ETHAN)
    top = view.verticalOffset()
    reset = QSignalSpy(view.model().modelReset)
    moved = replace(picture_day().lessons[8], start_min=900, end_min=990)
    view.set_page(with_lesson(picture_day(), moved))
    assert view.selected() == ETHAN
    assert view.verticalOffset() == top
    rect = view.visualRect(view.currentIndex())
    assert (rect.top(), rect.bottom()) == (desk.at("BC", 900).y() + 1, desk.at("BC", 990).y() - 2)
    assert reset.count() == 0
    assert desk.asked.selected == [ETHAN]


def test_a_selected_lesson_that_goes_leaves_no_other_selected(desk: Desk) -> None:
    desk.view.select(ETHAN)
    desk.view.set_page(without(picture_day(), 8))
    assert desk.view.selected() is None
    assert not desk.view.currentIndex().isValid()
    assert desk.asked.selected == [ETHAN, None]


def test_another_day_clears_the_selection(desk: Desk) -> None:
    desk.view.select(ETHAN)
    desk.view.set_page(big_page(6, 8, first=5000))
    assert desk.asked.selected == [ETHAN, None]
    desk.view.set_page(picture_day())
    assert desk.view.selected() is None


def test_a_drag_goes_on_through_a_refresh(desk: Desk) -> None:
    desk.press(desk.at("BC", 880))
    desk.move(desk.at("ED", 1000))
    desk.view.set_page(without(picture_day(), 0))
    assert desk.view.scene.ghost is not None
    desk.release(desk.at("ED", 1000))
    assert [each.lesson for each in desk.asked.dropped] == [ETHAN]


def test_a_drag_ends_when_its_lesson_or_column_goes(desk: Desk) -> None:
    desk.press(desk.at("BC", 880))
    desk.move(desk.at("ED", 1000))
    desk.view.set_page(without(picture_day(), 8))
    assert desk.view.scene.ghost is None
    desk.view.set_page(picture_day())
    desk.press(desk.at("ED", 991))
    desk.move(desk.at("ED", 1018))
    page = picture_day()
    desk.view.set_page(replace(page, columns=page.columns[:3]))
    assert desk.view.scene.ghost is None
    desk.release(QPoint(100, 100))
    assert desk.asked.dropped == []
    assert desk.asked.withdrawn == 2


def test_a_pressed_lesson_that_goes_is_not_dragged(desk: Desk) -> None:
    desk.press(desk.at("BC", 880))
    desk.view.set_page(without(picture_day(), 8))
    desk.move(desk.at("ED", 1000))
    assert desk.asked.proposed == []


def test_the_page_that_answers_a_drop_takes_its_ghost(desk: Desk) -> None:
    desk.drag(desk.at("BC", 880), desk.at("ED", 940), desk.at("ED", 1000))
    assert desk.view.scene.ghost is not None
    desk.view.set_page(picture_day())
    assert desk.view.scene.ghost is None
    assert desk.asked.withdrawn == 0


def test_a_ghost_follows_zoom_and_width(desk: Desk) -> None:
    desk.press(desk.at("BC", 880))
    desk.move(desk.at("ED", 1000))
    desk.view.set_zoom(120)
    proposal, ghost = desk.view.proposal(), desk.view.scene.ghost
    assert proposal is not None
    assert ghost is not None
    frame = desk.view.scene.layout.span(4, proposal.start_min, proposal.end_min)
    assert ghost.bounds.contains(QRect(*frame))


def test_reveal_scrolls_no_further_than_needed(desk: Desk) -> None:
    view = desk.view
    view.verticalScrollBar().setValue(0)
    view.reveal(ETHAN)
    rect = view.visualRect(view.model().index(8, 0))
    assert view.viewport().rect().contains(rect)
    there = view.verticalOffset()
    view.reveal(ETHAN)
    assert view.verticalOffset() == there
    view.reveal(lesson_id(999))
    assert view.verticalOffset() == there


def test_scroll_to_minute_puts_it_at_the_top(desk: Desk) -> None:
    desk.view.scroll_to_minute(540)
    assert 0 <= desk.at("AN", 540).y() <= 12


def test_short_and_long_days_have_their_own_height(desk: Desk) -> None:
    view = desk.view
    ranges = []
    for minutes in (1380, 1440, 1500):
        view.set_page(replace(picture_day(), day_minutes=minutes))
        ranges.append(view.verticalScrollBar().maximum())
    assert [later - sooner for sooner, later in pairwise(ranges)] == [66, 66]


def test_every_lesson_is_found_where_it_is_drawn(desk: Desk) -> None:
    view = desk.view
    for row, one in enumerate(view.page.lessons):
        index = view.model().index(row, 0)
        assert view.indexAt(view.visualRect(index).center()) == index, one.title
        assert not view.isIndexHidden(index)


def test_a_lesson_without_a_column_is_hidden(desk: Desk) -> None:
    lost = replace(picture_day().lessons[8], column_key="gone")
    desk.view.set_page(with_lesson(picture_day(), lost))
    assert desk.view.isIndexHidden(desk.view.model().index(8, 0))
