"""The bridge between the UI thread and the threads that touch disk: one writer, a few readers, queued results.

Rules it keeps: the UI thread never waits; callbacks run on the UI thread only; workers own no Qt object and drop
every reference to a job before the UI thread does; a receiver that died gets nothing; of reads with one key only the
newest is answered; a refusal (`UserError`) goes to whoever asked, anything else to the bug handler with an id.
"""

import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import FunctionType
from typing import TypeVar, cast

from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer, Signal, Slot
from shiboken6 import isValid

from driveflow_desktop.kernel.errors import Bug, UserError

T = TypeVar("T")
log = logging.getLogger(__name__)

OnError = Callable[[UserError], None]


@dataclass(frozen=True, slots=True)
class BugReport:
    """What a person may tell us: the id stands beside the traceback in the log."""

    id: str
    kind: str


class _Failed:
    """A job's failure as it crosses threads: without its traceback, whose frames would keep Qt objects alive."""

    def __init__(self, refusal: UserError | None, bug: BugReport | None) -> None:
        self.refusal = refusal
        self.bug = bug


class _Work:
    """What a worker sees of a job."""

    __slots__ = ("key", "number", "run")

    def __init__(self, number: int, key: str | None, run: Callable[[], object]) -> None:
        self.number = number
        self.key = key
        self.run = run


class _Queue:
    """Jobs in order; a newer job takes the place of a waiting one with its key."""

    def __init__(self) -> None:
        self._waiting: deque[_Work] = deque()
        self._ready = threading.Condition()
        self._closed = False

    def put(self, work: _Work) -> int | None:
        """Append a job; the number of the job that it replaced, if any."""
        with self._ready:
            replaced = self._drop(work.key) if work.key is not None else None
            self._waiting.append(work)
            self._ready.notify()
        return replaced

    def take(self) -> _Work | None:
        """The next job, waiting for it; nothing once the queue is closed and empty."""
        with self._ready:
            while not self._waiting and not self._closed:
                self._ready.wait()
            return self._waiting.popleft() if self._waiting else None

    def close(self, *, finish: bool) -> None:
        """Let workers go when the queue is empty; `finish` keeps what waits, else it is forgotten."""
        with self._ready:
            if not finish:
                self._waiting.clear()
            self._closed = True
            self._ready.notify_all()

    def _drop(self, key: str) -> int | None:
        for work in self._waiting:
            if work.key == key:
                self._waiting.remove(work)
                return work.number
        return None


@dataclass(frozen=True, slots=True)
class _Job:
    """What the UI thread keeps of a job: its callbacks, and `run` so that the worker's reference is never the last."""

    run: Callable[[], object]
    on_result: Callable[[object], None]
    on_error: OnError | None
    key: str | None


def receiver_lives(callback: Callable[[T], None]) -> bool:
    """Whether every Qt object that `callback` belongs to still exists.

    Seen are the owner of a bound method, also inside a `partial`, and what a lambda closes over directly.
    """
    inner: object = callback
    while isinstance(inner, partial):
        inner = inner.func
    owners = [getattr(inner, "__self__", None)]
    if isinstance(inner, FunctionType):
        owners += [cell.cell_contents for cell in inner.__closure__ or ()]
    return all(isValid(owner) for owner in owners if isinstance(owner, QObject))


