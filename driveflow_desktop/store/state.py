"""Small facts of a replica (`replica_state`): text by key."""

from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from driveflow_desktop.kernel.ids import IdSource
from driveflow_desktop.store.log_tables import ReplicaState

DEVICE_ID: Final = "device_id"
"""This copy of the replica, as the service knows it. A restored or copied replica gets a new one."""

_STATE: Final = cast("sa.Table", ReplicaState.__table__)


def read_fact(connection: sa.Connection, key: str) -> str | None:
    """The fact, or None."""
    return connection.execute(sa.select(_STATE.c.value).where(_STATE.c.key == key)).scalar_one_or_none()


def write_fact(connection: sa.Connection, key: str, value: str) -> None:
    """Set the fact."""
    statement = sqlite.insert(_STATE).values(key=key, value=value)
    connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": value}))


def forget_fact(connection: sa.Connection, key: str) -> None:
    """Remove the fact."""
    connection.execute(_STATE.delete().where(_STATE.c.key == key))


def device_id(connection: sa.Connection) -> UUID | None:
    """The device this replica is, or None when it never had one."""
    found = read_fact(connection, DEVICE_ID)
    return None if found is None else UUID(found)


def become_new_device(connection: sa.Connection, ids: IdSource) -> UUID:
    """Give the replica a device id of its own; the service will ask for a sign-in."""
    made = ids.new()
    write_fact(connection, DEVICE_ID, str(made))
    return made
