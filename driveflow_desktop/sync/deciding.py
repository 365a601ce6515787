"""The ways out of the inbox: commands through the one write path, each undoable, each in the audit trail.

Nothing here happens by itself. A kept edit that is made again is a new transaction with new ids on today's rows: its
`before` is what stands now, so the service has nothing to refuse but what is still true (a taken slot, a missing row).
Row ids stay, so that an edit which had been applied after all cannot stand twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.identity.queries import authorise, role_of
from driveflow_desktop.domain.identity.rules import Action
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.scheduling.commands.placing import place_slot
from driveflow_desktop.domain.scheduling.facts import require_teacher
from driveflow_desktop.domain.scheduling.finding import alternatives_to, verdict_in
from driveflow_desktop.domain.scheduling.loader import place, setting_at
from driveflow_desktop.domain.scheduling.rules.diary import Slot
from driveflow_desktop.domain.scheduling.rules.slots import FoundSlot
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import OCCUPYING
from driveflow_desktop.domain.tables import METADATA
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import require_bookable
from driveflow_desktop.store.base import TenantRow
from driveflow_desktop.store.log import OUTBOX, write_audit_note
from driveflow_desktop.store.log_tables import Op
from driveflow_desktop.store.rows import Row, RowCodec, codec
from driveflow_desktop.store.types import Json, Value
from driveflow_desktop.store.unit_of_work import UnitOfWork
from driveflow_desktop.sync.columns import ColumnClass, class_of
from driveflow_desktop.sync.conflicts import CONFLICTS, OVERWRITTEN
from driveflow_desktop.sync.inbox import followers_of
from driveflow_desktop.sync.kept import KeptRow, decoded, fold, given, mutations_of
from driveflow_desktop.sync.merge import merge_text

DISCARDED: Final = "discarded"
ACCEPTED: Final = "accepted"
AGAIN: Final = "again"
PLACED: Final = "placed"
_BOOKINGS: Final = Booking.__tablename__
_KINDS: Final[Mapping[str, type[TenantRow]]] = {
    str(cast("sa.Table", mapper.local_table).name): mapper.class_
    for mapper in TenantRow.registry.mappers
    if issubclass(mapper.class_, TenantRow)
}
_NO_PLACES: Final[Mapping[UUID, "Place"]] = {}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a kept booking is to go instead; `override` books against advice, never against an overlap."""

    booking_id: UUID
    start: datetime
    end: datetime
    instructor_id: UUID
    override: bool = False


@dataclass(frozen=True, slots=True)
class Placing:
    """A kept booking that has no room where it wanted to be, and three free places for it."""

    booking_id: UUID
    wanted: Slot
    free: tuple[FoundSlot, ...]


# -- the ways out -------------------------------------------------------------------------------------------------


def discard(uow: UnitOfWork, transaction_id: UUID) -> int:
    """Give up a kept edit, with those that cannot stand without it; returns how many. What stands stays."""
    _open_conflict(uow, transaction_id)
    given_up = [transaction_id, *followers_of(uow.connection, uow.org_id, transaction_id)]
    for one in given_up:
        _resolve(uow, one, DISCARDED)
    return len(given_up)


def accept(uow: UnitOfWork, transaction_ids: Sequence[UUID]) -> int:
    """Say of notices that they were read: what stands stays. Returns how many there were."""
    read = 0
    for one in transaction_ids:
        if _open_conflict(uow, one).code == OVERWRITTEN:
            _resolve(uow, one, ACCEPTED)
            read += 1
    return read


def apply_again(uow: UnitOfWork, transaction_id: UUID) -> int:
    """Make a kept edit again on today's rows, with those that need it; returns how many transactions that were.

    Refused as the edit itself would be now: `slot_taken`, `student_busy`, `gone`, `missing_reference`,
    `already_exists` …; then nothing is written and the conflict stays open.
    """
    return _make_again(uow, transaction_id, _NO_PLACES, AGAIN)


def place_elsewhere(uow: UnitOfWork, transaction_id: UUID, places: Sequence[Place]) -> int:
    """Make a kept edit again with some of its bookings at other places; refused like a new booking there."""
    kept = {one.row_id: one for one in fold(uow.connection, uow.org_id, _open_conflict(uow, transaction_id).mine)}
    strangers = [one.booking_id for one in places if one.booking_id not in kept]
    if strangers:
        raise UserError("invalid", "That lesson is not part of this conflict.")
    return _make_again(uow, transaction_id, {one.booking_id: one for one in places}, PLACED)


