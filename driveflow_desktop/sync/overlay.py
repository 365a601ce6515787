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

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from driveflow_desktop.domain.hard_rules import find_overlaps
from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.kernel.errors import Bug
from driveflow_desktop.store.log_tables import ReplicaState
from driveflow_desktop.store.rows import RowCodec, codec
from driveflow_desktop.store.types import Json, Value
from driveflow_desktop.sync.pending import Pending, RowKey, WireImage
from driveflow_desktop.sync.protocol import ChangesPage, CurrentRow, TransactionResult

STATE: Final = cast("sa.Table", ReplicaState.__table__)
CURSOR: Final = "cursor"
_BOOKINGS: Final = "bookings"
_CHUNK: Final = 500


@dataclass(slots=True)
class SyncOutcome:
    """What a step did to the replica: rows that may look different now, and transactions that became conflicts."""

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
    """Take a stretch of the log: rows, own edits that came back, and the cursor."""
    pending = Pending(connection, org_id, tables, now)
    own = pending.transactions() | pending.open_conflicts()
    incoming: dict[RowKey, WireImage] = {}
    accepted: dict[UUID, int] = {}
    for change in page.changes:
        if change.transaction_id in own:
            # The answer to our push may have been lost; the log itself says that it was applied.
            accepted[change.transaction_id] = change.seq
        if change.op != "event" and change.table in tables.tables:
            incoming[(change.table, change.id)] = change.row if change.op == "upsert" else None
    pending.accept(accepted)
    return _Rewrite(connection, org_id, tables, pending).settle(incoming, page.next)


def apply_results(
    connection: sa.Connection, org_id: UUID, tables: sa.MetaData, now: datetime, results: Sequence[TransactionResult]
) -> SyncOutcome:
    """Take the service's judgement of pushed transactions."""
    pending = Pending(connection, org_id, tables, now)
    rewrite = _Rewrite(connection, org_id, tables, pending)
    accepted = {result.id: result.seq for result in results if result.seq is not None}
    for result in results:
        if result.seq is None and result.code is not None:
            met: Mapping[str, Json] = {"current": [_current(row) for row in result.current]}
            rewrite.touched |= pending.put_aside({result.id}, result.code, result.detail, met)
    pending.accept(accepted)
    return rewrite.settle({}, read_cursor(connection))


