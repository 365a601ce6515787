"""Search as you type, by keys, with answers that come when they come."""

from collections.abc import Sequence

import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from driveflow_desktop.ui.shell.theme import Theme
from driveflow_desktop.ui.widgets.lookup import Answer, Lookup
from driveflow_desktop.ui.widgets.results import Result

KEY = Qt.Key
ETHAN, ELIF, EMILY = Result("Ethan Popescu", "0412 555 018"), Result("Elif Demir"), Result("Emily Stone")


class Desk(QWidget):
    """A lookup whose questions are kept until the test answers."""

    def __init__(self, *, free_text: bool = False) -> None:
        super().__init__()
        self.questions: list[tuple[str, Answer]] = []
        self.lookup = Lookup("Student", lambda text, answer: self.questions.append((text, answer)), free_text=free_text)
        self.other = QLineEdit()
        column = QVBoxLayout(self)
        column.addWidget(self.lookup)
        column.addWidget(self.other)
        column.addStretch(1)
        self.resize(500, 500)

    def answer(self, *results: Result, question: int = -1) -> None:
        self.questions[question][1](results)

    @property
    def shown(self) -> Sequence[str]:
        return [result.title for result in self.lookup.suggestions]


def on_show(qtbot: QtBot, desk: Desk) -> Desk:
    qtbot.addWidget(desk)
    with qtbot.waitActive(desk):
        desk.show()
        desk.activateWindow()
    desk.lookup.setFocus()
    return desk


@pytest.fixture
def desk(qtbot: QtBot, theme: Theme) -> Desk:
    return on_show(qtbot, Desk())


def test_type_and_enter(desk: Desk, qtbot: QtBot) -> None:
    chosen = QSignalSpy(desk.lookup.chosen)
    qtbot.keyClicks(desk.lookup, "e")
    desk.answer(ETHAN, ELIF, EMILY)
    assert desk.lookup.is_open
    assert desk.lookup.hasFocus()
    qtbot.keyClick(desk.lookup, KEY.Key_Return)
    assert (desk.lookup.value, desk.lookup.text()) == (ETHAN, "Ethan Popescu")
    assert chosen.at(0) == [ETHAN]
    assert not desk.lookup.is_open


def test_arrows_then_tab_takes_and_moves_on(desk: Desk, qtbot: QtBot) -> None:
    qtbot.keyClicks(desk.lookup, "e")
    desk.answer(ETHAN, ELIF, EMILY)
    qtbot.keyClick(desk.lookup, KEY.Key_Down)
    qtbot.keyClick(desk.lookup, KEY.Key_Down)
    qtbot.keyClick(desk.lookup, KEY.Key_Up)
    qtbot.keyClick(desk.lookup, KEY.Key_Tab)
    assert desk.lookup.value == ELIF
    assert desk.other.hasFocus()


def test_an_older_answer_is_dropped(desk: Desk, qtbot: QtBot) -> None:
    qtbot.keyClicks(desk.lookup, "et")
    desk.answer(ETHAN, question=1)
    desk.answer(ELIF, EMILY, question=0)
    assert [text for text, _ in desk.questions] == ["e", "et"]
    assert desk.shown == ["Ethan Popescu"]


def test_escape_closes_and_down_asks_again(desk: Desk, qtbot: QtBot) -> None:
    qtbot.keyClicks(desk.lookup, "e")
    desk.answer(ETHAN)
    qtbot.keyClick(desk.lookup, KEY.Key_Escape)
    assert not desk.lookup.is_open
    qtbot.keyClick(desk.lookup, KEY.Key_Down)
    desk.answer(ETHAN)
    assert desk.lookup.is_open


def test_typing_on_takes_the_choice_back(desk: Desk, qtbot: QtBot) -> None:
    desk.lookup.set_value(ETHAN)
    changed = QSignalSpy(desk.lookup.changed)
    qtbot.keyClicks(desk.lookup, "x")
    assert desk.lookup.value is None
    assert changed.count() == 1


def test_a_text_that_is_no_suggestion_is_marked_on_leaving(desk: Desk, qtbot: QtBot) -> None:
    qtbot.keyClicks(desk.lookup, "nobody")
    desk.answer()
    assert not desk.lookup.is_open
    desk.other.setFocus()
    assert desk.lookup.property("wrong") == "true"
    assert desk.lookup.accessibleDescription() == "Choose one from the list."


def test_free_text_may_be_anything(qtbot: QtBot, theme: Theme) -> None:
    desk = on_show(qtbot, Desk(free_text=True))
    qtbot.keyClicks(desk.lookup, "14 Gray St")
    desk.other.setFocus()
    assert desk.lookup.property("wrong") != "true"
    assert desk.lookup.text() == "14 Gray St"


def test_answers_to_a_field_that_was_left_or_deleted_do_nothing(desk: Desk, qtbot: QtBot) -> None:
    qtbot.keyClicks(desk.lookup, "e")
    desk.other.setFocus()
    desk.answer(ETHAN)
    assert not desk.lookup.is_open
    desk.lookup.setFocus()
    qtbot.keyClicks(desk.lookup, "t")
    shiboken6.delete(desk.lookup)
    desk.answer(ETHAN)


def test_a_click_takes(desk: Desk, qtbot: QtBot) -> None:
    qtbot.keyClicks(desk.lookup, "e")
    desk.answer(ETHAN, ELIF)
    rows = desk.lookup._list
    qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=rows.visualRect(rows.model().index(1, 0)).center())
    assert desk.lookup.value == ELIF


def test_near_the_foot_of_the_window_the_list_opens_upwards(desk: Desk, qtbot: QtBot) -> None:
    layout = desk.layout()
    assert isinstance(layout, QVBoxLayout)
    layout.insertStretch(0, 100)
    desk.grab()
    qtbot.keyClicks(desk.lookup, "e")
    desk.answer(*(Result(f"Student {n}") for n in range(8)))
    popup = desk.lookup._popup
    assert popup is not None
    assert desk.rect().contains(popup.geometry())
    assert popup.geometry().bottom() < desk.lookup.geometry().top()
