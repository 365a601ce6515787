"""The sync thread: one worker, its queue, its clock; and the thread that listens to the service's stream.

Every public method may be called from any thread and returns at once, `stop` within `STOP_SECONDS`.
"""

import logging
import queue
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from driveflow_desktop.kernel.clock import Clock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.sync.happenings import (
    Asked,
    Edited,
    Event,
    Moment,
    NetworkChanged,
    SignedIn,
    SignedOut,
    StreamLost,
    Ticked,
    Woken,
)
from driveflow_desktop.sync.local import LocalReplica
from driveflow_desktop.sync.outcomes import Failure
from driveflow_desktop.sync.service_port import Service
from driveflow_desktop.sync.session import Session
from driveflow_desktop.sync.session_protocol import SignInAnswer
from driveflow_desktop.sync.status import SyncState, SyncStatus
from driveflow_desktop.sync.worker import Listeners, Tally, Worker

log = logging.getLogger(__name__)

STOP_SECONDS: Final = 2.0
"""How long `stop` waits for a request that is being cut; after that the thread is left to end by itself."""

_Told: TypeAlias = Callable[[], Event]


class ListeningService(Service, Protocol):
    """A service with a stream."""

    def listen(self, token: str, hear: Callable[[int], None]) -> Failure | None:
        """Say every head that the stream tells, until it ends."""


def make_moment(clock: Clock) -> Callable[[], Moment]:
    """Real time: seconds of the monotonic clock, the given clock's wall time, real chance."""
    chance = random.SystemRandom()
    return lambda: Moment(time.monotonic(), clock.now(), chance.random())


class StreamThread:
    """Listens on a thread of its own, one stream at a time; what it hears goes to `tell`."""

    def __init__(self, service: ListeningService, tell: Callable[[Event], None]) -> None:
        self._service = service
        self._tell = tell
        self._number = 0
        self._lock = threading.Lock()

    def open(self, token: str) -> None:
        """Listen, until `close` or the end of the stream."""
        with self._lock:
            self._number += 1
            number = self._number
        threading.Thread(target=self._listen, args=(token, number), name="driveflow-stream", daemon=True).start()

    def close(self) -> None:
        """Listen no longer: what the old stream says is not heard any more; its connection ends with the session."""
        with self._lock:
            self._number += 1

    def _listen(self, token: str, number: int) -> None:
        failure = self._service.listen(token, lambda head: self._pass_on(Woken(head), number))
        self._pass_on(StreamLost(failure), number)

    def _pass_on(self, event: Event, number: int) -> None:
        with self._lock:
            current = number == self._number
        if current:
            self._tell(event)


class Driver:
    """Synchronises one open replica with its service, from `start` to `stop`; may be started again."""

    def __init__(
        self,
        local: LocalReplica,
        service: ListeningService,
        session: Session,
        listeners: Listeners,
        *,
        snapshot_path: Path,
        clock: Clock,
    ) -> None:
        self._local = local
        self._service = service
        self._session = session
        self._queue: queue.SimpleQueue[_Told | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._edited = threading.Event()
        self._stream = StreamThread(service, lambda event: self._put(lambda: event))
        self._worker = Worker(
            local,
            service,
            session,
            self._stream,
            listeners,
            snapshot_path=snapshot_path,
            now=make_moment(clock),
            stopped=self._stopping.is_set,
        )

    @property
    def status(self) -> SyncStatus | None:
        """The last status; None before the first."""
        return self._worker.state.shown

    @property
    def tally(self) -> Tally:
        """What was done so far."""
        return self._worker.tally

    @property
    def head(self) -> int:
        """The sequence that the replica has reached."""
        return self._worker.state.cursor or 0

    # -- life ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin; nothing happens when it runs already."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._stopping.clear()
        self._queue = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="driveflow-sync", daemon=True)
        self._thread.start()

    def stop(self) -> bool:
        """End, cutting what is under way; says whether the thread is gone. It touches the replica no more."""
        thread = self._thread
        if thread is None:
            return True
        self._stopping.set()
        self._stream.close()
        self._queue.put(None)
        self._service.abort()
        thread.join(STOP_SECONDS)
        if thread.is_alive():
            log.warning("a request did not end in time; its thread ends by itself")
        return not thread.is_alive()

    def run_until_settled(self) -> SyncStatus:
        """Synchronise on the calling thread until nothing is left to do or only a person can go on; for commands.

        Trouble of the way is tried again a few times first.
        """
        last = self._drive(self._is_settled)
        self._stream.close()
        self._service.abort()
        return last

    # -- telling ------------------------------------------------------------------------------------------------

    def edited(self) -> None:
        """The desk committed something."""
        if not self._edited.is_set():
            self._edited.set()
            self._put(self._count_edits)

    def ask(self) -> None:
        """A person wants it now."""
        self._put(Asked)

    def sign_in(self, answer: SignInAnswer) -> None:
        """Take the session of someone who has just signed in with this device."""

        def begin() -> Event:
            self._session.begin(answer)
            return SignedIn(answer.user.id, float(answer.expires_in), self._local.counts(answer.user.id))

        self._put(begin)

    def sign_out(self) -> None:
        """Forget the session; edits stay."""
        self._put(SignedOut)

    def network_changed(self, up: bool) -> None:
        """The system says that the network came or went."""
        self._put(lambda: NetworkChanged(up))

    def cancel_snapshot(self) -> None:
        """Stop the download of a whole replica; what has come is kept to go on with."""
        self._worker.cancel_snapshot = True

    # -- the thread ---------------------------------------------------------------------------------------------

    def _put(self, told: _Told) -> None:
        self._queue.put(told)

    def _count_edits(self) -> Event:
        self._edited.clear()
        return Edited(self._local.counts(self._session.user_id))

    def _run(self) -> None:
        self._drive(lambda: False)
        self._stream.close()

    def _drive(self, done: Callable[[], bool]) -> SyncStatus:
        outcome: Event | None = self._worker.handle(self._worker.started())
        while not self._stopping.is_set():
            if outcome is None and done():
                break
            # What was told while a job ran comes first: an edit does not wait for the end of a long download.
            told = self._next_told(wait=outcome is None)
            if self._stopping.is_set():
                break
            if told is not None:
                outcome = self._hear(told) or outcome
            elif outcome is not None:
                outcome = self._worker.handle(outcome)
            else:
                outcome = self._worker.handle(Ticked())
        return self.status or SyncStatus(SyncState.SIGNED_OUT)

    def _hear(self, told: _Told) -> Event | None:
        try:
            event = told()
        except UserError as problem:
            log.warning("could not look what waits: %s", problem.code)
            event = Ticked()
        return self._worker.handle(event)

    def _next_told(self, *, wait: bool) -> _Told | None:
        try:
            if not wait:
                return self._queue.get_nowait()
            due = self._worker.due
            return self._queue.get(timeout=None if due is None else max(0.0, due - time.monotonic()))
        except queue.Empty:
            return None

    def _is_settled(self) -> bool:
        """Whether only time or a person goes on: all agrees, or it is blocked, or the way fails for the third time."""
        state = self._worker.state
        status = self.status
        if status is None or state.busy is not None:
            return False
        if status.state in (SyncState.SYNCING, SyncState.FIRST_SYNC):
            return state.way.failures >= _TRIES or any(retry.failures >= _TRIES for retry in state.jobs.values())
        return True


_TRIES: Final = 3
