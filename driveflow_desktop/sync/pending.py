"""The edits of this PC that the service has not settled, and the service rows under them, in one sync transaction."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeAlias, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from driveflow_desktop.kernel.errors import Bug
from driveflow_desktop.store.log import BASE_ROWS, OUTBOX
from driveflow_desktop.store.log_tables import Conflict, Op
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.types import Json
from driveflow_desktop.sync.outbox import PendingEdit, dependants, mark_accepted, pending_edits

RowKey: TypeAlias = tuple[str, UUID]
WireImage: TypeAlias = Mapping[str, Json] | None
"""A row in wire form, or None for "does not exist"."""

CONFLICTS: Final = cast("sa.Table", Conflict.__table__)


class Pending:
    """Pending edits and their base rows, kept in step with the replica's tables."""

    def __init__(self, connection: sa.Connection, org_id: UUID, tables: sa.MetaData, now: datetime) -> None:
        self._connection = connection
        self._org_id = org_id
        self._tables = tables
        self._now = now
        self._edits = pending_edits(connection, org_id)
        bases = connection.execute(sa.select(BASE_ROWS).where(BASE_ROWS.c.org_id == org_id))
        self._bases: dict[RowKey, WireImage] = {(row.table_name, row.id): row.row for row in bases}
        self.set_aside: set[UUID] = set()

    # -- asking -------------------------------------------------------------------------------------------------

    def keys(self) -> set[RowKey]:
        """The rows under pending edits."""
        return {edit.key for edit in self._edits}

    def has_base(self, key: RowKey) -> bool:
        """Whether the service's row is kept aside for `key`."""
        return key in self._bases

    def transactions(self) -> set[UUID]:
        """The transactions that are pending."""
        return {edit.transaction_id for edit in self._edits}

    def open_conflicts(self) -> set[UUID]:
        """The transactions that wait in the inbox."""
        where = (CONFLICTS.c.org_id == self._org_id, CONFLICTS.c.resolved_at.is_(None))
        return set(self._connection.execute(sa.select(CONFLICTS.c.transaction_id).where(*where)).scalars())

    def transactions_on(self, key: RowKey) -> set[UUID]:
        """The pending transactions that touch a row."""
        return {edit.transaction_id for edit in self._edits if edit.key == key}

    def images(self, keys: Collection[RowKey], incoming: Mapping[RowKey, WireImage]) -> dict[RowKey, WireImage]:
        """What each row must look like now: the service's row with the pending edits on top."""
        found: dict[RowKey, WireImage] = {}
        for key in keys:
            if key in self._bases:
                found[key] = self._bases[key]
            elif key in incoming:
                found[key] = incoming[key]
            else:
                raise Bug(f"a {key[0]} row is rewritten without a service row under it")
        for edit in self._edits:
            if edit.key in found:
                found[edit.key] = self._lay(edit, found[edit.key])
        return found

    def _lay(self, edit: PendingEdit, image: WireImage) -> WireImage:
        if edit.op is Op.DELETE:
            return None
        if edit.op is Op.UPDATE:
            return None if image is None else {**image, **edit.values}
        rows = codec(self._tables.tables[edit.table])
        times = {"created_at": self._now, "updated_at": self._now}
        fresh = rows.to_wire({"org_id": self._org_id, "id": edit.row_id, "version": 0, **times})
        return {**fresh, **(image or {}), **edit.values}

    # -- changing -----------------------------------------------------------------------------------------------

    def keep_base(self, key: RowKey, image: WireImage) -> None:
        """Keep the service's newest row under the edits."""
        self._bases[key] = image
        entry = {"org_id": self._org_id, "table_name": key[0], "id": key[1], "row": image}
        statement = sqlite.insert(BASE_ROWS).values(entry)
        primary = ("org_id", "table_name", "id")
        changed = {"row": statement.excluded.row}
        self._connection.execute(statement.on_conflict_do_update(index_elements=primary, set_=changed))

    def accept(self, accepted: Mapping[UUID, int]) -> None:
        """Note the sequences up to which the service applied transactions."""
        if not accepted:
            return
        self._withdraw_conflicts(accepted)
        mark_accepted(self._connection, self._org_id, accepted)
        self._edits = [replace(e, acked_seq=accepted.get(e.transaction_id, e.acked_seq)) for e in self._edits]

    def _withdraw_conflicts(self, accepted: Mapping[UUID, int]) -> None:
        """A transaction set aside here that the service had applied after all (its answer was lost) is no conflict."""
        open_ones = (CONFLICTS.c.org_id == self._org_id, CONFLICTS.c.resolved_at.is_(None))
        where = (*open_ones, CONFLICTS.c.transaction_id.in_(accepted.keys()))
        withdrawn = CONFLICTS.update().where(*where).values(resolved_at=self._now, resolution="applied")
        found = self._connection.execute(withdrawn.returning(CONFLICTS.c.transaction_id)).scalars().all()
        for transaction_id in found:
            mine = (OUTBOX.c.org_id == self._org_id, OUTBOX.c.transaction_id == transaction_id)
            stands = {"acked_seq": accepted[transaction_id], "last_error": None}
            self._connection.execute(OUTBOX.update().where(*mine).values(stands))

    def finish_reached(self, cursor: int) -> set[RowKey]:
        """Take off the edits that the cursor has reached; returns the rows that lose some."""
        done = {e.mutation_id for e in self._edits if e.acked_seq is not None and e.acked_seq <= cursor}
        if not done:
            return set()
        where = (OUTBOX.c.org_id == self._org_id, OUTBOX.c.acked_seq <= cursor, OUTBOX.c.processed_at.is_(None))
        self._connection.execute(OUTBOX.update().where(*where).values(processed_at=self._now))
        return self._drop(done)

    def put_aside(
        self, roots: Collection[UUID], code: str, detail: str | None, theirs: Mapping[str, Json]
    ) -> set[RowKey]:
        """Keep transactions, and what cannot stand without them, as conflicts; returns the rows that lose edits."""
        gone = dependants(self._edits, self.transactions() & set(roots))
        if not gone:
            return set()
        for transaction_id in sorted(gone):
            own_code = code if transaction_id in roots else "missing_reference"
            self._keep_conflict(transaction_id, own_code, detail, theirs)
        where = (OUTBOX.c.org_id == self._org_id, OUTBOX.c.transaction_id.in_(gone), OUTBOX.c.processed_at.is_(None))
        self._connection.execute(OUTBOX.update().where(*where).values(processed_at=self._now, last_error=code))
        self.set_aside |= gone
        return self._drop({edit.mutation_id for edit in self._edits if edit.transaction_id in gone})

    def forget_bases(self) -> None:
        """A row without pending edits needs no base."""
        for table, row_id in self._bases.keys() - self.keys():
            where = (BASE_ROWS.c.org_id == self._org_id, BASE_ROWS.c.table_name == table, BASE_ROWS.c.id == row_id)
            self._connection.execute(BASE_ROWS.delete().where(*where))
            del self._bases[(table, row_id)]

    def _drop(self, mutation_ids: set[UUID]) -> set[RowKey]:
        touched = {edit.key for edit in self._edits if edit.mutation_id in mutation_ids}
        self._edits = [edit for edit in self._edits if edit.mutation_id not in mutation_ids]
        return touched

    def _keep_conflict(self, transaction_id: UUID, code: str, detail: str | None, theirs: Mapping[str, Json]) -> None:
        mine: list[Json] = [
            {
                "table": edit.table,
                "id": str(edit.row_id),
                "op": edit.op.value,
                "values": edit.values,
                "before": edit.before,
            }
            for edit in self._edits
            if edit.transaction_id == transaction_id
        ]
        row = {
            "org_id": self._org_id,
            "transaction_id": transaction_id,
            "code": code,
            "detail": detail,
            "mine": {"mutations": mine},
            "theirs": theirs,
            "created_at": self._now,
        }
        self._connection.execute(sqlite.insert(CONFLICTS).on_conflict_do_nothing(), row)
