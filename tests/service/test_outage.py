"""Postgres goes away and comes back under a running service; clients that cut their requests off."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

from driveflow_desktop.adapters.postgres_embedded import EmbeddedPostgres
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.service import answers
from driveflow_desktop.service.database import make_engine
from driveflow_desktop.service_main import prepared
from driveflow_desktop.sync.protocol import PushResponse
from tests.helpers.postgres import FAST_AND_UNSAFE
from tests.helpers.service import PATIENCE, Service, served, service_of
from tests.helpers.world import World

pytestmark = pytest.mark.postgres


class OwnServer(EmbeddedPostgres):
    """A server that is stopped and started under its users, on the same port."""

    def go_away(self) -> None:
        self._programs.run("pg_ctl", "stop", "-D", "cluster", "-m", "immediate", "-w")

    def come_back(self) -> None:
        self._programs.run("pg_ctl", "start", "-D", "cluster", "-l", "log/startup.log", "-w")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OwnServer]:
    unsafe = {name: value for name, value in FAST_AND_UNSAFE.items() if name not in {"fsync", "full_page_writes"}}
    with OwnServer(tmp_path / "postgres", settings={**unsafe, "synchronous_commit": "on"}) as found:
        yield found


@pytest.mark.logs("was cut off", "no answer from the database")
def test_an_outage_is_said_and_over_when_the_database_is_back(server: OwnServer, tmp_path: Path) -> None:
    world = World(prepared(server.url()), tmp_path)
    try:
        office = world.desk("office")
        office.do(lambda uow: uow.insert(Student, {"full_name": "Ethan Popescu"}))
        request = office.take_push()
        assert request is not None
        body = msgspec.json.encode(request)
        with served(service_of(world)) as service:
            headers = service.headers(office)

            def push() -> httpx.Response:
                return httpx.post(service.path("changes"), content=body, headers=headers, timeout=PATIENCE)

            first = msgspec.json.decode(push().content, type=PushResponse)
            server.go_away()
            away = push()
            assert (away.status_code, away.json()["code"]) == (503, "unavailable")
            assert int(away.headers["retry-after"]) > 0
            assert "connection" not in away.text.lower()
            assert httpx.get(f"{service.url}/healthz", timeout=PATIENCE).status_code == 200
            assert httpx.get(f"{service.url}/readyz", timeout=PATIENCE).status_code == 503
            server.come_back()
            back = push()
            assert back.status_code == 200, back.text
            again = msgspec.json.decode(back.content, type=PushResponse)
            assert [result.status for result in again.results] == ["duplicate"], "what was answered has survived"
            assert again.head == first.head
    finally:
        world.close()


@pytest.fixture
def service(world: World) -> Iterator[Service]:
    with served(service_of(world)) as found:
        yield found


def connect(service: Service) -> socket.socket:
    address = urlsplit(service.url)
    return socket.create_connection((address.hostname or "", address.port or 0), timeout=PATIENCE)


def head_of_request(service: Service, world: World, headers: dict[str, str], length: int) -> bytes:
    lines = [f"POST /v1/orgs/{world.org_id}/changes HTTP/1.1", "Host: service", f"Content-Length: {length}"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()


def test_a_request_cut_in_half_leaves_no_trace(world: World, service: Service) -> None:
    office = world.desk("office")
    office.do(lambda uow: uow.insert(Student, {"full_name": "Ethan Popescu"}))
    request = office.take_push()
    assert request is not None
    body = msgspec.json.encode(request)
    for part in (0, 1, len(body) // 2, len(body) - 1):
        with connect(service) as wire:
            wire.sendall(head_of_request(service, world, service.headers(office), len(body)) + body[:part])
    office.push()
    assert len(world.log()) == 2


def test_a_body_that_does_not_come_is_not_waited_for(
    world: World, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = world.desk("office")
    monkeypatch.setattr(answers, "BODY_SECONDS", 0.1)
    with connect(service) as wire:
        wire.sendall(head_of_request(service, world, service.headers(office), 100) + b"{")
        answer = wire.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 408")
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["code"] == "timeout"


def test_the_service_engine_repeats_no_values_in_its_errors(service_url: str) -> None:
    engine = make_engine(service_url)
    with pytest.raises(Exception, match="hidden") as caught, engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1 FROM nowhere WHERE x = %(name)s", {"name": "Ethan"})
    engine.dispose()
    assert "Ethan" not in str(caught.value)
