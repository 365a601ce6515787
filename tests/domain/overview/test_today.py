from datetime import date, timedelta

from driveflow_desktop.domain.communication.tables import Message
from driveflow_desktop.domain.communication.values import MessageChannel, MessageStatus
from driveflow_desktop.domain.desk.commands import Completion, complete, no_show, take_payment
from driveflow_desktop.domain.finance.commands import NewPayment, refund
from driveflow_desktop.domain.finance.tables import Package, PackageUse
from driveflow_desktop.domain.finance.values import PaymentMethod
from driveflow_desktop.domain.overview.booking import booking_detail, next_free_for
from driveflow_desktop.domain.overview.today import today
from driveflow_desktop.domain.people.tables import Guardian, Instructor, Student, StudentGuardian
from driveflow_desktop.domain.scheduling.commands.booking import NewBooking, book
from driveflow_desktop.domain.scheduling.tables import AvailabilityException, WaitlistEntry
from driveflow_desktop.domain.scheduling.values import BookingStatus
from tests.helpers.school import (
    AUTO_CAR,
    DANA,
    DANA_USER,
    DESK,
    ETHAN,
    HIGHWAY,
    LESSON,
    MIA,
    NOAH,
    ORG,
    PRICE,
    STRANGER,
    SYDNEY,
    ZOE,
    School,
    at,
)


def make(school: School, *args, **more):
    return school.run(lambda uow: book(uow, NewBooking(*args, **more))).value


def screen(school: School):
    return school.read(lambda c: today(c, ORG, school.clock.now()))


def test_next_lessons_what_to_close_and_the_load(school):
    early = make(school, MIA, DANA, LESSON, at(9))
    late = make(school, NOAH, DANA, LESSON, at(15))
    request = make(school, ZOE, ETHAN, LESSON, at(11), status=BookingStatus.REQUESTED)
    school.clock.set(at(9.5))
    assert [item.entry.id for item in screen(school).upcoming] == [early, request, late]
    assert screen(school).to_close == ()
    school.clock.set(at(12))
    shown = screen(school)
    assert [item.entry.id for item in shown.upcoming] == [late]
    assert [(item.entry.id, item.proposal.proposal) for item in shown.to_close] == [
        (early, BookingStatus.NO_SHOW),
        (request, BookingStatus.CANCELLED),
    ]
    assert shown.to_close[0].instructor_name == "Dana Reid"
    school.run(lambda uow: complete(uow, Completion(early)))
    assert [(load.name, load.done, load.booked, load.minutes) for load in screen(school).loads] == [
        ("Dana Reid", 1, 2, 120),
        ("Ethan Cole", 0, 1, 60),
    ]


def test_money_owed_is_what_begun_lessons_miss(school):
    paid, part, refunded = (make(school, MIA, DANA, LESSON, at(hour)) for hour in (9, 11, 13))
    packaged, missed, coming = (make(school, NOAH, ETHAN, LESSON, at(hour)) for hour in (9, 11, 17))
    school.run(lambda uow: take_payment(uow, NewPayment(paid, PaymentMethod.CASH)))
    school.run(lambda uow: take_payment(uow, NewPayment(part, PaymentMethod.CASH, 4000)))
    school.run(lambda uow: take_payment(uow, NewPayment(refunded, PaymentMethod.CASH)))
    school.run(lambda uow: refund(uow, refunded, 2000, "late"))
    bought = {"student_id": NOAH, "minutes_bought": 600, "price_cents": 80_000}
    package = school.run(lambda uow: uow.insert(Package, bought)).value
    use = {"package_id": package, "booking_id": packaged, "minutes": 60}
    school.run(lambda uow: uow.insert(PackageUse, use))
    school.clock.set(at(14))
    school.run(lambda uow: no_show(uow, missed))
    owed = screen(school).owed
    assert {debt.booking_id: debt.due_cents for debt in owed.oldest} == {part: 5500, missed: PRICE}
    assert (owed.total_cents, owed.lessons) == (5500 + PRICE, 2)
    assert [debt.start for debt in owed.oldest] == sorted(debt.start for debt in owed.oldest)
    school.clock.set(at(18))
    assert coming in {debt.booking_id for debt in screen(school).owed.oldest}


