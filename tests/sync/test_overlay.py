"""Service rows and pending edits in every order: passing states, late answers, notices, rows made twice, scopes."""

from datetime import timedelta
from typing import cast
from uuid import UUID

import pytest
import sqlalchemy as sa

from driveflow_desktop.domain.catalog.tables import Service
from driveflow_desktop.domain.execution.tables import Lesson, Trip, TripPoint
from driveflow_desktop.domain.finance.tables import Payment, Payout, Refund
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.tables import Guardian, Student, StudentGuardian
from driveflow_desktop.domain.scheduling.tables import Booking, InstructorAvailability
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.ids import derived_id
from driveflow_desktop.store.unit_of_work import Actor, UnitOfWork
from driveflow_desktop.sync.conflicts import OVERWRITTEN
from driveflow_desktop.sync.outbox import to_push
from tests.helpers.world import START, Desk, Furniture, World
from tests.sync.test_spine import assert_settled

pytestmark = pytest.mark.postgres

PAID = {"amount_cents": 9500, "platform_fee_cents": 1425, "instructor_share_cents": 8075}


def pair(world: World) -> tuple[Desk, Desk, Furniture]:
    """Two owners' PCs with the same furniture."""
    one, two = world.desk("one"), world.desk("two")
    things = world.furnish(one)
    two.sync()
    return one, two, things


def hours(hour: float) -> dict[str, object]:
    start = START + timedelta(hours=hour)
    return {"start_at": start, "end_at": start + timedelta(hours=1)}


# -- states that the cursor only passes through -------------------------------------------------------------------


def test_an_accepted_booking_survives_a_state_in_which_its_slot_was_taken(world: World) -> None:
    one, two, things = pair(world)
    theirs = one.do(lambda uow: uow.insert(Booking, things.booking(things.chloe, things.ben, 26))).value
    one.sync()
    one.do(lambda uow: uow.update(Booking, theirs, hours(40)))
    one.sync()
    mine = two.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26))).value
    response = two.push()
    assert response is not None
    assert [result.status for result in response.results] == ["applied"]
    payment = two.do(lambda uow: uow.insert(Payment, {"booking_id": mine, **PAID})).value
    two.pull(limit=1)
    assert two.row(Booking, theirs)["start_at"] == START + timedelta(hours=26)
    assert two.conflicts() == two.set_aside == []
    assert mine not in two.rows(Booking), "held back with what depends on it, for one page"
    assert payment not in two.rows(Payment)
    two.pull()
    assert {mine, theirs} <= two.rows(Booking).keys()
    assert payment in two.rows(Payment)
    assert_settled(world, one, two)
    assert payment in one.rows(Payment)


def test_an_unjudged_booking_is_not_set_aside_for_a_passing_state(world: World) -> None:
    one, two, things = pair(world)
    theirs = one.do(lambda uow: uow.insert(Booking, things.booking(things.chloe, things.ben, 26))).value
    one.sync()
    one.do(lambda uow: uow.update(Booking, theirs, hours(40)))
    one.sync()
    mine = two.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26))).value
    two.pull(limit=1)
    two.pull(limit=1)
    assert two.conflicts() == []
    assert {mine, theirs} <= two.rows(Booking).keys()
    assert_settled(world, one, two)


def test_a_held_edit_can_be_pushed_and_is_settled_by_the_service(world: World) -> None:
    one, two, things = pair(world)
    for hour in (26, 50):
        one.do(lambda uow, hour=hour: uow.insert(Booking, things.booking(things.chloe, things.ben, hour)))
        one.sync()
    two.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26)))
    two.pull(limit=1)
    assert (two.waiting(), two.conflicts()) == (1, [])
    response = two.push()
    assert response is not None
    (result,) = response.results
    assert (result.code, result.current[0].table) == ("slot_taken", "bookings"), "the winner is named"
    assert [conflict.code for conflict in two.conflicts()] == ["slot_taken"]
    assert_settled(world, one, two)


