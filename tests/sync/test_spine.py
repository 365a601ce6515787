"""The spine: edits travel desk → outbox → the service's apply code → a second replica, and collisions are survived."""

from datetime import timedelta
from typing import cast
from uuid import UUID, uuid4

import msgspec
import pytest
import sqlalchemy as sa

from driveflow_desktop.domain.catalog.tables import RateCard, RateCardItem, Service
from driveflow_desktop.domain.finance.tables import Payment
from driveflow_desktop.domain.finance.values import PaymentMethod, PaymentStatus
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.tables import Guardian, Instructor, Student, StudentGuardian
from driveflow_desktop.domain.scheduling.tables import AvailabilityException, Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.ids import derived_id
from driveflow_desktop.store.migrate import SCHEMA_REVISION
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.unit_of_work import UnitOfWork
from driveflow_desktop.sync.protocol import PushRequest, TransactionResult, WireMutation, WireTransaction
from tests.helpers.world import START, Desk, World

pytestmark = pytest.mark.postgres


def assert_settled(world: World, *desks: Desk) -> None:
    """Promise 4: with nothing pending every full replica equals the service, row for row."""
    for desk in desks:
        desk.sync()
    for desk in desks:
        desk.sync()
        assert desk.waiting() == 0
        assert desk.base_rows() == 0
        assert desk.digest() == world.digest()


def forged(world: World, desk: Desk, mutation: WireMutation, actor: UUID | None = None) -> TransactionResult:
    """The service's answer to a mutation that no command of ours would make."""
    transaction = WireTransaction(
        id=uuid4(),
        schema=SCHEMA_REVISION,
        occurred_at=world.clock.now(),
        actor_user_id=actor or desk.member.user_id,
        mutations=(mutation,),
    )
    request = PushRequest(desk.member.device_id, world.clock.now(), (transaction,))
    (result,) = world.serve_push(desk.member, request).results
    return result


def test_booking_payment_and_rate_card_reach_the_other_desk(world: World) -> None:
    one, two = world.desk("one"), world.desk("two")
    things = world.furnish(one)
    booking = one.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26))).value
    pay = {
        "booking_id": booking,
        "amount_cents": 9500,
        "platform_fee_cents": 1425,
        "instructor_share_cents": 8075,
        "method": PaymentMethod.CASH,
        "status": PaymentStatus.SUCCEEDED,
        "received_at": START,
    }
    payment = one.do(lambda uow: uow.insert(Payment, pay)).value
    one.sync()
    two.sync()
    assert two.row(Booking, booking)["price_cents"] == 9500
    assert two.row(Payment, payment)["method"] is PaymentMethod.CASH
    assert [row["name"] for row in two.rows(RateCard).values()] == ["Standard"]
    assert two.row(Booking, booking)["version"] > 0
    assert_settled(world, one, two)


def test_a_command_is_one_transaction_everywhere(world: World) -> None:
    one = world.desk("one")
    world.furnish(one)
    log = world.log()
    made = [entry for entry in log if entry.topic.endswith(".insert")]
    assert len({entry.transaction_id for entry in made}) == 1
    assert [entry.seq for entry in log] == list(range(1, len(log) + 1))


def test_two_offline_desks_book_one_slot_and_the_first_push_stands(world: World) -> None:
    one, two = world.desk("one"), world.desk("two")
    things = world.furnish(one)
    two.sync()
    first = one.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26))).value
    second = two.do(lambda uow: uow.insert(Booking, things.booking(things.chloe, things.ben, 26.5))).value
    one.push()
    response = two.push()
    assert response is not None
    assert [(result.status, result.code) for result in response.results] == [("rejected", "slot_taken")]
    assert second not in two.rows(Booking)
    assert [conflict.code for conflict in two.conflicts()] == ["slot_taken"]
    assert_settled(world, one, two)
    assert set(two.rows(Booking)) == {first}


