"""Looking a replica over: what is in order, what is not, in words. Changes nothing; the replica may be in use."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

import sqlalchemy as sa
from sqlcipher3 import dbapi2 as sqlcipher

from driveflow_desktop.kernel.clock import Clock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store import guards, migrate, search_index
from driveflow_desktop.store.audit import verify_entries
from driveflow_desktop.store.backup import Backups
from driveflow_desktop.store.cipher import KeyStore
from driveflow_desktop.store.failures import translate
from driveflow_desktop.store.file_checks import (
    look_inside,
    require_encrypted,
    require_key,
    require_readable,
    require_writable,
)
from driveflow_desktop.store.files import ReplicaFiles
from driveflow_desktop.store.log import AUDIT, BASE_ROWS, OUTBOX
from driveflow_desktop.store.open_replica import read_identity
from driveflow_desktop.store.replica import ReplicaKey, require_safe_sqlite
from driveflow_desktop.store.replica_lock import held_by

FRESH: Final = timedelta(days=1)
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    check: str
    ok: bool
    detail: str


Look = Callable[[], str]
"""Looks at one thing: returns what it found, or raises `UserError` with what is wrong."""


def examine(files: ReplicaFiles, keys: KeyStore, clock: Clock) -> list[Check]:
    """Every check, in the order in which they depend on one another; ends early when the file cannot be opened."""
    found: list[Check] = []

    def look(name: str, act: Look) -> bool:
        found.append(_checked(name, act))
        return found[-1].ok

    look("sqlite", _sqlite)
    look("lock", lambda: _lock(files))
    look("disk space", lambda: _space(files))
    look("backups", lambda: _backups(files, clock))
    if not look("file", lambda: _file(files)) or not look("key", lambda: _key(files, keys)):
        return found
    key = keys.load(read_identity(files).replica_id)
    if not look("opens", lambda: _opens(files, key)):
        return found
    for name, act in _INSIDE.items():
        look(name, partial(_inside, files, key, act))
    return found


def _checked(name: str, act: Look) -> Check:
    try:
        return Check(name, True, act())
    except UserError as problem:
        return Check(name, False, str(problem))
    except (sa.exc.DBAPIError, sqlcipher.Error, OSError) as problem:
        return Check(name, False, str(translate(problem) or problem))


def _wrong(detail: str) -> UserError:
    return UserError("unsound", detail)


# -- around the file ------------------------------------------------------------------------------------------------


def _sqlite() -> str:
    require_safe_sqlite()
    return f"version {sqlcipher.sqlite_version}"


def _lock(files: ReplicaFiles) -> str:
    holder = held_by(files)
    if holder:
        return f"open in {holder}"
    return "not in use; it was not closed the last time" if files.holder.exists() else "not in use"


def _space(files: ReplicaFiles) -> str:
    free = shutil.disk_usage(files.folder if files.folder.is_dir() else files.folder.parent).free
    size = files.database.stat().st_size if files.database.exists() else 0
    # A backup needs the file's size again; so does a migration, before which one is made.
    if free < 2 * size + 50 * _MIB:
        raise _wrong(f"only {free // _MIB:,} MB are free. Free some space, or backups will fail.")
    return f"{free // _MIB:,} MB free, the file has {size // _MIB:,} MB"


def _backups(files: ReplicaFiles, clock: Clock) -> str:
    backups = Backups(files, clock).all()
    if not backups:
        raise _wrong("there is no backup yet. One is made each hour while the program runs.")
    age = clock.now() - backups[0].at
    if age > FRESH:
        raise _wrong(f"the last backup is {age.days} days old ({backups[0].path.name}).")
    return f"{len(backups)}, the last one {backups[0].path.name}"


def _file(files: ReplicaFiles) -> str:
    require_encrypted(files.database)
    require_writable(files)
    return str(files.database)


def _key(files: ReplicaFiles, keys: KeyStore) -> str:
    require_key(files.database, keys.load(read_identity(files).replica_id), keys)
    return f"{keys.kind}: {keys.description}"


def _opens(files: ReplicaFiles, key: ReplicaKey) -> str:
    require_readable(files.database, key)
    return "SQLite reads it with this key"


def _inside(files: ReplicaFiles, key: ReplicaKey, act: Callable[[sa.Connection], str]) -> str:
    """Look at one read-only state. Each look has a connection of its own: SQLCipher's is dead after a damaged page."""
    with look_inside(files.database, key) as raw:
        engine = sa.create_engine("sqlite://", creator=lambda: raw, module=sqlcipher, poolclass=sa.pool.StaticPool)
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        with engine.connect() as connection:
            return act(connection)


