"""The rules that no one may break, asked once before every commit: on the desk, and again by the sync service.

They look at the rows a transaction leaves behind, whatever command wrote them, so an undo, an import, a replayed edit
and a stranger's push are all judged alike. Advice (hours, travel, caps) is not here: people may overrule it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.execution.tables import Lesson
from driveflow_desktop.domain.finance.tables import Payment, Payout, Refund
from driveflow_desktop.domain.finance.values import PaymentKind, PaymentStatus, PayoutStatus, RefundStatus
from driveflow_desktop.domain.scheduling.rules.states import STEPS
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import FINAL, OCCUPYING, BookingStatus
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import require_bookable
from driveflow_desktop.store.log import Mutation
from driveflow_desktop.store.log_tables import Op

LONGEST_BOOKING: Final = timedelta(hours=24)
_SLOT_COLUMNS: Final = frozenset({"start_at", "end_at", "instructor_id", "student_id", "status"})
_TIMES: Final = frozenset({"start_at", "end_at"})
_PEOPLE: Final = frozenset({"instructor_id", "student_id"})
_BOOKINGS: Final = Booking.__tablename__
_CHUNK: Final = 400


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two occupying bookings that share an instructor (`slot_taken`) or a student (`student_busy`) and an instant."""

    booking_id: UUID
    other_id: UUID
    code: str


@dataclass(frozen=True, slots=True)
class _Slot:
    booking_id: UUID
    owner: UUID
    start: datetime
    end: datetime


def hard_rules(connection: sa.Connection, org_id: UUID, mutations: Sequence[Mutation]) -> None:
    """Raise `UserError` when what the transaction leaves behind breaks a hard rule; codes as in docs/protocol.md."""
    _check_times(connection, org_id, mutations)
    for mutation in mutations:
        if mutation.table_name == _BOOKINGS and mutation.op is Op.UPDATE and "status" in mutation.values:
            _check_step(connection, org_id, mutation)
    for clash in find_overlaps(connection, org_id, _written(mutations, _BOOKINGS, _SLOT_COLUMNS)):
        raise overlap_error(clash)
    _check_people(connection, org_id, mutations)
    payments = _written(mutations, Payment.__tablename__)
    refunds = _written(mutations, Refund.__tablename__)
    if payments:
        _check_payments(connection, org_id, payments)
    if refunds:
        _check_refunds(connection, org_id, refunds)


def _written(mutations: Iterable[Mutation], table: str, columns: frozenset[str] = frozenset()) -> list[UUID]:
    """The rows of a table that were inserted, or updated in one of `columns` (in any, when none are named)."""
    found = [
        mutation.row_id
        for mutation in mutations
        if mutation.table_name == table
        and (mutation.op is Op.INSERT or (mutation.op is Op.UPDATE and _touches(mutation, columns)))
    ]
    return list(dict.fromkeys(found))


def _touches(mutation: Mutation, columns: frozenset[str]) -> bool:
    return not columns or not columns.isdisjoint(mutation.values)


def _chunks(ids: Collection[UUID]) -> Iterable[Sequence[UUID]]:
    wanted = list(ids)
    for start in range(0, len(wanted), _CHUNK):
        yield wanted[start : start + _CHUNK]


def overlap_error(clash: Overlap) -> UserError:
    """The refusal for a double booking, with the booking in the way in `details["blocking"]`."""
    if clash.code == "slot_taken":
        words = "The instructor already has a lesson at that time."
    else:
        words = "The student already has a lesson at that time."
    return UserError(clash.code, words, hint="Choose another time.", blocking=clash.other_id, booking=clash.booking_id)


def find_overlaps(connection: sa.Connection, org_id: UUID, booking_ids: Collection[UUID]) -> list[Overlap]:
    """Every clash that one of `booking_ids` has with another occupying booking, in two queries per 400 bookings."""
    found: list[Overlap] = []
    for chunk in _chunks(set(booking_ids)):
        for column, code in ((Booking.instructor_id, "slot_taken"), (Booking.student_id, "student_busy")):
            found += _clashes(connection, org_id, frozenset(chunk), cast("sa.ColumnElement[UUID]", column), code)
    return found


def _clashes(
    connection: sa.Connection, org_id: UUID, ids: frozenset[UUID], owner: sa.ColumnElement[UUID], code: str
) -> Iterable[Overlap]:
    touched = _occupying(connection, owner, (Booking.org_id == org_id, Booking.id.in_(ids)))
    if not touched:
        return
    first = min(slot.start for slot in touched) - LONGEST_BOOKING
    last = max(slot.end for slot in touched)
    owners = owner.in_({slot.owner for slot in touched})
    window = (Booking.org_id == org_id, owners, Booking.start_at > first, Booking.start_at < last)
    diaries: dict[UUID, list[_Slot]] = {}
    for slot in _occupying(connection, owner, window):
        diaries.setdefault(slot.owner, []).append(slot)
    for diary in diaries.values():
        yield from _sweep(diary, ids, code)


def _occupying(
    connection: sa.Connection, owner: sa.ColumnElement[UUID], where: tuple[sa.ColumnElement[bool], ...]
) -> list[_Slot]:
    """The occupying bookings among `where`, by start. In SQL the status would tempt SQLite to walk all of a status."""
    columns = (Booking.id, owner, Booking.start_at, Booking.end_at, Booking.status)
    rows = connection.execute(sa.select(*columns).where(*where)).all()
    slots = [_Slot(key, whose, start, end) for key, whose, start, end, status in rows if status in OCCUPYING]
    return sorted(slots, key=lambda slot: (slot.start, slot.booking_id))


