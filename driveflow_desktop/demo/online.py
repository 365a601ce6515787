"""The demo school on a sync service: its rows in the service's PostgreSQL, its people with a public password.

The school is put there as after a first push, without its history; the replica is left as if it had pulled it all.
"""

from collections.abc import Iterator, Mapping
from typing import Final, cast
from uuid import UUID, uuid4

import sqlalchemy as sa

from driveflow_desktop.demo.build import DemoSchool
from driveflow_desktop.domain.identity.tables import User
from driveflow_desktop.domain.tables import synced_tables
from driveflow_desktop.service.auth.passwords import Passwords
from driveflow_desktop.service.database import make_engine
from driveflow_desktop.service.journal import HEADS
from driveflow_desktop.store.loading import take_as_synced
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.store.state import write_fact
from driveflow_desktop.sync.local import EPOCH, SCOPE
from driveflow_desktop.sync.overlay import CURSOR

PASSWORD: Final = "learner driver demo"  # noqa: S105 - said aloud at each start of the demo
"""Opens every account of a demo school; public, as its replica's key is."""
_CHUNK: Final = 1_000
_USERS: Final = cast("sa.Table", User.__table__)


def put_on_service(replica: Replica, admin_url: str, school: DemoSchool) -> None:
    """Fill an empty, migrated database with the school of a replica, and let the replica follow it from here.

    `admin_url` is a superuser's, whom row-level security does not hold: the school is written as it is, with its
    versions, and not judged as work of one of its people.
    """
    head = take_as_synced(replica)
    epoch = uuid4()
    engine = make_engine(admin_url, pool_size=1)
    try:
        with engine.begin() as service:
            service.exec_driver_sql("SET LOCAL TIME ZONE 'UTC'")
            opened = Passwords().hash(PASSWORD)
            for people in _chunks(replica, _USERS):
                service.execute(_USERS.insert(), [{**person, "password_hash": opened} for person in people])
            service.execute(
                HEADS.insert(), {"org_id": school.org_id, "head_seq": head, "min_seq": head, "epoch": epoch}
            )
            service.exec_driver_sql("SET CONSTRAINTS ALL DEFERRED")
            for table in synced_tables():
                for rows in _chunks(replica, table):
                    service.execute(table.insert(), rows)
    finally:
        engine.dispose()
    _follow(replica, head, epoch)


def is_on_service(admin_url: str, org_id: UUID) -> bool:
    """Whether the school stands there already."""
    engine = make_engine(admin_url, pool_size=1)
    try:
        with engine.connect() as service:
            return service.execute(sa.select(HEADS.c.org_id).where(HEADS.c.org_id == org_id)).first() is not None
    finally:
        engine.dispose()


def _chunks(replica: Replica, table: sa.Table) -> Iterator[list[Mapping[str, object]]]:
    """The rows of a table as they are, some at a time."""
    with replica.reader() as connection:
        found = connection.execute(sa.select(table)).mappings()
        while chunk := found.fetchmany(_CHUNK):
            yield [dict(row) for row in chunk]


def _follow(replica: Replica, head: int, epoch: UUID) -> None:
    facts = {CURSOR: str(head), EPOCH: str(epoch), SCOPE: "all"}
    with replica.maintenance() as connection, connection.begin():
        for name, value in facts.items():
            write_fact(connection, name, value)
