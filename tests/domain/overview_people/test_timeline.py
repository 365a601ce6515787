from collections.abc import Callable
from uuid import UUID

import pytest
import sqlalchemy as sa

from driveflow_desktop.domain.communication.tables import Message
from driveflow_desktop.domain.communication.values import MessageChannel, MessageStatus
from driveflow_desktop.domain.desk.commands import CancelRequest, cancel, take_payment
from driveflow_desktop.domain.finance.commands import NewPayment
from driveflow_desktop.domain.finance.tables import Package, Payment, Refund
from driveflow_desktop.domain.finance.values import PaymentMethod, PaymentStatus
from driveflow_desktop.domain.identity.queries import members
from driveflow_desktop.domain.identity.queries import school as school_facts
from driveflow_desktop.domain.identity.tables import User
from driveflow_desktop.domain.overview.accounts import accounts, owing_students
from driveflow_desktop.domain.overview.activity import ActivityFilter, activity
from driveflow_desktop.domain.overview.students import (
    RosterFilter,
    RosterMoment,
    RosterOrder,
    RosterSort,
    count_students,
    student_page,
)
from driveflow_desktop.domain.overview.timeline import Happening, HappeningKind, timeline
from driveflow_desktop.domain.people.commands.students import StudentChanges, edit_student
from driveflow_desktop.domain.people.matching import Traits
from driveflow_desktop.domain.people.queries.guardians import guardians, guardians_by_student, guardians_of
from driveflow_desktop.domain.people.queries.instructors import instructors, vehicles
from driveflow_desktop.domain.people.queries.students import all_students, find_duplicates, known_students, student
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.scheduling.commands.booking import Moving, NewBooking, book, move
from driveflow_desktop.domain.scheduling.values import CancellationActor
from driveflow_desktop.domain.tables import synced_tables
from driveflow_desktop.kernel.time import local_date
from driveflow_desktop.store.rows import codec
from tests.domain.overview_people.test_roster import populate
from tests.helpers.busy_week import live_through
from tests.helpers.plans import plan_of, walked
from tests.helpers.school import DANA, ETHAN, LESSON, MIA, NOAH, ORG, OTHER_ORG, SYDNEY, ZOE, School, at


def happenings(school: School, student_id: UUID = MIA, limit: int = 1000) -> list[Happening]:
    """The whole timeline, read in pages."""
    found, after = [], None
    while True:
        page = school.read(lambda c, key=after: timeline(c, ORG, student_id, after=key, limit=limit))
        found += page.rows
        after = page.next_key
        if after is None:
            return found


def kinds(school: School) -> list[HappeningKind]:
    return [each.kind for each in happenings(school)]


def test_a_booking_that_is_moved_and_cancelled_tells_its_story(school: School):
    made = school.run(lambda uow: book(uow, NewBooking(MIA, DANA, LESSON, at(10)))).value
    school.run(lambda uow: move(uow, Moving(made, at(12), instructor_id=ETHAN)))
    school.run(lambda uow: cancel(uow, CancelRequest(made, CancellationActor.STUDENT, "flu")))
    cancelled, moved, booked, _joined = happenings(school)
    assert (booked.kind, booked.id, booked.actor) == (HappeningKind.BOOKED, made, "User 12")
    assert booked.lesson is not None
    assert (booked.lesson.service_name, booked.lesson.start) == ("Lesson 60", at(12))
    assert (moved.kind, moved.moved_from, moved.moved_to) == (HappeningKind.MOVED, at(10), at(12))
    assert (cancelled.kind, cancelled.cancelled_by, cancelled.reason) == (
        HappeningKind.CANCELLED,
        CancellationActor.STUDENT,
        "flu",
    )


