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
    bookings: list[UUID] = []
    for mutation in mutations:
        if mutation.table_name == Booking.__tablename__:
            _check_booking(connection, org_id, mutation)
            if mutation.op is not Op.DELETE and (mutation.op is Op.INSERT or _SLOT_COLUMNS & mutation.values.keys()):
                bookings.append(mutation.row_id)
    for clash in find_overlaps(connection, org_id, bookings):
        raise overlap_error(clash)
    payments = [m.row_id for m in mutations if m.table_name == Payment.__tablename__ and m.op is not Op.DELETE]
    refunds = [m.row_id for m in mutations if m.table_name == Refund.__tablename__ and m.op is not Op.DELETE]
    if payments:
        _check_payments(connection, org_id, payments)
    if refunds:
        _check_refunds(connection, org_id, refunds)


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
    wanted = list(dict.fromkeys(booking_ids))
    for start in range(0, len(wanted), _CHUNK):
        chunk = frozenset(wanted[start : start + _CHUNK])
        for column, code in ((Booking.instructor_id, "slot_taken"), (Booking.student_id, "student_busy")):
            found += _clashes(connection, org_id, chunk, cast("sa.ColumnElement[UUID]", column), code)
    return found


def _clashes(
    connection: sa.Connection, org_id: UUID, ids: frozenset[UUID], owner: sa.ColumnElement[UUID], code: str
) -> Iterable[Overlap]:
    occupying = (Booking.org_id == org_id, Booking.status.in_(OCCUPYING))
    columns = (Booking.id, owner, Booking.start_at, Booking.end_at)
    touched = [_Slot(*row) for row in connection.execute(sa.select(*columns).where(*occupying, Booking.id.in_(ids)))]
    if not touched:
        return
    first = min(slot.start for slot in touched) - LONGEST_BOOKING
    last = max(slot.end for slot in touched)
    window = (owner.in_({slot.owner for slot in touched}), Booking.start_at > first, Booking.start_at < last)
    diaries: dict[UUID, list[_Slot]] = {}
    for row in connection.execute(sa.select(*columns).where(*occupying, *window).order_by(owner, Booking.start_at)):
        slot = _Slot(*row)
        diaries.setdefault(slot.owner, []).append(slot)
    for diary in diaries.values():
        yield from _sweep(diary, ids, code)


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


def _check_booking(connection: sa.Connection, org_id: UUID, mutation: Mutation) -> None:
    if mutation.op is Op.INSERT:
        require_bookable(cast("datetime", mutation.values["start_at"]), cast("datetime", mutation.values["end_at"]))
    elif mutation.op is Op.UPDATE and {"start_at", "end_at"} & mutation.values.keys():
        where = (Booking.org_id == org_id, Booking.id == mutation.row_id)
        row = connection.execute(sa.select(Booking.start_at, Booking.end_at).where(*where)).one_or_none()
        if row is not None:
            require_bookable(row.start_at, row.end_at)
    if mutation.op is Op.UPDATE and "status" in mutation.values:
        source = BookingStatus(cast("str", mutation.before["status"]))
        target = BookingStatus(cast("str", mutation.values["status"]))
        _check_step(connection, org_id, mutation.row_id, source, target)


def _check_step(
    connection: sa.Connection, org_id: UUID, booking_id: UUID, source: BookingStatus, target: BookingStatus
) -> None:
    """A step of the table, its undoing, or a correction of a final status; never once the instructor was paid."""
    if source in FINAL:
        where = (Payout.org_id == org_id, Payout.booking_id == booking_id)
        paid = sa.select(Payout.id).where(*where, Payout.status.in_((PayoutStatus.SENT, PayoutStatus.PAID))).limit(1)
        if connection.execute(paid).first() is not None:
            raise UserError("state_transition", "The instructor has already been paid for this lesson.")
        return
    if (source, target) not in STEPS and (target, source) not in STEPS:
        raise UserError(
            "state_transition", f"A lesson cannot go from {source.value} to {target.value}.", column="status"
        )


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
