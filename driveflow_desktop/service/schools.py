"""Opening a school on the service: its row, its lock, and the first entry of its log."""

from collections.abc import Mapping
from datetime import datetime
from typing import cast
from uuid import UUID, uuid4

import sqlalchemy as sa

from driveflow_desktop.domain.identity.tables import Org
from driveflow_desktop.service.journal import HEADS, Entry, Journal
from driveflow_desktop.service.scope import EVERYONE
from driveflow_desktop.store.log import Mutation, Stamp
from driveflow_desktop.store.log_tables import Op
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.types import Value


def open_school(
    connection: sa.Connection, org_id: UUID, values: Mapping[str, Value], *, schema: str, now: datetime
) -> None:
    """Create a school inside its own `school_transaction`; `values` are columns of `orgs` (a name at least)."""
    table = cast("sa.Table", Org.__table__)
    rows = codec(table)
    full = rows.complete(values)
    row = {**full, "org_id": org_id, "id": org_id, "created_at": now, "updated_at": now, "version": 1}
    connection.execute(HEADS.insert(), {"org_id": org_id, "epoch": uuid4()})
    journal = Journal.lock(connection, org_id)
    rows.insert(connection, [row])
    stamp = Stamp(org_id, uuid4(), None, None, schema, now)
    mutation = Mutation(uuid4(), table, Op.INSERT, org_id, 0, full, {}, "school.opened")
    journal.write([(Entry(table, org_id, row, EVERYONE, EVERYONE, mutation), journal.next_seq())], stamp, now)
    journal.close()
