"""Around every request: its id, the headers of every answer, errors as problems, one log line, the figures."""

import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from uuid import UUID, uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.answers import problem
from driveflow_desktop.service.database import is_outage
from driveflow_desktop.service.metrics import Metrics
from driveflow_desktop.sync.session_protocol import EPOCH_HEADER, REQUEST_HEADER, SCHEMA_HEADER

log = logging.getLogger(__name__)
access_log = logging.getLogger("driveflow_desktop.access")

_NOTES: Final = "driveflow.notes"
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_RETRY_SECONDS: Final = 2
_HARDENED: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(slots=True)
class Notes:
    """What is known about a request by the time it is answered. Nothing here is personal beyond ids."""

    request_id: str
    epoch: UUID | None = None
    org_id: UUID | None = None
    user_id: UUID | None = None
    device_id: UUID | None = None
    code: str | None = None
    """The code of the problem that it ended in."""
    facts: dict[str, int] = field(default_factory=dict)
    """Counts worth a look in the log."""


def notes_of(request: Request) -> Notes:
    """The notes of a request under way."""
    notes: Notes = request.scope[_NOTES]
    return notes


class Envelope:
    """Middleware around every route."""

    def __init__(self, app: ASGIApp, schema: str, metrics: Metrics) -> None:
        self._app = app
        self._schema = schema
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens inside."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        notes = Notes(_request_id(Headers(scope=scope)))
        scope[_NOTES] = notes
        sent = _Sent(send, scope["scheme"], self._schema, notes)
        try:
            await self._app(scope, receive, sent)
        except Exception as error:
            answer = self._refusal(error, notes)
            if sent.status is not None:
                # Half an answer is out: only a broken connection tells the client that the rest will not come.
                raise
            await answer(scope, receive, sent)
        finally:
            self._record(scope, notes, sent, time.perf_counter() - started)

    def _refusal(self, error: Exception, notes: Notes) -> Response:
        known = _known(error)
        if known is None:
            self._metrics.bugs.inc()
            log.error("request %s failed", notes.request_id, exc_info=error)
            known = UserError("internal", f"The service failed (report {notes.request_id}).")
        elif not isinstance(error, UserError | HTTPException):
            log.warning("request %s: no answer from the database", notes.request_id, exc_info=error)
        notes.code = known.code
        headers = {}
        if known.code in {"unavailable", "too_many_requests"}:
            headers["Retry-After"] = str(known.details.get("retry_after", _RETRY_SECONDS))
        if known.code in {"unauthorised", "token_expired"}:
            headers["WWW-Authenticate"] = "Bearer"
        if known.code in {"timeout", "too_large"}:
            headers["Connection"] = "close"  # the rest of the body is not waited for
        if isinstance(error, HTTPException) and error.headers:
            headers |= error.headers
        return problem(known, headers=headers)

    def _record(self, scope: Scope, notes: Notes, sent: "_Sent", seconds: float) -> None:
        # The route and not the path: a path may hold a token (calendars), or whatever a stranger typed.
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        status = sent.status or 0
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        ids = {"org": notes.org_id, "user": notes.user_id, "device": notes.device_id}
        line = {
            "request": notes.request_id,
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
            "bytes": sent.size,
            **{name: str(value) for name, value in ids.items() if value is not None},
            **({} if notes.code is None else {"code": notes.code}),
            **notes.facts,
        }
        access_log.info("%s", json.dumps(line), extra={"fields": line})


class _Sent:
    """Passes an answer on, with the headers that every answer has; remembers its status and size."""

    def __init__(self, send: Send, scheme: str, schema: str, notes: Notes) -> None:
        self._send = send
        self._scheme = scheme
        self._schema = schema
        self._notes = notes
        self.status: int | None = None
        self.size = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._complete(MutableHeaders(scope=message))
        elif message["type"] == "http.response.body":
            self.size += len(message.get("body", b""))
        await self._send(message)

    def _complete(self, headers: MutableHeaders) -> None:
        for name, value in _HARDENED.items():
            headers.setdefault(name, value)
        if self._scheme == "https":
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        headers[REQUEST_HEADER] = self._notes.request_id
        headers[SCHEMA_HEADER] = self._schema
        if self._notes.epoch is not None:
            headers[EPOCH_HEADER] = str(self._notes.epoch)


def _request_id(headers: Headers) -> str:
    """The client's own id where it is one that may stand in a log, else a new one."""
    given = headers.get(REQUEST_HEADER, "")
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex


def _known(error: Exception) -> UserError | None:
    """What the client is told about an error; None when it is our bug."""
    if isinstance(error, UserError):
        return error
    if isinstance(error, HTTPException):
        if error.status_code == HTTPStatus.NOT_FOUND:
            return UserError("not_found", "There is nothing here.")
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            return UserError("method_not_allowed", "That cannot be done here.")
        return UserError("invalid", "The request is malformed.")
    if is_outage(error):
        return UserError("unavailable", "The database does not answer.", hint="It is tried again.")
    return None


async def reraise(_request: Request, error: Exception) -> Response:
    """An exception handler for Starlette that leaves every error to the envelope."""
    raise error
