"""An open replica file: one writer, several readers, one process.

The file is encrypted (SQLCipher, raw 256-bit key), in WAL mode with `synchronous=FULL`, because an acknowledged
booking must survive a power cut. Writing goes through `Replica.execute` (the desk) or `Replica.sync_transaction` (the
sync engine); any other change of a synced table raises at the connection.
"""

import contextlib
import logging
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar, cast
from uuid import UUID

import sqlalchemy as sa
from sqlcipher3 import dbapi2 as sqlcipher

from driveflow_desktop.kernel.clock import Clock
from driveflow_desktop.kernel.errors import Bug, UserError
from driveflow_desktop.kernel.ids import IdSource
from driveflow_desktop.store.failures import translate
from driveflow_desktop.store.log import OUTBOX
from driveflow_desktop.store.rows import THROUGH_ROWS
from driveflow_desktop.store.unit_of_work import Actor, Command, Guard, Receipt, UnitOfWork, no_guard

log = logging.getLogger(__name__)
T = TypeVar("T")

OLDEST_SAFE_SQLITE: Final = (3, 51, 3)
"""Older versions can corrupt a WAL database when two connections meet at a reset of the log."""

DOOR_SHUT, DOOR_SYNC = 0, 2
_BUSY_MS: Final = 5_000
_READERS: Final = 3
_WRITE: Final = re.compile(
    r"\s*(?:(?:INSERT|REPLACE)\s+(?:OR\s+\w+\s+)?INTO|UPDATE(?:\s+OR\s+\w+)?|DELETE\s+FROM)"
    r'\s+"?(?P<table>\w+)',
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class ReplicaKey:
    """The raw key of a replica file: 32 bytes, never shown."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != 32:
            raise Bug("a replica key has 32 bytes")

    def __repr__(self) -> str:
        return "ReplicaKey(…)"

    def pragma(self) -> str:
        """The statement that opens a file with this key."""
        return f"PRAGMA key = \"x'{self.raw.hex()}'\""


class _Door:
    """What the writing connection may do right now; read by the triggers and by the guard on statements."""

    def __init__(self) -> None:
        self.level = DOOR_SHUT
        self.writing = False
        self.maintenance = False


class WriterLock:
    """One writer at a time; the desk goes before the sync engine whenever both wait."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._busy = False
        self._desk_waiting = 0

    @contextlib.contextmanager
    def desk(self) -> Iterator[None]:
        """Hold the writer for a person's command."""
        with self._condition:
            self._desk_waiting += 1
            try:
                self._condition.wait_for(lambda: not self._busy)
            finally:
                self._desk_waiting -= 1
            self._busy = True
        yield from self._held()

    @contextlib.contextmanager
    def sync(self) -> Iterator[None]:
        """Hold the writer for a slice of sync work, once no person waits."""
        with self._condition:
            self._condition.wait_for(lambda: not self._busy and not self._desk_waiting)
            self._busy = True
        yield from self._held()

    def _held(self) -> Iterator[None]:
        try:
            yield
        finally:
            with self._condition:
                self._busy = False
                self._condition.notify_all()


def require_safe_sqlite(version: tuple[int, ...] = sqlcipher.sqlite_version_info) -> None:
    """Refuse to run on an SQLite with the WAL-reset bug."""
    if version < OLDEST_SAFE_SQLITE:
        raise UserError(
            "unsafe_sqlite",
            f"This computer's SQLite {'.'.join(map(str, version))} can damage files.",
            hint=f"Version {'.'.join(map(str, OLDEST_SAFE_SQLITE))} or newer is needed: reinstall DriveFlow.",
        )


def connect(path: Path, key: ReplicaKey, door: _Door | None = None, *, read_only: bool = False) -> sqlcipher.Connection:
    """A raw connection with the pragmas every connection of a replica has."""
    require_safe_sqlite()
    mode = "ro" if read_only else "rwc"
    uri = f"file:{_uri_path(path)}?mode={mode}"
    connection = sqlcipher.connect(uri, uri=True, isolation_level=None, check_same_thread=False, cached_statements=512)
    held = door or _Door()
    connection.create_function("driveflow_door", 0, lambda: held.level)
    for pragma in (key.pragma(), "PRAGMA foreign_keys = ON", f"PRAGMA busy_timeout = {_BUSY_MS}", *_TUNING):
        connection.execute(pragma)
    if not read_only:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    return connection


_TUNING: Final = ("PRAGMA temp_store = MEMORY", "PRAGMA cache_size = -16000")


def _uri_path(path: Path) -> str:
    """The path with the characters escaped that a SQLite URI gives a meaning."""
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


class Replica:
    """A school's data on this PC."""

    def __init__(
        self, path: Path, key: ReplicaKey, *, clock: Clock, schema: str, tables: sa.MetaData, guard: Guard = no_guard
    ) -> None:
        self.path = path
        self.clock = clock
        self.schema = schema
        self.tables = tables
        self._guard = guard
        self._key = key
        self._door = _Door()
        self._lock = WriterLock()
        self._closed = False
        self._synced = frozenset(name for name, table in tables.tables.items() if "version" in table.columns)
        with _plain_errors():
            self._writer_engine = self._engine(lambda: connect(path, key, self._door), sa.pool.StaticPool, "IMMEDIATE")
            sa.event.listen(self._writer_engine, "before_cursor_execute", self._refuse_stray_writes)
            self._reader_engine = self._engine(self._open_reader, sa.pool.QueuePool, "DEFERRED")
            self.ids = IdSource(clock, after=self._last_id())

    def _engine(self, creator: "sa.pool.base._CreatorFnType", pool: type[sa.pool.Pool], begin: str) -> sa.Engine:
        sizes = {"pool_size": _READERS, "max_overflow": 0} if pool is sa.pool.QueuePool else {}
        engine = sa.create_engine("sqlite://", creator=creator, module=sqlcipher, poolclass=pool, **sizes)
        # The driver runs in autocommit, so that schema changes and pragmas mean what they say; we begin ourselves.
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(f"BEGIN {begin}"))
        return engine

    def _open_reader(self) -> sqlcipher.Connection:
        connection = connect(self.path, self._key)
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _last_id(self) -> UUID | None:
        with self.reader() as connection:
            if not sa.inspect(connection).has_table(OUTBOX.name):
                return None
            found = connection.execute(sa.select(sa.func.max(OUTBOX.c.id))).scalar_one_or_none()
        return UUID(bytes=found) if isinstance(found, bytes) else cast("UUID | None", found)

    # -- reading ------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def reader(self) -> Iterator[sa.Connection]:
        """A read-only connection on one consistent state; safe from any thread."""
        with _plain_errors(), self._reader_engine.connect() as connection, connection.begin():
            yield connection

    # -- writing ------------------------------------------------------------------------------------------------

    def execute(self, command: Command[T], actor: Actor) -> Receipt[T]:
        """Run a command in one transaction and return its receipt once it is durable."""
        with _plain_errors(), self._lock.desk(), self._writing(DOOR_SHUT) as connection:
            unit = UnitOfWork(connection, actor, self.clock, self.ids, self.schema, self._guard)
            return unit.finish(command(unit))

    @contextlib.contextmanager
    def sync_transaction(self) -> Iterator[sa.Connection]:
        """A transaction of the sync engine: foreign keys off (it checks them itself), immutability's door open."""
        with _plain_errors(), self._lock.sync():
            self._pragma("foreign_keys = OFF")
            try:
                with self._writing(DOOR_SYNC) as connection:
                    yield connection
            finally:
                self._pragma("foreign_keys = ON")

    @contextlib.contextmanager
    def maintenance(self) -> Iterator[sa.Connection]:
        """The writing connection before any transaction, for migrations; the caller begins and commits."""
        with _plain_errors(), self._lock.desk(), self._writer_engine.connect() as connection:
            self._door.maintenance = True
            try:
                yield connection
            finally:
                self._door.maintenance = False

    @contextlib.contextmanager
    def _writing(self, level: int) -> Iterator[sa.Connection]:
        if self._closed:
            raise UserError("closed", "The replica is closed.")
        with self._writer_engine.connect() as connection, connection.begin():
            self._door.level, self._door.writing = level, True
            try:
                yield connection
            finally:
                self._door.level, self._door.writing = DOOR_SHUT, False

    def _pragma(self, text: str) -> None:
        with self._writer_engine.connect() as connection:
            connection.connection.cursor().execute(f"PRAGMA {text}")

    def _refuse_stray_writes(
        self,
        _connection: sa.Connection,
        _cursor: object,
        statement: str,
        _parameters: object,
        context: sa.engine.ExecutionContext | None,
        _many: bool,
    ) -> None:
        """Let changes of synced tables pass only when `rows` made them inside a transaction of ours."""
        if self._door.maintenance:
            return
        written = _WRITE.match(statement)
        if written is None:
            return
        marked = context is not None and bool(context.execution_options.get(THROUGH_ROWS))
        if not self._door.writing or (written["table"] in self._synced and not marked):
            raise Bug(f"{written['table']} is written through the unit of work only")

    def close(self) -> None:
        """Close every connection; the file is complete without its WAL afterwards."""
        if self._closed:
            return
        self._closed = True
        with self._lock.desk():
            self._reader_engine.dispose()
            with contextlib.suppress(sa.exc.DBAPIError), self._writer_engine.connect() as connection:
                connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            # StaticPool keeps its one connection open until it is disposed.
            self._writer_engine.dispose()

    def __enter__(self) -> "Replica":
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


@contextlib.contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn driver errors that a person can act on into `UserError`."""
    try:
        yield
    except (sa.exc.DBAPIError, sqlcipher.Error) as problem:
        known = translate(problem)
        if known is None:
            raise
        raise known from problem
