"""Does what the engine wants: one job at a time against the service and the replica, on whichever thread calls it.

Nothing here waits for time; `driver.py` does. Nothing raises for what a network, a disk or the service does: that
becomes the job's `Failed`. What is our own mistake is logged, told, and tried again like any trouble.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar
from uuid import UUID

from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.sync.engine import step
from driveflow_desktop.sync.happenings import (
    CloseStream,
    Compared,
    Effect,
    EngineState,
    Event,
    Failed,
    ForgetSession,
    Job,
    LockDevice,
    MembersTaken,
    Moment,
    OpenStream,
    Progressed,
    Pulled,
    Pushed,
    Refreshed,
    Run,
    SetAsideOldest,
    Show,
    Snapshotted,
    Started,
    WaitUntil,
)
from driveflow_desktop.sync.local import LocalReplica, Position
from driveflow_desktop.sync.outcomes import Answer, Failure, Trouble
from driveflow_desktop.sync.protocol import UNDECIDED, ChangesPage, PushRequest, PushResponse
from driveflow_desktop.sync.refusals import unreadable
from driveflow_desktop.sync.service_port import Service
from driveflow_desktop.sync.session import Session
from driveflow_desktop.sync.snapshot import LOCAL_PATIENCE, SnapshotTaker
from driveflow_desktop.sync.status import SyncStatus

log = logging.getLogger(__name__)
T = TypeVar("T")

_ROLES: Final = "user_orgs"


class Stream(Protocol):
    """Who listens to the service."""

    def open(self, token: str) -> None:
        """Listen, until `close` or the end of the stream."""

    def close(self) -> None:
        """Listen no longer."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who is told, on the worker's thread; each returns at once.

    `changed`: rows look different now. `replaced`: all of them do, the replica was fetched anew. `locked`: this device
    was revoked.
    """

    status: Callable[[SyncStatus], None] = lambda _status: None
    changed: Callable[[Changes], None] = lambda _changes: None
    replaced: Callable[[], None] = lambda: None
    locked: Callable[[], None] = lambda: None


@dataclass(slots=True)
class Tally:
    """What was done since the start, for whoever reports it: transactions pushed and rejected, changes pulled."""

    pushed: int = 0
    rejected: int = 0
    pulled: int = 0


class Worker:
    """The engine with hands."""

    def __init__(
        self,
        local: LocalReplica,
        service: Service,
        session: Session,
        stream: Stream,
        listeners: Listeners,
        *,
        snapshot_path: Path,
        now: Callable[[], Moment],
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self.state = EngineState()
        self.due: float | None = None
        """When `handle(Ticked())` is called at the latest."""
        self.tally = Tally()
        self.cancel_snapshot = False
        self._local = local
        self._service = service
        self._session = session
        self._stream = stream
        self._listeners = listeners
        self._now = now
        self._stopped = stopped
        self._snapshots = SnapshotTaker(
            snapshot_path, local, service, session, progress=self._progressed, stopped=self._is_snapshot_stopped
        )
        self._jobs: dict[Job, Callable[[Run], Event]] = {
            Job.REFRESH: self._refresh,
            Job.SNAPSHOT: self._snapshot,
            Job.REPLAY: self._push,
            Job.PUSH: self._push,
            Job.PULL: self._pull,
            Job.MEMBERS: self._members,
            Job.DIGEST: self._digest,
        }

    def started(self) -> Started:
        """The event with which everything begins."""
        user = self._session.user_id
        return Started(user, self._local.position().cursor, self._local.counts(user))

    def handle(self, event: Event) -> Event | None:
        """Tell the engine, do what it wants, and return what came of the job, to be handled next (None: no job)."""
        self.state, effects = step(self.state, event, self._now())
        outcome: Event | None = None
        for effect in effects:
            outcome = self._do(effect) or outcome
        return outcome

    def _do(self, effect: Effect) -> Event | None:
        match effect:
            case Run():
                return self._run(effect)
            case WaitUntil(at):
                self.due = at
            case Show(status):
                self._listeners.status(status)
            case OpenStream():
                self._stream.open(self._session.token)
            case CloseStream():
                self._stream.close()
            case ForgetSession():
                self._session.end()
            case LockDevice():
                self._listeners.locked()
            case SetAsideOldest(job, failure):
                self._set_aside(job, failure)
        return None

    def _run(self, run: Run) -> Event:
        try:
            return self._jobs[run.job](run)
        except UserError as problem:
            return Failed(run.job, Failure(Trouble.LOCAL, problem, LOCAL_PATIENCE / 10))
        except Exception:
            # One thread serves for weeks: our own mistake must not end it without a word.
            log.exception("the sync job %s failed", run.job.value)
            words = UserError("internal", "DriveFlow met an error while synchronising.", hint="It is tried again.")
            return Failed(run.job, Failure(Trouble.LOCAL, words))

    # -- jobs ---------------------------------------------------------------------------------------------------

    def _refresh(self, run: Run) -> Event:
        found = self._session.renew(self._service)
        return Failed(run.job, found) if isinstance(found, Failure) else Refreshed(found)

    def _push(self, run: Run) -> Event:
        replay = run.job is Job.REPLAY
        user = self._user()
        transactions = self._local.next_push(user, run.limit, replay=replay)
        if not transactions:
            return Pushed(run.job, 0, 0, self.state.head or 0, more=False, counts=self._local.counts(user))
        request = PushRequest(self._session.device_id, self._now().wall, tuple(transactions))
        answer = self._checked(self._service.push(self._session.token, request))
        if isinstance(answer, Failure):
            return Failed(run.job, answer)
        return self._judged(run.job, answer.value, {transaction.id for transaction in transactions})

    def _judged(self, job: Job, response: PushResponse, sent: set[UUID]) -> Event:
        if {result.id for result in response.results} != sent:
            return Failed(job, unreadable())
        outcome = self._local.take_results(response.results, replay=job is Job.REPLAY)
        self._tell(outcome.changes)
        undecided = sum(result.seq is None and result.code == UNDECIDED for result in response.results)
        rejected = sum(result.seq is None for result in response.results) - undecided
        self.tally.pushed += len(sent) - rejected - undecided
        self.tally.rejected += rejected
        counts = self._local.counts(self._user())
        more = counts.replays > 0 if job is Job.REPLAY else counts.mine > undecided
        trouble = unreadable() if undecided else None
        return Pushed(job, len(sent), rejected, response.head, more, counts, trouble)

    def _pull(self, run: Run) -> Event:
        position = self._local.position()
        cursor = position.cursor or 0
        answer = self._checked(
            self._service.pull(self._session.token, cursor, self._local.page_limit, position.last), position.epoch
        )
        if isinstance(answer, Failure):
            return Failed(run.job, answer)
        page = answer.value
        if position.scope is not None and page.scope != position.scope:
            return Failed(run.job, Failure(Trouble.SCOPE))
        if page.next < cursor or page.head < page.next or (page.next == cursor and page.head > cursor):
            return Failed(run.job, unreadable())
        return self._taken(page, answer.epoch, position)

    def _taken(self, page: ChangesPage, epoch: str | None, asked_at: Position) -> Event:
        outcome = self._local.take_page(page, epoch, asked_at)
        self.tally.pulled += len(page.changes)
        self._tell(outcome.changes)
        members = any(change.table == _ROLES for change in page.changes)
        return Pulled(page.next, page.head, members, self._local.counts(self._user()))

    def _members(self, run: Run) -> Event:
        answer = self._checked(self._service.members(self._session.token))
        if isinstance(answer, Failure):
            return Failed(run.job, answer)
        self._tell(self._local.take_members(answer.value.members))
        return MembersTaken()

    def _digest(self, run: Run) -> Event:
        cursor = self._local.position().cursor or 0
        answer = self._checked(self._service.digest(self._session.token, cursor))
        if isinstance(answer, Failure):
            return Failed(run.job, answer)
        mine = self._local.digest(cursor, self._stopped)
        if mine is None or answer.value.head != cursor:
            return Compared(None)
        different = sorted(name for name, theirs in answer.value.tables.items() if mine.get(name) != theirs)
        if different:
            log.warning("the replica differs from the service in %s; it is fetched anew", ", ".join(different))
        return Compared(not different)

    def _snapshot(self, run: Run) -> Event:
        self.cancel_snapshot = False
        found = self._snapshots.take()
        if isinstance(found, Snapshotted):
            self._listeners.replaced()
            return found
        return Failed(run.job, found)

    # -- helpers ------------------------------------------------------------------------------------------------

    def _checked(self, answer: Answer[T] | Failure, known: str | None = None) -> Answer[T] | Failure:
        """The answer, unless it is from another history than the replica's."""
        if self._stopped():
            # The replica may be closed by now; an answer that comes this late is as good as lost.
            return Failure(Trouble.UNREACHABLE)
        if isinstance(answer, Failure) or answer.epoch is None:
            return answer
        epoch = known or self._local.position().epoch
        return answer if epoch in (None, answer.epoch) else Failure(Trouble.EPOCH)

    def _set_aside(self, job: Job, failure: Failure) -> None:
        detail = "It is too large to be sent." if failure.error is None else failure.error.message
        outcome = self._local.set_aside_oldest(self._user(), "too_large", detail, replay=job is Job.REPLAY)
        self.tally.rejected += len(outcome.set_aside)
        self._tell(outcome.changes)

    def _progressed(self, rows: int, total: int) -> None:
        """In the middle of a snapshot: the engine is told, and starts nothing, because a job runs."""
        self.state, effects = step(self.state, Progressed(rows, total), self._now())
        for effect in effects:
            if isinstance(effect, Show):
                self._listeners.status(effect.status)

    def _is_snapshot_stopped(self) -> bool:
        return self.cancel_snapshot or self._stopped()

    def _tell(self, changes: Changes) -> None:
        if changes:
            self._listeners.changed(changes)

    def _user(self) -> UUID:
        user = self._session.user_id
        if user is None:
            raise UserError("signed_out", "Nobody is signed in on this PC.", hint="Sign in again.")
        return user
