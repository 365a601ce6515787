"""Push: judging what a PC did. Every transaction gets exactly one answer, however often it is sent."""

import hashlib
from datetime import datetime, timedelta
from typing import Final, NamedTuple, cast
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.apply import Applied, Refused, TransactionApplier
from driveflow_desktop.service.journal import Journal
from driveflow_desktop.service.members import Member
from driveflow_desktop.store.failures import translate
from driveflow_desktop.store.log import OUTBOX
from driveflow_desktop.store.service_tables import AppliedTransaction
from driveflow_desktop.store.types import Json
from driveflow_desktop.sync.protocol import (
    CurrentRow,
    PushRequest,
    PushResponse,
    TransactionResult,
    WireTransaction,
)

_DECIDED: Final = cast("sa.Table", AppliedTransaction.__table__)


class Decided(NamedTuple):
    """The answer that a transaction id got, and the body it was for."""

    body_hash: bytes
    result: TransactionResult


def push(connection: sa.Connection, member: Member, request: PushRequest, now: datetime) -> PushResponse:
    """Apply a member's transactions in their order, inside the caller's `school_transaction`.

    A rejected transaction leaves no trace but its answer and does not stop the next one. Raises `UserError`
    ("forbidden") only when the request as a whole is not this device's.
    """
    if request.device_id != member.device_id:
        raise UserError("forbidden", "That is another device's work.")
    correction = now - request.sent_at
    bodies = {transaction.id: body_hash(transaction) for transaction in request.transactions}
    journal = Journal.lock(connection, member.org_id)
    connection.exec_driver_sql("SET CONSTRAINTS ALL DEFERRED")
    known = _known(connection, member, request)
    used = _used_ids(connection, member, request)
    results: list[TransactionResult] = []
    decided: list[dict[str, object]] = []
    for transaction in request.transactions:
        earlier = known.get(transaction.id)
        if earlier is not None:
            results.append(_repeat(transaction, bodies[transaction.id], earlier))
            continue
        result = _judge(connection, member, journal, _corrected(transaction, correction, now), used, now)
        known[transaction.id] = Decided(bodies[transaction.id], result)
        decided.append(_decided_row(member, bodies[transaction.id], result))
        results.append(result)
    if decided:
        connection.execute(_DECIDED.insert(), decided)
    journal.close()
    return PushResponse(tuple(results), journal.head)


def body_hash(transaction: WireTransaction) -> bytes:
    """What the answer to a transaction id belongs to: the id with another body is `id_reused`.

    Sending it again as a replay, after a restore, is no other body.
    """
    plain = msgspec.structs.replace(transaction, replay=False)
    return hashlib.sha256(msgspec.json.encode(plain, order="deterministic")).digest()


def _known(connection: sa.Connection, member: Member, request: PushRequest) -> dict[UUID, Decided]:
    ids = [transaction.id for transaction in request.transactions]
    where = (_DECIDED.c.org_id == member.org_id, _DECIDED.c.id.in_(ids))
    statement = sa.select(_DECIDED.c.id, _DECIDED.c.body_hash, _DECIDED.c.result).where(*where)
    return {
        row.id: Decided(bytes(row.body_hash), msgspec.convert(row.result, TransactionResult))
        for row in connection.execute(statement)
    }


def _used_ids(connection: sa.Connection, member: Member, request: PushRequest) -> set[UUID]:
    """Those of the pushed mutation ids that are in the log already."""
    ids = [mutation.id for transaction in request.transactions for mutation in transaction.mutations]
    where = (OUTBOX.c.org_id == member.org_id, OUTBOX.c.id == sa.func.any(sa.cast(ids, ARRAY(OUTBOX.c.id.type))))
    return set(connection.execute(sa.select(OUTBOX.c.id).where(*where)).scalars())


def _repeat(transaction: WireTransaction, body: bytes, earlier: Decided) -> TransactionResult:
    if earlier.body_hash != body:
        return TransactionResult(transaction.id, "rejected", code="id_reused", detail="This id was used before.")
    return msgspec.structs.replace(earlier.result, status="duplicate")


def _corrected(transaction: WireTransaction, correction: timedelta, now: datetime) -> WireTransaction:
    """The device's time by the service's clock, never in the future."""
    try:
        occurred_at = min(transaction.occurred_at + correction, now)
    except OverflowError:
        occurred_at = now
    return msgspec.structs.replace(transaction, occurred_at=occurred_at)


def _judge(
    connection: sa.Connection,
    member: Member,
    journal: Journal,
    transaction: WireTransaction,
    used: set[UUID],
    now: datetime,
) -> TransactionResult:
    mark = journal.mark()
    try:
        _require_own(member, transaction, used)
        with connection.begin_nested():
            applied = TransactionApplier(connection, member, journal, transaction, now).run()
            if any(mutation.table == "bookings" for mutation in transaction.mutations):
                # Overlap is checked by the rules first, which name the winner; this stands behind them.
                connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    except Refused as verdict:
        journal.rewind(mark)
        return _rejected(transaction, verdict.error, verdict.current)
    except UserError as error:
        journal.rewind(mark)
        return _rejected(transaction, error, ())
    except (sa.exc.IntegrityError, sa.exc.DataError) as problem:
        journal.rewind(mark)
        refusal = translate(problem) or UserError("invalid", "The database refused it.")
        return _rejected(transaction, refusal, ())
    used |= {mutation.id for mutation in transaction.mutations}
    return _accepted(transaction, applied, journal)


def _require_own(member: Member, transaction: WireTransaction, used: set[UUID]) -> None:
    if transaction.actor_user_id != member.user_id:
        raise UserError("forbidden", "That is another person's work.", column="actor_user_id")
    ids = {mutation.id for mutation in transaction.mutations}
    if len(ids) != len(transaction.mutations):
        raise UserError("id_reused", "A mutation id appears twice.")
    if ids & used:
        raise UserError("id_reused", "A mutation id was used in another transaction.")


def _accepted(transaction: WireTransaction, applied: Applied, journal: Journal) -> TransactionResult:
    # A transaction that changed nothing (its rows already were as wanted) is settled at the present head.
    seq = applied.seq or journal.head
    return TransactionResult(transaction.id, "merged" if applied.merged else "applied", seq=seq)


def _rejected(transaction: WireTransaction, error: UserError, current: tuple[CurrentRow, ...]) -> TransactionResult:
    return TransactionResult(
        transaction.id, "rejected", code=error.code, column=error.column, detail=error.message, current=current
    )


def _decided_row(member: Member, body: bytes, result: TransactionResult) -> dict[str, object]:
    return {
        "org_id": member.org_id,
        "id": result.id,
        "device_id": member.device_id,
        "body_hash": body,
        "result": cast("Json", msgspec.to_builtins(result)),
    }
