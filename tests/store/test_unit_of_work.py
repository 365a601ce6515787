"""A write is rows + outbox + audit in one transaction, or nothing."""

import json
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from driveflow_desktop.domain.catalog.tables import RateCard, RateCardItem
from driveflow_desktop.domain.identity.tables import Org
from driveflow_desktop.domain.people.tables import Instructor, Student, StudentGuardian
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.clock import FixedClock
from driveflow_desktop.kernel.errors import Bug, UserError
from driveflow_desktop.store import unit_of_work
from driveflow_desktop.store.log import AUDIT, BASE_ROWS, OUTBOX, content_hash
from driveflow_desktop.store.log_tables import Op
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.types import Value
from driveflow_desktop.store.unit_of_work import Revert, UnitOfWork
from tests.helpers.desk import Desk, booking_values

LOG = (OUTBOX, AUDIT, BASE_ROWS)


def state(desk: Desk) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with desk.replica.reader() as connection:
        tables = [table for table in desk.setting.tables.sorted_tables if table.info.get("side") != "service"]
        return {str(table.name): sorted(map(tuple, connection.execute(sa.select(table))), key=repr) for table in tables}


def entries(desk: Desk, transaction_id: UUID) -> list[sa.Row[tuple[object, ...]]]:
    with desk.replica.reader() as connection:
        query = sa.select(OUTBOX).where(OUTBOX.c.transaction_id == transaction_id).order_by(OUTBOX.c.id)
        return list(connection.execute(query))


def row(desk: Desk, kind: type, row_id: UUID) -> dict[str, Value] | None:
    with desk.replica.reader() as connection:
        return codec(kind.__table__).read(connection, desk.school.org, row_id)


def test_a_command_writes_row_outbox_and_audit_together(desk: Desk) -> None:
    receipt = desk.run(lambda unit: unit.insert(Booking, booking_values(desk.school, 1)))
    assert dict(receipt.changes) == {"bookings": {receipt.value}}
    (entry,) = entries(desk, receipt.transaction_id)
    assert (entry.table_name, entry.row_id, entry.op, entry.topic) == (
        "bookings",
        receipt.value,
        Op.INSERT,
        "bookings.insert",
    )
    with desk.replica.reader() as connection:
        audit = connection.execute(sa.select(AUDIT).where(AUDIT.c.id == entry.id)).one()
    assert audit.before is None
    assert audit.after == entry.payload["values"]
    assert audit.content_hash == content_hash(audit.salt, audit.id, None, audit.after)


