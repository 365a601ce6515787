"""The stream over a real server: it says at once where the log stands, and again within moments of each commit."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import httpx
import msgspec
import psycopg
import pytest

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.service import school_routes
from tests.helpers.service import PATIENCE, Service, served, service_of
from tests.helpers.world import Desk, World

pytestmark = pytest.mark.postgres


@pytest.fixture
def service(world: World) -> Iterator[Service]:
    with served(service_of(world)) as found:
        yield found


class Stream:
    """The events of one open stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> tuple[str, dict[str, object]]:
        """The next event; comments are `("comment", {})`, the end is `("closed", {})`."""
        kind = ""
        async with asyncio.timeout(PATIENCE):
            async for line in self._lines:
                if line.startswith(":"):
                    return "comment", {}
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                if line.startswith("data: "):
                    return kind, json.loads(line.removeprefix("data: "))
        return "closed", {}


@asynccontextmanager
async def listening(service: Service, desk: Desk) -> AsyncIterator[Stream]:
    async with (
        httpx.AsyncClient(timeout=PATIENCE) as client,
        client.stream("GET", service.path("stream"), headers=service.headers(desk)) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Stream(response)


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        await work()

    asyncio.run(all_of_it())


def test_a_commit_is_told_at_once(world: World, service: Service) -> None:
    office = world.desk("office")

    async def work() -> None:
        async with listening(service, office) as stream:
            assert await stream.next() == ("head", {"head": 1})
            took = []
            for n in range(5):
                office.do(lambda uow, n=n: uow.insert(Student, {"full_name": f"Student {n}"}))
                await asyncio.to_thread(office.push)
                start = time.perf_counter()
                assert await stream.next() == ("head", {"head": 2 + n})
                took.append(time.perf_counter() - start)
            # The push has returned, so the commit is past; on an idle machine a millisecond or two are left.
            assert min(took) < 0.25

    run(work)


def test_an_instructor_is_woken_by_what_they_may_see(world: World, service: Service) -> None:
    office = world.desk("office")
    things = world.furnish(office)
    ben = world.desk("ben", OrgRole.INSTRUCTOR, things.ben)

    async def work() -> None:
        async with listening(service, ben) as stream:
            _, first = await stream.next()
            office.do(lambda uow: uow.insert(Student, {"full_name": "Not for Ben"}))
            await asyncio.to_thread(office.push)
            office.do(lambda uow: uow.insert(Booking, things.booking(things.ethan, things.ben, 30)))
            await asyncio.to_thread(office.push)
            kind, second = await stream.next()
            assert kind == "head"
            assert second["head"] > first["head"] + 1

    run(work)


def test_a_heartbeat_looks_again_at_who_listens(
    world: World, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = world.desk("office")
    monkeypatch.setattr(school_routes, "HEARTBEAT_SECONDS", 0.05)

    async def work() -> None:
        async with listening(service, office) as stream:
            assert (await stream.next())[0] == "head"
            assert (await stream.next())[0] == "comment"
            assert (await stream.next())[0] == "comment"
            service.gate.revoked[str(office.member.device_id)] = "device_revoked"
            event = await stream.next()
            while event[0] == "comment":
                event = await stream.next()
            assert event == ("end", {"code": "device_revoked"})
            assert await stream.next() == ("closed", {})

    run(work)


def test_streams_end_when_the_service_stops(world: World) -> None:
    office = world.desk("office")

    async def work() -> None:
        with served(service_of(world)) as service:
            async with listening(service, office) as stream:
                assert (await stream.next())[0] == "head"
                service.stop()
                assert await stream.next() == ("closed", {})

    start = time.monotonic()
    run(work)
    assert time.monotonic() - start < 20, "it did not wait for the grace to run out"


@pytest.mark.logs("was cut off")
def test_a_lost_listener_comes_back_and_looks_itself(world: World, service: Service, service_url: str) -> None:
    office = world.desk("office")

    async def work() -> None:
        async with listening(service, office) as stream:
            assert await stream.next() == ("head", {"head": 1})
            with psycopg.connect(service_url, autocommit=True) as admin:
                ended = admin.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND query LIKE 'LISTEN%'"
                ).fetchall()
            assert ended
            office.do(lambda uow: uow.insert(Student, {"full_name": "Unheard"}))
            await asyncio.to_thread(office.push)
            assert await stream.next() == ("head", {"head": 2})

    run(work)


def test_many_idle_streams_are_cheap(world: World, service: Service) -> None:
    office = world.desk("office")

    async def work() -> None:
        limits = httpx.Limits(max_connections=None)
        request = {"headers": service.headers(office)}
        async with httpx.AsyncClient(timeout=PATIENCE, limits=limits) as client:
            streams = []
            for _ in range(100):
                response = await client.send(
                    client.build_request("GET", service.path("stream"), **request), stream=True
                )
                streams.append(Stream(response))
            for stream in streams:
                assert (await stream.next()) == ("head", {"head": 1})
            office.do(lambda uow: uow.insert(Student, {"full_name": "News"}))
            await asyncio.to_thread(office.push)
            heard = await asyncio.gather(*(stream.next() for stream in streams))
            assert set(map(msgspec.json.encode, heard)) == {b'["head",{"head":2}]'}
            for stream in streams:
                await stream.response.aclose()

    run(work)
