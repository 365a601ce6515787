"""The one way to write: rows, outbox and audit together, in one transaction, or nothing.

A command receives a `UnitOfWork`, changes rows through it, and the store commits. Every change is read against the
current row, so that only real differences are written and logged, and every change can be taken back (`Revert`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Generic, Protocol, TypeVar, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.kernel.clock import Clock
from driveflow_desktop.kernel.errors import Bug, UserError
from driveflow_desktop.kernel.ids import IdSource
from driveflow_desktop.store.base import TenantRow
from driveflow_desktop.store.log import BASE_ROWS, Mutation, Stamp, write_log
from driveflow_desktop.store.log_tables import Op
from driveflow_desktop.store.rows import Row, cascade_children, codec
from driveflow_desktop.store.types import Json, Value

T = TypeVar("T")
_BULK: Final = 2_000
_KEEP_FIRST: Final = sqlite.insert(BASE_ROWS).on_conflict_do_nothing()


class Guard(Protocol):
    """The hard rules, asked once before a commit with everything the transaction did. Raises `UserError`."""

    def __call__(self, connection: sa.Connection, org_id: UUID, mutations: Sequence[Mutation]) -> None:
        """Refuse the transaction by raising, or return."""
        ...


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes: the signed-in person, on which device, in which school."""

    org_id: UUID
    user_id: UUID | None
    device_id: UUID | None


@dataclass(frozen=True, slots=True)
class Revert:
    """What would take a transaction back: its mutations, to be undone last first, then what it did beside them."""

    mutations: tuple[Mutation, ...]
    beside: "tuple[Callable[[UnitOfWork], None], ...]" = ()


@dataclass(frozen=True, slots=True)
class Receipt(Generic[T]):
    """What a committed command did.

    `inverse` undoes it (None when it cannot be undone), `warnings` are advice the person overruled or should know,
    `value` is what the command returned.
    """

    value: T
    changes: Changes
    inverse: Revert | None
    transaction_id: UUID
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class _Written:
    mutations: list[Mutation] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    beside: list[tuple[str, UUID, "Callable[[UnitOfWork], None]"]] = field(default_factory=list)


