"""Answers' bodies, unpacked within limits: a small body must not become a large memory."""

from collections.abc import Iterable, Iterator
from typing import IO, Final, cast

import zstandard

PIECE: Final = 64 * 1024
_WINDOW: Final = 8 * 1024 * 1024
"""Bytes that a zstd frame may ask us to keep (its own recommendation for decoders)."""


class BadBody(Exception):
    """A body that is too large, cut short, or not in the encoding that it names."""


class _Pieces:
    """An iterator of bytes as a file."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; nothing at the end."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = piece
        size = len(self._rest) if size < 0 else size
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


def unpacked(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The body in small pieces. Raises `BadBody` for an unknown encoding or a broken frame."""
    if encoding in ("", "identity"):
        yield from pieces
        return
    if encoding != "zstd":
        raise BadBody(f"encoding {encoding[:20]}")
    source = cast("IO[bytes]", _Pieces(pieces))
    reader = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(source, read_across_frames=True)
    try:
        while piece := reader.read1(PIECE):
            yield piece
    except zstandard.ZstdError as problem:
        raise BadBody("a broken zstd frame") from problem


def whole(pieces: Iterable[bytes], limit: int) -> bytes:
    """All pieces together; `BadBody` when they are more than `limit` bytes."""
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > limit:
            raise BadBody(f"more than {limit} bytes")
    return bytes(body)


def lines(pieces: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """The whole lines, without their ends; a last line without an end was torn off and is dropped."""
    rest = bytearray()
    for piece in pieces:
        rest += piece
        if b"\n" in piece:
            *found, last = rest.split(b"\n")
            rest = bytearray(last)
            yield from (bytes(line) for line in found)
        if len(rest) > limit:
            raise BadBody(f"a line of more than {limit} bytes")
