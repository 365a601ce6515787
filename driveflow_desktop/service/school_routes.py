"""The routes of one school's data: pull, push, stream, digest, snapshot (docs/protocol.md)."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Final, NamedTuple, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

import anyio
import msgspec
import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.answers import accepted, answer, decode, raw_body
from driveflow_desktop.service.asking import epoch_told, number, path_id, query_id, require_spoken
from driveflow_desktop.service.database import is_outage, is_retryable, school_transaction
from driveflow_desktop.service.digest import school_digest
from driveflow_desktop.service.envelope import notes_of
from driveflow_desktop.service.epochs import (
    Head,
    doubt_history,
    epoch_changed,
    read_head,
    require_epoch,
    tells_another_history,
)
from driveflow_desktop.service.gate import Caller, Gate
from driveflow_desktop.service.heads import Heads, Waiter
from driveflow_desktop.service.members import Member
from driveflow_desktop.service.metrics import Metrics
from driveflow_desktop.service.pull import DEFAULT_LIMIT, pull
from driveflow_desktop.service.push import Push, prepare_push, push_slice
from driveflow_desktop.service.runtime import Runtime
from driveflow_desktop.service.snapshot import Packer, Place, Snapshot, read_place
from driveflow_desktop.sync.protocol import ChangesPage, PushRequest
from driveflow_desktop.sync.snapshot_protocol import DigestAnswer, HeadEvent

T = TypeVar("T")

HOLD: Final = timedelta(milliseconds=250)
"""How long a push may hold the school's lock before it lets others in."""
HEARTBEAT_SECONDS: Final = 20.0
SNAPSHOTS: Final = 4
"""Snapshots of one process at a time; further ones wait."""
_TRIES: Final = 6
_TOUCH_SECONDS: Final = 30.0
_DOUBT_SECONDS: Final = 600.0
_WAITS: Final = "SET LOCAL lock_timeout = '15s'; SET LOCAL idle_in_transaction_session_timeout = '30s'"
"""A process that stands still while it holds a school's lock must not stop the school."""


class _Visit(NamedTuple):
    """A member inside a request."""

    member: Member
    head: Head