def test_whom_to_call_who_is_away_whose_licence_ends_who_waits(school):
    made = make(school, MIA, DANA, LESSON, at(10))
    failed = {"channel": MessageChannel.SMS, "template_key": "reminder", "status": MessageStatus.FAILED}
    about = {
        **failed,
        "to_address": "+61400000000",
        "related_type": "bookings",
        "related_id": made,
        "error": "no such number",
    }
    school.run(lambda uow: uow.insert(Message, about))
    direct = {**failed, "to_address": "n@example.com", "related_type": "students", "related_id": NOAH}
    school.run(lambda uow: uow.insert(Message, direct))
    school.run(lambda uow: uow.insert(Message, {**direct, "status": MessageStatus.SENT}))
    school.run(lambda uow: uow.update(Instructor, DANA, {"license_expires_on": date(2026, 12, 1)}))
    school.run(lambda uow: uow.update(Student, MIA, {"licence_expires_on": date(2026, 11, 29)}))
    school.run(lambda uow: uow.update(Student, NOAH, {"licence_expires_on": date(2026, 11, 29)}))
    school.run(lambda uow: uow.insert(WaitlistEntry, {"student_id": ZOE, "service_id": LESSON}))
    leave = {"instructor_id": ETHAN, "date": date(2026, 11, 24), "note": "leave"}
    school.run(lambda uow: uow.insert(AvailabilityException, leave))
    shown = screen(school)
    assert [(call.student_name, call.booking_id) for call in shown.calls] == [("Noah Li", None), ("Mia Tran", made)]
    assert [(alert.name, alert.is_instructor) for alert in shown.licences] == [("Dana Reid", True), ("Mia Tran", False)]
    assert [(load.name, load.leave_note) for load in shown.loads if load.on_leave] == [("Ethan Cole", "leave")]
    assert shown.waiting == 1
    school.clock.advance(timedelta(days=15))
    assert screen(school).calls == ()


def test_the_call_list_names_a_person_once_for_each_reason(school):
    made = make(school, MIA, DANA, LESSON, at(10))
    failed = {"channel": MessageChannel.SMS, "template_key": "reminder", "status": MessageStatus.FAILED}
    mia = {**failed, "to_address": "+61400000000", "related_type": "bookings", "related_id": made}
    nobody = {**failed, "to_address": "A@example.com", "error": "bounced"}
    messages = [
        {**mia, "error": "no such number"},
        nobody,
        {**mia, "error": "full"},
        {**mia, "related_type": "students", "related_id": MIA, "error": "no such number"},
        {**nobody, "to_address": "a@example.com"},
        {**nobody, "to_address": "b@example.com"},
        {**mia, "error": None},
        {**mia, "error": ""},
    ]
    ids = [school.run(lambda uow, values=values: uow.insert(Message, values)).value for values in messages]
    assert [call.message_id for call in screen(school).calls] == [ids[n] for n in (7, 5, 4, 3, 2)]
    assert [call.student_name for call in screen(school).calls] == ["Mia Tran", None, None, "Mia Tran", "Mia Tran"]


# -- the side panel -----------------------------------------------------------------------------------------------


def test_the_side_panel_knows_everything_about_a_booking(school):
    made = make(school, MIA, DANA, HIGHWAY, at(10), vehicle_id=AUTO_CAR, notes="gate code 12")
    mother = school.run(lambda uow: uow.insert(Guardian, {"full_name": "Linh Tran", "phone": "+61411111111"})).value
    link = {"student_id": MIA, "guardian_id": mother, "relation": "mother", "is_payer": True}
    school.run(lambda uow: uow.insert(StudentGuardian, link))
    school.run(lambda uow: uow.update(Student, MIA, {"logbook_minutes": 3000, "logbook_night_minutes": 1300}))
    school.run(lambda uow: take_payment(uow, NewPayment(made, PaymentMethod.CASH, 4000)))
    detail = school.read(lambda c: booking_detail(c, ORG, made, DESK, school.clock.now()))
    assert (detail.student.name, detail.instructor_name, detail.service.name) == ("Mia Tran", "Dana Reid", "Highway 90")
    assert (detail.guardian.name, detail.guardian.is_payer) == ("Linh Tran", True)
    assert (detail.booking.price_cents, detail.gst_cents, detail.due.total_cents) == (14000, 1273, 10000)
    assert (detail.vehicle_name, detail.booking.notes, detail.changed_by) == (
        "Corolla",
        "gate code 12",
        f"User {DESK.int}",
    )
    assert (detail.logbook.total_missing, detail.logbook.night_missing) == (120 * 60 - 3000, 0)
    assert [payment.amount_cents for payment in detail.payments] == [4000]
    assert detail.possible == {BookingStatus.CANCELLED}
    school.clock.set(at(12))
    own = school.read(lambda c: booking_detail(c, ORG, made, DANA_USER, school.clock.now()))
    assert BookingStatus.COMPLETED in own.possible
    assert school.read(lambda c: booking_detail(c, ORG, made, STRANGER, school.clock.now())).possible == frozenset()


def test_next_free_times_with_the_same_instructor(school):
    made = make(school, MIA, DANA, LESSON, at(10))
    found = school.read(lambda c: next_free_for(c, ORG, made, school.clock.now()))
    assert len(found) == 3
    assert {slot.instructor_id for slot in found} == {DANA}
    days = [slot.start.astimezone(SYDNEY).date() for slot in found]
    assert days == [date(2026, 11, 24), date(2026, 11, 25), date(2026, 11, 26)]
    assert found[0].start >= school.clock.now() + timedelta(hours=2)
    assert found[1].start == at(9, days[1])
