"""Bodies in and out: JSON by msgspec within limits, compressed both ways, and errors as `application/problem+json`."""

import asyncio
import zlib
from http import HTTPStatus
from typing import Final, TypeVar

import msgspec
import zstandard
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.sync.session_protocol import PROBLEM_TYPE, Problem

T = TypeVar("T")

MAX_BODY: Final = 8 * 1024 * 1024
"""Bytes of a decompressed request body."""
BODY_SECONDS: Final = 120.0
"""Time in which a request's body must be here."""
COMPRESS_ABOVE: Final = 1024
_PROBLEMS: Final = "https://driveflow.example/problems/"
_WINDOW: Final = 8 * 1024 * 1024
"""Bytes that a zstd frame may ask us to keep: what the largest body allowed can use."""

STATUS_OF: Final = {
    "not_found": HTTPStatus.NOT_FOUND,
    "method_not_allowed": HTTPStatus.METHOD_NOT_ALLOWED,
    "unauthorised": HTTPStatus.UNAUTHORIZED,
    "invalid_credentials": HTTPStatus.UNAUTHORIZED,
    "token_expired": HTTPStatus.UNAUTHORIZED,
    "token_reused": HTTPStatus.UNAUTHORIZED,
    "device_revoked": HTTPStatus.UNAUTHORIZED,
    "forbidden": HTTPStatus.FORBIDDEN,
    "no_desktop": HTTPStatus.FORBIDDEN,
    "invitation_gone": HTTPStatus.GONE,
    "cursor_expired": HTTPStatus.GONE,
    "epoch_changed": HTTPStatus.CONFLICT,
    "not_current": HTTPStatus.CONFLICT,
    "already_exists": HTTPStatus.CONFLICT,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "encoding": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "upgrade_required": HTTPStatus.UPGRADE_REQUIRED,
    "too_many_requests": HTTPStatus.TOO_MANY_REQUESTS,
    "timeout": HTTPStatus.REQUEST_TIMEOUT,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "internal": HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The status of an error by its code; every other code is a malformed request, 422."""


def problem(error: UserError, *, headers: dict[str, str] | None = None) -> Response:
    """An error answer, with nothing internal in it."""
    status = STATUS_OF.get(error.code, HTTPStatus.UNPROCESSABLE_ENTITY)
    body = Problem(f"{_PROBLEMS}{error.code}", status.phrase, status.value, error.code, error.message, error.column)
    return Response(msgspec.json.encode(body), status.value, headers, PROBLEM_TYPE)


def answer(value: object, request: Request, status: int = HTTPStatus.OK) -> Response:
    """A JSON answer, compressed as the client accepts it where that is worth it."""
    body = msgspec.json.encode(value)
    headers = {"Vary": "Accept-Encoding", "Cache-Control": "no-store"}
    encoding = accepted(request) if len(body) > COMPRESS_ABOVE else None
    if encoding == "zstd":
        body = zstandard.ZstdCompressor(level=3).compress(body)
    elif encoding == "gzip":
        packer = zlib.compressobj(level=5, wbits=31)
        body = packer.compress(body) + packer.flush()
    if encoding is not None:
        headers["Content-Encoding"] = encoding
    return Response(body, status, headers, "application/json")


def accepted(request: Request) -> str | None:
    """`zstd` or `gzip`, whichever the client takes and we like best, or None."""
    offers = {}
    for offer in request.headers.get("accept-encoding", "").lower().split(","):
        name, _, rest = offer.strip().partition(";")
        offers[name.strip()] = rest.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return next((name for name in ("zstd", "gzip") if offers.get(name)), None)


async def read_body(request: Request, kind: type[T], *, limit: int = MAX_BODY) -> T:
    """The body as a wire type. Raises `UserError`: `too_large`, `encoding`, `timeout`, `invalid` (naming the
    place).
    """
    return decode(await raw_body(request, limit=limit), kind)


def decode(body: bytes, kind: type[T]) -> T:
    """JSON as a wire type; `UserError("invalid")` names the place in which it is not one."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError("invalid", f"The body is not what this route takes: {error}") from None


async def raw_body(request: Request, *, limit: int = MAX_BODY) -> bytes:
    """The body, unpacked, at most `limit` bytes of it; more is refused before it is held, and so is a slow one."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _unpacked(request, limit)
    except TimeoutError:
        raise UserError("timeout", "The request took too long to arrive.") from None


async def _unpacked(request: Request, limit: int) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise _too_large(limit)
    unpacker = _unpacker(request.headers.get("content-encoding", "").strip().lower())
    body = bytearray()
    received = 0
    try:
        async for chunk in request.stream():
            received += len(chunk)
            if received > limit:
                raise _too_large(limit)
            body += unpacker.feed(chunk, limit + 1 - len(body))
            if len(body) > limit:
                raise _too_large(limit)
    except ClientDisconnect:
        raise UserError("invalid", "The request ended early.") from None
    if not unpacker.complete:
        raise UserError("encoding", "The compressed body is cut short.")
    return bytes(body)


class _Plain:
    complete = True

    def feed(self, chunk: bytes, _room: int) -> bytes:
        return chunk


class _Zstd:
    """A frame, a piece at a time. The window is limited, so that a small frame cannot ask for a large memory."""

    def __init__(self) -> None:
        self._unpack = zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()

    @property
    def complete(self) -> bool:
        return bool(self._unpack.eof)

    def feed(self, chunk: bytes, room: int) -> bytes:
        # A piece of n bytes can unpack to thousands of times n: small pieces keep what is held near the limit.
        out = bytearray()
        view = memoryview(chunk)
        for at in range(0, len(view), 256):
            if self.complete:
                raise UserError("encoding", "Something follows the compressed body.")
            try:
                out += self._unpack.decompress(bytes(view[at : at + 256]))
            except zstandard.ZstdError:
                raise UserError("encoding", "The compressed body cannot be unpacked.") from None
            if len(out) > room:
                break
        return bytes(out)


class _Zlib:
    def __init__(self) -> None:
        self._unpack = zlib.decompressobj(wbits=31)

    @property
    def complete(self) -> bool:
        return self._unpack.eof

    def feed(self, chunk: bytes, room: int) -> bytes:
        if self._unpack.eof and chunk:
            raise UserError("encoding", "Something follows the compressed body.")
        try:
            out = self._unpack.decompress(chunk, room)
            while self._unpack.unconsumed_tail and len(out) < room:
                out += self._unpack.decompress(self._unpack.unconsumed_tail, room - len(out))
        except zlib.error:
            raise UserError("encoding", "The compressed body cannot be unpacked.") from None
        return out


def _unpacker(encoding: str) -> "_Plain | _Zstd | _Zlib":
    if encoding in ("", "identity"):
        return _Plain()
    if encoding == "zstd":
        return _Zstd()
    if encoding == "gzip":
        return _Zlib()
    raise UserError("encoding", f"Bodies may be zstd or gzip, not {encoding[:40]}.")


def _too_large(limit: int) -> UserError:
    return UserError("too_large", f"A body may hold {limit // 1024:,} KiB.")
