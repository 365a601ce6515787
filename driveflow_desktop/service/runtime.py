"""What one process of the service works with, made once at its start."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class Runtime:
    """`engine` logs in as a role that owns nothing and is no superuser; `schema` is the revision the tables stand at.

    `reader` is a read replica, for snapshots and pulls when it is new enough. `process_id` names this process in logs
    and leases.
    """

    engine: sa.Engine
    clock: Clock
    schema: str
    process_id: UUID
    reader: sa.Engine | None = None
