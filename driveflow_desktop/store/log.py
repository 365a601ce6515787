"""Entries of the change log: how a mutation becomes an outbox row and an audit row."""

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.store.log_tables import AuditLog, BaseRow, Op, Outbox
from driveflow_desktop.store.rows import Row, codec
from driveflow_desktop.store.types import Json, dump_json

OUTBOX = cast("sa.Table", Outbox.__table__)
AUDIT = cast("sa.Table", AuditLog.__table__)
BASE_ROWS = cast("sa.Table", BaseRow.__table__)


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change of one row. `values` and `before` hold the changed columns (all of them on insert and delete)."""

    id: UUID
    table: sa.Table
    op: Op
    row_id: UUID
    base_version: int
    values: Row
    before: Row
    topic: str

    @property
    def table_name(self) -> str:
        """The table's name."""
        return str(self.table.name)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who wrote a transaction, where and when; shared by all of its entries."""

    org_id: UUID
    transaction_id: UUID
    actor_user_id: UUID | None
    device_id: UUID | None
    schema: str
    at: datetime


def outbox_row(mutation: Mutation, stamp: Stamp) -> dict[str, object]:
    """The outbox row of a PC's own mutation."""
    wire = codec(mutation.table).to_wire
    payload: dict[str, Json] = {
        "schema": stamp.schema,
        "base_version": mutation.base_version,
        "values": wire(mutation.values),
        "before": wire(mutation.before),
    }
    return {
        "org_id": stamp.org_id,
        "id": mutation.id,
        "transaction_id": stamp.transaction_id,
        "device_id": stamp.device_id,
        "actor_user_id": stamp.actor_user_id,
        "table_name": mutation.table_name,
        "row_id": mutation.row_id,
        "op": mutation.op,
        "topic": mutation.topic,
        "payload": payload,
        "occurred_at": stamp.at,
    }


def audit_row(mutation: Mutation, stamp: Stamp, salt: bytes) -> dict[str, object]:
    """The audit row of a mutation: what it was and what it became, with a salted hash of both."""
    wire = codec(mutation.table).to_wire
    before = wire(mutation.before) if mutation.op is not Op.INSERT else None
    after = wire(mutation.values) if mutation.op is not Op.DELETE else None
    return {
        "org_id": stamp.org_id,
        "id": mutation.id,
        "actor_user_id": stamp.actor_user_id,
        "device_id": stamp.device_id,
        "action": mutation.topic,
        "entity_type": mutation.table_name,
        "entity_id": mutation.row_id,
        "before": before,
        "after": after,
        "salt": salt,
        "content_hash": content_hash(salt, mutation.id, before, after),
        "created_at": stamp.at,
    }


def write_audit_note(
    connection: sa.Connection,
    note_id: UUID,
    stamp: Stamp,
    about: tuple[str, UUID],
    action: str,
    before: Mapping[str, Json] | None,
    after: Mapping[str, Json] | None,
) -> None:
    """Write an audit entry of something that is this PC's alone, hence in no outbox; `about` is a table and an id."""
    salt = secrets.token_bytes(16)
    entry = {
        "org_id": stamp.org_id,
        "id": note_id,
        "actor_user_id": stamp.actor_user_id,
        "device_id": stamp.device_id,
        "action": action,
        "entity_type": about[0],
        "entity_id": about[1],
        "before": before,
        "after": after,
        "salt": salt,
        "content_hash": content_hash(salt, note_id, before, after),
        "created_at": stamp.at,
    }
    connection.execute(AUDIT.insert(), entry)


def content_hash(
    salt: bytes, mutation_id: UUID, before: Mapping[str, Json] | None, after: Mapping[str, Json] | None
) -> bytes:
    """SHA-256 over the salt, the mutation's id and the canonical JSON of both sides."""
    body = dump_json({"id": str(mutation_id), "before": before, "after": after})
    return hashlib.sha256(salt + body.encode()).digest()


def write_log(
    connection: sa.Connection,
    mutations: Sequence[Mutation],
    stamp: Stamp,
    *,
    salts: Callable[[int], bytes] = secrets.token_bytes,
) -> None:
    """Write the outbox and audit entries of a PC's transaction."""
    if mutations:
        connection.execute(OUTBOX.insert(), [outbox_row(mutation, stamp) for mutation in mutations])
        connection.execute(AUDIT.insert(), [audit_row(mutation, stamp, salts(16)) for mutation in mutations])