def test_a_pulled_booking_sets_a_pending_overlap_aside_and_the_pull_goes_on(world: World) -> None:
    one, two = world.desk("one"), world.desk("two")
    things = world.furnish(one)
    two.sync()
    first = one.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26))).value
    later = one.do(lambda uow: uow.insert(Student, {"full_name": "Later"})).value
    one.sync()
    mine = two.do(lambda uow: uow.insert(Booking, things.booking(things.chloe, things.ben, 26.5))).value
    two.pull()
    assert set(two.rows(Booking)) == {first}
    assert later in two.rows(Student)
    (conflict,) = two.conflicts()
    assert conflict.code == "slot_taken"
    assert conflict.mine["mutations"][0]["id"] == str(mine)
    assert two.push() is None, "what was set aside is not pushed"
    assert_settled(world, one, two)


def test_pending_edits_are_laid_over_incoming_rows(world: World) -> None:
    one, two = world.desk("one"), world.desk("two")
    things = world.furnish(one)
    two.sync()
    one.do(lambda uow: uow.update(Student, things.ethan, {"email": "ethan@example.com"}))
    two.do(lambda uow: uow.update(Student, things.ethan, {"full_name": "Ethan A. Popescu"}))
    two.sync()
    one.pull()
    row = one.row(Student, things.ethan)
    assert (row["full_name"], row["email"]) == ("Ethan A. Popescu", "ethan@example.com")
    assert one.waiting() == 1
    response = one.push()
    assert response is not None
    assert [result.status for result in response.results] == ["merged"]
    assert_settled(world, one, two)


def test_a_screen_never_goes_back_in_time_between_applied_and_pulled(world: World) -> None:
    one, two = world.desk("one"), world.desk("two")
    things = world.furnish(one)
    two.sync()
    two.do(lambda uow: uow.update(Student, things.ethan, {"alert": "Anxious"}))
    two.sync()
    one.do(lambda uow: uow.update(Student, things.ethan, {"email": "ethan@example.com"}))
    one.push()
    assert one.row(Student, things.ethan)["email"] == "ethan@example.com"
    assert one.base_rows() == 1, "the edit stays in the overlay until the cursor has reached it"
    one.pull(limit=1)
    assert one.row(Student, things.ethan)["email"] == "ethan@example.com"
    assert_settled(world, one, two)


def test_moving_one_booking_on_two_desks_is_a_version_conflict(world: World) -> None:
    one, two = world.desk("one"), world.desk("two")
    things = world.furnish(one)
    booking = one.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26))).value
    one.sync()
    two.sync()
    hour = timedelta(hours=1)
    for desk, shift in ((one, hour), (two, 2 * hour)):
        row = desk.row(Booking, booking)
        times = {"start_at": row["start_at"] + shift, "end_at": row["end_at"] + shift}
        desk.do(lambda uow, times=times: uow.update(Booking, booking, times))
    one.sync()
    response = two.push()
    assert response is not None
    (result,) = response.results
    assert (result.status, result.code) == ("rejected", "version_conflict")
    assert result.column in {"start_at", "end_at"}
    assert result.current[0].row is not None
    assert_settled(world, one, two)
    assert two.row(Booking, booking)["start_at"] == START + timedelta(hours=27)
    assert [conflict.code for conflict in two.conflicts()] == ["version_conflict"]


@pytest.mark.parametrize("pull_first", [True, False])
def test_one_unique_name_made_on_two_desks(world: World, *, pull_first: bool) -> None:
    one, two = world.desk("one"), world.desk("two")
    things = world.furnish(one)
    two.sync()
    first = one.do(lambda uow: uow.insert(Service, {"name": "Night"})).value
    mine = two.do(lambda uow: uow.insert(Service, {"name": "Night"})).value
    # A later transaction that cannot stand without the one that collides goes with it, and is kept too.
    two.do(lambda uow: uow.insert(RateCardItem, {"rate_card_id": things.card, "service_id": mine, "price_cents": 1}))
    one.sync()
    if pull_first:
        two.pull()
    two.sync()
    assert mine not in two.rows(Service)
    assert first in two.rows(Service)
    assert sorted(conflict.code for conflict in two.conflicts()) == ["already_exists", "missing_reference"]
    assert_settled(world, one, two)


