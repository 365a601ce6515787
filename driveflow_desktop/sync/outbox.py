"""The PC's outbox: what waits to be pushed, and what became of it."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, TypeAlias, cast
from uuid import UUID

import msgspec
import sqlalchemy as sa

from driveflow_desktop.store.log import OUTBOX
from driveflow_desktop.store.log_tables import Op
from driveflow_desktop.store.types import Json
from driveflow_desktop.sync.protocol import MAX_MUTATIONS, Verb, WireMutation, WireTransaction

_Entry: TypeAlias = sa.Row[*tuple[object, ...]]

HELD: Final = "held"
"""`last_error` of a pending entry that collides with a state the cursor only passes through: not laid on for now."""


REPLAY: Final = "replay"
"""`last_error` of a settled entry that an older epoch of the service had acknowledged, and the restored one has not."""


@dataclass(frozen=True, slots=True)
class PendingEdit:
    """One mutation that still lies over its service row."""

    mutation_id: UUID
    transaction_id: UUID
    table: str
    row_id: UUID
    op: Op
    payload: str
    """The entry's payload as JSON text: of thousands of pending edits a step looks into a few."""
    acked_seq: int | None
    occurred_at: datetime
    held: bool

    @property
    def key(self) -> tuple[str, UUID]:
        """The row that the edit touches."""
        return self.table, self.row_id

    @property
    def values(self) -> Mapping[str, Json]:
        """The columns that the edit sets."""
        return cast("Mapping[str, Json]", json.loads(self.payload)["values"])

    @property
    def before(self) -> Mapping[str, Json]:
        """What the edit's device had seen in them."""
        return cast("Mapping[str, Json]", json.loads(self.payload)["before"])


_COLUMNS = (
    OUTBOX.c.id,
    OUTBOX.c.transaction_id,
    OUTBOX.c.table_name,
    OUTBOX.c.row_id,
    OUTBOX.c.op,
    OUTBOX.c.acked_seq,
    OUTBOX.c.occurred_at,
    OUTBOX.c.last_error,
)


def _pending(org_id: UUID) -> sa.ColumnElement[bool]:
    return sa.and_(OUTBOX.c.org_id == org_id, OUTBOX.c.processed_at.is_(None))


def pending_edits(connection: sa.Connection, org_id: UUID) -> list[PendingEdit]:
    """Every edit that lies over a service row, oldest first."""
    return _edits(connection, _pending(org_id))


def edits_of(connection: sa.Connection, org_id: UUID, transaction_id: UUID) -> list[PendingEdit]:
    """The edits of one transaction, pending or not, oldest first."""
    return _edits(connection, sa.and_(OUTBOX.c.org_id == org_id, OUTBOX.c.transaction_id == transaction_id))


def _edits(connection: sa.Connection, where: sa.ColumnElement[bool]) -> list[PendingEdit]:
    text = sa.type_coerce(OUTBOX.c.payload, sa.Text).label("text")
    rows = connection.execute(sa.select(*_COLUMNS, text).where(where).order_by(OUTBOX.c.id))
    return [
        PendingEdit(
            mutation_id=row.id,
            transaction_id=row.transaction_id,
            table=row.table_name,
            row_id=row.row_id,
            op=row.op,
            payload=row.text,
            acked_seq=row.acked_seq,
            occurred_at=row.occurred_at,
            held=row.last_error == HELD,
        )
        for row in rows
    ]


def to_push(
    connection: sa.Connection, org_id: UUID, *, limit: int = MAX_MUTATIONS, actor_user_id: UUID | None = None
) -> list[WireTransaction]:
    """The oldest unjudged transactions, whole, that hold at most `limit` mutations together (one at least).

    With `actor_user_id`, only that member's: on a shared PC everyone's work waits for their own sign-in, and so does
    what was built on rows that someone else's waiting work touched.
    """
    found: list[WireTransaction] = []
    size = 0
    waits: set[str] = set()
    unjudged = sa.and_(_pending(org_id), OUTBOX.c.acked_seq.is_(None))
    for transaction_id, entries in _whole(connection, unjudged, limit):
        if actor_user_id is not None and (entries[0].actor_user_id != actor_user_id or _builds_on(entries, waits)):
            waits |= {str(entry.row_id) for entry in entries}
            continue
        if found and size + len(entries) > limit:
            break
        found.append(_transaction(transaction_id, entries))
        size += len(entries)
    return found


