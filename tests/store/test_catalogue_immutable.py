"""What was written stays written: every trigger bites on both databases, and only through the door may one pass."""

from datetime import date, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest
import sqlalchemy as sa

from driveflow_desktop.domain.tables import METADATA
from driveflow_desktop.kernel.clock import FixedClock
from driveflow_desktop.store.migrate import upgrade
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.store.types import EnumText
from tests.helpers.databases import KEY, Database
from tests.helpers.populate import ORG_A, Row, count, light, populate, row

# Written by hand from the rules, not from the code: what never changes, what may be filled once, what may change.
FIXED: Final = {
    "packages": "org_id id student_id minutes_bought price_cents",
    "package_uses": "org_id id package_id booking_id minutes",
    "payments": "org_id id booking_id package_id kind replaces_id currency amount_cents platform_fee_cents"
    " instructor_share_cents method rounding_cents",
    "refunds": "org_id id payment_id currency amount_cents platform_fee_cents instructor_share_cents reason",
    "payout_runs": "org_id id",
    "payouts": "org_id id instructor_id booking_id refund_id currency amount_cents",
    "agreements": "org_id id instructor_id kind signed_on",
    "outbox": "org_id id transaction_id device_id actor_user_id table_name row_id op audience_before audience_after"
    " topic payload occurred_at",
    "audit_log": "org_id id actor_user_id device_id action entity_type entity_id before after ip salt content_hash"
    " prev_hash hash created_at",
    "trip_points": "org_id trip_id ts n lat lng speed_kph",
}
ONCE: Final = {
    "payments": "received_at checkout_url stripe_payment_intent_id stripe_charge_id stripe_refund_id",
    "refunds": "stripe_refund_id",
    "payout_runs": "approved_by approved_at",
    "payouts": "payout_run_id stripe_transfer_id",
    "outbox": "seq acked_seq",
}
FREE: Final = {
    "packages": "expires_on version updated_at",
    "payments": "status version updated_at",
    "refunds": "status",
    "payout_runs": "status",
    "payouts": "status",
    "agreements": "ended_on",
    "outbox": "attempts last_error processed_at",
}
KEPT: Final = sorted(FIXED.keys() - {"outbox", "trip_points"})
FULL, SPARSE = 1, 2
"""Numbers of populated rows: one in which every column is filled (but for a payment's other subject), one sparse."""

on_the_replica = pytest.mark.parametrize("populated", ["sqlite"], indirect=True)
on_the_service = pytest.mark.parametrize("populated", ["postgresql"], indirect=True)


def _cases(stated: dict[str, str]) -> list[tuple[str, str]]:
    return [(table, column) for table, columns in stated.items() for column in columns.split()]


def _where(table: str, n: int) -> list[sa.ColumnElement[bool]]:
    metadata = METADATA.tables[table]
    found, columns = row(metadata, ORG_A, n), light(metadata).c
    return [columns[key.name] == found[key.name] for key in metadata.primary_key]


def _set(table: str, n: int, /, **values: object) -> sa.Update:
    return sa.update(light(METADATA.tables[table])).where(*_where(table, n)).values(values)


def _delete(table: str, n: int) -> sa.Delete:
    return sa.delete(light(METADATA.tables[table])).where(*_where(table, n))


def _stored(connection: sa.Connection, table: str, n: int) -> Row:
    query = sa.select(light(METADATA.tables[table])).where(*_where(table, n))
    return dict(connection.execute(query).mappings().one())


def _another(table: str, column: str, value: object) -> object:
    """A value of the column's kind that is not `value`; triggers see it before any CHECK or foreign key does."""
    if value is None:
        return row(METADATA.tables[table], ORG_A, 0)[column] or row(METADATA.tables[table], ORG_A, 1)[column]
    if isinstance(METADATA.tables[table].c[column].type, EnumText):
        return sa.literal_column("'other'")
    if isinstance(value, str):
        return value[:-1] + ("?" if value.endswith("!") else "!")
    for kind, change in _CHANGES.items():
        if isinstance(value, kind):
            return change(value)
    raise AssertionError(f"no other value for {value!r}")


_CHANGES: Final = {
    UUID: lambda value: UUID(int=value.int ^ 1),
    int: lambda value: value + 1000,
    date: lambda value: value + timedelta(days=1),
    bytes: lambda value: value[::-1],
    list: lambda value: [*value, "more"],
    dict: lambda value: value | {"more": 1},
}


