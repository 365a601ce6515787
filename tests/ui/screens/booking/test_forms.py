"""The panel's small forms: letters choose, they never reach the window's shortcuts, and typing stays typing."""

from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from driveflow_desktop.domain.finance.tables import Package, PackageUse, Payment, Refund
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.scheduling.commands.booking import NewBooking, book
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.ui.screens.booking.letter_forms import CancelForm
from driveflow_desktop.ui.screens.booking.payment_form import PaymentForm
from driveflow_desktop.ui.shell.a11y import unnamed_controls
from driveflow_desktop.ui.widgets.buttons import ChipRow
from driveflow_desktop.ui.widgets.marks import Pill
from tests.helpers.school import ETHAN, LESSON, MIA, NOAH, School, at
from tests.ui.screens.desk_rig import CalendarPerson, booked, words_of
from tests.ui.screens.people_rig import Person


@pytest.fixture
def calendar(person: Person) -> CalendarPerson:
    made = CalendarPerson(person)
    made.choose(booked(person.school, 10))
    made.view.setFocus()
    return made


def only(school: School) -> dict[str, object]:
    (row,) = school.rows_by_start()
    return row


def cancel_form(calendar: CalendarPerson) -> CancelForm:
    calendar.person.key(Qt.Key.Key_X)
    form = calendar.screen.panel.findChild(CancelForm)
    assert isinstance(form, CancelForm)
    return form


def payment_form(calendar: CalendarPerson) -> PaymentForm:
    calendar.person.key(Qt.Key.Key_P)
    form = calendar.screen.panel.findChild(PaymentForm)
    assert isinstance(form, PaymentForm)
    return form


@pytest.mark.parametrize(("letter", "actor"), [("s", "student"), ("g", "guardian"), ("i", "instructor")])
def test_a_letter_of_the_cancel_form_is_its_own(calendar: CalendarPerson, letter: str, actor: str) -> None:
    form = cancel_form(calendar)
    calendar.person.type(letter)
    assert form.actor == actor
    assert not calendar.person.program.window.palette_.isVisible()
    assert "Given back" in words_of(form)
    assert unnamed_controls(calendar.person.program.window) == []
    calendar.person.key(Qt.Key.Key_Return)
    row = only(calendar.person.school)
    assert (row["status"], row["cancelled_by"]) == ("cancelled", actor)
    calendar.person.undo()
    assert only(calendar.person.school)["status"] == "confirmed"


def test_the_quote_says_what_goes_back_into_the_package(calendar: CalendarPerson) -> None:
    school = calendar.person.school
    bought = {"student_id": only(school)["student_id"], "minutes_bought": 300, "price_cents": 40_000}
    package = school.run(lambda uow: uow.insert(Package, bought)).value
    use = {"package_id": package, "booking_id": only(school)["id"], "minutes": 60}
    school.run(lambda uow: uow.insert(PackageUse, use))
    school.clock.set(cast("datetime", only(school)["start_at"]) - timedelta(hours=5))
    form = cancel_form(calendar)
    calendar.person.type("s")
    for words in ("Back into the package", "Used of the package", "30 min"):
        assert words in words_of(form)
    assert "Still owed by these terms" not in words_of(form)


def test_enter_before_a_choice_cancels_nothing_and_esc_closes(calendar: CalendarPerson) -> None:
    cancel_form(calendar)
    calendar.person.key(Qt.Key.Key_Return)
    assert only(calendar.person.school)["status"] == "confirmed"
    calendar.person.key(Qt.Key.Key_Escape)
    assert not [form for form in calendar.screen.panel.findChildren(CancelForm) if form.isVisible()]


def test_our_own_choice_takes_a_reason_in_words(calendar: CalendarPerson) -> None:
    form = cancel_form(calendar)
    assert not form.why.isVisible()
    calendar.person.type("o")
    form.why.setFocus()
    calendar.person.type("S is sick: no car, ginger")
    assert form.actor == "admin"
    assert not calendar.person.program.window.palette_.isVisible()
    calendar.person.key(Qt.Key.Key_Return)
    row = only(calendar.person.school)
    assert (row["status"], row["cancellation_reason"]) == ("cancelled", "S is sick: no car, ginger")


