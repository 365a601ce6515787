"""First sync: the school's rows fetched whole into a new file, which takes the replica's place when it is complete.

A cut is gone on from where it was. What was fetched is thrown away when it belongs to another schema, epoch or scope,
or when the log no longer reaches back to its first head.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.files import remove_database
from driveflow_desktop.sync.happenings import Snapshotted
from driveflow_desktop.sync.local import LocalReplica
from driveflow_desktop.sync.outcomes import Failure, Trouble
from driveflow_desktop.sync.refusals import unreadable
from driveflow_desktop.sync.service_port import Interrupted, Lines, Service
from driveflow_desktop.sync.session import Session
from driveflow_desktop.sync.snapshot_file import SnapshotFile, Unusable, opened
from driveflow_desktop.sync.snapshot_protocol import SnapshotBatch, SnapshotEnd, SnapshotHeader

log = logging.getLogger(__name__)

_PAGE: Final = 1_000
_TRIES: Final = 3
"""How often a snapshot is begun anew in one go, when the service moves on under it."""
BUSY_PATIENCE: Final = 30.0
LOCAL_PATIENCE: Final = 300.0
"""Seconds before a snapshot that this PC's disk refused is tried again by itself."""


class _Anew(Exception):
    """What was fetched so far is worth nothing."""


class _NotPlaced(Exception):
    """The finished file could not take its place."""

    def __init__(self, problem: UserError) -> None:
        super().__init__(problem.code)
        self.problem = problem


class SnapshotTaker:
    """Fetches a school into `path` and puts it in the place of the open replica."""

    def __init__(
        self,
        path: Path,
        local: LocalReplica,
        service: Service,
        session: Session,
        *,
        progress: Callable[[int, int], None],
        stopped: Callable[[], bool],
    ) -> None:
        self._path = path
        self._local = local
        self._service = service
        self._session = session
        self._progress = progress
        self._stopped = stopped

    def take(self) -> Snapshotted | Failure:
        """Go on with the snapshot until it is in place, or say what stood in the way.

        The open replica is untouched until the last moment. Never raises for what a network or a disk does.
        """
        try:
            for _try in range(_TRIES):
                try:
                    return self._take()
                except _Anew:
                    remove_database(self._path)
        except Interrupted as cut:
            return cut.failure
        except _NotPlaced as refused:
            remove_database(self._path)
            return Failure(Trouble.LOCAL, refused.problem, BUSY_PATIENCE)
        except UserError as problem:
            if problem.code == "disk_full":
                # The desk needs the space more than a beginning that can be fetched again.
                remove_database(self._path)
            return Failure(Trouble.LOCAL, problem, LOCAL_PATIENCE)
        return unreadable()

    def _take(self) -> Snapshotted:
        with opened(self._path, self._local.replica, self._local.org_id) as file:
            if not file.complete:
                self._fetch(file)
            self._catch_up(file)
            members = self._service.members(self._session.token)
            if isinstance(members, Failure):
                raise Interrupted(members)
            try:
                file.make_whole(members.value.members)
            except Unusable as problem:
                log.warning("a snapshot was thrown away: %s", problem)
                raise _Anew from problem
            cursor = file.cursor
            self._heed_stop()
            try:
                file.take_place(self._local.replica)
            except UserError as problem:
                if self._path.exists():
                    # What it carries of this PC's work would be old when it is tried again.
                    raise _NotPlaced(problem) from problem
                raise
        return Snapshotted(cursor, self._local.counts(self._session.user_id))

    def _fetch(self, file: SnapshotFile) -> None:
        with self._service.snapshot(self._session.token, file.after) as answer:
            if isinstance(answer, Failure):
                if answer.trouble in (Trouble.EPOCH, Trouble.BEHIND) and file.after is not None:
                    raise _Anew
                raise Interrupted(answer)
            self._read(file, answer)

    def _read(self, file: SnapshotFile, answer: Lines) -> None:
        came = 0
        started = False
        try:
            for line in answer:
                self._heed_stop()
                if not started:
                    header = msgspec.json.decode(line, type=SnapshotHeader)
                    self._begin(file, header)
                    total = sum(header.tables.values()) + file.rows
                    started = True
                elif line.startswith(b'{"end"'):
                    self._end(file, msgspec.json.decode(line, type=SnapshotEnd), came)
                    return
                else:
                    batch = msgspec.json.decode(line, type=SnapshotBatch)
                    file.take(batch)
                    came += len(batch.rows)
                    self._progress(file.rows, max(total, file.rows))
        except (msgspec.DecodeError, ValueError) as problem:
            log.warning("a line of a snapshot cannot be read: %s", type(problem).__name__)
            raise Interrupted(unreadable()) from problem
        # No end came: the answer was cut between two lines, or in the middle of one that was dropped.
        raise Interrupted(Failure(Trouble.UNREACHABLE))

    def _begin(self, file: SnapshotFile, header: SnapshotHeader) -> None:
        if header.schema != self._local.replica.schema:
            words = UserError(
                "upgrade_required",
                "Your school's service holds its data in another version than this DriveFlow.",
                hint="Update DriveFlow on this computer.",
            )
            raise Interrupted(Failure(Trouble.UPGRADE, words))
        if file.header is None:
            file.begin(header)
        elif not file.resume(header):
            raise _Anew

    def _end(self, file: SnapshotFile, end: SnapshotEnd, came: int) -> None:
        if end.rows != came:
            log.warning("a snapshot held %d rows and named %d", came, end.rows)
            raise _Anew
        file.finish_rows()

    def _catch_up(self, file: SnapshotFile) -> None:
        """Bring rows that came from several heads to one state: the newest of those heads, or later."""
        header = file.header
        if header is None:
            raise _Anew
        while file.cursor < file.newest_head:
            self._heed_stop()
            answer = self._service.pull(self._session.token, file.cursor, _PAGE, None)
            if isinstance(answer, Failure):
                if answer.trouble in (Trouble.EPOCH, Trouble.BEHIND):
                    raise _Anew
                raise Interrupted(answer)
            page = answer.value
            if page.scope != header.scope or answer.epoch not in (None, str(header.epoch)) or page.next <= file.cursor:
                raise _Anew
            file.catch_up(page)

    def _heed_stop(self) -> None:
        if self._stopped():
            raise Interrupted(Failure(Trouble.CANCELLED))