def test_a_rejection_brings_back_a_name_that_a_later_edit_uses(world: World) -> None:
    one, two, things = pair(world)
    one.do(lambda uow: uow.update(Service, things.service, {"name": "Hour"}))
    one.sync()
    two.do(lambda uow: uow.update(Service, things.service, {"name": "Sixty"}))
    two.do(lambda uow: uow.insert(Service, {"name": "60 min lesson"}))
    request = two.take_push(limit=1)
    assert request is not None
    two.answer(world.serve_push(two.member, request))
    assert [conflict.code for conflict in two.conflicts()] == ["version_conflict"]
    assert len(two.rows(Service)) == 1, "the old name is back, so the new service waits"
    two.sync()
    assert sorted(row["name"] for row in two.rows(Service).values()) == ["60 min lesson", "Hour"]
    assert len(two.conflicts()) == 1
    assert_settled(world, one, two)


# -- repeated, late and reordered answers -------------------------------------------------------------------------


def test_a_late_page_does_not_turn_rows_back(world: World) -> None:
    one, two, things = pair(world)
    one.do(lambda uow: uow.update(Student, things.ethan, {"full_name": "First"}))
    one.sync()
    late = two.fetch()
    one.do(lambda uow: uow.update(Student, things.ethan, {"full_name": "Second"}))
    one.sync()
    two.pull()
    two.take(late)
    assert two.row(Student, things.ethan)["full_name"] == "Second"
    assert_settled(world, one, two)


def test_results_twice_and_out_of_order_change_nothing(world: World) -> None:
    one, two, things = pair(world)
    one.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26)))
    one.sync()
    two.do(lambda uow: uow.update(Student, things.ethan, {"full_name": "Ethan P"}))
    first = world.serve_push(two.member, two.take_push(limit=1))  # type: ignore[arg-type]
    two.do(lambda uow: uow.insert(Booking, things.booking(things.chloe, things.ben, 26)))
    second = world.serve_push(two.member, two.take_push())  # type: ignore[arg-type]
    for response in (second, first, second, first):
        two.answer(response)
    assert [conflict.code for conflict in two.conflicts()] == ["slot_taken"]
    assert_settled(world, one, two)
    assert one.row(Student, things.ethan)["full_name"] == "Ethan P"


def test_edits_behind_a_rejected_one_are_judged_by_what_stands_and_kept(world: World) -> None:
    one, two, things = pair(world)
    booking = one.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26))).value
    one.do(lambda uow: uow.insert(Booking, things.booking(things.chloe, things.dana, 30)))
    one.sync()
    two.sync()
    one.do(lambda uow: uow.insert(Booking, things.booking(things.chloe, things.ben, 34)))
    one.sync()
    two.do(lambda uow: uow.update(Booking, booking, hours(34)))
    two.do(lambda uow: uow.update(Booking, booking, {"notes": "Gate 4"}))
    two.do(lambda uow: uow.update(Booking, booking, hours(38)))
    response = two.push()
    assert response is not None
    assert [result.code for result in response.results] == ["slot_taken", None, "version_conflict"]
    assert_settled(world, one, two)
    assert two.row(Booking, booking)["notes"] == "Gate 4"
    kept = {conflict.code: conflict.mine["mutations"][0]["values"] for conflict in two.conflicts()}
    assert kept["version_conflict"]["start_at"] == "2026-11-25T14:00:00.000000Z"


def test_an_insert_undone_and_done_again_under_one_id(world: World) -> None:
    one, two, things = pair(world)
    link = derived_id(things.ethan, things.chloe)
    guardian = one.do(lambda uow: uow.insert(Guardian, {"full_name": "Ioana"})).value
    values = {"student_id": things.ethan, "guardian_id": guardian}
    made = one.do(lambda uow: uow.insert(StudentGuardian, values, row_id=link))
    undone = one.do(lambda uow: uow.revert(made.inverse))  # type: ignore[arg-type]
    one.sync()
    two.sync()
    again = one.do(lambda uow: uow.revert(undone.inverse))  # type: ignore[arg-type]
    one.pull()
    assert_settled(world, one, two)
    assert link in two.rows(StudentGuardian)
    one.do(lambda uow: uow.revert(again.inverse))  # type: ignore[arg-type]
    one.do(lambda uow: uow.insert(StudentGuardian, {**values, "relation": "Mother"}, row_id=link))
    assert_settled(world, one, two)
    assert two.row(StudentGuardian, link)["relation"] == "Mother"


