"""How much the replica holds, and what waits for a decision. For the window's foot and its rail."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.store.log_tables import NOTICE_CODE, Conflict


@dataclass(frozen=True, slots=True)
class Standing:
    """`conflicts` counts transactions that did not stand and wait for a decision."""

    replica_bytes: int
    bookings: int
    conflicts: int


def standing(connection: sa.Connection, org_id: UUID, path: Path) -> Standing:
    """The present state, in two short queries."""
    bookings = connection.execute(sa.select(sa.func.count()).where(Booking.org_id == org_id)).scalar_one()
    return Standing(path.stat().st_size if path.exists() else 0, bookings, undecided(connection, org_id))


def undecided(connection: sa.Connection, org_id: UUID) -> int:
    """How many transactions of this PC did not stand and wait for a decision."""
    open_ones = (Conflict.org_id == org_id, Conflict.resolved_at.is_(None), Conflict.code != NOTICE_CODE)
    return connection.execute(sa.select(sa.func.count()).where(*open_ones)).scalar_one()
