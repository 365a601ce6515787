"""What the sync engine tells whoever shows it: one truthful state, and what waits."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from driveflow_desktop.kernel.errors import UserError


class SyncState(StrEnum):
    """Where the engine stands."""

    LOCAL = "local"
    """This school has no service: everything is saved on this PC only."""
    SIGNED_OUT = "signed_out"
    """Nobody is signed in on this PC, so nothing is sent or fetched."""
    FIRST_SYNC = "first_sync"
    """The replica is being fetched whole; `progress` says how far."""
    SYNCING = "syncing"
    SYNCED = "synced"
    """Everything that was here is on the service, and everything of the service is here."""
    OFFLINE = "offline"
    """The service cannot be reached; the engine tries again by itself."""
    BLOCKED = "blocked"
    """The engine stopped until a person acts: `problem` says why (an upgrade, an answer that is not the service's)."""
    LOCKED = "locked"
    """This device was revoked: the window locks and offers to wipe the replica."""


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """A snapshot of the engine, made on the sync thread and handed to any other.

    `waiting` counts local transactions that the service has not judged, `others_waiting` those among them that wait
    for another member's sign-in on this PC, `conflicts` those that wait for a person. `synced_at` is when replica and
    service last agreed. `progress` is (rows taken, rows in all) of a snapshot, first or later.
    """

    state: SyncState
    waiting: int = 0
    conflicts: int = 0
    synced_at: datetime | None = None
    problem: UserError | None = None
    progress: tuple[int, int] | None = None
    user_id: UUID | None = None
    others_waiting: int = 0