def test_our_own_choice_without_a_reason_says_who(calendar: CalendarPerson) -> None:
    cancel_form(calendar)
    calendar.person.type("o")
    calendar.person.key(Qt.Key.Key_Return)
    assert only(calendar.person.school)["cancellation_reason"] == "Cancelled by the school."


@pytest.mark.parametrize("in_amount", [False, True])
@pytest.mark.parametrize(("letter", "method"), [("c", "cash"), ("e", "eftpos"), ("b", "bank_transfer")])
def test_a_letter_chooses_the_method_wherever_the_keyboard_is(
    calendar: CalendarPerson, letter: str, method: str, *, in_amount: bool
) -> None:
    form = payment_form(calendar)
    before = form.amount.text()
    if in_amount:
        form.amount.setFocus()
    calendar.person.type(letter)
    assert form.method == method
    assert form.amount.text() == before
    calendar.person.key(Qt.Key.Key_Return)
    (payment,) = calendar.person.school.rows(Payment)
    assert (payment["method"], payment["amount_cents"]) == (method, 9500)


def test_digits_reach_the_amount_only_when_it_has_the_keyboard(calendar: CalendarPerson) -> None:
    form = payment_form(calendar)
    before = form.amount.text()
    calendar.person.type("7")
    assert form.amount.text() == before
    form.amount.setFocus()
    calendar.person.type("50", over=True)
    calendar.person.type("c")
    assert form.amount.value == 5000
    assert [each for each in form.findChildren(type(form._confirm)) if "50.00" in each.text()]
    calendar.person.key(Qt.Key.Key_Return)
    assert [row["amount_cents"] for row in calendar.person.school.rows(Payment)] == [5000]


def test_enter_without_a_method_says_what_is_missing(calendar: CalendarPerson) -> None:
    payment_form(calendar)
    calendar.person.key(Qt.Key.Key_Return)
    assert any("how it was paid" in words for words in words_of(calendar.screen.panel))
    assert calendar.person.school.rows(Payment) == []


def test_a_reopened_lesson_needs_a_reason_and_takes_it(calendar: CalendarPerson) -> None:
    cancel_form(calendar)
    calendar.person.type("o")
    calendar.person.key(Qt.Key.Key_Return)
    assert "booking.reopen" in calendar.screen.panel.acts
    calendar.screen.panel.ask_reopen()
    calendar.person.type("sxnp")
    assert not calendar.person.program.window.palette_.isVisible()
    calendar.person.key(Qt.Key.Key_Return)
    assert only(calendar.person.school)["status"] == "confirmed"


def test_the_panel_shows_what_was_booked(calendar: CalendarPerson) -> None:
    words = words_of(calendar.screen.panel)
    assert {"Mia Tran", "Lesson 60", "Dana Reid", "$95.00"} <= set(words)
    assert calendar.screen.panel.presenter.booking_id == cast("UUID", only(calendar.person.school)["id"])


def test_our_own_choice_gives_back_the_percentage_that_was_shown(calendar: CalendarPerson) -> None:
    person = calendar.person
    payment_form(calendar)
    person.type("c")
    person.key(Qt.Key.Key_Return)
    form = cancel_form(calendar)
    person.type("o")
    assert "$95.00" in words_of(form)
    form.percent.setFocus()
    person.type("40", over=True)
    assert "$38.00" in words_of(form)
    person.type("o")  # letters choose here, too
    assert form.percent.value == 40
    person.key(Qt.Key.Key_Return)
    (refund,) = person.school.rows(Refund)
    assert (refund["amount_cents"], only(person.school)["status"]) == (3800, "cancelled")


def test_a_percentage_that_is_none_cancels_nothing(calendar: CalendarPerson) -> None:
    form = cancel_form(calendar)
    calendar.person.type("o")
    form.percent.setFocus()
    calendar.person.type("400", over=True)
    calendar.person.key(Qt.Key.Key_Return)
    assert only(calendar.person.school)["status"] == "confirmed"


def test_a_students_reason_is_kept(calendar: CalendarPerson) -> None:
    form = cancel_form(calendar)
    calendar.person.type("s")
    form.why.setFocus()
    calendar.person.type("has the flu")
    calendar.person.key(Qt.Key.Key_Return)
    assert only(calendar.person.school)["cancellation_reason"] == "has the flu"


