"""Pull: the log as one reader may see it, transaction by transaction."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.journal import HEADS
from driveflow_desktop.service.members import Member
from driveflow_desktop.service.scope import may_see
from driveflow_desktop.store.log import OUTBOX
from driveflow_desktop.store.log_tables import Op
from driveflow_desktop.sync.protocol import APPLIED, EDIT_LOST, Change, ChangeOp, ChangesPage, WireRow

DEFAULT_LIMIT = 1_000
MAX_LIMIT = 5_000


def pull(connection: sa.Connection, member: Member, since: int, limit: int = DEFAULT_LIMIT) -> ChangesPage:
    """The changes after `since` in a member's scope, about `limit` entries, never half a transaction.

    Runs in one consistent read. Raises `UserError` "cursor_expired" when the log no longer reaches back that far.
    """
    where = HEADS.c.org_id == member.org_id
    heads = connection.execute(sa.select(HEADS.c.head_seq, HEADS.c.min_seq).where(where)).one_or_none()
    if heads is None:
        raise UserError("not_found", "There is no such school.")
    if since < heads.min_seq or since > heads.head_seq:
        raise UserError("cursor_expired", "This replica is too far behind.", hint="It fetches a new snapshot.")
    end = _page_end(connection, member, since, max(1, min(limit, MAX_LIMIT)), heads.head_seq)
    columns = (
        OUTBOX.c.seq,
        OUTBOX.c.table_name,
        OUTBOX.c.row_id,
        OUTBOX.c.op,
        OUTBOX.c.id,
        OUTBOX.c.transaction_id,
        OUTBOX.c.device_id,
        OUTBOX.c.actor_user_id,
        OUTBOX.c.occurred_at,
        OUTBOX.c.audience_before,
        OUTBOX.c.audience_after,
        OUTBOX.c.topic,
        sa.cast(OUTBOX.c.payload, JSONB)["row"].label("row"),
        sa.cast(OUTBOX.c.payload, JSONB)["data"].label("data"),
    )
    entries = sa.select(*columns).where(OUTBOX.c.org_id == member.org_id, OUTBOX.c.seq > since, OUTBOX.c.seq <= end)
    found = connection.execute(entries.order_by(OUTBOX.c.seq)).all()
    own = frozenset(cast("UUID", entry.id) for entry in found if entry.device_id == member.device_id)
    return ChangesPage(tuple(_newest(tuple(_visible(member, found)), own)), end, heads.head_seq, member.scope)


def _page_end(connection: sa.Connection, member: Member, since: int, limit: int, head: int) -> int:
    """The last sequence of the transaction in which the page's limit falls."""
    log = OUTBOX.c.org_id == member.org_id
    last = sa.select(OUTBOX.c.transaction_id).where(log, OUTBOX.c.seq == min(since + limit, head)).scalar_subquery()
    found = sa.select(sa.func.max(OUTBOX.c.seq)).where(log, OUTBOX.c.transaction_id == last)
    return connection.execute(found).scalar_one() or head


def _visible(member: Member, entries: Iterable[sa.Row[*tuple[object, ...]]]) -> Iterable[Change]:
    for entry in entries:
        op = _op_for(member, entry)
        if op is None:
            continue
        yield Change(
            seq=cast("int", entry.seq),
            table=cast("str", entry.table_name),
            op=op,
            id=cast("UUID", entry.row_id),
            mutation_id=cast("UUID", entry.id),
            transaction_id=cast("UUID", entry.transaction_id),
            actor_user_id=cast("UUID | None", entry.actor_user_id),
            at=cast("datetime", entry.occurred_at),
            row=cast("WireRow", entry.row) if op == "upsert" else None,
            event=cast("str", entry.topic) if op == "event" else None,
            data=cast("WireRow", entry.data) if op == "event" else None,
        )


def _op_for(member: Member, entry: sa.Row[*tuple[object, ...]]) -> ChangeOp | None:
    """What an entry means to a reader: the row, its end, a notice, or nothing."""
    before, after = (
        member.sees_all or may_see(tuple(cast("list[str]", audience or [])), member.instructor_id)
        for audience in (entry.audience_before, entry.audience_after)
    )
    if entry.topic == EDIT_LOST:
        return "event" if after else None
    if entry.op is Op.DELETE or entry.row is None:
        return "delete" if before else None
    return "upsert" if after else ("delete" if before else None)


def _newest(changes: Sequence[Change], own: Collection[UUID]) -> Iterable[Change]:
    """Each row once, in its newest state within the page; the log's order is kept.

    An older entry of the reader's own device stays as an event: by it a PC whose push was answered into the void
    learns that its transaction was applied.
    """
    newest = {(change.table, change.id): change.seq for change in changes if change.op != "event"}
    for change in changes:
        if change.op == "event" or newest[(change.table, change.id)] == change.seq:
            yield change
        elif change.mutation_id in own:
            yield msgspec.structs.replace(change, op="event", row=None, event=APPLIED)
