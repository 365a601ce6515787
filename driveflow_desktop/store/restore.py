"""Going back to a backup. The replaced file is kept aside, and the replica becomes a new device."""

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlcipher3 import dbapi2 as sqlcipher

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store import migrate
from driveflow_desktop.store.cipher import KeyStore
from driveflow_desktop.store.copies import check_whole, without_remains
from driveflow_desktop.store.failures import plain_errors
from driveflow_desktop.store.file_checks import require_encrypted, require_key, require_readable, require_writable
from driveflow_desktop.store.files import (
    PARTIAL,
    ReplicaFiles,
    put_in_place,
    shm_of,
    sync_file,
    sync_folder,
    wal_of,
)
from driveflow_desktop.store.open_replica import Setting, bare_replica, read_identity
from driveflow_desktop.store.replica import ReplicaKey, connect
from driveflow_desktop.store.replica_lock import ReplicaLock
from driveflow_desktop.store.state import become_new_device


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did: the replica's new device id, and where the file lies that it replaced (None: there was none).

    The service does not know the new device, so the person signs in again.
    """

    device_id: UUID
    kept_aside: Path | None


def restore(backup: Path, files: ReplicaFiles, keys: KeyStore, setting: Setting) -> Restored:
    """Put a checked copy of `backup` in the place of the replica, which must not be open.

    At every moment either the old or the restored file has the replica's name. Raises `UserError`: what opening the
    backup may raise, `replica_in_use`, `disk_full`, `read_only`.
    """
    require_encrypted(backup)
    require_writable(files)
    lock = ReplicaLock(files, program=setting.program, clock=setting.clock)
    with lock.unless_kept(), plain_errors():
        key = keys.load(read_identity(files).replica_id)
        require_key(backup, key, keys)
        building = files.database.with_name(files.database.name + PARTIAL)
        with without_remains(building):
            shutil.copyfile(backup, building)
            device_id = _prepare(building, key, setting)
            sync_file(building)
            kept_aside = _set_aside(files, key, keys, setting)
            put_in_place(building, files.database)
        lock.release()
        return Restored(device_id, kept_aside)


def _prepare(building: Path, key: ReplicaKey, setting: Setting) -> UUID:
    """Check the copy and make it a new device."""
    require_readable(building, key)
    with contextlib.closing(connect(building, key)) as connection:
        check_whole(connection)
    with bare_replica(building, key, setting) as replica, replica.maintenance() as connection:
        migrate.require_known(connection)
        connection.rollback()
        with connection.begin():
            return become_new_device(connection, replica.ids)


def _set_aside(files: ReplicaFiles, key: ReplicaKey, keys: KeyStore, setting: Setting) -> Path | None:
    """Give the replaced database a second name, and take its log out of the restored one's way."""
    database, log = files.database, wal_of(files.database)
    if not database.exists():
        return None
    with contextlib.suppress(UserError, sqlcipher.Error):
        # A readable file takes its log in, so that it is complete by itself; any other stays as it is.
        require_encrypted(database)
        require_key(database, key, keys)
        require_readable(database, key)
        with contextlib.closing(connect(database, key)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    aside = _free_name(files, f"{setting.clock.now():%Y%m%dT%H%M%SZ}")
    _second_name(database, aside)
    if log.exists():
        _second_name(log, wal_of(aside))
    sync_folder(files.folder)
    log.unlink(missing_ok=True)
    shm_of(database).unlink(missing_ok=True)
    return aside


def _free_name(files: ReplicaFiles, stamp: str) -> Path:
    aside, number = files.folder / f"replica-replaced-{stamp}.db", 1
    while aside.exists():
        number += 1
        aside = files.folder / f"replica-replaced-{stamp}-{number}.db"
    return aside


def _second_name(original: Path, aside: Path) -> None:
    try:
        os.link(original, aside)
    except OSError:
        # A disk without hard links (FAT): a copy says the same.
        shutil.copyfile(original, aside)
        sync_file(aside)
