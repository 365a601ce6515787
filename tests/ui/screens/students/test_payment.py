"""Taking money beside the roster: for which lesson, by keys alone, and what stands in the database afterwards."""

from uuid import UUID

import sqlalchemy as sa
from PySide6.QtCore import Qt

from driveflow_desktop.domain.desk.commands import take_payment
from driveflow_desktop.domain.finance.commands import NewPayment
from driveflow_desktop.domain.finance.tables import Payment
from driveflow_desktop.domain.finance.values import PaymentKind, PaymentMethod
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.scheduling.commands.booking import NewBooking, book
from driveflow_desktop.store.log_tables import AuditLog, Outbox
from driveflow_desktop.ui.screens.booking.payment_form import PaymentForm
from driveflow_desktop.ui.screens.students.screen import StudentsScreen
from driveflow_desktop.ui.shell.a11y import unnamed_controls
from driveflow_desktop.ui.widgets.buttons import Button
from driveflow_desktop.ui.widgets.marks import Pill
from tests.helpers.school import DANA, DANA_USER, HIGHWAY, LESSON, MIA, NOAH, School, at
from tests.ui.screens.desk_rig import words_of
from tests.ui.screens.people_rig import MakePerson, Person, Who


def lesson(school: School, hour: float, service: UUID = LESSON, student: UUID = MIA) -> UUID:
    return school.run(lambda uow: book(uow, NewBooking(student, DANA, service, at(hour)))).value


def at_the_students(person: Person) -> StudentsScreen:
    """The roster with Mia picked, as if the lessons had come from another PC."""
    screen = person.screen
    assert isinstance(screen, StudentsScreen)
    for receipt in person.school.receipts:
        person.program.window.dispatch(receipt.changes)
    person.settle()
    screen.roster.setFocus()
    person.settle()
    return screen


def pay_button(screen: StudentsScreen) -> Button:
    (found,) = [each for each in screen.panel.findChildren(Button) if each.text() == "Take payment"]
    return found


def form_of(screen: StudentsScreen) -> PaymentForm:
    form = screen.panel.form
    assert isinstance(form, PaymentForm)
    return form


def pills(screen: StudentsScreen) -> list[str]:
    return [each.text for each in screen.panel.findChildren(Pill) if each.isVisible()]


def payments(person: Person) -> list[tuple[object, ...]]:
    columns = (Payment.booking_id, Payment.method, Payment.amount_cents, Payment.rounding_cents, Payment.kind)
    return person.rows(sa.select(*columns).order_by(Payment.created_at))


def logged(person: Person) -> tuple[list[object], list[object]]:
    """What outbox and audit say of payments."""
    outbox = person.rows(sa.select(Outbox.row_id).where(Outbox.table_name == "payments"))
    audit = person.rows(sa.select(AuditLog.entity_id).where(AuditLog.entity_type == "payments"))
    return [row[0] for row in outbox], [row[0] for row in audit]


def test_money_for_a_lesson_by_keys_alone(person: Person) -> None:
    owed = lesson(person.school, 10)
    person.school.clock.set(at(12))
    screen = at_the_students(person)
    assert pills(screen) == ["$95.00 due"]
    assert pay_button(screen).isEnabled()
    person.key(Qt.Key.Key_P)
    form = form_of(screen)
    assert "Mon 30 Nov · Lesson 60 · $95.00" in words_of(form)
    assert not form.lesson.isVisible()
    assert unnamed_controls(person.program.window) == []
    person.type("c")
    person.key(Qt.Key.Key_Return)
    assert payments(person) == [(owed, PaymentMethod.CASH, 9500, 0, PaymentKind.FULL)]
    ((payment,),) = person.rows(sa.select(Payment.id))
    assert logged(person) == ([payment], [payment])
    assert person.toast == "Payment recorded"
    assert screen.panel.form is None
    assert screen.roster.hasFocus()
    assert pills(screen) == ["Paid up"]
    assert not pay_button(screen).isEnabled()
    assert "Payment received" in " ".join(words_of(screen.panel))


def test_of_several_lessons_the_oldest_comes_first_and_arrows_choose(person: Person) -> None:
    long = lesson(person.school, 14, HIGHWAY)
    first = lesson(person.school, 10)
    screen = at_the_students(person)
    person.click(pay_button(screen))
    form = form_of(screen)
    choices = [form.lesson.itemText(at) for at in range(form.lesson.count())]
    assert choices == ["Mon 30 Nov · Lesson 60 · $95.00", "Mon 30 Nov · Highway 90 · $140.00"]
    assert (form.debt.booking_id, form.amount.value) == (first, 9500)
    person.key(Qt.Key.Key_Down)
    assert (form.debt.booking_id, form.amount.value) == (long, 14_000)
    person.type("e")
    person.key(Qt.Key.Key_Return)
    assert payments(person) == [(long, PaymentMethod.EFTPOS, 14_000, 0, PaymentKind.FULL)]
    person.key(Qt.Key.Key_P)
    assert "Mon 30 Nov · Lesson 60 · $95.00" in words_of(form_of(screen))


