"""Where a replica's files lie, and writing files so that they survive a power cut.

<folder>/replica.db            the encrypted rows, with SQLite's own replica.db-wal and replica.db-shm beside it
<folder>/replica.db.snapshot   a replica that is being fetched from the service; it takes the name when it is complete
<folder>/replica.json          which key opens it (its id and where the key is kept, never the key)
<folder>/replica.kdf.json      salt and cost of a passphrase, where no keyring holds the key
<folder>/replica.lock          held by the one program that has the replica open
<folder>/replica.holder.json   who that is, in words
<folder>/backups/              copies, encrypted with the same key
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PARTIAL: Final = ".partial"
"""Ending of a file that is still being written; it never counts for anything."""


@dataclass(frozen=True, slots=True)
class ReplicaFiles:
    """The files of one replica."""

    folder: Path

    @property
    def database(self) -> Path:
        """The encrypted rows."""
        return self.folder / "replica.db"

    @property
    def snapshot(self) -> Path:
        """The replica that is being fetched from the service, to take the database's place."""
        return self.folder / "replica.db.snapshot"

    @property
    def identity(self) -> Path:
        """Which key opens the database."""
        return self.folder / "replica.json"

    @property
    def kdf(self) -> Path:
        """Salt and cost of a passphrase."""
        return self.folder / "replica.kdf.json"

    @property
    def lock(self) -> Path:
        """The file that the program with the open replica holds."""
        return self.folder / "replica.lock"

    @property
    def holder(self) -> Path:
        """Who holds the lock."""
        return self.folder / "replica.holder.json"

    @property
    def backups(self) -> Path:
        """The folder of the program's own backups."""
        return self.folder / "backups"


def wal_of(database: Path) -> Path:
    """The write-ahead log beside a database: commits that are not yet in the main file."""
    return database.with_name(database.name + "-wal")


def shm_of(database: Path) -> Path:
    """The index of the write-ahead log; SQLite makes it anew whenever it is missing."""
    return database.with_name(database.name + "-shm")


def remove_database(path: Path) -> None:
    """Remove a database file that nobody has open, with what SQLite keeps beside it."""
    for ending in ("", "-journal", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def write_durably(path: Path, content: bytes) -> None:
    """Put a small file in place, whole or not at all, and wait until the disk has it."""
    partial = path.with_name(path.name + PARTIAL)
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    put_in_place(partial, path)


def put_in_place(partial: Path, target: Path) -> None:
    """Give a finished, synced file its name, replacing what has it, and wait until the disk has the name."""
    os.replace(partial, target)
    sync_folder(target.parent)


def sync_file(path: Path) -> None:
    """Wait until the disk has the whole file."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the folder's names; Windows has no such call and needs none (NTFS logs names)."""
    with contextlib.suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
