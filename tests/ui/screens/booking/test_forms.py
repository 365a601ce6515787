"""The panel's small forms: letters choose, they never reach the window's shortcuts, and typing stays typing."""

from typing import cast
from uuid import UUID

import pytest
from PySide6.QtCore import Qt

from driveflow_desktop.domain.finance.tables import Payment
from driveflow_desktop.ui.screens.booking.letter_forms import CancelForm, PaymentForm
from driveflow_desktop.ui.shell.a11y import unnamed_controls
from tests.helpers.school import School
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