def test_a_null_folding_unique_key_collides_too(world: World) -> None:
    one, two = world.desk("one"), world.desk("two")
    things = world.furnish(one)
    two.sync()
    day = {"instructor_id": things.ben, "date": START.date()}
    one.do(lambda uow: uow.insert(AvailabilityException, {**day, "note": "Dentist"}))
    two.do(lambda uow: uow.insert(AvailabilityException, {**day, "note": "School concert"}))
    one.sync()
    two.pull()
    assert [row["note"] for row in two.rows(AvailabilityException).values()] == ["Dentist"]
    assert_settled(world, one, two)


def test_unique_values_change_hands_inside_one_page(world: World) -> None:
    one, two = world.desk("one"), world.desk("two")
    a, b = one.do(lambda uow: uow.bulk(Service, [{"name": "A"}, {"name": "B"}])).value
    one.sync()
    two.sync()

    def swap(uow: UnitOfWork) -> None:
        uow.update(Service, a, {"name": "C"})
        uow.update(Service, b, {"name": "A"})
        uow.update(Service, a, {"name": "B"})

    one.do(swap)
    one.sync()
    two.sync()
    assert (two.row(Service, a)["name"], two.row(Service, b)["name"]) == ("B", "A")
    assert_settled(world, one, two)


def test_a_booking_and_its_student_leave_an_instructors_replica(world: World) -> None:
    office = world.desk("office")
    things = world.furnish(office)

    def family(uow: UnitOfWork) -> None:
        mother = uow.insert(Guardian, {"full_name": "Ioana Popescu"})
        link = {"student_id": things.ethan, "guardian_id": mother, "is_payer": True}
        uow.insert(StudentGuardian, link, row_id=derived_id(things.ethan, mother))

    office.do(family)
    booking = office.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26))).value
    office.do(lambda uow: uow.insert(Booking, things.booking(things.chloe, things.dana, 26)))
    office.sync()
    ben = world.desk("ben", OrgRole.INSTRUCTOR, things.ben)
    assert set(ben.rows(Booking)) == {booking}
    assert set(ben.rows(Student)) == {things.ethan}
    assert set(ben.rows(Instructor)) == {things.ben}
    assert len(ben.rows(Guardian)) == len(ben.rows(StudentGuardian)) == 1
    office.do(lambda uow: uow.update(Booking, booking, {"instructor_id": things.dana, **_hours(30)}))
    office.sync()
    ben.sync()
    assert ben.rows(Booking) == ben.rows(Student) == ben.rows(Guardian) == ben.rows(StudentGuardian) == {}
    dana = world.desk("dana", OrgRole.INSTRUCTOR, things.dana)
    assert set(dana.rows(Student)) == {things.ethan, things.chloe}
    assert len(dana.rows(Guardian)) == 1


def test_an_edit_of_a_row_that_left_the_scope_becomes_a_conflict(world: World) -> None:
    office = world.desk("office")
    things = world.furnish(office)
    booking = office.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26))).value
    office.sync()
    ben = world.desk("ben", OrgRole.INSTRUCTOR, things.ben)
    office.do(lambda uow: uow.update(Booking, booking, {"instructor_id": things.dana}))
    office.sync()
    ben.do(lambda uow: uow.update(Booking, booking, {"notes": "Bring the L plates"}))
    ben.pull()
    assert booking not in ben.rows(Booking), "the row goes at once"
    assert ben.waiting() == 1, "the edit waits for the service's judgement"
    response = ben.push()
    assert response is not None
    assert [(result.status, result.code) for result in response.results] == [("rejected", "gone")]
    assert [conflict.code for conflict in ben.conflicts()] == ["gone"]
    assert ben.waiting() == ben.base_rows() == 0


