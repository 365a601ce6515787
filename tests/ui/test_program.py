"""The program as a whole: every screen, its keys, undo, what others change, and our own bugs."""

from collections.abc import Iterator
from datetime import date

import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.kernel.errors import Bug, UserError
from driveflow_desktop.ui.screens.sync.screen import SyncScreen
from driveflow_desktop.ui.shell.a11y import unnamed_controls
from driveflow_desktop.ui.shell.theme import Theme
from tests.helpers.school import DESK, MIA, NOAH, School, school, school_template
from tests.ui.fake_sync import FakeSync
from tests.ui.screens.desk_rig import at_the_window, booked, person, words_of
from tests.ui.screens.people_rig import Person
from tests.ui.screens.sync.other_pc import name_changed_twice, two_lessons_one_slot

__all__ = ["person", "school", "school_template"]


def test_every_screen_opens_and_names_its_controls(person: Person) -> None:
    window = person.program.window
    for spec in window.host.allowed():
        window.open(spec.id)
        person.settle()
        assert window.host.current_id == spec.id
        assert unnamed_controls(window) == [], spec.id


@pytest.fixture
def synced(qtbot: QtBot, school: School, theme: Theme) -> Iterator[Person]:
    """The front desk of a school with a service."""
    yield from at_the_window(qtbot, school, theme, DESK, OrgRole.ADMIN, sync=FakeSync())


def test_every_action_of_the_table_is_done_by_the_window_or_some_screen(synced: Person) -> None:
    person = synced
    name_changed_twice(person.school)
    two_lessons_one_slot(person.school)
    actions = person.program.window.actions_
    possible: set[str] = set()

    def note() -> None:
        person.settle()
        possible.update(spec.id for spec in actions.available())

    coming, past = booked(person.school, 10), booked(person.school, 9, NOAH, day=date(2026, 11, 24))
    for spec in person.program.window.host.allowed():
        person.program.window.open(spec.id)
        note()
    person.program.window.open("sync")
    person.settle()
    inbox = person.screen
    assert isinstance(inbox, SyncScreen)
    for row in inbox.conflicts.rows:
        inbox.show_argument(row.id)
        note()
    for lesson in (coming, past):
        person.program.window.open("calendar", lesson)
        note()
    person.program.desk.write("Renamed", lambda uow: uow.update(Student, MIA, {"full_name": "Mia Married"}))
    note()
    person.undo()
    note()
    assert {spec.id for spec in actions.specs} - possible == set()


def test_a_command_refreshes_and_can_be_taken_back_and_done_again(person: Person) -> None:
    desk, control = person.program.desk, Qt.KeyboardModifier.ControlModifier
    desk.write("Renamed", lambda uow: uow.update(Student, MIA, {"full_name": "Mia Married"}))
    person.settle()
    assert "Renamed" in person.toast

    def name() -> object:
        return next(row["full_name"] for row in person.school.rows(Student) if row["id"] == MIA)

    assert name() == "Mia Married"
    person.key(Qt.Key.Key_Z, control)
    assert (name(), person.toast) == ("Mia Tran", "Undone: Renamed")
    person.key(Qt.Key.Key_Y, control)
    assert (name(), person.toast) == ("Mia Married", "Done again: Renamed")


def test_what_is_done_taken_back_and_done_again_is_each_told_to_the_sync(synced: Person) -> None:
    told = synced.program.context.sync
    before = told._port.edits
    synced.program.desk.write("Renamed", lambda uow: uow.update(Student, MIA, {"full_name": "Mia Married"}))
    synced.settle()
    assert told._port.edits == before + 1
    synced.program.undo.undo()
    synced.settle()
    assert told._port.edits == before + 2
    synced.program.undo.redo()
    synced.settle()
    assert told._port.edits == before + 3


def test_a_refusal_that_no_form_takes_is_said(person: Person) -> None:
    def refuse(_uow: object) -> None:
        raise UserError("invalid", "No <b>such</b> thing.", hint="Try another.")

    person.program.desk.write("Never", refuse)
    person.settle()
    assert "No <b>such</b> thing." in person.toast
    assert person.program.undo.undo_label == ""


@pytest.mark.logs("bug .* in a background job")
def test_a_bug_in_a_query_is_told_with_its_id(person: Person, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_connection: sa.Connection) -> None:
        raise Bug("an impossible row")

    answers: list[None] = []
    person.program.desk.read("test/broken", broken, answers.append)
    person.settle()
    assert answers == []
    (record,) = [each for each in caplog.records if "in a background job" in each.getMessage()]
    bug_id = record.getMessage().split()[1]
    assert bug_id in person.toast
    assert "impossible" not in person.toast


def test_the_status_line_counts_what_the_school_holds(person: Person) -> None:
    words = " ".join(words_of(person.program.window.status))
    assert "Harbour Driving" in words
    assert "0 bookings" in words


def test_the_theme_is_switched_by_its_key_and_remembered(person: Person, theme: Theme) -> None:
    before = theme.mode
    person.key(Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert theme.mode != before
    assert person.program.context.memory.read("theme") == theme.mode.value


def test_closing_writes_what_was_asked_for(person: Person) -> None:
    person.program.desk.write("Renamed", lambda uow: uow.update(Student, MIA, {"full_name": "At the last moment"}))
    person.program.close()
    assert "At the last moment" in {row["full_name"] for row in person.school.rows(Student)}
