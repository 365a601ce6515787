from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from driveflow_desktop.ui.screens.students.screen import StudentsScreen, students_screen
from driveflow_desktop.ui.shell.theme import Theme
from tests.helpers.school import School, school, school_template
from tests.ui.screens.people_rig import MakePerson, Person, people

__all__ = ["school", "school_template"]


@pytest.fixture
def make_person(qtbot: QtBot, school: School, theme: Theme) -> Iterator[MakePerson]:
    yield from people(school, theme, "students", students_screen)


@pytest.fixture
def person(make_person: MakePerson) -> Person:
    """The front desk at Students."""
    return make_person()


@pytest.fixture
def screen(person: Person) -> StudentsScreen:
    found = person.screen
    assert isinstance(found, StudentsScreen)
    return found
