"""Audit entries in the desk's words."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from driveflow_desktop.domain.desk.commands import CancelRequest, Completion, cancel, complete, start, take_payment
from driveflow_desktop.domain.desk.commands import no_show as mark_no_show
from driveflow_desktop.domain.finance.commands import NewPayment
from driveflow_desktop.domain.finance.values import PaymentMethod
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.overview.activity import Activity, ActivityFilter, Change, Difference, activity
from driveflow_desktop.domain.people.commands.students import delete_student
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.scheduling.commands.booking import Moving, NewBooking, book, move
from driveflow_desktop.domain.scheduling.values import CancellationActor
from driveflow_desktop.domain.tables import synced_tables
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.types import Json
from driveflow_desktop.store.unit_of_work import UnitOfWork
from driveflow_desktop.ui.ports import Session
from driveflow_desktop.ui.screens.activity.columns import FACTS, TECHNICAL, columns
from driveflow_desktop.ui.screens.activity.words import ActivityWords, action_words, column_words
from tests.helpers.school import DANA, DESK, ETHAN, LESSON, MIA, ORG, SYDNEY, ZOE, School, at

pytestmark = pytest.mark.usefixtures("qapp")
WORDS = ActivityWords(Session(ORG, "Harbour", DESK, "Mia Petrov", OrgRole.ADMIN, SYDNEY), date(2026, 11, 24))


def newest(school: School, action: str) -> Activity:
    page = school.read(lambda c: activity(c, ORG, ActivityFilter(), limit=1000))
    return next(each for each in page.rows if each.action == action)


def told(school: School, action: str) -> tuple[str, str, str]:
    """What, about whom, and the change of the newest entry of an action."""
    found = newest(school, action)
    return action_words(found.action), WORDS.about(found), WORDS.summary(found, WORDS.lines(found))


def booked(school: School, hour: float = 10) -> UUID:
    return school.run(lambda uow: book(uow, NewBooking(MIA, DANA, LESSON, at(hour)))).value


def entry(table: str, before: Mapping[str, Json] | None, after: Mapping[str, Json] | None) -> Activity:
    """An entry as it comes from the trail."""
    old, new = before or {}, after or {}
    change = Change.REMOVED if after is None else Change.ADDED if before is None else Change.CHANGED
    differences = tuple(Difference(name, old.get(name), new.get(name)) for name in {**old, **new})
    nobody = UUID(int=0)
    return Activity(
        nobody, at(9), "Mia", "x.edited", table, nobody, change, "Mia Tran", None, None, differences, erased=False
    )


def summary(table: str, before: Mapping[str, Json] | None, after: Mapping[str, Json] | None) -> str:
    found = entry(table, before, after)
    return WORDS.summary(found, WORDS.lines(found))


def test_a_new_booking_tells_when_what_with_whom_and_the_price(school: School) -> None:
    booked(school)
    expected = "Mon 30 Nov 10:00 am · Lesson 60 · Dana Reid · $95.00"
    assert told(school, "booking.created") == ("Booking created", "Mia Tran", expected)


def test_a_move_tells_both_times_once(school: School) -> None:
    made = booked(school)
    receipt = school.run(lambda uow: move(uow, Moving(made, at(10.5))))
    assert told(school, "booking.moved") == ("Booking moved", "Mia Tran", "Mon 30 Nov, 10:00 am → 10:30 am")
    school.undo(receipt)
    assert told(school, "booking.moved.undone")[::2] == ("Move undone", "Mon 30 Nov, 10:30 am → 10:00 am")
    school.run(lambda uow: move(uow, Moving(made, at(9, date(2026, 12, 1)), instructor_id=ETHAN)))
    assert told(school, "booking.moved")[2] == (
        "Mon 30 Nov 10:00 am → Tue 1 Dec 9:00 am; Instructor: Dana Reid → Ethan Cole"
    )
    school.run(lambda uow: move(uow, Moving(made, end=at(10.5, date(2026, 12, 1)))))
    assert told(school, "booking.resized")[1:] == (
        "Mia Tran · Tue 1 Dec 9:00 am",
        "End: Tue 1 Dec, 10:00 am → 10:30 am",
    )


def test_a_cancellation_and_its_undoing(school: School) -> None:
    made = booked(school)
    receipt = school.run(lambda uow: cancel(uow, CancelRequest(made, CancellationActor.STUDENT, "Has the flu.")))
    about = "Mia Tran · Mon 30 Nov 10:00 am"
    expected = "Status: confirmed → cancelled; Reason: Has the flu; On behalf of: student"
    assert told(school, "booking.cancelled") == ("Booking cancelled", about, expected)
    school.undo(receipt)
    assert told(school, "booking.cancelled.undone") == (
        "Cancellation undone",
        about,
        "Status: cancelled → confirmed",
    )


def test_money_and_lessons_name_the_lesson_and_tell_hours(school: School) -> None:
    made = booked(school)
    school.run(lambda uow: take_payment(uow, NewPayment(made, PaymentMethod.EFTPOS)))
    about = "Mia Tran · Mon 30 Nov 10:00 am"
    assert told(school, "payment.recorded") == ("Payment recorded", about, "$95.00 · EFTPOS · received")
    school.clock.set(at(9.75))
    school.run(lambda uow: start(uow, made))
    school.clock.set(at(11))
    school.run(lambda uow: complete(uow, Completion(made, at(11))))
    what, whom, change = told(school, "lesson.ended")
    assert (what, whom) == ("Lesson ended", about)
    assert change == "Lasted: 1 h 15 min; Ended: Mon 30 Nov 11:00 am"


def test_a_no_show(school: School) -> None:
    made = booked(school)
    school.clock.set(at(11))
    school.run(lambda uow: mark_no_show(uow, made))
    assert told(school, "booking.no_show")[::2] == ("No-show", "Status: confirmed → no-show")


def test_a_removed_student_tells_what_was_there(school: School) -> None:
    school.run(lambda uow: uow.update(Student, ZOE, {"phone": "+61412555018"}))
    school.run(lambda uow: delete_student(uow, ZOE))
    assert told(school, "student.deleted") == ("Student deleted", "Zoe Hart", "0412 555 018 · Zoe Hart’s home")


@pytest.mark.parametrize(
    ("table", "before", "after", "expected"),
    [
        ("students", None, {"full_name": "Zed", "logbook_minutes": 0, "phone": None}, ""),
        ("students", {"logbook_minutes": 90}, {"logbook_minutes": 120}, "Logged hours: 1 h 30 min → 2 h"),
        ("students", {"logbook_minutes": 90}, {"logbook_minutes": 0}, "Logged hours: 1 h 30 min → 0 min"),
        ("students", {"notes": "gate\ncode 12."}, {"notes": None}, "Notes: gate code 12 → –"),
        ("students", {"alert": None}, {"alert": "<b>x</b>"}, "Alert: <b>x</b>"),
        ("students", {"pickup_lat": 1}, {"pickup_lat": 2}, ""),
        ("students", {"dob": "2008-03-20"}, {"dob": "2008-03-21"}, "Born: Thu 20 Mar 2008 → Fri 21 Mar 2008"),
        ("students", {"licence_class": "learner"}, {"licence_class": "provisional_1"},
         "Licence: learner → provisional P1"),
        ("instructors", {"fee_bp": 1500}, {"fee_bp": 1750}, "School’s share: 15 % → 17.5 %"),
        ("instructors", {"active": True}, {"active": False}, "Active: yes → no"),
        ("instructors", {"colour": None}, {"colour": "#2F5BD7"}, "Colour: Blue"),
        ("instructor_availabilities", None, {"day_of_week": 1, "start_minute": 540, "end_minute": 1020},
         "Monday · 9:00 am · 5:00 pm"),
        ("orgs", {"settings": {"horizon_days": 180, "notice_min": 90}},
         {"settings": {"horizon_days": 60, "notice_min": 90}}, "Settings: horizon days: 180 → horizon days: 60"),
        ("user_orgs", None, {"role": "admin"}, "front desk"),
        ("refunds", {"status": "requested"}, {"status": "succeeded"}, "Status: asked for → paid back"),
        ("payments", {"status": "intent_created"}, {"status": "succeeded"}, "Status: asked for → received"),
        ("cancellation_policies", None, {"actor": "student", "refund_percent": 50, "hours_before_start": 24},
         "Who cancels: student · Hours before: 24 · Refund: 50 %"),
        ("lessons", {"duration_sec": 3600}, {"duration_sec": 12144}, "Lasted: 1 h → 3 h 22 min"),
    ],
)  # fmt: skip
def test_values_in_words(
    table: str, before: Mapping[str, Json] | None, after: Mapping[str, Json] | None, expected: str
) -> None:
    assert summary(table, before, after) == expected


def test_an_erased_entry_says_so() -> None:
    assert WORDS.summary(replace(entry("students", {}, {}), erased=True), ()) == "Erased on request"


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("booking.cancelled.undone", "Cancellation undone"),
        ("rate_card.edited.undone", "Undone: rate card edited"),
        ("availability.leave_set", "Availability leave set"),
        ("student.gps_consent_given", "GPS consent given"),
        ("student.gps_consent_given.undone", "Undone: GPS consent given"),
        ("booking.no_show.undone", "No-show undone"),
    ],
)
def test_acts_in_words(action: str, words: str) -> None:
    assert action_words(action) == words


def test_every_column_of_the_school_is_either_told_or_technical() -> None:
    carried = {column for table in synced_tables() for column in codec(table).carried}
    assert carried - columns().keys() - TECHNICAL == set()
    assert columns().keys() & TECHNICAL == set()
    assert (columns().keys() | TECHNICAL) - carried == set()
    tables = {table.name: set(codec(table).carried) for table in synced_tables()}
    assert {name: set(facts) - tables[name] for name, facts in FACTS.items() if set(facts) - tables[name]} == {}
    assert {column_words(column) for column in TECHNICAL} == {""}


def test_nothing_technical_and_no_id_is_ever_shown(school: School) -> None:
    commands: list[Callable[[UnitOfWork], object]] = [
        lambda uow: book(uow, NewBooking(MIA, DANA, LESSON, at(15))),
        lambda uow: uow.insert(Student, {"full_name": "Zed Newman"}),
    ]
    for command in commands:
        school.run(command)
    for found in school.read(lambda c: activity(c, ORG, ActivityFilter(), limit=1000)).rows:
        shown = " ".join([WORDS.about(found), *(f"{each.before} {each.after}" for each in WORDS.lines(found))])
        assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", shown)
        assert "AUD" not in shown