def placing(
    connection: sa.Connection, org_id: UUID, transaction_id: UUID, now: datetime, chosen: Sequence[Place] = ()
) -> Placing | None:
    """The first kept booking without room where it wants to be, `chosen` ones left out; None when all have room."""
    where = (CONFLICTS.c.org_id == org_id, CONFLICTS.c.transaction_id == transaction_id)
    mine = connection.execute(sa.select(CONFLICTS.c.mine).where(*where)).scalar_one()
    placed = {one.booking_id for one in chosen}
    for one in fold(connection, org_id, mine):
        wanted = _slot_of(one)
        if wanted is None or one.row_id in placed:
            continue
        setting = setting_at(connection, org_id, wanted.start, wanted.end)
        if verdict_in(connection, setting, wanted, now).hard:
            return Placing(one.row_id, wanted, alternatives_to(connection, setting, wanted, now))
    return None


def _slot_of(one: KeptRow) -> Slot | None:
    """The slot that a kept booking wants; None for other rows, and for bookings that occupy none."""
    if one.table != _BOOKINGS or one.mine is None or one.mine.get("start_at") is None:
        return None
    return _slot(one.row_id, one.mine) if one.mine.get("status") in OCCUPYING else None


def _slot(row_id: UUID, row: Row) -> Slot:
    pickup, dropoff = (
        place(cast("int | None", row.get(f"{end}_lat")), cast("int | None", row.get(f"{end}_lng")))
        for end in ("pickup", "dropoff")
    )
    return Slot(
        cast("UUID", row["instructor_id"]),
        cast("datetime", row["start_at"]),
        cast("datetime", row["end_at"]),
        cast("UUID", row["student_id"]),
        pickup,
        dropoff,
        row_id,
    )


# -- making again -------------------------------------------------------------------------------------------------


def _make_again(uow: UnitOfWork, transaction_id: UUID, places: Mapping[UUID, Place], resolution: str) -> int:
    conflict = _open_conflict(uow, transaction_id)
    family = [transaction_id]
    if conflict.code != OVERWRITTEN:
        family += followers_of(uow.connection, uow.org_id, transaction_id)
    for one in family:
        topics = _topics(uow, one)
        for mutation in mutations_of(_open_conflict(uow, one).mine):
            rows, row_id, op, values, before = decoded(mutation)
            uow.describe(topics.get((rows.name, row_id, op), f"{rows.name}.{op.value}"))
            _lay(uow, (rows, row_id), op, values, before, places.get(row_id))
    for one in family:
        _resolve(uow, one, resolution)
    return len(family)


def _lay(uow: UnitOfWork, at: tuple[RowCodec, UUID], op: Op, values: Row, before: Row, elsewhere: Place | None) -> None:
    """One kept mutation on today's row."""
    rows, row_id = at
    kind, today = _KINDS[rows.name], rows.read(uow.connection, uow.org_id, row_id)
    if op is Op.DELETE:
        if today is not None:
            uow.delete(kind, row_id)
        return
    if today is None and op is Op.UPDATE:
        raise UserError("gone", "What you changed is no longer there.", hint="Discard the change, or enter it anew.")
    wanted: dict[str, Value] = dict(values)
    if elsewhere is not None and "start_at" in {**values, **(today or {})}:
        wanted |= _new_place(uow, {**(today or {}), **values}, elsewhere)
    if op is Op.INSERT and today is None:
        _require_references(uow, rows, wanted)
        uow.insert(kind, wanted, row_id=row_id)
        return
    # An insert whose row is there by now (its id comes from its natural key) has no opinion on what it left open.
    changed = given(rows, wanted) if op is Op.INSERT else _merged(rows.name, before, cast("Row", today), wanted)
    _require_references(uow, rows, changed)
    uow.update(kind, row_id, changed)


def _merged(table: str, before: Row, today: Row, wanted: Row) -> dict[str, Value]:
    """The columns to set: as wanted, except that notes keep what others wrote into them."""
    found: dict[str, Value] = {}
    for name, value in wanted.items():
        if class_of(table, name) is ColumnClass.TEXT:
            texts = (str(side.get(name) or "") for side in (before, today, wanted))
            found[name] = merge_text(*texts) or None
        else:
            found[name] = value
    return found


