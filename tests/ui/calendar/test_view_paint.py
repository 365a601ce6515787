"""What the pixels say: colours where they belong, and partial repaints that equal whole ones."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from driveflow_desktop.ui.calendar.colours import card_ink
from driveflow_desktop.ui.calendar.snapshot import CalendarColumn, CalendarPage, GhostVerdict
from driveflow_desktop.ui.shell.tokens import tokens
from tests.ui.calendar.desk import Desk, MakeDesk
from tests.ui.calendar.pages import HOURS, big_page, lesson, lesson_id, picture_day

ETHAN = lesson_id(8)


def picture(desk: Desk) -> QImage:
    return desk.view.viewport().grab().toImage()


def colour_at(desk: Desk, column: str, minute: float, across: float = 0.5) -> str:
    return picture(desk).pixelColor(desk.at(column, minute, across)).name().upper()


def colours_in(image: QImage, area: QRect) -> set[str]:
    return {
        image.pixelColor(x, y).name().upper()
        for x in range(area.left(), area.right() + 1)
        for y in range(area.top(), area.bottom() + 1)
    }


@pytest.mark.parametrize("dark", [False, True])
def test_open_closed_and_cards_wear_their_tokens(desk: Desk, dark: bool) -> None:
    theme = tokens(dark)
    desk.view.set_tokens(theme)
    assert colour_at(desk, "DW", 1005) == theme.surface
    closed = QRect(desk.at("FN", 790, 0.2), desk.at("FN", 830, 0.8))
    assert theme.closed in colours_in(picture(desk), closed)
    assert theme.surface not in colours_in(picture(desk), closed)
    assert colour_at(desk, "BC", 915) == card_ink(theme, "teal", faded=False).fill
    assert colour_at(desk, "BC", 915, 0.035) == card_ink(theme, "teal", faded=False).edge
    assert colour_at(desk, "DW", 610) == card_ink(theme, "violet", faded=True).fill


def test_the_now_line_crosses_the_columns_of_today_only(desk: Desk) -> None:
    now = tokens(dark=False).now
    assert colour_at(desk, "AN", 681) == now
    assert colour_at(desk, "FN", 681) == now
    desk.view.set_page(replace(picture_day(), now_columns=frozenset({"CO"})))
    assert colour_at(desk, "CO", 681) == now
    assert colour_at(desk, "FN", 681) != now
    desk.view.set_page(replace(picture_day(), now_min=None))
    assert colour_at(desk, "CO", 681) != now


def test_the_gutter_marks_now(desk: Desk) -> None:
    gutter = desk.view.gutter
    at = QPoint(gutter.width() - 6, desk.at("AN", 681).y())
    assert gutter.grab().toImage().pixelColor(at).name().upper() == tokens(dark=False).now
    # In a week, today's own column carries the dot.
    desk.view.set_page(replace(picture_day(), now_columns=frozenset({"CO"})))
    assert gutter.grab().toImage().pixelColor(at).name().upper() == tokens(dark=False).surface
    assert picture(desk).pixelColor(desk.at("CO", 681, 0) - QPoint(3, 0)).name().upper() == tokens(dark=False).now


@pytest.mark.parametrize(
    ("verdict", "tone"),
    [
        (None, "accent"),
        (GhostVerdict(True, False, "Free"), "accent"),
        (GhostVerdict(False, False, "Only 4 min to travel"), "warn"),
        (GhostVerdict(False, True, "Overlaps Sam Walker"), "bad"),
    ],
)
def test_the_ghost_wears_the_tone_of_its_verdict(desk: Desk, verdict: GhostVerdict | None, tone: str) -> None:
    desk.press(desk.at("ED", 991))
    desk.move(desk.at("ED", 1019))
    if verdict is not None:
        desk.view.set_verdict(verdict)
    fill = getattr(tokens(dark=False), f"{tone}_weak")
    assert colour_at(desk, "ED", 1014, 0.9) == fill


def test_a_long_verdict_stands_beside_the_ghost_inside_the_view(desk: Desk) -> None:
    desk.press(desk.at("FN", 500))
    desk.move(desk.at("FN", 514))
    desk.view.set_verdict(GhostVerdict(False, True, "Farid Nazari is on leave until Monday 30 November"))
    ghost = desk.view.scene.ghost
    assert ghost is not None
    assert desk.view.content_in_view().adjusted(-4, -4, 4, 4).contains(ghost.bounds)
    frame = desk.view.scene.layout.span(5, 495, 525)
    assert ghost.bounds.left() < frame.x
    assert ghost.bounds.bottom() > frame.y + frame.height + 10


def test_the_card_that_is_moved_stays_faintly_where_it_was(desk: Desk) -> None:
    before = colour_at(desk, "BC", 915)
    desk.press(desk.at("BC", 880))
    desk.move(desk.at("DW", 1000))
    assert desk.view.scene.held == ETHAN
    assert colour_at(desk, "BC", 915) not in (before, tokens(dark=False).surface)


def test_the_selection_ring_goes_round_the_card(desk: Desk) -> None:
    beside = desk.view.visualRect(desk.view.model().index(8, 0)).center()
    rect = desk.view.visualRect(desk.view.model().index(8, 0))
    edge = QPoint(rect.left() - 2, beside.y())
    assert picture(desk).pixelColor(edge).name().upper() == tokens(dark=False).surface
    desk.view.select(ETHAN)
    assert picture(desk).pixelColor(edge).name().upper() == tokens(dark=False).focus


def test_struck_conflict_overlap_and_travel_differ_from_plain(make_desk: MakeDesk) -> None:
    column = CalendarColumn("a", "A", open=((0, 1440),))

    def look(**changes: object) -> QImage:
        page = CalendarPage("", (column,), (lesson(1, "a", 480, 540, "Ruby Chan", **changes),), 1440, HOURS)
        desk.view.set_page(page)
        return picture(desk)

    desk = make_desk(CalendarPage("", (column,), (), 1440, HOURS), width=300)
    looks = [
        look(),
        look(status="no_show"),
        look(status="cancelled"),
        look(conflict=True),
        look(travel_after_min=15),
        look(past=True),
        look(live=True),
        look(badge="paid", badge_tone="ok"),
        look(badge="due", badge_tone="warn"),
    ]
    for index, one in enumerate(looks):
        assert all(one != other for other in looks[index + 1 :])


def test_two_lessons_at_once_have_red_edges(make_desk: MakeDesk) -> None:
    column = CalendarColumn("a", "A", open=((0, 1440),))
    both = (lesson(1, "a", 480, 600), lesson(2, "a", 540, 660, palette="green"))
    desk = make_desk(CalendarPage("", (column,), both, 1440, HOURS), width=400)
    bad = QColor(tokens(dark=False).bad).name()
    for row in range(2):
        rect = desk.view.visualRect(desk.view.model().index(row, 0))
        assert picture(desk).pixelColor(rect.left() + 1, rect.center().y()).name() == bad
    desk.view.set_page(CalendarPage("", (column,), (both[0], replace(both[1], status="cancelled")), 1440, HOURS))
    rect = desk.view.visualRect(desk.view.model().index(0, 0))
    assert picture(desk).pixelColor(rect.left() + 1, rect.center().y()).name() != bad


def test_scrolling_by_copied_pixels_ends_in_the_same_picture(make_desk: MakeDesk, qtbot: QtBot) -> None:
    """`screen().grabWindow` shows what partial paints left on the window; `grab` paints everything anew."""
    desk = make_desk(big_page(12, 24))
    view = desk.view
    view.select(lesson_id(30))
    for across, down in ((0, 40), (130, 7), (-40, 300), (0, -90), (300, 11)):
        view.horizontalScrollBar().setValue(view.horizontalOffset() + across)
        view.verticalScrollBar().setValue(view.verticalOffset() + down)
        QApplication.processEvents()
    desk.press(desk.at("c3", 700))
    desk.move(desk.at("c4", 760))
    view.set_verdict(GhostVerdict(False, True, "Overlaps Student 61 Longname"))
    desk.move(desk.at("c5", 790))
    view.set_verdict(GhostVerdict(True, False, "Free"))
    desk.key(Qt.Key.Key_Escape)
    QApplication.processEvents()
    shown = view.screen().grabWindow(view.winId()).toImage()
    assert shown.convertToFormat(QImage.Format.Format_RGB32) == view.grab().toImage().convertToFormat(
        QImage.Format.Format_RGB32
    )


def test_painting_asks_the_model_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(type(desk.view.model()), "data", lambda *_: asked.append(1))
    picture(desk)
    desk.view.viewport().repaint()
    assert asked == []


def test_header_shows_today_in_a_week_and_leave_in_a_day(make_desk: MakeDesk) -> None:
    days = tuple(CalendarColumn(f"d{day}", f"Mon {day}", "5 lessons", open=((480, 990),)) for day in range(23, 30))
    week = CalendarPage("Week", days, (), 1440, HOURS, 681, frozenset({"d24"}))
    desk = make_desk(week)
    header, layout = desk.view.header, desk.view.scene.layout
    accent = tokens(dark=False).accent
    image = header.grab().toImage()
    in_column = [
        accent in colours_in(image, QRect(layout.edges[index] + 8, 4, 60, header.height() - 8)) for index in range(7)
    ]
    assert in_column == [False, True, False, False, False, False, False]
    plain = header.height()
    desk.view.set_page(picture_day())
    assert header.height() > plain
