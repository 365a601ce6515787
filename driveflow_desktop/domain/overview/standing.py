"""How the replica stands: what waits to be pushed, how much is here. For the line at the foot of the window."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.store.log import OUTBOX
from driveflow_desktop.store.state import read_fact

SERVICE_FACT: Final = "service_url"
"""The fact of `replica_state` that names the sync service; absent where the school lives on this PC alone."""


@dataclass(frozen=True, slots=True)
class Standing:
    """`waiting` counts mutations not yet accepted by a service; `joined` is whether there is one."""

    joined: bool
    waiting: int
    replica_bytes: int
    bookings: int


def standing(connection: sa.Connection, org_id: UUID, path: Path) -> Standing:
    """The present state, in three short queries."""
    joined = read_fact(connection, SERVICE_FACT) is not None
    pending = (OUTBOX.c.org_id == org_id, OUTBOX.c.processed_at.is_(None), OUTBOX.c.acked_seq.is_(None))
    # A school on one PC has no one to wait for: its log is kept for the day it joins a service.
    waiting = connection.execute(sa.select(sa.func.count()).where(*pending)).scalar_one() if joined else 0
    bookings = connection.execute(sa.select(sa.func.count()).where(Booking.org_id == org_id)).scalar_one()
    size = path.stat().st_size if path.exists() else 0
    return Standing(joined, waiting, size, bookings)
