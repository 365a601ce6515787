"""Push: judging what a PC did. Every transaction gets exactly one answer, however often it is sent."""

import hashlib
import itertools
import logging
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple, cast
from uuid import UUID, uuid4

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.apply import Applied, Refused, TransactionApplier
from driveflow_desktop.service.database import is_lost, is_retryable
from driveflow_desktop.service.journal import Journal
from driveflow_desktop.service.members import Member
from driveflow_desktop.service.quiet import QuietRun, is_quiet
from driveflow_desktop.store.failures import translate
from driveflow_desktop.store.log import OUTBOX
from driveflow_desktop.store.service_tables import AppliedTransaction
from driveflow_desktop.store.types import Json
from driveflow_desktop.sync.protocol import (
    MAX_MUTATIONS,
    UNDECIDED,
    CurrentRow,
    PushRequest,
    PushResponse,
    TransactionResult,
    WireTransaction,
)

log = logging.getLogger(__name__)

_DECIDED: Final = cast("sa.Table", AppliedTransaction.__table__)
_SLOT: Final = frozenset({"start_at", "end_at", "instructor_id", "student_id", "status"})
"""Columns of a booking that the constraint over overlap looks at."""
_WINDOW: Final = 400
"""Mutations looked up at a time in one hold of the lock; more than a hold of 250 ms gets through."""


class Decided(NamedTuple):
    """The answer that a transaction id got, and the body it was for."""

    body_hash: bytes
    result: TransactionResult


@dataclass(slots=True)
class Push:
    """A push under way: what was asked, and the results so far. Made by `prepare_push`, outside any transaction."""

    member: Member
    now: datetime
    transactions: Sequence[WireTransaction]
    correction: timedelta
    bodies: Sequence[bytes]
    results: list[TransactionResult] = field(default_factory=list)
    head: int = -1
    undecided_rows: frozenset[str] = frozenset()
    """Rows of transactions that we failed on: what builds on them cannot be judged either."""

    @property
    def done(self) -> bool:
        """Whether every transaction has its answer."""
        return self.head >= 0 and len(self.results) == len(self.transactions)

    def response(self) -> PushResponse:
        """The answer, once it is done."""
        return PushResponse(tuple(self.results), self.head)


def prepare_push(member: Member, request: PushRequest, now: datetime) -> Push:
    """Everything about a push that needs no lock.

    Raises `UserError`: `forbidden` when the request as a whole is not this device's, `too_large`.
    """
    if request.device_id != member.device_id:
        raise UserError("forbidden", "That is another device's work.")
    if sum(len(transaction.mutations) for transaction in request.transactions) > MAX_MUTATIONS:
        raise UserError("too_large", f"A push may hold {MAX_MUTATIONS:,} mutations.")
    bodies = [body_hash(transaction) for transaction in request.transactions]
    return Push(member, now, request.transactions, now - request.sent_at, bodies)


def push(connection: sa.Connection, member: Member, request: PushRequest, now: datetime) -> PushResponse:
    """Apply a member's transactions in their order, all in the caller's `school_transaction`.

    A rejected transaction leaves no trace but its answer and does not stop the next one. Raises what `prepare_push`
    raises.
    """
    work = prepare_push(member, request, now)
    while not work.done:
        push_slice(connection, work, hold=None)
    return work.response()


def push_slice(connection: sa.Connection, work: Push, *, hold: timedelta | None) -> None:
    """Judge the next transactions of a push under the school's lock, in the caller's `school_transaction`.

    Takes no new transaction once the lock would be held for longer than `hold`, but one at least. The caller commits
    and comes back until `work.done`; after an error it must forget the slice (`work` changes at the very end only).
    """
    journal = Journal.lock(connection, work.member.org_id)
    watch = _Watch(hold)
    connection.exec_driver_sql("SET CONSTRAINTS ALL DEFERRED")
    window = _window(work)
    known = _known(connection, work.member, window)
    used = _used_ids(connection, work.member, window)
    state = _Slice(connection, work, journal, known, used, set(work.undecided_rows))
    pairs = zip(window, work.bodies[len(work.results) :], strict=False)
    for quiet, group in itertools.groupby(pairs, key=lambda pair: is_quiet(pair[0])):
        run = list(group)
        together = quiet and len(run) > 1
        if together and not state.judge_together(run, watch):
            watch.begin_piece()
            together = False
        if not together:
            state.judge_each(run, watch)
        if watch.ended:
            break
    if state.decided:
        connection.execute(_DECIDED.insert(), state.decided)
    journal.close()
    work.results += state.results
    work.head = journal.head
    work.undecided_rows = frozenset(state.undecided)


