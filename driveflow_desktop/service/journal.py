"""The service's log: sequences under the school's lock, entries with their audiences, and the audit chain."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, cast
from uuid import UUID, uuid4

import msgspec
import sqlalchemy as sa

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.scope import EVERYONE, Audience
from driveflow_desktop.store.log import AUDIT, OUTBOX, Mutation, Stamp, audit_row
from driveflow_desktop.store.log_tables import Op
from driveflow_desktop.store.rows import Row, codec
from driveflow_desktop.store.service_tables import SyncHead
from driveflow_desktop.store.types import Json
from driveflow_desktop.sync.protocol import EDIT_LOST, LostEditData

HEADS: Final = cast("sa.Table", SyncHead.__table__)
HEADS_CHANNEL: Final = "driveflow_heads"
"""Where a commit tells every process that a school's log grew (`HeadMoved`)."""
# PostgreSQL takes 8,000 bytes; a school whose entry concerns more instructors than this wakes them all.
_MOST_NAMED: Final = 100


class HeadMoved(msgspec.Struct, frozen=True):
    """A school's log reached `head`; `to` are the instructors who see something of it, or `*`."""

    org_id: UUID
    head: int
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """An edit of a plain column that gave way to a later one, for the PC that made it."""

    table: sa.Table
    row_id: UUID
    data: LostEditData


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry to be logged: a row that changed, one that entered or left someone's scope unchanged, or a notice."""

    table: sa.Table
    row_id: UUID
    row: Row | None
    before: Audience
    after: Audience
    mutation: Mutation | None
    """None for an entry that only moves a row between scopes, and for a notice."""
    notice: Notice | None = None

    @property
    def topic(self) -> str:
        """What the entry means."""
        if self.notice is not None:
            return EDIT_LOST
        return "scope.changed" if self.mutation is None else self.mutation.topic


class Logged(NamedTuple):
    """An entry with its sequence and its transaction."""

    entry: Entry
    seq: int
    stamp: Stamp


class Journal:
    """The log of one school while its lock is held; made by `lock`, ended by `close`."""

    def __init__(self, connection: sa.Connection, org_id: UUID, head: int, audit_hash: bytes | None) -> None:
        self._connection = connection
        self._org_id = org_id
        self.head = head
        self._first_head = head
        self._audit_hash = audit_hash
        self._concerned: set[str] = set()

    @classmethod
    def lock(cls, connection: sa.Connection, org_id: UUID) -> "Journal":
        """Take the school's row lock: from here to the commit no one else writes this school's synced rows."""
        update = HEADS.update().where(HEADS.c.org_id == org_id).values(head_seq=HEADS.c.head_seq)
        found = connection.execute(update.returning(HEADS.c.head_seq, HEADS.c.audit_hash)).one_or_none()
        if found is None:
            raise UserError("not_found", "There is no such school.")
        return cls(connection, org_id, found.head_seq, found.audit_hash)

    def close(self) -> None:
        """Store the head that the transaction's entries reached, and tell it to whoever listens once it commits."""
        if self.head == self._first_head:
            return
        update = HEADS.update().where(HEADS.c.org_id == self._org_id)
        self._connection.execute(update.values(head_seq=self.head, audit_hash=self._audit_hash))
        to = tuple(sorted(self._concerned)) if len(self._concerned) <= _MOST_NAMED else EVERYONE
        payload = msgspec.json.encode(HeadMoved(self._org_id, self.head, to)).decode()
        self._connection.execute(sa.select(sa.func.pg_notify(HEADS_CHANNEL, payload)))

    def mark(self) -> tuple[int, bytes | None]:
        """Where the log stands, to come back to when a transaction is rejected."""
        return self.head, self._audit_hash

    def rewind(self, mark: tuple[int, bytes | None]) -> None:
        """Forget the entries after `mark`; the savepoint takes their rows away."""
        self.head, self._audit_hash = mark

    def next_seq(self) -> int:
        """The sequence of the next entry; dense inside a school."""
        self.head += 1
        return self.head

    def write(self, entries: Sequence[tuple[Entry, int]], stamp: Stamp, received_at: datetime) -> None:
        """Log entries of a transaction, each under a sequence taken before, in that order."""
        self.write_all([Logged(entry, seq, stamp) for entry, seq in entries], received_at)

    def write_all(self, logged: Sequence[Logged], received_at: datetime) -> None:
        """Log entries of several transactions, by ascending sequence."""
        if not logged:
            return
        for one in logged:
            self._concerned.update(one.entry.before, one.entry.after)
        self._connection.execute(OUTBOX.insert(), [self._outbox_row(*one) for one in logged])
        audits = [
            self._audit_row(one.entry.mutation, one.seq, one.stamp, received_at) for one in logged if one.entry.mutation
        ]
        if audits:
            self._connection.execute(AUDIT.insert(), audits)

    def _outbox_row(self, entry: Entry, seq: int, stamp: Stamp) -> dict[str, object]:
        mutation = entry.mutation
        payload: dict[str, Json] = {
            "row": None if entry.row is None else codec(entry.table).to_wire(entry.row),
            "columns": [] if mutation is None else sorted(mutation.values),
        }
        if entry.notice is not None:
            payload["data"] = cast("Json", msgspec.to_builtins(entry.notice.data))
        return {
            "org_id": self._org_id,
            "id": uuid4() if mutation is None else mutation.id,
            "seq": seq,
            "transaction_id": stamp.transaction_id,
            "device_id": stamp.device_id,
            "actor_user_id": stamp.actor_user_id,
            "table_name": str(entry.table.name),
            "row_id": entry.row_id,
            "op": Op.EVENT if mutation is None else mutation.op,
            "audience_before": list(entry.before),
            "audience_after": list(entry.after),
            "topic": entry.topic,
            "payload": payload,
            "occurred_at": stamp.at,
        }

    def _audit_row(self, mutation: Mutation, seq: int, stamp: Stamp, received_at: datetime) -> dict[str, object]:
        entry = audit_row(mutation, stamp, secrets.token_bytes(16))
        content = cast("bytes", entry["content_hash"])
        previous = self._audit_hash
        self._audit_hash = chain_hash(previous, seq, content)
        return {**entry, "prev_hash": previous, "hash": self._audit_hash, "created_at": received_at}


def chain_hash(previous: bytes | None, seq: int, content: bytes) -> bytes:
    """`sha256(previous ‖ seq ‖ content)`, seq as 8 bytes, no previous as nothing."""
    return hashlib.sha256((previous or b"") + seq.to_bytes(8, "big") + content).digest()
