"""Rows that the service writes by itself (memberships, a new school's policies), logged so that they travel."""

from datetime import datetime
from types import TracebackType
from typing import Final, Self, cast
from uuid import UUID, uuid4

import sqlalchemy as sa

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.journal import Entry, Journal
from driveflow_desktop.service.scope import OFFICE, Audience, ScopeReader
from driveflow_desktop.store.base import TenantRow
from driveflow_desktop.store.log import Mutation, Stamp
from driveflow_desktop.store.log_tables import Op
from driveflow_desktop.store.rows import Row, codec
from driveflow_desktop.store.types import Value


class ServiceWrites:
    """One logged transaction of the service inside a `school_transaction`; a context, in which the school is locked.

    For tables whose audience does not depend on others' rows. The log is written when the context ends well.
    """

    def __init__(
        self, connection: sa.Connection, org_id: UUID, *, schema: str, now: datetime, actor_user_id: UUID | None = None
    ) -> None:
        self._connection = connection
        self._org_id = org_id
        self._scope = ScopeReader(connection, org_id)
        self._stamp: Final = Stamp(org_id, uuid4(), actor_user_id, None, schema, now)
        self._journal = Journal.lock(connection, org_id)
        self._entries: list[tuple[Entry, int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._journal.write(self._entries, self._stamp, self._stamp.at)
            self._journal.close()

    def read(self, kind: type[TenantRow], row_id: UUID) -> Row | None:
        """The row as it stands, or None."""
        return codec(_table(kind)).read(self._connection, self._org_id, row_id)

    def insert(self, kind: type[TenantRow], row_id: UUID, values: Row, topic: str) -> None:
        """Add a row; columns left out take the schema's defaults."""
        table = _table(kind)
        full = codec(table).complete(values)
        own: dict[str, Value] = {"org_id": self._org_id, "id": row_id, "created_at": self._stamp.at}
        row: Row = {**full, **own, **self._versioned()}
        codec(table).insert(self._connection, [row])
        mutation = Mutation(uuid4(), table, Op.INSERT, row_id, 0, full, {}, topic)
        self._log(mutation, row, OFFICE)

    def update(self, kind: type[TenantRow], row_id: UUID, values: Row, topic: str) -> None:
        """Change columns of a row; nothing is logged when they are so already. Raises `UserError("gone")`."""
        table = _table(kind)
        current = self.read(kind, row_id)
        if current is None:
            raise UserError("gone", "That row no longer exists.")
        changed = codec(table).differences(current, values)
        if not changed:
            return
        held_by = self._scope.audience(str(table.name), current)
        stamped: dict[str, Value] = {**changed, **self._versioned()}
        codec(table).update(self._connection, self._org_id, row_id, stamped)
        before = {name: current[name] for name in changed}
        version = cast("int", current["version"])
        mutation = Mutation(uuid4(), table, Op.UPDATE, row_id, version, changed, before, topic)
        self._log(mutation, {**current, **stamped}, held_by)

    def _versioned(self) -> dict[str, Value]:
        return {"updated_at": self._stamp.at, "version": self._journal.head + 1}

    def _log(self, mutation: Mutation, row: Row, held_by: Audience) -> None:
        after = self._scope.audience(mutation.table_name, row)
        entry = Entry(mutation.table, mutation.row_id, row, held_by, after, mutation)
        self._entries.append((entry, self._journal.next_seq()))


def _table(kind: type[TenantRow]) -> sa.Table:
    return cast("sa.Table", kind.__table__)
