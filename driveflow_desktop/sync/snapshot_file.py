"""The replica that a snapshot is built in: a file of its own beside the open one, which it replaces when complete.

What has arrived is committed batch by batch with the place to go on from, so that a cut, a stop or a killed program
costs the last batch. Until everything is there, indexes and the search index are missing and references may dangle.
"""

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final, cast
from uuid import UUID

import msgspec
import sqlalchemy as sa

from driveflow_desktop.domain.tables import synced_tables
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store import migrate, search_index
from driveflow_desktop.store.failures import plain_errors
from driveflow_desktop.store.files import remove_database, sync_file
from driveflow_desktop.store.loading import Driver, broken_references, drop_indexes
from driveflow_desktop.store.replica import Replica, connect
from driveflow_desktop.store.state import forget_fact, read_fact, write_fact
from driveflow_desktop.store.types import Json
from driveflow_desktop.sync.carrying import carry_over
from driveflow_desktop.sync.local import EPOCH, LAST, SCOPE, save_members
from driveflow_desktop.sync.overlay import CURSOR, lay_pending
from driveflow_desktop.sync.protocol import ChangesPage
from driveflow_desktop.sync.session_protocol import MemberRow
from driveflow_desktop.sync.snapshot_protocol import SnapshotBatch, SnapshotHeader
from driveflow_desktop.sync.stored import keepers

REPLAY_DAYS: Final = 30
_HEADER: Final = "snapshot_header"
_NEWEST: Final = "snapshot_newest"
_AFTER: Final = "snapshot_after"
_ROWS: Final = "snapshot_rows"
_COMPLETE: Final = "snapshot_complete"
_INDEXES: Final = "snapshot_indexes"
_NOTES: Final = (_HEADER, _NEWEST, _AFTER, _ROWS, _COMPLETE, _INDEXES)
_TABLES: Final[Mapping[str, sa.Table]] = {str(table.name): table for table in synced_tables()}


class Unusable(Exception):
    """The snapshot does not make a whole replica: it is thrown away and begun anew."""


