"""Applying one pushed transaction inside a savepoint: decode, judge, merge, write, log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.hard_rules import hard_rules
from driveflow_desktop.domain.tables import METADATA, synced_tables
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.history import Write, last_write
from driveflow_desktop.service.journal import Entry, Journal, Notice
from driveflow_desktop.service.members import Member
from driveflow_desktop.service.moves import RowChange, ScopeMoves
from driveflow_desktop.service.rights import require_row_right
from driveflow_desktop.service.scope import OFFICE, Audience, Key, ScopeReader, may_see
from driveflow_desktop.service.teaching import require_own_work, require_teaching_rules
from driveflow_desktop.store.log import Mutation, Stamp
from driveflow_desktop.store.log_tables import Op
from driveflow_desktop.store.rows import Row, RowCodec, cascade_children, codec
from driveflow_desktop.store.types import Value
from driveflow_desktop.sync.merge import Merged, merge_update
from driveflow_desktop.sync.protocol import CurrentRow, LostEditData, WireMutation, WireTransaction

_MOVERS: Final[Mapping[str, frozenset[str]]] = {
    "bookings": frozenset({"status", "instructor_id", "student_id"}),
    "student_guardians": frozenset({"student_id", "guardian_id"}),
    "lessons": frozenset({"booking_id", "instructor_id", "student_id"}),
}
"""Tables, with their columns, by which a student or a guardian enters or leaves someone's scope."""
_SYNCED: Final = {str(table.name): table for table in synced_tables()}


@dataclass(slots=True)
class Applied:
    """What a transaction did: the sequence of its last mutation, and whether it met someone else's edit."""

    seq: int = 0
    merged: bool = False


@dataclass(frozen=True, slots=True)
class Refused(Exception):
    """A transaction that does not stand, with the rows it met."""

    error: UserError
    current: tuple[CurrentRow, ...] = ()


class Edit(NamedTuple):
    """A mutation with its values decoded."""

    id: UUID
    rows: RowCodec
    op: Op
    row_id: UUID
    base_version: int
    values: Row
    before: Row


class _Done(NamedTuple):
    mutation: Mutation
    seq: int
    change: RowChange


