"""The replica as *service rows + pending edits*: laying incoming rows under edits that the service has not settled.

A row without pending edits is the service's row. Under a row with pending edits the service's row is kept in
`base_rows` (null when the service has no such row), and the row on screen is that base with the edits laid on top, in
their order. Both functions run inside `Replica.sync_transaction` and leave the replica consistent: whatever cannot
stand is set aside as a conflict in the same transaction, and the rest goes on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple, cast
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from driveflow_desktop.domain.execution.tables import Trip, TripPoint
from driveflow_desktop.domain.hard_rules import find_overlaps
from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.kernel.errors import Bug
from driveflow_desktop.store.log_tables import ReplicaState
from driveflow_desktop.store.rows import RowCodec, codec
from driveflow_desktop.store.types import Json, Value
from driveflow_desktop.sync.conflicts import CONFLICTS, LostEdit, keep_conflict, keep_notices, note_authors
from driveflow_desktop.sync.outbox import edits_of, mark_replayed
from driveflow_desktop.sync.pending import Pending, RowKey, WireImage, conflict_row
from driveflow_desktop.sync.protocol import (
    EDIT_LOST,
    UNDECIDED,
    Change,
    ChangesPage,
    CurrentRow,
    LostEditData,
    TransactionResult,
)

STATE: Final = cast("sa.Table", ReplicaState.__table__)
CURSOR: Final = "cursor"
_BOOKINGS: Final = "bookings"
_TRIPS: Final = "trips"
_TRIP_TABLE: Final = cast("sa.Table", Trip.__table__)
_POINTS: Final = cast("sa.Table", TripPoint.__table__)
_CHUNK: Final = 500


@dataclass(slots=True)
class SyncOutcome:
    """What a step did to the replica: rows that may look different now, and transactions that became conflicts.

    Under the name of the table `conflicts`, `changes` says which of the inbox came, went or changed.
    """

    changes: Changes = field(default_factory=Changes)
    set_aside: tuple[UUID, ...] = ()


class _Collision(NamedTuple):
    """Pending transactions that give way, why, and what they met."""

    code: str
    transactions: set[UUID]
    met: Mapping[str, Json]


def read_cursor(connection: sa.Connection) -> int:
    """The sequence up to which this replica has seen everything of its scope."""
    found = connection.execute(sa.select(STATE.c.value).where(STATE.c.key == CURSOR)).scalar_one_or_none()
    return 0 if found is None else int(found)


def apply_page(
    connection: sa.Connection, org_id: UUID, tables: sa.MetaData, now: datetime, page: ChangesPage
) -> SyncOutcome:
    """Take a stretch of the log: rows, own edits that came back, notices, and the cursor.

    A page that the cursor has passed already (a late or repeated answer) changes nothing.
    """
    if page.next <= read_cursor(connection):
        return SyncOutcome()
    pending = Pending(connection, org_id, tables, now)
    changes = [change for change in page.changes if change.table in tables.tables]
    own = pending.own({change.transaction_id for change in changes})
    # The answer to our push may have been lost; the log itself says what was applied.
    pending.accept({change.transaction_id: change.seq for change in changes if change.transaction_id in own})
    lost = [_lost(change) for change in changes if change.event == EDIT_LOST]
    noticed = keep_notices(connection, org_id, lost, now)
    incoming = {
        (change.table, change.id): change.row if change.op == "upsert" else None
        for change in changes
        if change.op != "event"
    }
    newest = page.next >= page.head
    outcome = _Rewrite(connection, org_id, tables, pending, final=newest).settle(incoming, page.next)
    foreign = (change for change in changes if change.op != "event" and change.transaction_id not in own)
    note_authors(
        connection, org_id, {(change.table, change.id): (change.actor_user_id, change.at) for change in foreign}
    )
    _save_cursor(connection, page.next)
    outcome.changes = outcome.changes.merge(Changes({CONFLICTS.name: noticed | pending.inbox}))
    return outcome


def apply_results(
    connection: sa.Connection, org_id: UUID, tables: sa.MetaData, now: datetime, results: Sequence[TransactionResult]
) -> SyncOutcome:
    """Take the service's judgement of pushed transactions. Those it failed on (`UNDECIDED`) stay pending."""
    pending = Pending(connection, org_id, tables, now)
    rewrite = _Rewrite(connection, org_id, tables, pending, final=False)
    pending.accept({result.id: result.seq for result in results if result.seq is not None})
    for result in results:
        if result.seq is None and result.code not in (None, UNDECIDED):
            met: Mapping[str, Json] = {"current": [_current(row) for row in result.current]}
            rewrite.touched |= pending.put_aside({result.id}, result.code, result.detail, met)
    outcome = rewrite.settle({}, read_cursor(connection))
    outcome.changes = outcome.changes.merge(Changes({CONFLICTS.name: pending.inbox}))
    return outcome


