"""Opening a school's data on this PC: each way in which that can fail has its own code, words and way out.

A failed opening overwrites and deletes nothing.
"""

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast
from uuid import UUID, uuid4

import sqlalchemy as sa

from driveflow_desktop.kernel.clock import Clock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.ids import IdSource
from driveflow_desktop.store import migrate
from driveflow_desktop.store.backup import Backups
from driveflow_desktop.store.cipher import KeyStore
from driveflow_desktop.store.file_checks import (
    require_encrypted,
    require_key,
    require_readable,
    require_sound,
    require_writable,
)
from driveflow_desktop.store.files import PARTIAL, ReplicaFiles, put_in_place, sync_file, wal_of, write_durably
from driveflow_desktop.store.replica import Replica, ReplicaKey, require_safe_sqlite
from driveflow_desktop.store.replica_lock import ReplicaLock
from driveflow_desktop.store.state import become_new_device
from driveflow_desktop.store.unit_of_work import Guard, no_guard

log = logging.getLogger(__name__)

PROGRAM: Final = "DriveFlow"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a replica needs from the composition root; `program` is how a second program names this one."""

    clock: Clock
    tables: sa.MetaData
    guard: Guard = no_guard
    program: str = PROGRAM


@dataclass(frozen=True, slots=True)
class Identity:
    """What stands beside a replica in plain text: its id, and where its key is kept."""

    replica_id: UUID
    key_kind: str


def open_replica(files: ReplicaFiles, keys: KeyStore, setting: Setting) -> Replica:
    """Open the replica in `files.folder`, bring it to this program's schema, and hold its lock until it is closed.

    Raises `UserError`: `unsafe_sqlite`, `missing`, `empty`, `not_encrypted`, `not_a_replica`, `truncated`,
    `unreadable`, `read_only`, `disk_full`, `replica_in_use`, `key_missing`, `wrong_key`, `corrupt`, `newer_version`.
    """
    require_safe_sqlite()
    require_encrypted(files.database)
    require_writable(files)
    lock = ReplicaLock(files, program=setting.program, clock=setting.clock)
    with lock.unless_kept():
        key = keys.load(read_identity(files).replica_id)
        require_key(files.database, key, keys)
        require_readable(files.database, key)
        if lock.left_behind or _has_content(wal_of(files.database)):
            log.info("the replica was not closed last time; checking it")
            require_sound(files.database, key)
        replica = bare_replica(files.database, key, setting, lock)
        try:
            _bring_up_to_date(replica, files, setting.clock)
        except BaseException:
            replica.close()
            raise
        return replica


def create_replica(files: ReplicaFiles, keys: KeyStore, setting: Setting) -> Replica:
    """Make a new, empty replica in `files.folder`, with a device id of its own, and open it.

    Raises `UserError`: `exists`, `read_only`, `disk_full`, `replica_in_use`, and what keeping the key may raise.
    """
    require_safe_sqlite()
    files.folder.mkdir(parents=True, exist_ok=True)
    require_writable(files)
    lock = ReplicaLock(files, program=setting.program, clock=setting.clock)
    with lock.unless_kept():
        if files.database.exists():
            raise UserError("exists", "This folder holds a school's data already.", hint="Open it, or choose another.")
        key = _new_key(files, keys)
        building = files.database.with_name(files.database.name + PARTIAL)
        building.unlink(missing_ok=True)
        with bare_replica(building, key, setting) as made, made.maintenance() as connection:
            migrate.upgrade(connection)
            with connection.begin():
                become_new_device(connection, IdSource(setting.clock))
        sync_file(building)
        put_in_place(building, files.database)
        return bare_replica(files.database, key, setting, lock)


def read_identity(files: ReplicaFiles) -> Identity:
    """Which key opens the replica; `UserError("key_missing")` when the note is gone."""
    try:
        note = cast("dict[str, object]", json.loads(files.identity.read_bytes()))
        return Identity(UUID(str(note["replica_id"])), str(note["key"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(
            "key_missing",
            f"The file {files.identity.name}, which says where the key is, is missing or damaged.",
            hint="Bring it back from a copy of this folder, or join the school anew on this PC.",
        ) from None


def bare_replica(path: Path, key: ReplicaKey, setting: Setting, lock: ReplicaLock | None = None) -> Replica:
    """A replica without the checks of `open_replica`, for files that are being built; it keeps a given lock."""
    replica = Replica(
        path,
        key,
        clock=setting.clock,
        schema=migrate.SCHEMA_REVISION,
        tables=setting.tables,
        guard=setting.guard,
        on_close=lock.release if lock else lambda: None,
    )
    if lock:
        lock.keep()
    return replica


def _new_key(files: ReplicaFiles, keys: KeyStore) -> ReplicaKey:
    """The key of a new database; a folder that had one keeps its identity, so that copies of it stay readable."""
    if files.identity.exists():
        return keys.load(read_identity(files).replica_id)
    replica_id = uuid4()
    key = keys.create(replica_id)
    write_durably(files.identity, json.dumps({"replica_id": str(replica_id), "key": keys.kind}, indent=1).encode())
    return key


def _bring_up_to_date(replica: Replica, files: ReplicaFiles, clock: Clock) -> None:
    """Migrate the replica when its schema is older, after a backup."""
    with replica.reader() as connection:
        migrate.require_known(connection)
        revision = migrate.current_revision(connection)
    if revision is None:
        raise UserError("not_a_replica", "This file holds no school's data.", hint="Choose another folder.")
    if revision == migrate.SCHEMA_REVISION:
        return
    log.info("migrating the replica from %s to %s", revision, migrate.SCHEMA_REVISION)
    Backups(files, clock).before_migration(replica, revision)
    with replica.maintenance() as connection:
        migrate.upgrade(connection)
    replica.renew_ids()


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0
