"""Toasts: they go by themselves, hold still under mouse and keyboard, and undo once."""

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from driveflow_desktop.ui.shell.theme import Theme
from driveflow_desktop.ui.widgets.toast import TOAST_MS, ToastHost


@pytest.fixture
def page(qtbot: QtBot, theme: Theme) -> QWidget:
    made = QWidget()
    QVBoxLayout(made)
    made.resize(800, 600)
    qtbot.addWidget(made)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    qtbot.mouseMove(made, QPoint(1, 1))  # away from where toasts come up
    return made


def test_it_goes_by_itself(page: QWidget, qtbot: QtBot) -> None:
    toasts = ToastHost(page, duration_ms=30)
    toasts.show_toast("Lesson moved")
    assert (toasts.text, toasts.accessibleName()) == ("Lesson moved", "Lesson moved")
    assert toasts.action.isHidden(), "nothing to undo"
    qtbot.waitUntil(lambda: toasts.text == "")
    assert TOAST_MS == 10_000


def test_undo_once(page: QWidget, qtbot: QtBot) -> None:
    undone: list[str] = []
    toasts = ToastHost(page)
    toasts.show_toast("Lesson moved", lambda: undone.append("moved"))
    qtbot.mouseClick(toasts.action, Qt.MouseButton.LeftButton)
    assert (undone, toasts.text) == (["moved"], "")
    toasts.action.click()
    assert undone == ["moved"]


def test_a_newer_one_takes_its_place(page: QWidget, qtbot: QtBot) -> None:
    undone: list[str] = []
    toasts = ToastHost(page)
    toasts.show_toast("one", lambda: undone.append("one"))
    toasts.show_toast("two", lambda: undone.append("two"))
    toasts.action.setFocus()
    qtbot.keyClick(toasts.action, Qt.Key.Key_Space)
    assert undone == ["two"]


def test_the_time_stands_still_under_the_mouse(page: QWidget, qtbot: QtBot) -> None:
    toasts = ToastHost(page, duration_ms=30)
    toasts.show_toast("Lesson moved")
    middle = QPointF(5, 5)
    QApplication.sendEvent(toasts, QEnterEvent(middle, middle, middle))
    qtbot.wait(90)
    assert toasts.text == "Lesson moved"
    QApplication.sendEvent(toasts, QEvent(QEvent.Type.Leave))
    qtbot.waitUntil(lambda: toasts.text == "")


def test_the_time_stands_still_under_the_keyboard(page: QWidget, qtbot: QtBot) -> None:
    toasts = ToastHost(page, duration_ms=30)
    toasts.show_toast("Lesson moved", lambda: None)
    toasts.action.setFocus()
    qtbot.wait(90)
    assert toasts.text == "Lesson moved"
    page.setFocus()
    qtbot.waitUntil(lambda: toasts.text == "")


def test_it_stays_at_the_foot(page: QWidget) -> None:
    toasts = ToastHost(page)
    toasts.show_toast("Lesson moved", lambda: None)
    for size in ((800, 600), (640, 480)):
        page.resize(*size)
        assert page.rect().contains(toasts.geometry())
        assert page.height() - toasts.geometry().bottom() < 40
        assert abs(toasts.geometry().center().x() - page.width() // 2) <= 1
