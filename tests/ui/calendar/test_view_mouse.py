"""Real mouse events on the real widget."""

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QHelpEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from driveflow_desktop.ui.calendar.layout import MIN_COLUMN_WIDTH
from driveflow_desktop.ui.calendar.snapshot import CalendarPage, GhostVerdict, Proposal, ProposalKind
from tests.ui.calendar.desk import Desk, MakeDesk
from tests.ui.calendar.pages import big_page, lesson_id

ETHAN, SAM, SOFIA = lesson_id(8), lesson_id(24), lesson_id(3)
CREATE, MOVE, RESIZE = ProposalKind.CREATE, ProposalKind.MOVE, ProposalKind.RESIZE


def test_a_click_selects_and_a_click_beside_clears(desk: Desk) -> None:
    QTest.mouseClick(desk.view.viewport(), Qt.MouseButton.LeftButton, pos=desk.at("BC", 880))
    assert desk.view.selected() == ETHAN
    QTest.mouseClick(desk.view.viewport(), Qt.MouseButton.LeftButton, pos=desk.at("ED", 1000))
    assert desk.asked.selected == [ETHAN, None]
    assert desk.asked.proposed == []


def test_double_clicks_open_lessons_and_free_places(desk: Desk) -> None:
    desk.double_click(desk.at("BC", 880))
    desk.double_click(desk.at("ED", 1003))
    assert desk.asked.opened == [ETHAN]
    assert desk.asked.empty == [("ED", 990)]


def test_dragging_free_space_proposes_and_drops_a_new_lesson(desk: Desk) -> None:
    desk.drag(desk.at("ED", 991), desk.at("ED", 1005), desk.at("ED", 1018))
    wanted = Proposal(CREATE, None, "ED", 990, 1020)
    assert desk.asked.dropped == [wanted]
    assert desk.asked.proposed[-1] == wanted
    assert desk.view.proposal() == wanted


def test_dragging_a_lesson_to_another_instructor(desk: Desk) -> None:
    desk.drag(desk.at("BC", 880), desk.at("DW", 900), desk.at("ED", 1000))
    assert desk.asked.dropped == [Proposal(MOVE, ETHAN, "ED", 960, 1050)]
    assert desk.asked.selected == [ETHAN]


def test_the_lower_edge_changes_the_length(desk: Desk) -> None:
    edge = desk.at("BC", 930) - QPoint(0, 4)
    desk.drag(edge, edge + QPoint(0, 20), desk.at("BC", 958))
    assert desk.asked.dropped == [Proposal(RESIZE, ETHAN, "BC", 840, 960)]


def test_the_upper_edge_changes_the_start(desk: Desk) -> None:
    edge = desk.at("BC", 840) + QPoint(0, 3)
    desk.drag(edge, edge - QPoint(0, 15), desk.at("BC", 818))
    assert desk.asked.dropped == [Proposal(RESIZE, ETHAN, "BC", 810, 930)]


def test_a_shaky_click_is_no_drag(desk: Desk) -> None:
    start = desk.at("BC", 880)
    desk.drag(start, start + QPoint(5, 6), start + QPoint(-4, 8))
    assert desk.asked.proposed == []
    assert desk.view.selected() == ETHAN


def test_escape_ends_a_drag_and_the_release_means_nothing(desk: Desk) -> None:
    desk.press(desk.at("BC", 880))
    desk.move(desk.at("ED", 1000))
    assert desk.view.scene.ghost is not None
    desk.key(Qt.Key.Key_Escape)
    desk.release(desk.at("ED", 1000))
    assert desk.view.scene.ghost is None
    assert desk.view.scene.held is None
    assert desk.asked.dropped == []
    assert desk.asked.withdrawn == 1
    assert desk.view.selected() == ETHAN


def test_other_buttons_neither_select_nor_drag(desk: Desk) -> None:
    for button in (Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton):
        QTest.mouseClick(desk.view.viewport(), button, pos=desk.at("BC", 880))
    assert desk.asked.selected == []


def test_the_presenter_answers_each_place_while_dragging(desk: Desk) -> None:
    seen: list[str] = []

    def answer(proposal: Proposal) -> None:
        hard = proposal.start_min < 960
        desk.view.set_verdict(GhostVerdict(not hard, hard, "Overlaps" if hard else "Free"))
        seen.append("bad" if hard else "ok")

    desk.view.proposed.connect(answer)
    desk.press(desk.at("BC", 880))
    desk.move(desk.at("BC", 930))
    desk.move(desk.at("BC", 1010))
    assert seen == ["bad", "ok"]


def test_a_verdict_about_an_older_place_is_not_shown(desk: Desk) -> None:
    desk.press(desk.at("BC", 880))
    desk.move(desk.at("BC", 930))
    first = desk.view.proposal()
    desk.move(desk.at("BC", 1010))
    plain = desk.view.viewport().grab().toImage()
    desk.view.set_verdict(GhostVerdict(False, True, "Overlaps Sam Walker"), first)
    assert desk.view.viewport().grab().toImage() == plain
    desk.view.set_verdict(GhostVerdict(False, True, "Overlaps Sam Walker"), desk.view.proposal())
    assert desk.view.viewport().grab().toImage() != plain


def test_a_verdict_without_a_ghost_is_ignored(desk: Desk) -> None:
    plain = desk.view.viewport().grab().toImage()
    desk.view.set_verdict(GhostVerdict(False, True, "Overlaps"))
    assert desk.view.viewport().grab().toImage() == plain


