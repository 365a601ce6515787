"""The edits of this PC that the service has not settled, and the service rows under them, in one sync transaction."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from driveflow_desktop.kernel.errors import Bug
from driveflow_desktop.store.log import BASE_ROWS, OUTBOX
from driveflow_desktop.store.log_tables import Op
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.types import Json
from driveflow_desktop.sync.conflicts import keep_conflict, open_conflicts, withdraw
from driveflow_desktop.sync.outbox import PendingEdit, dependants, mark_accepted, mark_held, pending_edits

RowKey: TypeAlias = tuple[str, UUID]
WireImage: TypeAlias = Mapping[str, Json] | None
"""A row in wire form, or None for "does not exist"."""
_CHUNK: Final = 500


class Pending:
    """Pending edits and their base rows, kept in step with the replica's tables."""

    def __init__(self, connection: sa.Connection, org_id: UUID, tables: sa.MetaData, now: datetime) -> None:
        self._connection = connection
        self._org_id = org_id
        self._tables = tables
        self._now = now
        self._by_row: dict[RowKey, list[PendingEdit]] = {}
        self._by_transaction: dict[UUID, list[PendingEdit]] = {}
        self._held: set[UUID] = set()
        for edit in pending_edits(connection, org_id):
            self._by_row.setdefault(edit.key, []).append(edit)
            self._by_transaction.setdefault(edit.transaction_id, []).append(edit)
        self._were_held = {edit.transaction_id for edit in self._edits() if edit.held}
        keys = connection.execute(sa.select(BASE_ROWS.c.table_name, BASE_ROWS.c.id).where(BASE_ROWS.c.org_id == org_id))
        self._based: set[RowKey] = {(row.table_name, row.id) for row in keys}
        self._bases: dict[RowKey, WireImage] = {}
        self.set_aside: set[UUID] = set()
        self.inbox: set[UUID] = set()
        """Conflicts that came, or went because the service had applied them."""

    # -- asking -------------------------------------------------------------------------------------------------

    def rows(self) -> set[RowKey]:
        """The rows under pending edits."""
        return set(self._by_row)

    def has_base(self, key: RowKey) -> bool:
        """Whether the service's row is kept aside for `key`."""
        return key in self._based

    def own(self, transactions: Collection[UUID]) -> set[UUID]:
        """Those of `transactions` that wait here: pending, or as conflicts in the inbox."""
        known = self._by_transaction.keys() | open_conflicts(self._connection, self._org_id)
        return known & set(transactions)

    def transactions_on(self, key: RowKey) -> set[UUID]:
        """The pending transactions that touch a row and are laid on it."""
        return {edit.transaction_id for edit in self._by_row.get(key, ())} - self._held

    def accepted_among(self, transactions: Iterable[UUID]) -> bool:
        """Whether the service has applied one of them already."""
        return any(edit.acked_seq is not None for one in transactions for edit in self._by_transaction.get(one, ()))

    def held_rows(self) -> set[RowKey]:
        """The rows under edits that the last step held back."""
        return self._rows_of(self._were_held)

    def images(self, keys: Collection[RowKey], incoming: Mapping[RowKey, WireImage]) -> dict[RowKey, WireImage]:
        """What each row must look like now: the service's row with the pending edits on top."""
        self._read_bases(self._based.intersection(keys) - self._bases.keys())
        found: dict[RowKey, WireImage] = {}
        for key in keys:
            if key not in self._based and key not in incoming:
                raise Bug(f"a {key[0]} row is rewritten without a service row under it")
            image = self._bases[key] if key in self._based else incoming[key]
            for edit in self._by_row.get(key, ()):
                if edit.transaction_id not in self._held:
                    image = self._lay(edit, image)
            found[key] = image
        return found

    def _read_bases(self, keys: Collection[RowKey]) -> None:
        by_table: dict[str, list[UUID]] = {}
        for table, row_id in keys:
            by_table.setdefault(table, []).append(row_id)
        for table, ids in by_table.items():
            of_table = (BASE_ROWS.c.org_id == self._org_id, BASE_ROWS.c.table_name == table)
            for start in range(0, len(ids), _CHUNK):
                chunk = BASE_ROWS.c.id.in_(ids[start : start + _CHUNK])
                rows = self._connection.execute(sa.select(BASE_ROWS.c.id, BASE_ROWS.c.row).where(*of_table, chunk))
                self._bases |= {(table, row.id): row.row for row in rows}

    def _lay(self, edit: PendingEdit, image: WireImage) -> WireImage:
        if edit.op is Op.DELETE:
            return None
        if edit.op is Op.UPDATE:
            return None if image is None else {**image, **edit.values}
        rows = codec(self._tables.tables[edit.table])
        times = {"created_at": edit.occurred_at, "updated_at": edit.occurred_at}
        fresh = rows.to_wire({"org_id": self._org_id, "id": edit.row_id, "version": 0, **times})
        return {**fresh, **(image or {}), **edit.values}

    # -- changing -----------------------------------------------------------------------------------------------

    def keep_base(self, images: Mapping[RowKey, WireImage]) -> None:
        """Keep the service's newest rows under the edits."""
        if not images:
            return
        self._bases.update(images)
        statement = sqlite.insert(BASE_ROWS)
        newest = statement.on_conflict_do_update(
            index_elements=("org_id", "table_name", "id"), set_={"row": statement.excluded.row}
        )
        entries = [
            {"org_id": self._org_id, "table_name": table, "id": row_id, "row": image}
            for (table, row_id), image in images.items()
        ]
        self._connection.execute(newest, entries)

    def accept(self, accepted: Mapping[UUID, int]) -> None:
        """Note the sequences up to which the service applied transactions."""
        if not accepted:
            return
        # A transaction set aside here may have been applied all the same, when its answer was lost.
        withdrawn = withdraw(self._connection, self._org_id, accepted.keys(), self._now)
        self.inbox.update(withdrawn)
        for transaction_id in withdrawn:
            mine = (OUTBOX.c.org_id == self._org_id, OUTBOX.c.transaction_id == transaction_id)
            stands = {"acked_seq": accepted[transaction_id], "last_error": None}
            self._connection.execute(OUTBOX.update().where(*mine).values(stands))
        mark_accepted(self._connection, self._org_id, accepted)
        for transaction_id in accepted.keys() & self._by_transaction.keys():
            self._replace(transaction_id, accepted[transaction_id])

    def finish_reached(self, cursor: int) -> set[RowKey]:
        """Take off the edits that the cursor has reached; returns the rows that lose some."""
        done = {e.transaction_id for e in self._edits() if e.acked_seq is not None and e.acked_seq <= cursor}
        if done:
            where = (OUTBOX.c.org_id == self._org_id, OUTBOX.c.acked_seq <= cursor, OUTBOX.c.processed_at.is_(None))
            self._connection.execute(OUTBOX.update().where(*where).values(processed_at=self._now, last_error=None))
        return self._drop(done)

    def put_aside(
        self, roots: Collection[UUID], code: str, detail: str | None, theirs: Mapping[str, Json]
    ) -> set[RowKey]:
        """Keep transactions, and what cannot stand without them, as conflicts; returns the rows that lose edits."""
        gone = self._with_dependants(roots)
        if not gone:
            return set()
        for transaction_id in sorted(gone):
            own_code = code if transaction_id in roots else "missing_reference"
            mine = self._by_transaction[transaction_id]
            keep_conflict(
                self._connection, conflict_row(self._org_id, transaction_id, own_code, detail, mine, theirs, self._now)
            )
        finished = {"processed_at": self._now, "last_error": code}
        for transaction_id in gone:
            where = (OUTBOX.c.org_id == self._org_id, OUTBOX.c.transaction_id == transaction_id)
            self._connection.execute(OUTBOX.update().where(*where, OUTBOX.c.processed_at.is_(None)).values(finished))
        self.set_aside |= gone
        self.inbox |= gone
        return self._drop(gone)

    def hold(self, roots: Collection[UUID]) -> set[RowKey]:
        """Leave transactions, and what cannot stand without them, out of this step's overlay; returns their rows.

        They stay pending, and the next step lays them on again.
        """
        held = self._with_dependants(roots, accepted_too=True)
        self._held |= held
        return self._rows_of(held)

    def close(self) -> None:
        """Forget the bases of rows without pending edits, and note which transactions are held back."""
        free = self._based - self._by_row.keys()
        if free:
            table = sa.bindparam("free_table", type_=BASE_ROWS.c.table_name.type)
            row_id = sa.bindparam("free_id", type_=BASE_ROWS.c.id.type)
            where = (BASE_ROWS.c.org_id == self._org_id, BASE_ROWS.c.table_name == table, BASE_ROWS.c.id == row_id)
            entries = [{"free_table": name, "free_id": key} for name, key in free]
            self._connection.execute(BASE_ROWS.delete().where(*where), entries)
            self._based -= free
        waiting = self._by_transaction.keys()
        mark_held(self._connection, self._org_id, self._held - self._were_held, held=True)
        mark_held(self._connection, self._org_id, (self._were_held - self._held) & waiting, held=False)

    # -- helpers ------------------------------------------------------------------------------------------------

    def _edits(self) -> Iterable[PendingEdit]:
        return (edit for edits in self._by_transaction.values() for edit in edits)

    def _rows_of(self, transactions: Iterable[UUID]) -> set[RowKey]:
        return {edit.key for one in transactions for edit in self._by_transaction.get(one, ())}

    def _with_dependants(self, roots: Collection[UUID], *, accepted_too: bool = False) -> set[UUID]:
        waiting = self._by_transaction.keys() & set(roots)
        if not waiting:
            return set()
        open_edits = self._edits() if accepted_too else (edit for edit in self._edits() if edit.acked_seq is None)
        return dependants(list(open_edits), waiting)

    def _replace(self, transaction_id: UUID, seq: int) -> None:
        edits = [replace(edit, acked_seq=seq) for edit in self._by_transaction[transaction_id]]
        self._by_transaction[transaction_id] = edits
        newer = {edit.mutation_id: edit for edit in edits}
        for key in {edit.key for edit in edits}:
            self._by_row[key] = [newer.get(edit.mutation_id, edit) for edit in self._by_row[key]]

    def _drop(self, transactions: Collection[UUID]) -> set[RowKey]:
        touched = self._rows_of(transactions)
        for key in touched:
            left = [edit for edit in self._by_row[key] if edit.transaction_id not in transactions]
            if left:
                self._by_row[key] = left
            else:
                del self._by_row[key]
        for transaction_id in transactions:
            self._by_transaction.pop(transaction_id, None)
        return touched


def conflict_row(
    org_id: UUID,
    transaction_id: UUID,
    code: str,
    detail: str | None,
    edits: Iterable[PendingEdit],
    theirs: Mapping[str, Json],
    now: datetime,
) -> dict[str, object]:
    """A transaction that did not stand, as the inbox keeps it: whole, so that it can be applied again."""
    mine: list[Json] = [
        {"table": edit.table, "id": str(edit.row_id), "op": edit.op.value, "values": edit.values, "before": edit.before}
        for edit in edits
    ]
    return {
        "org_id": org_id,
        "transaction_id": transaction_id,
        "code": code,
        "detail": detail,
        "mine": {"mutations": mine},
        "theirs": theirs,
        "created_at": now,
    }
