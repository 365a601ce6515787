"""The service over HTTP in tests: inside the process, or behind a real uvicorn on a free port."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import httpx
import sqlalchemy as sa
from starlette.applications import Starlette

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.app import make_app
from driveflow_desktop.service.members import Member
from driveflow_desktop.service.runtime import Runtime
from driveflow_desktop.service.server import Server
from driveflow_desktop.store.migrate import SCHEMA_REVISION
from driveflow_desktop.sync.session_protocol import SCHEMA_HEADER
from tests.helpers.world import Desk, World

PATIENCE = 60.0


@dataclass(frozen=True)
class Known:
    """Who a test's token names."""

    user_id: UUID
    device_id: UUID


@dataclass
class OpenGate:
    """A gate that knows the members it was told of; the token is the device's id."""

    members: dict[str, Member] = field(default_factory=dict)
    revoked: dict[str, str] = field(default_factory=dict)
    """Refusals by device."""
    touched: list[tuple[UUID, int]] = field(default_factory=list)
    looked: int = 0

    def let_in(self, member: Member) -> dict[str, str]:
        """The headers of a member."""
        self.members[str(member.device_id)] = member
        return {"Authorization": f"Bearer {member.device_id}"}

    def identify(self, headers: Mapping[str, str], address: str) -> Known:
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.members:
            raise UserError("unauthorised", "Sign in first.")
        self.looked += 1
        if token in self.revoked:
            raise UserError(self.revoked[token], "No more.")
        member = self.members[token]
        return Known(member.user_id, member.device_id)

    def member(self, caller: Known, org_id: UUID) -> Member:
        member = self.members[str(caller.device_id)]
        if member.org_id != org_id:
            raise UserError("forbidden", "You are not a member of that school.")
        return member

    def touch(self, connection: sa.Connection, member: Member, acked_seq: int) -> None:
        self.touched.append((member.device_id, acked_seq))


@dataclass
class Service:
    """A world's service with HTTP around it."""

    world: World
    gate: OpenGate
    app: Starlette
    url: str = "http://service"
    stop: Callable[[], None] = lambda: None

    def path(self, end: str) -> str:
        """A route of the world's school."""
        return f"{self.url}/v1/orgs/{self.world.org_id}/{end}"

    def headers(self, desk: Desk) -> dict[str, str]:
        """What a desk sends with each request."""
        return {**self.gate.let_in(desk.member), SCHEMA_HEADER: SCHEMA_REVISION}

    def client(self) -> httpx.AsyncClient:
        """A client inside the process, for use in the event loop of a test."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app, raise_app_exceptions=False), timeout=PATIENCE)


def service_of(world: World) -> Service:
    """The service of a world's school, not served yet."""
    gate = OpenGate()
    runtime = Runtime(world.engine, world.clock, SCHEMA_REVISION, uuid4())
    return Service(world, gate, make_app(runtime, gate))


@contextlib.contextmanager
def served(service: Service) -> Iterator[Service]:
    """The service behind a real uvicorn, in a thread."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        server = Server(service.app)
        thread = threading.Thread(target=server.run, args=([listener],), name="uvicorn")
        thread.start()
        try:
            server.wait_until_ready(PATIENCE)
            service.stop = server.stop
            service.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            yield service
        finally:
            server.stop()
            thread.join(PATIENCE)
