"""The audit trail: whom entries are about, what their ids name, and which days they are from."""

from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from driveflow_desktop.domain.communication.tables import Message
from driveflow_desktop.domain.communication.values import MessageChannel
from driveflow_desktop.domain.desk.commands import CancelRequest, Completion, cancel, complete, start, take_payment
from driveflow_desktop.domain.finance.commands import NewPayment
from driveflow_desktop.domain.finance.values import PaymentMethod
from driveflow_desktop.domain.overview.activity import Activity, ActivityFilter, Change, Difference, activity
from driveflow_desktop.domain.people.commands.students import delete_student
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.scheduling.commands.booking import Moving, NewBooking, book, move
from driveflow_desktop.domain.scheduling.values import CancellationActor
from driveflow_desktop.kernel.time import day_interval
from driveflow_desktop.store.types import UtcDateTime
from tests.helpers.busy_week import live_through
from tests.helpers.plans import plan_of
from tests.helpers.school import DANA, ETHAN, LESSON, MIA, NOAH, ORG, OTHER_ORG, SYDNEY, ZOE, School, at

CLOCKS_FORWARD, CLOCKS_BACK = date(2026, 10, 4), date(2027, 4, 4)


def trail(school: School, wanted: ActivityFilter = ActivityFilter(), limit: int = 1000) -> list[Activity]:  # noqa: B008
    """The whole trail as filtered, read in pages."""
    found, after = [], None
    while True:
        page = school.read(lambda c, key=after: activity(c, ORG, wanted, key, limit))
        found += page.rows
        after = page.next_key
        if after is None:
            return found


def newest(school: School, action: str) -> Activity:
    return next(each for each in trail(school) if each.action == action)


def difference(found: Activity, column: str) -> Difference:
    return next(each for each in found.differences if each.column == column)


def booked(school: School, hour: float = 10) -> UUID:
    return school.run(lambda uow: book(uow, NewBooking(MIA, DANA, LESSON, at(hour)))).value


def test_ids_stand_as_names_and_instants(school: School) -> None:
    made = booked(school)
    created = newest(school, "booking.created")
    assert (created.change, created.subject, created.lesson_start) == (Change.ADDED, "Mia Tran", at(10))
    assert {column: difference(created, column).after for column in ("student_id", "instructor_id", "service_id")} == {
        "student_id": "Mia Tran",
        "instructor_id": "Dana Reid",
        "service_id": "Lesson 60",
    }
    school.run(lambda uow: move(uow, Moving(made, at(12), instructor_id=ETHAN)))
    moved = newest(school, "booking.moved")
    assert difference(moved, "instructor_id") == Difference("instructor_id", "Dana Reid", "Ethan Cole")
    assert (moved.change, moved.lesson_start, moved.place) == (Change.CHANGED, at(12), ("bookings", made))


def test_what_belongs_to_a_lesson_is_about_its_student(school: School) -> None:
    made = booked(school)
    school.run(lambda uow: take_payment(uow, NewPayment(made, PaymentMethod.CASH)))
    school.run(lambda uow: cancel(uow, CancelRequest(made, CancellationActor.INSTRUCTOR, "flu")))
    other = booked(school, 13)
    school.clock.set(at(13))
    school.run(lambda uow: start(uow, other))
    school.clock.set(at(14))
    school.run(lambda uow: complete(uow, Completion(other)))
    found = {each.table: each for each in trail(school)}
    for table, lesson, hour in (("payments", made, 10), ("refunds", made, 10), ("lessons", other, 13)):
        entry = found[table]
        assert (entry.subject, entry.lesson_start, entry.place) == ("Mia Tran", at(hour), ("bookings", lesson)), table
    assert difference(found["payments"], "booking_id").after == UtcDateTime.to_wire(at(10))
    assert "payment_id" not in {each.column for each in found["refunds"].differences}


def test_a_row_that_is_gone_keeps_its_name_and_leads_nowhere(school: School) -> None:
    school.run(lambda uow: delete_student(uow, ZOE))
    gone = newest(school, "student.deleted")
    assert (gone.change, gone.subject, gone.place) == (Change.REMOVED, "Zoe Hart", None)


def test_a_message_is_about_whom_it_was_sent_for_and_never_about_itself(school: School) -> None:
    values = {"to_address": "x", "channel": MessageChannel.SMS, "template_key": "reminder"}
    itself = UUID(int=77)
    school.run(lambda uow: uow.insert(Message, {**values, "related_type": "students", "related_id": NOAH}))
    told = trail(school)[0]
    assert (told.subject, told.place) == ("Noah Li", ("students", NOAH))
    school.run(
        lambda uow: uow.insert(Message, {**values, "related_type": "messages", "related_id": itself}, row_id=itself)
    )
    assert trail(school)[0].subject == ""


def test_names_come_in_as_many_queries_for_a_long_page_as_for_a_short_one(school: School) -> None:
    live_through(school)

    def asked(limit: int) -> int:
        count = 0
        with school.replica.reader() as connection:

            def note(*_args: object) -> None:
                nonlocal count
                count += 1

            sa.event.listen(connection.engine, "before_cursor_execute", note)
            try:
                activity(connection, ORG, ActivityFilter("bookings"), limit=limit)
            finally:
                sa.event.remove(connection.engine, "before_cursor_execute", note)
        return count

    assert len(trail(school, ActivityFilter("bookings"))) >= 15
    assert asked(100) == asked(5) <= 10


@pytest.mark.parametrize("day", [CLOCKS_FORWARD, CLOCKS_BACK, date(2026, 12, 1)])
def test_a_day_is_a_day_on_the_schools_wall(school: School, day: date) -> None:
    start, end = day_interval(day, SYDNEY)
    moments = {
        "before": start - timedelta(microseconds=1),
        "first": start,
        "last": end - timedelta(microseconds=1),
        "after": end,
    }
    for name, moment in moments.items():
        school.clock.set(moment - timedelta(seconds=1))  # a command of the tests takes a second
        school.run(lambda uow, name=name: uow.update(Student, MIA, {"full_name": name}))
    found = trail(school, ActivityFilter(during=day_interval(day, SYDNEY)))
    assert [difference(each, "full_name").after for each in found] == ["last", "first"]


def test_a_filter_reads_on_page_by_page_and_never_walks_the_trail(school: School) -> None:
    live_through(school)
    whole = trail(school)
    day = day_interval(whole[len(whole) // 2].at.astimezone(SYDNEY).date(), SYDNEY)
    wanted = ActivityFilter("bookings", during=day)
    expected = [each for each in whole if each.table == "bookings" and day.start <= each.at < day.end]
    assert expected
    assert trail(school, wanted, 3) == trail(school, wanted, 1000) == expected
    steps = plan_of(school, lambda c: activity(c, ORG, ActivityFilter(during=day), limit=5))
    (walk,) = [step for step in steps if "audit_log" in step]
    assert "created_at>?" in walk
    assert school.read(lambda c: activity(c, OTHER_ORG, wanted)).rows == ()