def _sweep(diary: Sequence[_Slot], ids: frozenset[UUID], code: str) -> Iterable[Overlap]:
    """Clashes within one diary sorted by start; `open_slots` are those that have not ended yet."""
    open_slots: list[_Slot] = []
    for slot in diary:
        open_slots = [held for held in open_slots if held.end > slot.start]
        for held in open_slots:
            if slot.booking_id in ids:
                yield Overlap(slot.booking_id, held.booking_id, code)
            elif held.booking_id in ids:
                yield Overlap(held.booking_id, slot.booking_id, code)
        open_slots.append(slot)


def _check_times(connection: sa.Connection, org_id: UUID, mutations: Iterable[Mutation]) -> None:
    for chunk in _chunks(_written(mutations, _BOOKINGS, _TIMES)):
        times = sa.select(Booking.start_at, Booking.end_at).where(Booking.org_id == org_id, Booking.id.in_(chunk))
        for start, end in connection.execute(times):
            require_bookable(start, end)


def _check_step(connection: sa.Connection, org_id: UUID, mutation: Mutation) -> None:
    """A step of the table, its undoing, or a correction of a final status; never once the instructor was paid."""
    source = BookingStatus(cast("str", mutation.before["status"]))
    target = BookingStatus(cast("str", mutation.values["status"]))
    if source in FINAL:
        where = (Payout.org_id == org_id, Payout.booking_id == mutation.row_id)
        paid = sa.select(Payout.id).where(*where, Payout.status.in_((PayoutStatus.SENT, PayoutStatus.PAID))).limit(1)
        if connection.execute(paid).first() is not None:
            raise UserError("state_transition", "The instructor has already been paid for this lesson.")
        return
    if (source, target) not in STEPS and (target, source) not in STEPS:
        raise UserError(
            "state_transition", f"A lesson cannot go from {source.value} to {target.value}.", column="status"
        )


def _check_people(connection: sa.Connection, org_id: UUID, mutations: Sequence[Mutation]) -> None:
    """A lesson, and a payout for it, are of the same people as their booking, and never begin on a draft.

    Otherwise an instructor's replica would hold a lesson or a payout of a booking that is not theirs to see.
    """
    moved = _written(mutations, _BOOKINGS, _PEOPLE)
    for table, unlike, words in (
        (
            Lesson,
            sa.or_(Lesson.instructor_id != Booking.instructor_id, Lesson.student_id != Booking.student_id),
            "This lesson was recorded with other people.",
        ),
        (
            Payout,
            Payout.instructor_id != Booking.instructor_id,
            "The payout for this lesson is another instructor's.",
        ),
    ):
        same = sa.and_(table.org_id == Booking.org_id, table.booking_id == Booking.id)
        of_booking = sa.select(Booking.id).join(table, same).where(Booking.org_id == org_id)
        written = _written(mutations, table.__tablename__, _PEOPLE | {"booking_id"})
        if _any(connection, of_booking.where(unlike), Booking.id, moved) or _any(
            connection, of_booking.where(sa.or_(unlike, Booking.status == BookingStatus.DRAFT)), table.id, written
        ):
            raise UserError("invalid", words, column="instructor_id")


def _any(
    connection: sa.Connection, found: sa.Select[UUID], column: "sa.SQLColumnExpression[UUID]", ids: Sequence[UUID]
) -> bool:
    return any(connection.execute(found.where(column.in_(chunk)).limit(1)).first() for chunk in _chunks(ids))


def _check_payments(connection: sa.Connection, org_id: UUID, ids: Sequence[UUID]) -> None:
    """One booking is paid in full, or by deposit and balance, never both; in the booking's own currency."""
    rows = connection.execute(
        sa.select(Payment.booking_id, Payment.currency).where(
            Payment.org_id == org_id, Payment.id.in_(ids), Payment.booking_id.is_not(None)
        )
    ).all()
    bookings = [row.booking_id for row in rows]
    live = (Payment.org_id == org_id, Payment.booking_id.in_(bookings), Payment.status != PaymentStatus.FAILED)
    kinds: dict[UUID | None, set[PaymentKind]] = {}
    for booking_id, kind in connection.execute(sa.select(Payment.booking_id, Payment.kind).where(*live)):
        kinds.setdefault(booking_id, set()).add(kind)
    for held in kinds.values():
        if PaymentKind.FULL in held and held & {PaymentKind.DEPOSIT, PaymentKind.BALANCE}:
            raise UserError("already_exists", "This lesson is already paid another way.", column="kind")
    booked = sa.select(Booking.id, Booking.currency).where(Booking.org_id == org_id, Booking.id.in_(bookings))
    currencies = {found.id: found.currency for found in connection.execute(booked)}
    for row in rows:
        if currencies.get(cast("UUID", row.booking_id), row.currency) != row.currency:
            raise UserError("invalid", "The payment is in another currency than the lesson.", column="currency")


def _check_refunds(connection: sa.Connection, org_id: UUID, ids: Sequence[UUID]) -> None:
    """Refunds never exceed what was paid, in total and for each party."""
    payments = sa.select(Refund.payment_id).where(Refund.org_id == org_id, Refund.id.in_(ids))
    given_back = (
        sa.select(
            Refund.payment_id,
            sa.func.sum(Refund.amount_cents).label("amount"),
            sa.func.max(Payment.amount_cents).label("paid"),
        )
        .join(Payment, sa.and_(Payment.org_id == Refund.org_id, Payment.id == Refund.payment_id))
        .where(Refund.org_id == org_id, Refund.payment_id.in_(payments), Refund.status != RefundStatus.FAILED)
        .group_by(Refund.payment_id)
    )
    for row in connection.execute(given_back):
        if row.amount > row.paid:
            raise UserError("invalid", "More would be refunded than was paid.", column="amount_cents")
