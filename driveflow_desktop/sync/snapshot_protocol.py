"""The wire types of the first sync and of the digest, shared by PC and service (docs/protocol.md)."""

from uuid import UUID

import msgspec


class SnapshotHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """First line of a snapshot: one consistent state at `head`; `tables` says how many rows of each will come."""

    head: int
    schema: str
    epoch: UUID
    scope: str
    tables: dict[str, int]


class SnapshotBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows of one table, as lists in the order of `columns`, ordered by primary key."""

    table: str
    columns: tuple[str, ...]
    rows: list[list[object]]


class SnapshotEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Last line: everything came; `rows` is how many rows this answer held."""

    end: bool
    rows: int


class TableDigest(msgspec.Struct, frozen=True):
    """One table in a reader's scope: how many rows, and the XOR of the SHA-256 of each row's RFC 8785 JSON, in hex."""

    rows: int
    xor: str


class DigestAnswer(msgspec.Struct, frozen=True):
    """What a reader's replica should hold at `head`."""

    head: int
    tables: dict[str, TableDigest]


class HeadEvent(msgspec.Struct, frozen=True):
    """Data of the stream's `head` event: pull now. Losing one costs delay, never data."""

    head: int
