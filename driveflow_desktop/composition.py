"""Putting a local school together: which key, which rules. Shared by the desktop and the commands."""

import os
from collections.abc import Callable
from typing import Final
from uuid import UUID

from driveflow_desktop.adapters.keyring_store import keys_for_new, keys_of
from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.domain.hard_rules import hard_rules
from driveflow_desktop.domain.tables import METADATA
from driveflow_desktop.kernel.clock import Clock, SystemClock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.cipher import KeyStore
from driveflow_desktop.store.open_replica import Setting, create_replica, open_replica, read_identity
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.store.state import device_id, read_fact, write_fact
from driveflow_desktop.store.unit_of_work import Actor

ORG_FACT: Final = "org_id"
USER_FACT: Final = "user_id"
"""Facts of `replica_state`: whose school this is, and who sits here by default."""
SERVICE_FACT: Final = "service_url"
"""Fact: the address of the school's service; a school without one stays on this PC."""

AskPassphrase = Callable[[], str]


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
