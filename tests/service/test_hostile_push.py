"""Pushes that no desk of ours would make: malformed, greedy, curious. Each gets its answer, and the queue goes on."""

from collections.abc import Mapping
from datetime import timedelta
from typing import cast
from uuid import UUID, uuid4

import msgspec
import pytest
import sqlalchemy as sa

from driveflow_desktop.domain.execution.tables import Lesson
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.tables import Instructor, Student
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.ids import derived_id
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.types import Json, Value
from driveflow_desktop.sync.protocol import PushRequest, TransactionResult, Verb, WireMutation, WireTransaction
from tests.helpers.world import START, Desk, Furniture, World

pytestmark = pytest.mark.postgres


def send(
    world: World, desk: Desk, table: str, op: Verb, row_id: UUID, values: Mapping[str, Json] | None = None, **seen: Json
) -> TransactionResult:
    """The answer to one forged mutation; an honest one behind it must stand in any case.

    `seen` is what the device says to have seen in the columns of an update; null where it does not say.
    """
    before = {**dict.fromkeys(values or {}), **seen} if op == "update" else {}
    forged = WireMutation(id=uuid4(), table=table, op=op, row_id=row_id, values=dict(values or {}), before=before)
    honest = WireMutation(id=uuid4(), table="availability_exceptions", op="delete", row_id=uuid4())
    transactions = tuple(
        WireTransaction(
            id=uuid4(), schema="", occurred_at=START, actor_user_id=desk.member.user_id, mutations=(mutation,)
        )
        for mutation in (forged, honest)
    )
    response = world.serve_push(desk.member, PushRequest(desk.member.device_id, START, transactions))
    assert response.results[1].status == "applied"
    return response.results[0]


def school(world: World) -> tuple[Desk, Furniture, UUID]:
    office = world.desk("office")
    things = world.furnish(office)
    booking = office.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 26))).value
    office.do(lambda uow: uow.insert(Booking, things.booking(things.chloe, things.dana, 26)))
    office.sync()
    return office, things, booking


def wire(values: Mapping[str, Value]) -> dict[str, Json]:
    return codec(cast("sa.Table", Booking.__table__)).to_wire(values)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("student_id", "nobody"),
        ("student_id", 7),
        ("pickup_lat", "1E+999999999"),
        ("pickup_lat", "NaN"),
        ("pickup_lat", "1000.000000"),
        ("pickup_lat", 1.5),
        ("start_at", "2026-11-24T00:00:00"),
        ("start_at", "0001-01-01T00:00:00+14:00"),
        ("price_cents", 2**64),
        ("price_cents", True),
        ("status", "flown"),
        ("overrides", {"a": "\0"}),
        ("overrides", {"a": 1e300}),
        ("overrides", []),
        ("notes", "\0"),
        ("notes", "x" * 20_001),
        ("org_id", "7d38b8d7-7350-444d-a2a8-368354b11787"),
        ("version", 7),
        ("nonsense", 1),
    ],
)
def test_a_value_that_is_none_is_refused_and_nothing_else_stops(world: World, column: str, value: Json) -> None:
    office, things, _booking = school(world)
    values = {**wire(things.booking(things.ethan, things.ben, 30)), column: value}
    result = send(world, office, "bookings", "insert", uuid4(), values)
    if (column, value) == ("overrides", []):
        assert result.status == "applied"
    else:
        assert (result.code, result.column) in {("invalid", column), ("missing_reference", column)}


def test_an_update_says_what_its_device_had_seen(world: World) -> None:
    office, things, _booking = school(world)
    blind = WireMutation(id=uuid4(), table="students", op="update", row_id=things.ethan, values={"alert": "x"})
    transaction = WireTransaction(
        id=uuid4(), schema="", occurred_at=START, actor_user_id=office.member.user_id, mutations=(blind,)
    )
    (result,) = world.serve_push(office.member, PushRequest(office.member.device_id, START, (transaction,))).results
    assert (result.code, result.column) == ("invalid", "alert")


