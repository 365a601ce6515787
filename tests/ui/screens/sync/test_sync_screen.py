"""Sync & conflicts in the whole program: both versions, the ways out by mouse and key, and where they are announced."""

from uuid import UUID

import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.scheduling.commands.booking import NewBooking, book
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.store.log_tables import AuditLog
from driveflow_desktop.store.unit_of_work import UnitOfWork
from driveflow_desktop.ui.screens.activity.screen import ActivityScreen
from driveflow_desktop.ui.screens.sync.screen import SyncScreen
from driveflow_desktop.ui.screens.sync.versions import DetailPage
from driveflow_desktop.ui.screens.today.screen import ClickRow, TodayScreen
from driveflow_desktop.ui.shell.a11y import unnamed_controls
from tests.helpers.school import DANA, LESSON, MIA, NOAH, ZOE, at
from tests.ui.screens.desk_rig import chips_of, words_of
from tests.ui.screens.people_rig import Person
from tests.ui.screens.sync.other_pc import OtherPc, name_changed_twice, phone_changed_twice, two_lessons_one_slot

SHIFT = Qt.KeyboardModifier.ShiftModifier


def at_the_inbox(person: Person) -> SyncScreen:
    person.program.window.open("sync")
    person.settle()
    assert isinstance(person.screen, SyncScreen)
    return person.screen


def shown(screen: SyncScreen) -> DetailPage:
    assert screen.page is not None
    return screen.page


def bookings(person: Person) -> dict[UUID, tuple[object, object]]:
    rows = person.school.rows(Booking)
    return {row["id"]: (row["start_at"], row["instructor_id"]) for row in rows}  # type: ignore[misc]


def name_of(person: Person, student: UUID) -> object:
    return next(row["full_name"] for row in person.school.rows(Student) if row["id"] == student)


def test_an_empty_inbox_says_so(person: Person) -> None:
    screen = at_the_inbox(person)
    assert "Nothing needs your decision." in words_of(screen)
    assert "This school lives on this PC alone, so there is nothing to sync." in words_of(screen)
    assert unnamed_controls(person.program.window) == []
    assert not person.program.window.actions_.is_enabled("sync.now")
    assert not person.program.window.actions_.is_enabled("conflict.discard")


def test_two_lessons_one_slot_side_by_side(person: Person) -> None:
    two_lessons_one_slot(person.school)
    screen = at_the_inbox(person)
    assert [row.title for row in screen.conflicts.rows] == ["Two lessons, one slot"]
    assert screen.conflicts.rows[0].about == "Dana Reid · Mon 30 Nov 1:30 pm"
    words = words_of(shown(screen))
    assert {"On the calendar", "Yours, not placed", "Noah Li", "Mia Tran", "Place Mia’s lesson"} <= set(words)
    assert {"Mon 30 Nov, 1:00–2:00 pm", "Mon 30 Nov, 1:30–2:30 pm"} <= set(words)
    marked = [each.text() for each in shown(screen).findChildren(QLabel) if each.property("mark") == "differs"]
    assert "Mia Tran" in marked
    assert "Dana Reid" not in marked
    spoken = {each.accessibleName() for each in shown(screen).findChildren(QLabel)}
    assert "Student: Mia Tran, differs" in spoken
    assert unnamed_controls(person.program.window) == []


def test_the_first_free_time_by_its_key_and_undo(person: Person) -> None:
    theirs, mine = two_lessons_one_slot(person.school)
    screen = at_the_inbox(person)
    person.key(Qt.Key.Key_L)
    assert set(bookings(person)) == {theirs, mine}
    assert bookings(person)[mine] != (at(13.5), DANA)
    assert "Lesson placed" in person.toast
    assert screen.conflicts.rows == ()
    assert screen.page is None
    person.undo()
    assert set(bookings(person)) == {theirs}
    assert len(screen.conflicts.rows) == 1


def test_another_free_time_by_a_click(person: Person) -> None:
    _theirs, mine = two_lessons_one_slot(person.school)
    page = shown(at_the_inbox(person))
    assert len(page.choices) == 3
    person.click(page.choices[1])
    assert mine in bookings(person)


def test_a_time_found_in_one_line(person: Person) -> None:
    _theirs, mine = two_lessons_one_slot(person.school)
    at_the_inbox(person)
    person.key(Qt.Key.Key_L, SHIFT)
    person.type("thu 10am")
    person.key(Qt.Key.Key_Return)
    start, _instructor = bookings(person)[mine]
    assert str(start)[:10] in ("2026-11-25", "2026-12-02", "2026-11-26", "2026-12-03")


