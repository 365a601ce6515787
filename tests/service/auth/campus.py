"""Two schools behind the routes of signing in alone: a real Postgres, a clock that stands, cheap hashes that count."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import argon2
import httpx
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.kernel.clock import FixedClock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.answers import problem
from driveflow_desktop.service.auth.context import Auth
from driveflow_desktop.service.auth.invitations import issue
from driveflow_desktop.service.auth.limits import RateLimits
from driveflow_desktop.service.auth.passwords import Passwords
from driveflow_desktop.service.auth.routes import auth_routes
from driveflow_desktop.service.auth.tokens import load_signer
from driveflow_desktop.service.database import auth_transaction, make_engine, school_transaction
from driveflow_desktop.service.runtime import Runtime
from driveflow_desktop.service.schools import open_school
from driveflow_desktop.store.log import OUTBOX
from driveflow_desktop.store.migrate import SCHEMA_REVISION
from tests.conftest import NOW

PASSWORD = "correct zebra battery"


class Client:
    """HTTP without a network, for tests that do not wait themselves. What the application raises, comes through."""

    def __init__(self, app: Starlette, peer: str = "192.0.2.1") -> None:
        self._runner = asyncio.Runner()
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, client=(peer, 1)), base_url="http://service.example"
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        sent = self._client.request(method, path, json=json, content=content, headers=headers)
        return self._runner.run(sent)

    def send(self, request: httpx.Request) -> httpx.Response:
        return self._runner.run(self._client.send(request))

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()


class CountingHasher:
    """Argon2id at its cheapest, that counts what it is asked."""

    def __init__(self) -> None:
        self._hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        self.asked: list[str] = []

    def hash(self, password: bytes, /) -> str:
        self.asked.append("hash")
        return self._hasher.hash(password)

    def verify(self, stored: str, password: bytes, /) -> bool:
        self.asked.append("verify")
        return self._hasher.verify(stored, password)

    def check_needs_rehash(self, stored: str, /) -> bool:
        return self._hasher.check_needs_rehash(stored)


class Seconds:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Session:
    """A person who signed in at a PC."""

    campus: "Campus"
    email: str
    device: UUID
    answer: dict[str, str]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.answer['access_token']}"}

    def ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        return self.campus.client.request(method, path, json=body, headers=self.headers)

    def refresh(self, rotation: UUID | None = None, token: str | None = None, device: UUID | None = None):
        body = {
            "refresh_token": token or self.answer["refresh_token"],
            "device_id": str(device or self.device),
            "rotation_id": str(rotation or uuid4()),
        }
        return self.campus.post("/v1/auth/refresh", body)


@dataclass
class Campus:
    """The service and its schools."""

    url: str
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    hasher: CountingHasher = field(default_factory=CountingHasher)
    seconds: Seconds = field(default_factory=Seconds)

    def __post_init__(self) -> None:
        self.engine = make_engine(self.url)
        self.runtime = Runtime(self.engine, self.clock, SCHEMA_REVISION, uuid4())
        signer = load_signer(self.engine, {}, self.clock.now())
        self.auth = Auth(self.runtime, signer, Passwords(self.hasher), RateLimits(self.seconds))
        self.app = Starlette(routes=auth_routes(self.auth), exception_handlers={UserError: refuse})
        self.client = Client(self.app)
        self.hasher.asked.clear()

    def post(self, path: str, body: object) -> httpx.Response:
        self.seconds.now += 60  # the limits are what one test is about, and in the way of the others
        return self.client.request("POST", path, json=body)

    def school(self, name: str = "Harbour") -> UUID:
        org_id = uuid4()
        with school_transaction(self.engine, org_id) as connection:
            open_school(connection, org_id, {"name": name}, schema=SCHEMA_REVISION, now=self.clock.now())
        return org_id

    def invitation(self, org_id: UUID, email: str, role: OrgRole, instructor: UUID | None = None) -> str:
        """A code as the operator of the service makes it."""
        with school_transaction(self.engine, org_id) as connection:
            return issue(connection, org_id, email, role, instructor, None, self.clock.now()).code

    def accept(self, code: str, password: str = PASSWORD, name: str = "Jo Citizen") -> httpx.Response:
        body = {"code": code, "full_name": name, "password": password}
        return self.post("/v1/auth/invitations/accept", body)

    def person(self, org_id: UUID, role: OrgRole, instructor: UUID | None = None, email: str | None = None) -> str:
        """Somebody who has joined a school; returns the address."""
        address = email or f"{role.value}-{uuid4().hex[:12]}@example.com"
        answer = self.accept(self.invitation(org_id, address, role, instructor))
        assert answer.status_code == 201, answer.text
        return address

    def sign_in(self, email: str, password: str = PASSWORD, device: UUID | None = None) -> httpx.Response:
        info = {"id": str(device or uuid4()), "name": "Front desk", "platform": "linux", "app_version": "1"}
        return self.post("/v1/auth/sign-in", {"email": email, "password": password, "device": info})

    def session(self, email: str, device: UUID | None = None) -> Session:
        device = device or uuid4()
        answer = self.sign_in(email, device=device)
        assert answer.status_code == 200, answer.text
        return Session(self, email, device, answer.json())

    def member(self, org_id: UUID, role: OrgRole = OrgRole.OWNER, instructor: UUID | None = None) -> Session:
        return self.session(self.person(org_id, role, instructor))

    def later(self, **by: float) -> None:
        self.clock.advance(timedelta(**by))

    def log(self, org_id: UUID) -> list[sa.Row[*tuple[object, ...]]]:
        with school_transaction(self.engine, org_id) as connection:
            return list(connection.execute(sa.select(OUTBOX).where(OUTBOX.c.org_id == org_id).order_by(OUTBOX.c.seq)))

    def look(self, statement: str, **values: object) -> list[Mapping[str, object]]:
        """What the sign-in role sees."""
        with auth_transaction(self.engine) as connection:
            return [dict(row) for row in connection.execute(sa.text(statement), values).mappings()]

    def close(self) -> None:
        self.client.close()
        self.engine.dispose()


def refuse(_request: Request, error: Exception) -> Response:
    """As the service answers errors."""
    assert isinstance(error, UserError)
    wait = error.details.get("retry_after")
    return problem(error, headers=None if wait is None else {"Retry-After": str(wait)})


def open_campus(url: str) -> Iterator[Campus]:
    made = Campus(url)
    yield made
    made.close()
