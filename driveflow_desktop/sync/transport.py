"""The service over HTTP. The only module that knows httpx; whatever a network does becomes a value.

TLS is verified, redirects are refused, answers are read within limits and only believed when they are the service's:
JSON with the X-DriveFlow headers. A sign-in page of a hotel's network is neither.
"""

import contextlib
import logging
import socket
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar
from uuid import UUID, uuid4

import httpx
import msgspec
import zstandard

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.sync.outcomes import Answer, Failure
from driveflow_desktop.sync.protocol import ChangesPage, PushRequest, PushResponse
from driveflow_desktop.sync.refusals import failure_of, foreign, unreachable, unreadable
from driveflow_desktop.sync.service_port import Interrupted, Lines
from driveflow_desktop.sync.session_protocol import (
    EPOCH_HEADER,
    REQUEST_HEADER,
    SCHEMA_HEADER,
    AcceptInvitationAnswer,
    AcceptInvitationRequest,
    DevicesAnswer,
    InvitationAnswer,
    InvitationRequest,
    MembersAnswer,
    RefreshAnswer,
    RefreshRequest,
    SignInAnswer,
    SignInRequest,
    SignOutRequest,
)
from driveflow_desktop.sync.snapshot_protocol import DigestAnswer, HeadEvent
from driveflow_desktop.sync.unpacking import BadBody, lines, unpacked, whole

log = logging.getLogger(__name__)
T = TypeVar("T")
_Query: TypeAlias = Mapping[str, str | int]

MAX_ANSWER: Final = 64 * 1024 * 1024
"""Bytes of an unpacked answer: a page holds whole transactions, so it may be larger than any body that we send."""
MAX_LINE: Final = 16 * 1024 * 1024
_MAX_PROBLEM: Final = 64 * 1024
_COMPRESS_ABOVE: Final = 1024
_PATIENCE: Final = httpx.Timeout(connect=5.0, read=10.0, write=10.0, pool=5.0)
_PUSH_PATIENCE: Final = httpx.Timeout(connect=5.0, read=20.0, write=20.0, pool=5.0)
"""A push of 5,000 mutations is judged under the school's lock."""
_STREAM_PATIENCE: Final = httpx.Timeout(connect=5.0, read=45.0, write=10.0, pool=5.0)
"""The stream says something at least every 20 s; two of them lost, and it is dead."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who we are to the service: the schema that we read, and how to ask which epoch of the school we know."""

    schema: str
    app_version: str
    known_epoch: Callable[[], str | None] = lambda: None