def test_money_messages_and_edits_are_told(school: School):
    made = school.run(lambda uow: book(uow, NewBooking(MIA, DANA, LESSON, at(10)))).value
    school.run(lambda uow: take_payment(uow, NewPayment(made, PaymentMethod.CASH)))
    school.run(lambda uow: edit_student(uow, MIA, StudentChanges(phone="0412345678", alert="x")))
    message = {"to_address": "+61412345678", "channel": MessageChannel.SMS, "template_key": "reminder"}
    about = {"related_type": "bookings", "related_id": made, "status": MessageStatus.DELIVERED}
    school.run(lambda uow: uow.insert(Message, {**message, **about}))
    school.run(lambda uow: uow.insert(Message, {**message, "related_type": "students", "related_id": MIA}))
    school.run(lambda uow: uow.insert(Message, {**message, "related_type": "students", "related_id": NOAH}))
    school.run(lambda uow: uow.insert(Package, {"student_id": MIA, "minutes_bought": 300, "price_cents": 40_000}))
    found = happenings(school)
    assert [each.kind for each in found] == [
        HappeningKind.PACKAGE,
        HappeningKind.MESSAGE,
        HappeningKind.MESSAGE,
        HappeningKind.EDITED,
        HappeningKind.PAID,
        HappeningKind.BOOKED,
        HappeningKind.JOINED,
    ]
    package, loose, reminder, edited, paid, *_ = found
    assert (package.package_minutes, package.amount_cents) == (300, 40_000)
    assert loose.lesson is None
    assert (reminder.template_key, reminder.channel, reminder.message_status) == (
        "reminder",
        MessageChannel.SMS,
        MessageStatus.DELIVERED,
    )
    assert reminder.lesson is not None
    assert (edited.actor, set(edited.columns)) == ("User 12", {"phone", "alert"})
    assert (paid.amount_cents, paid.method) == (9500, PaymentMethod.CASH)


def test_refunds_tell_where_they_belong_and_a_failed_payment_nothing(school: School):
    package = school.run(
        lambda uow: uow.insert(Package, {"student_id": MIA, "minutes_bought": 60, "price_cents": 100})
    ).value
    money = {"amount_cents": 100, "platform_fee_cents": 15, "instructor_share_cents": 85}
    sale = {"package_id": package, "method": PaymentMethod.EFTPOS, **money}
    school.run(lambda uow: uow.insert(Payment, {**sale, "status": PaymentStatus.FAILED}))
    payment = school.run(lambda uow: uow.insert(Payment, {**sale, "status": PaymentStatus.SUCCEEDED})).value
    school.run(lambda uow: uow.insert(Refund, {"payment_id": payment, "reason": "moved away", **money}))
    refunded, paid = happenings(school)[:2]
    assert (refunded.kind, refunded.amount_cents, refunded.reason) == (HappeningKind.REFUNDED, 100, "moved away")
    assert (paid.kind, paid.lesson) == (HappeningKind.PAID, None)
    assert kinds(school).count(HappeningKind.PAID) == 1


def test_pages_put_together_are_the_timeline_and_students_are_apart(school: School):
    live_through(school)
    for someone in (MIA, NOAH, ZOE):
        whole = happenings(school, someone)
        assert [each.at for each in whole] == sorted((each.at for each in whole), reverse=True)
        assert happenings(school, someone, 1) == happenings(school, someone, 3) == whole
    ids = [{each.id for each in happenings(school, someone)} for someone in (MIA, NOAH)]
    assert not ids[0] & ids[1]
    assert school.read(lambda c: timeline(c, OTHER_ORG, MIA)).rows == ()


def test_what_rows_keep_is_told_without_an_audit_trail(school: School):
    """As on a PC that joined later."""
    live_through(school)
    before = {(each.kind, each.id) for each in happenings(school)}
    with school.replica.maintenance() as connection, connection.begin():
        names = [
            row[0]
            for row in connection.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_log'"
            )
        ]
        for name in names:
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        connection.exec_driver_sql("DELETE FROM audit_log")
    after = {(each.kind, each.id) for each in happenings(school)}
    assert {kind for kind, _ in before - after} <= {HappeningKind.MOVED, HappeningKind.EDITED}
    assert HappeningKind.BOOKED in {kind for kind, _ in after}


# -- both databases, and plans ------------------------------------------------------------------------------------

Query = Callable[[sa.Connection], object]