@pytest.mark.parametrize("step", ["command", "guard", "base rows", "outbox", "audit", "receipt"])
def test_a_failure_at_any_step_leaves_nothing(desk: Desk, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.book(1)
    before = state(desk)

    def fail(*_arguments: object, **_names: object) -> None:
        raise RuntimeError("broken on purpose")

    def command(unit: UnitOfWork) -> None:
        unit.insert(Booking, booking_values(desk.school, 2))
        unit.update(Student, desk.school.students[0], {"full_name": "Mia Chang"})
        unit.delete(StudentGuardian, _links(unit)[0])
        if step == "command":
            fail()

    def fail_on(table: str) -> Callable[..., None]:
        def listener(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
            if statement.startswith(f"INSERT INTO {table}"):
                fail()

        return listener

    if step == "guard":
        monkeypatch.setattr(desk.replica, "_guard", fail)
    elif step == "receipt":
        monkeypatch.setattr(unit_of_work, "Receipt", fail)
    listener = fail_on({"base rows": "base_rows", "outbox": "outbox", "audit": "audit_log"}.get(step, "nothing"))
    sa.event.listen(desk.replica._writer_engine, "after_cursor_execute", listener)
    with pytest.raises(RuntimeError, match="on purpose"):
        desk.run(command)
    sa.event.remove(desk.replica._writer_engine, "after_cursor_execute", listener)
    monkeypatch.undo()
    assert state(desk) == before
    desk.book(3)


def _links(unit: UnitOfWork) -> list[UUID]:
    return list(unit.connection.execute(sa.select(StudentGuardian.id)).scalars())


def test_an_update_writes_only_real_differences(desk: Desk) -> None:
    student = desk.school.students[0]
    receipt = desk.run(lambda unit: unit.update(Student, student, {"full_name": "Mia Chang", "phone": "0400000000"}))
    (entry,) = entries(desk, receipt.transaction_id)
    assert receipt.value is True
    assert entry.payload["values"] == {"full_name": "Mia Chang"}
    assert entry.payload["before"] == {"full_name": "Mia Chen"}


def test_an_update_that_changes_nothing_leaves_no_trace(desk: Desk) -> None:
    before = state(desk)
    receipt = desk.run(lambda unit: unit.update(Student, desk.school.students[0], {"full_name": "Mia Chen"}))
    assert receipt.value is False
    assert receipt.inverse is None
    assert not receipt.changes
    assert state(desk) == before


def test_deleting_a_parent_logs_every_child_that_goes_with_it(desk: Desk) -> None:
    def price_list(unit: UnitOfWork) -> UUID:
        card = unit.insert(RateCard, {"name": "Standard"})
        unit.insert(RateCardItem, {"rate_card_id": card, "service_id": desk.school.service, "price_cents": 9500})
        return card

    card = desk.run(price_list).value
    receipt = desk.run(lambda unit: unit.delete(RateCard, card))
    logged = [(entry.table_name, entry.op) for entry in entries(desk, receipt.transaction_id)]
    assert logged == [("rate_card_items", Op.DELETE), ("rate_cards", Op.DELETE)]
    assert {name: len(ids) for name, ids in receipt.changes.items()} == {"rate_card_items": 1, "rate_cards": 1}


def test_a_row_that_others_need_cannot_be_deleted(desk: Desk) -> None:
    desk.book(0)
    before = state(desk)
    with pytest.raises(UserError) as refused:
        desk.run(lambda unit: unit.delete(Instructor, desk.school.instructor))
    assert refused.value.code == "in_use"
    assert state(desk) == before


def test_what_is_not_there_is_gone(desk: Desk) -> None:
    nobody = desk.replica.ids.new()
    for act in (
        lambda unit: unit.update(Student, nobody, {"full_name": "No One"}),
        lambda unit: unit.delete(Student, nobody),
        lambda unit: unit.require(Student, nobody),
    ):
        with pytest.raises(UserError) as refused:
            desk.run(act)
        assert refused.value.code == "gone"


# -- undo -----------------------------------------------------------------------------------------------------------


def content(desk: Desk) -> dict[str, list[tuple[object, ...]]]:
    """Every synced row without its times: what a person sees."""
    found = {}
    with desk.replica.reader() as connection:
        for table in desk.setting.tables.sorted_tables:
            if "version" in table.columns and table.info.get("side") != "service":
                shown = [column for column in table.columns if column.name not in {"created_at", "updated_at"}]
                found[str(table.name)] = sorted(map(tuple, connection.execute(sa.select(*shown))), key=repr)
    return found


def _mixed(desk: Desk, booking: UUID) -> Callable[[UnitOfWork], None]:
    def command(unit: UnitOfWork) -> None:
        unit.describe("booking.rearranged")
        unit.update(Booking, booking, {"notes": "moved", "start_at": booking_values(desk.school, 0)["start_at"]})
        unit.insert(Booking, booking_values(desk.school, 7))
        unit.delete(StudentGuardian, _links(unit)[0])

    return command


def test_undo_and_redo_bring_every_row_back(desk: Desk) -> None:
    booking = desk.book(1)
    before = content(desk)
    done = desk.run(_mixed(desk, booking))
    after = content(desk)
    assert after != before
    assert done.inverse is not None
    undone = desk.run(lambda unit: unit.revert(done.inverse))
    assert content(desk) == before
    assert {entry.topic for entry in entries(desk, undone.transaction_id)} == {"booking.rearranged.undone"}
    assert undone.inverse is not None
    redone = desk.run(lambda unit: unit.revert(undone.inverse))
    assert content(desk) == after
    assert {entry.topic for entry in entries(desk, redone.transaction_id)} == {"booking.rearranged"}


def _revert_refused(desk: Desk, inverse: Revert | None) -> None:
    assert inverse is not None
    before = state(desk)
    with pytest.raises(UserError) as refused:
        desk.run(lambda unit: unit.revert(inverse))
    assert refused.value.code == "changed_since"
    assert state(desk) == before


def test_undo_is_refused_when_the_same_columns_changed_since(desk: Desk) -> None:
    booking = desk.book(1)
    moved = desk.run(lambda unit: unit.update(Booking, booking, {"notes": "mine"}))
    desk.run(lambda unit: unit.update(Booking, booking, {"notes": "someone else's"}))
    _revert_refused(desk, moved.inverse)


def test_undo_of_an_insert_is_refused_when_the_row_was_edited_or_deleted(desk: Desk) -> None:
    made = desk.run(lambda unit: unit.insert(Booking, booking_values(desk.school, 1)))
    edited = desk.run(lambda unit: unit.update(Booking, made.value, {"notes": "edited"}))
    _revert_refused(desk, made.inverse)
    desk.run(lambda unit: unit.delete(Booking, made.value))
    _revert_refused(desk, edited.inverse)


def test_undo_of_a_delete_is_refused_when_the_row_is_there_again(desk: Desk) -> None:
    booking = desk.book(1)
    deleted = desk.run(lambda unit: unit.delete(Booking, booking))
    desk.run(lambda unit: unit.revert(deleted.inverse))
    _revert_refused(desk, deleted.inverse)


def test_undo_leaves_other_columns_that_changed_since(desk: Desk) -> None:
    booking = desk.book(1)
    moved = desk.run(lambda unit: unit.update(Booking, booking, {"notes": "mine"}))
    desk.run(lambda unit: unit.update(Booking, booking, {"pickup_address": "12 Smith St"}))
    desk.run(lambda unit: unit.revert(moved.inverse))
    found = row(desk, Booking, booking)
    assert found is not None
    assert (found["notes"], found["pickup_address"]) == ("Booking number 1", "12 Smith St")


def test_a_command_may_say_that_it_cannot_be_undone(desk: Desk) -> None:
    def command(unit: UnitOfWork) -> None:
        unit.insert(Booking, booking_values(desk.school, 1))
        unit.not_undoable()
        unit.warn("The receipt was sent.")

    receipt = desk.run(command)
    assert receipt.inverse is None
    assert receipt.warnings == ("The receipt was sent.",)


# -- bulk -----------------------------------------------------------------------------------------------------------


def test_bulk_logs_every_row_and_keeps_given_ids(desk: Desk) -> None:
    own = desk.replica.ids.new()
    people: list[dict[str, Value]] = [{"full_name": f"Learner {index}"} for index in range(4_500)]
    people[7]["id"] = own
    receipt = desk.run(lambda unit: unit.bulk(Student, people))
    assert isinstance(receipt.value, list)
    assert receipt.value[7] == own
    logged = entries(desk, receipt.transaction_id)
    assert [entry.row_id for entry in logged] == receipt.value
    assert len(set(receipt.value)) == 4_500
    with desk.replica.reader() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(Student)).scalar_one() == 4_503
        audited = connection.execute(sa.select(AUDIT.c.id).where(AUDIT.c.id.in_([e.id for e in logged[:500]])))
        assert len(audited.all()) == 500


def test_a_bulk_with_one_bad_row_leaves_nothing(desk: Desk) -> None:
    before = state(desk)
    rows: list[dict[str, Value]] = [{"full_name": f"Learner {index}"} for index in range(2_500)]
    rows[2_400]["full_name"] = None
    with pytest.raises(UserError):
        desk.run(lambda unit: unit.bulk(Student, rows))
    assert state(desk) == before


# -- values ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ({"full_name": None}, "full_name"),
        ({"full_name": "x" * 201}, "full_name"),
        ({"full_name": "Mia\0Chen"}, "full_name"),
        ({"full_name": "Mia \ud83d Chen"}, "full_name"),
        ({"full_name": "Mia", "logbook_minutes": None}, "logbook_minutes"),
        ({"full_name": "Mia", "logbook_minutes": 2**31}, "logbook_minutes"),
        ({"full_name": "Mia", "contact_opt_out": {"sms": "\ud83d"}}, "contact_opt_out"),
        ({"full_name": "Mia", "contact_opt_out": {"sms": "a\0b"}}, "contact_opt_out"),
        ({"full_name": "Mia", "contact_opt_out": {"sms": float("nan")}}, "contact_opt_out"),
    ],
)
@pytest.mark.parametrize("verb", ["insert", "update"])
def test_values_that_a_database_would_not_keep_are_refused(
    desk: Desk, values: dict[str, Value], column: str, verb: str
) -> None:
    before = state(desk)
    student = desk.school.students[0]
    with pytest.raises(UserError) as refused:
        desk.run(
            lambda unit: unit.insert(Student, values) if verb == "insert" else unit.update(Student, student, values)
        )
    assert (refused.value.code, refused.value.column) == ("invalid", column)
    assert state(desk) == before


