"""The whole program, with all its screens, over a real small school, and a person at it."""

from collections.abc import Iterator
from datetime import date
from uuid import UUID

import pytest
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.scheduling.commands.booking import NewBooking, book
from driveflow_desktop.domain.scheduling.commands.school import seed_policies
from driveflow_desktop.store.unit_of_work import Actor
from driveflow_desktop.ui.ports import ServicePort, Session, SyncPort
from driveflow_desktop.ui.program import Program, ProgramParts
from driveflow_desktop.ui.screens.calendar.screen import CalendarScreen
from driveflow_desktop.ui.screens.registry import all_screens
from driveflow_desktop.ui.shell.theme import Theme
from driveflow_desktop.ui.widgets.memory import ForgetfulMemory
from tests.helpers.school import DANA, DANA_USER, DESK, LESSON, MIA, MONDAY, ORG, OWNER, SYDNEY, School, at
from tests.ui.screens.people_rig import Person

KEYS = "nsapxrdt1"
"""Letters that are shortcuts of the window."""


def booked(school: School, hour: float, student: UUID = MIA, instructor: UUID = DANA, day: date = MONDAY) -> UUID:
    """A confirmed hour in the diary."""
    return school.run(
        lambda uow: book(uow, NewBooking(student, instructor, LESSON, at(hour, day), override=True))
    ).value


@pytest.fixture
def person(qtbot: QtBot, school: School, theme: Theme) -> Iterator[Person]:
    """The front desk in front of the program's first screen."""
    yield from at_the_window(qtbot, school, theme, DESK, OrgRole.ADMIN)


@pytest.fixture
def owner(qtbot: QtBot, school: School, theme: Theme) -> Iterator[Person]:
    """The school's owner in front of the program's first screen."""
    yield from at_the_window(qtbot, school, theme, OWNER, OrgRole.OWNER)


@pytest.fixture
def instructor(qtbot: QtBot, school: School, theme: Theme) -> Iterator[Person]:
    """Dana, who teaches, in front of the program's first screen."""
    yield from at_the_window(qtbot, school, theme, DANA_USER, OrgRole.INSTRUCTOR)


def at_the_window(
    qtbot: QtBot,
    school: School,
    theme: Theme,
    user: UUID,
    role: OrgRole,
    *,
    sync: SyncPort | None = None,
    service: ServicePort | None = None,
) -> Iterator[Person]:
    """The program started for a member of the school, and closed at the end."""
    school.run(seed_policies, OWNER)
    session = Session(ORG, "Harbour Driving", user, "Mia Petrov", role, SYDNEY)
    actor = Actor(ORG, user, UUID(int=99))
    parts = ProgramParts(
        school.replica, session, actor, ForgetfulMemory(), theme, all_screens, sync=sync, service=service
    )
    program = Program(parts)
    program.start()
    program.window.resize(1440, 900)
    program.window.activateWindow()
    qtbot.waitExposed(program.window)
    someone = Person(program, school)
    someone.settle()
    yield someone
    program.close()
    for _round in range(2):  # a field's list of suggestions goes after its field
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


class CalendarPerson:
    """Somebody at the calendar on the Monday of the tests."""

    def __init__(self, person: Person, day: date = MONDAY) -> None:
        self.person = person
        person.program.window.open("calendar", day)
        person.settle()
        found = person.screen
        assert isinstance(found, CalendarScreen)
        self.screen = found
        self.view = found.view

    def place(self, instructor: UUID, hour: float) -> QPoint:
        """A point of the diary."""
        layout = self.view.scene.layout
        column = layout.plan.keys.index(str(instructor))
        x = (layout.edges[column] + layout.edges[column + 1]) // 2
        return QPoint(x - self.view.horizontalOffset(), layout.y_of(hour * 60) - self.view.verticalOffset())

    def choose(self, booking: UUID) -> None:
        """Show a lesson in the panel."""
        self.screen.show_argument(booking)
        self.person.settle()


def words_of(widget: QWidget) -> list[str]:
    """The texts of all labels on show."""
    QApplication.sendPostedEvents()  # what a layout was given a moment ago is shown now
    return [each.text() for each in widget.findChildren(QLabel) if each.isVisible()]


def chips_of(widget: QWidget) -> list[str]:
    """What can be clicked in it."""
    return [each.text() for each in widget.findChildren(QPushButton) if each.isVisible()]