@pytest.mark.parametrize("n", [FULL, SPARSE])
@pytest.mark.parametrize(("table", "column"), _cases(FIXED))
def test_fixed_columns_never_change(populated: Database, table: str, column: str, n: int) -> None:
    with populated.rolled_back() as connection:
        value = _stored(connection, table, n)[column]
        with pytest.raises(sa.exc.IntegrityError, match=f"immutable: {table}"), connection.begin_nested():
            connection.execute(_set(table, n, **{column: _another(table, column, value)}))
        if value is not None and METADATA.tables[table].c[column].nullable:
            with pytest.raises(sa.exc.IntegrityError, match=f"immutable: {table}"):
                connection.execute(_set(table, n, **{column: None}))


@pytest.mark.parametrize(("table", "column"), _cases(ONCE))
def test_what_is_filled_once_stays(populated: Database, table: str, column: str) -> None:
    with populated.rolled_back() as connection:
        if _stored(connection, table, FULL)["id"] == _stored(connection, table, SPARSE)["id"]:
            pytest.fail("the rows must differ")
        assert _stored(connection, table, SPARSE)[column] is None
        filled = row(METADATA.tables[table], ORG_A, FULL)[column]
        if column not in {"payout_run_id"}:
            filled = _another(table, column, filled)
        connection.execute(_set(table, SPARSE, **{column: filled}))
        assert _stored(connection, table, SPARSE)[column] == filled
        for value in (_another(table, column, filled), None):
            with pytest.raises(sa.exc.IntegrityError, match=f"immutable: {table}"), connection.begin_nested():
                connection.execute(_set(table, SPARSE, **{column: value}))


@pytest.mark.parametrize(("table", "column"), _cases(FREE))
def test_the_rest_may_change(populated: Database, table: str, column: str) -> None:
    others = {"status": "failed", "last_error": "timed out"}
    with populated.rolled_back() as connection:
        value = others.get(column) or _another(table, column, _stored(connection, table, FULL)[column])
        connection.execute(_set(table, FULL, **{column: value}))
        assert _stored(connection, table, FULL)[column] == value


def test_every_column_of_money_and_log_is_decided() -> None:
    for table in FIXED:
        decided = {column for part in (FIXED, ONCE, FREE) for column in part.get(table, "").split()}
        assert decided | _OPEN.get(table, set()) >= set(METADATA.tables[table].columns.keys()), table


_ROW: Final = {"created_at", "updated_at", "version"}
_OPEN: Final = {
    **dict.fromkeys(("packages", "package_uses", "payments", "refunds", "payouts", "agreements"), _ROW),
    "payout_runs": _ROW | {"period_start", "period_end"},
}


def test_the_period_of_a_run_is_fixed_once_it_is_approved(populated: Database) -> None:
    with populated.rolled_back() as connection:
        draft, approved = (_stored(connection, "payout_runs", n) for n in (0, 1))
        assert (draft["status"], approved["status"]) == ("draft", "approved")
        connection.execute(_set("payout_runs", 0, period_end=approved["period_end"]))
        connection.execute(_set("payout_runs", 0, period_start=approved["period_start"], status="approved"))
        for n, column in ((0, "period_start"), (1, "period_start"), (1, "period_end")):
            with pytest.raises(sa.exc.IntegrityError, match="immutable: payout_runs"), connection.begin_nested():
                connection.execute(_set("payout_runs", n, **{column: draft["period_start"]}))
            with pytest.raises(sa.exc.IntegrityError, match="immutable: payout_runs"), connection.begin_nested():
                connection.execute(_set("payout_runs", n, **{column: draft["period_start"], "status": "draft"}))


@pytest.mark.parametrize("table", KEPT)
def test_kept_rows_are_never_deleted(populated: Database, table: str) -> None:
    metadata = METADATA.tables[table]
    last = count(metadata) - 1
    with populated.rolled_back() as connection, pytest.raises(sa.exc.IntegrityError, match=f"immutable: {table}"):
        connection.execute(_delete(table, last))


@pytest.mark.parametrize("table", [*KEPT, "trip_points"])
@on_the_replica
def test_insert_or_replace_is_no_way_round(populated: Database, table: str) -> None:
    values = row(METADATA.tables[table], ORG_A, FULL)
    replace = sa.insert(light(METADATA.tables[table])).prefix_with("OR REPLACE").values(values)
    with populated.rolled_back() as connection, pytest.raises(sa.exc.IntegrityError, match=f"immutable: {table}"):
        connection.execute(replace)


def test_points_go_with_their_trip_and_only_so(populated: Database) -> None:
    points = METADATA.tables["trip_points"]
    trip = row(points, ORG_A, FULL)["trip_id"]
    mine = sa.select(sa.func.count()).select_from(points).where(points.c.org_id == ORG_A, points.c.trip_id == trip)
    with populated.rolled_back() as connection:
        assert connection.execute(mine).scalar_one() == 1
        with pytest.raises(sa.exc.IntegrityError, match="immutable: trip_points"), connection.begin_nested():
            connection.execute(sa.delete(points).where(points.c.trip_id == trip))
        trips = METADATA.tables["trips"]
        connection.execute(sa.delete(trips).where(trips.c.org_id == ORG_A, trips.c.id == trip))
        assert connection.execute(mine).scalar_one() == 0
        assert connection.execute(sa.select(sa.func.count()).select_from(points)).scalar_one() > 0


