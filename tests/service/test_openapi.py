"""docs/openapi.json tells the truth: of every route, of what it takes, and of how it refuses what it does not take."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast
from uuid import UUID

import httpx
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import checks
from starlette.applications import Starlette
from starlette.routing import Route

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.tables import synced_tables
from driveflow_desktop.service.app import make_app
from driveflow_desktop.service.auth.routes import auth_routes
from driveflow_desktop.service.entrance import SignInGate
from driveflow_desktop.store.migrate import SCHEMA_REVISION
from driveflow_desktop.sync.session_protocol import EPOCH_HEADER, PROBLEM_TYPE, Problem
from tests.helpers.openapi_doc import OPERATIONS, PAGE, document, render
from tests.service.auth.campus import PASSWORD, Campus, Client, Session, open_campus

CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
LABELS = [f"{operation.method.upper()} {operation.path}" for operation in OPERATIONS]


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == render(), "run: make docs"
    schemathesis.openapi.from_dict(json.loads(PAGE.read_text("utf-8"))).validate()


@dataclass
class House:
    """The whole service over a real Postgres, a school in it, and a person who is signed in."""

    campus: Campus
    app: Starlette
    client: Client
    org_id: UUID
    owner: Session
    user_id: UUID
    api: dict[str, APIOperation]

    def ask(self, case: schemathesis.Case) -> httpx.Response:
        """Send a case, and hold the answer against the page."""
        self.campus.seconds.now += 60  # the limits are not what this is about
        sent = case.as_transport_kwargs(base_url="http://service.example")
        request = httpx.Request(
            sent["method"],
            sent["url"],
            params=sent.get("params"),
            headers={name: value for name, value in sent["headers"].items() if isinstance(value, str | bytes)},
            json=sent.get("json"),
            content=sent.get("data"),
        )
        response = self.client.send(request)
        case.validate_response(response, checks=CHECKS)
        return response


@pytest.fixture(scope="module")
def house(service_url: str) -> Iterator[House]:
    for campus in open_campus(service_url):
        app = make_app(campus.runtime, SignInGate(campus.auth), routes=auth_routes(campus.auth))
        app.state.heads.end_waiting()  # a stream tells the head and ends
        org_id = campus.school()
        owner = campus.member(org_id, OrgRole.OWNER)
        user_id = UUID(cast("dict[str, str]", owner.answer["user"])["id"])
        page = document()
        _sharpen(cast("dict[str, dict[str, dict[str, dict[str, object]]]]", page["components"])["schemas"], owner)
        found = schemathesis.openapi.from_dict(page).get_all_operations()
        api = {operation.label: operation for operation in (result.ok() for result in found)}
        client = Client(app)
        yield House(campus, app, client, org_id, owner, user_id, api)
        client.close()


def _sharpen(schemas: dict[str, dict[str, dict[str, object]]], owner: Session) -> None:
    """Ids and names at which random requests get further than the door."""
    user = cast("dict[str, str]", owner.answer["user"])
    schemas["PushRequest"]["properties"]["device_id"] = {"const": str(owner.device)}
    schemas["WireTransaction"]["properties"]["actor_user_id"] = {"const": user["id"]}
    schemas["WireTransaction"]["properties"]["schema"] = {"enum": [SCHEMA_REVISION, "0001", "0000", "x"]}
    schemas["WireMutation"]["properties"]["table"] = {"enum": [str(table.name) for table in synced_tables()]}
    columns = {"enum": sorted({column.name for table in synced_tables() for column in table.columns})}
    for row in ("values", "before"):
        cast("dict[str, object]", schemas["WireMutation"]["properties"][row])["propertyNames"] = columns
    schemas["SignInRequest"]["properties"]["password"] = {"enum": [PASSWORD, "wrong", "\0"]}
    schemas["SignInRequest"]["properties"]["email"] = {"enum": [owner.email, "nobody@example.com", "no address"]}
    schemas["RefreshRequest"]["properties"]["device_id"] = {"const": str(owner.device)}
    schemas["InvitationRequest"]["properties"]["email"] = {"enum": ["new@example.com", owner.email, "no address"]}
    schemas["InvitationRequest"]["properties"]["role"] = {"enum": [*OrgRole, "king"]}


def problem_of(response: httpx.Response) -> Problem:
    """The problem of a refusal: nothing but what is documented, and true to the status."""
    assert response.headers["content-type"] == PROBLEM_TYPE
    assert set(response.json()) <= set(Problem.__struct_fields__)
    problem = msgspec.json.decode(response.content, type=Problem)
    assert problem.status == response.status_code
    assert problem.type.endswith(f"/{problem.code}")
    return problem


@pytest.mark.postgres
def test_every_route_is_told(house: House) -> None:
    routes = [route for route in house.app.routes if isinstance(route, Route)]
    served = {f"{method} {route.path_format}" for route in routes for method in route.methods or () if method != "HEAD"}
    assert served == set(LABELS)


def storm(house: House, label: str, data: DataObject) -> None:
    """One request of an operation: as the page says, or against it in one place."""
    mode = data.draw(st.sampled_from(list(GenerationMode)), label="mode")
    case = data.draw(house.api[label].as_strategy(generation_mode=mode), label="case")
    if case.path_parameters and data.draw(st.integers(0, 3), label="our school"):
        case.path_parameters["org"] = str(house.org_id)
    headers = dict(case.headers or {})
    if data.draw(st.integers(0, 3), label="our epoch"):
        headers.pop(EPOCH_HEADER, None)
    if "since" in (case.query or {}) and data.draw(st.booleans(), label="a likely cursor"):
        case.query["since"] = data.draw(st.integers(0, 5))
    token = data.draw(st.sampled_from([house.owner.answer["access_token"]] * 6 + ["nonsense", "\x7f", ""]))
    case.headers = {**headers, "Authorization": f"Bearer {token}"}
    response = house.ask(case)
    if response.status_code >= 400:
        problem_of(response)


@pytest.mark.postgres
@pytest.mark.parametrize("label", LABELS)
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_request_shakes_the_service(house: House, label: str, allow_logs: Callable[[str], None], data) -> None:
    allow_logs("has seen another history")
    storm(house, label, data)


@pytest.mark.postgres
@pytest.mark.long
@pytest.mark.parametrize("label", LABELS)
@settings(max_examples=600, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_storm_shakes_the_service(house: House, label: str, allow_logs: Callable[[str], None], data) -> None:
    allow_logs("has seen another history")
    storm(house, label, data)