def test_a_column_without_a_default_must_be_given(desk: Desk) -> None:
    with pytest.raises(UserError) as refused:
        desk.run(lambda unit: unit.insert(Student, {"phone": "0400000000"}))
    assert (refused.value.code, refused.value.column) == ("invalid", "full_name")


def test_text_keeps_every_character_that_it_may_hold(desk: Desk) -> None:
    name = "Nguyễn 👩🏽‍🦱 “quoted” 'single' \u200f مرحبا \x01 \x7f"
    made = desk.run(lambda unit: unit.insert(Student, {"full_name": name, "notes": "x" * 20_000}))
    found = row(desk, Student, made.value)
    assert found is not None
    assert (found["full_name"], len(str(found["notes"]))) == (name, 20_000)


def test_unknown_and_service_columns_are_our_bug(desk: Desk) -> None:
    for column in ("nonsense", "version", "org_id"):
        with pytest.raises(Bug):
            desk.run(lambda unit, column=column: unit.update(Student, desk.school.students[0], {column: 1}))


def test_defaults_of_the_schema_are_in_the_row_and_in_the_log(desk: Desk) -> None:
    receipt = desk.run(lambda unit: unit.insert(Student, {"full_name": "Mia"}))
    (entry,) = entries(desk, receipt.transaction_id)
    found = row(desk, Student, receipt.value)
    assert found is not None
    assert (found["logbook_minutes"], found["contact_opt_out"], found["version"]) == (0, {}, 0)
    assert entry.payload["values"]["logbook_minutes"] == 0
    assert json.loads(json.dumps(entry.payload)) == entry.payload