class Bridge(QObject):
    """Owns the writer and the reader threads. Made, used and closed on the UI thread."""

    idle = Signal()
    """Every job asked for so far has been answered."""
    _done = Signal()

    def __init__(
        self,
        *,
        on_user_error: OnError,
        on_bug: Callable[[BugReport], None],
        readers: int = 1,
        parent: QObject | None = None,
    ) -> None:
        """`on_user_error` gets refusals that nobody else takes, `on_bug` every other failure."""
        super().__init__(parent)
        self._on_user_error = on_user_error
        self._on_bug = on_bug
        self._jobs: dict[int, _Job] = {}
        self._newest: dict[str, int] = {}
        self._last = 0
        self._outcomes: deque[tuple[int, object]] = deque()
        self._reads, self._writes = _Queue(), _Queue()
        self._closed = False
        self._ui_thread = threading.get_ident()
        self._done.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        names = [("writer", self._writes), *((f"reader-{n}", self._reads) for n in range(1, readers + 1))]
        self._threads = [
            threading.Thread(target=self._work, args=(queue,), name=name, daemon=True) for name, queue in names
        ]
        for thread in self._threads:
            thread.start()

    def read(
        self, key: str, fn: Callable[[], T], on_result: Callable[[T], None], on_error: OnError | None = None
    ) -> None:
        """Run `fn` on a reader; its result goes to `on_result` unless a newer read with `key` was asked for."""
        self._submit(self._reads, key, fn, on_result, on_error)

    def write(self, fn: Callable[[], T], on_result: Callable[[T], None], on_error: OnError | None = None) -> None:
        """Run `fn` on the writer, after every write asked for before. A write is never dropped.

        When the receiver died meanwhile, a refusal still reaches the bridge's own handler: nothing is swallowed.
        """
        self._submit(self._writes, None, fn, on_result, on_error)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is waiting, running or undelivered."""
        return not self._jobs

    def wait_idle(self, timeout_ms: int = 5000) -> bool:
        """Run the event loop until idle, for tests and scripted tours; whether it came to that in time."""
        if self.is_idle:
            return True
        loop = QEventLoop()
        late = QTimer(loop, singleShot=True)
        late.timeout.connect(loop.quit)
        late.start(timeout_ms)
        self.idle.connect(loop.quit)
        # More may be asked for between falling idle and leaving the loop: only the clock ends the wait early.
        while self._jobs and late.isActive():
            loop.exec()
        return not self._jobs

    def close(self) -> None:
        """Finish the writes asked for, forget the reads, and wait for the threads to end. Callbacks stay silent."""
        if self._closed:
            return
        self._closed = True
        self._reads.close(finish=False)
        self._writes.close(finish=True)
        for thread in self._threads:
            thread.join()
        self._jobs.clear()
        for _number, outcome in self._outcomes:
            if isinstance(outcome, _Failed) and outcome.refusal is not None:
                log.warning("refused while closing: %s", outcome.refusal.code)
        self._outcomes.clear()

    def _submit(
        self,
        queue: _Queue,
        key: str | None,
        fn: Callable[[], T],
        on_result: Callable[[T], None],
        on_error: OnError | None,
    ) -> None:
        if self._closed:
            raise Bug("the bridge is closed")
        if threading.get_ident() != self._ui_thread:
            raise Bug("the bridge is used from the UI thread only")
        self._last += 1
        number = self._last
        self._jobs[number] = _Job(fn, cast("Callable[[object], None]", on_result), on_error, key)
        if key is not None:
            self._newest[key] = number
        replaced = queue.put(_Work(number, key, fn))
        if replaced is not None:
            del self._jobs[replaced]

    def _work(self, queue: _Queue) -> None:
        """A worker's life. It lets go of a job before the UI thread can see the outcome, so that whatever the job
        closes over, Qt objects above all, is never destroyed here.
        """
        while (work := queue.take()) is not None:
            outcome = [_outcome(work.run)]
            work.run = _nothing
            self._outcomes.append((work.number, outcome.pop()))
            self._done.emit()

    @Slot()
    def _deliver(self) -> None:
        if not self._outcomes:  # closed since
            return
        number, outcome = self._outcomes.popleft()
        job = self._jobs.pop(number)
        try:
            if job.key is None or self._newest.get(job.key) == number:
                self._answer(job, outcome)
        finally:
            if job.key is not None and self._newest.get(job.key) == number:
                del self._newest[job.key]
            if self.is_idle:
                self.idle.emit()

    def _answer(self, job: _Job, outcome: object) -> None:
        alive = receiver_lives(job.on_result)
        if not isinstance(outcome, _Failed):
            if alive:
                job.on_result(outcome)
        elif outcome.bug is not None:
            self._on_bug(outcome.bug)
        elif outcome.refusal is not None:
            if alive and job.on_error is not None:
                job.on_error(outcome.refusal)
            elif alive or job.key is None:
                self._on_user_error(outcome.refusal)


def _nothing() -> None:
    """What a worker holds after its job."""


def _outcome(run: Callable[[], object]) -> object:
    try:
        return run()
    except UserError as error:
        # Tracebacks hold frames, and frames hold Qt objects.
        error.__traceback__ = error.__cause__ = error.__context__ = None
        return _Failed(error, None)
    except Exception as error:
        report = BugReport(secrets.token_hex(4), type(error).__name__)
        log.exception("bug %s in a background job", report.id)
        return _Failed(None, report)
