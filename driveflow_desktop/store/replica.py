"""An open replica file: one writer, several readers, one process.

The file is encrypted (SQLCipher, raw 256-bit key), in WAL mode with `synchronous=FULL`, because an acknowledged
booking must survive a power cut. Writing goes through `Replica.execute` (the desk) or `Replica.sync_transaction` (the
sync engine); any other change of a synced table raises at the connection.
"""

import contextlib
import logging
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import sqlalchemy as sa
from sqlcipher3 import dbapi2 as sqlcipher

from driveflow_desktop.kernel.clock import Clock
from driveflow_desktop.kernel.errors import Bug, UserError
from driveflow_desktop.kernel.ids import IdSource
from driveflow_desktop.store.failures import plain_errors
from driveflow_desktop.store.files import put_in_place, shm_of, wal_of
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
_SWAP_PATIENCE: Final = 10.0
_COMMENT: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_WRITE: Final = re.compile(
    r"\b(?:INSERT(?:\s+OR\s+\w+)?\s+INTO|REPLACE\s+INTO|UPDATE(?:\s+OR\s+\w+)?|DELETE\s+FROM)\s+"
    r"""(?:["`\[]?\w+["`\]]?\s*\.\s*)?["`\[]?(?P<table>\w+)""",
    re.IGNORECASE,
)
_READ: Final = re.compile(r"\s*(?:SELECT|PRAGMA|SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT|EXPLAIN)\b", re.IGNORECASE)


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
        self._holder: int | None = None
        self._desk_waiting = 0

    @contextlib.contextmanager
    def desk(self) -> Iterator[None]:
        """Hold the writer for a person's command."""
        self._refuse_nesting()
        with self._condition:
            self._desk_waiting += 1
            try:
                self._condition.wait_for(lambda: not self._busy)
            finally:
                self._desk_waiting -= 1
            self._busy, self._holder = True, threading.get_ident()
        yield from self._held()

    @contextlib.contextmanager
    def sync(self) -> Iterator[None]:
        """Hold the writer for a slice of sync work, once no person waits."""
        self._refuse_nesting()
        with self._condition:
            self._condition.wait_for(lambda: not self._busy and not self._desk_waiting)
            self._busy, self._holder = True, threading.get_ident()
        yield from self._held()

    def _held(self) -> Iterator[None]:
        try:
            yield
        finally:
            with self._condition:
                self._busy, self._holder = False, None
                self._condition.notify_all()

    def _refuse_nesting(self) -> None:
        """A write inside a write would wait for itself for ever."""
        if self._holder == threading.get_ident():
            raise Bug("a write was begun inside another on the same thread")


