"""docs/openapi.json, made from the wire types: `python -m tests.helpers.openapi_doc` writes it, a test holds it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

import msgspec

from driveflow_desktop.service.answers import STATUS_OF
from driveflow_desktop.service.pull import DEFAULT_LIMIT, MAX_LIMIT
from driveflow_desktop.sync import protocol, session_protocol, snapshot_protocol
from driveflow_desktop.sync.session_protocol import EPOCH_HEADER, PROBLEM_TYPE, REQUEST_HEADER, SCHEMA_HEADER, Problem

PAGE: Final = Path(__file__).parents[2] / "docs" / "openapi.json"
MODULES: Final = (protocol, session_protocol, snapshot_protocol)
ALWAYS: Final = ("too_many_requests", "unavailable", "internal")
SIGNED_IN: Final = ("unauthorised", "token_expired", "device_revoked", "forbidden", "no_desktop")
WITH_BODY: Final = ("invalid", "encoding", "too_large", "timeout")
OF_HISTORY: Final = ("invalid", "epoch_changed")


@dataclass(frozen=True)
class Operation:
    """One method of one route. `codes` are those of its own, besides what every route answers."""

    method: str
    path: str
    summary: str
    codes: Sequence[str] = ()
    body: type | None = None
    answer: type | None = None
    status: HTTPStatus = HTTPStatus.OK
    media: str = "application/json"
    query: Sequence[tuple[str, bool, object, str]] = ()
    """Name, whether it is needed, schema, words."""
    signed_in: bool = True
    of_school: bool = False
    """It is about a school's history: it tells the epoch, and may be told one."""
    words: str = ""
    fields: Sequence[str] = ()
    """Of an answer that is no wire type."""

    @property
    def refusals(self) -> dict[int, list[str]]:
        """Every code that it may answer with, by status."""
        found = {*ALWAYS, *self.codes}
        found |= set(SIGNED_IN) if self.signed_in else set()
        found |= set(WITH_BODY) if self.body is not None else set()
        found |= set(OF_HISTORY) if self.of_school else set()
        found |= {"not_found"} if self.path.startswith("/v1/orgs/") else set()
        statuses = sorted({status_of(code) for code in found})
        return {status: sorted(code for code in found if status_of(code) == status) for status in statuses}


_NUMBER: Final = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
_ID: Final = {"type": "string", "format": "uuid"}
_SCHOOL: Final = "/v1/orgs/{org}"

OPERATIONS: Final = (
    Operation(
        "post",
        "/v1/auth/invitations/accept",
        "Take an invitation, with a name and a password",
        ("invalid_credentials", "invitation_gone", "forbidden"),
        session_protocol.AcceptInvitationRequest,
        session_protocol.AcceptInvitationAnswer,
        HTTPStatus.CREATED,
        signed_in=False,
    ),
    Operation(
        "post",
        "/v1/auth/sign-in",
        "Sign in on a device",
        ("invalid_credentials", "device_revoked", "no_desktop"),
        session_protocol.SignInRequest,
        session_protocol.SignInAnswer,
        signed_in=False,
    ),
    Operation(
        "post",
        "/v1/auth/refresh",
        "A new pair of tokens",
        ("unauthorised", "token_reused", "device_revoked"),
        session_protocol.RefreshRequest,
        session_protocol.RefreshAnswer,
        signed_in=False,
    ),
    Operation(
        "post",
        "/v1/auth/sign-out",
        "End the session of a refresh token",
        (),
        session_protocol.SignOutRequest,
        status=HTTPStatus.NO_CONTENT,
        signed_in=False,
    ),
    Operation(
        "post",
        f"{_SCHOOL}/invitations",
        "Invite an address into a role",
        ("already_exists", "missing_reference"),
        session_protocol.InvitationRequest,
        session_protocol.InvitationAnswer,
        HTTPStatus.CREATED,
    ),
    Operation("get", f"{_SCHOOL}/members", "Everyone with a role", (), None, session_protocol.MembersAnswer),
    Operation("get", f"{_SCHOOL}/devices", "The PCs that read the school", (), None, session_protocol.DevicesAnswer),
    Operation(
        "delete",
        f"{_SCHOOL}/devices/{{device}}",
        "End a person's use of a PC",
        status=HTTPStatus.NO_CONTENT,
    ),
    Operation(
        "get",
        f"{_SCHOOL}/changes",
        "Pull: what happened after `since`",
        ("cursor_expired", "upgrade_required"),
        None,
        protocol.ChangesPage,
        query=(
            ("since", True, _NUMBER, "The cursor: `next` of the page before, or a snapshot's `head`."),
            (
                "limit",
                False,
                {**_NUMBER, "default": DEFAULT_LIMIT},
                f"About how many entries; more than {MAX_LIMIT:,} count as {MAX_LIMIT:,}.",
            ),
            ("last", False, _ID, "The mutation's id at `since`, when known."),
        ),
        of_school=True,
    ),
    Operation(
        "post",
        f"{_SCHOOL}/changes",
        "Push: transactions of this device, judged one by one",
        (),
        protocol.PushRequest,
        protocol.PushResponse,
        of_school=True,
        words="A transaction's own fate is in `results`; 422 is for a request that is no push at all.",
    ),
    Operation(
        "get",
        f"{_SCHOOL}/stream",
        "Server-Sent Events that say when to pull",
        media="text/event-stream",
        of_school=True,
        words='`event: head` with `data: {"head": N}`, and `event: end` with `data: {"code": …}` before it closes.',
    ),
    Operation(
        "get",
        f"{_SCHOOL}/digest",
        "What a replica should add up to",
        ("not_current", "upgrade_required"),
        None,
        snapshot_protocol.DigestAnswer,
        query=(("at", True, _NUMBER, "The reader's cursor; only the head can be answered."),),
        of_school=True,
    ),
    Operation(
        "get",
        f"{_SCHOOL}/snapshot",
        "Everything that the member sees, streamed",
        ("upgrade_required",),
        media="application/x-ndjson",
        query=(("after", False, {"type": "string"}, "`<table>:<id>` of the last row that came, to resume."),),
        of_school=True,
        words="Lines of JSON: a `SnapshotHeader`, any number of `SnapshotBatch`, a `SnapshotEnd`.",
    ),
    Operation("get", "/healthz", "The process lives", signed_in=False, fields=("status",), words="For a watchdog."),
    Operation(
        "get",
        "/readyz",
        "The database answers at the right schema",
        signed_in=False,
        fields=("status", "schema"),
    ),
    Operation(
        "get",
        "/metrics",
        "Figures for Prometheus",
        ("not_found",),
        media="text/plain",
        signed_in=False,
        words="From this machine without a proxy, or with the metrics token as bearer; else 404.",
    ),
)


