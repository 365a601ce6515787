"""What the desk can take money for adds up to what the account says is owed and is to come."""

import pytest

from driveflow_desktop.domain.desk.commands import Completion, complete, take_payment
from driveflow_desktop.domain.finance.commands import NewPayment
from driveflow_desktop.domain.finance.tables import Payment
from driveflow_desktop.domain.finance.values import PaymentKind, PaymentMethod, PaymentStatus
from driveflow_desktop.domain.overview.accounts import NO_ACCOUNT, accounts
from driveflow_desktop.domain.overview.unpaid import Unpaid, unpaid_of
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.scheduling.commands.booking import NewBooking, book
from driveflow_desktop.domain.scheduling.values import BookingStatus
from tests.domain.overview_people.test_roster import NOW, TODAY, populate
from tests.helpers.school import DANA, ETHAN, HIGHWAY, LESSON, MIA, NOAH, ORG, PRICE, School, at


def unpaid(school: School) -> tuple[Unpaid, ...]:
    return school.read(lambda c: unpaid_of(c, ORG, MIA))


def test_lessons_that_lack_money_the_oldest_first(school: School):
    later = school.run(lambda uow: book(uow, NewBooking(MIA, ETHAN, HIGHWAY, at(14)))).value
    early = school.run(lambda uow: book(uow, NewBooking(MIA, DANA, LESSON, at(9)))).value
    school.run(lambda uow: book(uow, NewBooking(MIA, DANA, LESSON, at(16), status=BookingStatus.DRAFT)))
    school.run(lambda uow: book(uow, NewBooking(NOAH, DANA, LESSON, at(11))))
    school.clock.set(at(12))
    school.run(lambda uow: complete(uow, Completion(early)))
    assert [(each.booking_id, each.service_name, each.due_cents, each.is_fee) for each in unpaid(school)] == [
        (early, "Lesson 60", PRICE, False),
        (later, "Highway 90", 14_000, False),
    ]
    school.run(lambda uow: take_payment(uow, NewPayment(later, PaymentMethod.CASH, 4000)))
    school.run(lambda uow: take_payment(uow, NewPayment(early, PaymentMethod.CASH)))
    assert [(each.booking_id, each.due_cents) for each in unpaid(school)] == [(later, 10_000)]


def test_a_fee_that_is_asked_for_stands_apart_from_the_price(school: School):
    lesson = school.run(lambda uow: book(uow, NewBooking(MIA, DANA, LESSON, at(9)))).value
    school.run(
        lambda uow: take_payment(uow, NewPayment(lesson, PaymentMethod.CARD, 2000, PaymentKind.FEE)),
    )
    assert [(each.due_cents, each.is_fee) for each in unpaid(school)] == [(PRICE, False), (2000, True)]
    school.run(lambda uow: take_payment(uow, NewPayment(lesson, PaymentMethod.CASH, 2000, PaymentKind.FEE)))
    assert [(each.due_cents, each.is_fee) for each in unpaid(school)] == [(PRICE, False)]
    assert {row["status"] for row in school.rows(Payment)} == {PaymentStatus.FAILED, PaymentStatus.SUCCEEDED}


@pytest.mark.parametrize("seed", range(3))
def test_they_add_up_to_the_account(school: School, seed: int):
    school.replica._guard = lambda *_: None
    school.run(lambda uow: populate(uow, seed))
    for student in [row["id"] for row in school.rows(Student)]:
        parts = school.read(lambda c, one=student: unpaid_of(c, ORG, one))
        account = school.read(lambda c, one=student: accounts(c, ORG, [one], NOW, TODAY)).get(student, NO_ACCOUNT)
        coming = [each for each in parts if each.start > NOW and not each.is_fee]
        assert sum(each.due_cents for each in coming) == account.upcoming_cents
        packages = account.owed_cents - sum(each.due_cents for each in parts) + account.upcoming_cents
        assert packages in {0, 40_000}
        assert all(each.due_cents > 0 for each in parts)
        assert list(parts) == sorted(parts, key=lambda each: each.start)
