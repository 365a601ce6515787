"""`driveflow school create` and `driveflow user invite`: a school from nothing to its first sign-in."""

import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from driveflow_desktop.cli import main
from driveflow_desktop.domain.scheduling.rules.cancellation import DEFAULT_POLICY
from driveflow_desktop.kernel.clock import SystemClock
from driveflow_desktop.service.preparing import URL_VARIABLES
from tests.service.auth.campus import Campus
from tests.service.auth.test_sessions import code_of

pytestmark = pytest.mark.postgres


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, str]]:
    status = main([*arguments, "--json"])
    out = capsys.readouterr().out
    return status, json.loads(out.splitlines()[-1])


def test_a_school_from_nothing(fresh_postgres_url: str, capsys: pytest.CaptureFixture[str]):
    email = f"jo-{uuid4().hex}@example.com"
    where = ("--database-url", fresh_postgres_url)
    status, made = run(capsys, "school", "create", "--name", " Harbour  Driving ", "--owner-email", email, *where)
    assert status == 0
    org = UUID(made["org_id"])
    campus = Campus(fresh_postgres_url)
    campus.clock.set(SystemClock().now())
    try:
        log = campus.log(org)
        assert [entry.table_name for entry in log] == ["orgs"] + ["cancellation_policies"] * len(DEFAULT_POLICY)
        assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
        assert {tuple(entry.audience_after) for entry in log} == {("*",)}
        assert log[0].payload["row"]["name"] == "Harbour Driving"
        assert code_of(campus.sign_in(email)) == (401, "invalid_credentials")
        assert campus.look("SELECT 1 AS one FROM user_orgs") == [], "no role before the invitation is accepted"
        joined = campus.accept(made["invitation"])
        assert joined.json() == {"user_id": made["owner_id"], "email": email, "org_id": str(org), "role": "owner"}
        owner = campus.session(email)
        (row,) = owner.ask("GET", f"/v1/orgs/{org}/members").json()["members"]
        assert (row["full_name"], row["role"]) == ("Jo Citizen", "owner")
        invite = ("user", "invite", "--org", str(org), "--email", "al@example.com", "--role", "admin")
        status, invited = run(capsys, *invite, *where)
        assert status == 0
        assert campus.accept(invited["invitation"]).json()["role"] == "admin"
        second = run(capsys, "school", "create", "--name", "Bay", "--owner-email", email.upper(), *where)[1]
        assert second["owner_id"] == made["owner_id"]
        assert campus.accept(second["invitation"]).status_code == 201
        assert len(campus.session(email).answer["memberships"]) == 2
    finally:
        campus.close()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("school", "create", "--name", " ", "--owner-email", "jo@example.com"), "invalid"),
        (("school", "create", "--name", "H", "--owner-email", "jo"), "invalid"),
        (("school", "create", "--name", "H", "--owner-email", "jo@example.com", "--time-zone", "Moon"), "invalid"),
        (("user", "invite", "--org", "x", "--email", "jo@example.com", "--role", "admin"), "invalid"),
        (("user", "invite", "--org", str(uuid4()), "--email", "jo@example.com", "--role", "admin"), "not_found"),
    ],
)
def test_what_cannot_be_is_said(service_url: str, capsys: pytest.CaptureFixture[str], arguments, code: str):
    status, answer = run(capsys, *arguments, "--database-url", service_url)
    assert (status, answer["error"]) == (1, code)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("nonsense", "database_url"),
        ("sqlite:///x", "database_url"),
        ("postgresql://jo:secret-word@127.0.0.1:1/x", "database_unreachable"),
    ],
)
def test_a_database_that_is_none_is_said_without_its_password(capsys: pytest.CaptureFixture[str], url: str, code: str):
    create = ["school", "create", "--name", "H", "--owner-email", "jo@example.com", "--database-url", url, "--json"]
    assert main(create) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out.splitlines()[-1])["error"] == code
    assert "secret-word" not in captured.out + captured.err


def test_without_a_url_it_is_the_services_own_postgres(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    for name in URL_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    folder = ("--data-dir", str(tmp_path / "data"))
    status, made = run(capsys, "school", "create", "--name", "H", "--owner-email", "jo@example.com", *folder)
    assert status == 0
    invite = ("user", "invite", "--org", made["org_id"], "--email", "al@example.com", "--role", "instructor")
    status, answer = run(capsys, *invite, *folder)
    assert status == 0, answer