def test_what_an_instructor_may_not_write_is_refused(world: World) -> None:
    office = world.desk("office")
    things = world.furnish(office)
    booking = office.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26))).value
    office.sync()
    ben = world.desk("ben", OrgRole.INSTRUCTOR, things.ben)
    ben.do(
        lambda uow: uow.update(
            Booking, booking, {"price_cents": 1, "platform_fee_cents": 0, "instructor_share_cents": 1}
        )
    )
    ben.do(lambda uow: uow.update(Service, things.service, {"name": "Free"}))
    response = ben.push()
    assert response is not None
    assert [result.code for result in response.results] == ["forbidden", "forbidden"]
    danas = codec(cast("sa.Table", Booking.__table__)).to_wire(things.booking(things.ethan, things.dana, 30))
    mine = codec(cast("sa.Table", Booking.__table__)).to_wire(things.booking(things.chloe, things.ben, 40))
    for values, code in ((danas, "missing_reference"), (mine, "missing_reference"), ({**mine, "x": 1}, "invalid")):
        mutation = WireMutation(id=uuid4(), table="bookings", op="insert", row_id=uuid4(), values=values)
        assert forged(world, ben, mutation).code == code
    secret = WireMutation(
        id=uuid4(), table="students", op="update", row_id=things.chloe, values={"notes": "x"}, before={"notes": None}
    )
    assert forged(world, ben, secret).code == "gone", "a row outside the scope is as if it did not exist"
    for table in ("users", "outbox", "audit_log", "nonsense"):
        hidden = WireMutation(id=uuid4(), table=table, op="delete", row_id=uuid4())
        assert forged(world, ben, hidden).code == "invalid"
    stripe = WireMutation(
        id=uuid4(),
        table="instructors",
        op="update",
        row_id=things.ben,
        values={"stripe_account_id": "acct_1"},
        before={"stripe_account_id": None},
    )
    assert forged(world, office, stripe).code == "forbidden"
    assert forged(world, office, stripe, actor=uuid4()).code == "forbidden"
    ben.sync()
    assert ben.row(Booking, booking)["price_cents"] == 9500


def test_a_repeated_push_gets_the_same_answer_and_changes_nothing(world: World) -> None:
    one, two = world.desk("one"), world.desk("two")
    things = world.furnish(one)
    two.sync()
    one.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26)))
    two.do(lambda uow: uow.insert(Booking, things.booking(things.chloe, things.ben, 26)))
    one.sync()
    request = two.take_push()
    assert request is not None
    first = world.serve_push(two.member, request)
    again = world.serve_push(two.member, request)
    assert [result.status for result in again.results] == ["duplicate"]
    assert [result.code for result in again.results] == [result.code for result in first.results] == ["slot_taken"]
    head = first.head
    request = one.take_push()
    assert request is None
    one.do(lambda uow: uow.update(Student, things.ethan, {"alert": "Glasses"}))
    request = one.take_push()
    assert request is not None
    first, again = world.serve_push(one.member, request), world.serve_push(one.member, request)
    assert again.head == first.head == head + 1
    assert again.results[0].seq == first.results[0].seq
    two.answer(world.serve_push(two.member, two.take_push()))  # type: ignore[arg-type]
    assert_settled(world, one, two)


def test_an_answer_that_was_lost_is_found_in_the_log(world: World) -> None:
    one = world.desk("one")
    things = world.furnish(one)
    one.do(lambda uow: uow.update(Student, things.ethan, {"alert": "Glasses"}))
    request = one.take_push()
    assert request is not None
    response = world.serve_push(one.member, request)
    one.pull()
    assert one.waiting() == one.base_rows() == 0
    one.answer(response)
    assert_settled(world, one)


def test_a_changed_body_under_a_known_id_is_refused(world: World) -> None:
    one = world.desk("one")
    things = world.furnish(one)
    one.do(lambda uow: uow.update(Student, things.ethan, {"alert": "Glasses"}))
    request = one.take_push()
    assert request is not None
    world.serve_push(one.member, request)
    (transaction,) = request.transactions
    (mutation,) = transaction.mutations
    forged = msgspec.structs.replace(mutation, values={"alert": "None"})
    other = msgspec.structs.replace(transaction, mutations=(forged,))
    changed = msgspec.structs.replace(request, transactions=(other,))
    assert world.serve_push(one.member, changed).results[0].code == "id_reused"