class TransactionApplier:
    """Applies one transaction of a member; the caller holds the school's lock and a savepoint."""

    def __init__(
        self, connection: sa.Connection, member: Member, journal: Journal, transaction: WireTransaction, at: datetime
    ) -> None:
        self._connection = connection
        self._member = member
        self._journal = journal
        self._edits = [_decode(wire) for wire in transaction.mutations]
        self._now = at
        self._scope = ScopeReader(connection, member.org_id)
        self._rows: dict[Key, Row | None] = {}
        self._held_by: dict[Key, Audience] = {}
        self._done: list[_Done] = []
        self._notices: list[Notice] = []
        self._result = Applied()
        self._stamp = Stamp(
            org_id=member.org_id,
            transaction_id=transaction.id,
            actor_user_id=member.user_id,
            device_id=member.device_id,
            schema=transaction.schema,
            at=min(transaction.occurred_at, at),
        )

    def run(self) -> Applied:
        """Apply every mutation, then the hard rules, then the log. Raises `Refused` or `UserError`."""
        self._read_rows()
        moves = ScopeMoves(self._scope, self._students_in_play())
        for edit in self._edits:
            self._apply(edit)
        self._require_hard_rules()
        self._log(moves)
        return self._result

    def _read_rows(self) -> None:
        """Every row that the transaction touches, and whose they are, in one query per table each."""
        wanted: dict[RowCodec, set[UUID]] = {}
        for edit in self._edits:
            wanted.setdefault(edit.rows, set()).add(edit.row_id)
        for rows, ids in wanted.items():
            found = rows.read_many(self._connection, self._member.org_id, ids)
            self._rows |= {(rows.name, row_id): found.get(row_id) for row_id in ids}
        self._held_by = self._audiences()

    def _audiences(self) -> dict[Key, Audience]:
        """Whose the touched rows are, as they stand now."""
        by_table: dict[str, dict[UUID, Row]] = {}
        for (name, row_id), row in self._rows.items():
            if row is not None:
                by_table.setdefault(name, {})[row_id] = row
        return {
            (name, row_id): audience
            for name, rows in by_table.items()
            for row_id, audience in self._scope.audiences(name, rows).items()
        }

    def _students_in_play(self) -> set[UUID]:
        """Students whose audience, or whose guardians', the transaction may change."""
        found: set[UUID] = set()
        for edit in self._edits:
            looked_at = _MOVERS.get(edit.rows.name)
            if looked_at is not None and (edit.op is not Op.UPDATE or not looked_at.isdisjoint(edit.values)):
                sides = (edit.values, self._rows[(edit.rows.name, edit.row_id)] or {})
                found |= {cast("UUID", side["student_id"]) for side in sides if side.get("student_id")}
        return found

    def _require_hard_rules(self) -> None:
        try:
            hard_rules(self._connection, self._member.org_id, [done.mutation for done in self._done])
        except UserError as error:
            blocking = error.details.get("blocking")
            if not isinstance(blocking, UUID):
                raise
            bookings = codec(_SYNCED["bookings"])
            held = bookings.read(self._connection, self._member.org_id, blocking)
            raise Refused(error, self._shown(bookings, held)) from None

    # -- one mutation -------------------------------------------------------------------------------------------

    def _apply(self, edit: Edit) -> None:
        current = self._rows[(edit.rows.name, edit.row_id)]
        require_row_right(self._member.role, edit.rows, edit.op, edit.values, current)
        if edit.op is Op.INSERT:
            self._insert(edit, current)
        elif current is None or not self._visible(edit.rows.name, current):
            self._missing(edit)
        elif edit.op is Op.UPDATE:
            self._update(edit, current)
        else:
            self._delete(edit, current)

    def _missing(self, edit: Edit) -> None:
        if edit.op is Op.DELETE:
            return  # gone already: what the delete wanted
        absent = CurrentRow(edit.rows.name, edit.row_id, None)
        raise Refused(UserError("gone", "That row no longer exists."), (absent,))

    def _insert(self, edit: Edit, current: Row | None) -> None:
        rows = edit.rows
        if current is not None:
            self._insert_again(edit, current)
            return
        full = rows.complete(edit.values)
        own: dict[str, Value] = {"org_id": self._member.org_id, "id": edit.row_id, "created_at": self._now}
        row: Row = {**full, **own, "updated_at": self._now, "version": self._journal.head + 1}
        self._require_references(rows, full)
        if not self._visible(rows.name, row):
            raise UserError("forbidden", "That row would not be yours.")
        require_teaching_rules(self._connection, self._member, rows.name, None, row)
        holder = rows.find_unique(self._connection, self._member.org_id, row)
        if holder is not None:
            held = rows.read(self._connection, self._member.org_id, holder)
            raise Refused(_already_exists(), self._shown(rows, held))
        rows.insert(self._connection, [row])
        self._record(edit, Op.INSERT, full, None, row)

    def _insert_again(self, edit: Edit, current: Row) -> None:
        """The row is there: another PC made the same one (its id comes from its natural key), or the id is taken."""
        if not self._visible(edit.rows.name, current) or not edit.rows.same_key(edit.values, current):
            raise Refused(_already_exists(), self._shown(edit.rows, current))
        self._result.merged = True
        # What this PC left at its default it has no opinion on.
        defaults = edit.rows.default_values()
        given = {name: value for name, value in edit.values.items() if value != defaults[name]}
        changed = {name: value for name, value in given.items() if value != current[name]}
        require_row_right(self._member.role, edit.rows, Op.UPDATE, changed, current)
        self._update(edit._replace(values=changed, before=defaults), current)

    def _update(self, edit: Edit, current: Row) -> None:
        rows = edit.rows
        merged = merge_update(rows.name, current, edit.before, edit.values, lambda name: self._is_later(edit, name))
        if merged.conflicts:
            error = UserError("version_conflict", "Someone else changed this first.", column=merged.conflicts[0])
            raise Refused(error, self._shown(rows, current))
        if merged.beside_another or cast("int", current["version"]) > edit.base_version:
            self._result.merged = self._result.merged or self._by_another_device(edit)
        self._notice(edit, merged, current)
        changed = rows.differences(current, merged.values)
        if not changed:
            return
        self._require_references(rows, changed)
        stamped: dict[str, Value] = {**changed, "updated_at": self._now, "version": self._journal.head + 1}
        after = {**current, **stamped}
        self._write(edit, stamped)
        if not self._visible(rows.name, after):
            raise UserError("forbidden", "That row would not be yours any more.")
        require_teaching_rules(self._connection, self._member, rows.name, current, after)
        self._record(edit, Op.UPDATE, changed, current, after)

    def _delete(self, edit: Edit, current: Row) -> None:
        rows = edit.rows
        require_own_work(self._connection, self._member, (rows.name, edit.row_id))
        if any(current[name] != value for name, value in edit.before.items()):
            error = UserError("version_conflict", "Someone else changed this before it was deleted.")
            raise Refused(error, self._shown(rows, current))
        for child, column in cascade_children(METADATA, rows.table):
            where = (child.c.org_id == self._member.org_id, child.c[column] == edit.row_id)
            if self._connection.execute(sa.select(sa.literal(1)).where(*where).limit(1)).first() is not None:
                # The device deletes what it knows of; rows it does not know must not vanish with their parent.
                raise Refused(UserError("in_use", "Something else still belongs to this."))
        rows.delete(self._connection, self._member.org_id, [edit.row_id])
        self._record(edit, Op.DELETE, {}, current, None)

    # -- judging ------------------------------------------------------------------------------------------------

    def _write(self, edit: Edit, stamped: Row) -> None:
        """Set columns of the edit's row."""
        edit.rows.update(self._connection, self._member.org_id, edit.row_id, stamped)

    def _last_write(self, edit: Edit, column: str | None = None) -> Write | None:
        """The newest write of the edit's row, or of one of its columns."""
        return last_write(self._connection, self._member.org_id, (edit.rows.name, edit.row_id), column)

    def _visible(self, table: str, row: Row) -> bool:
        return self._member.sees_all or may_see(self._scope.audience(table, row), self._member.instructor_id)

    def _shown(self, rows: RowCodec, row: Row | None) -> tuple[CurrentRow, ...]:
        """A row as part of a refusal; nothing when the member may not see it."""
        if row is None or not self._visible(rows.name, row):
            return ()
        return (CurrentRow(rows.name, cast("UUID", row["id"]), rows.to_wire(row)),)

    def _require_references(self, rows: RowCodec, values: Row) -> None:
        """Every row referred to exists and lies in the member's scope; otherwise it is as if it did not exist."""
        wanted = [
            (column, _SYNCED[target], cast("UUID", values[column]))
            for column, target, _cascades in rows.parents
            if values.get(column) is not None
        ]
        if not wanted:
            return
        org_id = self._member.org_id
        stands = (sa.exists().where(table.c.org_id == org_id, table.c.id == key) for _column, table, key in wanted)
        for (column, table, key), found in zip(wanted, self._connection.execute(sa.select(*stands)).one(), strict=True):
            if not found or not self._sees(table, key):
                raise UserError("missing_reference", "It refers to something that is not there.", column=column)

    def _sees(self, table: sa.Table, row_id: UUID) -> bool:
        if self._member.sees_all:
            return True
        row = codec(table).read(self._connection, self._member.org_id, row_id)
        return row is not None and self._visible(str(table.name), row)

    def _is_later(self, edit: Edit, column: str) -> bool:
        last = self._last_write(edit, column)
        return last is None or self._stamp.at >= last.at

    def _by_another_device(self, edit: Edit) -> bool:
        last = self._last_write(edit)
        return last is not None and last.device_id != self._member.device_id

    def _notice(self, edit: Edit, merged: Merged, current: Row) -> None:
        """Tell whoever gave way in a plain column; nothing is overwritten in silence (docs/protocol.md, Conflict)."""
        for group in merged.lost:
            mine, theirs = _pick(edit.values, group), _pick(current, group)
            self._tell(edit, self._stamp.transaction_id, mine, theirs)
        for group in merged.replaced:
            last = self._last_write(edit, group[0])
            if last is not None and last.device_id != self._member.device_id:
                self._tell(edit, last.transaction_id, _pick(current, group), _pick(edit.values, group))

    def _tell(self, edit: Edit, loser: UUID, lost: Row, kept: Row) -> None:
        wire = edit.rows.to_wire
        self._notices.append(Notice(edit.rows.table, edit.row_id, LostEditData(loser, wire(lost), wire(kept))))

    # -- the log ------------------------------------------------------------------------------------------------

    def _record(self, edit: Edit, op: Op, values: Row, old: Row | None, new: Row | None) -> None:
        rows = edit.rows
        version = 0 if old is None else cast("int", old["version"])
        before: Row = {} if old is None else _pick(old, rows.carried if op is Op.DELETE else tuple(values))
        mutation = Mutation(edit.id, rows.table, op, edit.row_id, version, values, before, f"{rows.name}.{op.value}")
        self._done.append(_Done(mutation, self._journal.next_seq(), RowChange(rows.name, old, new)))
        self._rows[(rows.name, edit.row_id)] = new

    def _log(self, moves: ScopeMoves) -> None:
        holders = self._audiences()
        entries = self._entries(holders)
        for (name, row_id), before in moves.moved(done.change for done in self._done).items():
            table = _SYNCED[name]
            row = codec(table).read(self._connection, self._member.org_id, row_id)
            after = self._scope.audience(name, row)
            entries.append((Entry(table, row_id, row, before, after, None), self._journal.next_seq()))
        entries += self._told(holders)
        self._journal.write(entries, self._stamp, self._now)

    def _entries(self, holders: Mapping[Key, Audience]) -> list[tuple[Entry, int]]:
        """The entries of what was done, with the audiences that hold the rows now."""
        entries: list[tuple[Entry, int]] = []
        for mutation, seq, change in self._done:
            key = (change.table, mutation.row_id)
            before, after = self._held_by.get(key, OFFICE), holders.get(key, OFFICE)
            entries.append((Entry(mutation.table, mutation.row_id, change.new, before, after, mutation), seq))
            self._result.seq = seq
        return entries

    def _told(self, holders: Mapping[Key, Audience]) -> list[tuple[Entry, int]]:
        """The entries of the notices."""
        entries: list[tuple[Entry, int]] = []
        for notice in self._notices:
            after = holders.get((str(notice.table.name), notice.row_id), OFFICE)
            entry = Entry(notice.table, notice.row_id, None, after, after, None, notice)
            entries.append((entry, self._journal.next_seq()))
        return entries


def _decode(wire: WireMutation) -> Edit:
    table = _SYNCED.get(wire.table)
    if table is None:
        raise UserError("invalid", "There is no such table.", column="table")
    rows = codec(table)
    values, before = rows.from_wire(wire.values), rows.from_wire(wire.before)
    if wire.op == "update" and (unseen := values.keys() - before.keys()):
        raise UserError("invalid", "An update says what its device had seen.", column=min(unseen))
    return Edit(wire.id, rows, Op(wire.op), wire.row_id, wire.base_version, values, before)


def _pick(row: Row, names: Sequence[str]) -> dict[str, Value]:
    return {name: row[name] for name in names}


def _already_exists() -> UserError:
    return UserError("already_exists", "There is one like this already.")
