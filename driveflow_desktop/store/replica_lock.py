"""One program at a time on a replica: the operating system's file lock, and a note that says who holds it.

The lock goes with its process, however that ends, so a killed program leaves nothing to clean up. The note is only
words for a person; a note whose lock is free tells that the last program did not close the replica.
"""

import contextlib
import getpass
import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

import filelock

from driveflow_desktop.kernel.clock import Clock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.files import ReplicaFiles, write_durably

# Another program may hold the lock for a moment only to look whether it is free.
_PATIENCE_SECONDS: Final = 0.5
_SOMEONE: Final = "another program"


@dataclass(frozen=True, slots=True)
class Holder:
    """The program that has a replica open."""

    program: str
    pid: int
    host: str
    user: str
    started_at: datetime

    def __str__(self) -> str:
        return (
            f"{self.program} (process {self.pid} of {self.user} on {self.host}, "
            f"since {self.started_at:%Y-%m-%d %H:%M} UTC)"
        )


class ReplicaLock:
    """The lock of one replica, for one program.

    `left_behind` says, once it is held, that the last holder went without closing the replica.
    """

    def __init__(self, files: ReplicaFiles, *, program: str, clock: Clock) -> None:
        self.left_behind = False
        self._files = files
        self._program = program
        self._clock = clock
        self._kept = False
        self._lock = filelock.FileLock(files.lock, timeout=_PATIENCE_SECONDS, thread_local=False)

    @contextlib.contextmanager
    def unless_kept(self) -> Iterator[None]:
        """Hold the lock for a block, and beyond it when the block says `keep`."""
        self.acquire()
        try:
            yield
        finally:
            if not self._kept:
                self._give_back()

    def keep(self) -> None:
        """Leave the lock to whoever will `release` it."""
        self._kept = True

    def acquire(self) -> None:
        """Take the lock; `UserError("replica_in_use")`, naming the holder, while another program has it."""
        try:
            self._lock.acquire()
        except filelock.Timeout:
            raise _in_use(read_note(self._files)) from None
        self.left_behind = self._files.holder.exists()
        holder = Holder(self._program, os.getpid(), socket.gethostname(), _user(), self._clock.now())
        try:
            write_durably(self._files.holder, _to_json(holder))
        except BaseException:
            self._lock.release()
            raise

    def release(self) -> None:
        """Give the lock back after closing the replica; may be called twice."""
        self.left_behind = False
        self._give_back()

    def _give_back(self) -> None:
        if self._lock.is_locked:
            # A note that was left behind stays until someone has checked the replica and closed it.
            if not self.left_behind:
                self._files.holder.unlink(missing_ok=True)
            self._lock.release()


def held_by(files: ReplicaFiles) -> str | None:
    """Who has the replica open right now, in words, or None. Changes no file, so that `doctor` may ask."""
    if not files.lock.exists():
        return None
    try:
        with filelock.FileLock(files.lock, timeout=0):
            return None
    except filelock.Timeout:
        return str(read_note(files) or _SOMEONE)
    except PermissionError:
        return None


def read_note(files: ReplicaFiles) -> Holder | None:
    """The note beside the lock; None when it is missing or not readable."""
    try:
        note = cast("dict[str, object]", json.loads(files.holder.read_bytes()))
        return Holder(
            str(note["program"]),
            int(str(note["pid"])),
            str(note["host"]),
            str(note["user"]),
            datetime.fromisoformat(str(note["started_at"])),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _to_json(holder: Holder) -> bytes:
    note = {
        "program": holder.program,
        "pid": holder.pid,
        "host": holder.host,
        "user": holder.user,
        "started_at": holder.started_at.isoformat(),
    }
    return json.dumps(note, indent=1).encode()


def _in_use(holder: Holder | None) -> UserError:
    return UserError(
        "replica_in_use",
        f"This school's data is open in {holder or _SOMEONE} already.",
        hint="Go to that window, or close that program and try again.",
        pid=holder.pid if holder else None,
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown user"
