"""What can be wrong with a database file before, and just after, SQLite sees it. Nothing here changes a file."""

import contextlib
import math
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlcipher3 import dbapi2 as sqlcipher

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.cipher import PAGE_BYTES, KeyStore, every_page_fits, key_fits
from driveflow_desktop.store.failures import translate
from driveflow_desktop.store.files import ReplicaFiles, shm_of, wal_of
from driveflow_desktop.store.replica import ReplicaKey, connect

SPACE_TO_OPEN: Final = 1024 * 1024
"""Bytes that must be free on the disk: SQLite makes its log and the log's index before the first row is read."""

_PLAIN_HEADER: Final = b"SQLite format 3\0"
# A page of 4,096 random bytes, as a cipher makes them, has about 7.95 bits a byte; texts and documents stay below.
_LEAST_ENTROPY: Final = 7.5
_RESTORE: Final = "Restore the last backup: Settings → Backups, or `driveflow restore`."


def require_encrypted(database: Path) -> None:
    """Refuse a file that no key can open: `missing`, `empty`, `not_encrypted`, `not_a_replica`, `truncated`."""
    if not database.is_file():
        raise UserError(
            "missing",
            f"There is no school's data at {database}.",
            hint="Choose another folder, join a school on this PC, or restore a backup.",
        )
    size = database.stat().st_size
    if size == 0:
        raise UserError("empty", f"The file {database.name} is empty.", hint=_RESTORE)
    with _denied(database), database.open("rb") as file:
        page = file.read(PAGE_BYTES)
    if page.startswith(_PLAIN_HEADER):
        raise UserError(
            "not_encrypted",
            f"The file {database.name} is an SQLite file that is not encrypted, so it is no replica.",
            hint="It may be an export. Choose another folder, or restore a backup.",
        )
    if len(page) == PAGE_BYTES and _entropy(page) < _LEAST_ENTROPY:
        raise UserError("not_a_replica", f"The file {database.name} is no replica.", hint=_RESTORE)
    if size % PAGE_BYTES:
        raise _truncated(database)


def require_key(database: Path, key: ReplicaKey, keys: KeyStore) -> None:
    """Refuse a key that does not open the file (`wrong_key`), without asking SQLite."""
    with _denied(database), database.open("rb") as file:
        fits = key_fits(file, database.stat().st_size, key)
    if not fits:
        raise UserError(
            "wrong_key",
            f"The key from {keys.description} does not open {database.name}.",
            hint="Was the file copied from another PC? Then open it there, or join the school on this PC.",
        )


def require_writable(files: ReplicaFiles) -> None:
    """Refuse a folder or file that cannot be written, and a full disk: `read_only`, `disk_full`."""
    for path in (files.folder, files.database, wal_of(files.database), shm_of(files.database)):
        if path.exists() and not os.access(path, os.W_OK):
            raise UserError(
                "read_only",
                f"{path} cannot be written.",
                hint="Check the permissions of the folder, or whether the disk is write-protected.",
            )
    if shutil.disk_usage(files.folder).free < SPACE_TO_OPEN:
        raise UserError(
            "disk_full",
            "The disk is full, so the school's data cannot be opened.",
            hint="Free some space (empty the bin, remove old downloads) and try again. Nothing is lost.",
        )


def require_readable(database: Path, key: ReplicaKey) -> None:
    """Refuse a file that SQLite cannot read although the key fits: `truncated`, `corrupt`."""
    try:
        with look_inside(database, key) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
    except sqlcipher.Error as problem:
        known = translate(problem)
        if known is None or known.code not in {"corrupt", "not_a_replica"}:
            raise (known or problem) from problem
        with database.open("rb") as file:
            whole = every_page_fits(file, database.stat().st_size, key)
        # When every page that is there is whole, those that are not there are missing.
        raise (_truncated if whole else _corrupt)(database) from problem


def require_sound(database: Path, key: ReplicaKey) -> None:
    """Refuse a file whose structure is broken (`corrupt`); reads all of it."""
    try:
        with look_inside(database, key) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchall()
    except sqlcipher.DatabaseError as problem:
        raise _corrupt(database) from problem
    if found != [("ok",)]:
        raise _corrupt(database)


@contextlib.contextmanager
def look_inside(database: Path, key: ReplicaKey) -> Iterator[sqlcipher.Connection]:
    """A connection that cannot write, not even SQLite's own log when it closes."""
    connection = connect(database, key, read_only=True)
    try:
        yield connection
    finally:
        connection.close()


def _entropy(page: bytes) -> float:
    """Shannon entropy in bits a byte."""
    return -sum(count / len(page) * math.log2(count / len(page)) for count in Counter(page).values())


@contextlib.contextmanager
def _denied(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as problem:
        raise UserError(
            "unreadable", f"{path} cannot be read.", hint="It belongs to another user of this computer."
        ) from problem


def _truncated(database: Path) -> UserError:
    return UserError("truncated", f"The end of the file {database.name} is missing.", hint=_RESTORE)


def _corrupt(database: Path) -> UserError:
    return UserError("corrupt", f"The file {database.name} is damaged.", hint=_RESTORE)
