"""The log's own tables: outbox and audit on both sides, and what a replica keeps under its pending edits."""

from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from driveflow_desktop.store.base import Base, document, number, tenant_index, text, utc_now
from driveflow_desktop.store.types import EnumText, Id, JsonDoc, UtcDateTime

NOTICE_CODE: Final = "overwritten"
"""Code of a `conflicts` row that only tells: its transaction stands, a later edit replaced a plain value of it."""


class Op(StrEnum):
    """What a mutation does to its row."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    EVENT = "event"


class Outbox(Base):
    """The change log. On a PC its own edits, in the order of their ids; on the service every change, by `seq`.

    On a PC an entry is *pending* while `processed_at` is null: without `acked_seq` the service has not judged it, with
    it the service accepted the transaction up to that sequence and the replica's cursor has not reached it yet. A
    rejected or set-aside transaction has `processed_at` and `last_error` set and a row in `conflicts`.
    """

    __tablename__ = "outbox"

    org_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    seq: Mapped[int | None] = mapped_column(sa.BigInteger)
    acked_seq: Mapped[int | None] = mapped_column(sa.BigInteger)
    transaction_id: Mapped[UUID] = mapped_column(Id)
    device_id: Mapped[UUID | None] = mapped_column(Id)
    actor_user_id: Mapped[UUID | None] = mapped_column(Id)
    table_name: Mapped[str] = mapped_column(text(63))
    row_id: Mapped[UUID] = mapped_column(Id)
    op: Mapped[Op] = mapped_column(EnumText(Op))
    audience_before: Mapped[list[str] | None] = mapped_column(JsonDoc)
    audience_after: Mapped[list[str] | None] = mapped_column(JsonDoc)
    topic: Mapped[str] = mapped_column(text(120))
    payload: Mapped[dict[str, object]] = document()
    attempts: Mapped[int] = number(0)
    last_error: Mapped[str | None] = mapped_column(text(500))
    processed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=utc_now())

    __table_args__ = (
        sa.Index(None, "org_id", "seq", unique=True),
        sa.Index(None, "topic", "processed_at"),
        tenant_index("transaction_id"),
        tenant_index("table_name", "row_id"),
        # Pending work is a handful of rows in a log of millions; both sides look for it all the time.
        sa.Index(
            "ix_outbox_pending",
            "org_id",
            "id",
            sqlite_where=sa.text("processed_at IS NULL"),
            postgresql_where=sa.text("processed_at IS NULL"),
        ),
    )


class AuditLog(Base):
    """Who did what, with the row before and after; append-only on both databases.

    `content_hash` is salted per row, so that erasing `before`, `after` and `salt` leaves a hash that verifies the chain
    but gives nothing back. The chain (`prev_hash`, `hash`) is the service's; it is null on a PC until its row returns.
    """

    __tablename__ = "audit_log"

    org_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    actor_user_id: Mapped[UUID | None] = mapped_column(Id)
    device_id: Mapped[UUID | None] = mapped_column(Id)
    action: Mapped[str] = mapped_column(text(120))
    entity_type: Mapped[str] = mapped_column(text(63))
    entity_id: Mapped[UUID] = mapped_column(Id)
    before: Mapped[dict[str, object] | None] = mapped_column(JsonDoc)
    after: Mapped[dict[str, object] | None] = mapped_column(JsonDoc)
    ip: Mapped[str | None] = mapped_column(text(45))
    salt: Mapped[bytes | None] = mapped_column(sa.LargeBinary(16))
    content_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    prev_hash: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32))
    hash: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=utc_now())

    __table_args__ = (
        tenant_index("entity_type", "entity_id"),
        tenant_index("actor_user_id"),
        tenant_index("created_at", "id"),
    )


class BaseRow(Base):
    """A service row kept while pending edits lie over it; `row` is null when the service has no such row."""

    __tablename__ = "base_rows"

    org_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    table_name: Mapped[str] = mapped_column(text(63), primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    row: Mapped[dict[str, object] | None] = mapped_column(JsonDoc)

    __table_args__ = ({"info": {"side": "replica"}},)


class ReplicaState(Base):
    """Small facts of a replica: its school, device, cursor, epoch, last mutation seen."""

    __tablename__ = "replica_state"

    key: Mapped[str] = mapped_column(text(63), primary_key=True)
    value: Mapped[str] = mapped_column(sa.Text)

    __table_args__ = ({"info": {"side": "replica"}},)


class Conflict(Base):
    """A transaction of this PC that did not stand, kept whole until a person decides."""

    __tablename__ = "conflicts"

    org_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    transaction_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(text(63))
    detail: Mapped[str | None] = mapped_column(text(500))
    mine: Mapped[dict[str, object]] = document()
    theirs: Mapped[dict[str, object]] = document()
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resolution: Mapped[str | None] = mapped_column(text(32))

    __table_args__ = (tenant_index("resolved_at"), {"info": {"side": "replica"}})


class PointUpload(Base):
    """Trip points imported on this PC that the service has not stored yet."""

    __tablename__ = "point_uploads"

    org_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    trip_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    next_index: Mapped[int] = number(0)
    total: Mapped[int] = number(0)
    last_error: Mapped[str | None] = mapped_column(text(500))

    __table_args__ = ({"info": {"side": "replica"}},)