class SchoolRoutes:
    """The handlers, with what one process keeps for them."""

    def __init__(self, runtime: Runtime, gate: Gate, heads: Heads, metrics: Metrics) -> None:
        self._runtime = runtime
        self._gate = gate
        self._heads = heads
        self._metrics = metrics
        self._snapshots = asyncio.Semaphore(SNAPSHOTS)
        self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._touched: dict[tuple[UUID, UUID], float] = {}
        self._doubted: dict[UUID, float] = {}

    def routes(self) -> list[Route]:
        """Every route of a school's data."""
        return [
            Route("/v1/orgs/{org}/changes", self.changes, methods=["GET"]),
            Route("/v1/orgs/{org}/changes", self.push, methods=["POST"]),
            Route("/v1/orgs/{org}/stream", self.stream, methods=["GET"]),
            Route("/v1/orgs/{org}/digest", self.digest, methods=["GET"]),
            Route("/v1/orgs/{org}/snapshot", self.snapshot, methods=["GET"]),
        ]

    # -- coming in ----------------------------------------------------------------------------------------------

    async def _identify(self, request: Request) -> Caller:
        address = request.client.host if request.client is not None else ""
        caller = await run_in_threadpool(self._gate.identify, request.headers, address)
        notes = notes_of(request)
        notes.user_id, notes.device_id = caller.user_id, caller.device_id
        return caller

    def _enter(self, request: Request, caller: Caller) -> Member:
        org_id = path_id(request, "org")
        try:
            member = self._gate.member(caller, org_id)
        except UserError as error:
            if error.code == "device_revoked":
                self._name_epoch(request, org_id)
            raise
        notes_of(request).org_id = org_id
        return member

    def _name_epoch(self, request: Request, org_id: UUID) -> None:
        """A PC locks at this answer, and believes it only of the school that it knows."""
        with (
            contextlib.suppress(UserError),
            school_transaction(self._runtime.engine, org_id, read_only=True) as connection,
        ):
            notes_of(request).epoch = read_head(connection, org_id).epoch

    @staticmethod
    def _visit(request: Request, connection: sa.Connection, member: Member) -> _Visit:
        """Read the head, name the epoch in the answer, and refuse a client that lives in another."""
        head = read_head(connection, member.org_id)
        notes_of(request).epoch = head.epoch
        require_epoch(head, epoch_told(request))
        return _Visit(member, head)

    # -- pull ---------------------------------------------------------------------------------------------------

    async def changes(self, request: Request) -> Response:
        """`GET …/changes`: what happened after `since`."""
        caller = await self._identify(request)
        require_spoken(request)
        since, limit = number(request, "since"), number(request, "limit", DEFAULT_LIMIT)
        last = query_id(request, "last")
        page = await run_in_threadpool(self._pull, request, caller, since, limit, last)
        notes_of(request).facts["changes"] = len(page.changes)
        return await run_in_threadpool(answer, page, request)

    def _pull(self, request: Request, caller: Caller, since: int, limit: int, last: UUID | None) -> ChangesPage:
        member = self._enter(request, caller)
        engine = self._runtime.engine
        with school_transaction(engine, member.org_id, read_only=True) as connection:
            head = self._visit(request, connection, member).head
            page = None
            if not tells_another_history(connection, member.org_id, head, since, last):
                page = pull(connection, member, since, limit)
        if page is None:
            self._doubt(request, member, head)
            raise epoch_changed()
        if self._is_due(self._touched, (member.org_id, member.device_id), _TOUCH_SECONDS):
            with school_transaction(engine, member.org_id) as connection:
                self._gate.touch(connection, member, since)
        return page

    def _doubt(self, request: Request, member: Member, head: Head) -> None:
        # A member who lies about what they saw must not send the whole school to the snapshot again and again.
        if self._is_due(self._doubted, member.org_id, _DOUBT_SECONDS):
            with school_transaction(self._runtime.engine, member.org_id) as connection:
                notes_of(request).epoch = doubt_history(connection, member, head)

    @staticmethod
    def _is_due(times: dict[T, float], key: T, seconds: float) -> bool:
        now = time.monotonic()
        if now - times.get(key, -seconds) < seconds:
            return False
        times[key] = now
        return True

    # -- push ---------------------------------------------------------------------------------------------------

    async def push(self, request: Request) -> Response:
        """`POST …/changes`: what a PC did, judged."""
        caller = await self._identify(request)
        body = await raw_body(request)
        work = await run_in_threadpool(self._prepare, request, caller, body)
        while not work.done:
            async with self._turn(work.member.org_id):
                await self._retried(lambda: self._slice(work))
        for result in work.results:
            self._metrics.transactions.labels(result.status).inc()
        notes_of(request).facts["transactions"] = len(work.results)
        return await run_in_threadpool(answer, work.response(), request)

    def _prepare(self, request: Request, caller: Caller, body: bytes) -> Push:
        member = self._enter(request, caller)
        with school_transaction(self._runtime.engine, member.org_id, read_only=True) as connection:
            self._visit(request, connection, member)
        try:
            return prepare_push(member, decode(body, PushRequest), self._runtime.clock.now())
        except UnicodeEncodeError:
            raise UserError("invalid", "The body holds text that is not valid Unicode.") from None

    def _turn(self, org_id: UUID) -> asyncio.Lock:
        """Pushes of one school wait for each other here rather than on a thread and a connection each."""
        lock = self._turns.get(org_id)
        if lock is None:
            lock = self._turns[org_id] = asyncio.Lock()
        return lock

    def _slice(self, work: Push) -> None:
        with self._metrics.lock_seconds.time(), school_transaction(self._runtime.engine, work.member.org_id) as open_:
            open_.exec_driver_sql(_WAITS)
            push_slice(open_, work, hold=HOLD)

    async def _retried(self, work: Callable[[], None]) -> None:
        for attempt in range(_TRIES):
            try:
                await run_in_threadpool(work)
            except sa.exc.DBAPIError as problem:
                if not is_retryable(problem) or attempt == _TRIES - 1:
                    raise
            else:
                return
            self._metrics.retries.inc()
            await asyncio.sleep(random.uniform(0.005, 0.02) * 2**attempt)

    # -- stream -------------------------------------------------------------------------------------------------

    async def stream(self, request: Request) -> Response:
        """`GET …/stream`: says when to pull."""
        caller = await self._identify(request)
        member = (await run_in_threadpool(self._come_in, request, caller)).member
        headers = {"X-Accel-Buffering": "no"}
        return StreamingResponse(self._events(request, member), headers=headers, media_type="text/event-stream")

    def _come_in(self, request: Request, caller: Caller) -> _Visit:
        member = self._enter(request, caller)
        with school_transaction(self._runtime.engine, member.org_id, read_only=True) as connection:
            return self._visit(request, connection, member)

    async def _events(self, request: Request, member: Member) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        told = -1
        check_at = loop.time() + HEARTBEAT_SECONDS
        with self._metrics.streams.track_inprogress(), self._heads.waiting(member) as waiter:
            waiter.tell(0)
            while (heard := await waiter.wait(check_at - loop.time())) != "end":
                try:
                    if heard == "silence":
                        waiter.member = await self._look_again(request)
                        check_at = loop.time() + HEARTBEAT_SECONDS
                        yield b":\n\n"
                    elif (head := await self._head(request, waiter)) > told:
                        told = head
                        yield b"event: head\ndata: " + msgspec.json.encode(HeadEvent(head)) + b"\n\n"
                except UserError as refusal:
                    yield b"event: end\ndata: " + msgspec.json.encode({"code": refusal.code}) + b"\n\n"
                    return
                except sa.exc.SQLAlchemyError as problem:
                    if not is_outage(problem):
                        raise
                    return  # the client comes back, and is told then

    # -- digest -------------------------------------------------------------------------------------------------

    async def digest(self, request: Request) -> Response:
        """`GET …/digest`: what the member's replica should add up to."""
        caller = await self._identify(request)
        require_spoken(request)
        found = await run_in_threadpool(self._digest, request, caller, number(request, "at"))
        return answer(found, request)

    def _digest(self, request: Request, caller: Caller, at: int) -> DigestAnswer:
        member = self._enter(request, caller)
        with school_transaction(self._runtime.engine, member.org_id, read_only=True) as connection:
            head = self._visit(request, connection, member).head
            if at != head.seq:
                raise UserError("not_current", "The log has moved on.", hint="Pull first.")
            return DigestAnswer(head.seq, school_digest(connection, member))

    # -- snapshot -----------------------------------------------------------------------------------------------

    async def snapshot(self, request: Request) -> Response:
        """`GET …/snapshot`: everything that the member sees, streamed."""
        caller = await self._identify(request)
        require_spoken(request)
        given = request.query_params.get("after")
        after = None if given is None else read_place(given)
        # Few at a time: each holds a connection and a state of the database for as long as its client takes.
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(self._snapshots)
            snapshot, lines = await run_in_threadpool(self._begin_snapshot, request, caller, after)
            stack.push_async_callback(_close, snapshot)
            packer = Packer(accepted(request))
            headers = {"Vary": "Accept-Encoding"}
            if packer.encoding is not None:
                headers["Content-Encoding"] = packer.encoding
            return _Held(stack.pop_all(), _packed(lines, packer), headers)

    def _begin_snapshot(
        self, request: Request, caller: Caller, after: Place | None
    ) -> tuple[Snapshot, Iterator[bytes]]:
        member = self._enter(request, caller)
        snapshot = Snapshot(self._runtime.engine, member, self._runtime.schema, after)
        return snapshot, snapshot.begin(lambda connection: self._visit(request, connection, member).head)

    async def _look_again(self, request: Request) -> Member:
        caller = await self._identify(request)
        return await run_in_threadpool(self._enter, request, caller)

    async def _head(self, request: Request, waiter: Waiter) -> int:
        """The head that was told, or the one that stands when it was not."""
        if waiter.head:
            return waiter.head

        def read() -> int:
            with school_transaction(self._runtime.engine, waiter.member.org_id, read_only=True) as connection:
                return self._visit(request, connection, waiter.member).head.seq

        return await run_in_threadpool(read)


class _Held(StreamingResponse):
    """A streamed answer that lets go of what it holds when it ends, however it ends."""

    def __init__(self, stack: contextlib.AsyncExitStack, body: AsyncIterator[bytes], headers: dict[str, str]) -> None:
        super().__init__(body, headers=headers, media_type="application/x-ndjson")
        self._stack = stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        async with self._stack:
            await super().__call__(scope, receive, send)


async def _packed(lines: Iterator[bytes], packer: Packer) -> AsyncIterator[bytes]:
    while piece := await run_in_threadpool(_next_piece, lines, packer):
        yield piece
    yield packer.finish()


def _next_piece(lines: Iterator[bytes], packer: Packer) -> bytes:
    line = next(lines, b"")
    return packer.pack(line) if line else b""


async def _close(snapshot: Snapshot) -> None:
    # Even when the request is cancelled: the connection must come back to the pool.
    with anyio.CancelScope(shield=True):
        await run_in_threadpool(snapshot.close)
