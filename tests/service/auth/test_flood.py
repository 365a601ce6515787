"""Floods and hostile bodies."""

import asyncio
import json
from collections.abc import AsyncIterator
from ipaddress import ip_network
from uuid import uuid4

import pytest
from starlette.applications import Starlette

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service import answers
from driveflow_desktop.service.auth.context import Auth
from driveflow_desktop.service.auth.routes import auth_routes
from tests.service.auth.campus import PASSWORD, Campus, Client, refuse

pytestmark = pytest.mark.postgres


def device() -> dict[str, str]:
    return {"id": str(uuid4()), "name": "PC", "platform": "x", "app_version": "1"}


def test_wrong_passwords_are_limited_before_they_are_hashed(campus: Campus):
    jo = campus.person(campus.school(), OrgRole.OWNER)
    campus.hasher.asked.clear()
    campus.seconds.now += 60
    body = {"email": jo, "password": "wrong zebra battery", "device": device()}
    answers = [campus.client.request("POST", "/v1/auth/sign-in", json=body) for _ in range(15)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 5
    assert campus.hasher.asked == ["verify"] * 10
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    good = {**body, "password": PASSWORD}
    assert campus.client.request("POST", "/v1/auth/sign-in", json=good).status_code == 429, (
        "not even with the right one"
    )
    campus.seconds.now += 60
    assert campus.client.request("POST", "/v1/auth/sign-in", json=good).status_code == 200


def test_a_stranger_knocks_60_times_a_minute_at_all_doors_together(campus: Campus):
    org = campus.school()
    campus.seconds.now += 60
    knocks = [
        lambda: campus.client.request("POST", "/v1/auth/refresh", content=b"{"),
        lambda: campus.client.request("POST", "/v1/auth/sign-in", content=b"{"),
        lambda: campus.client.request("GET", f"/v1/orgs/{org}/members"),
        lambda: campus.client.request("GET", f"/v1/orgs/{org}/members", headers={"Authorization": "Bearer x"}),
    ]
    statuses = [knocks[number % 4]().status_code for number in range(64)]
    assert 429 not in statuses[:60]
    assert statuses[60:] == [429] * 4


def test_a_signed_in_device_counts_for_itself(campus: Campus):
    org = campus.school()
    jo = campus.member(org)
    statuses = {jo.ask("GET", f"/v1/orgs/{org}/devices").status_code for _ in range(70)}
    assert statuses == {200}, "more than an address may ask"
    for _ in range(230):
        campus.auth.limits.device(jo.device)
    assert jo.ask("GET", f"/v1/orgs/{org}/devices").status_code == 429


def test_behind_a_proxy_the_client_is_counted(campus: Campus):
    kept = campus.auth
    for trusted, expected in (((), 429), ((ip_network("10.0.0.0/8"),), 422)):
        campus.seconds.now += 60
        auth = Auth(kept.runtime, kept.signer, kept.passwords, kept.limits, trusted)
        app = Starlette(routes=auth_routes(auth), exception_handlers={UserError: refuse})
        client = Client(app, "10.0.0.1")
        last = 0
        for number in range(61):
            said = {"X-Forwarded-For": f"1.2.3.4, 192.0.2.{number}"}
            last = client.request("POST", "/v1/auth/refresh", content=b"{", headers=said).status_code
        client.close()
        assert last == expected


@pytest.mark.parametrize("path", ["invitations/accept", "sign-in", "refresh", "sign-out"])
def test_a_hostile_body_is_refused_in_words(campus: Campus, path: str):
    good = {
        "invitations/accept": {"code": "x", "full_name": "Jo", "password": PASSWORD},
        "sign-in": {"email": "jo@example.com", "password": PASSWORD, "device": device()},
        "refresh": {"refresh_token": "x", "device_id": str(uuid4()), "rotation_id": str(uuid4())},
        "sign-out": {"refresh_token": "x"},
    }[path]
    texts = [name for name, value in good.items() if isinstance(value, str)]
    bodies = [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 10_000, b'{"a":' * 3_000]
    bodies += [json.dumps({**good, name: value}).encode() for name in texts for value in (None, 7, "", "x" * 2000, [])]
    bodies += [json.dumps({**good, "more": 1}).encode(), json.dumps({**good, texts[0]: "\ud800"}).encode()]
    for body in bodies:
        campus.seconds.now += 60
        answer = campus.client.request("POST", f"/v1/auth/{path}", content=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), body[:80]
        assert PASSWORD not in answer.text
    for body in (b"x" * 20_000, json.dumps({**good, texts[0]: "x" * 20_000}).encode()):
        assert campus.client.request("POST", f"/v1/auth/{path}", content=body).status_code == 413
    for name in texts:
        if not name.endswith("_id"):
            answer = campus.post(f"/v1/auth/{path}", {**good, name: "a\0\u202e" + "b" * 20})
            assert answer.status_code in {204, 401, 410, 422}


@pytest.mark.parametrize("field", ["name", "platform"])
def test_a_device_with_an_impossible_name_is_refused(campus: Campus, field: str):
    jo = campus.person(campus.school(), OrgRole.OWNER)
    body = {"email": jo, "password": PASSWORD, "device": {**device(), field: "a\0b"}}
    assert campus.post("/v1/auth/sign-in", body).json()["code"] == "invalid"
    body["device"][field] = "x" * 200
    assert campus.post("/v1/auth/sign-in", body).status_code == 200


def test_an_invitation_with_a_hostile_body_is_refused(campus: Campus):
    org = campus.school()
    jo = campus.member(org)
    good = {"email": "al@example.com", "role": "admin"}
    wrong = [{**good, "role": "king"}, {**good, "email": "al"}, {**good, "email": "a\0l@example.com"}]
    wrong += [{**good, "instructor_id": str(uuid4())}, {**good, "instructor_id": 7}, {**good, "invited_by": "x"}, []]
    for body in wrong:
        answer = jo.ask("POST", f"/v1/orgs/{org}/invitations", body)
        assert answer.status_code == 422, body


def test_a_strangers_body_that_does_not_come_is_not_waited_for(campus: Campus, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(answers, "BODY_SECONDS", 0.05)

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(60)

    answer = campus.client.request("POST", "/v1/auth/sign-out", content=slow())
    assert (answer.status_code, answer.json()["code"]) == (408, "timeout")
