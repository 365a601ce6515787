"""`driveflow serve` as a process of its own, without PySide6: it starts, serves, is killed, and ends in peace."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import msgspec
import psycopg
import pytest
import sqlalchemy as sa

from driveflow_desktop.adapters.postgres_embedded import EmbeddedPostgres
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.auth.invitations import issue
from driveflow_desktop.service.database import make_engine, school_transaction
from driveflow_desktop.service.epochs import read_head
from driveflow_desktop.service.schools import open_school
from driveflow_desktop.service_main import prepared
from driveflow_desktop.store.log import OUTBOX
from driveflow_desktop.store.migrate import SCHEMA_REVISION
from driveflow_desktop.store.provision import SERVICE_LOGIN, examine_login, service_url
from driveflow_desktop.sync.protocol import PushRequest, PushResponse, WireMutation, WireTransaction
from tests.helpers.databases import login_url
from tests.helpers.postgres import FAST_AND_UNSAFE
from tests.helpers.processes import PATIENCE, ROOT

pytestmark = pytest.mark.postgres


@dataclass
class Process:
    """A service process that answers at `url`."""

    popen: "subprocess.Popen[str]"
    url: str

    def end(self, number: int) -> int:
        """Send a signal and wait; returns the exit status."""
        self.popen.send_signal(number)
        return self.popen.wait(PATIENCE)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tests.service.without_qt", *arguments]


@contextlib.contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[Process]:
    """A service process; killed when the block ends."""
    errors = folder / f"errors-{uuid4().hex}"
    with errors.open("w") as sink:
        popen = subprocess.Popen(
            command("serve", "--port", "0", "--data-dir", str(folder), *arguments),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=sink,
            text=True,
        )
    try:
        assert popen.stdout is not None
        line = popen.stdout.readline()
        assert line, errors.read_text()
        ready = json.loads(line)
        assert ready["ready"] is True
        yield Process(popen, ready["url"])
    finally:
        popen.kill()
        popen.communicate(timeout=PATIENCE)


def refused(folder: Path, *arguments: str) -> str:
    """What a `serve` says that does not come up."""
    result = subprocess.run(
        command("serve", "--data-dir", str(folder), *arguments), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr


@dataclass
class Person:
    """An owner who signed in over HTTP."""

    org_id: UUID
    user_id: UUID
    device_id: UUID
    token: str

    def request(self, names: range) -> PushRequest:
        """Students to enlist, one a transaction."""
        now = datetime.now(UTC)
        transactions = tuple(
            WireTransaction(
                id=uuid4(),
                schema=SCHEMA_REVISION,
                occurred_at=now,
                actor_user_id=self.user_id,
                mutations=(
                    WireMutation(
                        id=uuid4(),
                        table="students",
                        op="insert",
                        row_id=uuid4(),
                        values={"full_name": f"Student {n}"},
                    ),
                ),
            )
            for n in names
        )
        return PushRequest(self.device_id, now, transactions)

    def push(self, url: str, request: PushRequest) -> PushResponse:
        """Push over HTTP."""
        response = httpx.post(
            f"{url}/v1/orgs/{self.org_id}/changes",
            content=msgspec.json.encode(request),
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=PATIENCE,
        )
        response.raise_for_status()
        return msgspec.json.decode(response.content, type=PushResponse)


def join(engine: sa.Engine, url: str) -> Person:
    """A new school and its owner, signed in."""
    org_id, device_id, now = uuid4(), uuid4(), datetime.now(UTC)
    email = f"owner-{uuid4().hex}@example.com"
    with school_transaction(engine, org_id) as connection:
        open_school(connection, org_id, {"name": "Harbour"}, schema=SCHEMA_REVISION, now=now)
    with school_transaction(engine, org_id) as connection:
        code = issue(connection, org_id, email, OrgRole.OWNER, None, None, now).code
    password = "correct zebra battery"
    accept = {"code": code, "full_name": "Jo Citizen", "password": password}
    made = httpx.post(f"{url}/v1/auth/invitations/accept", json=accept, timeout=PATIENCE)
    assert made.status_code == 201, made.text
    device = {"id": str(device_id), "name": "Desk", "platform": "linux", "app_version": "1"}
    session = httpx.post(
        f"{url}/v1/auth/sign-in", json={"email": email, "password": password, "device": device}, timeout=PATIENCE
    )
    assert session.status_code == 200, session.text
    return Person(org_id, UUID(made.json()["user_id"]), device_id, session.json()["access_token"])


@pytest.fixture
def engine(fresh_postgres_url: str) -> Iterator[sa.Engine]:
    """The service's own login on a prepared database."""
    made = make_engine(prepared(fresh_postgres_url))
    yield made
    made.dispose()


def test_it_serves_from_its_own_folder_and_ends_in_peace(tmp_path: Path) -> None:
    with serving(tmp_path) as first:
        assert httpx.get(f"{first.url}/readyz", timeout=PATIENCE).json()["status"] == "ready"
        with serving(tmp_path) as second:
            assert second.url != first.url
            assert first.end(signal.SIGTERM) == 0
            assert httpx.get(f"{second.url}/readyz", timeout=PATIENCE).status_code == 200, "the database stays for it"
            assert second.end(signal.SIGINT) == 0
    assert not (tmp_path / "postgres" / "cluster" / "postmaster.pid").exists(), "the last one stops the database"