def test_a_refused_drop_loses_its_ghost(desk: Desk) -> None:
    desk.drag(desk.at("BC", 880), desk.at("ED", 940), desk.at("ED", 1000))
    assert desk.view.scene.ghost is not None
    desk.view.proposal_cancelled()
    assert desk.view.scene.ghost is None
    assert desk.view.proposal() is None


def test_dragging_at_the_edge_scrolls_on(desk: Desk, qtbot: QtBot) -> None:
    view = desk.view
    bottom = view.verticalScrollBar().maximum()
    assert view.verticalOffset() < bottom
    desk.press(desk.at("ED", 991))
    desk.move(QPoint(desk.at("ED", 991).x(), view.viewport().height() - 2))
    qtbot.waitUntil(lambda: view.verticalOffset() == bottom)
    desk.release(QPoint(desk.at("ED", 991).x(), view.viewport().height() - 2))
    assert desk.asked.dropped[0].end_min == 1440


def test_hover_marks_the_lesson_and_shows_the_edge(desk: Desk) -> None:
    viewport = desk.view.viewport()
    desk.move(desk.at("BC", 880))
    assert desk.view.scene.hovered == ETHAN
    assert viewport.cursor().shape() is Qt.CursorShape.ArrowCursor
    desk.move(desk.at("BC", 930) - QPoint(0, 4))
    assert viewport.cursor().shape() is Qt.CursorShape.SizeVerCursor
    desk.move(desk.at("FN", 880))
    assert desk.view.scene.hovered is None
    assert viewport.cursor().shape() is Qt.CursorShape.ArrowCursor


def test_a_context_menu_is_about_what_is_under_the_pointer(desk: Desk) -> None:
    view = desk.view
    at = desk.at("AN", 800)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=desk.at("BC", 880))
    _context_menu(view.viewport(), at)
    assert desk.asked.menus == [(SOFIA, view.viewport().mapToGlobal(at))]
    assert view.selected() == SOFIA
    _context_menu(view.viewport(), desk.at("FN", 800))
    assert desk.asked.menus[-1][0] is None


def _context_menu(viewport: QWidget, at: QPoint) -> None:
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, viewport.mapToGlobal(at))
    QApplication.sendEvent(viewport, event)


@pytest.mark.parametrize(("angle", "wider"), [(120, True), (-120, False)])
def test_ctrl_and_wheel_zoom_around_the_pointer(desk: Desk, qtbot: QtBot, angle: int, wider: bool) -> None:
    view = desk.view
    at = QPointF(desk.at("BC", 720))
    before = view.scene.layout.minute_at(view.verticalOffset() + at.y())
    zoom = view.zoom
    event = QWheelEvent(
        at,
        view.viewport().mapToGlobal(at),
        QPoint(),
        QPoint(0, angle),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    with qtbot.waitSignal(view.zoomChanged) as told:
        QApplication.sendEvent(view.viewport(), event)
    assert told.args == [view.zoom]
    assert (view.zoom > zoom) is wider
    assert view.scene.layout.minute_at(view.verticalOffset() + at.y()) == pytest.approx(before, abs=1)


def test_a_release_that_went_to_another_window_ends_the_drag(desk: Desk) -> None:
    desk.press(desk.at("BC", 880))
    desk.move(desk.at("ED", 1000))
    at = QPointF(desk.at("ED", 1010))
    button = Qt.MouseButton.NoButton
    away = QMouseEvent(
        QEvent.Type.MouseMove, at, desk.view.viewport().mapToGlobal(at), button, button, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(desk.view.viewport(), away)
    assert desk.view.proposal() is None
    assert desk.asked.withdrawn == 1
    desk.release(desk.at("ED", 1010))
    assert desk.asked.dropped == []


def test_a_tool_tip_tells_the_whole_lesson(desk: Desk) -> None:
    at = desk.at("BC", 880)
    QApplication.sendEvent(
        desk.view.viewport(), QHelpEvent(QEvent.Type.ToolTip, at, desk.view.viewport().mapToGlobal(at))
    )
    assert QToolTip.text() == "2:00 to 3:30, Ethan Popescu"
    QToolTip.hideText()


def test_zoom_has_limits(desk: Desk) -> None:
    desk.view.set_zoom(10_000)
    assert desk.view.zoom == 264
    desk.view.set_zoom(1)
    assert desk.view.zoom == 36


def test_fifty_instructors_scroll_sideways(make_desk: MakeDesk) -> None:
    desk = make_desk(big_page(50, 8))
    view = desk.view
    assert view.horizontalScrollBar().maximum() == 50 * MIN_COLUMN_WIDTH - view.viewport().width()
    view.horizontalScrollBar().setValue(3000)
    at = desk.at("c30", 600)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    selected = view.selected()
    assert selected is not None
    lesson = view.lesson(selected)
    assert lesson is not None
    assert lesson.column_key == "c30"


def test_an_empty_calendar_takes_the_mouse_calmly(make_desk: MakeDesk) -> None:
    desk = make_desk(CalendarPage("Nobody works here yet"))
    desk.drag(QPoint(50, 50), QPoint(80, 90), QPoint(90, 200))
    desk.double_click(QPoint(40, 40))
    assert (desk.asked.proposed, desk.asked.empty) == ([], [])
