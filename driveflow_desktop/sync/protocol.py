"""The wire types of the sync protocol, version 1, shared by PC and service (docs/protocol.md)."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias
from uuid import UUID

import msgspec

if TYPE_CHECKING:
    from driveflow_desktop.store.types import Json

    WireRow: TypeAlias = dict[str, Json]
else:
    # msgspec reads no recursive types; deeper levels are checked column by column (`RowCodec.from_wire`).
    WireRow = dict[str, bool | int | float | str | list | dict | None]
Instant: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
PushStatus: TypeAlias = Literal["applied", "merged", "duplicate", "rejected"]
Verb: TypeAlias = Literal["insert", "update", "delete"]
ChangeOp: TypeAlias = Literal["upsert", "delete", "event"]

UNDECIDED: Final = "internal"
"""Code of a `rejected` result that decides nothing: the service failed on the transaction and keeps no answer for its
id. The PC keeps it pending and pushes it again later."""

MAX_MUTATIONS: Final = 5_000
"""Mutations in one push; the engine halves a push that holds more."""


class WireMutation(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One change of one row, as its device saw it."""

    id: UUID
    table: str
    op: Verb
    row_id: UUID
    base_version: int = 0
    values: WireRow = {}
    before: WireRow = {}


class WireTransaction(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What one command did on one PC: applied whole or not at all."""

    id: UUID
    schema: str
    occurred_at: Instant
    actor_user_id: UUID | None
    mutations: tuple[WireMutation, ...]
    replay: bool = False


class PushRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Transactions of one device, oldest first; `sent_at` is the device's clock, to correct its times by."""

    device_id: UUID
    sent_at: Instant
    transactions: tuple[WireTransaction, ...]


class CurrentRow(msgspec.Struct, frozen=True):
    """A row as the service holds it; `row` is None when it does not exist."""

    table: str
    id: UUID
    row: WireRow | None


class TransactionResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one pushed transaction. `seq` is its last mutation's; `code` says why it was rejected."""

    id: UUID
    status: PushStatus
    seq: int | None = None
    code: str | None = None
    column: str | None = None
    detail: str | None = None
    current: tuple[CurrentRow, ...] = ()


class PushResponse(msgspec.Struct, frozen=True):
    """A result for each transaction, in their order, and the log's head."""

    results: tuple[TransactionResult, ...]
    head: int


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of the log, as its reader may see it.

    `event` names what an `event` entry tells, `data` says it: `applied` (the reader's own mutation, whose row comes in
    a newer state of the same page) and `edit.lost` (`LostEditData`). Readers skip names they do not know.
    """

    seq: int
    table: str
    op: ChangeOp
    id: UUID
    mutation_id: UUID
    transaction_id: UUID
    actor_user_id: UUID | None
    at: Instant
    row: WireRow | None = None
    event: str | None = None
    data: WireRow | None = None


APPLIED: Final = "applied"
EDIT_LOST: Final = "edit.lost"


class LostEditData(msgspec.Struct, frozen=True):
    """A plain column in which a transaction gave way to a later edit: what it had written, and what stands."""

    transaction_id: UUID
    values: WireRow
    kept: WireRow


class ChangesPage(msgspec.Struct, frozen=True):
    """A stretch of the log up to and including `next`; the reader is done when `next == head`."""

    changes: tuple[Change, ...]
    next: int
    head: int
    scope: str
