"""A calendar on a window with the day of the design picture, and a record of what it asks for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from driveflow_desktop.ui.calendar.snapshot import CalendarPage, Proposal
from driveflow_desktop.ui.calendar.view import CalendarView
from driveflow_desktop.ui.shell.theme import Theme
from tests.ui.calendar.pages import picture_day


@dataclass
class Asked:
    """What the view has emitted."""

    proposed: list[Proposal] = field(default_factory=list)
    dropped: list[Proposal] = field(default_factory=list)
    selected: list[UUID | None] = field(default_factory=list)
    opened: list[UUID] = field(default_factory=list)
    empty: list[tuple[str, int]] = field(default_factory=list)
    menus: list[tuple[UUID | None, QPoint]] = field(default_factory=list)
    withdrawn: int = 0

    def withdraw(self) -> None:
        self.withdrawn += 1


class Desk:
    """A person at the calendar: points in columns and minutes, real mouse and key events."""

    def __init__(self, view: CalendarView) -> None:
        self.view = view
        self.asked = Asked()
        view.proposed.connect(self.asked.proposed.append)
        view.dropped.connect(self.asked.dropped.append)
        view.lessonSelected.connect(self.asked.selected.append)
        view.lessonActivated.connect(self.asked.opened.append)
        view.emptyActivated.connect(lambda key, minute: self.asked.empty.append((key, minute)))
        view.contextRequested.connect(lambda lesson, at: self.asked.menus.append((lesson, at)))
        view.withdrawn.connect(self.asked.withdraw)

    def at(self, column: str, minute: float, across: float = 0.5) -> QPoint:
        """A viewport position: `across` a column, at a minute."""
        layout = self.view.scene.layout
        index = layout.plan.keys.index(column)
        left, right = layout.edges[index], layout.edges[index + 1]
        x = round(left + (right - left) * across)
        return QPoint(x - self.view.horizontalOffset(), layout.y_of(minute) - self.view.verticalOffset())

    def press(self, at: QPoint) -> None:
        QTest.mousePress(self.view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)

    def move(self, at: QPoint) -> None:
        QTest.mouseMove(self.view.viewport(), at)

    def release(self, at: QPoint) -> None:
        QTest.mouseRelease(self.view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)

    def drag(self, start: QPoint, *ways: QPoint) -> None:
        """Press, pass through the points, release at the last."""
        self.press(start)
        for way in ways:
            self.move(way)
        self.release(ways[-1])

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.view, key, modifiers)


MakeDesk = Callable[..., Desk]


@pytest.fixture
def make_desk(qtbot: QtBot, theme: Theme) -> MakeDesk:
    """`make_desk(page=picture_day(), width=893, height=820)`: a shown calendar, scrolled to seven."""

    def make(page: CalendarPage | None = None, width: int = 893, height: int = 820) -> Desk:
        view = CalendarView()
        qtbot.addWidget(view)
        view.set_tokens(theme.tokens)
        view.resize(width, height)
        view.set_page(picture_day() if page is None else page)
        with qtbot.waitExposed(view):
            view.show()
        view.activateWindow()
        view.setFocus()
        qtbot.waitUntil(view.hasFocus)
        view.scroll_to_minute(420)
        return Desk(view)

    return make


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    """The picture's day."""
    return make_desk()