class SnapshotFile:
    """A replica that is being built. Made by `opened`."""

    def __init__(self, replica: Replica, org_id: UUID) -> None:
        self._replica = replica
        self._org_id = org_id
        self._statements: dict[tuple[str, tuple[str, ...]], tuple[str, Callable[[Sequence[Json]], list[object]]]] = {}
        with replica.reader() as connection:
            self._notes = {name: read_fact(connection, name) for name in _NOTES}

    # -- asking -------------------------------------------------------------------------------------------------

    @property
    def header(self) -> SnapshotHeader | None:
        """The first header; None when nothing has come yet."""
        found = self._notes[_HEADER]
        return None if found is None else msgspec.json.decode(found, type=SnapshotHeader)

    @property
    def newest_head(self) -> int:
        """The head of the last answer that brought rows."""
        return int(self._notes[_NEWEST] or 0)

    @property
    def after(self) -> str | None:
        """Where to go on."""
        return self._notes[_AFTER] or None

    @property
    def rows(self) -> int:
        """Rows that have come."""
        return int(self._notes[_ROWS] or 0)

    @property
    def complete(self) -> bool:
        """Whether every row has come."""
        return self._notes[_COMPLETE] == "yes"

    @property
    def cursor(self) -> int:
        """The sequence up to which the log was laid over the rows."""
        with self._replica.reader() as connection:
            return int(read_fact(connection, CURSOR) or 0)

    # -- filling ------------------------------------------------------------------------------------------------

    def begin(self, header: SnapshotHeader) -> None:
        """Take the first header: the state that the rows belong to."""
        with self._replica.maintenance() as connection, connection.begin():
            search_index.drop(connection)
            indexes = drop_indexes(_driver(connection))
            self._note(connection, _INDEXES, json.dumps(indexes))
            self._note(connection, _HEADER, msgspec.json.encode(header).decode())
            self._note(connection, _NEWEST, str(header.head))
            for name, value in ((CURSOR, str(header.head)), (EPOCH, str(header.epoch)), (SCOPE, header.scope)):
                write_fact(connection, name, value)

    def resume(self, header: SnapshotHeader) -> bool:
        """Take the header of an answer that goes on; False when it does not belong to what has come."""
        first = self.header
        if first is None or (first.schema, first.epoch, first.scope) != (header.schema, header.epoch, header.scope):
            return False
        with self._replica.maintenance() as connection, connection.begin():
            self._note(connection, _NEWEST, str(max(header.head, self.newest_head)))
        return True

    def take(self, batch: SnapshotBatch) -> None:
        """Keep a batch, with the place behind it. Raises `ValueError` for what does not fit our tables."""
        statement, stored = self._insert(batch.table, batch.columns)
        rows = [stored(cast("Sequence[Json]", row)) for row in batch.rows]
        with self._replica.sync_transaction() as connection:
            # A row that holds a unique key which this one has now was changed since it came: the log brings it again.
            _driver(connection).executemany(statement, cast("Iterable[Sequence[bytes]]", rows))
            if batch.rows:
                place = batch.rows[-1][batch.columns.index("id")]
                self._note(connection, _AFTER, f"{batch.table}:{place}")
            self._note(connection, _ROWS, str(self.rows + len(rows)))

    def finish_rows(self) -> None:
        """Every row has come."""
        with self._replica.maintenance() as connection, connection.begin():
            self._note(connection, _COMPLETE, "yes")

    def catch_up(self, page: ChangesPage) -> None:
        """Lay a page of the log over rows of several heads: one is taken only if it is not older than the held one."""
        with self._replica.sync_transaction() as connection:
            driver = _driver(connection)
            for change in page.changes:
                if change.table not in _TABLES or change.op == "event":
                    continue
                name, key = f'"{change.table}"', (self._org_id.bytes, change.id.bytes)
                where = "WHERE org_id = ? AND id = ?"
                held = driver.execute(f"SELECT version FROM {name} {where}", key).fetchall()  # noqa: S608
                if held and int(held[0][0]) > change.seq:
                    continue
                if change.row is None:
                    driver.execute(f"DELETE FROM {name} {where}", key)  # noqa: S608
                else:
                    statement, stored = self._insert(change.table, tuple(change.row))
                    driver.execute(statement, cast("Sequence[bytes]", stored(list(change.row.values()))))
            write_fact(connection, CURSOR, str(page.next))

    def _insert(self, table: str, columns: tuple[str, ...]) -> tuple[str, Callable[[Sequence[Json]], list[object]]]:
        found = self._statements.get((table, columns))
        if found is None:
            if table not in _TABLES or not {"id", "org_id", "version"} <= set(columns) <= set(_TABLES[table].c.keys()):
                raise ValueError(f"rows of {table[:40]} that do not fit")
            keep = keepers(_TABLES[table], columns)
            names, marks = ", ".join(columns), ", ".join("?" * len(columns))
            statement = f'INSERT OR REPLACE INTO "{table}" ({names}) VALUES ({marks})'  # noqa: S608

            def stored(row: Sequence[Json]) -> list[object]:
                return [one(value) for one, value in zip(keep, row, strict=True)]

            found = self._statements[table, columns] = statement, stored
        return found

    def _note(self, connection: sa.Connection, name: str, value: str) -> None:
        write_fact(connection, name, value)
        self._notes[name] = value

    # -- completing ---------------------------------------------------------------------------------------------

    def make_whole(self, members: Sequence[MemberRow]) -> None:
        """Names, indexes and the search index; raises `Unusable` when the rows refer to nothing."""
        with self._replica.sync_transaction() as connection:
            save_members(connection, members, self._replica.clock.now())
        with self._replica.maintenance() as connection, connection.begin():
            driver = _driver(connection)
            for statement in json.loads(self._notes[_INDEXES] or "[]"):
                driver.execute(statement)
            self._note(connection, _INDEXES, "[]")
            search_index.rebuild(connection)
            broken = broken_references(driver)
        if broken:
            raise Unusable(f"the snapshot's {', '.join(sorted(broken))} refer to nothing")

    def take_place(self, current: Replica) -> None:
        """Replace the open replica: with its pending work laid over the fetched rows, at one moment without writers."""
        current.replace_file(lambda: self._last_touches(current))

    def _last_touches(self, current: Replica) -> Path:
        now = self._replica.clock.now()
        with self._replica.maintenance() as connection:
            carry_over(_driver(connection), current, self._org_id, now - timedelta(days=REPLAY_DAYS), now)
        with self._replica.sync_transaction() as connection:
            for name in (*_NOTES, LAST):
                forget_fact(connection, name)
            lay_pending(connection, self._org_id, self._replica.tables, now)
        path = self._replica.path
        self._replica.close()
        with contextlib.closing(connect(path, self._replica.key)) as raw:
            # One file without a log, to be given another name.
            raw.execute("PRAGMA journal_mode = DELETE").fetchall()
        sync_file(path)
        return path


@contextlib.contextmanager
def opened(path: Path, like: Replica, org_id: UUID) -> Iterator[SnapshotFile]:
    """The file that is being built at `path`, gone on with or begun, with the key and the tables of another replica.

    Raises `UserError`: `disk_full`, `read_only`, ….
    """
    with plain_errors():
        replica = _bare(path, like)
        try:
            with replica.maintenance() as connection:
                if migrate.current_revision(connection) != migrate.SCHEMA_REVISION:
                    connection.rollback()
                    migrate.upgrade(connection)
                else:
                    connection.rollback()
                # Whole after a crash, though perhaps without the last batches; they come again.
                _driver(connection).execute("PRAGMA synchronous = NORMAL")
                _driver(connection).execute("PRAGMA cache_size = -64000")
            yield SnapshotFile(replica, org_id)
        finally:
            replica.close()


def _bare(path: Path, like: Replica) -> Replica:
    def make() -> Replica:
        return Replica(path, like.key, clock=like.clock, schema=like.schema, tables=like.tables)

    try:
        made = make()
        with made.reader() as connection:
            migrate.require_known(connection)
            spent = migrate.current_revision(connection) is not None and _is_spent(connection)
    except UserError as problem:
        if problem.code not in ("not_a_replica", "corrupt", "newer_version"):
            raise
        # Remains of another key, another version, or of a torn beginning.
        remove_database(path)
        return make()
    if spent:
        made.close()
        remove_database(path)
        return make()
    return made


def _is_spent(connection: sa.Connection) -> bool:
    """Whether a file was completed, but the program ended before it took its place: what it carries may be old."""
    return read_fact(connection, CURSOR) is not None and read_fact(connection, _HEADER) is None


def _driver(connection: sa.Connection) -> Driver:
    return cast("Driver", connection.connection.driver_connection)
