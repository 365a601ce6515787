from datetime import date, timedelta

import pytest

from driveflow_desktop.domain.desk.commands import CancelRequest, cancel, start, take_payment
from driveflow_desktop.domain.finance.commands import NewPayment
from driveflow_desktop.domain.finance.values import PaidState, PaymentMethod
from driveflow_desktop.domain.overview.calendar import calendar_day, calendar_week
from driveflow_desktop.domain.overview.entries import suburb_of
from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.people.tables import Instructor
from driveflow_desktop.domain.scheduling.commands.booking import NewBooking, Stop, book
from driveflow_desktop.domain.scheduling.tables import AvailabilityException, Booking, Holiday
from driveflow_desktop.domain.scheduling.values import BookingStatus, CancellationActor
from driveflow_desktop.store.rows import codec
from tests.helpers.school import DANA, ETHAN, HIGHWAY, LESSON, MIA, MONDAY, NOAH, ORG, PRICE, ZOE, School, at


def page(school: School, day: date = MONDAY, **more):
    return school.read(lambda c: calendar_day(c, ORG, day, school.clock.now(), **more))


def make(school: School, *args, **more):
    return school.run(lambda uow: book(uow, NewBooking(*args, **more))).value


def test_a_day_has_a_column_per_instructor_with_hours_and_load(school):
    make(school, MIA, DANA, LESSON, at(10))
    make(school, NOAH, DANA, HIGHWAY, at(14))
    shown = page(school)
    assert [(column.name, column.lessons, column.minutes) for column in shown.columns] == [
        ("Dana Reid", 2, 150),
        ("Ethan Cole", 0, 0),
    ]
    assert shown.columns[0].open == ((at(9), at(18)),)
    assert (shown.columns[0].span.start, shown.columns[0].span.minutes) == (at(0), 1440)


def test_an_entry_says_who_what_where_and_what_is_due(school):
    made = make(school, MIA, DANA, LESSON, at(10), pickup=Stop("12 King St, Newtown NSW 2042", Place(-33.9, 151.18)))
    make(school, NOAH, DANA, LESSON, at(12))
    first, second = page(school).entries
    assert (first.id, first.student_name, first.service_name, first.suburb) == (
        made,
        "Mia Tran",
        "Lesson 60",
        "Newtown",
    )
    assert (first.paid, first.due_cents, first.status) == (PaidState.DUE, PRICE, BookingStatus.CONFIRMED)
    assert first.travel_after_min > 15
    assert second.travel_after_min == 0
    assert (first.live, first.overlaps, first.conflict) == (False, False, False)
    school.run(lambda uow: take_payment(uow, NewPayment(made, PaymentMethod.CASH, 4000)))
    assert (page(school).entries[0].paid, page(school).entries[0].due_cents) == (PaidState.PART, PRICE - 4000)
    school.clock.set(at(10))
    school.run(lambda uow: start(uow, made))
    assert page(school).entries[0].live


def test_cancelled_lessons_are_hidden_unless_asked_for_and_owe_nothing(school):
    made = make(school, MIA, DANA, LESSON, at(10))
    school.run(lambda uow: cancel(uow, CancelRequest(made, CancellationActor.STUDENT)))
    assert page(school).entries == ()
    entry = page(school, with_cancelled=True).entries[0]
    assert (entry.status, entry.due_cents) == (BookingStatus.CANCELLED, 0)
    assert page(school, with_cancelled=True).columns[0].lessons == 0


def test_leave_holidays_and_former_instructors_with_lessons_show(school):
    make(school, MIA, ETHAN, LESSON, at(10))
    school.run(lambda uow: uow.update(Instructor, ETHAN, {"active": False}))
    leave = {"instructor_id": DANA, "date": MONDAY, "note": "flu"}
    school.run(lambda uow: uow.insert(AvailabilityException, leave))
    school.run(lambda uow: uow.insert(Holiday, {"date": MONDAY, "name": "Show Day", "region": "NSW", "closed": False}))
    shown = page(school)
    assert [(column.name, column.on_leave, column.leave_note) for column in shown.columns] == [
        ("Dana Reid", True, "flu"),
        ("Ethan Cole", False, None),
    ]
    assert shown.columns[0].open == ()
    assert shown.holidays == {MONDAY: "Show Day"}
    assert [column.name for column in page(school, MONDAY + timedelta(days=1)).columns] == ["Dana Reid"]


def test_a_real_overlap_that_sync_brought_is_marked_on_both(school):
    one, two = make(school, MIA, DANA, LESSON, at(10)), make(school, NOAH, DANA, LESSON, at(14))
    make(school, ZOE, DANA, LESSON, at(16))
    with school.replica.sync_transaction() as connection:
        moved = {"start_at": at(10.5), "end_at": at(11.5)}
        codec(Booking.__table__).update(connection, ORG, two, moved)
    assert {entry.id for entry in page(school).entries if entry.overlaps} == {one, two}


def test_a_week_is_one_instructor_by_day_over_the_change_of_the_clocks(school):
    first = date(2027, 4, 1)
    make(school, MIA, DANA, LESSON, at(10, date(2027, 4, 5)))
    make(school, NOAH, ETHAN, LESSON, at(10, date(2027, 4, 5)))
    shown = school.read(lambda c: calendar_week(c, ORG, DANA, first, school.clock.now()))
    assert [column.day for column in shown.columns] == [first + timedelta(days=n) for n in range(7)]
    assert {column.name for column in shown.columns} == {"Dana Reid"}
    assert [column.span.minutes for column in shown.columns] == [1440, 1440, 1440, 1500, 1440, 1440, 1440]
    assert [column.lessons for column in shown.columns] == [0, 0, 0, 0, 1, 0, 0]
    assert len(shown.entries) == 1


@pytest.mark.parametrize(
    ("address", "suburb"),
    [
        ("12 King St, Newtown NSW 2042", "Newtown"),
        ("12 King St, Newtown", "Newtown"),
        ("Surry Hills", "Surry Hills"),
        ("1 High St, Upper Ferntree Gully VIC 3156", "Upper Ferntree Gully"),
        ("NSW 2042", "NSW 2042"),
        ("", ""),
        (None, ""),
    ],
)
def test_suburbs(address, suburb):
    assert suburb_of(address) == suburb
