"""The real window over a real school with one screen in it, and a person at it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.store.unit_of_work import Actor
from driveflow_desktop.ui.ports import Session
from driveflow_desktop.ui.program import Program, ProgramParts
from driveflow_desktop.ui.screens.context import ScreenContext
from driveflow_desktop.ui.shell.screen import Screen, ScreenSpec
from driveflow_desktop.ui.shell.theme import Theme
from driveflow_desktop.ui.widgets.memory import ForgetfulMemory
from tests.helpers.school import DESK, ORG, SYDNEY, School

T = TypeVar("T")
NO_KEYS = Qt.KeyboardModifier.NoModifier


class Person:
    """Someone at the window: clicks and keys are real events; after each, the program comes to rest."""

    def __init__(self, program: Program, school: School) -> None:
        self.program = program
        self.school = school

    @property
    def screen(self) -> Screen:
        found = self.program.window.host.current
        assert found is not None
        return found

    def settle(self) -> None:
        """Let every read and write be answered, and what they ask for in turn."""
        quiet = 0
        for _ in range(40):
            QApplication.sendPostedEvents()
            QApplication.processEvents()
            # What the last answer did may itself have to be shown: two quiet rounds are rest.
            quiet = quiet + 1 if self.program.bridge.is_idle else 0
            if quiet == 2:
                return
            assert self.program.bridge.wait_idle()

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        assert widget.isVisible(), widget
        assert widget.isEnabled(), widget
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, NO_KEYS, at or widget.rect().center())
        self.settle()

    def double_click(self, widget: QWidget, at: QPoint) -> None:
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, NO_KEYS, at)
        QTest.mouseDClick(widget, Qt.MouseButton.LeftButton, NO_KEYS, at)
        QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, NO_KEYS, at)
        self.settle()

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = NO_KEYS) -> None:
        """Press a key wherever the keyboard is."""
        QTest.keyClick(self.focus, key, modifiers)
        self.settle()

    def type(self, text: str, *, over: bool = False) -> None:
        """Type where the keyboard is; `over` replaces what stands there."""
        if over:
            QTest.keyClick(self.focus, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(self.focus, text)
        self.settle()

    @property
    def focus(self) -> QWidget:
        """The widget that has the keyboard."""
        found = QApplication.focusWidget()
        assert found is not None
        return found

    @property
    def toast(self) -> str:
        """The message at the foot of the window."""
        return self.program.window.toasts.text

    def undo(self) -> None:
        """Ctrl+Z."""
        self.program.undo.undo()
        self.settle()

    def rows(self, statement: sa.Select[tuple[object, ...]]) -> list[tuple[object, ...]]:
        """What the database holds."""
        return self.school.read(lambda connection: [tuple(row) for row in connection.execute(statement)])


@dataclass(frozen=True)
class Who:
    """A member of the test school."""

    user: UUID = DESK
    name: str = "Mia Petrov"
    role: OrgRole = OrgRole.ADMIN


MakePerson = Callable[..., Person]


def people(
    school: School, theme: Theme, screen_id: str, factory: Callable[[ScreenContext], Screen]
) -> Iterator[MakePerson]:
    """For a fixture: `make(who=Who())` opens the window on the screen; all of them are closed at the end."""
    programs: list[Program] = []

    def make(who: Who | None = None) -> Person:
        who = who or Who()
        session = Session(ORG, "Harbour Driving", who.user, who.name, who.role, SYDNEY)
        actor = Actor(ORG, who.user, UUID(int=99))
        program = Program(
            ProgramParts(
                school.replica,
                session,
                actor,
                ForgetfulMemory(),
                theme,
                lambda context: (
                    ScreenSpec(screen_id, screen_id.title(), "users", "", lambda: factory(context)),
                    ScreenSpec("calendar", "Calendar", "calendar-blank", "", Elsewhere),
                ),
            )
        )
        programs.append(program)
        program.start()
        program.window.resize(1440, 900)
        program.window.activateWindow()
        program.window.open(screen_id)
        QTest.qWaitForWindowExposed(program.window)
        person = Person(program, school)
        person.settle()
        return person

    yield make
    for program in programs:
        program.close()


class Elsewhere(Screen):
    """Another screen, that remembers what it was asked to show."""

    def __init__(self) -> None:
        super().__init__()
        self.arguments: list[object] = []

    def top_bar(self) -> QWidget:
        return QWidget()

    def show_argument(self, argument: object) -> None:
        self.arguments.append(argument)