def test_every_row_of_a_transaction_has_its_moment_and_grows_in_id(desk: Desk, clock: FixedClock) -> None:
    clock.advance(-timedelta(days=400))
    receipt = desk.run(lambda unit: unit.bulk(Student, [{"full_name": "A"}, {"full_name": "B"}]))
    logged = entries(desk, receipt.transaction_id)
    assert {entry.occurred_at for entry in logged} == {clock.now()}
    with desk.replica.reader() as connection:
        everything = connection.execute(sa.select(OUTBOX.c.id, OUTBOX.c.transaction_id)).all()
    assert max(entry.id for entry in everything) == logged[-1].id, "a clock set back must not reorder the outbox"


def test_ids_grow_across_a_restart_with_the_clock_set_back(desk: Desk, clock: FixedClock) -> None:
    desk.book(1)
    with desk.replica.reader() as connection:
        last = max(connection.execute(sa.select(OUTBOX.c.id)).scalars())
    clock.advance(-timedelta(days=400))
    desk.reopen()
    assert desk.replica.ids.new() > last


def test_base_rows_keep_the_services_row_once(desk: Desk) -> None:
    student = desk.school.students[0]
    with desk.replica.sync_transaction() as connection:
        connection.execute(BASE_ROWS.delete())
        codec(Student.__table__).update(connection, desk.school.org, student, {"version": 12})
    desk.run(lambda unit: unit.update(Student, student, {"full_name": "First edit"}))
    desk.run(lambda unit: unit.update(Student, student, {"full_name": "Second edit"}))
    made = desk.run(lambda unit: unit.insert(Student, {"full_name": "New here"}))
    with desk.replica.reader() as connection:
        kept = {(base.table_name, base.id): base.row for base in connection.execute(sa.select(BASE_ROWS))}
    assert kept.keys() == {("students", student), ("students", made.value)}
    assert kept["students", made.value] is None
    base = kept["students", student]
    assert (base["full_name"], base["version"]) == ("Mia Chen", 12)
    assert base.keys() == {column.name for column in Student.__table__.columns}


def test_a_booking_status_is_logged_by_its_value(desk: Desk) -> None:
    booking = desk.book(1)
    receipt = desk.run(lambda unit: unit.update(Booking, booking, {"status": BookingStatus.CANCELLED}))
    (entry,) = entries(desk, receipt.transaction_id)
    assert entry.payload["values"] == {"status": "cancelled"}
    assert row(desk, Org, desk.school.org)["name"] == "Kangaroo Driving School"  # type: ignore[index]