@dataclass(slots=True)
class _Slice:
    """The answers of one hold of the lock."""

    connection: sa.Connection
    work: Push
    journal: Journal
    known: dict[UUID, Decided]
    used: set[UUID]
    undecided: set[str]
    results: list[TransactionResult] = field(default_factory=list)
    decided: list[dict[str, object]] = field(default_factory=list)

    def judge_each(self, run: Sequence[tuple[WireTransaction, bytes]], watch: "_Watch") -> None:
        """Judge transactions one by one, until time is up."""
        self._judge_run(run, watch, None)

    def judge_together(self, run: Sequence[tuple[WireTransaction, bytes]], watch: "_Watch") -> bool:
        """Judge quiet transactions and write them together, until time is up; False, and nothing was done, when that
        fails: then each has to be judged by itself, so that the fault is that one's alone.
        """
        before = replace(
            self, known=dict(self.known), used=set(self.used), undecided=set(self.undecided), results=[], decided=[]
        )
        mark = self.journal.mark()
        try:
            with self.connection.begin_nested():
                quiet = QuietRun(self.connection, self.work.member, self.journal, [one for one, _body in run])
                before._judge_run(run, watch, quiet)
                quiet.write(self.work.now)
        except Exception as problem:
            if is_retryable(problem) or is_lost(self.connection):
                raise
            log.warning("%d transactions are judged one by one: %s", len(run), type(problem).__name__)
            self.journal.rewind(mark)
            return False
        self.known, self.used, self.undecided = before.known, before.used, before.undecided
        self.results += before.results
        self.decided += before.decided
        return True

    def _judge_run(self, run: Sequence[tuple[WireTransaction, bytes]], watch: "_Watch", quiet: QuietRun | None) -> None:
        for transaction, body in run:
            if watch.is_over():
                return
            result = self._answer(transaction, body, quiet)
            self.results.append(result)
            if result.code == UNDECIDED:
                self.undecided |= {str(mutation.row_id) for mutation in transaction.mutations}
            elif transaction.id not in self.known:
                self.known[transaction.id] = Decided(body, result)
                self.decided.append(_decided_row(self.work.member, body, result))

    def _answer(self, transaction: WireTransaction, body: bytes, quiet: QuietRun | None) -> TransactionResult:
        earlier = self.known.get(transaction.id)
        if earlier is not None:
            return _repeat(transaction, body, earlier)
        if self.undecided and _builds_on(transaction, self.undecided):
            return _undecided(transaction, "It builds on a change that the service failed on.")
        corrected = _corrected(transaction, self.work)
        if quiet is not None:
            return _judge_quiet(quiet, self.work, self.journal, corrected, self.used)
        return _judge(self.connection, self.work.member, self.journal, corrected, self.used, self.work.now)


class _Watch:
    """Decides when a hold of the lock has lasted long enough: the next piece may take as long as the longest so far."""

    def __init__(self, hold: timedelta | None) -> None:
        self._limit = None if hold is None else hold.total_seconds()
        self._start = self._last = time.monotonic()
        self._longest = 0.0
        self._pieces = -1
        self.ended = False
        """Whether it was said that no further piece fits."""

    def begin_piece(self) -> None:
        """Whatever was said so far, one more piece is let through: work that was undone has answered nobody."""
        self.ended = False
        self._pieces = -1

    def is_over(self) -> bool:
        """Whether no further piece fits; asked before each, and never before the first."""
        now = time.monotonic()
        self._pieces += 1
        if self._pieces > 0:
            self._longest = max(self._longest, now - self._last)
        self._last = now
        if self._limit is not None and self._pieces > 0:
            self.ended = self.ended or now - self._start + self._longest > self._limit
        return self.ended