def queries(school: School) -> dict[str, Query]:
    """The queries of people, identity and their overviews."""
    now = school.clock.now()
    today = local_date(now, SYDNEY)
    moment = RosterMoment(now, school.read(lambda c: owing_students(c, ORG, now)))
    everyone = [MIA, NOAH, ZOE]
    found: dict[str, Query] = {
        "accounts": lambda c: accounts(c, ORG, everyone, now, today),
        "timeline": lambda c: timeline(c, ORG, NOAH, limit=5),
        "student": lambda c: student(c, ORG, MIA),
        "guardians of": lambda c: guardians_of(c, ORG, MIA),
        "guardians": lambda c: guardians(c, ORG, text="a", limit=1),
        "instructors": lambda c: instructors(c, ORG),
        "vehicles": lambda c: vehicles(c, ORG),
        "school": lambda c: school_facts(c, ORG),
        "members": lambda c: members(c, ORG),
        "activity": lambda c: activity(c, ORG, ActivityFilter(), limit=20),
    }
    for by in RosterSort:
        for descending in (False, True):
            order = RosterOrder(by, descending)
            first = school.read(lambda c, o=order: student_page(c, ORG, moment, order=o, limit=3))
            found[f"{by} {descending}"] = lambda c, o=order: student_page(c, ORG, moment, order=o, limit=3)
            found[f"{by} {descending} on"] = lambda c, o=order, k=first.next_key: student_page(
                c, ORG, moment, order=o, after=k, limit=20
            )
    return found


def filtered(school: School) -> dict[str, Query]:
    """Queries that look at every student, or at all bookings once, because they are asked to."""
    now = school.clock.now()
    owing = school.read(lambda c: owing_students(c, ORG, now))
    moment = RosterMoment(now, owing)
    found: dict[str, Query] = {
        "owing": lambda c: owing_students(c, ORG, now),
        "known": lambda c: sorted(known_students(c, ORG), key=lambda each: each.id),
        "export": lambda c: list(all_students(c, ORG)),
        "payers": lambda c: guardians_by_student(c, ORG),
        "duplicates": lambda c: find_duplicates(c, ORG, Traits("x", "+61412340002")),
    }
    for name in RosterFilter.__slots__[1:]:
        wanted = RosterFilter(**{name: True})
        found[name] = lambda c, w=wanted: student_page(c, ORG, moment, wanted=w)
        found[f"count {name}"] = lambda c, w=wanted: count_students(c, ORG, moment, w)
    found["text"] = lambda c: student_page(c, ORG, moment, wanted=RosterFilter("ann"))
    return found


@pytest.fixture
def busy(school: School) -> School:
    live_through(school)
    school.replica._guard = lambda *_: None
    school.run(lambda uow: populate(uow, 5, 12))
    # PostgreSQL sorts names by its own collation; here only the queries are compared.
    own = [row["id"] for row in school.rows(Student) if row["org_id"] == ORG]
    names = {key: f"Student {number:03}" for number, key in enumerate(own)}
    school.run(lambda uow: [uow.update(Student, key, {"full_name": name}) for key, name in names.items()])
    return school


@pytest.mark.postgres
def test_both_databases_say_the_same(busy: School, make_database):
    service = make_database("postgresql", "migrated")
    with service.engine.begin() as target:
        users = busy.read(lambda c: [dict(row) for row in c.execute(sa.select(User.__table__)).mappings()])
        target.execute(sa.insert(User.__table__), users)
        for table in synced_tables():
            rows = busy.read(lambda c, table=table: [dict(row) for row in c.execute(sa.select(table)).mappings()])
            if rows:
                codec(table).insert(target, rows)
        for name, query in {**queries(busy), **filtered(busy)}.items():
            if name in ("activity", "timeline"):
                continue
            here = busy.read(query)
            assert here, name
            assert query(target) == here, name
        assert timeline(target, ORG, NOAH).rows


def test_no_page_walks_through_a_table_that_grows(busy: School):
    small = {"orgs", "services", "instructors", "vehicles", "users", "user_orgs"}
    ordered = {"students", "guardians", "audit_log"}
    walks = {name: walked(plan_of(busy, query)) - small - ordered for name, query in queries(busy).items()}
    assert {name: tables for name, tables in walks.items() if tables} == {}
