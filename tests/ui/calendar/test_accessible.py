"""What a screen reader finds, and that it never brings the program down."""

import gc
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QRect, Qt
from PySide6.QtGui import QAccessible, QAccessibleEvent, QAccessibleInterface

from driveflow_desktop.ui.calendar import accessible
from driveflow_desktop.ui.calendar.snapshot import GhostVerdict
from driveflow_desktop.ui.calendar.view import CalendarView
from tests.ui.calendar.desk import Desk, MakeDesk
from tests.ui.calendar.pages import big_page, lesson_id, picture_day

ETHAN = lesson_id(8)
NAME = QAccessible.Text.Name


@pytest.fixture
def listening() -> Iterator[None]:
    """A screen reader is there."""
    QAccessible.setActive(True)
    yield
    QAccessible.setActive(False)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, listening: None) -> list[tuple[QAccessible.Event, str]]:
    """The events sent to screen readers, each with the name of its lesson or its message."""
    events: list[tuple[QAccessible.Event, str]] = []
    send = QAccessible.updateAccessibility

    def note(event: QAccessibleEvent) -> None:
        message = getattr(event, "message", None)
        about = event.accessibleInterface()
        events.append((event.type(), message() if message else about.text(NAME) if about else ""))
        send(event)

    monkeypatch.setattr(accessible.QAccessible, "updateAccessibility", note)
    return events


def interface_of(view: CalendarView) -> QAccessibleInterface:
    found = QAccessible.queryAccessibleInterface(view)
    assert found is not None
    return found


def children(view: CalendarView) -> list[QAccessibleInterface]:
    calendar = interface_of(view)
    return [calendar.child(index) for index in range(calendar.childCount())]


def child_named(view: CalendarView, text: str) -> QAccessibleInterface:
    return next(child for child in children(view) if text in child.text(NAME))


def test_the_calendar_is_a_list_with_an_item_per_visible_lesson(desk: Desk) -> None:
    calendar = interface_of(desk.view)
    assert calendar.role() is QAccessible.Role.List
    assert calendar.text(NAME) == "Calendar"
    found = children(desk.view)
    assert {child.role() for child in found} == {QAccessible.Role.ListItem}
    assert [child.text(NAME) for child in found][:3] == [
        "7:30 to 8:30, Oliver Tan",
        "9:00 to 10:00, Priya Nair",
        "10:30 to 12:00, Jack Moreau",
    ]
    assert len(found) == len(picture_day().lessons)
    assert [calendar.indexOfChild(child) for child in found] == list(range(len(found)))
    assert calendar.child(len(found)) is None
    assert calendar.child(-1) is None


def test_only_visible_lessons_and_the_selected_one_are_listed(make_desk: MakeDesk) -> None:
    desk = make_desk(big_page(50, 8))
    desk.view.select(lesson_id(399))
    names = [child.text(NAME) for child in children(desk.view)]
    assert 20 < len(names) < 100
    assert "Student 399 Longname" in names[-1]
    assert child_named(desk.view, "Student 399").state().offscreen


def test_items_tell_place_and_state(desk: Desk) -> None:
    desk.view.select(ETHAN)
    ethan, oliver = child_named(desk.view, "Ethan"), child_named(desk.view, "Oliver")
    state = ethan.state()
    assert (state.selectable, state.focusable, state.selected, state.focused) == (1, 1, 1, 1)
    assert (oliver.state().selected, oliver.state().focused) == (0, 0)
    rect = desk.view.visualRect(desk.view.currentIndex())
    assert ethan.rect() == QRect(desk.view.viewport().mapToGlobal(rect.topLeft()), rect.size())
    calendar = interface_of(desk.view)
    middle = ethan.rect().center()
    assert calendar.childAt(middle.x(), middle.y()).text(NAME) == ethan.text(NAME)
    assert calendar.childAt(-5000, -5000) is None
    assert calendar.focusChild().text(NAME) == ethan.text(NAME)
    assert ethan.parent() == calendar
    assert ethan.window() == desk.view.window().windowHandle()
    assert (ethan.childCount(), ethan.child(0), ethan.childAt(1, 1), ethan.indexOfChild(oliver)) == (0, None, None, -1)
    assert (ethan.object(), ethan.text(QAccessible.Text.Value), ethan.isValid()) == (None, "", True)