def take_replayed(
    connection: sa.Connection, org_id: UUID, now: datetime, results: Sequence[TransactionResult]
) -> list[UUID]:
    """Take a restored service's judgement of replayed transactions; returns those that went to the inbox.

    They lie over no row: what stands comes with the log, what lost waits in the inbox.
    """
    lost: list[UUID] = []
    for result in results:
        refused = None if result.seq is not None else (result.code or "invalid")
        mark_replayed(connection, org_id, result.id, result.seq, refused)
        if refused is not None:
            theirs: Mapping[str, Json] = {"current": [_current(row) for row in result.current]}
            mine = edits_of(connection, org_id, result.id)
            keep_conflict(connection, conflict_row(org_id, result.id, refused, result.detail, mine, theirs, now))
            lost.append(result.id)
    return lost


def lay_pending(connection: sa.Connection, org_id: UUID, tables: sa.MetaData, now: datetime) -> SyncOutcome:
    """Lay pending edits over rows that came from the service as they are: keep those as bases first.

    For a replica that was fetched anew. What collides is held back until the service has judged it.
    """
    bare = Pending(connection, org_id, tables, now)
    by_table: dict[str, list[UUID]] = {}
    for table, row_id in sorted(bare.rows()):
        by_table.setdefault(table, []).append(row_id)
    bases: dict[RowKey, WireImage] = {}
    for table, ids in by_table.items():
        rows = codec(tables.tables[table])
        standing = rows.read_many(connection, org_id, ids)
        bases |= {(table, one): rows.to_wire(standing[one]) if one in standing else None for one in ids}
    bare.keep_base(bases)
    pending = Pending(connection, org_id, tables, now)
    rewrite = _Rewrite(connection, org_id, tables, pending, final=False)
    rewrite.touched |= bases.keys()
    return rewrite.settle({}, read_cursor(connection))


def _lost(change: Change) -> LostEdit:
    data = msgspec.convert(change.data, LostEditData)
    return LostEdit(data.transaction_id, change.table, change.id, data.values, data.kept)


