"""Applying one pushed transaction inside a savepoint: decode, judge, merge, write, log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.hard_rules import hard_rules
from driveflow_desktop.domain.people.tables import Guardian, Student, StudentGuardian
from driveflow_desktop.domain.tables import METADATA, synced_tables
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.journal import Entry, Journal
from driveflow_desktop.service.members import Member
from driveflow_desktop.service.rights import insertable, require_right
from driveflow_desktop.service.scope import Audience, ScopeReader, may_see
from driveflow_desktop.store.log import OUTBOX, Mutation, Stamp
from driveflow_desktop.store.log_tables import Op
from driveflow_desktop.store.rows import Row, RowCodec, cascade_children, codec
from driveflow_desktop.store.types import Json, Value
from driveflow_desktop.sync.merge import merge_update
from driveflow_desktop.sync.protocol import CurrentRow, WireMutation, WireTransaction

_SYNCED: Final = {str(table.name): table for table in synced_tables()}
_ONE_PER_PARENT: Final = frozenset({"lessons", "package_uses", "student_guardians"})
"""Tables whose ids are derived from their natural key, so that two PCs make the same row."""


@dataclass(slots=True)
class Applied:
    """What a transaction did: the sequence of its last mutation, and whether it met someone else's edit."""

    seq: int = 0
    merged: bool = False
    notices: list[dict[str, Json]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Refused(Exception):
    """A transaction that does not stand, with the rows it met."""

    error: UserError
    current: tuple[CurrentRow, ...] = ()


class TransactionApplier:
    """Applies one transaction of a member; the caller holds the school's lock and a savepoint."""

    def __init__(
        self, connection: sa.Connection, member: Member, journal: Journal, transaction: WireTransaction, at: datetime
    ) -> None:
        self._connection = connection
        self._member = member
        self._journal = journal
        self._transaction = transaction
        self._now = at
        self._scope = ScopeReader(connection, member.org_id)
        self._done: list[tuple[Mutation, Row | None, Row | None, Audience]] = []
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
        students = self._students_in_play()
        before = dict(self._scope.students(students)) if students else {}
        for wire in self._transaction.mutations:
            self._apply(wire)
        hard_rules(self._connection, self._member.org_id, [mutation for mutation, *_rest in self._done])
        self._log(before)
        return self._result

    # -- one mutation -------------------------------------------------------------------------------------------

    def _apply(self, wire: WireMutation) -> None:
        table = _SYNCED.get(wire.table)
        if table is None:
            raise UserError("invalid", "There is no such table.", column="table")
        rows = codec(table)
        op = Op(wire.op)
        values, before = rows.from_wire(wire.values), rows.from_wire(wire.before)
        current = rows.read(self._connection, self._member.org_id, wire.row_id)
        self._require_right(rows, op, values, current)
        if op is Op.INSERT:
            self._insert(rows, wire, values, current)
        elif current is None or not self._visible(rows.name, current):
            self._missing(wire, op)
        elif op is Op.UPDATE:
            self._update(rows, wire, values, before, current)
        else:
            self._delete(rows, wire, before, current)

    def _require_right(self, rows: RowCodec, op: Op, values: Row, current: Row | None) -> None:
        """Columns at their default count as not given: a full insert from a desk names every column."""
        role = self._member.role
        if op is Op.INSERT:
            allowed = insertable(role, rows.name)
            defaults = rows.default_values()
            named = [name for name, value in values.items() if name in allowed or value != defaults.get(name)]
            require_right(role, rows.name, op, named)
        else:
            changed = [name for name, value in values.items() if current is None or current[name] != value]
            require_right(role, rows.name, op, changed)

    def _visible(self, table: str, row: Row) -> bool:
        if self._member.sees_all:
            return True
        return may_see(self._scope.audience(table, row), self._member.instructor_id)

    def _require_references(self, rows: RowCodec, values: Row) -> None:
        """Every row referred to exists and lies in the member's scope; otherwise it is as if it did not exist."""
        for column, target, _cascades in rows.parents:
            wanted = values.get(column)
            if wanted is None:
                continue
            found = codec(_SYNCED[target]).read(self._connection, self._member.org_id, cast("UUID", wanted))
            if found is None or not self._visible(target, found):
                raise UserError("missing_reference", "It refers to something that is not there.", column=column)

    def _missing(self, wire: WireMutation, op: Op) -> None:
        if op is Op.DELETE:
            return  # gone already: what the delete wanted
        raise Refused(UserError("gone", "That row no longer exists."), (CurrentRow(wire.table, wire.row_id, None),))

    def _insert(self, rows: RowCodec, wire: WireMutation, values: Row, current: Row | None) -> None:
        if current is not None:
            if rows.name in _ONE_PER_PARENT and self._visible(rows.name, current):
                self._result.merged = True
                same = {name: value for name, value in values.items() if current[name] != value}
                self._update(rows, wire, same, {name: current[name] for name in same}, current)
                return
            raise Refused(_already_exists(), (self._current(rows, current),))
        full = rows.complete(values)
        row = {**full, **self._stamped(wire.row_id), "created_at": self._now}
        self._require_references(rows, full)
        if not self._visible(rows.name, row):
            raise UserError("forbidden", "That row would not be yours.")
        holder = rows.find_unique(self._connection, self._member.org_id, row)
        if holder is not None:
            held = rows.read(self._connection, self._member.org_id, holder)
            raise Refused(_already_exists(), () if held is None else (self._current(rows, held),))
        rows.insert(self._connection, [{**row, "version": 0}])
        self._record(rows, wire.id, Op.INSERT, wire.row_id, full, {}, None)

    def _update(self, rows: RowCodec, wire: WireMutation, values: Row, before: Row, current: Row) -> None:
        merged = merge_update(rows.name, current, before, values, lambda column: self._is_later(wire, column))
        if merged.conflicts:
            error = UserError("version_conflict", "Someone else changed this first.", column=merged.conflicts[0])
            raise Refused(error, (self._current(rows, current),))
        if merged.beside_another or cast("int", current["version"]) > wire.base_version:
            self._result.merged = self._result.merged or self._by_another_device(wire)
        for column in merged.lost:
            self._result.notices.append({"table": rows.name, "id": str(wire.row_id), "column": column})
        changed = {name: value for name, value in merged.values.items() if current[name] != value}
        if not changed:
            return
        self._require_references(rows, changed)
        rows.update(self._connection, self._member.org_id, wire.row_id, {**changed, "updated_at": self._now})
        after = {**current, **changed}
        if not self._visible(rows.name, after):
            raise UserError("forbidden", "That row would not be yours any more.")
        self._record(rows, wire.id, Op.UPDATE, wire.row_id, changed, {name: current[name] for name in changed}, current)

    def _delete(self, rows: RowCodec, wire: WireMutation, before: Row, current: Row) -> None:
        if any(current[name] != value for name, value in before.items()):
            error = UserError("version_conflict", "Someone else changed this before it was deleted.")
            raise Refused(error, (self._current(rows, current),))
        for child, column in cascade_children(METADATA, rows.table):
            where = (child.c.org_id == self._member.org_id, child.c[column] == wire.row_id)
            if self._connection.execute(sa.select(child.c.id).where(*where).limit(1)).first() is not None:
                # The device deletes what it knows of; rows it does not know must not vanish with their parent.
                raise Refused(UserError("in_use", "Something else still belongs to this."))
        rows.delete(self._connection, self._member.org_id, [wire.row_id])
        carried = {name: current[name] for name in rows.carried}
        self._record(rows, wire.id, Op.DELETE, wire.row_id, {}, carried, current)

    # -- helpers ------------------------------------------------------------------------------------------------

    def _stamped(self, row_id: UUID) -> dict[str, Value]:
        return {"org_id": self._member.org_id, "id": row_id, "updated_at": self._now}

    def _current(self, rows: RowCodec, row: Row) -> CurrentRow:
        return CurrentRow(rows.name, cast("UUID", row["id"]), rows.to_wire(row))

    def _last_writer(self, wire: WireMutation, column: str | None) -> sa.Row[*tuple[object, ...]] | None:
        where = [
            OUTBOX.c.org_id == self._member.org_id,
            OUTBOX.c.table_name == wire.table,
            OUTBOX.c.row_id == wire.row_id,
            OUTBOX.c.op != Op.EVENT,
        ]
        statement = sa.select(OUTBOX.c.occurred_at, OUTBOX.c.device_id, OUTBOX.c.payload).where(*where)
        for row in self._connection.execute(statement.order_by(OUTBOX.c.seq.desc())):
            if column is None or column in row.payload["columns"]:
                return row
        return None

    def _is_later(self, wire: WireMutation, column: str) -> bool:
        last = self._last_writer(wire, column)
        return last is None or self._stamp.at >= cast("datetime", last[0])

    def _by_another_device(self, wire: WireMutation) -> bool:
        last = self._last_writer(wire, None)
        return last is not None and last[1] != self._member.device_id

    def _record(
        self, rows: RowCodec, mutation_id: UUID, op: Op, row_id: UUID, values: Row, before: Row, old: Row | None
    ) -> None:
        version = 0 if old is None else cast("int", old["version"])
        topic = f"{rows.name}.{op.value}"
        mutation = Mutation(mutation_id, rows.table, op, row_id, version, values, before, topic)
        audience = self._scope.audience(rows.name, old)
        new = None if op is Op.DELETE else {**(old or self._stamped(row_id)), **values}
        self._done.append((mutation, old, new, audience))

    # -- the log ------------------------------------------------------------------------------------------------

    def _students_in_play(self) -> set[UUID]:
        """Students whose audience the transaction's bookings may change."""
        found: set[UUID] = set()
        bookings = _SYNCED["bookings"]
        ids = [wire.row_id for wire in self._transaction.mutations if wire.table == "bookings"]
        if not ids:
            return found
        rows = codec(bookings).read_many(self._connection, self._member.org_id, ids)
        found |= {cast("UUID", row["student_id"]) for row in rows.values()}
        for wire in self._transaction.mutations:
            student = wire.values.get("student_id") if wire.table == "bookings" else None
            if isinstance(student, str):
                found.add(UUID(student))
        return found

    def _log(self, students_before: Mapping[UUID, Audience]) -> None:
        for mutation, _old, _new, audience_before in self._done:
            rows = codec(mutation.table)
            seq = self._journal.next_seq()
            row: Row | None = None
            if mutation.op is not Op.DELETE:
                self._set_version(rows, mutation.row_id, seq)
                row = rows.read(self._connection, self._member.org_id, mutation.row_id)
            after = self._scope.audience(rows.name, row)
            entry = Entry(mutation.table, mutation.row_id, row, audience_before, after, mutation)
            self._journal.write(entry, seq, self._stamp, self._now)
            self._result.seq = seq
        students_after = self._scope.students(students_before.keys()) if students_before else {}
        for student_id, before in students_before.items():
            if students_after[student_id] != before:
                self._log_scope(student_id, before)

    def _set_version(self, rows: RowCodec, row_id: UUID, seq: int) -> None:
        rows.update(self._connection, self._member.org_id, row_id, {"version": seq})

    def _log_scope(self, student_id: UUID, before: Audience) -> None:
        """Log a student, the links and the guardians for the instructors who gain or lose them."""
        org_id = self._member.org_id
        links = cast("sa.Table", StudentGuardian.__table__)
        found = self._connection.execute(
            sa.select(StudentGuardian.id, StudentGuardian.guardian_id).where(
                StudentGuardian.org_id == org_id, StudentGuardian.student_id == student_id
            )
        ).all()
        keys = [(cast("sa.Table", Student.__table__), student_id)]
        keys += [(cast("sa.Table", Guardian.__table__), link.guardian_id) for link in found]
        keys += [(links, link.id) for link in found]
        for table, row_id in keys:
            row = codec(table).read(self._connection, org_id, row_id)
            # A guardian of two students may stay in sight through the other one.
            after = self._scope.audience(str(table.name), row)
            entry = Entry(table, row_id, row, before, after, None)
            self._journal.write(entry, self._journal.next_seq(), self._stamp, self._now)


def _already_exists() -> UserError:
    return UserError("already_exists", "There is one like this already.")