def test_a_time_without_an_offset_is_malformed() -> None:
    body = b'{"device_id": "%s", "sent_at": "2026-11-24T00:00:00", "transactions": []}' % str(uuid4()).encode()
    with pytest.raises(msgspec.ValidationError, match="sent_at"):
        msgspec.json.decode(body, type=PushRequest)


def test_notes_that_grow_too_long_by_merging_are_refused_not_fatal(world: World) -> None:
    office, things, _booking = school(world)
    office.do(lambda uow: uow.update(Student, things.ethan, {"notes": "a" * 12_000}))
    office.sync()
    assert send(world, office, "students", "update", things.ethan, {"notes": "b" * 12_000}).code == "invalid"


def test_guessing_an_id_shows_nothing(world: World) -> None:
    office, things, booking = school(world)
    dana = world.desk("dana", OrgRole.INSTRUCTOR, things.dana)
    mine = wire(things.booking(things.chloe, things.dana, 40))
    result = send(world, dana, "bookings", "insert", booking, mine)
    assert (result.code, result.current) == ("already_exists", ())
    lesson = derived_id("lesson", booking)
    people = {"booking_id": booking, "instructor_id": things.ben, "student_id": things.ethan}
    office.do(lambda uow: uow.insert(Lesson, people, row_id=lesson))
    office.sync()
    forged = {"booking_id": str(booking), "instructor_id": str(things.dana), "student_id": str(things.chloe)}
    result = send(world, dana, "lessons", "insert", lesson, forged)
    assert (result.code, result.current) == ("already_exists", ())
    for table, row_id in (("bookings", booking), ("students", things.ethan), ("lessons", lesson)):
        assert send(world, dana, table, "update", row_id, {"notes": "x"}).code == "gone"
        assert send(world, dana, table, "delete", row_id).code != "applied"
    busy = wire(things.booking(things.ethan, things.dana, 26.5))
    assert send(world, dana, "bookings", "insert", uuid4(), busy).code == "missing_reference"
    office.sync()
    assert lesson in office.rows(Lesson)


def test_a_lesson_cannot_be_moved_by_making_it_again(world: World) -> None:
    office, things, booking = school(world)
    other = office.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 50))).value
    lesson = derived_id("lesson", booking)
    people = {"booking_id": booking, "instructor_id": things.ben, "student_id": things.ethan}
    office.do(lambda uow: uow.insert(Lesson, {**people, "rating": 5}, row_id=lesson))
    office.sync()
    ben = world.desk("ben", OrgRole.INSTRUCTOR, things.ben)
    forged = {"booking_id": str(other), "instructor_id": str(things.ben), "student_id": str(things.ethan)}
    assert send(world, ben, "lessons", "insert", lesson, forged).code == "already_exists"
    again = {**forged, "booking_id": str(booking), "notes": "Calm"}
    assert send(world, ben, "lessons", "insert", lesson, again).status == "merged"
    office.sync()
    row = office.row(Lesson, lesson)
    assert (row["booking_id"], row["rating"], row["notes"]) == (booking, 5, "Calm")


def test_an_instructors_price_is_the_listed_one_split_as_agreed(world: World) -> None:
    office, things, _booking = school(world)
    ben = world.desk("ben", OrgRole.INSTRUCTOR, things.ben)
    good = things.booking(things.ethan, things.ben, 50)
    bad: list[tuple[dict[str, Value], str]] = [
        ({"price_cents": 100, "platform_fee_cents": 15, "instructor_share_cents": 85}, "price_cents"),
        ({"platform_fee_cents": 0, "instructor_share_cents": 9500}, "platform_fee_cents"),
        ({"rate_card_id": None}, "price_cents"),
        ({"currency": "JPY"}, "price_cents"),
    ]
    for values, column in bad:
        result = send(world, ben, "bookings", "insert", uuid4(), wire({**good, **values}))
        assert (result.code, result.column) == ("no_price", column)
    assert send(world, ben, "bookings", "insert", uuid4(), wire(good)).status == "applied"
    office.do(lambda uow: uow.update(Instructor, things.ben, {"fee_bp": 1000}))
    office.sync()
    later = things.booking(things.ethan, things.ben, 60)
    assert send(world, ben, "bookings", "insert", uuid4(), wire(later)).code == "no_price"
    agreed = {**later, "platform_fee_cents": 950, "instructor_share_cents": 8550}
    assert send(world, ben, "bookings", "insert", uuid4(), wire(agreed)).status == "applied"