def _window(work: Push) -> Sequence[WireTransaction]:
    """The next transactions, about `_WINDOW` mutations together."""
    rest = work.transactions[len(work.results) :]
    sizes = itertools.accumulate(len(transaction.mutations) for transaction in rest)
    fits = sum(1 for size in sizes if size <= _WINDOW)
    return rest[: max(1, fits)]


def body_hash(transaction: WireTransaction) -> bytes:
    """What the answer to a transaction id belongs to: the id with another body is `id_reused`.

    Sending it again as a replay, after a restore, is no other body.
    """
    plain = msgspec.structs.replace(transaction, replay=False)
    return hashlib.sha256(msgspec.json.encode(plain, order="deterministic")).digest()


def _known(connection: sa.Connection, member: Member, transactions: Iterable[WireTransaction]) -> dict[UUID, Decided]:
    ids = [transaction.id for transaction in transactions]
    where = (_DECIDED.c.org_id == member.org_id, _DECIDED.c.id.in_(ids))
    statement = sa.select(_DECIDED.c.id, _DECIDED.c.body_hash, _DECIDED.c.result).where(*where)
    return {
        row.id: Decided(bytes(row.body_hash), msgspec.convert(row.result, TransactionResult))
        for row in connection.execute(statement)
    }


def _used_ids(connection: sa.Connection, member: Member, transactions: Iterable[WireTransaction]) -> set[UUID]:
    """Those of the pushed mutation ids that are in the log already."""
    ids = [mutation.id for transaction in transactions for mutation in transaction.mutations]
    where = (OUTBOX.c.org_id == member.org_id, OUTBOX.c.id == sa.func.any(sa.cast(ids, ARRAY(OUTBOX.c.id.type))))
    return set(connection.execute(sa.select(OUTBOX.c.id).where(*where)).scalars())


def _repeat(transaction: WireTransaction, body: bytes, earlier: Decided) -> TransactionResult:
    if earlier.body_hash != body:
        return TransactionResult(transaction.id, "rejected", code="id_reused", detail="This id was used before.")
    return msgspec.structs.replace(earlier.result, status="duplicate")


def _builds_on(transaction: WireTransaction, rows: Collection[str]) -> bool:
    """Whether a transaction touches one of these rows, or refers to one."""
    return any(
        str(mutation.row_id) in rows
        or any(isinstance(value, str) and value in rows for value in mutation.values.values())
        for mutation in transaction.mutations
    )


def _corrected(transaction: WireTransaction, work: Push) -> WireTransaction:
    """The device's time by the service's clock, never in the future."""
    try:
        occurred_at = min(transaction.occurred_at + work.correction, work.now)
    except OverflowError:
        occurred_at = work.now
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
            slots = (mutation.values for mutation in transaction.mutations if mutation.table == "bookings")
            if any(not _SLOT.isdisjoint(values) for values in slots):
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
    except Exception as problem:
        if is_retryable(problem) or is_lost(connection):
            raise
        journal.rewind(mark)
        return _failed_on(transaction)
    used |= {mutation.id for mutation in transaction.mutations}
    return _accepted(transaction, applied, journal)


def _judge_quiet(
    run: QuietRun, work: Push, journal: Journal, transaction: WireTransaction, used: set[UUID]
) -> TransactionResult:
    mark = journal.mark()
    try:
        _require_own(work.member, transaction, used)
        applied = run.apply(transaction, work.now)
    except Refused as verdict:
        journal.rewind(mark)
        return _rejected(transaction, verdict.error, verdict.current)
    except UserError as error:
        journal.rewind(mark)
        return _rejected(transaction, error, ())
    used |= {mutation.id for mutation in transaction.mutations}
    return _accepted(transaction, applied, journal)


def _failed_on(transaction: WireTransaction) -> TransactionResult:
    """One transaction that we cannot judge must not hold up all the others of its device."""
    bug_id = uuid4().hex
    log.exception("bug %s: transaction %s could not be judged", bug_id, transaction.id)
    return _undecided(transaction, f"The service failed on this change (report {bug_id}).")


def _undecided(transaction: WireTransaction, detail: str) -> TransactionResult:
    return TransactionResult(transaction.id, "rejected", code=UNDECIDED, detail=detail)


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