def status_of(code: str) -> int:
    """The status that a code is answered with."""
    return STATUS_OF.get(code, HTTPStatus.UNPROCESSABLE_ENTITY).value


def document() -> dict[str, object]:
    """The description, as JSON's types."""
    types = [
        found
        for module in MODULES
        for _, found in sorted(vars(module).items())
        if isinstance(found, type) and issubclass(found, msgspec.Struct) and found.__module__ == module.__name__
    ]
    _, schemas = msgspec.json.schema_components(
        types, schema_hook=_any_value, ref_template="#/components/schemas/{name}"
    )
    paths: dict[str, dict[str, object]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "DriveFlow sync service",
            "version": "1",
            "description": "Made from the wire types by tests/helpers/openapi_doc.py. What it all means: protocol.md.",
            "license": {"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
        },
        "servers": [{"url": "http://127.0.0.1:8787"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "headers": {
                "schema": _header("The revision of the service's schema.", {"type": "string"}),
                "request": _header("The request's id in the service's log.", {"type": "string"}),
                "epoch": _header("The epoch of the school's history.", _ID, always=False),
                "wait": _header("Seconds to wait.", {"type": "string", "pattern": "^[0-9]+$"}),
            },
            "responses": {
                "-or-".join(codes): _refused(status, codes)
                for operation in OPERATIONS
                for status, codes in operation.refusals.items()
            },
            "securitySchemes": {"access_token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def render() -> str:
    """The page's text."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def _any_value(kind: type) -> dict[str, object]:
    """`object`, in the cells of a snapshot's rows: whatever JSON holds."""
    assert kind is object
    return {"description": "Any JSON."}


def _described(operation: Operation) -> dict[str, object]:
    found: dict[str, object] = {"summary": operation.summary}
    if operation.words:
        found["description"] = operation.words
    if parameters := list(_parameters(operation)):
        found["parameters"] = parameters
    if operation.body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(operation.body)}}}
    found["responses"] = _responses(operation)
    if operation.signed_in:
        found["security"] = [{"access_token": []}]
    return found


def _parameters(operation: Operation):
    for name in ("org", "device"):
        if f"{{{name}}}" in operation.path:
            yield {"name": name, "in": "path", "required": True, "schema": _ID}
    for name, needed, schema, words in operation.query:
        yield {"name": name, "in": "query", "required": needed, "schema": schema, "description": words}
    if operation.of_school:
        words = "The epoch that the client lives in; another than the service's is refused."
        yield {"name": EPOCH_HEADER, "in": "header", "required": False, "schema": _ID, "description": words}
    if "upgrade_required" in operation.codes:
        words = "The generation of the schema that the client lives in."
        schema = {"type": "string", "pattern": "^[0-9]{4}$"}
        yield {"name": SCHEMA_HEADER, "in": "header", "required": False, "schema": schema, "description": words}


def _responses(operation: Operation) -> dict[str, object]:
    headers = {**_HEADERS, **({EPOCH_HEADER: _named("headers", "epoch")} if operation.of_school else {})}
    good: dict[str, object] = {"description": operation.summary, "headers": headers}
    if operation.answer is not None:
        good["content"] = {operation.media: {"schema": _ref(operation.answer)}}
    elif operation.status is HTTPStatus.OK:
        schema = {"type": "object", "required": list(operation.fields)} if operation.fields else {"type": "string"}
        good["content"] = {operation.media: {"schema": schema}}
    refusals = {str(status): _named("responses", "-or-".join(codes)) for status, codes in operation.refusals.items()}
    return {str(operation.status.value): good, **refusals}


def _refused(status: int, codes: Sequence[str]) -> dict[str, object]:
    only = {"properties": {"status": {"const": status}, "code": {"enum": list(codes)}}}
    waits = status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
    return {
        "description": ", ".join(codes),
        "headers": {**_HEADERS, **({"Retry-After": _named("headers", "wait")} if waits else {})},
        "content": {PROBLEM_TYPE: {"schema": {"allOf": [_ref(Problem), only]}}},
    }


def _named(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _header(words: str, schema: dict[str, object], *, always: bool = True) -> dict[str, object]:
    return {"description": words, "required": always, "schema": schema}


_HEADERS: Final = {SCHEMA_HEADER: _named("headers", "schema"), REQUEST_HEADER: _named("headers", "request")}


def _ref(kind: type) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


if __name__ == "__main__":
    PAGE.write_text(render(), "utf-8")
