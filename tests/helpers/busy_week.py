"""A week in the life of the school: something of everything that the read models show."""

from datetime import date, timedelta

from driveflow_desktop.domain.communication.tables import Message
from driveflow_desktop.domain.communication.values import MessageChannel, MessageStatus
from driveflow_desktop.domain.desk.commands import (
    CancelRequest,
    Completion,
    cancel,
    complete,
    no_show,
    start,
    take_payment,
)
from driveflow_desktop.domain.finance.commands import NewPayment, refund
from driveflow_desktop.domain.finance.tables import Package, PackageUse, Payment
from driveflow_desktop.domain.finance.values import PaymentMethod, PaymentStatus
from driveflow_desktop.domain.people.tables import Guardian, Instructor, Student, StudentGuardian
from driveflow_desktop.domain.scheduling.commands.booking import NewBooking, book
from driveflow_desktop.domain.scheduling.commands.hours import NewException, set_exception, set_leave
from driveflow_desktop.domain.scheduling.commands.school import PublicHoliday, load_holidays, seed_policies
from driveflow_desktop.domain.scheduling.commands.series import NewSeries, book_series
from driveflow_desktop.domain.scheduling.commands.waitlist import Wish, add_to_waitlist
from driveflow_desktop.domain.scheduling.values import BookingStatus, CancellationActor
from driveflow_desktop.store.unit_of_work import UnitOfWork
from tests.helpers.school import AUTO_CAR, DANA, ETHAN, HIGHWAY, LESSON, MIA, MONDAY, NOAH, ZOE, School, at


def live_through(school: School) -> None:
    """Fill the diary of the week from 30 November 2026 and stop on that Monday at a quarter past two."""
    school.run(_people_and_hours)
    school.run(_bookings)
    rows = school.rows_by_start()
    first, second, third, fourth = (row["id"] for row in rows[:4])
    school.run(lambda uow: take_payment(uow, NewPayment(first, PaymentMethod.CASH)))
    school.run(lambda uow: take_payment(uow, NewPayment(second, PaymentMethod.CASH, 4001)))
    card = school.run(lambda uow: take_payment(uow, NewPayment(second, PaymentMethod.CARD))).value
    school.run(lambda uow: uow.update(Payment, card, {"status": PaymentStatus.SUCCEEDED, "received_at": uow.now}))
    school.run(lambda uow: refund(uow, second, 5000, "late"))
    school.run(lambda uow: take_payment(uow, NewPayment(rows[-1]["id"], PaymentMethod.CARD)))
    school.run(lambda uow: cancel(uow, CancelRequest(rows[-2]["id"], CancellationActor.STUDENT, "ill")))
    school.clock.set(at(9))
    school.run(lambda uow: start(uow, first))
    school.clock.set(at(10))
    school.run(lambda uow: complete(uow, Completion(first)))
    school.clock.set(at(12))
    school.run(lambda uow: no_show(uow, third))
    school.clock.set(at(14.25))
    school.run(lambda uow: start(uow, fourth))
    school.run(lambda uow: _package(uow, second))
    draft = NewBooking(ZOE, DANA, LESSON, at(10, MONDAY + timedelta(days=1)), status=BookingStatus.DRAFT)
    school.run(lambda uow: book(uow, draft))


def _people_and_hours(uow: UnitOfWork) -> None:
    seed_policies(uow)
    load_holidays(uow, [PublicHoliday(MONDAY + timedelta(days=2), "Show Day", "NSW")])
    load_holidays(uow, [PublicHoliday(MONDAY + timedelta(days=3), "Cup Day", "VIC")])
    set_leave(uow, ETHAN, MONDAY + timedelta(days=4), MONDAY + timedelta(days=9), "leave")
    set_exception(uow, NewException(DANA, MONDAY, False, 780, 810, "lunch"))
    uow.update(
        Instructor, ETHAN, {"license_expires_on": date(2026, 12, 3), "base_lat": -33_870_000, "base_lng": 151_200_000}
    )
    uow.update(Student, NOAH, {"licence_expires_on": MONDAY, "logbook_minutes": 900})
    guardian = uow.insert(Guardian, {"full_name": "Linh Tran", "phone": "+61411111111"})
    uow.insert(StudentGuardian, {"student_id": MIA, "guardian_id": guardian, "is_payer": True})
    add_to_waitlist(uow, ZOE, LESSON, Wish((1, 3), 900, 1080, instructor_id=DANA))


def _bookings(uow: UnitOfWork) -> None:
    book(uow, NewBooking(MIA, DANA, LESSON, at(9)))
    book(uow, NewBooking(NOAH, ETHAN, LESSON, at(9.5)))
    book(uow, NewBooking(ZOE, DANA, LESSON, at(11), vehicle_id=AUTO_CAR))
    book(uow, NewBooking(NOAH, DANA, HIGHWAY, at(14.25)))
    book(uow, NewBooking(MIA, ETHAN, LESSON, at(16), status=BookingStatus.REQUESTED))
    series = book_series(uow, NewSeries(NewBooking(NOAH, DANA, LESSON, at(15, MONDAY + timedelta(days=1))), 4))
    message = {"channel": MessageChannel.SMS, "template_key": "reminder", "to_address": "+61400000000"}
    about = {"status": MessageStatus.FAILED, "related_type": "bookings", "related_id": series.bookings[0]}
    uow.insert(Message, {**message, **about})


def _package(uow: UnitOfWork, booking_id: object) -> None:
    package = uow.insert(Package, {"student_id": NOAH, "minutes_bought": 600, "price_cents": 80_000})
    uow.insert(PackageUse, {"package_id": package, "booking_id": booking_id, "minutes": 60})
