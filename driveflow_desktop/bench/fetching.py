"""A process that fetches a whole school into a new replica, so that its memory is its own.

`python -m driveflow_desktop.bench.fetching sync FOLDER URL ORG EMAIL` takes the first sync's way, `… hand FOLDER
ADMIN_URL` copies the rows by hand. Prints a JSON object (`Fetched`).
"""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast
from uuid import UUID

import httpx
import msgspec
import psutil

from driveflow_desktop.bench.by_hand import copy_school
from driveflow_desktop.composition import setting
from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.demo.online import PASSWORD
from driveflow_desktop.kernel.clock import SystemClock
from driveflow_desktop.kernel.ids import IdSource
from driveflow_desktop.store.cipher import DemoKeys
from driveflow_desktop.store.loading import Driver
from driveflow_desktop.store.migrate import SCHEMA_REVISION
from driveflow_desktop.store.open_replica import create_replica
from driveflow_desktop.sync.happenings import Snapshotted
from driveflow_desktop.sync.local import LocalReplica
from driveflow_desktop.sync.session import MemorySessions, Session
from driveflow_desktop.sync.snapshot import SnapshotTaker
from driveflow_desktop.sync.transport import Caller, HttpService
from driveflow_desktop.sync_composition import settle_on_service, sign_in_to

SYNC: Final = "sync"
HAND: Final = "hand"
_CALLER: Final = Caller(SCHEMA_REVISION, "bench")
_SAMPLE_SECONDS: Final = 0.005


class Fetched(msgspec.Struct):
    """What it took: `grown` is how far resident memory rose above what the ready process held, in bytes."""

    seconds: float
    grown: int
    wire: int


class _Counted(httpx.BaseTransport):
    """HTTP that counts the bytes of answers' bodies as they come from the wire."""

    def __init__(self) -> None:
        self._inner = httpx.HTTPTransport()
        self.size = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Ask, and count the answer."""
        answer = self._inner.handle_request(request)
        return httpx.Response(
            answer.status_code,
            headers=answer.headers,
            stream=_CountedBody(cast("httpx.SyncByteStream", answer.stream), self),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._inner.close()


class _CountedBody(httpx.SyncByteStream):
    def __init__(self, inner: httpx.SyncByteStream, counted: _Counted) -> None:
        self._inner = inner
        self._counted = counted

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._inner:
            self._counted.size += len(piece)
            yield piece

    def close(self) -> None:
        self._inner.close()


class _Peak:
    """The largest resident memory since it was made; looked at every few milliseconds."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._first = self._highest = self._process.memory_info().rss
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def grown(self) -> int:
        """Stop looking; how far it rose."""
        self._end.set()
        self._thread.join()
        return self._highest - self._first

    def _watch(self) -> None:
        while not self._end.wait(_SAMPLE_SECONDS):
            self._highest = max(self._highest, self._process.memory_info().rss)


def main(way: str, folder: DataFolder, rest: list[str]) -> None:
    """Fetch, and print what it took."""
    found = _by_hand(folder, *rest) if way == HAND else _synced(folder, *rest)
    sys.stdout.write(msgspec.json.encode(found).decode())


def _synced(folder: DataFolder, url: str, org: str, email: str) -> Fetched:
    transport, device = _Counted(), IdSource(SystemClock()).new()
    with (
        create_replica(folder.replica, DemoKeys(), setting("the benchmark")) as replica,
        contextlib.closing(HttpService(url, _CALLER, UUID(org), transport=transport)) as service,
    ):
        answer, membership = sign_in_to(service, email, PASSWORD, device)
        settle_on_service(replica, url, membership.org_id, answer.user.id, device)
        session = Session(MemorySessions(), device)
        session.begin(answer)
        local = LocalReplica(replica, membership.org_id, time.monotonic)
        path = folder.replica.snapshot
        taker = SnapshotTaker(path, local, service, session, progress=_unseen, stopped=lambda: False)
        before, peak, began = transport.size, _Peak(), time.perf_counter()
        taken = taker.take()
        seconds, grown = time.perf_counter() - began, peak.grown()
        if not isinstance(taken, Snapshotted):
            sys.exit(f"the snapshot failed: {taken}")
        return Fetched(seconds, grown, transport.size - before)


def _by_hand(folder: DataFolder, admin_url: str) -> Fetched:
    with (
        create_replica(folder.replica, DemoKeys(), setting("the benchmark")) as replica,
        replica.maintenance() as connection,
    ):
        driver = cast("Driver", connection.connection.driver_connection)
        peak, began = _Peak(), time.perf_counter()
        size = copy_school(admin_url, driver)
        return Fetched(time.perf_counter() - began, peak.grown(), size)


def _unseen(_rows: int, _total: int) -> None:
    """Progress that nobody looks at."""


if __name__ == "__main__":
    main(sys.argv[1], DataFolder(Path(sys.argv[2])), sys.argv[3:])
