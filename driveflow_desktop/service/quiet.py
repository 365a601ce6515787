"""Quiet transactions: edits of contacts and notes, which no rule, reference or audience looks at.

They are most of what a push holds, and nothing that the database knows decides about them but the rows they touch. So a
run of them is judged over rows read once, in memory, by the same steps as any other (`TransactionApplier`), and written
together. Whoever uses a run holds a savepoint, and judges the transactions one by one when the writing fails.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.tables import METADATA, synced_tables
from driveflow_desktop.service.apply import Applied, Edit, TransactionApplier
from driveflow_desktop.service.history import Write
from driveflow_desktop.service.journal import Journal, Logged
from driveflow_desktop.service.members import Member
from driveflow_desktop.service.scope import Audience, Key, ScopeReader, may_see
from driveflow_desktop.store.rows import Row, codec
from driveflow_desktop.store.types import Value
from driveflow_desktop.sync.columns import ColumnClass, class_of
from driveflow_desktop.sync.protocol import WireTransaction

_TABLES: Final = frozenset(str(table.name) for table in synced_tables()) - {"orgs"}
"""Tables that have quiet columns; whatever a school says about itself is looked at by a rule."""


def is_quiet(transaction: WireTransaction) -> bool:
    """Whether all that a transaction does is to set plain and text columns of rows."""
    return all(
        mutation.op == "update"
        and mutation.table in _TABLES
        and all(class_of(mutation.table, name) is not ColumnClass.GUARDED for name in mutation.values)
        for mutation in transaction.mutations
    )


class QuietRun:
    """Quiet transactions under way: the rows as they leave them, and what is to be written."""

    def __init__(
        self, connection: sa.Connection, member: Member, journal: Journal, transactions: Iterable[WireTransaction]
    ) -> None:
        self._connection = connection
        self._member = member
        self._journal = journal
        self.rows: dict[Key, Row | None] = {}
        self.held_by: dict[Key, Audience] = {}
        self._changed: dict[Key, dict[str, Value]] = {}
        self._logged: list[Logged] = []
        self._writes: dict[Key, list[tuple[frozenset[str], Write]]] = {}
        self._read(transactions)

    def apply(self, transaction: WireTransaction, now: datetime) -> Applied:
        """Judge the next transaction. Raises what `TransactionApplier.run` raises, and then nothing was taken."""
        return _QuietApplier(self._connection, self._member, self._journal, transaction, now, self).run()

    def last_write(self, key: Key, column: str | None) -> Write | None:
        """The newest write of a row, or of one of its columns, by this run; None when it has not written it."""
        written = reversed(self._writes.get(key, ()))
        return next((write for columns, write in written if column is None or column in columns), None)

    def take(
        self, rows: Mapping[Key, Row | None], changed: Iterable[tuple[Key, Row]], logged: Sequence[Logged]
    ) -> None:
        """Keep what a transaction came to."""
        self.rows.update(rows)
        for key, values in changed:
            self._changed.setdefault(key, {}).update(values)
        self._logged += logged
        for one in logged:
            if one.entry.mutation is not None:
                write = Write(one.stamp.transaction_id, one.stamp.device_id, one.stamp.at)
                key = (one.entry.mutation.table_name, one.entry.row_id)
                self._writes.setdefault(key, []).append((frozenset(one.entry.mutation.values), write))

    def write(self, now: datetime) -> None:
        """Write the rows, each once in its last state, and the log."""
        alike: dict[tuple[str, tuple[str, ...]], list[tuple[UUID, Row]]] = {}
        for (table, row_id), values in self._changed.items():
            alike.setdefault((table, tuple(sorted(values))), []).append((row_id, values))
        for (table, columns), rows in alike.items():
            codec(METADATA.tables[table]).update_many(self._connection, self._member.org_id, columns, rows)
        self._journal.write_all(self._logged, now)

    def _read(self, transactions: Iterable[WireTransaction]) -> None:
        wanted: dict[str, set[UUID]] = {}
        for transaction in transactions:
            for mutation in transaction.mutations:
                wanted.setdefault(mutation.table, set()).add(mutation.row_id)
        scope = ScopeReader(self._connection, self._member.org_id)
        for table, ids in wanted.items():
            found = codec(METADATA.tables[table]).read_many(self._connection, self._member.org_id, ids)
            self.rows |= {(table, row_id): found.get(row_id) for row_id in ids}
            self.held_by |= {(table, row_id): to for row_id, to in scope.audiences(table, found).items()}


class _QuietApplier(TransactionApplier):
    """One transaction over the rows of its run. Audiences stay as they are: no quiet column decides about one."""

    def __init__(
        self,
        connection: sa.Connection,
        member: Member,
        journal: Journal,
        transaction: WireTransaction,
        at: datetime,
        run: QuietRun,
    ) -> None:
        super().__init__(connection, member, journal, transaction, at)
        self._run = run
        self._changed: list[tuple[Key, Row]] = []

    def run(self) -> Applied:
        """Apply every mutation, then the hard rules; the run keeps what is to be written."""
        keys = [(edit.rows.name, edit.row_id) for edit in self._edits]
        self._rows = {key: self._run.rows[key] for key in keys}
        self._held_by = {key: self._run.held_by[key] for key in keys if key in self._run.held_by}
        for edit in self._edits:
            self._apply(edit)
        self._require_hard_rules()
        entries = self._entries(self._held_by)
        entries += self._told(self._held_by)
        self._run.take(self._rows, self._changed, [Logged(entry, seq, self._stamp) for entry, seq in entries])
        return self._result

    def _write(self, edit: Edit, stamped: Row) -> None:
        self._changed.append(((edit.rows.name, edit.row_id), stamped))

    def _last_write(self, edit: Edit, column: str | None = None) -> Write | None:
        return self._run.last_write((edit.rows.name, edit.row_id), column) or super()._last_write(edit, column)

    def _visible(self, table: str, row: Row) -> bool:
        held_by = self._held_by.get((table, cast("UUID", row["id"])))
        return self._member.sees_all or (held_by is not None and may_see(held_by, self._member.instructor_id))
