"""The editor of a new booking: typing, refusals at their fields, other times, and saving."""

from datetime import date, timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from driveflow_desktop.domain.people.tables import Instructor, Student
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.ui.screens.booking.editor import BookingEditor
from driveflow_desktop.ui.screens.calendar.presenter import Wish
from driveflow_desktop.ui.shell.a11y import unnamed_controls
from tests.helpers.school import BONDI, DANA, ETHAN, LESSON, MIA, MONDAY, NEWTOWN, NOAH, at
from tests.ui.screens.desk_rig import KEYS, CalendarPerson, booked, words_of
from tests.ui.screens.people_rig import Person

TODAY = date(2026, 11, 24)


@pytest.fixture
def calendar(person: Person) -> CalendarPerson:
    return CalendarPerson(person)


def opened(calendar: CalendarPerson, wish: Wish) -> BookingEditor:
    calendar.screen.edit_new(wish)
    calendar.person.settle()
    return calendar.screen.editor


def words_at(field: QLineEdit) -> list[str]:
    """The caption of a field, and its error."""
    parent = field.parentWidget()
    assert parent is not None
    return words_of(parent)


def wish(hour: float) -> Wish:
    return Wish(DANA, at(hour), 60)


def test_n_opens_it_and_every_control_has_a_name(calendar: CalendarPerson) -> None:
    calendar.person.key(Qt.Key.Key_N)
    editor = calendar.screen.editor
    assert editor.isVisible()
    assert editor.student.hasFocus()
    calendar.person.type("Somebody")
    assert unnamed_controls(calendar.person.program.window) == []


def test_without_a_wish_it_opens_on_the_next_free_time(calendar: CalendarPerson) -> None:
    booked(calendar.person.school, 13, NOAH, day=TODAY)
    calendar.person.key(Qt.Key.Key_N)
    draft = calendar.screen.editor.draft()
    assert (draft.instructor_id, draft.day, draft.minute) == (ETHAN, TODAY, 13 * 60 + 15)
    assert calendar.screen.editor.verdict.text == "Free"


def test_what_is_typed_at_once_is_not_lost(calendar: CalendarPerson) -> None:
    QTest.keyClicks(calendar.person.focus, "n")
    for letter in "zed":
        QTest.keyClicks(calendar.person.focus, letter)
    calendar.person.settle()
    assert calendar.screen.editor.student.text() == "zed"


def test_letters_are_text_in_every_field(calendar: CalendarPerson) -> None:
    editor = opened(calendar, wish(10))
    booking_day = calendar.screen.presenter.day
    calendar.person.type("Zed")
    for field in [each for each in editor.findChildren(QLineEdit) if each.isVisible()]:
        field.setFocus()
        calendar.person.type(KEYS, over=True)
        assert field.text().lower() == KEYS, field.accessibleName()
    assert not calendar.person.program.window.palette_.isVisible()
    assert (calendar.screen.presenter.view, calendar.screen.presenter.day) == ("day", booking_day)
    assert editor.isVisible()


def test_a_newcomer_and_their_lesson_are_one_step(calendar: CalendarPerson) -> None:
    person = calendar.person
    editor = opened(calendar, wish(10))
    people = len(person.school.rows(Student))
    person.type("Zed Newman")
    editor.mobile.setFocus()
    person.type("0412 345 678")
    assert editor.verdict.text == "Free"
    person.key(Qt.Key.Key_Return)
    assert "Zed Newman and their lesson added" in person.toast
    assert len(person.school.rows(Booking)) == 1
    assert len(person.school.rows(Student)) == people + 1
    assert "Zed Newman" in words_of(calendar.screen.panel)
    person.undo()
    assert (len(person.school.rows(Booking)), len(person.school.rows(Student))) == (0, people)


def test_nobody_named_is_said_at_the_student(calendar: CalendarPerson) -> None:
    editor = opened(calendar, wish(10))
    editor.notes.setText("gate code 12")
    editor.notes.setFocus()
    calendar.person.key(Qt.Key.Key_Return)
    assert "Who is the lesson for?" in words_at(editor.student)
    assert editor.student.hasFocus()
    assert editor.notes.text() == "gate code 12"
    assert calendar.person.school.rows(Booking) == []