def test_notes_survive_a_change_from_elsewhere_and_are_saved(calendar: CalendarPerson) -> None:
    person, panel = calendar.person, calendar.screen.panel
    person.click(panel.notes)
    person.type("Nervous on merges")
    receipt = person.school.run(lambda uow: uow.update(Student, MIA, {"full_name": "Mia Married"}))
    person.program.window.dispatch(receipt.changes)
    person.settle()
    assert "Mia Married" in words_of(panel)
    assert panel.notes.editor is person.focus
    person.type(" at night")
    person.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert only(person.school)["notes"] == "Nervous on merges at night"
    assert panel.notes.editor is None
    person.undo()
    assert only(person.school)["notes"] is None


def test_a_form_of_one_lesson_is_put_away_for_another(calendar: CalendarPerson) -> None:
    other = booked(calendar.person.school, 14, NOAH)
    cancel_form(calendar)
    calendar.choose(other)
    assert [form for form in calendar.screen.panel.findChildren(CancelForm) if form.isVisible()] == []
    assert "Noah Li" in words_of(calendar.screen.panel)


def test_a_chip_moves_the_lesson_and_more_asks_in_words(calendar: CalendarPerson) -> None:
    person, panel = calendar.person, calendar.screen.panel
    (chips,) = panel.findChildren(ChipRow)
    first, *_rest, more = chips.chips()
    person.click(chips.button(more))
    assert person.program.window.palette_.is_open
    person.key(Qt.Key.Key_Escape)
    person.click(chips.button(first))
    assert only(person.school)["start_at"] != at(10)
    assert "Lesson moved" in person.toast


def test_start_done_and_reopen_with_a_reason(calendar: CalendarPerson) -> None:
    person, school = calendar.person, calendar.person.school
    school.clock.set(at(9.75))
    calendar.screen.refresh(Changes())
    person.settle()
    person.key(Qt.Key.Key_A)
    assert only(school)["status"] == "in_progress"
    school.clock.set(at(11))
    person.key(Qt.Key.Key_D)
    assert only(school)["status"] == "completed"
    (reopen,) = [each for each in calendar.screen.panel.findChildren(QPushButton) if each.text() == "Reopen…"]
    person.click(reopen)
    person.key(Qt.Key.Key_Return)
    assert only(school)["status"] == "completed"
    person.type("Marked by mistake")
    person.key(Qt.Key.Key_Return)
    assert only(school)["status"] == "confirmed"


def test_no_show_by_two_keys_and_undo(calendar: CalendarPerson) -> None:
    person, school = calendar.person, calendar.person.school
    actions = person.program.window.actions_
    assert not actions.is_enabled("lesson.no_show")
    school.clock.set(at(10.5))
    calendar.screen.refresh(Changes())
    person.settle()
    person.key(Qt.Key.Key_N, Qt.KeyboardModifier.ShiftModifier)
    assert only(school)["status"] == "no_show"
    person.undo()
    assert only(school)["status"] == "confirmed"


def test_a_request_is_confirmed(calendar: CalendarPerson) -> None:
    person = calendar.person
    request = NewBooking(NOAH, ETHAN, LESSON, at(14), status=BookingStatus.REQUESTED)
    asked = person.school.run(lambda uow: book(uow, request)).value
    calendar.choose(asked)
    assert "Requested" in [pill.text for pill in calendar.screen.panel.findChildren(Pill) if pill.isVisible()]
    (confirm,) = [each for each in calendar.screen.panel.findChildren(QPushButton) if each.text() == "Confirm"]
    person.click(confirm)
    assert {row["status"] for row in person.school.rows_by_start()} == {"confirmed"}


def test_an_instructor_takes_no_payment_and_chooses_no_refund(instructor: Person) -> None:
    calendar = CalendarPerson(instructor)
    calendar.choose(booked(instructor.school, 10))
    panel = calendar.screen.panel
    assert not [each for each in panel.findChildren(QPushButton) if each.isVisible() and "Take" in each.text()]
    calendar.view.setFocus()
    instructor.key(Qt.Key.Key_P)
    assert panel.findChild(PaymentForm) is None
    form = cancel_form(calendar)
    instructor.type("o")
    assert form.actor is None


def test_the_students_file_is_one_click_away(calendar: CalendarPerson) -> None:
    panel = calendar.screen.panel
    (button,) = [each for each in panel.findChildren(QPushButton) if "file" in each.text()]
    calendar.person.click(button)
    assert calendar.person.program.window.host.current_id == "students"