# -- nothing is overwritten in silence ----------------------------------------------------------------------------


def test_a_plain_edit_that_comes_too_late_is_kept_as_a_notice(world: World) -> None:
    one, two, things = pair(world)
    one.do(lambda uow: uow.update(Student, things.ethan, {"phone": "+61400000001", "full_name": "Ethan A."}))
    two.do(lambda uow: uow.update(Student, things.ethan, {"phone": "+61400000002"}))
    two.sync()
    request = one.take_push()
    assert request is not None
    world.serve_push(one.member, request)
    assert_settled(world, one, two)
    assert one.row(Student, things.ethan)["phone"] == "+61400000002"
    (notice,) = one.conflicts()
    assert notice.code == OVERWRITTEN
    assert notice.mine["mutations"][0]["values"] == {"phone": "+61400000001"}
    assert notice.theirs["current"][0]["row"] == {"phone": "+61400000002"}
    assert two.conflicts() == []


def test_a_plain_edit_that_a_later_one_replaced_unseen_is_kept_as_a_notice(world: World) -> None:
    one, two, things = pair(world)
    one.do(lambda uow: uow.update(Student, things.ethan, {"phone": "+61400000001"}))
    one.do(lambda uow: uow.update(Student, things.ethan, {"alert": "Glasses"}))
    two.do(lambda uow: uow.update(Student, things.ethan, {"phone": "+61400000002", "alert": "None"}))
    one.sync()
    assert_settled(world, one, two)
    assert one.row(Student, things.ethan)["phone"] == two.row(Student, things.ethan)["phone"] == "+61400000002"
    lost = [conflict.mine["mutations"][0]["values"] for conflict in one.conflicts()]
    assert sorted(map(str, lost)) == ["{'alert': 'Glasses'}", "{'phone': '+61400000001'}"]
    assert {conflict.code for conflict in one.conflicts()} == {OVERWRITTEN}
    assert two.conflicts() == []


def test_two_losses_of_one_transaction_are_one_notice(world: World) -> None:
    one, two, things = pair(world)
    one.do(lambda uow: uow.update(Student, things.ethan, {"phone": "+61400000001", "alert": "Glasses"}))
    two.do(lambda uow: uow.update(Student, things.ethan, {"phone": "+61400000002", "alert": "None"}))
    one.sync()
    assert_settled(world, one, two)
    (notice,) = one.conflicts()
    lost = [str(mutation["values"]) for mutation in notice.mine["mutations"]]
    assert sorted(lost) == ["{'alert': 'Glasses'}", "{'phone': '+61400000001'}"]


@pytest.mark.parametrize("late", [True, False])
def test_a_lesson_recorded_on_two_desks_is_one_row_with_what_both_know(world: World, *, late: bool) -> None:
    one, two, things = pair(world)
    booking = one.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26))).value
    one.sync()
    two.sync()
    lesson = derived_id("lesson", booking)
    people = {"booking_id": booking, "instructor_id": things.ben, "student_id": things.ethan}
    one.do(lambda uow: uow.insert(Lesson, {**people, "rating": 4, "notes": "Calm"}, row_id=lesson))
    two.do(lambda uow: uow.insert(Lesson, {**people, "distance_meters": 21_000}, row_id=lesson))
    one.sync()
    if late:
        two.pull()
    response = two.push()
    assert response is not None
    assert [result.status for result in response.results] == ["merged"]
    assert_settled(world, one, two)
    row = one.row(Lesson, lesson)
    assert (row["rating"], row["notes"], row["distance_meters"]) == (4, "Calm", 21_000)


def test_a_lesson_rated_differently_on_two_desks_is_a_conflict(world: World) -> None:
    one, two, things = pair(world)
    booking = one.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26))).value
    one.sync()
    two.sync()
    lesson = derived_id("lesson", booking)
    people = {"booking_id": booking, "instructor_id": things.ben, "student_id": things.ethan}
    for desk, rating in ((one, 4), (two, 2)):
        desk.do(lambda uow, rating=rating: uow.insert(Lesson, {**people, "rating": rating}, row_id=lesson))
    assert_settled(world, one, two)
    assert two.row(Lesson, lesson)["rating"] == 4
    assert [conflict.code for conflict in two.conflicts()] == ["version_conflict"]