def to_replay(connection: sa.Connection, org_id: UUID, actor_user_id: UUID, *, limit: int) -> list[WireTransaction]:
    """The oldest transactions of a member that an older epoch had acknowledged, whole, about `limit` mutations."""
    found: list[WireTransaction] = []
    size = 0
    for transaction_id, entries in _whole(connection, replays_of(org_id, actor_user_id), limit):
        if found and size + len(entries) > limit:
            break
        found.append(msgspec.structs.replace(_transaction(transaction_id, entries), replay=True))
        size += len(entries)
    return found


def replays_of(org_id: UUID, actor_user_id: UUID) -> sa.ColumnElement[bool]:
    """Which entries of the outbox a member has to replay."""
    mine = OUTBOX.c.actor_user_id == actor_user_id
    return sa.and_(OUTBOX.c.org_id == org_id, OUTBOX.c.last_error == REPLAY, mine)


def mark_replayed(
    connection: sa.Connection, org_id: UUID, transaction_id: UUID, seq: int | None, error: str | None
) -> None:
    """Note what the restored service made of a transaction."""
    where = (OUTBOX.c.org_id == org_id, OUTBOX.c.transaction_id == transaction_id, OUTBOX.c.last_error == REPLAY)
    connection.execute(OUTBOX.update().where(*where).values(acked_seq=seq, last_error=error))


def _whole(connection: sa.Connection, where: sa.ColumnElement[bool], limit: int) -> Iterator[tuple[UUID, list[_Entry]]]:
    """The transactions of some entries, oldest first, read about `limit` mutations at a time."""
    ordered = sa.select(*_COLUMNS, OUTBOX.c.payload, OUTBOX.c.actor_user_id).where(where).order_by(OUTBOX.c.id)
    after: UUID | None = None
    while True:
        page = ordered if after is None else ordered.where(OUTBOX.c.id > after)
        rows = cast("Sequence[_Entry]", connection.execute(page.limit(limit)).all())
        groups = [(one, list(group)) for one, group in groupby(rows, key=lambda row: cast("UUID", row.transaction_id))]
        if len(rows) == limit:
            # The page may have cut the last transaction.
            last = groups[-1][0]
            groups[-1] = (last, list(connection.execute(ordered.where(OUTBOX.c.transaction_id == last))))
        yield from groups
        if len(rows) < limit:
            return
        after = cast("UUID", groups[-1][1][-1].id)


def _builds_on(entries: Iterable[_Entry], rows: Collection[str]) -> bool:
    return bool(rows) and any(
        str(entry.row_id) in rows or _refers(cast("Mapping[str, Json]", entry.payload["values"]), rows)
        for entry in entries
    )


def _transaction(transaction_id: UUID, entries: Sequence[_Entry]) -> WireTransaction:
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
    if accepted:
        entries = [{"transaction": one, "reached": seq} for one, seq in accepted.items()]
        connection.execute(_of_each(org_id).values(acked_seq=sa.bindparam("reached")), entries)


def mark_held(connection: sa.Connection, org_id: UUID, transactions: Collection[UUID], *, held: bool) -> None:
    """Note that pending transactions are held back, or are no longer."""
    if transactions:
        entries = [{"transaction": one} for one in transactions]
        connection.execute(_of_each(org_id).values(last_error=HELD if held else None), entries)


def _of_each(org_id: UUID) -> sa.Update:
    of_one = OUTBOX.c.transaction_id == sa.bindparam("transaction", type_=OUTBOX.c.transaction_id.type)
    return OUTBOX.update().where(OUTBOX.c.org_id == org_id, of_one, OUTBOX.c.processed_at.is_(None))


def dependants(edits: Sequence[PendingEdit], roots: Iterable[UUID]) -> set[UUID]:
    """`roots` with every pending transaction that cannot stand without them, directly or through others.

    A transaction depends on another when it touches, or refers to, a row that the other one inserted.
    """
    made: dict[UUID, set[str]] = {}
    for edit in edits:
        if edit.op is Op.INSERT:
            made.setdefault(edit.transaction_id, set()).add(str(edit.row_id))
    rows = {row for inserted in made.values() for row in inserted}
    users: dict[str, set[UUID]] = {}
    for edit in edits:
        for row in rows & {str(edit.row_id), *(value for value in edit.values.values() if isinstance(value, str))}:
            users.setdefault(row, set()).add(edit.transaction_id)
    gone: set[UUID] = set()
    following = set(roots)
    while following:
        gone |= following
        following = {user for one in following for row in made.get(one, ()) for user in users[row]} - gone
    return gone


def _refers(values: Mapping[str, Json], rows: Collection[str]) -> bool:
    return any(isinstance(value, str) and value in rows for value in values.values())
