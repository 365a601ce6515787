"""The inbox of a PC: its transactions that did not stand, and its edits that a later one replaced."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from driveflow_desktop.store.log import OUTBOX
from driveflow_desktop.store.log_tables import NOTICE_CODE, Conflict
from driveflow_desktop.store.types import Json, UtcDateTime

CONFLICTS: Final = cast("sa.Table", Conflict.__table__)

OVERWRITTEN: Final = NOTICE_CODE
"""Code of a notice: the transaction stands, but a later edit of the same plain column replaced one of its values."""


@dataclass(frozen=True, slots=True)
class LostEdit:
    """Columns of one row in which a transaction gave way: what it had written, and what stands instead."""

    transaction_id: UUID
    table: str
    row_id: UUID
    values: Mapping[str, Json]
    kept: Mapping[str, Json]


def open_conflicts(connection: sa.Connection, org_id: UUID) -> set[UUID]:
    """The transactions that did not stand and wait for a person (notices are not among them)."""
    return set(connection.execute(sa.select(CONFLICTS.c.transaction_id).where(*_open(org_id))).scalars())


def keep_conflict(connection: sa.Connection, entry: Mapping[str, object]) -> None:
    """Keep a transaction that did not stand; the first reason given stays."""
    connection.execute(sqlite.insert(CONFLICTS).on_conflict_do_nothing(), entry)


def withdraw(connection: sa.Connection, org_id: UUID, transactions: Collection[UUID], now: datetime) -> list[UUID]:
    """Close conflicts of transactions that the service had applied after all; returns those that were open."""
    wanted = open_conflicts(connection, org_id) & set(transactions)
    if not wanted:
        return []
    where = (*_open(org_id), CONFLICTS.c.transaction_id.in_(wanted))
    connection.execute(CONFLICTS.update().where(*where).values(resolved_at=now, resolution="applied"))
    return sorted(wanted)


def keep_notices(connection: sa.Connection, org_id: UUID, lost: Sequence[LostEdit], now: datetime) -> set[UUID]:
    """Keep what this PC's transactions lost to later edits, and return these; other PCs' are theirs to keep."""
    kept: set[UUID] = set()
    for edit in lost:
        mine = sa.select(OUTBOX.c.id).where(OUTBOX.c.org_id == org_id, OUTBOX.c.transaction_id == edit.transaction_id)
        if connection.execute(mine.limit(1)).first() is not None:
            _keep_notice(connection, org_id, edit, now)
            kept.add(edit.transaction_id)
    return kept


def _keep_notice(connection: sa.Connection, org_id: UUID, edit: LostEdit, now: datetime) -> None:
    where = (CONFLICTS.c.org_id == org_id, CONFLICTS.c.transaction_id == edit.transaction_id)
    columns = (CONFLICTS.c.mine, CONFLICTS.c.theirs, CONFLICTS.c.resolved_at)
    earlier = connection.execute(sa.select(*columns).where(*where)).one_or_none()
    # What somebody has decided already is not asked again.
    waiting = earlier if earlier is not None and earlier.resolved_at is None else None
    mine: list[Json] = [] if waiting is None else list(waiting.mine.get("mutations", ()))
    theirs: list[Json] = [] if waiting is None else list(waiting.theirs.get("current", ()))
    row: dict[str, Json] = {"table": edit.table, "id": str(edit.row_id)}
    mine.append({**row, "op": "update", "values": edit.values, "before": edit.kept})
    theirs.append({**row, "row": edit.kept})
    entry = {
        "code": OVERWRITTEN,
        "detail": None,
        "mine": {"mutations": mine},
        "theirs": {"current": theirs},
        "created_at": now,
        "resolved_at": None,
        "resolution": None,
    }
    if earlier is None:
        connection.execute(CONFLICTS.insert(), {"org_id": org_id, "transaction_id": edit.transaction_id, **entry})
    else:
        connection.execute(CONFLICTS.update().where(*where).values(entry))


def note_authors(
    connection: sa.Connection, org_id: UUID, authors: Mapping[tuple[str, UUID], tuple[UUID | None, datetime]]
) -> None:
    """Note who wrote the rows that open conflicts met, and when, as a stretch of the log tells."""
    waiting = sa.select(CONFLICTS.c.transaction_id, CONFLICTS.c.theirs).where(
        CONFLICTS.c.org_id == org_id, CONFLICTS.c.resolved_at.is_(None)
    )
    for transaction_id, theirs in connection.execute(waiting).all():
        met = [_with_author(row, authors) for row in theirs.get("current", ())]
        if met != theirs.get("current", []):
            where = (CONFLICTS.c.org_id == org_id, CONFLICTS.c.transaction_id == transaction_id)
            connection.execute(CONFLICTS.update().where(*where).values(theirs={**theirs, "current": met}))


def _with_author(
    row: Mapping[str, Json], authors: Mapping[tuple[str, UUID], tuple[UUID | None, datetime]]
) -> Mapping[str, Json]:
    found = authors.get((str(row["table"]), UUID(str(row["id"]))))
    if found is None:
        return row
    actor, at = found
    return {**row, "by": None if actor is None else str(actor), "at": UtcDateTime.to_wire(at)}


def _open(org_id: UUID) -> tuple[sa.ColumnElement[bool], ...]:
    return (CONFLICTS.c.org_id == org_id, CONFLICTS.c.resolved_at.is_(None), CONFLICTS.c.code != OVERWRITTEN)
