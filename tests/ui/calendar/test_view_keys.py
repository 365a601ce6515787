"""The calendar without a mouse."""

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from driveflow_desktop.ui.calendar.snapshot import Proposal, ProposalKind
from tests.ui.calendar.desk import Desk, MakeDesk
from tests.ui.calendar.pages import big_page, lesson_id

OLIVER, JACK, NOAH, ETHAN = lesson_id(0), lesson_id(2), lesson_id(6), lesson_id(8)
MOVE, RESIZE = ProposalKind.MOVE, ProposalKind.RESIZE
ALT = Qt.KeyboardModifier.AltModifier
ALT_SHIFT = ALT | Qt.KeyboardModifier.ShiftModifier


def test_arrows_walk_through_time_and_across_instructors(desk: Desk) -> None:
    desk.view.select(OLIVER)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Right):
        desk.key(key)
    assert desk.asked.selected == [OLIVER, lesson_id(1), JACK, NOAH]


def test_the_first_arrow_selects_the_earliest_lesson_in_view(desk: Desk) -> None:
    desk.view.scroll_to_minute(1440)
    desk.view.scroll_to_minute(640)
    desk.key(Qt.Key.Key_Down)
    selected = desk.view.selected()
    assert selected is not None
    assert desk.view.visualRect(desk.view.currentIndex()).intersects(desk.view.viewport().rect())


def test_walking_scrolls_what_is_selected_into_view(make_desk: MakeDesk) -> None:
    desk = make_desk(big_page(50, 8))
    desk.view.select(lesson_id(0))
    for _ in range(12):
        desk.key(Qt.Key.Key_Right)
    rect = desk.view.visualRect(desk.view.currentIndex())
    assert desk.view.viewport().rect().contains(rect)
    assert desk.view.horizontalOffset() > 0


def test_alt_arrows_propose_and_enter_drops(desk: Desk) -> None:
    desk.view.select(ETHAN)
    desk.key(Qt.Key.Key_Down, ALT)
    desk.key(Qt.Key.Key_Down, ALT)
    desk.key(Qt.Key.Key_Right, ALT)
    assert desk.asked.dropped == []
    desk.key(Qt.Key.Key_Return)
    assert desk.asked.dropped == [Proposal(MOVE, ETHAN, "CO", 870, 960)]
    assert [each.start_min for each in desk.asked.proposed] == [855, 870, 870]


def test_alt_shift_arrows_resize(desk: Desk) -> None:
    desk.view.select(ETHAN)
    desk.key(Qt.Key.Key_Down, ALT_SHIFT)
    desk.key(Qt.Key.Key_Right, ALT_SHIFT)
    desk.key(Qt.Key.Key_Enter, Qt.KeyboardModifier.KeypadModifier)
    assert desk.asked.dropped == [Proposal(RESIZE, ETHAN, "BC", 840, 945)]


def test_escape_calls_off_first_and_clears_the_selection_next(desk: Desk) -> None:
    desk.view.select(ETHAN)
    desk.key(Qt.Key.Key_Up, ALT)
    desk.key(Qt.Key.Key_Escape)
    assert (desk.asked.withdrawn, desk.view.selected()) == (1, ETHAN)
    desk.key(Qt.Key.Key_Escape)
    assert desk.view.selected() is None
    last = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(desk.view, last)
    assert not last.isAccepted()


def test_walking_on_calls_a_proposal_off(desk: Desk) -> None:
    desk.view.select(OLIVER)
    desk.key(Qt.Key.Key_Down, ALT)
    desk.key(Qt.Key.Key_Down)
    assert desk.asked.withdrawn == 1
    assert desk.view.selected() == lesson_id(1)


def test_enter_opens_the_selected_lesson(desk: Desk) -> None:
    desk.key(Qt.Key.Key_Return)
    desk.view.select(ETHAN)
    desk.key(Qt.Key.Key_Return)
    assert desk.asked.opened == [ETHAN]


@pytest.mark.parametrize("key", [Qt.Key.Key_N, Qt.Key.Key_S, Qt.Key.Key_1, Qt.Key.Key_F5, Qt.Key.Key_Tab])
def test_keys_of_others_pass_through(desk: Desk, key: Qt.Key) -> None:
    desk.view.select(ETHAN)
    event = QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, "n")
    desk.view.keyPressEvent(event)
    assert not event.isAccepted()
    assert desk.view.selected() == ETHAN


def test_the_menu_key_asks_for_the_selected_lesson(desk: Desk) -> None:
    desk.view.select(ETHAN)
    middle = desk.view.visualRect(desk.view.currentIndex()).center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(1, 1), QPoint(1, 1))
    QApplication.sendEvent(desk.view.viewport(), event)
    assert desk.asked.menus == [(ETHAN, desk.view.viewport().mapToGlobal(middle))]


def test_a_ghost_moved_by_keys_goes_when_the_keyboard_goes(desk: Desk, qtbot: QtBot) -> None:
    other = QLineEdit(desk.view)
    other.show()
    desk.view.select(ETHAN)
    desk.key(Qt.Key.Key_Down, ALT)
    assert desk.view.proposal() is not None
    other.setFocus(Qt.FocusReason.TabFocusReason)
    assert desk.view.proposal() is None
    assert desk.asked.withdrawn == 1


def test_focus_alone_selects_nothing(make_desk: MakeDesk) -> None:
    assert make_desk().view.selected() is None


def test_qt_cursor_actions_lead_the_same_way(desk: Desk) -> None:
    desk.view.select(OLIVER)
    action = QAbstractItemView.CursorAction
    none = Qt.KeyboardModifier.NoModifier
    titles = [desk.view.moveCursor(each, none).data() for each in (action.MoveNext, action.MoveRight, action.MoveEnd)]
    assert titles == ["Priya Nair", "Grace Liu", "Lachlan Hughes"]


def test_a_menu_entry_moves_like_the_keys(desk: Desk) -> None:
    desk.view.nudge(1, 0)
    assert desk.asked.proposed == []
    desk.view.select(ETHAN)
    desk.view.nudge(1, 0)
    desk.view.nudge(0, 2, resize=True)
    assert desk.asked.proposed[-1] == Proposal(MOVE, ETHAN, "CO", 840, 960)


def test_nudging_keeps_the_ghost_in_view(desk: Desk) -> None:
    desk.view.resize(893, 400)
    QTest.qWait(0)
    desk.view.select(OLIVER)
    for _ in range(40):
        desk.key(Qt.Key.Key_Down, ALT)
    ghost = desk.view.scene.ghost
    assert ghost is not None
    assert desk.view.content_in_view().adjusted(-8, -8, 8, 8).contains(ghost.bounds)