def test_nothing_answered_is_lost_and_nothing_comes_twice_after_a_kill(
    engine: sa.Engine, fresh_postgres_url: str, tmp_path: Path
) -> None:
    options = ("--database-url", fresh_postgres_url)
    with serving(tmp_path, *options) as doomed, serving(tmp_path, *options) as other:
        person = join(engine, doomed.url)
        answered = person.push(doomed.url, person.request(range(20)))
        request = person.request(range(20, 620))
        broken: list[Exception] = []

        def push() -> None:
            try:
                person.push(doomed.url, request)
            except httpx.HTTPError as error:
                broken.append(error)

        thread = threading.Thread(target=push)
        thread.start()
        while head(engine, person.org_id) <= answered.head + 1:
            assert thread.is_alive()
        doomed.end(signal.SIGKILL)
        thread.join(PATIENCE)
        assert broken
        again = person.push(other.url, request)
    statuses = [result.status for result in again.results]
    assert statuses.count("duplicate") > 0, "a slice was committed before the kill"
    assert set(statuses) <= {"duplicate", "applied"}
    with school_transaction(engine, person.org_id, read_only=True) as connection:
        names = list(connection.execute(sa.select(Student.full_name)).scalars())
        seqs = list(connection.execute(sa.select(OUTBOX.c.seq).order_by(OUTBOX.c.seq)).scalars())
    assert sorted(names) == sorted(f"Student {n}" for n in range(620))
    assert seqs == list(range(1, len(seqs) + 1))
    assert again.head == seqs[-1]


def head(engine: sa.Engine, org_id: UUID) -> int:
    with school_transaction(engine, org_id, read_only=True) as connection:
        return read_head(connection, org_id).seq


def test_a_push_under_way_is_finished_when_the_service_stops(
    engine: sa.Engine, fresh_postgres_url: str, tmp_path: Path
) -> None:
    with serving(tmp_path, "--database-url", fresh_postgres_url) as service:
        person = join(engine, service.url)
        request = person.request(range(300))
        start = head(engine, person.org_id)
        answers: list[PushResponse] = []
        thread = threading.Thread(target=lambda: answers.append(person.push(service.url, request)))
        thread.start()
        while head(engine, person.org_id) == start:
            assert thread.is_alive()
        assert service.end(signal.SIGTERM) == 0
        thread.join(PATIENCE)
    assert [result.status for result in answers[0].results] == ["applied"] * 300


def test_after_a_restore_every_school_has_a_new_epoch(
    engine: sa.Engine, fresh_postgres_url: str, tmp_path: Path
) -> None:
    org_id = uuid4()
    with school_transaction(engine, org_id) as connection:
        open_school(connection, org_id, {"name": "Harbour"}, schema=SCHEMA_REVISION, now=datetime.now(UTC))
        before = read_head(connection, org_id)
    with serving(tmp_path, "--database-url", fresh_postgres_url, "--after-restore") as service:
        assert service.end(signal.SIGTERM) == 0
    with school_transaction(engine, org_id) as connection:
        after = read_head(connection, org_id)
    assert after.epoch != before.epoch
    assert (after.seq, after.oldest) == (before.seq, before.oldest)


def test_it_serves_as_a_login_that_owns_nothing(engine: sa.Engine, fresh_postgres_url: str) -> None:
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolbypassrls FROM pg_roles "
            "WHERE rolname = current_user"
        ).fetchone()
        assert row == (SERVICE_LOGIN, False, False, False, False)
        for forbidden in ("SET ROLE driveflow_owner", "SELECT * FROM students", "SELECT * FROM signing_keys"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(forbidden)
    assert service_url(fresh_postgres_url) == url, "every process comes to the same"
    assert prepared(url) == url, "a login of its own may serve too, and migrates nothing"
    assert examine_login(url).migrates is False


def test_an_administrator_who_is_no_superuser_is_enough(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path, settings=FAST_AND_UNSAFE) as server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("CREATE ROLE driveflow_admin LOGIN CREATEROLE PASSWORD 'only-for-tests'")
            connection.execute("CREATE DATABASE school OWNER driveflow_admin")
        admin = login_url(server.url("school"), "driveflow_admin", "only-for-tests")
        url = prepared(admin)
        assert prepared(admin) == url, "the second start finds everything done"
        login = examine_login(url)
        assert (login.serves, login.migrates, login.makes_logins) == (True, False, False)


def test_a_database_that_cannot_be_reached_is_said_plainly(fresh_postgres_url: str) -> None:
    with pytest.raises(UserError) as caught:
        prepared(login_url(fresh_postgres_url, "nobody_there", "wrong"))
    assert caught.value.code == "database_unreachable"
    assert "wrong" not in str(caught.value)


def test_refusals_in_plain_words(tmp_path: Path) -> None:
    assert "clear text" in refused(tmp_path, "--host", "0.0.0.0")
    assert "PostgreSQL" in refused(tmp_path, "--database-url", "mysql://x/y")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert "cannot be used" in refused(tmp_path, "--port", str(taken.getsockname()[1]))
    assert not os.listdir(tmp_path), "nothing was started"


def test_wrong_usage_is_two(tmp_path: Path) -> None:
    for wrong in (["serve", "--port", "70000"], ["serve", "--port", "x"], ["serve", "--what"]):
        assert subprocess.run(command(*wrong), cwd=ROOT, capture_output=True, check=False).returncode == 2