def _new_place(uow: UnitOfWork, row: Row, elsewhere: Place) -> dict[str, Value]:
    """The slot columns of a booking at its new place, once the rules of the diary allow it."""
    span = require_bookable(elsewhere.start, elsewhere.end)
    teacher = require_teacher(uow.connection, uow.org_id, elsewhere.instructor_id)
    if not teacher.active:
        raise UserError("invalid", "That instructor no longer teaches.", column="instructor_id")
    moved = {**row, "start_at": span.start, "end_at": span.end, "instructor_id": teacher.id}
    setting = setting_at(uow.connection, uow.org_id, span.start, span.end)
    overrides = place_slot(uow, setting, _slot(elsewhere.booking_id, moved), override=elsewhere.override)
    return {"start_at": span.start, "end_at": span.end, "instructor_id": teacher.id, "overrides": overrides}


def _require_references(uow: UnitOfWork, rows: RowCodec, values: Row) -> None:
    for column, target, _cascades in rows.parents:
        value = values.get(column)
        if isinstance(value, UUID) and codec(METADATA.tables[target]).read(uow.connection, uow.org_id, value) is None:
            raise UserError(
                "missing_reference",
                "It needs something that is no longer there.",
                hint="Discard the change, or enter it anew.",
                column=column,
            )


def _topics(uow: UnitOfWork, transaction_id: UUID) -> dict[tuple[str, UUID, Op], str]:
    """What the kept mutations were called, so that they mean the same to the log and the school's webhooks."""
    columns = (OUTBOX.c.table_name, OUTBOX.c.row_id, OUTBOX.c.op, OUTBOX.c.topic)
    where = (OUTBOX.c.org_id == uow.org_id, OUTBOX.c.transaction_id == transaction_id)
    return {
        (table, row, op): topic for table, row, op, topic in uow.connection.execute(sa.select(*columns).where(*where))
    }


# -- the inbox's own rows -----------------------------------------------------------------------------------------


def _open_conflict(uow: UnitOfWork, transaction_id: UUID) -> sa.Row[*tuple[object, ...]]:
    """The conflict, still open and this person's to decide."""
    authorise(uow.connection, uow.actor, Action.RESOLVE_CONFLICTS)
    where = (CONFLICTS.c.org_id == uow.org_id, CONFLICTS.c.transaction_id == transaction_id)
    found = uow.connection.execute(sa.select(CONFLICTS).where(*where)).one_or_none()
    if found is None or found.resolved_at is not None:
        raise UserError("gone", "That was decided already.", hint="See what stands now.")
    author = uow.connection.execute(
        sa.select(OUTBOX.c.actor_user_id)
        .where(OUTBOX.c.org_id == uow.org_id, OUTBOX.c.transaction_id == transaction_id)
        .limit(1)
    ).scalar_one_or_none()
    own = author is None or author == uow.actor.user_id
    if not own and role_of(uow.connection, uow.org_id, uow.actor.user_id) not in (OrgRole.OWNER, OrgRole.ADMIN):
        raise UserError("forbidden", "That is someone else's change.", hint="They, or the front desk, decide about it.")
    return found


def _resolve(uow: UnitOfWork, transaction_id: UUID, resolution: str) -> None:
    _mark(uow, transaction_id, None, resolution)


def _mark(uow: UnitOfWork, transaction_id: UUID, held: str | None, wanted: str | None) -> None:
    """Move a conflict from one resolution (None: open) to another, with its audit entry and its undo."""
    at = None if wanted is None else uow.now
    changed = uow.connection.execute(
        CONFLICTS.update()
        .where(CONFLICTS.c.org_id == uow.org_id, CONFLICTS.c.transaction_id == transaction_id)
        .where(CONFLICTS.c.resolution.is_not_distinct_from(held))
        .values(resolution=wanted, resolved_at=at)
    )
    if changed.rowcount != 1:
        raise UserError("changed_since", "This was decided again in the meantime.", hint="See what stands now.")
    before: dict[str, Json] = {"resolution": held}
    after: dict[str, Json] = {"resolution": wanted, "by_transaction": str(uow.stamp.transaction_id)}
    action = f"conflict.{wanted or 'reopened'}"
    write_audit_note(uow.connection, uow.new_id(), uow.stamp, (CONFLICTS.name, transaction_id), action, before, after)
    back: Callable[[UnitOfWork], None] = partial(_mark, transaction_id=transaction_id, held=wanted, wanted=held)
    uow.did_beside(CONFLICTS.name, transaction_id, back)
