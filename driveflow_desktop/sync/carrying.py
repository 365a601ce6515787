"""What a fetched replica takes over from the one it replaces: this PC's own work, and nothing of others."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.execution.tables import TripPoint
from driveflow_desktop.domain.identity.tables import User
from driveflow_desktop.kernel.time import to_micros
from driveflow_desktop.store.loading import Driver, Stored
from driveflow_desktop.store.log import AUDIT, OUTBOX
from driveflow_desktop.store.log_tables import Conflict, PointUpload, ReplicaState
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.sync.outbox import HELD, REPLAY

_FROM_SERVICE: Final = ("cursor", "last_mutation", "epoch", "scope")
_FACTS: Final = cast("sa.Table", ReplicaState.__table__)
_WHOLE: Final = tuple(cast("sa.Table", kind.__table__) for kind in (Conflict, PointUpload, User))
_POINTS: Final = cast("sa.Table", TripPoint.__table__)
_KEPT: Final = (
    "org_id = ? AND (processed_at IS NULL OR last_error = ? OR occurred_at >= ? OR transaction_id IN "
    "(SELECT transaction_id FROM old.conflicts WHERE resolved_at IS NULL))"
)
_ACKNOWLEDGED: Final = f"acked_seq IS NOT NULL AND (last_error IS NULL OR last_error = '{HELD}')"
_AS_REPLAY: Final = {
    "acked_seq": "NULL",
    "processed_at": f"CASE WHEN {_ACKNOWLEDGED} THEN coalesce(processed_at, {{now}}) ELSE processed_at END",
    "last_error": f"CASE WHEN {_ACKNOWLEDGED} THEN '{REPLAY}' ELSE last_error END",
}
"""In another history the old sequences mean nothing. What the old one acknowledged is replayed, the rest is pushed."""


def carry_over(driver: Driver, current: Replica, org_id: UUID, since: datetime, now: datetime) -> None:
    """Copy the outbox (what waits, what waits as a conflict, and everything since `since`), its audit entries, the
    inbox, points to be uploaded, the people's names, and the facts of this PC.

    Where the fetched replica belongs to another epoch, acknowledged transactions become replays.
    """
    driver.execute("ATTACH DATABASE ? AS old KEY ?", (str(current.path), f"x'{current.key.raw.hex()}'"))
    try:
        driver.execute("BEGIN IMMEDIATE")
        try:
            _carry(driver, org_id, to_micros(since), to_micros(now))
            driver.execute("COMMIT")
        except BaseException:
            driver.execute("ROLLBACK")
            raise
    finally:
        driver.execute("DETACH DATABASE old")


def _carry(driver: Driver, org_id: UUID, since: int, now: int) -> None:
    other_history = _epoch(driver, "old") not in (None, _epoch(driver, "main"))
    instead = {name: text.format(now=now) for name, text in _AS_REPLAY.items()} if other_history else {}
    _copy(driver, OUTBOX, f"WHERE {_KEPT}", (org_id.bytes, REPLAY, since), instead)
    _copy(driver, AUDIT, "WHERE id IN (SELECT id FROM main.outbox)")
    for table in _WHOLE:
        _copy(driver, table)
    waiting = "EXISTS (SELECT 1 FROM old.point_uploads AS u WHERE u.org_id = t.org_id AND u.trip_id = t.trip_id)"
    standing = "EXISTS (SELECT 1 FROM main.trips AS s WHERE s.org_id = t.org_id AND s.id = t.trip_id)"
    _copy(driver, _POINTS, f"AS t WHERE {waiting} AND {standing}")
    marks = ", ".join("?" * len(_FROM_SERVICE))
    _copy(driver, _FACTS, f"WHERE key NOT IN ({marks})", _FROM_SERVICE)


def _copy(
    driver: Driver,
    table: sa.Table,
    where: str = "",
    parameters: Sequence[Stored] = (),
    instead: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Copy rows that are not there yet; `instead` gives expressions for columns that are not taken as they are."""
    names = [column.name for column in table.columns]
    taken = ", ".join(instead.get(name, name) for name in names)
    statement = f"INSERT OR IGNORE INTO main.{table.name} ({', '.join(names)}) SELECT {taken} FROM old.{table.name}"  # noqa: S608
    driver.execute(f"{statement} {where}", parameters)


def _epoch(driver: Driver, schema: str) -> str | None:
    found = driver.execute(f"SELECT value FROM {schema}.replica_state WHERE key = 'epoch'").fetchall()  # noqa: S608
    return found[0][0] if found else None