# -- rows that need each other ------------------------------------------------------------------------------------


def test_a_pending_delete_gives_way_to_a_row_that_needs_it(world: World) -> None:
    one, two, things = pair(world)
    night = one.do(lambda uow: uow.insert(Service, {"name": "Night"})).value
    one.sync()
    two.sync()
    booking = one.do(
        lambda uow: uow.insert(Booking, {**things.booking(things.ethan, things.ben, 26), "service_id": night})
    ).value
    one.sync()
    two.do(lambda uow: uow.delete(Service, night))
    two.pull()
    assert two.row(Booking, booking)["service_id"] == night
    assert night in two.rows(Service)
    assert [conflict.code for conflict in two.conflicts()] == ["in_use"]
    assert_settled(world, one, two)


def test_a_held_delete_still_gives_way_when_the_next_page_does_not_touch_what_needs_it(world: World) -> None:
    one, two, things = pair(world)
    night = one.do(lambda uow: uow.insert(Service, {"name": "Night"})).value
    one.sync()
    two.sync()
    values = {**things.booking(things.ethan, things.ben, 26), "service_id": night}
    booking = one.do(lambda uow: uow.insert(Booking, values)).value
    one.sync()
    for alert in ("Glasses", "None"):
        one.do(lambda uow, alert=alert: uow.update(Student, things.chloe, {"alert": alert}))
        one.sync()
    two.do(lambda uow: uow.delete(Service, night))
    for _page in range(3):
        two.pull(limit=1)
        assert intact(two)
        assert night in two.rows(Service)
    two.pull()
    assert booking in two.rows(Booking)
    assert [conflict.code for conflict in two.conflicts()] == ["in_use"]
    assert_settled(world, one, two)


def test_a_mixture_that_no_check_lets_pass_is_a_conflict(world: World) -> None:
    one, two, things = pair(world)
    day = {"instructor_id": things.ben, "day_of_week": 1, "start_minute": 540, "end_minute": 1020}
    block = one.do(lambda uow: uow.insert(InstructorAvailability, day)).value
    one.sync()
    two.sync()
    one.do(lambda uow: uow.update(InstructorAvailability, block, {"start_minute": 900}))
    one.sync()
    two.do(lambda uow: uow.update(InstructorAvailability, block, {"end_minute": 600}))
    two.pull()
    assert [conflict.code for conflict in two.conflicts()] == ["version_conflict"]
    assert_settled(world, one, two)


# -- one PC, several people ---------------------------------------------------------------------------------------


def test_on_a_shared_pc_everyone_pushes_only_their_own_work(world: World) -> None:
    one, two, things = pair(world)
    anna, ben = one.actor, Actor(world.org_id, UUID(int=7), one.member.device_id)
    booking = one.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26))).value
    one.replica.execute(lambda uow: uow.update(Booking, booking, {"notes": "Gate 4"}), ben)
    mine = one.replica.execute(lambda uow: uow.update(Student, things.chloe, {"alert": "Glasses"}), ben)
    with one.replica.reader() as connection:
        anna_sends = to_push(connection, world.org_id, actor_user_id=anna.user_id)
        ben_sends = to_push(connection, world.org_id, actor_user_id=ben.user_id)
    assert [transaction.actor_user_id for transaction in anna_sends] == [anna.user_id]
    assert [transaction.id for transaction in ben_sends] == [mine.transaction_id], "what builds on Anna's work waits"
    one.push()
    with one.replica.reader() as connection:
        assert len(to_push(connection, world.org_id, actor_user_id=ben.user_id)) == 2
    two.sync()


def test_a_push_holds_whole_transactions_up_to_its_limit(world: World) -> None:
    one = world.desk("one")
    for names in (["A", "B"], ["C"], ["D", "E", "F"], ["G"]):
        one.do(lambda uow, names=names: uow.bulk(Service, [{"name": name} for name in names]))

    def sizes(limit: int) -> list[int]:
        with one.replica.reader() as connection:
            return [len(t.mutations) for t in to_push(connection, world.org_id, limit=limit)]

    assert [sizes(limit) for limit in (1, 2, 3, 5, 6, 7, 100)] == [
        [2], [2], [2, 1], [2, 1], [2, 1, 3], [2, 1, 3, 1], [2, 1, 3, 1],
    ]  # fmt: skip


