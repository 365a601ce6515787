"""A person at the calendar, and a record of what the calendar asks for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from driveflow_desktop.ui.calendar.snapshot import Proposal
from driveflow_desktop.ui.calendar.view import CalendarView


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
        self._pressed = False
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
        self._pressed = True
        QTest.mousePress(self.view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)

    def move(self, at: QPoint) -> None:
        # Qt sends nothing when the cursor is there already, perhaps since the test before.
        QTest.mouseMove(self.view.viewport(), at + QPoint(1, 0))
        QTest.mouseMove(self.view.viewport(), at)

    def release(self, at: QPoint) -> None:
        self._pressed = False
        QTest.mouseRelease(self.view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)

    def double_click(self, at: QPoint) -> None:
        QTest.mouseDClick(self.view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
        self.release(at)

    def let_go(self) -> None:
        """Take the finger off: QTest remembers a pressed button from one test to the next."""
        if self._pressed:
            self.release(QPoint(1, 1))

    def drag(self, start: QPoint, *ways: QPoint) -> None:
        """Press, pass through the points, release at the last."""
        self.press(start)
        for way in ways:
            self.move(way)
        self.release(ways[-1])

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.view, key, modifiers)


MakeDesk = Callable[..., Desk]
"""`make_desk(page=picture_day(), width=893, height=820)`, see conftest."""