class UnitOfWork:
    """One open write transaction. Made by the store, used by commands, never kept."""

    def __init__(
        self, connection: sa.Connection, actor: Actor, clock: Clock, ids: IdSource, schema: str, guard: Guard
    ) -> None:
        self.connection = connection
        self.actor = actor
        self.now: Final[datetime] = clock.now()
        self._ids = ids
        self._guard = guard
        self._topic: str | None = None
        self._written = _Written()
        self._undoable = True
        self._bases: dict[tuple[str, UUID], dict[str, Json]] = {}
        self.stamp = Stamp(actor.org_id, ids.new(), actor.user_id, actor.device_id, schema, self.now)

    @property
    def org_id(self) -> UUID:
        """The school written to."""
        return self.actor.org_id

    def new_id(self) -> UUID:
        """A new row id."""
        return self._ids.new()

    def describe(self, topic: str) -> None:
        """Name what the following changes mean (`booking.moved`), for the log, the audit and the school's webhooks."""
        self._topic = topic

    def warn(self, message: str) -> None:
        """Add advice for the person to the receipt."""
        self._written.warnings.append(message)

    def did_beside(self, table: str, row_id: UUID, undo: "Callable[[UnitOfWork], None]") -> None:
        """Tell of a change to a table that is this PC's alone and not in the log: screens hear of it, undo takes it
        back by `undo`, which tells of its own change in turn.
        """
        self._written.beside.append((table, row_id, undo))

    def not_undoable(self) -> None:
        """Say that no inverse exists (a document was sent, money moved)."""
        self._undoable = False

    # -- rows ---------------------------------------------------------------------------------------------------

    def get(self, kind: type[TenantRow], row_id: UUID) -> Row | None:
        """The current row, as this transaction sees it, or None."""
        return codec(_table(kind)).read(self.connection, self.org_id, row_id)

    def require(self, kind: type[TenantRow], row_id: UUID) -> Row:
        """The current row; `UserError("gone")` when it does not exist."""
        found = self.get(kind, row_id)
        if found is None:
            raise UserError("gone", "That is no longer there.", hint="It may have been deleted on another PC.")
        return found

    def insert(self, kind: type[TenantRow], values: Mapping[str, Value], *, row_id: UUID | None = None) -> UUID:
        """Add a row and return its id; columns left out take the schema's defaults."""
        return self.bulk(kind, [values] if row_id is None else [{**values, "id": row_id}])[0]

    def bulk(self, kind: type[TenantRow], rows: Iterable[Mapping[str, Value]]) -> list[UUID]:
        """Add many rows (imports, series, the demo) with their log entries; each may bring its own `id`."""
        table = _table(kind)
        made: list[UUID] = []
        chunk: list[dict[str, Value]] = []
        for values in rows:
            row_id = cast("UUID | None", values.get("id")) or self._ids.new()
            carried = {name: value for name, value in values.items() if name != "id"}
            full = codec(table).complete(carried)
            made.append(row_id)
            self._record(table, Op.INSERT, row_id, 0, full, {})
            chunk.append({**full, **self._service_columns(), "id": row_id})
            if len(chunk) == _BULK:
                codec(table).insert(self.connection, chunk)
                chunk = []
        if chunk:
            codec(table).insert(self.connection, chunk)
        return made

    def update(self, kind: type[TenantRow], row_id: UUID, values: Mapping[str, Value]) -> bool:
        """Change columns of a row; returns whether anything really differed."""
        return self._update(_table(kind), row_id, self.require(kind, row_id), values)

    def delete(self, kind: type[TenantRow], row_id: UUID) -> None:
        """Remove a row and what it owns; `in_use` when something else refers to it."""
        self.require(kind, row_id)
        self._delete(_table(kind), row_id)

    def revert(self, inverse: Revert) -> None:
        """Take back an earlier transaction: the command behind undo and redo.

        Refused with `changed_since` when someone changed the same columns after it.
        """
        for mutation in reversed(inverse.mutations):
            self._topic = f"{mutation.topic}.undone" if not mutation.topic.endswith(".undone") else mutation.topic[:-7]
            self._revert_one(mutation)
        for undo in reversed(inverse.beside):
            undo(self)

    # -- finishing ----------------------------------------------------------------------------------------------

    def finish(self, value: T) -> Receipt[T]:
        """Check the hard rules, write the log, and make the receipt; the store commits afterwards."""
        mutations = self._written.mutations
        self._guard(self.connection, self.org_id, mutations)
        self._keep_base_rows(mutations)
        write_log(self.connection, mutations, self.stamp)
        changed: dict[str, set[UUID]] = {}
        for mutation in mutations:
            changed.setdefault(mutation.table_name, set()).add(mutation.row_id)
        for table, row_id, _undo in self._written.beside:
            changed.setdefault(table, set()).add(row_id)
        undos = tuple(undo for _table, _row_id, undo in self._written.beside)
        inverse = Revert(tuple(mutations), undos) if self._undoable and (mutations or undos) else None
        return Receipt(value, Changes(changed), inverse, self.stamp.transaction_id, tuple(self._written.warnings))

    def _keep_base_rows(self, mutations: Sequence[Mutation]) -> None:
        """Keep the service's row under each first pending edit (docs/protocol.md, On the PC)."""
        if not mutations:
            return
        first: dict[tuple[str, UUID], Mutation] = {}
        for mutation in mutations:
            first.setdefault((mutation.table_name, mutation.row_id), mutation)
        entries = [
            {"org_id": self.org_id, "table_name": name, "id": row_id, "row": self._bases.get((name, row_id))}
            for (name, row_id) in first
        ]
        self.connection.execute(_KEEP_FIRST, entries)

    # -- one row ------------------------------------------------------------------------------------------------

    def _update(self, table: sa.Table, row_id: UUID, current: Row, values: Mapping[str, Value]) -> bool:
        rows = codec(table)
        changed = rows.differences(current, values)
        if not changed:
            return False
        self._remember_base(table, row_id, current)
        rows.update(self.connection, self.org_id, row_id, {**changed, "updated_at": self.now})
        before = {name: current[name] for name in changed}
        self._record(table, Op.UPDATE, row_id, cast("int", current["version"]), changed, before)
        return True

    def _delete(self, table: sa.Table, row_id: UUID) -> None:
        for child, column in cascade_children(table.metadata, table):
            where = (child.c.org_id == self.org_id, child.c[column] == row_id)
            for child_id in self.connection.execute(sa.select(child.c.id).where(*where)).scalars().all():
                self._delete(child, child_id)
        rows = codec(table)
        current = rows.read(self.connection, self.org_id, row_id)
        if current is None:
            raise Bug(f"{table.name} row vanished inside its own transaction")
        self._remember_base(table, row_id, current)
        rows.delete(self.connection, self.org_id, [row_id])
        before = {name: current[name] for name in rows.carried}
        self._record(table, Op.DELETE, row_id, cast("int", current["version"]), {}, before)

    def _revert_one(self, mutation: Mutation) -> None:
        current = codec(mutation.table).read(self.connection, self.org_id, mutation.row_id)
        if mutation.op is Op.DELETE:
            if current is not None:
                raise _changed_since(mutation)
            full = {**mutation.before, **self._service_columns(), "id": mutation.row_id}
            codec(mutation.table).insert(self.connection, [full])
            self._record(mutation.table, Op.INSERT, mutation.row_id, 0, mutation.before, {})
            return
        if current is None or any(current[name] != value for name, value in mutation.values.items()):
            raise _changed_since(mutation)
        if mutation.op is Op.INSERT:
            self._delete(mutation.table, mutation.row_id)
        else:
            self._update(mutation.table, mutation.row_id, current, mutation.before)

    def _remember_base(self, table: sa.Table, row_id: UUID, current: Row) -> None:
        if cast("int", current["version"]) > 0:
            self._bases.setdefault((str(table.name), row_id), codec(table).to_wire(current))

    def _record(self, table: sa.Table, op: Op, row_id: UUID, base_version: int, values: Row, before: Row) -> None:
        topic = self._topic or f"{table.name}.{op.value}"
        self._written.mutations.append(
            Mutation(self._ids.new(), table, op, row_id, base_version, values, before, topic)
        )

    def _service_columns(self) -> dict[str, Value]:
        return {"org_id": self.org_id, "created_at": self.now, "updated_at": self.now, "version": 0}


def no_guard(connection: sa.Connection, org_id: UUID, mutations: Sequence[Mutation]) -> None:
    """A guard without rules, for the store's own tests."""


Command = Callable[[UnitOfWork], T]
"""A write: takes the unit of work, returns a value for the receipt."""


def _table(kind: type[TenantRow]) -> sa.Table:
    return cast("sa.Table", kind.__table__)


def _changed_since(mutation: Mutation) -> UserError:
    return UserError(
        "changed_since",
        "This was changed again in the meantime, so it cannot be undone.",
        hint="Change it by hand instead.",
        table=mutation.table_name,
        row_id=mutation.row_id,
    )
