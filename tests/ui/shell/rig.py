"""A whole window over screens that only record what happens to them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.ui.shell.action_table import BOOK, PAY, action_table
from driveflow_desktop.ui.shell.actions import Handler
from driveflow_desktop.ui.shell.bridge import Bridge
from driveflow_desktop.ui.shell.screen import Screen, ScreenSpec
from driveflow_desktop.ui.shell.topbar import TopBar
from driveflow_desktop.ui.shell.undo import UndoStack
from driveflow_desktop.ui.shell.window import MainWindow, ShellParts
from driveflow_desktop.ui.widgets.memory import ForgetfulMemory
from driveflow_desktop.ui.widgets.results import Result

TODAY = date(2026, 11, 24)
RIGHTS = frozenset({BOOK, PAY})
Answer = Callable[[Sequence[Result]], None]


class RecordingScreen(Screen):
    """Shows two places to type in and a button; writes down what the window does with it."""

    def __init__(self, name: str, tables: frozenset[str], able: Sequence[str]) -> None:
        super().__init__()
        self.name = name
        self.tables = tables
        self.log: list[object] = []
        self.done: list[str] = []
        self.able = list(able)
        self.line, self.note, self.button = QLineEdit(), QPlainTextEdit(), QPushButton("Press")
        self.line.setAccessibleName("Line")
        self.note.setAccessibleName("Note")
        column = QVBoxLayout(self)
        for widget in (self.line, self.note, self.button):
            column.addWidget(widget)

    def top_bar(self) -> QWidget:
        return TopBar(self.name)

    def handlers(self) -> Mapping[str, Handler]:
        return {action: self._recorder(action) for action in self.able}

    def refresh(self, changes: Changes) -> None:
        self.log.append(changes)

    def show_argument(self, argument: object) -> None:
        self.log.append(argument)

    def activated(self) -> None:
        self.log.append("activated")

    def deactivated(self) -> None:
        self.log.append("deactivated")

    def _recorder(self, action: str) -> Handler:
        return lambda: self.done.append(action)


class Rig:
    """The window and everything it was given."""

    def __init__(self) -> None:
        self.refusals: list[str] = []
        self.bridge = Bridge(on_user_error=lambda error: self.refusals.append(error.code), on_bug=print)
        self.undo = UndoStack(self.bridge)
        self.memory = ForgetfulMemory()
        self.made: list[str] = []
        self.asked: list[tuple[str, Answer]] = []
        self.window = self.new_window()

    def new_window(self) -> MainWindow:
        """Another window over the same memory, as at the next start of the program."""
        able = ["booking.new", "lesson.no_show", "calendar.today", "calendar.instructor_3", "booking.earlier"]
        specs = [
            self._spec("today", "Today", "", {"bookings", "payments"}, []),
            self._spec("calendar", "Calendar", "", {"bookings"}, able),
            self._spec("payouts", "Payouts", "Money", {"payouts"}, [], "payouts.approve"),
            self._spec("settings", "Settings", "Office", set(), []),
        ]
        parts = ShellParts(specs, action_table(), self.memory, self.undo, self._search, lambda: TODAY, "calendar")
        return MainWindow(parts)

    def screen(self, screen_id: str) -> RecordingScreen:
        """A screen, opened."""
        self.window.open(screen_id)
        return self.current

    @property
    def current(self) -> RecordingScreen:
        """The screen on show."""
        found = self.window.host.current
        assert isinstance(found, RecordingScreen)
        return found

    def close(self) -> None:
        """Close what was opened."""
        self.window.close()
        self.window.deleteLater()
        self.bridge.close()

    def _search(self, text: str, answer: Answer) -> None:
        self.asked.append((text, answer))

    def _spec(
        self, screen_id: str, title: str, section: str, tables: set[str], able: Sequence[str], permission: str = ""
    ) -> ScreenSpec:
        def make() -> Screen:
            self.made.append(screen_id)
            return RecordingScreen(title, frozenset(tables), able)

        return ScreenSpec(screen_id, title, "calendar-blank", section, make, permission)
