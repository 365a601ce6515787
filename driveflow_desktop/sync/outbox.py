"""The PC's outbox: what waits to be pushed, and what became of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.store.log import OUTBOX
from driveflow_desktop.store.log_tables import Op
from driveflow_desktop.store.types import Json
from driveflow_desktop.sync.protocol import MAX_MUTATIONS, Verb, WireMutation, WireTransaction


@dataclass(frozen=True, slots=True)
class PendingEdit:
    """One mutation that still lies over its service row."""

    mutation_id: UUID
    transaction_id: UUID
    table: str
    row_id: UUID
    op: Op
    values: Mapping[str, Json]
    before: Mapping[str, Json]
    acked_seq: int | None

    @property
    def key(self) -> tuple[str, UUID]:
        """The row that the edit touches."""
        return self.table, self.row_id


_COLUMNS = (
    OUTBOX.c.id,
    OUTBOX.c.transaction_id,
    OUTBOX.c.table_name,
    OUTBOX.c.row_id,
    OUTBOX.c.op,
    OUTBOX.c.payload,
    OUTBOX.c.acked_seq,
)


def _pending(org_id: UUID) -> sa.ColumnElement[bool]:
    return sa.and_(OUTBOX.c.org_id == org_id, OUTBOX.c.processed_at.is_(None))


def pending_edits(connection: sa.Connection, org_id: UUID) -> list[PendingEdit]:
    """Every edit that lies over a service row, oldest first."""
    rows = connection.execute(sa.select(*_COLUMNS).where(_pending(org_id)).order_by(OUTBOX.c.id))
    return [
        PendingEdit(row.id, row.transaction_id, row.table_name, row.row_id, row.op, *_sides(row.payload), row.acked_seq)
        for row in rows
    ]


def _sides(payload: Mapping[str, Json]) -> tuple[Mapping[str, Json], Mapping[str, Json]]:
    return cast("Mapping[str, Json]", payload["values"]), cast("Mapping[str, Json]", payload["before"])


def to_push(connection: sa.Connection, org_id: UUID, *, limit: int = MAX_MUTATIONS) -> list[WireTransaction]:
    """The oldest unjudged transactions, whole, that hold at most `limit` mutations together (one at least)."""
    columns = (*_COLUMNS, OUTBOX.c.actor_user_id, OUTBOX.c.occurred_at)
    waiting = sa.select(*columns).where(_pending(org_id), OUTBOX.c.acked_seq.is_(None))
    # One more than the limit shows whether the last transaction read is complete.
    rows = connection.execute(waiting.order_by(OUTBOX.c.id).limit(limit + 1)).all()
    found: list[WireTransaction] = []
    size = 0
    for transaction_id, group in groupby(rows, key=lambda row: row.transaction_id):
        entries = list(group)
        size += len(entries)
        if size > limit:
            if found:
                break
            whole = waiting.where(OUTBOX.c.transaction_id == transaction_id).order_by(OUTBOX.c.id)
            entries = list(connection.execute(whole))
        found.append(_transaction(transaction_id, entries))
        if size > limit:
            break
    return found


def _transaction(transaction_id: UUID, entries: Sequence[sa.Row[*tuple[object, ...]]]) -> WireTransaction:
    first = entries[0]
    mutations = tuple(
        WireMutation(
            id=entry.id,
            table=entry.table_name,
            op=cast("Verb", entry.op.value),
            row_id=entry.row_id,
            base_version=entry.payload["base_version"],
            values=entry.payload["values"],
            before=entry.payload["before"],
        )
        for entry in entries
    )
    return WireTransaction(
        id=transaction_id,
        schema=first.payload["schema"],
        occurred_at=first.occurred_at,
        actor_user_id=first.actor_user_id,
        mutations=mutations,
    )


def mark_accepted(connection: sa.Connection, org_id: UUID, accepted: Mapping[UUID, int]) -> None:
    """Note the sequence up to which the service applied each transaction."""
    for transaction_id, seq in accepted.items():
        where = (OUTBOX.c.org_id == org_id, OUTBOX.c.transaction_id == transaction_id, OUTBOX.c.processed_at.is_(None))
        connection.execute(OUTBOX.update().where(*where).values(acked_seq=seq))


def dependants(edits: Sequence[PendingEdit], roots: Iterable[UUID]) -> set[UUID]:
    """`roots` with every pending transaction that cannot stand without them, directly or through others.

    A transaction depends on another when it touches, or refers to, a row that the other one inserted.
    """
    gone = set(roots)
    while True:
        lost_rows = {str(edit.row_id) for edit in edits if edit.transaction_id in gone and edit.op is Op.INSERT}
        more = {
            edit.transaction_id
            for edit in edits
            if edit.transaction_id not in gone and (str(edit.row_id) in lost_rows or _refers(edit, lost_rows))
        }
        if not more:
            return gone
        gone |= more


def _refers(edit: PendingEdit, rows: set[str]) -> bool:
    return any(isinstance(value, str) and value in rows for value in edit.values.values())