def test_letters_choose_the_method_in_the_list_of_lessons_too(person: Person) -> None:
    lesson(person.school, 14, HIGHWAY)
    first = lesson(person.school, 10)
    screen = at_the_students(person)
    person.key(Qt.Key.Key_P)
    form = form_of(screen)
    form.lesson.setFocus()
    person.type("b")
    person.key(Qt.Key.Key_Return)
    assert payments(person) == [(first, PaymentMethod.BANK_TRANSFER, 9500, 0, PaymentKind.FULL)]


def test_cash_is_rounded_at_the_till(person: Person) -> None:
    lesson(person.school, 10)
    screen = at_the_students(person)
    person.key(Qt.Key.Key_P)
    form = form_of(screen)
    form.amount.setFocus()
    person.type("40.02", over=True)
    assert "At the till: $40.00" not in words_of(form)
    person.type("c")
    assert "At the till: $40.00" in words_of(form)
    person.key(Qt.Key.Key_Return)
    ((_booking, method, cents, rounding, kind),) = payments(person)
    assert (method, cents, rounding, kind) == (PaymentMethod.CASH, 4002, -2, PaymentKind.DEPOSIT)
    person.key(Qt.Key.Key_P)
    assert form_of(screen).amount.value == 9500 - 4002


def test_a_fee_is_paid_as_a_fee(person: Person) -> None:
    owed = lesson(person.school, 10)
    fee = NewPayment(owed, PaymentMethod.CARD, 2000, PaymentKind.FEE)
    person.school.run(lambda uow: take_payment(uow, NewPayment(owed, PaymentMethod.CASH)))
    person.school.run(lambda uow: take_payment(uow, fee))
    screen = at_the_students(person)
    assert pills(screen) == ["$20.00 due"]
    person.key(Qt.Key.Key_P)
    assert "Mon 30 Nov · fee for Lesson 60 · $20.00" in words_of(form_of(screen))
    person.type("c")
    person.key(Qt.Key.Key_Return)
    assert payments(person)[-1] == (owed, PaymentMethod.CASH, 2000, 0, PaymentKind.FEE)
    assert pills(screen) == ["Paid up"]


def test_esc_takes_nothing_and_gives_the_keyboard_back(person: Person) -> None:
    lesson(person.school, 10)
    screen = at_the_students(person)
    person.key(Qt.Key.Key_P)
    person.type("c")
    person.key(Qt.Key.Key_Escape)
    assert screen.panel.form is None
    assert screen.panel.fields.value("full_name").field.shown == "Mia Tran"
    assert screen.roster.hasFocus()
    assert payments(person) == []


def test_enter_without_a_method_says_what_is_missing(person: Person) -> None:
    lesson(person.school, 10)
    screen = at_the_students(person)
    person.key(Qt.Key.Key_P)
    person.key(Qt.Key.Key_Return)
    assert "how it was paid" in form_of(screen).error.text
    assert payments(person) == []


def test_what_was_paid_elsewhere_meanwhile_is_refused_in_the_form(person: Person) -> None:
    owed = lesson(person.school, 10)
    screen = at_the_students(person)
    person.key(Qt.Key.Key_P)
    person.school.run(lambda uow: take_payment(uow, NewPayment(owed, PaymentMethod.EFTPOS)))
    person.type("c")
    person.key(Qt.Key.Key_Return)
    assert "already is a full payment" in form_of(screen).error.text
    assert len(payments(person)) == 1


def test_another_student_puts_the_form_away(person: Person) -> None:
    lesson(person.school, 10)
    lesson(person.school, 14, student=NOAH)
    screen = at_the_students(person)
    person.key(Qt.Key.Key_P)
    screen.roster.pick(NOAH)
    person.settle()
    assert screen.panel.form is None
    screen.roster.setFocus()
    person.key(Qt.Key.Key_P)
    person.type("c")
    person.key(Qt.Key.Key_Return)
    ((booking, *_rest),) = payments(person)
    assert booking != person.school.rows_by_start()[0]["id"]


def test_where_nothing_is_owed_the_button_says_so(person: Person) -> None:
    screen = at_the_students(person)
    assert not pay_button(screen).isEnabled()
    assert pay_button(screen).toolTip() == "Nothing is owed: every lesson is paid."
    person.key(Qt.Key.Key_P)
    assert screen.panel.form is None


def test_an_instructor_takes_no_money(make_person: MakePerson) -> None:
    person = make_person(Who(DANA_USER, "Dana Reid", OrgRole.INSTRUCTOR))
    lesson(person.school, 10)
    screen = at_the_students(person)
    assert not pay_button(screen).isEnabled()
    assert "front desk" in pay_button(screen).toolTip()
    person.key(Qt.Key.Key_P)
    assert screen.panel.form is None
