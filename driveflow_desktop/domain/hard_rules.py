"""The rules that no one may break, asked once before every commit: on the desk, and again by the sync service.

They look at the rows a transaction leaves behind, whatever command wrote them, so an undo, an import, a replayed edit
and a stranger's push are all judged alike. Advice (hours, travel, caps) is not here: people may overrule it.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeVar, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.execution.tables import Lesson
from driveflow_desktop.domain.finance.queries import minutes_left_in
from driveflow_desktop.domain.finance.tables import PackageUse, Payment, Payout, Refund
from driveflow_desktop.domain.finance.values import PaymentKind, PaymentStatus, PayoutStatus, RefundStatus
from driveflow_desktop.domain.identity.checks import require_stored_form
from driveflow_desktop.domain.identity.tables import Org
from driveflow_desktop.domain.scheduling.rules.states import STEPS
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import FINAL, OCCUPYING, BookingStatus
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import require_bookable
from driveflow_desktop.store.log import Mutation
from driveflow_desktop.store.log_tables import Op

T = TypeVar("T")

LONGEST_BOOKING: Final = timedelta(hours=24)
_SLOT_COLUMNS: Final = frozenset({"start_at", "end_at", "instructor_id", "student_id", "status"})
_TIMES: Final = frozenset({"start_at", "end_at"})
_MINUTES: Final = frozenset({"status", "overrides"})
_PEOPLE: Final = frozenset({"instructor_id", "student_id"})
_BOOKINGS: Final = Booking.__tablename__
_CHUNK: Final = 400


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two occupying bookings that share an instructor (`slot_taken`) or a student (`student_busy`) and an instant."""

    booking_id: UUID
    other_id: UUID
    code: str


class _Slot(NamedTuple):
    booking_id: UUID
    start: datetime
    end: datetime
    instructor_id: UUID
    student_id: UUID


def hard_rules(connection: sa.Connection, org_id: UUID, mutations: Sequence[Mutation]) -> None:
    """Raise `UserError` when what the transaction leaves behind breaks a hard rule; codes as in docs/protocol.md."""
    _check_school(connection, org_id, mutations)
    _check_times(connection, org_id, mutations)
    for mutation in mutations:
        if mutation.table_name == _BOOKINGS and mutation.op is Op.UPDATE and "status" in mutation.values:
            _check_step(connection, org_id, mutation)
    for clash in find_overlaps(connection, org_id, _written(mutations, _BOOKINGS, _SLOT_COLUMNS)):
        raise overlap_error(clash)
    _check_people(connection, org_id, mutations)
    _check_packages(connection, org_id, mutations)
    payments = _written(mutations, Payment.__tablename__)
    refunds = _written(mutations, Refund.__tablename__)
    if payments:
        _check_payments(connection, org_id, payments)
    if refunds:
        _check_refunds(connection, org_id, refunds)


def _written(mutations: Iterable[Mutation], table: str, columns: frozenset[str] = frozenset()) -> list[UUID]:
    """The rows of a table that were inserted, or updated in one of `columns` (in any, when none are named)."""
    made = [one.row_id for one in mutations if one.table_name == table and one.op is Op.INSERT]
    return list(dict.fromkeys(made + _updated(mutations, table, columns)))


def _updated(mutations: Iterable[Mutation], table: str, columns: frozenset[str]) -> list[UUID]:
    """The rows of a table that were updated in one of `columns` (in any, when none are named)."""
    changed = [one for one in mutations if one.table_name == table and one.op is Op.UPDATE]
    return [one.row_id for one in changed if not columns or not columns.isdisjoint(one.values)]


def _chunks(items: Collection[T]) -> Iterable[Sequence[T]]:
    ordered = list(items)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]


def overlap_error(clash: Overlap) -> UserError:
    """The refusal for a double booking, with the booking in the way in `details["blocking"]`."""
    if clash.code == "slot_taken":
        words = "The instructor already has a lesson at that time."
    else:
        words = "The student already has a lesson at that time."
    return UserError(clash.code, words, hint="Choose another time.", blocking=clash.other_id, booking=clash.booking_id)