class _Rewrite:
    """Writes the rows that a step touches; edits that collide give way until all of it stands.

    In a `final` step, whose state is the newest there is, an edit that the service has not judged is set aside as a
    conflict. Otherwise it is held back only: the service, or a later page, may still prove it right.
    """

    def __init__(
        self, connection: sa.Connection, org_id: UUID, tables: sa.MetaData, pending: Pending, *, final: bool
    ) -> None:
        self._connection = connection
        self._org_id = org_id
        self._tables = tables
        self._pending = pending
        self._final = final
        self.touched: set[RowKey] = set()

    def settle(self, incoming: Mapping[RowKey, WireImage], cursor: int) -> SyncOutcome:
        """Bring rows, bases and outbox to the state after this step, in which the cursor stands at `cursor`."""
        pending = self._pending
        pending.keep_base({key: image for key, image in incoming.items() if pending.has_base(key)})
        self.touched |= incoming.keys() | pending.held_rows() | pending.finish_reached(cursor)
        while collisions := self._write(pending.images(self.touched, incoming)):
            for collision in collisions:
                self.touched |= self._give_way(collision)
        self._forget_points([row_id for (table, row_id), row in incoming.items() if table == _TRIPS and row is None])
        pending.close()
        changed: dict[str, set[UUID]] = {}
        for table, row_id in self.touched:
            changed.setdefault(table, set()).add(row_id)
        return SyncOutcome(Changes(changed), tuple(sorted(pending.set_aside)))

    def _give_way(self, collision: _Collision) -> set[RowKey]:
        pending = self._pending
        if self._final and not pending.accepted_among(collision.transactions):
            return pending.put_aside(collision.transactions, collision.code, None, collision.met)
        return pending.hold(collision.transactions)

    def _forget_points(self, trips: Sequence[UUID]) -> None:
        """Points are not in the log: they leave this disk with their trip."""
        for start in range(0, len(trips), _CHUNK):
            of_trips = (_POINTS.c.org_id == self._org_id, _POINTS.c.trip_id.in_(trips[start : start + _CHUNK]))
            stands = sa.exists().where(_TRIP_TABLE.c.org_id == _POINTS.c.org_id, _TRIP_TABLE.c.id == _POINTS.c.trip_id)
            self._connection.execute(_POINTS.delete().where(*of_trips, ~stands))

    def _write(self, images: Mapping[RowKey, WireImage]) -> list[_Collision]:
        """Replace all touched rows at once: deleting first lets unique values change hands inside one page."""
        by_table: dict[str, list[RowKey]] = {}
        for key in images:
            by_table.setdefault(key[0], []).append(key)
        found: list[_Collision] = []
        for table, keys in by_table.items():
            rows = codec(self._tables.tables[table])
            rows.delete(self._connection, self._org_id, [row_id for _table, row_id in keys])
            standing = [image for image in (images[key] for key in keys) if image is not None]
            found += self._insert(rows, [rows.from_wire(image, all_columns=True) for image in standing])
        if found or not self._pending.rows():
            # Only pending work can give way; where there is none, nothing is looked for.
            return found
        return [*self._double_bookings()] or [*self._orphans(images)]

    def _insert(self, rows: RowCodec, decoded: Sequence[Mapping[str, Value]]) -> list[_Collision]:
        if not decoded:
            return []
        try:
            with self._connection.begin_nested():
                rows.insert(self._connection, decoded)
        except sa.exc.IntegrityError as problem:
            if len(decoded) == 1:
                return [self._refused_row(rows, decoded[0], problem)]
            half = len(decoded) // 2
            return self._insert(rows, decoded[:half]) + self._insert(rows, decoded[half:])
        return []

    def _refused_row(self, rows: RowCodec, row: Mapping[str, Value], problem: Exception) -> _Collision:
        """A unique key held by another row, or a mixture of both sides that no CHECK lets pass: the pending side gives
        way, the holder first."""
        mine: RowKey = (rows.name, cast("UUID", row["id"]))
        holder = rows.find_unique(self._connection, self._org_id, row)
        code = "version_conflict" if holder is None else "already_exists"
        sides = [mine] if holder is None else [(rows.name, holder), mine]
        for side in sides:
            transactions = self._pending.transactions_on(side)
            if transactions:
                other = mine if side != mine else sides[0]
                return _Collision(code, transactions, _met(other))
        raise Bug(f"a service row of {rows.name} does not fit") from problem

    def _double_bookings(self) -> Iterable[_Collision]:
        """Pending bookings that now overlap others give way, one of each pair."""
        touched = {row_id for table, row_id in self.touched if table == _BOOKINGS}
        yielding: set[UUID] = set()
        for clash in find_overlaps(self._connection, self._org_id, touched):
            pair = [
                (mine, self._pending.transactions_on((_BOOKINGS, mine))) for mine in (clash.booking_id, clash.other_id)
            ]
            if any(transactions & yielding for _booking, transactions in pair):
                continue  # this pair is parted already
            for (_mine, transactions), (other, _theirs) in (pair, pair[::-1]):
                if transactions:
                    yielding |= transactions
                    yield _Collision(clash.code, transactions, _met((_BOOKINGS, other)))
                    break

    def _orphans(self, images: Mapping[RowKey, WireImage]) -> Iterable[_Collision]:
        """Rows that refer to a row which is not there (any more): the pending one of the two gives way."""
        written, removed = _ids(self.touched), _ids(key for key, image in images.items() if image is None)
        for table, child in self._tables.tables.items():
            if "version" not in child.columns:
                continue
            for column, target, _cascades in codec(child).parents:
                suspects = ((child.c.id, written.get(table, ())), (child.c[column], removed.get(target, ())))
                if not any(ids for _named, ids in suspects):
                    continue
                for row_id, parent_id in self._without_parent(child, column, target, suspects):
                    mine, parent = (str(table), row_id), (target, parent_id)
                    if transactions := self._pending.transactions_on(mine):
                        yield _Collision("missing_reference", transactions, {})
                    elif transactions := self._pending.transactions_on(parent):
                        yield _Collision("in_use", transactions, _met(mine))

    def _without_parent(
        self,
        child: sa.Table,
        column: str,
        target: str,
        suspects: Iterable[tuple[sa.ColumnElement[UUID], Sequence[UUID]]],
    ) -> Iterable[tuple[UUID, UUID]]:
        """Those of the suspects, given as columns with ids, that refer to nothing: (row, missing parent)."""
        parent = self._tables.tables[target].alias()
        matches = sa.and_(parent.c.org_id == child.c.org_id, parent.c.id == child.c[column])
        found = sa.select(child.c.id, child.c[column]).outerjoin(parent, matches)
        dangling = (child.c.org_id == self._org_id, child.c[column].is_not(None), parent.c.id.is_(None))
        for named, ids in suspects:
            for start in range(0, len(ids), _CHUNK):
                missing = found.where(*dangling, named.in_(ids[start : start + _CHUNK]))
                yield from ((row[0], row[1]) for row in self._connection.execute(missing))


def _ids(keys: Iterable[RowKey]) -> dict[str, list[UUID]]:
    """The row ids by table, in a fixed order."""
    found: dict[str, list[UUID]] = {}
    for table, row_id in sorted(keys):
        found.setdefault(table, []).append(row_id)
    return found


def _save_cursor(connection: sa.Connection, cursor: int) -> None:
    statement = sqlite.insert(STATE).values(key=CURSOR, value=str(cursor))
    changed = {"value": statement.excluded.value}
    connection.execute(statement.on_conflict_do_update(index_elements=("key",), set_=changed))


def _met(key: RowKey) -> Mapping[str, Json]:
    return {"current": [{"table": key[0], "id": str(key[1])}]}


def _current(row: CurrentRow) -> Json:
    return {"table": row.table, "id": str(row.id), "row": row.row}