def test_discarding_by_key_can_be_taken_back(person: Person) -> None:
    theirs, _mine = two_lessons_one_slot(person.school)
    screen = at_the_inbox(person)
    person.key(Qt.Key.Key_K)
    assert "Change discarded" in person.toast
    assert screen.conflicts.rows == ()
    assert set(bookings(person)) == {theirs}
    person.undo()
    assert [row.pill for row in screen.conflicts.rows] == ["Slot taken"]


def test_a_series_with_two_taken_slots_is_placed_lesson_by_lesson_and_written_as_one(person: Person) -> None:
    other = OtherPc(person.school)

    def series(uow: UnitOfWork) -> list[UUID]:
        wishes = [NewBooking(MIA, DANA, LESSON, at(hour), override=True) for hour in (10, 14)]
        return [book(uow, wish) for wish in wishes]

    mine = person.school.run(series).value
    theirs = {other.books(10), other.books(14, ZOE)}
    assert set(bookings(person)) == theirs
    screen = at_the_inbox(person)
    assert "Changed in the same step" in words_of(shown(screen))
    person.key(Qt.Key.Key_L)
    assert set(bookings(person)) == theirs, "the second has no place yet"
    person.key(Qt.Key.Key_L)
    assert set(bookings(person)) == theirs | set(mine)
    assert screen.conflicts.rows == ()


def test_the_decision_is_in_the_audit_trail(person: Person) -> None:
    two_lessons_one_slot(person.school)
    at_the_inbox(person)
    person.key(Qt.Key.Key_K)
    person.program.window.open("activity")
    person.settle()
    assert isinstance(person.screen, ActivityScreen)
    found = sa.select(AuditLog.action).where(AuditLog.entity_type == "conflicts")
    assert person.rows(found) == [("conflict.discarded",)]


def test_applying_mine_again_by_key(person: Person) -> None:
    name_changed_twice(person.school)
    screen = at_the_inbox(person)
    assert screen.conflicts.rows[0].title == "Name changed twice"
    assert {"Noah Liu", "Noah Lee"} <= set(words_of(shown(screen)))
    assert name_of(person, NOAH) == "Noah Liu"
    person.key(Qt.Key.Key_M)
    assert name_of(person, NOAH) == "Noah Lee"
    assert screen.conflicts.rows == ()


def test_a_refusal_stands_where_the_way_out_is(person: Person) -> None:
    other = OtherPc(person.school)
    receipt = person.school.run(lambda uow: uow.update(Student, MIA, {"full_name": "Mia T."}))
    other.refuses(receipt, "version_conflict", "students", MIA)
    screen = at_the_inbox(person)
    person.school.run(lambda uow: uow.delete(Student, MIA))
    person.click(shown(screen).again)  # type: ignore[arg-type]
    assert "no longer there" in shown(screen).error.text
    assert len(screen.conflicts.rows) == 1


def test_notices_stand_apart_and_are_kept_together(person: Person) -> None:
    phone_changed_twice(person.school)
    screen = at_the_inbox(person)
    assert screen.conflicts.rows == ()
    assert [row.title for row in screen.notices.rows] == ["Phone number changed twice"]
    assert {"0400 000 001", "0400 000 002", "Yours, replaced"} <= set(words_of(shown(screen)))
    assert "Keep theirs" in chips_of(screen)
    keep_all = next(each for each in chips_of(screen) if each == "Keep all")
    assert keep_all
    person.key(Qt.Key.Key_K)
    assert screen.notices.rows == ()


def test_arrow_keys_move_through_the_list(person: Person) -> None:
    name_changed_twice(person.school)
    two_lessons_one_slot(person.school)
    screen = at_the_inbox(person)
    first, second = (row.title for row in screen.conflicts.rows)
    assert shown(screen).detail.title == first
    screen.conflicts.setFocus()
    person.key(Qt.Key.Key_Down)
    assert shown(screen).detail.title == second


@pytest.mark.parametrize("keys", [True, False])
def test_today_and_the_rail_lead_there(person: Person, keys: bool) -> None:
    two_lessons_one_slot(person.school)
    window = person.program.window
    window.open("calendar")
    person.program._ask_status()
    window.open("today")
    person.settle()
    assert window.rail.button("sync").accessibleName() == "Sync & conflicts, 1 needs your decision"
    assert isinstance(person.screen, TodayScreen)
    assert "Needs your decision" in words_of(person.screen)
    rows = [each for each in person.screen.findChildren(ClickRow) if "Two lessons" in each.accessibleName()]
    if keys:
        rows[0].setFocus()
        person.key(Qt.Key.Key_Return)
    else:
        person.click(rows[0])
    assert isinstance(person.screen, SyncScreen)
    assert shown(person.screen).detail.title == "Two lessons, one slot"
    person.key(Qt.Key.Key_K)
    person.program._ask_status()
    person.settle()
    assert window.rail.button("sync").accessibleName() == "Sync & conflicts"
