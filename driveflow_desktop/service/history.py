"""Who wrote a row last, from the log."""

from datetime import datetime
from typing import NamedTuple, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from driveflow_desktop.service.scope import Key
from driveflow_desktop.store.log import OUTBOX
from driveflow_desktop.store.log_tables import Op


class Write(NamedTuple):
    """A transaction that wrote a row: when by the service's clock, on which device."""

    transaction_id: UUID
    device_id: UUID | None
    at: datetime


def last_write(connection: sa.Connection, org_id: UUID, key: Key, column: str | None = None) -> Write | None:
    """The newest write of a row, or of one of its columns."""
    where = [OUTBOX.c.org_id == org_id, OUTBOX.c.table_name == key[0], OUTBOX.c.row_id == key[1]]
    where.append(OUTBOX.c.op != Op.EVENT)
    if column is not None:
        where.append(sa.cast(OUTBOX.c.payload, JSONB)["columns"].contains([column]))
    columns = (OUTBOX.c.transaction_id, OUTBOX.c.device_id, OUTBOX.c.occurred_at)
    found = connection.execute(sa.select(*columns).where(*where).order_by(OUTBOX.c.seq.desc()).limit(1)).one_or_none()
    return None if found is None else Write(found[0], found[1], cast("datetime", found[2]))
