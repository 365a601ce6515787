from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.people.tables import Instructor, Student
from driveflow_desktop.domain.scheduling.commands.booking import (
    Moving,
    NewBooking,
    Stop,
    assign_vehicle,
    book,
    change_service,
    edit_notes,
    edit_stops,
    move,
)
from driveflow_desktop.domain.scheduling.commands.lifecycle import change_status
from driveflow_desktop.domain.scheduling.queries import booking
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.errors import UserError
from tests.helpers.school import (
    AUTO_CAR,
    CARD,
    DANA,
    DANA_USER,
    DESK,
    ETHAN,
    FEE,
    HIGHWAY,
    LESSON,
    MANUAL_CAR,
    MIA,
    NEWTOWN,
    NOAH,
    NOW,
    ORG,
    PRICE,
    STRANGER,
    THEIR_INSTRUCTOR,
    THEIR_SERVICE,
    THEIR_STUDENT,
    ZOE,
    School,
    at,
)

TEN = NewBooking(MIA, DANA, LESSON, at(10))


def make(school: School, request: NewBooking = TEN):
    return school.run(lambda uow: book(uow, request))


def facts(school: School, booking_id):
    found = school.read(lambda c: booking(c, ORG, booking_id))
    assert found is not None
    return found


def refused(school: School, request: NewBooking, **more) -> UserError:
    with pytest.raises(UserError) as caught:
        school.run(lambda uow: book(uow, request), **more)
    assert school.rows(Booking) == [] or caught.value.code
    return caught.value


def test_a_booking_takes_length_price_split_and_pickup_from_what_the_school_knows(school):
    receipt = make(school)
    made = facts(school, receipt.value)
    assert (made.start, made.end, made.status) == (at(10), at(11), BookingStatus.CONFIRMED)
    assert (made.price_cents, made.platform_fee_cents, made.instructor_share_cents) == (PRICE, FEE, PRICE - FEE)
    assert (made.pickup_address, made.pickup_lat, made.pickup_lng) == ("Mia Tran’s home", *NEWTOWN)
    assert (made.overrides, made.hold_until, made.status_changed_by) == ({}, None, DESK)
    assert receipt.warnings == ()
    assert receipt.changes.ids("bookings") == {receipt.value}
    assert school.rows(Booking)[0]["rate_card_id"] == CARD


def test_an_instructors_own_fee_splits_the_price(school):
    made = facts(school, make(school, replace(TEN, instructor_id=ETHAN)).value)
    assert (made.platform_fee_cents, made.instructor_share_cents) == (1900, 7600)


def test_given_end_stops_and_notes_are_kept(school):
    request = replace(
        TEN,
        end=at(11.5),
        pickup=Stop("Station", Place(-33.9, 151.2)),
        dropoff=Stop("School", Place(-33.91, 151.21)),
        notes="bring logbook",
        vehicle_id=AUTO_CAR,
    )
    made = facts(school, make(school, request).value)
    assert (made.end, made.pickup_address, made.dropoff_address) == (at(11.5), "Station", "School")
    assert (made.pickup_lat, made.pickup_lng) == (-33_900_000, 151_200_000)
    assert (made.dropoff, made.notes, made.vehicle_id) == (Place(-33.91, 151.21), "bring logbook", AUTO_CAR)


def test_a_draft_holds_its_slot_for_an_hour(school):
    made = facts(school, make(school, replace(TEN, status=BookingStatus.DRAFT)).value)
    assert made.hold_until == school.clock.now() + timedelta(hours=1)
    assert refused(school, replace(TEN, student_id=NOAH)).code == "slot_taken"
    school.clock.advance(timedelta(hours=1))
    make(school, replace(TEN, student_id=NOAH))


@pytest.mark.parametrize("status", [BookingStatus.REQUESTED, BookingStatus.PENDING_PAYMENT])
def test_requests_and_unpaid_bookings_occupy_their_slot(school, status):
    make(school, replace(TEN, status=status))
    assert refused(school, replace(TEN, student_id=NOAH)).code == "slot_taken"


def test_an_overlap_is_refused_with_what_is_in_the_way_and_three_ways_out(school):
    first = make(school).value
    error = refused(school, replace(TEN, student_id=NOAH, start=at(10.5), override=True))
    assert (error.code, error.details["blocking"]) == ("slot_taken", first)
    found = error.details["alternatives"]
    assert len(found) == 3
    assert {slot.slot.instructor_id for slot in found} == {DANA, ETHAN}
    for slot in found:
        assert slot.slot.end - slot.slot.start == timedelta(hours=1)
        make(school, NewBooking(NOAH, slot.slot.instructor_id, LESSON, slot.slot.start, status=BookingStatus.DRAFT))
        break


