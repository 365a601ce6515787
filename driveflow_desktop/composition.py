"""Putting a local school together: which folder, which key, which rules. Shared by the desktop and the commands."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import platformdirs

from driveflow_desktop.adapters.keyring_store import keys_for_new, keys_of
from driveflow_desktop.domain.hard_rules import hard_rules
from driveflow_desktop.domain.tables import METADATA
from driveflow_desktop.kernel.clock import Clock, SystemClock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.cipher import KeyStore
from driveflow_desktop.store.files import ReplicaFiles
from driveflow_desktop.store.open_replica import Setting, create_replica, open_replica, read_identity
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.store.state import device_id, read_fact, write_fact
from driveflow_desktop.store.unit_of_work import Actor

DATA_DIR_VARIABLE: Final = "DRIVEFLOW_DATA_DIR"
ORG_FACT: Final = "org_id"
USER_FACT: Final = "user_id"
"""Facts of `replica_state`: whose school this is, and who sits here by default."""

AskPassphrase = Callable[[], str]


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The folder of one school on this PC."""

    path: Path

    @property
    def replica(self) -> ReplicaFiles:
        """Where its replica lies."""
        return ReplicaFiles(self.path / "replica")

    @property
    def settings(self) -> Path:
        """Where this PC's habits are kept."""
        return self.path / "settings.json"

    @property
    def has_school(self) -> bool:
        """Whether a school was created, joined or demonstrated here."""
        return self.replica.database.exists() or self.replica.identity.exists()


def data_folder(given: str | None, environment: Mapping[str, str] = os.environ) -> DataFolder:
    """`--data-dir`, else `DRIVEFLOW_DATA_DIR`, else the system's own place for a user's program data."""
    chosen = given or environment.get(DATA_DIR_VARIABLE)
    return DataFolder(Path(chosen).expanduser() if chosen else Path(platformdirs.user_data_dir("DriveFlow", False)))


def demo_folder(given: str | None, size: str, environment: Mapping[str, str] = os.environ) -> DataFolder:
    """A folder of its own for the demo, so that it never meets a real school."""
    chosen = given or environment.get(DATA_DIR_VARIABLE)
    if chosen:
        return DataFolder(Path(chosen).expanduser())
    return DataFolder(Path(platformdirs.user_data_dir("DriveFlow", False)) / f"demo-{size}")


def setting(program: str, clock: Clock | None = None) -> Setting:
    """What every replica of ours is opened with."""
    return Setting(clock=clock or SystemClock(), tables=METADATA, guard=hard_rules, program=program)


def open_school(
    folder: DataFolder, program: str, ask: AskPassphrase | None = None, clock: Clock | None = None
) -> Replica:
    """Open the school in a folder, with the key from wherever it is kept. Raises what `open_replica` raises."""
    files = folder.replica
    if not folder.has_school:
        raise UserError(
            "missing", f"There is no school in {folder.path}.", hint="Start DriveFlow to create one, or try the demo."
        )
    keys = keys_of(read_identity(files).key_kind, files, os.environ, ask)
    return open_replica(files, keys, setting(program, clock))


def new_school(folder: DataFolder, program: str, ask: AskPassphrase | None = None) -> Replica:
    """Make an empty replica in a folder; its key goes to the keyring, or is made from a passphrase."""
    keys: KeyStore = keys_for_new(folder.replica, os.environ, ask)
    return create_replica(folder.replica, keys, setting(program))


def settle_in(replica: Replica, org_id: UUID, user_id: UUID) -> None:
    """Note whose school this replica is, and who sits here by default."""
    with replica.maintenance() as connection, connection.begin():
        write_fact(connection, ORG_FACT, str(org_id))
        write_fact(connection, USER_FACT, str(user_id))


def default_actor(replica: Replica) -> Actor:
    """The person who sits here by default; `UserError("no_person")` for a replica that belongs to no school yet."""
    with replica.reader() as connection:
        org, user, device = read_fact(connection, ORG_FACT), read_fact(connection, USER_FACT), device_id(connection)
    if org is None:
        raise UserError("no_person", "This folder holds no school yet.", hint="Start DriveFlow to create one.")
    return Actor(UUID(org), None if user is None else UUID(user), device)