# -- scopes -------------------------------------------------------------------------------------------------------


def intact(desk: Desk) -> bool:
    with desk.replica.reader() as connection:
        return connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


def test_a_guardian_follows_its_links_into_and_out_of_an_instructors_replica(world: World) -> None:
    office = world.desk("office")
    things = world.furnish(office)
    office.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26)))
    office.sync()
    ben = world.desk("ben", OrgRole.INSTRUCTOR, things.ben)
    mother = office.do(lambda uow: uow.insert(Guardian, {"full_name": "Ioana"})).value
    office.sync()
    ben.sync()
    assert ben.rows(Guardian) == {}
    link = office.do(lambda uow: uow.insert(StudentGuardian, {"student_id": things.ethan, "guardian_id": mother})).value
    office.sync()
    ben.sync()
    assert (set(ben.rows(Guardian)), set(ben.rows(StudentGuardian))) == ({mother}, {link})
    assert intact(ben)
    office.do(lambda uow: uow.delete(StudentGuardian, link))
    office.sync()
    ben.sync()
    assert ben.rows(Guardian) == ben.rows(StudentGuardian) == {}


def test_a_claw_back_brings_the_refund_and_the_payment_it_comes_from(world: World) -> None:
    office = world.desk("office")
    things = world.furnish(office)
    booking = office.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26))).value
    payment = office.do(lambda uow: uow.insert(Payment, {"booking_id": booking, **PAID})).value
    part = {"amount_cents": 5000, "platform_fee_cents": 750, "instructor_share_cents": 4250, "reason": "Ill"}
    refund = office.do(lambda uow: uow.insert(Refund, {"payment_id": payment, **part})).value
    office.sync()
    ben, dana = (world.desk(n, OrgRole.INSTRUCTOR, i) for n, i in (("ben", things.ben), ("dana", things.dana)))
    assert ben.rows(Payment) == ben.rows(Refund) == {}
    clawed = {"instructor_id": things.ben, "booking_id": booking, "refund_id": refund, "amount_cents": -4250}
    office.do(lambda uow: uow.insert(Payout, clawed))
    office.sync()
    ben.sync()
    dana.sync()
    assert (set(ben.rows(Refund)), set(ben.rows(Payment))) == ({refund}, {payment})
    assert intact(ben)
    assert dana.rows(Payment) == dana.rows(Refund) == dana.rows(Payout) == {}


def test_the_points_of_a_trip_leave_the_disk_with_it(world: World) -> None:
    office = world.desk("office")
    things = world.furnish(office)
    booking = office.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26))).value

    def drive(uow: UnitOfWork) -> UUID:
        people = {"booking_id": booking, "instructor_id": things.ben, "student_id": things.ethan}
        return uow.insert(Trip, {"lesson_id": uow.insert(Lesson, people), "started_at": START})

    trip = office.do(drive).value
    office.sync()
    ben = world.desk("ben", OrgRole.INSTRUCTOR, things.ben)
    point = {"org_id": world.org_id, "trip_id": trip, "ts": START, "n": 0, "lat": 1, "lng": 1}
    with ben.replica.sync_transaction() as connection:
        connection.execute(cast("sa.Table", TripPoint.__table__).insert(), point)
    office.do(lambda uow: uow.delete(Trip, trip))
    office.sync()
    ben.sync()
    assert intact(ben)
    assert ben.rows(Trip) == {}
    with ben.replica.reader() as connection:
        assert connection.execute(sa.select(TripPoint.trip_id)).all() == []


def test_a_cancelled_booking_moved_to_another_instructor_leaves_nothing_behind(world: World) -> None:
    office = world.desk("office")
    things = world.furnish(office)
    booking = office.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26))).value
    office.sync()
    ben = world.desk("ben", OrgRole.INSTRUCTOR, things.ben)
    office.do(lambda uow: uow.update(Booking, booking, {"status": BookingStatus.DRAFT}))
    office.sync()
    ben.sync()
    assert ben.rows(Booking) == ben.rows(Student) == {}
