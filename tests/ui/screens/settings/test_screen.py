"""Settings in the whole program, as the owner, who may change the school."""

from datetime import date

import pytest
from PySide6.QtWidgets import QApplication, QLineEdit, QSpinBox

from driveflow_desktop.domain.identity.tables import Org
from driveflow_desktop.domain.scheduling.tables import Holiday
from driveflow_desktop.store.types import Value
from driveflow_desktop.ui.screens.settings.screen import SettingsScreen
from driveflow_desktop.ui.shell.a11y import unnamed_controls
from driveflow_desktop.ui.widgets.buttons import Segmented
from driveflow_desktop.ui.widgets.form import QuickForm
from tests.helpers.school import ORG, OWNER
from tests.ui.screens.desk_rig import KEYS, words_of
from tests.ui.screens.people_rig import Person

HOLIDAY: dict[str, Value] = {"date": date(2026, 12, 1), "name": "Show day"}


@pytest.fixture
def screen(owner: Person) -> SettingsScreen:
    owner.program.window.open("settings")
    owner.settle()
    assert isinstance(owner.screen, SettingsScreen)
    return owner.screen


def form(screen: SettingsScreen) -> QuickForm:
    QApplication.sendPostedEvents()  # what a layout was given a moment ago is shown now
    return next(each for each in screen.findChildren(QuickForm) if each.isVisible())


def line(screen: SettingsScreen, name: str) -> QLineEdit:
    found = form(screen).editor(name)
    assert isinstance(found, QLineEdit)
    return found


def test_every_control_has_a_name(owner: Person, screen: SettingsScreen) -> None:
    assert unnamed_controls(owner.program.window) == []
    assert "Harbour Driving" in line(screen, "name").text()


def test_letters_are_text(owner: Person, screen: SettingsScreen) -> None:
    line(screen, "address").setFocus()
    owner.type(KEYS, over=True)
    assert line(screen, "address").text() == KEYS
    assert owner.screen is screen


@pytest.mark.parametrize(
    ("name", "text"), [("abn", "12"), ("phone", "12"), ("email", "jo at home"), ("fee", "120"), ("notice", "soon")]
)
def test_a_refusal_stands_at_its_line_and_keeps_what_was_typed(
    owner: Person, screen: SettingsScreen, name: str, text: str
) -> None:
    before = owner.school.rows(Org)
    line(screen, name).setFocus()
    owner.type(text, over=True)
    form(screen).go()
    owner.settle()
    assert line(screen, name).text() == text
    assert line(screen, name).property("wrong") == "true"
    assert owner.school.rows(Org) == before


def test_details_are_kept_in_one_form_however_they_are_typed(owner: Person, screen: SettingsScreen) -> None:
    for name, text in (("abn", "51 824 753 556"), ("phone", "0412 345 678"), ("email", "jo@example.com")):
        line(screen, name).setFocus()
        owner.type(text, over=True)
    form(screen).go()
    owner.settle()
    (org,) = [row for row in owner.school.rows(Org) if row["id"] == ORG]
    assert (org["abn"], org["phone"], org["email"]) == ("51824753556", "+61412345678", "jo@example.com")
    assert line(screen, "abn").text() == "51 824 753 556"


def test_a_change_from_elsewhere_shows(owner: Person, screen: SettingsScreen) -> None:
    receipt = owner.school.run(lambda uow: uow.update(Org, ORG, {"name": "<b>Harbour</b> 🚗"}))
    owner.program.window.dispatch(receipt.changes)
    owner.settle()
    assert line(screen, "name").text() == "<b>Harbour</b> 🚗"


def test_typing_survives_what_happens_elsewhere_and_is_saved(owner: Person, screen: SettingsScreen) -> None:
    line(screen, "address").setFocus()
    owner.type("1 Wharf Rd", over=True)
    percent = next(box for box in screen.findChildren(QSpinBox) if "percent" in box.accessibleName())
    percent.setValue(37)
    receipt = owner.school.run(lambda uow: uow.insert(Holiday, HOLIDAY), OWNER)
    owner.program.window.dispatch(receipt.changes)
    owner.settle()
    assert "Show day" in " ".join(words_of(screen))
    assert line(screen, "address").text() == "1 Wharf Rd"
    assert 37 in [box.value() for box in screen.findChildren(QSpinBox) if box.isVisible()]
    for _twice in range(2):
        form(screen).go()
        owner.settle()
    assert [row["address"] for row in owner.school.rows(Org) if row["id"] == ORG] == ["1 Wharf Rd"]
    line(screen, "address").setFocus()
    owner.type("2 Wharf Rd", over=True)
    form(screen).go()
    owner.settle()
    assert [row["address"] for row in owner.school.rows(Org) if row["id"] == ORG] == ["2 Wharf Rd"]


def test_an_admin_reads_why_the_school_is_locked(person: Person) -> None:
    person.program.window.open("settings")
    person.settle()
    assert isinstance(person.screen, SettingsScreen)
    said = words_of(person.screen)
    assert any("owner" in words.casefold() for words in said)
    assert {"Harbour Driving", "When the student cancels"} <= set(said)
    assert not [each for each in person.screen.findChildren(QuickForm) if each.isVisible()]


def test_the_looks_follow_the_key_as_well(owner: Person, screen: SettingsScreen) -> None:
    looks = next(each for each in screen.findChildren(Segmented) if each.accessibleName() == "Colours")
    before = looks.value
    owner.program.window.actions_.run("theme.next")
    assert looks.value != before
    assert looks.value == owner.program.context.theme.mode.value
