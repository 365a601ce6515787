"""What the sync engine is told (events), what it wants done (effects), and what it remembers (state): plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias
from uuid import UUID

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.sync.outcomes import Failure
from driveflow_desktop.sync.status import SyncStatus

MOST_PUSHED: Final = 1_000
"""Mutations in one push of ours. The service takes five times as many, but judges some hundred a second on a small
machine, and the answer must come within the client's patience (`transport`)."""


class Job(StrEnum):
    """Work that the engine has done for it, one at a time."""

    REFRESH = "refresh"
    SNAPSHOT = "snapshot"
    REPLAY = "replay"
    """Push again what an older epoch of the service had acknowledged."""
    PUSH = "push"
    PULL = "pull"
    MEMBERS = "members"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Moment:
    """Now: `at` in seconds on a clock that never jumps, `wall` for people, `roll` a random number in [0, 1)."""

    at: float
    wall: datetime
    roll: float


@dataclass(frozen=True, slots=True)
class Counts:
    """What waits on this PC: transactions without a judgement (`others`: of other members), conflicts, replays."""

    waiting: int = 0
    others: int = 0
    conflicts: int = 0
    replays: int = 0

    @property
    def mine(self) -> int:
        """Transactions that this session can push."""
        return self.waiting - self.others


# -- events ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """The program started; `user_id` is None when no session was kept, `cursor` when there is no replica yet."""

    user_id: UUID | None
    cursor: int | None
    counts: Counts


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time passed."""


@dataclass(frozen=True, slots=True)
class Edited:
    """The desk committed something."""

    counts: Counts


@dataclass(frozen=True, slots=True)
class Woken:
    """The stream said how far the log reaches."""

    head: int


@dataclass(frozen=True, slots=True)
class StreamLost:
    """The stream ended, or could not be opened."""

    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Pushed:
    """The service judged a push (or a replay), and the replica took its results. `more` is still to be pushed."""

    job: Job
    sent: int
    rejected: int
    head: int
    more: bool
    counts: Counts
    trouble: Failure | None = None
    """Why some of them stay pending: the service failed on them."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """The replica took a page. `members` says whether roles of people changed in it."""

    cursor: int
    head: int
    members: bool
    counts: Counts


@dataclass(frozen=True, slots=True)
class Snapshotted:
    """The replica was replaced by a snapshot that stands at `cursor`."""

    cursor: int
    counts: Counts


@dataclass(frozen=True, slots=True)
class Progressed:
    """A snapshot goes on."""

    rows: int
    total: int


@dataclass(frozen=True, slots=True)
class MembersTaken:
    """The names of the school's people were stored."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The digest was compared; `same` is None where the replica has moved on meanwhile."""

    same: bool | None


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A new access token, good for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """A job failed."""

    job: Job
    failure: Failure


@dataclass(frozen=True, slots=True)
class Asked:
    """A person asked to synchronise now."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person signed in; `seconds` is the access token's life."""

    user_id: UUID
    seconds: float
    counts: Counts


@dataclass(frozen=True, slots=True)
class SignedOut:
    """The person signed out."""


@dataclass(frozen=True, slots=True)
class NetworkChanged:
    """The system says that the network came or went: a hint, never believed alone."""

    up: bool


Event: TypeAlias = (
    Started
    | Ticked
    | Edited
    | Woken
    | StreamLost
    | Pushed
    | Pulled
    | Snapshotted
    | Progressed
    | MembersTaken
    | Compared
    | Refreshed
    | Failed
    | Asked
    | SignedIn
    | SignedOut
    | NetworkChanged
)


# -- effects --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Run:
    """Do a job and say what became of it; `limit` is how many mutations a push may hold."""

    job: Job
    limit: int = MOST_PUSHED


@dataclass(frozen=True, slots=True)
class OpenStream:
    """Listen to the service."""


@dataclass(frozen=True, slots=True)
class CloseStream:
    """Stop listening."""


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Tick at that second at the latest; None: only an event goes on from here."""

    at: float | None


@dataclass(frozen=True, slots=True)
class Show:
    """The status changed."""

    status: SyncStatus


@dataclass(frozen=True, slots=True)
class SetAsideOldest:
    """The oldest transaction to be pushed fits into no request: keep it as a conflict."""

    job: Job
    failure: Failure


@dataclass(frozen=True, slots=True)
class ForgetSession:
    """The tokens are worth nothing any more."""


@dataclass(frozen=True, slots=True)
class LockDevice:
    """The service revoked this device: lock the window and offer to wipe."""


Effect: TypeAlias = Run | OpenStream | CloseStream | WaitUntil | Show | SetAsideOldest | ForgetSession | LockDevice


# -- state ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Retry:
    """Failures in a row, and the second before which nothing is tried again."""

    failures: int = 0
    at: float = 0.0
    since: float = 0.0
    """The second of the first of them."""


CALM: Final = Retry()
NO_RETRIES: Final[Mapping[Job, Retry]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class EngineState:
    """Everything that the engine remembers. Seconds are those of `Moment.at`."""

    user_id: UUID | None = None
    stopped_by: UserError | None = None
    """What a person must mend before anything goes on (BLOCKED)."""
    may_push: bool = False
    """Whether edits are taken all the same: the service takes them from versions that it no longer serves."""
    locked: bool = False
    signed_out_by: UserError | None = None
    busy: Job | None = None
    last: Job | None = None
    want: frozenset[Job] = frozenset()
    counts: Counts = field(default_factory=Counts)
    cursor: int | None = None
    head: int | None = None
    token_until: float = 0.0
    token_refused: bool = False
    """The service took no token of the last refresh yet."""
    push_limit: int = MOST_PUSHED
    way: Retry = CALM
    """Trouble of the way to the service."""
    jobs: Mapping[Job, Retry] = field(default_factory=lambda: NO_RETRIES)
    """Trouble of single jobs."""
    problem: UserError | None = None
    """The newest trouble of a job that failed more than once."""
    way_problem: UserError | None = None
    listening: bool = False
    stream: Retry = CALM
    poll_at: float = 0.0
    digest_at: float = 0.0
    repaired_at: float | None = None
    edited_at: float = 0.0
    synced_at: datetime | None = None
    progress: tuple[int, int] | None = None
    shown: SyncStatus | None = None