class FileGate:
    """Many threads use the file, or one puts another in its place.

    A thread that uses it already may use it again, so that a read inside a read never waits for the one outside.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._users = 0
        self._replacing = False
        self._mine = threading.local()

    @contextlib.contextmanager
    def using(self) -> Iterator[None]:
        """Keep the file in its place for a block."""
        depth: int = getattr(self._mine, "depth", 0)
        if depth == 0:
            with self._condition:
                self._condition.wait_for(lambda: not self._replacing)
                self._users += 1
        self._mine.depth = depth + 1
        try:
            yield
        finally:
            self._mine.depth = depth
            if depth == 0:
                with self._condition:
                    self._users -= 1
                    self._condition.notify_all()

    @contextlib.contextmanager
    def alone(self, patience: float) -> Iterator[None]:
        """Be the only one; `UserError("busy")` when others go on using the file for `patience` seconds."""
        with self._condition:
            self._replacing = True
            try:
                if not self._condition.wait_for(lambda: not self._users, timeout=patience):
                    raise UserError("busy", "The school's data is in use.", hint="It is tried again in a moment.")
                yield
            finally:
                self._replacing = False
                self._condition.notify_all()


def written_table(statement: str) -> str | None:
    """The table that an SQL statement writes, or None when it only reads."""
    bare = _COMMENT.sub(" ", statement) if "--" in statement or "/*" in statement else statement
    if _READ.match(bare):
        return None
    found = _WRITE.search(bare) or _WRITE.search(statement)
    return None if found is None else found["table"].lower()


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
    try:
        connection.create_function("driveflow_door", 0, lambda: held.level)
        for pragma in (_QUIET, key.pragma(), *_EVERY_CONNECTION, *(() if read_only else _DURABLE)):
            connection.execute(pragma)
    except BaseException:
        connection.close()
        raise
    return connection


# SQLCipher writes to the terminal whatever goes wrong; every error reaches us as an exception as well.
_QUIET: Final = "PRAGMA cipher_log_level = NONE"
_EVERY_CONNECTION: Final = (
    "PRAGMA foreign_keys = ON",
    # Without it, rows that REPLACE pushes out pass the triggers of immutability and of the search index by.
    "PRAGMA recursive_triggers = ON",
    f"PRAGMA busy_timeout = {_BUSY_MS}",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -16000",
)
_DURABLE: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    # Moving the log into the file belongs to `Replica.checkpoint`, not to whoever saves the thousandth page; this is
    # what a long import may leave it at (32 MB).
    "PRAGMA wal_autocheckpoint = 8000",
)


def _uri_path(path: Path) -> str:
    """The path with the characters escaped that a SQLite URI gives a meaning."""
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


class Replica:
    """A school's data on this PC."""

    def __init__(
        self,
        path: Path,
        key: ReplicaKey,
        *,
        clock: Clock,
        schema: str,
        tables: sa.MetaData,
        guard: Guard = no_guard,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        self.path = path
        self.clock = clock
        self.schema = schema
        self.tables = tables
        self.key = key
        self._guard = guard
        self._on_close = on_close
        self._door = _Door()
        self._lock = WriterLock()
        self._gate = FileGate()
        self._closed = False
        self._synced = frozenset(name for name, table in tables.tables.items() if "version" in table.columns)
        self._writer_engine = self._engine(lambda: connect(path, key, self._door), sa.pool.StaticPool, "IMMEDIATE")
        sa.event.listen(self._writer_engine, "before_cursor_execute", self._refuse_stray_writes)
        self._reader_engine = self._engine(self._open_reader, sa.pool.QueuePool, "DEFERRED")
        self.ids = IdSource(clock)
        try:
            self.renew_ids()
        except BaseException:
            self._dispose()
            raise

    def _engine(self, creator: "sa.pool.base._CreatorFnType", pool: type[sa.pool.Pool], begin: str) -> sa.Engine:
        sizes = {"pool_size": _READERS, "max_overflow": 0} if pool is sa.pool.QueuePool else {}
        engine = sa.create_engine("sqlite://", creator=creator, module=sqlcipher, poolclass=pool, **sizes)
        # The driver runs in autocommit, so that schema changes and pragmas mean what they say; we begin ourselves.
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(f"BEGIN {begin}"))
        return engine

    def _open_reader(self) -> sqlcipher.Connection:
        connection = connect(self.path, self.key)
        connection.execute("PRAGMA query_only = ON")
        return connection

    def renew_ids(self) -> None:
        """Make every later id larger than those that this PC has written; asked again after a migration."""
        with self.reader() as connection:
            if sa.inspect(connection).has_table(OUTBOX.name):
                last = connection.execute(sa.select(sa.func.max(OUTBOX.c.id, type_=OUTBOX.c.id.type))).scalar_one()
                if last is not None:
                    self.ids.advance_past(last)

    # -- reading ------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def reader(self) -> Iterator[sa.Connection]:
        """A read-only connection on one consistent state; safe from any thread."""
        with plain_errors(), self._gate.using(), self._reader_engine.connect() as connection, connection.begin():
            yield connection

    def held_in_place(self) -> contextlib.AbstractContextManager[None]:
        """A block in which the file keeps its place, for connections of one's own."""
        return self._gate.using()

    # -- writing ------------------------------------------------------------------------------------------------

    def execute(self, command: Command[T], actor: Actor) -> Receipt[T]:
        """Run a command in one transaction and return its receipt once it is durable."""
        with plain_errors(), self._lock.desk(), self._writing(DOOR_SHUT) as connection:
            unit = UnitOfWork(connection, actor, self.clock, self.ids, self.schema, self._guard)
            return unit.finish(command(unit))

    @contextlib.contextmanager
    def sync_transaction(self) -> Iterator[sa.Connection]:
        """A transaction of the sync engine: foreign keys off (it checks them itself), immutability's door open."""
        with plain_errors(), self._lock.sync():
            self._pragma("foreign_keys = OFF")
            try:
                with self._writing(DOOR_SYNC) as connection:
                    yield connection
            finally:
                self._pragma("foreign_keys = ON")

    @contextlib.contextmanager
    def maintenance(self) -> Iterator[sa.Connection]:
        """The writing connection before any transaction, for migrations; the caller begins and commits."""
        with plain_errors(), self._lock.desk(), self._writer_engine.connect() as connection:
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
        table = written_table(statement)
        if table is None:
            return
        marked = context is not None and bool(context.execution_options.get(THROUGH_ROWS))
        if not self._door.writing or (table in self._synced and not marked):
            raise Bug(f"{table} is written through the unit of work only")

    def checkpoint(self) -> None:
        """Move the log into the file as far as readers allow, on a connection of its own, so that no save waits for it.

        For a timer off the UI thread.
        """
        with plain_errors(), self._gate.using(), contextlib.closing(connect(self.path, self.key)) as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def replace_file(self, complete: Callable[[], Path]) -> None:
        """Put another file in this one's place while it stays open; readers and writers wait meanwhile.

        `complete` runs while nobody writes: it brings over what was written last, and returns the finished, synced
        file without a log beside it. At every moment the old or the new file has the replica's name. Raises
        `UserError("busy")` when readers do not come to an end; the old file stands then.
        """
        with plain_errors(), self._lock.sync():
            if self._closed:
                raise UserError("closed", "The replica is closed.")
            finished = complete()
            with self._gate.alone(_SWAP_PATIENCE):
                # Whatever is in the old log belongs to the old file alone: SQLite would lay it over the new one.
                whole = self._checkpoint_whole()
                self._dispose()
                if not whole:
                    raise UserError("busy", "The school's data is in use.", hint="It is tried again in a moment.")
                for log_file in (wal_of(self.path), shm_of(self.path)):
                    log_file.unlink(missing_ok=True)
                put_in_place(finished, self.path)

    def _checkpoint_whole(self) -> bool:
        """Move the whole log into the file; says whether nothing is left of it."""
        with self._writer_engine.connect() as connection:
            cursor = connection.connection.cursor()
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            found = cursor.fetchone()
            return found is not None and found[0] == 0

    def close(self) -> None:
        """Close every connection; the file is complete without its WAL afterwards."""
        if self._closed:
            return
        self._closed = True
        with self._lock.desk():
            try:
                with contextlib.suppress(sa.exc.DBAPIError, sqlcipher.Error):
                    self._pragma("wal_checkpoint(TRUNCATE)")
                self._dispose()
            finally:
                self._on_close()

    def _dispose(self) -> None:
        self._reader_engine.dispose()
        # StaticPool keeps its one connection open until it is disposed.
        self._writer_engine.dispose()

    def __enter__(self) -> "Replica":
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