def find_overlaps(connection: sa.Connection, org_id: UUID, booking_ids: Collection[UUID]) -> list[Overlap]:
    """Every clash that one of `booking_ids` has with another occupying booking, in three queries per 400 bookings."""
    touched: list[_Slot] = []
    for chunk in _chunks(set(booking_ids)):
        touched += _occupying(connection, (Booking.org_id == org_id, Booking.id.in_(chunk)))
    found: dict[tuple[frozenset[UUID], str], Overlap] = {}
    # By start, so that each stretch reads its own part of the diaries only.
    for stretch in _chunks(sorted(touched, key=_by_start)):
        for owner, whose, code in _OWNERS:
            for clash in _clashes(connection, org_id, stretch, owner, whose, code):
                found.setdefault((frozenset((clash.booking_id, clash.other_id)), code), clash)
    return list(found.values())


def _clashes(
    connection: sa.Connection,
    org_id: UUID,
    stretch: Sequence[_Slot],
    owner: "sa.SQLColumnExpression[UUID]",
    whose: Callable[[_Slot], UUID],
    code: str,
) -> Iterable[Overlap]:
    first, last = stretch[0].start - LONGEST_BOOKING, max(slot.end for slot in stretch)
    owners = owner.in_({whose(slot) for slot in stretch})
    window = (Booking.org_id == org_id, owners, Booking.start_at > first, Booking.start_at < last)
    diaries: dict[UUID, list[_Slot]] = {}
    for slot in sorted(_occupying(connection, window), key=_by_start):
        diaries.setdefault(whose(slot), []).append(slot)
    ids = frozenset(slot.booking_id for slot in stretch)
    for diary in diaries.values():
        yield from _sweep(diary, ids, code)


def _occupying(connection: sa.Connection, where: tuple[sa.ColumnElement[bool], ...]) -> list[_Slot]:
    """The occupying bookings among `where`. In SQL the status would tempt SQLite to walk all of a status."""
    columns = (Booking.id, Booking.start_at, Booking.end_at, Booking.instructor_id, Booking.student_id, Booking.status)
    rows = connection.execute(sa.select(*columns).where(*where))
    return [
        _Slot(key, start, end, instructor, student)
        for key, start, end, instructor, student, status in rows
        if status in OCCUPYING
    ]


def _by_start(slot: _Slot) -> tuple[datetime, UUID]:
    return slot.start, slot.booking_id


_OWNERS: Final[tuple[tuple["sa.SQLColumnExpression[UUID]", Callable[[_Slot], UUID], str], ...]] = (
    (Booking.instructor_id, lambda slot: slot.instructor_id, "slot_taken"),
    (Booking.student_id, lambda slot: slot.student_id, "student_busy"),
)


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


def _check_school(connection: sa.Connection, org_id: UUID, mutations: Sequence[Mutation]) -> None:
    """What a school says about itself is as the commands store it: its ABN, phone and e-mail address are some."""
    for mutation in mutations:
        if mutation.table_name == Org.__tablename__ and mutation.op is not Op.DELETE:
            country = connection.execute(sa.select(Org.country).where(Org.org_id == org_id)).scalar_one()
            require_stored_form(mutation.values, country)


def _check_times(connection: sa.Connection, org_id: UUID, mutations: Sequence[Mutation]) -> None:
    made = [one for one in mutations if one.table_name == _BOOKINGS and one.op is Op.INSERT]
    for mutation in made:
        require_bookable(cast("datetime", mutation.values["start_at"]), cast("datetime", mutation.values["end_at"]))
    for chunk in _chunks(_updated(mutations, _BOOKINGS, _TIMES)):
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
    moved = _updated(mutations, _BOOKINGS, _PEOPLE)
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


def _check_packages(connection: sa.Connection, org_id: UUID, mutations: Sequence[Mutation]) -> None:
    """No package is used for more minutes than were bought: by a new use, or a cancelled booking that stands again."""
    of_use = sa.select(PackageUse.package_id).where(PackageUse.org_id == org_id)
    packages: set[UUID] = set()
    for ids, column in (
        (_written(mutations, PackageUse.__tablename__), PackageUse.id),
        (_updated(mutations, _BOOKINGS, _MINUTES), PackageUse.booking_id),
    ):
        for chunk in _chunks(ids):
            packages.update(connection.execute(of_use.where(column.in_(chunk))).scalars())
    if any(
        minutes < 0 for chunk in _chunks(packages) for minutes in minutes_left_in(connection, org_id, chunk).values()
    ):
        raise UserError("invalid", "The package does not have that many minutes left.", column="minutes")


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
