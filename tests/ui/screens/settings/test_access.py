"""Settings of a school with a service: inviting people, and ending a PC's access."""

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.screens.settings.access import Access
from driveflow_desktop.ui.screens.settings.screen import SettingsScreen
from driveflow_desktop.ui.shell.a11y import unnamed_controls
from driveflow_desktop.ui.shell.theme import Theme
from driveflow_desktop.ui.widgets.buttons import Button
from tests.helpers.school import DANA, DANA_USER, DESK, School
from tests.ui.fake_service import FakeService
from tests.ui.fake_sync import FakeSync
from tests.ui.screens.desk_rig import at_the_window, words_of
from tests.ui.screens.people_rig import Person


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def desk(qtbot: QtBot, school: School, theme: Theme, service: FakeService) -> Iterator[Person]:
    yield from at_the_window(qtbot, school, theme, DESK, OrgRole.ADMIN, sync=FakeSync(), service=service)


@pytest.fixture
def teacher(qtbot: QtBot, school: School, theme: Theme, service: FakeService) -> Iterator[Person]:
    yield from at_the_window(qtbot, school, theme, DANA_USER, OrgRole.INSTRUCTOR, sync=FakeSync(), service=service)


def access_of(person: Person) -> Access:
    person.program.window.open("settings")
    person.settle()
    assert isinstance(person.screen, SettingsScreen)
    assert person.screen.access is not None
    return person.screen.access


def button(person: Person, words: str) -> Button:
    return next(each for each in person.screen.findChildren(Button) if each.text() == words and each.isVisible())


def test_a_school_on_one_pc_has_nothing_of_it(person: Person) -> None:
    person.program.window.open("settings")
    person.settle()
    assert isinstance(person.screen, SettingsScreen)
    assert person.screen.access is None
    assert "PCs with this school" not in words_of(person.screen)


def test_inviting_an_instructor_needs_their_record(desk: Person, service: FakeService) -> None:
    access = access_of(desk)
    desk.click(access.invite.open)
    form = access.invite.form
    assert form is not None
    assert unnamed_controls(desk.program.window) == []
    roles = form.editor("role")
    assert isinstance(roles, QComboBox)
    assert [roles.itemText(at) for at in range(roles.count())] == ["Instructor"], "only an owner invites the desk"
    desk.type("dana at home")
    form.go()
    desk.settle()
    assert form.editor("email").property("wrong") == "true"
    email = form.editor("email")
    assert isinstance(email, QLineEdit)
    email.setText("dana@example.com")
    form.go()
    desk.settle()
    assert service.invited == []
    who = form.editor("instructor_id")
    assert isinstance(who, QComboBox)
    who.setCurrentIndex(who.findData(str(DANA)))
    form.go()
    desk.settle()
    (request,) = service.invited
    assert (request.email, request.role, request.instructor_id) == ("dana@example.com", "instructor", DANA)
    assert any("K7QF-2M9X" in words for words in words_of(desk.screen))
    assert access.invite.open.isVisible()


def test_ending_a_pcs_access_takes_two_words(desk: Person, service: FakeService) -> None:
    access_of(desk)
    assert {"Front desk PC", "Ben’s notebook"} <= set(words_of(desk.screen))
    revoke = [each for each in desk.screen.findChildren(Button) if each.text() == "Revoke…" and each.isVisible()]
    assert [each.accessibleName() for each in revoke][1] == "Revoke the access of Ben’s notebook"
    desk.click(revoke[1])
    assert service.revoked == []
    desk.click(button(desk, "End its access"))
    assert len(service.revoked) == 1
    assert "Ben’s notebook" not in words_of(desk.screen)
    assert "has no access any more" in desk.toast


def test_a_service_that_does_not_answer_is_said_in_the_card(desk: Person, service: FakeService) -> None:
    service.broken = UserError("offline", "The service does not answer.", hint="Try again later.")
    access_of(desk)
    assert "The service does not answer. Try again later." in words_of(desk.screen)
    service.broken = None
    desk.click(button(desk, "Try again"))
    assert "Front desk PC" in words_of(desk.screen)


def test_an_instructor_sees_neither(teacher: Person, service: FakeService) -> None:
    access = access_of(teacher)
    assert not access.devices.isVisible()
    assert not access.invite.isVisible()
