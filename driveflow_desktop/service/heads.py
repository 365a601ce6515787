"""Which school's log grew: one connection of this process listens, and wakes the readers that wait.

Losing a notification must cost delay only: after every (re)connection all waiting readers look for themselves.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec
import psycopg
from psycopg import sql

from driveflow_desktop.service.journal import HEADS_CHANNEL, HeadMoved
from driveflow_desktop.service.members import Member
from driveflow_desktop.service.scope import may_see

log = logging.getLogger(__name__)

_LOOK_UP_SECONDS: Final = 0.5
"""How long the listening thread waits at most before it looks whether it shall end."""
_PING_AFTER: Final = 30
"""Silent looks after which the connection is tried: a server that vanished says nothing."""
_RECONNECT_SECONDS: Final = 1.0


Heard: TypeAlias = Literal["news", "silence", "end"]


class Waiter:
    """One reader who waits; belongs to the event loop."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.head = 0
        self._ended = False
        self._news = asyncio.Event()

    def tell(self, head: int) -> None:
        """The log reached `head`; 0 says that it may have, unseen."""
        self.head = max(self.head, head) if head else 0
        self._news.set()

    def end(self) -> None:
        """The service stops."""
        self._ended = True
        self._news.set()

    async def wait(self, seconds: float) -> Heard:
        """Wait for news for `seconds` at most; none left means silence, whatever the news."""
        if self._ended:
            return "end"
        if seconds <= 0:
            return "silence"
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return "silence"
        self._news.clear()
        return "end" if self._ended else "news"


class Heads:
    """The listener of one process, and its waiting readers by school."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._waiters: dict[UUID, set[Waiter]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._ended = False

    def start(self) -> None:
        """Begin to listen; called on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._listen, name="heads", daemon=True)
        self._thread.start()

    def end_waiting(self) -> None:
        """Send every waiting reader home, now and from now on; called on the event loop when the service stops."""
        self._ended = True
        for waiters in self._waiters.values():
            for waiter in waiters:
                waiter.end()

    def stop(self) -> None:
        """Stop listening; blocks for half a second at most."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    @contextmanager
    def waiting(self, member: Member) -> Iterator[Waiter]:
        """A reader who waits for news of the member's school, on the event loop."""
        waiter = Waiter(member)
        if self._ended:
            waiter.end()
        same = self._waiters.setdefault(member.org_id, set())
        same.add(waiter)
        try:
            yield waiter
        finally:
            same.discard(waiter)
            if not same and self._waiters.get(member.org_id) is same:
                del self._waiters[member.org_id]

    # -- the listening thread -----------------------------------------------------------------------------------

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                with psycopg.connect(self._conninfo, autocommit=True, connect_timeout=10) as connection:
                    connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(HEADS_CHANNEL)))
                    self._on_loop(self._wake_all)
                    self._hear(connection)
            except psycopg.Error as problem:
                log.warning("listening for new heads was cut off: %s", type(problem).__name__)
            self._stop.wait(_RECONNECT_SECONDS)

    def _hear(self, connection: psycopg.Connection) -> None:
        silent = 0
        while not self._stop.is_set():
            silent += 1
            for notice in connection.notifies(timeout=_LOOK_UP_SECONDS, stop_after=1):
                silent = 0
                self._on_loop(partial(self._wake, msgspec.json.decode(notice.payload, type=HeadMoved)))
            if silent >= _PING_AFTER:
                connection.execute("SELECT 1")
                silent = 0

    def _on_loop(self, call: Callable[[], None]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call)

    # -- on the event loop --------------------------------------------------------------------------------------

    def _wake(self, moved: HeadMoved) -> None:
        for waiter in self._waiters.get(moved.org_id, ()):
            if waiter.member.sees_all or may_see(moved.to, waiter.member.instructor_id):
                waiter.tell(moved.head)

    def _wake_all(self) -> None:
        for waiters in self._waiters.values():
            for waiter in waiters:
                waiter.tell(0)