def test_a_student_is_not_in_two_lessons(school):
    first = make(school).value
    error = refused(school, replace(TEN, instructor_id=ETHAN, start=at(10.5), override=True))
    assert (error.code, error.details["blocking"]) == ("student_busy", first)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"start": at(7)}, "outside_hours"),
        ({"start": at(10, date(2026, 11, 29))}, "outside_hours"),
        ({"start": NOW + timedelta(hours=1)}, "notice"),
        ({"start": at(10, date(2027, 8, 2))}, "horizon"),
        ({"start": at(10, date(2026, 11, 23))}, "notice"),
    ],
)
def test_advice_is_refused_until_the_desk_overrules_it_and_then_recorded(school, change, code):
    request = replace(TEN, **change)
    error = refused(school, request)
    assert error.code == code
    assert "alternatives" in error.details
    receipt = make(school, replace(request, override=True))
    assert code in facts(school, receipt.value).overrides
    assert receipt.warnings


def test_tight_travel_is_advice_with_its_minutes(school):
    make(school)
    error = refused(school, NewBooking(NOAH, DANA, LESSON, at(11.25)))
    assert error.code == "travel_too_tight"
    receipt = make(school, NewBooking(NOAH, DANA, LESSON, at(11.25), override=True))
    recorded = facts(school, receipt.value).overrides["travel_too_tight"]
    assert recorded == {"needed": error.details["needed"], "available": 15}
    assert "15 minutes" in receipt.warnings[0]


def test_an_expired_licence_and_the_wrong_car_are_warnings(school):
    school.run(lambda uow: uow.update(Student, MIA, {"licence_expires_on": date(2026, 11, 29), "transmission": "auto"}))
    receipt = make(school, replace(TEN, vehicle_id=MANUAL_CAR))
    assert receipt.warnings == (
        "The student's licence will have expired by then.",
        "The car is manual, the student drives auto.",
    )


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        ({"student_id": THEIR_STUDENT}, "missing_reference", "student_id"),
        ({"instructor_id": THEIR_INSTRUCTOR}, "missing_reference", "instructor_id"),
        ({"service_id": THEIR_SERVICE}, "missing_reference", "service_id"),
        ({"vehicle_id": MIA}, "missing_reference", "vehicle_id"),
        ({"end": at(10)}, "invalid", "end_at"),
        ({"end": at(9)}, "invalid", "end_at"),
        ({"end": at(10) + timedelta(hours=25)}, "invalid", "end_at"),
        ({"start": datetime(1, 1, 1, tzinfo=UTC)}, "invalid", "start_at"),
        ({"start": datetime(9999, 12, 31, 22, tzinfo=UTC)}, "invalid", "start_at"),
        ({"start": datetime(2026, 11, 30, 10)}, "invalid", "start_at"),  # noqa: DTZ001
        ({"notes": "x" * 20_001}, "invalid", "notes"),
        ({"notes": "a\0b"}, "invalid", "notes"),
        ({"status": BookingStatus.COMPLETED}, "state_transition", "status"),
        ({"status": BookingStatus.CANCELLED}, "state_transition", "status"),
    ],
)
def test_bad_input_is_refused_and_writes_nothing(school, change, code, column):
    before = school.log_sizes()
    error = refused(school, replace(TEN, override=True, **change))
    assert (error.code, error.column) == (code, column)
    assert (school.rows(Booking), school.log_sizes()) == ([], before)


def test_a_wall_time_that_the_clocks_skip_becomes_the_next_valid_one(school):
    """The command takes instants; the screens convert with `wall_to_utc`, which moves 2:30 of 4 October to 3:00."""
    skipped = at(2.5, date(2027, 10, 3))
    made = facts(school, make(school, replace(TEN, start=skipped, override=True)).value)
    assert made.start == datetime(2027, 10, 2, 16, tzinfo=UTC)
    assert made.end - made.start == timedelta(hours=1)


def test_inactive_and_erased_are_not_booked(school):
    school.run(lambda uow: uow.update(Instructor, DANA, {"active": False}))
    assert (refused(school, TEN).code, refused(school, TEN).column) == ("invalid", "instructor_id")
    school.run(lambda uow: uow.update(Student, ZOE, {"erased_at": NOW}))
    assert refused(school, NewBooking(ZOE, ETHAN, LESSON, at(10))).column == "student_id"


def test_no_price_no_booking(school):
    school.run(lambda uow: [uow.delete(type_, row["id"]) for type_, row in _items(school)])
    assert refused(school, TEN).code == "no_price"


def _items(school):
    from driveflow_desktop.domain.catalog.tables import RateCardItem

    return [(RateCardItem, row) for row in school.rows(RateCardItem)]


def test_who_may_book(school):
    assert refused(school, TEN, user=STRANGER).code == "forbidden"
    assert refused(school, TEN, user=None).code == "forbidden"
    assert refused(school, replace(TEN, instructor_id=ETHAN), user=DANA_USER).code == "gone"
    school.run(lambda uow: book(uow, TEN), user=DANA_USER)