def test_a_lesson_that_leaves_the_page_is_no_longer_valid(desk: Desk, listening: None) -> None:
    ethan = child_named(desk.view, "Ethan")
    page = picture_day()
    desk.view.set_page(replace(page, lessons=tuple(one for one in page.lessons if one.id != ETHAN)))
    assert not shiboken6.isValid(ethan)
    assert not any("Ethan" in child.text(NAME) for child in children(desk.view))


def test_the_keyboard_is_announced_as_it_moves(desk: Desk, told: list[tuple[QAccessible.Event, str]]) -> None:
    desk.view.select(ETHAN)
    desk.key(Qt.Key.Key_Up)
    focus = [text for event, text in told if event is QAccessible.Event.Focus]
    assert focus == ["2:00 to 3:30, Ethan Popescu", "12:30 to 1:30, Ava Lindqvist"]


def test_verdicts_are_spoken_with_their_place(desk: Desk, told: list[tuple[QAccessible.Event, str]]) -> None:
    desk.view.select(ETHAN)
    desk.key(Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    desk.view.set_verdict(GhostVerdict(False, True, "Overlaps Tom Adeyemi"))
    spoken = [text for event, text in told if event is QAccessible.Event.Announcement]
    assert spoken == ["Chidi Okafor 2:00–3:30, Overlaps Tom Adeyemi"]


def test_a_new_page_is_told(desk: Desk, told: list[tuple[QAccessible.Event, str]]) -> None:
    interface_of(desk.view)
    desk.view.set_page(big_page(3, 8))
    assert QAccessible.Event.ObjectReorder in [event for event, _ in told]


def test_nothing_is_sent_while_nobody_listens(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    QAccessible.setActive(False)
    monkeypatch.setattr(accessible.QAccessible, "updateAccessibility", sent.append)
    desk.view.select(ETHAN)
    desk.view.set_page(big_page(3, 8))
    assert sent == []


def test_three_hundred_calendars_come_and_go(theme: object, listening: None) -> None:
    page = big_page(4, 6)
    for turn in range(300):
        view = CalendarView()
        view.set_page(page)
        view.resize(700, 500)
        found = children(view)
        assert found[0].text(NAME)
        if turn % 3:
            view.set_page(big_page(4, 6, first=turn * 100))
        if turn % 30 == 0:
            gc.collect()
        if turn % 2:
            del found
        view.deleteLater()
        del view
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    # Only the last one may still wait for its turn to be let go.
    assert len([one for one in accessible._kept if shiboken6.isValid(one)]) == 0
    assert len(accessible._kept) <= 1


def test_interfaces_held_by_others_outlive_their_view_harmlessly(theme: object, listening: None) -> None:
    view = CalendarView()
    view.set_page(big_page(2, 4))
    view.resize(700, 2000)
    found = children(view)
    view.deleteLater()
    del view
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    assert not any(shiboken6.isValid(child) for child in found)


_SCRIPT = """
import gc
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication
from driveflow_desktop.ui.calendar.view import CalendarView
from tests.ui.calendar.pages import picture_day
app = QApplication([])
QAccessible.setActive(True)
view = CalendarView(); view.set_page(picture_day()); view.resize(900, 800); view.show()
calendar = QAccessible.queryAccessibleInterface(view)
print(calendar.role().name)
print(len([calendar.child(index).text(QAccessible.Text.Name) for index in range(calendar.childCount())]))
gc.collect()
"""


def test_a_screen_reader_that_was_there_first_finds_lessons_and_the_program_ends_quietly() -> None:
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    role, count = done.stdout.split()
    assert role == "List"
    assert int(count) > 10