def test_an_instructor_takes_their_own_steps_only(world: World) -> None:
    office, things, booking = school(world)
    ben = world.desk("ben", OrgRole.INSTRUCTOR, things.ben)
    me = {"status_changed_by": str(ben.member.user_id)}
    assert send(world, ben, "bookings", "update", booking, {"status": "no_show", **me}, status="confirmed").code is None
    assert send(world, ben, "bookings", "update", booking, {"status": "confirmed", **me}, status="no_show").code is None
    office.sync()
    cancelled = {"status": BookingStatus.CANCELLED, "status_changed_by": office.member.user_id}
    office.do(lambda uow: uow.update(Booking, booking, cancelled))
    office.sync()
    reopened = {"status": "confirmed", "status_changed_by": str(ben.member.user_id)}
    seen: dict[str, Json] = {"status": "cancelled", "status_changed_by": str(office.member.user_id)}
    assert send(world, ben, "bookings", "update", booking, reopened, **seen).code == "state_transition"
    assert send(world, ben, "bookings", "delete", booking).code == "forbidden"


def test_an_instructor_may_undo_a_booking_of_their_own(world: World) -> None:
    office, things, _booking = school(world)
    ben = world.desk("ben", OrgRole.INSTRUCTOR, things.ben)
    made = ben.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 50)))
    ben.sync()
    assert made.inverse is not None
    inverse = made.inverse
    ben.do(lambda uow: uow.revert(inverse))
    ben.sync()
    office.sync()
    assert made.value not in office.rows(Booking)
    assert ben.conflicts() == []


def test_an_admin_cannot_change_fees_or_bank_details_by_any_road(world: World) -> None:
    office, things, _booking = school(world)
    back = world.desk("back", OrgRole.ADMIN)
    erin = office.do(lambda uow: uow.insert(Instructor, {"display_name": "Erin", "fee_bp": 500})).value
    office.sync()
    for column, value in (("fee_bp", 0), ("bank_account", "1"), ("bank_bsb", "1"), ("user_id", str(uuid4()))):
        fresh = {"display_name": "Finn", column: value}
        assert send(world, back, "instructors", "insert", uuid4(), fresh).code == "forbidden"
        assert send(world, back, "instructors", "update", erin, {column: value}).code == "forbidden"
    assert send(world, back, "instructors", "update", erin, {"phone": "+61", "fee_bp": 500}).code is None
    assert send(world, back, "instructors", "delete", erin).code == "forbidden", "it would reset the fee"
    for table in ("orgs", "user_orgs", "agreements", "payments", "payouts"):
        assert send(world, back, table, "delete", uuid4()).code == "forbidden"
    owed = {"instructor_id": str(things.ben), "amount_cents": 1, "status": "approved"}
    assert send(world, back, "payouts", "insert", uuid4(), owed).code == "forbidden"


def test_a_deleted_row_does_not_come_back_by_an_update(world: World) -> None:
    office, _things, booking = school(world)
    office.do(lambda uow: uow.delete(Booking, booking))
    office.sync()
    result = send(world, office, "bookings", "update", booking, {"notes": "x"})
    assert (result.code, result.current[0].row) == ("gone", None)


def test_times_are_never_in_the_future(world: World) -> None:
    office, things, _booking = school(world)
    office.clock.skew = timedelta(days=400)
    office.do(lambda uow: uow.update(Student, things.ethan, {"alert": "Glasses"}))
    office.clock.skew = timedelta()
    office.sync()
    assert max(entry.occurred_at for entry in world.log()) <= world.clock.now()