class _Rewrite:
    """Writes the rows that a step touches, setting aside what collides until all of it stands."""

    def __init__(self, connection: sa.Connection, org_id: UUID, tables: sa.MetaData, pending: Pending) -> None:
        self._connection = connection
        self._org_id = org_id
        self._tables = tables
        self._pending = pending
        self.touched: set[RowKey] = set()

    def settle(self, incoming: Mapping[RowKey, WireImage], cursor: int) -> SyncOutcome:
        """Bring rows, bases, outbox and cursor to the state after this step."""
        pending = self._pending
        for key, image in incoming.items():
            if pending.has_base(key):
                pending.keep_base(key, image)
        self.touched |= incoming.keys() | pending.finish_reached(cursor)
        while True:
            collision = self._write(pending.images(self.touched, incoming))
            if collision is None:
                break
            self.touched |= pending.put_aside(collision.transactions, collision.code, None, collision.met)
        pending.forget_bases()
        _save_cursor(self._connection, cursor)
        changed: dict[str, set[UUID]] = {}
        for table, row_id in self.touched:
            changed.setdefault(table, set()).add(row_id)
        return SyncOutcome(Changes(changed), tuple(sorted(pending.set_aside)))

    def _write(self, images: Mapping[RowKey, WireImage]) -> _Collision | None:
        """Replace all touched rows at once: deleting first lets unique values change hands inside one page."""
        by_table: dict[str, list[RowKey]] = {}
        for key in images:
            by_table.setdefault(key[0], []).append(key)
        for table, keys in by_table.items():
            rows = codec(self._tables.tables[table])
            rows.delete(self._connection, self._org_id, [row_id for _table, row_id in keys])
            standing = [image for image in (images[key] for key in keys) if image is not None]
            collision = self._insert(rows, [rows.from_wire(image, all_columns=True) for image in standing])
            if collision is not None:
                return collision
        return self._double_booking() or self._orphan(images)

    def _insert(self, rows: RowCodec, decoded: Sequence[Mapping[str, Value]]) -> _Collision | None:
        if not decoded:
            return None
        try:
            with self._connection.begin_nested():
                rows.insert(self._connection, decoded)
        except sa.exc.IntegrityError as problem:
            if len(decoded) == 1:
                return self._unique(rows, decoded[0], problem)
            for row in decoded:
                collision = self._insert(rows, [row])
                if collision is not None:
                    return collision
        return None

    def _unique(self, rows: RowCodec, row: Mapping[str, Value], problem: Exception) -> _Collision:
        """A unique key held by another row: the pending side gives way, the holder first."""
        mine: RowKey = (rows.name, cast("UUID", row["id"]))
        holder = rows.find_unique(self._connection, self._org_id, row)
        sides = [mine] if holder is None else [(rows.name, holder), mine]
        for side in sides:
            transactions = self._pending.transactions_on(side)
            if transactions:
                other = mine if side != mine else sides[0]
                return _Collision("already_exists", transactions, _met(other))
        raise Bug(f"service rows of {rows.name} collide with each other") from problem

    def _double_booking(self) -> _Collision | None:
        """A pending booking that now overlaps another one gives way."""
        touched = {row_id for table, row_id in self.touched if table == _BOOKINGS}
        for clash in find_overlaps(self._connection, self._org_id, touched):
            for mine, other in ((clash.booking_id, clash.other_id), (clash.other_id, clash.booking_id)):
                transactions = self._pending.transactions_on((_BOOKINGS, mine))
                if transactions:
                    return _Collision(clash.code, transactions, _met((_BOOKINGS, other)))
        return None

    def _orphan(self, images: Mapping[RowKey, WireImage]) -> _Collision | None:
        """A pending row that refers to a row which is not there (any more) gives way."""
        edited = self._pending.keys()
        some_removed = any(image is None for image in images.values())
        suspects: dict[str, list[UUID]] = {}
        for table, row_id in edited if some_removed else edited & self.touched:
            suspects.setdefault(table, []).append(row_id)
        for table, ids in suspects.items():
            for column, target, _cascades in codec(self._tables.tables[table]).parents:
                for row_id in self._without_parent(table, ids, column, target):
                    return _Collision("missing_reference", self._pending.transactions_on((table, row_id)), {})
        return None

    def _without_parent(self, table: str, ids: Sequence[UUID], column: str, target: str) -> Iterable[UUID]:
        child, parent = self._tables.tables[table], self._tables.tables[target]
        found = sa.select(child.c.id).outerjoin(
            parent, sa.and_(parent.c.org_id == child.c.org_id, parent.c.id == child.c[column])
        )
        for start in range(0, len(ids), _CHUNK):
            where = (child.c.org_id == self._org_id, child.c.id.in_(ids[start : start + _CHUNK]))
            missing = found.where(*where, child.c[column].is_not(None), parent.c.id.is_(None))
            yield from self._connection.execute(missing).scalars()


def _save_cursor(connection: sa.Connection, cursor: int) -> None:
    statement = sqlite.insert(STATE).values(key=CURSOR, value=str(cursor))
    changed = {"value": statement.excluded.value}
    connection.execute(statement.on_conflict_do_update(index_elements=("key",), set_=changed))


def _met(key: RowKey) -> Mapping[str, Json]:
    return {"current": [{"table": key[0], "id": str(key[1])}]}


def _current(row: CurrentRow) -> Json:
    return {"table": row.table, "id": str(row.id), "row": row.row}