def test_outbox_entries_may_be_trimmed(populated: Database) -> None:
    with populated.rolled_back() as connection:
        assert connection.execute(_delete("outbox", FULL)).rowcount == 1


@pytest.mark.parametrize("table", sorted(FIXED))
@on_the_replica
def test_the_sync_engine_replaces_and_removes_through_its_door(populated: Database, table: str) -> None:
    column = FIXED[table].split()[-1]
    with populated.rolled_back() as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        last = count(METADATA.tables[table]) - 1
        value = _another(table, column, row(METADATA.tables[table], ORG_A, FULL)[column])
        with populated.open_door(connection):
            if not isinstance(value, sa.ColumnClause):
                assert connection.execute(_set(table, FULL, **{column: value})).rowcount == 1
            assert connection.execute(_delete(table, last)).rowcount == 1
        with pytest.raises(sa.exc.IntegrityError, match=f"immutable: {table}"):
            connection.execute(_set(table, 0, org_id=UUID(int=1)))


def test_the_sync_engine_reaches_the_door_and_the_desk_does_not(tmp_path: Path, clock: FixedClock) -> None:
    with Replica(tmp_path / "school.db", KEY, clock=clock, schema="0001", tables=METADATA) as replica:
        with replica.maintenance() as connection:
            upgrade(connection)
            with connection.begin():
                populate(connection)
        blank = sa.text("UPDATE audit_log SET salt = NULL")
        with replica.sync_transaction() as connection:
            assert connection.execute(blank).rowcount > 0
        with (
            replica.maintenance() as connection,
            connection.begin(),
            pytest.raises(sa.exc.IntegrityError, match="immutable: audit_log"),
        ):
            connection.exec_driver_sql("DELETE FROM audit_log")


@on_the_service
class TestErasure:
    """The service's only door: it empties what may hold a person, and nothing else."""

    def test_audit_entries_are_blanked_and_keep_the_rest(self, populated: Database) -> None:
        with populated.rolled_back() as connection, populated.open_door(connection):
            before = _stored(connection, "audit_log", FULL)
            connection.execute(_set("audit_log", FULL, before=None, after=None, salt=None))
            after = _stored(connection, "audit_log", FULL)
            assert {name for name in before if before[name] != after[name]} == {"before", "after", "salt"}
            for column in FIXED["audit_log"].split():
                value = _another("audit_log", column, before[column])
                with pytest.raises(sa.exc.IntegrityError, match="immutable: audit_log"), connection.begin_nested():
                    connection.execute(_set("audit_log", FULL, **{column: value}))
            with pytest.raises(sa.exc.IntegrityError, match="immutable: audit_log"):
                connection.execute(_delete("audit_log", FULL))

    def test_payloads_and_reasons_are_rewritten(self, populated: Database) -> None:
        with populated.rolled_back() as connection, populated.open_door(connection):
            connection.execute(_set("outbox", FULL, payload={}))
            connection.execute(_set("refunds", FULL, reason="erased"))
            assert _stored(connection, "outbox", FULL)["payload"] == {}

    @pytest.mark.parametrize(
        ("table", "column"),
        [
            case
            for case in _cases(FIXED)
            if case not in {("outbox", "payload"), ("refunds", "reason")} and case[0] != "audit_log"
        ],
    )
    def test_nothing_else_moves(self, populated: Database, table: str, column: str) -> None:
        with populated.rolled_back() as connection, populated.open_door(connection):
            value = _another(table, column, _stored(connection, table, FULL)[column])
            with pytest.raises(sa.exc.IntegrityError, match=f"immutable: {table}"):
                connection.execute(_set(table, FULL, **{column: value}))

    @pytest.mark.parametrize("table", KEPT)
    def test_nothing_is_deleted(self, populated: Database, table: str) -> None:
        last = count(METADATA.tables[table]) - 1
        with (
            populated.rolled_back() as connection,
            populated.open_door(connection),
            pytest.raises(sa.exc.IntegrityError, match=f"immutable: {table}"),
        ):
            connection.execute(_delete(table, last))

    def test_the_door_shuts_with_the_transaction(self, populated: Database) -> None:
        with populated.engine.connect() as connection:
            with populated.open_door(connection):
                connection.execute(_set("outbox", FULL, payload={}))
            connection.rollback()
            with pytest.raises(sa.exc.IntegrityError, match="immutable: outbox"):
                connection.execute(_set("outbox", FULL, payload={}))
            connection.rollback()