def test_a_bad_number_is_said_at_the_number_and_nothing_typed_is_lost(calendar: CalendarPerson) -> None:
    person = calendar.person
    editor = opened(calendar, wish(10))
    person.type("Zed Newman")
    editor.mobile.setFocus()
    person.type("12")
    person.key(Qt.Key.Key_Return)
    assert len(words_at(editor.mobile)) == 2  # the caption and the error
    assert editor.mobile.hasFocus()
    assert (editor.student.text(), editor.mobile.text()) == ("Zed Newman", "12")
    assert (person.school.rows(Booking), editor.draft().minute) == ([], 600)


def test_an_overlap_offers_other_times_and_one_of_them_books(calendar: CalendarPerson) -> None:
    person = calendar.person
    booked(person.school, 10, NOAH)
    editor = opened(calendar, wish(10))
    person.type("Zed Newman")
    person.key(Qt.Key.Key_Return)
    assert any("already has a lesson" in words for words in words_of(editor))
    assert not editor.overrule.isVisible()
    assert editor.instead.isVisible()
    chips = editor.instead.chips()
    assert len(chips) == 3
    person.click(editor.instead.button(chips[0]))
    assert not editor.instead.isVisible()
    assert editor.verdict.text == "Free"
    assert editor.student.text() == "Zed Newman"
    editor.student.setFocus()
    person.key(Qt.Key.Key_Escape)
    editor.save()
    person.settle()
    assert len(person.school.rows(Booking)) == 2


def test_advice_can_be_overruled(calendar: CalendarPerson) -> None:
    person = calendar.person
    editor = opened(calendar, wish(20))
    person.type("Zed Newman")
    person.key(Qt.Key.Key_Return)
    assert editor.overrule.hasFocus()
    assert person.school.rows(Booking) == []
    person.key(Qt.Key.Key_Space)
    (row,) = person.school.rows(Booking)
    assert "outside_hours" in str(row["overrides"])


def test_closing_keeps_what_was_typed(calendar: CalendarPerson) -> None:
    person = calendar.person
    editor = opened(calendar, wish(10))
    person.type("Zed Newman")
    editor.notes.setFocus()
    person.type("gate code 12")
    person.key(Qt.Key.Key_Escape)
    assert not editor.isVisible()
    again = opened(calendar, Wish(ETHAN, at(11), 60, service_id=LESSON))
    assert (again.student.text(), again.notes.text()) == ("Zed Newman", "gate code 12")


def test_tool_tips_of_free_times_are_words(calendar: CalendarPerson) -> None:
    booked(calendar.person.school, 10, NOAH)
    calendar.person.school.run(lambda uow: uow.update(Instructor, ETHAN, {"display_name": "<b>Ethan</b>"}))
    editor = opened(calendar, wish(10))
    calendar.person.type("Zed Newman")
    calendar.person.key(Qt.Key.Key_Return)
    (chip,) = [editor.instead.button(key) for key in editor.instead.chips() if key.startswith(str(ETHAN))]
    assert "&lt;b&gt;Ethan" in chip.toolTip()
    assert "<b>Ethan</b>" in chip.accessibleDescription()


def test_free_times_tell_their_reasons(calendar: CalendarPerson) -> None:
    editor = opened(calendar, Wish(DANA, at(10), 60, student_id=NOAH))
    assert "earliest" in words_of(editor.suggestions)


def test_a_length_without_a_service_is_shown_and_booked(calendar: CalendarPerson) -> None:
    editor = opened(calendar, Wish(DANA, at(10), 45, student_id=NOAH))
    assert "10:00–10:45 am · 45 min" in words_of(editor)
    calendar.person.key(Qt.Key.Key_Return)
    (row,) = calendar.person.school.rows(Booking)
    assert row["end_at"] == at(10.75)


def test_a_newcomer_begins_in_the_middle_of_a_suburb_that_is_known(calendar: CalendarPerson) -> None:
    person = calendar.person
    person.school.run(lambda uow: uow.update(Student, MIA, {"pickup_address": "1 King St, Newtown"}))
    editor = opened(calendar, wish(10))
    person.type("Zed Newman")
    editor.suburb.setFocus()
    person.type("newtown")
    person.key(Qt.Key.Key_Return)
    (row,) = person.school.rows(Booking)
    assert (row["pickup_lat"], row["pickup_lng"]) == NEWTOWN


def test_a_known_student_is_picked_up_where_they_always_are(calendar: CalendarPerson) -> None:
    editor = opened(calendar, Wish(DANA, at(10), 60, student_id=NOAH))
    assert editor.pickup.text() == "Noah Li’s home"
    assert not editor.usual.isVisible()
    assert not editor.mobile.isVisible()
    calendar.person.key(Qt.Key.Key_Return)
    (row,) = calendar.person.school.rows(Booking)
    assert (row["pickup_address"], row["pickup_lat"], row["pickup_lng"]) == ("Noah Li’s home", *BONDI)


