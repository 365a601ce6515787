"""The first sync: everything that a member sees, as one consistent state, streamed.

PostgreSQL makes the JSON of a whole batch; here a batch is one string, whatever the school's size.
"""

import contextlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, Self, cast
from uuid import UUID

import msgspec
import sqlalchemy as sa
import zstandard

from driveflow_desktop.domain.tables import synced_tables
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.database import school_transaction
from driveflow_desktop.service.epochs import Head
from driveflow_desktop.service.members import Member
from driveflow_desktop.service.visible import visible_rows
from driveflow_desktop.service.wire_sql import wire_array
from driveflow_desktop.store.rows import codec
from driveflow_desktop.sync.snapshot_protocol import SnapshotEnd, SnapshotHeader

BATCH: Final = 1_000
"""Rows of a batch."""
_STALLED: Final = "SET LOCAL idle_in_transaction_session_timeout = '60s'"
"""A client that takes nothing for a minute must not keep the database from cleaning up; it resumes later."""


class Place(NamedTuple):
    """Where to resume: after this row of this table."""

    table: str
    row_id: UUID


def read_place(given: str) -> Place:
    """`<table>:<id>` of a query. Raises `UserError("invalid")`."""
    name, _, key = given.partition(":")
    try:
        place = Place(name, UUID(key))
    except ValueError:
        place = None
    if place is None or name not in {str(table.name) for table in synced_tables()}:
        raise UserError("invalid", "There is no such place in a snapshot.", column="after")
    return place


class Snapshot:
    """One snapshot under way, a line at a time; open from `begin` to `close`. Not for two threads at once."""

    def __init__(self, engine: sa.Engine, member: Member, schema: str, after: Place | None) -> None:
        self._engine = engine
        self._member = member
        self._schema = schema
        self._tables = _tables_from(after)
        self._stack = contextlib.ExitStack()

    def begin(self, visit: Callable[[sa.Connection], Head]) -> Iterator[bytes]:
        """Open the consistent state, let `visit` read its head, and return its lines. Raises what `visit` raises."""
        with contextlib.ExitStack() as opening:
            transaction = school_transaction(self._engine, self._member.org_id, read_only=True)
            connection = opening.enter_context(transaction)
            connection.exec_driver_sql(_STALLED)
            head = visit(connection)
            self._stack = opening.pop_all()
        return self._lines(connection, head)

    def close(self) -> None:
        """Let the state go; may be repeated."""
        self._stack.close()

    def _lines(self, connection: sa.Connection, head: Head) -> Iterator[bytes]:
        member = self._member
        tables = [part.seen_by(member) for part in self._tables]
        counts = {part.name: part.count(connection) for part in tables}
        header = SnapshotHeader(head.seq, self._schema, head.epoch, member.scope, counts)
        yield msgspec.json.encode(header) + b"\n"
        rows = 0
        for part in tables:
            for batch, size in part.batches(connection):
                rows += size
                yield batch
        yield msgspec.json.encode(SnapshotEnd(True, rows)) + b"\n"


class _Part:
    """What comes of one table: the rows that `where` tells, after `after`."""

    def __init__(self, table: sa.Table, after: UUID | None, where: sa.ColumnElement[bool] | None = None) -> None:
        self._table = table
        self._after = after
        self._where = where
        self.name = str(table.name)

    def seen_by(self, member: Member) -> Self:
        """The same, as far as a member sees it."""
        return type(self)(self._table, self._after, visible_rows(self._table, member))

    def count(self, connection: sa.Connection) -> int:
        """How many rows will come."""
        counted = sa.select(sa.func.count()).select_from(self._table).where(*self._after_row(self._after))
        return connection.execute(counted).scalar_one()

    def batches(self, connection: sa.Connection) -> Iterator[tuple[bytes, int]]:
        """Lines of up to `BATCH` rows by primary key, each with how many rows it holds."""
        start = msgspec.json.encode({"table": self.name, "columns": codec(self._table).columns})[:-1] + b',"rows":['
        after, size = self._after, BATCH
        while size == BATCH:
            rows = (
                sa.select(wire_array(self._table).label("line"), self._table.c.id)
                .where(*self._after_row(after))
                .order_by(self._table.c.id)
                .limit(BATCH)
                .subquery()
            )
            # Joined in the order in which the inner query gives the rows out; the last of them is where to go on.
            lines = sa.func.string_agg(sa.cast(rows.c.line, sa.Text), ",")
            last = sa.func.max(sa.cast(rows.c.id, sa.Text))
            found = connection.execute(sa.select(sa.func.count(), lines, last)).one()
            size = cast("int", found[0])
            if size:
                after = UUID(cast("str", found[2]))
                yield start + cast("str", found[1]).encode() + b"]}\n", size

    def _after_row(self, after: UUID | None) -> Sequence[sa.ColumnElement[bool]]:
        where = [sa.true() if self._where is None else self._where]
        return where if after is None else [*where, self._table.c.id > after]


def _tables_from(after: Place | None) -> Sequence[_Part]:
    tables = synced_tables()
    if after is None:
        return [_Part(table, None) for table in tables]
    first = next(place for place, table in enumerate(tables) if table.name == after.table)
    return [_Part(tables[first], after.row_id), *(_Part(table, None) for table in tables[first + 1 :])]


class Packer:
    """Compresses a stream in the encoding that the client takes, so that every line can be read as soon as it is
    sent.
    """

    def __init__(self, encoding: str | None) -> None:
        self.encoding = encoding
        self._zstd = zstandard.ZstdCompressor(level=3).compressobj() if encoding == "zstd" else None
        self._gzip = zlib.compressobj(level=5, wbits=31) if encoding == "gzip" else None

    def pack(self, piece: bytes) -> bytes:
        """The next bytes to send."""
        if self._zstd is not None:
            return self._zstd.compress(piece) + self._zstd.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        if self._gzip is not None:
            return self._gzip.compress(piece) + self._gzip.flush(zlib.Z_SYNC_FLUSH)
        return piece

    def finish(self) -> bytes:
        """The last bytes."""
        if self._zstd is not None:
            return self._zstd.flush()
        return b"" if self._gzip is None else self._gzip.flush()