def test_notes_of_two_desks_are_merged(world: World) -> None:
    one, two = world.desk("one"), world.desk("two")
    things = world.furnish(one)
    one.do(lambda uow: uow.update(Student, things.ethan, {"notes": "Nervous on merges.\nMum pays."}))
    one.sync()
    two.sync()
    one.do(lambda uow: uow.update(Student, things.ethan, {"notes": "Nervous on merges.\nMum pays.\nAsk for M5."}))
    two.do(lambda uow: uow.update(Student, things.ethan, {"notes": "Calm now.\nMum pays."}))
    assert_settled(world, one, two)
    assert one.row(Student, things.ethan)["notes"] == "Calm now.\nMum pays.\nAsk for M5."
    assert one.conflicts() == two.conflicts() == []


def test_the_later_of_two_plain_edits_stands_whatever_the_clocks_say(world: World) -> None:
    one, two = world.desk("one"), world.desk("two")
    things = world.furnish(one)
    two.sync()
    one.clock.skew = timedelta(hours=5)
    one.do(lambda uow: uow.update(Student, things.ethan, {"phone": "+61400000001"}))
    two.do(lambda uow: uow.update(Student, things.ethan, {"phone": "+61400000002"}))
    two.sync()
    one.sync()
    assert_settled(world, one, two)
    assert one.row(Student, things.ethan)["phone"] == "+61400000002"


def test_deleting_what_another_desk_changed_is_a_conflict(world: World) -> None:
    one, two = world.desk("one"), world.desk("two")
    things = world.furnish(one)
    two.sync()
    one.do(lambda uow: uow.update(Student, things.chloe, {"alert": "Glasses"}))
    two.do(lambda uow: uow.delete(Student, things.chloe))
    one.sync()
    response = two.push()
    assert response is not None
    assert response.results[0].code == "version_conflict"
    assert_settled(world, one, two)
    assert things.chloe in two.rows(Student)


def test_booking_a_student_whom_another_desk_deleted(world: World) -> None:
    one, two = world.desk("one"), world.desk("two")
    things = world.furnish(one)
    two.sync()
    one.do(lambda uow: uow.delete(Student, things.chloe))
    one.sync()
    two.do(lambda uow: uow.insert(Booking, things.booking(things.chloe, things.ben, 26)))
    two.pull()
    assert [conflict.code for conflict in two.conflicts()] == ["missing_reference"]
    assert_settled(world, one, two)


def test_money_is_immutable_on_both_sides(world: World) -> None:
    one = world.desk("one")
    things = world.furnish(one)
    booking = one.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26))).value
    pay = {"booking_id": booking, "amount_cents": 9500, "platform_fee_cents": 1425, "instructor_share_cents": 8075}
    payment = one.do(lambda uow: uow.insert(Payment, pay)).value
    with pytest.raises(UserError, match="cannot be changed"):
        one.do(
            lambda uow: uow.update(
                Payment, payment, {"amount_cents": 1, "platform_fee_cents": 0, "instructor_share_cents": 1}
            )
        )
    with pytest.raises(UserError, match="cannot be changed"):
        one.do(lambda uow: uow.delete(Payment, payment))
    assert_settled(world, one)


def test_undo_travels_like_any_edit(world: World) -> None:
    one, two = world.desk("one"), world.desk("two")
    things = world.furnish(one)
    receipt = one.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26)))
    one.sync()
    two.sync()
    assert receipt.inverse is not None
    one.do(lambda uow: uow.revert(receipt.inverse))
    one.sync()
    two.sync()
    assert two.rows(Booking) == {}
    assert_settled(world, one, two)


def _hours(hour: float) -> dict[str, object]:
    start = START + timedelta(hours=hour)
    return {"start_at": start, "end_at": start + timedelta(hours=1), "status": BookingStatus.CONFIRMED}
