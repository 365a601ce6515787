"""The first start: a school of one's own, or the demo; bad input is refused at its line and stays."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLineEdit
from pytestqt.qtbot import QtBot

from driveflow_desktop.domain.identity.commands import NewSchool, create_school
from driveflow_desktop.domain.identity.queries import members
from driveflow_desktop.domain.identity.queries import school as school_of
from driveflow_desktop.store.unit_of_work import Actor
from driveflow_desktop.ui.first_run import Choice, FirstRun
from driveflow_desktop.ui.shell.a11y import unnamed_controls
from driveflow_desktop.ui.shell.theme import Theme
from tests.conftest import MakeIds
from tests.helpers.school import School, school, school_template

__all__ = ["school", "school_template"]

GOOD = {"name": "Coast <b>Driving</b> 🚗", "full_name": "Jo Hart", "email": "jo@example.com", "phone": "0412 345 678"}


@pytest.fixture
def dialog(qtbot: QtBot, theme: Theme, make_ids: MakeIds) -> FirstRun:
    made = FirstRun(make_ids())
    qtbot.addWidget(made)
    made.open()
    return made


def fill(dialog: FirstRun, **texts: str) -> None:
    for name, text in (GOOD | texts).items():
        field = dialog.form.editor(name)
        assert isinstance(field, QLineEdit)
        field.clear()
        QTest.keyClicks(field, text) if text.isascii() else field.setText(text)


def submit(dialog: FirstRun) -> None:
    QTest.keyClick(dialog.form.editor("email"), Qt.Key.Key_Return)


def test_every_control_has_a_name(dialog: FirstRun) -> None:
    assert unnamed_controls(dialog) == []


def test_a_good_form_is_a_school_that_can_be_made(dialog: FirstRun, school: School) -> None:
    fill(dialog)
    submit(dialog)
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.choice is not None
    request = dialog.choice.school
    assert isinstance(request, NewSchool)
    org = school.replica.ids.new()
    school.replica.execute(lambda uow: create_school(uow, request), Actor(org, request.owner.id, None))
    found = school.read(lambda connection: school_of(connection, org))
    assert (found.name, found.time_zone) == (GOOD["name"], "Australia/Sydney")
    (owner,) = school.read(lambda connection: members(connection, org))
    assert (owner.email, owner.phone) == ("jo@example.com", "+61412345678")


@pytest.mark.parametrize(
    ("field", "text"),
    [("name", ""), ("full_name", "  "), ("email", ""), ("email", "jo at home"), ("phone", "12")],
)
def test_bad_input_is_refused_at_its_line_and_stays(dialog: FirstRun, field: str, text: str) -> None:
    fill(dialog, **{field: text})
    submit(dialog)
    assert dialog.choice is None
    assert dialog.isVisible()
    wrong = dialog.form.editor(field)
    assert wrong.property("wrong") == "true"
    assert dict(dialog.form.texts) == {**dialog.form.texts, **GOOD, field: text}


def test_a_corrected_form_goes_through(dialog: FirstRun) -> None:
    fill(dialog, email="nonsense")
    submit(dialog)
    fill(dialog)
    submit(dialog)
    assert dialog.choice is not None


def test_the_demo_is_one_press(dialog: FirstRun) -> None:
    QTest.mouseClick(dialog.demo, Qt.MouseButton.LeftButton)
    assert dialog.choice == Choice(None)


def test_escape_leaves_without_a_choice(dialog: FirstRun) -> None:
    QTest.keyClick(dialog.form.editor("name"), Qt.Key.Key_Escape)
    assert dialog.choice is None
    assert not dialog.isVisible()