def test_the_pick_up_of_one_lesson_is_changed_by_keys_and_the_student_keeps_the_usual_one(
    calendar: CalendarPerson,
) -> None:
    person = calendar.person
    person.school.run(lambda uow: uow.update(Student, MIA, {"pickup_address": "1 King St, Newtown"}))
    editor = opened(calendar, Wish(DANA, at(10), 60, student_id=NOAH))
    person.key(Qt.Key.Key_Tab)
    assert editor.pickup.hasFocus()
    person.type("9 Enmore Rd, Newtown NSW 2042", over=True)
    assert editor.usual.isVisible()
    assert unnamed_controls(person.program.window) == []
    person.key(Qt.Key.Key_Return)
    (row,) = person.school.rows(Booking)
    assert row["pickup_address"] == "9 Enmore Rd, Newtown NSW 2042"
    assert (row["pickup_lat"], row["pickup_lng"]) == NEWTOWN
    assert "9 Enmore Rd, Newtown NSW 2042" in words_of(calendar.screen.panel)
    (noah,) = [each for each in person.school.rows(Student) if each["id"] == NOAH]
    assert noah["pickup_address"] == "Noah Li’s home"
    again = opened(calendar, Wish(DANA, at(12), 60, student_id=NOAH))
    assert again.pickup.text() == "Noah Li’s home"


def test_a_place_that_is_not_known_has_no_point_of_the_students_home(calendar: CalendarPerson) -> None:
    person = calendar.person
    editor = opened(calendar, Wish(DANA, at(10), 60, student_id=NOAH))
    editor.pickup.setFocus()
    person.type("Nan in Glebe", over=True)
    person.key(Qt.Key.Key_Return)
    (row,) = person.school.rows(Booking)
    assert (row["pickup_address"], row["pickup_lat"], row["pickup_lng"]) == ("Nan in Glebe", None, None)


def test_there_is_a_way_back_to_the_usual_pick_up(calendar: CalendarPerson) -> None:
    person = calendar.person
    editor = opened(calendar, Wish(DANA, at(10), 60, student_id=NOAH))
    editor.pickup.setFocus()
    person.type("Nan in Glebe", over=True)
    person.click(editor.usual)
    assert (editor.pickup.text(), editor.draft().pickup) == ("Noah Li’s home", None)
    assert editor.pickup.hasFocus()
    assert not editor.usual.isVisible()
    person.key(Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    person.key(Qt.Key.Key_Delete)
    person.key(Qt.Key.Key_Tab)
    assert editor.pickup.text() == "Noah Li’s home", "nothing typed is the usual one"
    assert not editor.pickup.hasFocus()


def test_another_student_is_picked_up_at_their_own_place(calendar: CalendarPerson) -> None:
    person = calendar.person
    editor = opened(calendar, Wish(DANA, at(10), 60, student_id=NOAH))
    editor.pickup.setFocus()
    person.type("Nan in Glebe", over=True)
    editor.student.setFocus()
    person.type("mia", over=True)
    person.key(Qt.Key.Key_Return)
    assert editor.student.text() == "Mia Tran"
    assert (editor.pickup.text(), editor.draft().pickup) == ("Mia Tran’s home", None)


def test_a_draft_holds_its_place_for_a_while(calendar: CalendarPerson) -> None:
    editor = opened(calendar, Wish(DANA, at(10), 60, student_id=NOAH))
    editor.status.set_value("draft")
    calendar.person.key(Qt.Key.Key_Return)
    (row,) = calendar.person.school.rows(Booking)
    assert row["status"] == "draft"
    assert row["hold_until"] is not None


def test_typed_days_and_times(calendar: CalendarPerson) -> None:
    editor = opened(calendar, Wish(DANA, at(10), 60, student_id=NOAH))
    editor.day.setFocus()
    calendar.person.type("1 dec", over=True)
    editor.time.setFocus()
    calendar.person.type("2:30pm", over=True)
    assert editor.verdict.text == "Free"
    calendar.person.key(Qt.Key.Key_Return)
    (row,) = calendar.person.school.rows(Booking)
    assert row["start_at"] == at(14.5, MONDAY + timedelta(days=1))