def test_instructors_do_not_see_others_bookings(school):
    theirs = make(school, replace(TEN, instructor_id=ETHAN)).value
    own = make(school, replace(TEN, student_id=NOAH)).value
    with pytest.raises(UserError) as caught:
        school.run(lambda uow: edit_notes(uow, theirs, "mine now"), user=DANA_USER)
    assert caught.value.code == "gone"
    with pytest.raises(UserError):
        school.run(lambda uow: move(uow, Moving(own, instructor_id=ETHAN, start=at(14))), user=DANA_USER)
    assert school.run(lambda uow: move(uow, Moving(own, start=at(14))), user=DANA_USER).value


# -- changing -----------------------------------------------------------------------------------------------------


def test_moving_keeps_length_and_price(school):
    made = make(school, replace(TEN, end=at(11.5))).value
    receipt = school.run(lambda uow: move(uow, Moving(made, start=at(14), instructor_id=ETHAN)))
    found = facts(school, made)
    assert (found.start, found.end, found.instructor_id) == (at(14), at(15.5), ETHAN)
    assert (found.price_cents, found.platform_fee_cents) == (PRICE, FEE)
    school.undo(receipt)
    assert facts(school, made).start == at(10)


def test_repricing_takes_the_new_instructors_fee(school):
    made = make(school).value
    school.run(lambda uow: move(uow, Moving(made, instructor_id=ETHAN, reprice=True)))
    assert facts(school, made).platform_fee_cents == 1900


def test_resizing_and_standing_still(school):
    made = make(school).value
    assert school.run(lambda uow: move(uow, Moving(made, end=at(11.5)))).value
    assert facts(school, made).end == at(11.5)
    before = school.log_sizes()
    receipt = school.run(lambda uow: move(uow, Moving(made, start=at(10))))
    assert (receipt.value, receipt.inverse, school.log_sizes()) == (False, None, before)


def test_a_booking_moves_over_itself_but_not_over_others(school):
    made, other = make(school).value, make(school, NewBooking(NOAH, DANA, LESSON, at(14))).value
    school.run(lambda uow: move(uow, Moving(made, start=at(10.5))))
    with pytest.raises(UserError) as caught:
        school.run(lambda uow: move(uow, Moving(made, start=at(13.5), override=True)))
    assert (caught.value.code, caught.value.details["blocking"]) == ("slot_taken", other)
    assert all(slot.slot.ignore == made for slot in caught.value.details["alternatives"])


def test_moving_replaces_what_was_overruled(school):
    made = make(school, replace(TEN, start=at(7), override=True)).value
    assert set(facts(school, made).overrides) == {"outside_hours"}
    school.run(lambda uow: move(uow, Moving(made, start=at(12))))
    assert facts(school, made).overrides == {}


def test_repricing_alone_asks_nothing_of_the_slot(school):
    made = make(school, replace(TEN, start=at(7), override=True)).value
    school.run(lambda uow: change_service(uow, made, HIGHWAY))
    receipt = school.run(lambda uow: move(uow, Moving(made, reprice=True)))
    assert (receipt.value, receipt.warnings) == (True, ())
    assert set(facts(school, made).overrides) == {"outside_hours"}
    assert facts(school, made).price_cents == 14000


def test_of_a_lesson_that_has_begun_only_the_end_moves(school):
    made = make(school).value
    school.clock.set(at(10))
    school.run(lambda uow: change_status(uow, made, BookingStatus.IN_PROGRESS))
    for request in (Moving(made, at(12)), Moving(made, instructor_id=ETHAN)):
        with pytest.raises(UserError) as caught:
            school.run(lambda uow, request=request: move(uow, request))
        assert caught.value.code == "state_transition"
    assert school.run(lambda uow: move(uow, Moving(made, end=at(11.5), override=True))).value


def test_the_service_changes_and_the_price_on_request(school):
    made = make(school).value
    school.run(lambda uow: change_service(uow, made, HIGHWAY))
    assert (facts(school, made).service_id, facts(school, made).price_cents) == (HIGHWAY, PRICE)
    school.run(lambda uow: change_service(uow, made, HIGHWAY, reprice=True))
    assert facts(school, made).price_cents == 14000


def test_details_change(school):
    made = make(school).value
    school.run(lambda uow: edit_notes(uow, made, "ring twice"))
    school.run(lambda uow: assign_vehicle(uow, made, AUTO_CAR))
    school.run(lambda uow: edit_stops(uow, made, pickup=Stop("Depot"), dropoff=None))
    found = facts(school, made)
    assert (found.notes, found.vehicle_id, found.pickup_address, found.pickup) == (
        "ring twice",
        AUTO_CAR,
        "Depot",
        None,
    )


def test_a_new_pickup_that_makes_travel_too_tight_is_a_warning(school):
    made = make(school).value
    make(school, NewBooking(NOAH, DANA, LESSON, at(12)))
    far = Stop("Gosford", Place(-33.4267, 151.3417))
    receipt = school.run(lambda uow: edit_stops(uow, made, pickup=far, dropoff=None))
    assert len(receipt.warnings) == 1
    assert facts(school, made).pickup == far.point
    assert school.run(lambda uow: edit_stops(uow, made, pickup=far, dropoff=None)).inverse is None
