"""The guard with many rows at once, on both databases: swaps, series, several steps, and a thousand bookings."""

from datetime import timedelta
from itertools import combinations
from typing import cast
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driveflow_desktop.domain.hard_rules import find_overlaps
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import OCCUPYING, BookingStatus
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.types import Value
from driveflow_desktop.store.unit_of_work import UnitOfWork
from tests.helpers.world import START, World
from tests.sync.test_spine import assert_settled

pytestmark = pytest.mark.postgres


def test_two_bookings_swap_their_times_in_one_transaction(world: World) -> None:
    one, two = world.desk("one"), world.desk("two")
    things = world.furnish(one)
    rows = [things.booking(things.ethan, things.ben, 26), things.booking(things.chloe, things.ben, 27)]
    a, b = one.do(lambda uow: uow.bulk(Booking, rows)).value
    one.sync()
    two.sync()

    def swap(uow: UnitOfWork) -> None:
        for booking, other in ((a, rows[1]), (b, rows[0])):
            uow.update(Booking, booking, {name: other[name] for name in ("start_at", "end_at")})

    one.do(swap)
    assert_settled(world, one, two)
    assert one.conflicts() == []
    assert two.row(Booking, a)["start_at"] == rows[1]["start_at"]


def test_several_steps_in_one_transaction_are_each_judged(world: World) -> None:
    one, two = world.desk("one"), world.desk("two")
    things = world.furnish(one)
    draft = things.booking(things.ethan, things.ben, 26, status=BookingStatus.DRAFT)
    booking = one.do(lambda uow: uow.insert(Booking, draft)).value

    def steps(uow: UnitOfWork, *targets: BookingStatus) -> None:
        for target in targets:
            uow.update(Booking, booking, {"status": target})

    with pytest.raises(UserError, match="cannot go"):
        one.do(lambda uow: steps(uow, BookingStatus.IN_PROGRESS, BookingStatus.COMPLETED))
    one.do(lambda uow: steps(uow, BookingStatus.CONFIRMED, BookingStatus.CANCELLED))
    assert_settled(world, one, two)
    assert two.row(Booking, booking)["status"] is BookingStatus.CANCELLED


def test_a_thousand_bookings_in_one_transaction_read_each_diary_once(world: World) -> None:
    one = world.desk("one")
    things = world.furnish(one)
    many = 1_200
    rows = [things.booking(things.ethan, things.ben, 26 + n, minutes=60) for n in range(many)]
    fetched = 0

    def guarded(uow: UnitOfWork) -> None:
        nonlocal fetched
        ids = uow.bulk(Booking, rows)
        statements: list[str] = []
        listen = lambda *event: statements.append(cast("str", event[2]))  # noqa: E731
        sa.event.listen(uow.connection, "before_cursor_execute", listen)
        assert find_overlaps(uow.connection, uow.org_id, ids) == []
        sa.event.remove(uow.connection, "before_cursor_execute", listen)
        fetched = len(statements)

    one.do(guarded)
    assert fetched == 3 * many / 400
    response = one.push()
    assert response is not None
    assert [result.status for result in response.results] == ["applied"]
    late = things.booking(things.ethan, things.ben, 26 + many / 2 + 0.5)
    with pytest.raises(UserError) as refusal:
        one.do(lambda uow: uow.insert(Booking, late))
    assert refusal.value.code == "slot_taken"


_SLOTS = st.lists(
    st.tuples(
        st.integers(0, 20), st.integers(1, 6), st.booleans(), st.booleans(), st.sampled_from(list(BookingStatus))
    ),
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(slots=_SLOTS, data=st.data())
def test_overlaps_are_those_that_a_person_would_find(
    world: World, slots: list[tuple[int, int, bool, bool, BookingStatus]], data: st.DataObject
) -> None:
    """Against all pairs: half-open spans, same instructor or same student, both occupying, one of them asked about."""
    desk = world.desks[0] if world.desks else world.desk("one")
    people = [UUID(int=n) for n in (1, 2, 3, 4)]
    rows: list[dict[str, Value]] = []
    for n, (start, length, ben, ethan, status) in enumerate(slots):
        rows.append(
            {
                "id": UUID(int=100 + n),
                "instructor_id": people[ben],
                "student_id": people[2 + ethan],
                "start_at": START + timedelta(hours=start),
                "end_at": START + timedelta(hours=start + length),
                "status": status,
            }
        )
    asked = data.draw(st.sets(st.sampled_from(rows or [{"id": UUID(int=1)}]).map(lambda row: cast("UUID", row["id"]))))
    expected = set()
    for one, two in combinations(rows, 2):
        meet = one["start_at"] < two["end_at"] and two["start_at"] < one["end_at"]  # type: ignore[operator]
        if meet and {one["status"], two["status"]} <= OCCUPYING and {one["id"], two["id"]} & asked:
            pair = frozenset((one["id"], two["id"]))
            expected |= {(pair, "slot_taken")} if one["instructor_id"] == two["instructor_id"] else set()
            expected |= {(pair, "student_busy")} if one["student_id"] == two["student_id"] else set()
    rest = {"service_id": people[0], "price_cents": 0, "platform_fee_cents": 0, "instructor_share_cents": 0}
    table = codec(cast("sa.Table", Booking.__table__))
    with desk.replica.sync_transaction() as connection, connection.begin_nested() as inner:
        for row in rows:
            full = table.complete({**rest, "status_changed_at": START, **{k: v for k, v in row.items() if k != "id"}})
            stamps = {"org_id": world.org_id, "id": row["id"], "created_at": START, "updated_at": START, "version": 0}
            table.insert(connection, [{**full, **stamps}])
        found = find_overlaps(connection, world.org_id, asked)
        inner.rollback()
    assert {(frozenset((clash.booking_id, clash.other_id)), clash.code) for clash in found} == expected
    assert len(found) == len(expected)
    assert all(clash.booking_id in asked for clash in found)