class HttpService:
    """One service, and one school on it once `org_id` is known. Safe from several threads."""

    def __init__(
        self, url: str, caller: Caller, org_id: UUID | None = None, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.url = _checked(url)
        self._caller = caller
        self._org = org_id
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._client = httpx.Client(
            base_url=self.url,
            follow_redirects=False,
            timeout=_PATIENCE,
            transport=transport,
            headers={
                "Accept-Encoding": "zstd",
                "User-Agent": f"DriveFlow/{caller.app_version}",
                SCHEMA_HEADER: caller.schema,
            },
        )

    # -- one school ---------------------------------------------------------------------------------------------

    def push(self, token: str, request: PushRequest) -> Answer[PushResponse] | Failure:
        """Send transactions."""
        path = self._path("changes")
        return self._call("POST", path, PushResponse, token=token, body=request, patience=_PUSH_PATIENCE)

    def pull(self, token: str, since: int, limit: int, last: UUID | None) -> Answer[ChangesPage] | Failure:
        """The log after `since`."""
        query: dict[str, str | int] = {"since": since, "limit": limit}
        if last is not None:
            query["last"] = str(last)
        return self._call("GET", self._path("changes"), ChangesPage, token=token, query=query)

    def digest(self, token: str, at: int) -> Answer[DigestAnswer] | Failure:
        """What the replica should hold at the head `at`."""
        query = {"at": at}
        path = self._path("digest")
        return self._call("GET", path, DigestAnswer, token=token, query=query, patience=_PUSH_PATIENCE)

    def members(self, token: str) -> Answer[MembersAnswer] | Failure:
        """The people of the school."""
        return self._call("GET", self._path("members"), MembersAnswer, token=token)

    @contextlib.contextmanager
    def snapshot(self, token: str, after: str | None) -> Iterator[Lines | Failure]:
        """The school's rows, from `after` on."""
        query = {} if after is None else {"after": after}
        with self._opened("GET", self._path("snapshot"), token, query, patience=_STREAM_PATIENCE) as answer:
            yield answer if isinstance(answer, Failure) else _SnapshotLines(answer)

    def listen(self, token: str, hear: Callable[[int], None]) -> Failure | None:
        """Say every head that the stream tells, until it ends; then why, or None when the service ended it."""
        with self._opened("GET", self._path("stream"), token, {}, patience=_STREAM_PATIENCE) as answer:
            if isinstance(answer, Failure):
                return answer
            try:
                for line in lines(unpacked(answer.iter_raw(), _encoding(answer)), MAX_LINE):
                    if line.startswith(b"data:"):
                        hear(msgspec.json.decode(line[5:].strip(), type=HeadEvent).head)
            except (httpx.HTTPError, OSError, BadBody, msgspec.DecodeError) as problem:
                return _failure_of_exception(problem)
        return None

    def invite(self, token: str, request: InvitationRequest) -> Answer[InvitationAnswer] | Failure:
        """Invite a person into the school."""
        return self._call("POST", self._path("invitations"), InvitationAnswer, token=token, body=request)

    def devices(self, token: str) -> Answer[DevicesAnswer] | Failure:
        """The PCs that hold a copy of the school."""
        return self._call("GET", self._path("devices"), DevicesAnswer, token=token)

    def revoke(self, token: str, device_id: UUID) -> Failure | None:
        """End a PC's access."""
        path = self._path(f"devices/{device_id}")
        with self._opened("DELETE", path, token, {}, patience=_PATIENCE) as answer:
            return answer if isinstance(answer, Failure) else None

    # -- sessions -----------------------------------------------------------------------------------------------

    def sign_in(self, request: SignInRequest) -> Answer[SignInAnswer] | Failure:
        """A session for a person on this device."""
        return self._call("POST", "/v1/auth/sign-in", SignInAnswer, body=request, patience=_PUSH_PATIENCE)

    def refresh(self, request: RefreshRequest) -> Answer[RefreshAnswer] | Failure:
        """A new pair of tokens."""
        return self._call("POST", "/v1/auth/refresh", RefreshAnswer, body=request)

    def sign_out(self, request: SignOutRequest) -> Failure | None:
        """End a session."""
        with self._opened("POST", "/v1/auth/sign-out", None, {}, body=request, patience=_PATIENCE) as answer:
            return answer if isinstance(answer, Failure) else None

    def accept_invitation(self, request: AcceptInvitationRequest) -> Answer[AcceptInvitationAnswer] | Failure:
        """An account by an invitation."""
        path = "/v1/auth/invitations/accept"
        return self._call("POST", path, AcceptInvitationAnswer, body=request, patience=_PUSH_PATIENCE)

    # -- ending -------------------------------------------------------------------------------------------------

    def abort(self) -> None:
        """Cut every request that is under way; the next ones connect anew."""
        for one in list(self._sockets):
            with contextlib.suppress(OSError):
                # Not the method of an SSLSocket, which would pull the TLS state away under the reading thread.
                socket.socket.shutdown(one, socket.SHUT_RDWR)

    def close(self) -> None:
        """Cut everything and let go of the connections."""
        self.abort()
        self._client.close()

    # -- requests -----------------------------------------------------------------------------------------------

    def _path(self, name: str) -> str:
        return f"/v1/orgs/{self._org}/{name}"

    def _call(
        self,
        method: str,
        path: str,
        kind: type[T],
        *,
        token: str | None = None,
        query: _Query | None = None,
        body: msgspec.Struct | None = None,
        patience: httpx.Timeout = _PATIENCE,
    ) -> Answer[T] | Failure:
        with self._opened(method, path, token, query or {}, body=body, patience=patience) as answer:
            if isinstance(answer, Failure):
                return answer
            try:
                content = whole(unpacked(answer.iter_raw(), _encoding(answer)), MAX_ANSWER)
                value = msgspec.json.decode(content, type=kind)
            except (httpx.HTTPError, OSError, BadBody, msgspec.DecodeError, RecursionError) as problem:
                return _failure_of_exception(problem)
            return Answer(value, answer.headers.get(EPOCH_HEADER), answer.headers.get(SCHEMA_HEADER))

    @contextlib.contextmanager
    def _opened(
        self,
        method: str,
        path: str,
        token: str | None,
        query: _Query,
        *,
        body: msgspec.Struct | None = None,
        patience: httpx.Timeout,
    ) -> Iterator[httpx.Response | Failure]:
        """The head of an answer of the service, or its trouble."""
        headers, content = _request_parts(token, body)
        if (epoch := self._caller.known_epoch()) is not None:
            headers[EPOCH_HEADER] = epoch
        extensions = {"trace": self._keep_socket}
        with contextlib.ExitStack() as stack:
            try:
                opening = self._client.stream(
                    method,
                    path,
                    params=query,
                    headers=headers,
                    content=content,
                    timeout=patience,
                    extensions=extensions,
                )
                answer = stack.enter_context(opening)
                found = self._refusal(answer, of_school=self._org is not None and path.startswith(self._path("")))
            except (httpx.HTTPError, OSError, RuntimeError) as problem:
                # RuntimeError: the client was closed by another thread.
                yield _failure_of_exception(problem)
                return
            if found is not None:
                log.info("%s %s: %s (request %s)", method, path, found.trouble.value, headers[REQUEST_HEADER])
            yield answer if found is None else found

    def _refusal(self, answer: httpx.Response, *, of_school: bool) -> Failure | None:
        """What a status other than success means; None for an answer that may be read.

        An answer about a school is believed to end this device when it names the school's epoch, as we know it. One
        about a session needs no epoch: nobody but our service knows the refresh token that it speaks of.
        """
        known = SCHEMA_HEADER in answer.headers
        if answer.is_success:
            is_ours = known and "html" not in answer.headers.get("Content-Type", "")
            return None if is_ours else foreign()
        try:
            content = whole(unpacked(answer.iter_raw(), _encoding(answer)), _MAX_PROBLEM)
        except (httpx.HTTPError, OSError, BadBody):
            content = b""
        epoch = answer.headers.get(EPOCH_HEADER)
        of_ours = not of_school or (epoch is not None and epoch == self._caller.known_epoch())
        believed = known and self._is_verified() and of_ours
        return failure_of(
            answer.status_code, content, answer.headers.get("Retry-After"), is_service=known, believed=believed
        )

    def _is_verified(self) -> bool:
        """Whether the host proved its name, or is this very PC."""
        url = self._client.base_url
        return url.scheme == "https" or url.host in _LOOPBACK

    def _keep_socket(self, event: str, info: Mapping[str, object]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            stream = info.get("return_value")
            found = stream.get_extra_info("socket") if hasattr(stream, "get_extra_info") else None
            if isinstance(found, socket.socket):
                self._sockets.add(found)


class _SnapshotLines:
    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer
        self.epoch: str | None = answer.headers.get(EPOCH_HEADER)

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from lines(unpacked(self._answer.iter_raw(), _encoding(self._answer)), MAX_LINE)
        except (httpx.HTTPError, OSError, BadBody) as problem:
            raise Interrupted(_failure_of_exception(problem)) from problem


def _request_parts(token: str | None, body: msgspec.Struct | None) -> tuple[dict[str, str], bytes | None]:
    headers = {REQUEST_HEADER: str(uuid4())}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    if body is None:
        return headers, None
    content = msgspec.json.encode(body)
    headers["Content-Type"] = "application/json"
    if len(content) > _COMPRESS_ABOVE:
        headers["Content-Encoding"] = "zstd"
        content = zstandard.ZstdCompressor(level=3).compress(content)
    return headers, content


def _encoding(answer: httpx.Response) -> str:
    return str(answer.headers.get("Content-Encoding", "")).strip().lower()


def _failure_of_exception(problem: Exception) -> Failure:
    if isinstance(problem, BadBody | msgspec.DecodeError | RecursionError):
        return unreadable()
    if isinstance(problem, httpx.ConnectError) and "CERTIFICATE" in str(problem).upper():
        return foreign()
    return unreachable()


def _checked(url: str) -> str:
    """The service's address. Raises `UserError("invalid")` for what is none, and for clear text over a network."""
    try:
        found = httpx.URL(url.strip().rstrip("/"))
    except httpx.InvalidURL:
        found = httpx.URL("")
    if found.scheme not in ("http", "https") or not found.host or found.userinfo or found.query:
        raise UserError(
            "invalid", "That is not the address of a service.", hint="It looks like https://sync.school.au."
        )
    return str(found)