# -- inside ---------------------------------------------------------------------------------------------------------


def _cipher(connection: sa.Connection) -> str:
    damaged = connection.exec_driver_sql("PRAGMA cipher_integrity_check").scalars().all()
    if damaged:
        raise _wrong(f"{len(damaged)} pages are damaged: {damaged[0]}. Restore the last backup.")
    return f"SQLCipher {connection.exec_driver_sql('PRAGMA cipher_version').scalar_one()}, every page is whole"


def _integrity(connection: sa.Connection) -> str:
    found = connection.exec_driver_sql("PRAGMA integrity_check(10)").scalars().all()
    if found != ["ok"]:
        raise _wrong("; ".join(map(str, found)) + ". Restore the last backup.")
    return "structure and indexes are whole"


def _references(connection: sa.Connection) -> str:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        tables = ", ".join(sorted({f"{row[0]} → {row[2]}" for row in broken}))
        raise _wrong(f"{len(broken)} rows refer to rows that are not there ({tables}).")
    return "every reference holds"


def _schema(connection: sa.Connection) -> str:
    migrate.require_known(connection)
    current = migrate.current_revision(connection)
    if current != migrate.SCHEMA_REVISION:
        raise _wrong(f"revision {current}; the program brings it to {migrate.SCHEMA_REVISION} when it opens it.")
    return f"revision {current}"


def _triggers(connection: sa.Connection) -> str:
    wanted = {_flat(text) for text in (*guards.statements("sqlite", ()), *search_index.triggers())}
    query = "SELECT sql FROM sqlite_master WHERE type = 'trigger'"
    standing = {_flat(text) for text in connection.exec_driver_sql(query).scalars()}
    missing, foreign = wanted - standing, standing - wanted
    if missing or foreign:
        names = ", ".join(sorted({text.split()[2] for text in missing | foreign}))
        raise _wrong(f"{len(missing)} triggers are missing and {len(foreign)} are not ours: {names}.")
    return f"{len(wanted)} triggers stand as they were made"


def _flat(statement: str) -> str:
    return " ".join(statement.split())


def _outbox(connection: sa.Connection) -> str:
    pending = OUTBOX.c.processed_at.is_(None)
    audited = sa.exists().where(AUDIT.c.org_id == OUTBOX.c.org_id, AUDIT.c.id == OUTBOX.c.id)
    lost = _count(connection, sa.select(OUTBOX.c.id).where(pending, ~audited))
    if lost:
        raise _wrong(f"{lost} pending changes have no audit entry.")
    return f"{_count(connection, sa.select(OUTBOX.c.id).where(pending))} changes wait to be sent, each with its audit"


def _base_rows(connection: sa.Connection) -> str:
    same_row = (
        OUTBOX.c.org_id == BASE_ROWS.c.org_id,
        OUTBOX.c.table_name == BASE_ROWS.c.table_name,
        OUTBOX.c.row_id == BASE_ROWS.c.id,
        OUTBOX.c.processed_at.is_(None),
    )
    idle = _count(connection, sa.select(BASE_ROWS.c.id).where(~sa.exists().where(*same_row)))
    based = sa.exists().where(*same_row[:3])
    bare = _count(connection, sa.select(OUTBOX.c.id).where(OUTBOX.c.processed_at.is_(None), ~based))
    if idle or bare:
        raise _wrong(f"{idle} base rows lie under no pending edit, {bare} pending edits have no base row.")
    return "base rows lie under pending edits, and only there"


def _audit(connection: sa.Connection) -> str:
    report = verify_entries(connection)
    if not report.ok:
        raise _wrong(f"{len(report.tampered)} of {report.entries:,} entries were changed, first {report.tampered[0]}.")
    return f"{report.entries:,} entries match their hash, {report.erased:,} of them erased on purpose"


def _search(connection: sa.Connection) -> str:
    differences = search_index.drift(connection)
    if differences:
        raise _wrong("; ".join(differences) + ".")
    return "the search index equals the rows"


def _count(connection: sa.Connection, rows: "sa.Select[tuple[object]]") -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(rows.subquery())).scalar_one()


_INSIDE: Final[dict[str, Callable[[sa.Connection], str]]] = {
    "cipher": _cipher,
    "integrity": _integrity,
    "references": _references,
    "schema": _schema,
    "triggers": _triggers,
    "outbox": _outbox,
    "base rows": _base_rows,
    "audit": _audit,
    "search": _search,
}
