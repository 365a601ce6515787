"""What happened with one student, newest first: lessons, money, messages, edits.

It is put together from the rows themselves, because a PC that joined later holds them all but not the older audit
entries; the audit trail adds what rows do not keep (moves, edits, who booked) as far as it is here. A student's whole
history is a few hundred rows on indexes by student, so it is read at once and cut into pages.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.catalog.tables import Service
from driveflow_desktop.domain.communication.tables import Message
from driveflow_desktop.domain.communication.values import MessageChannel, MessageStatus
from driveflow_desktop.domain.execution.tables import Lesson
from driveflow_desktop.domain.finance.queries import RECEIVED
from driveflow_desktop.domain.finance.tables import Package, Payment, Refund
from driveflow_desktop.domain.finance.values import PaymentMethod, RefundStatus
from driveflow_desktop.domain.identity.queries import user_names
from driveflow_desktop.domain.paging import Page, page_of
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus, CancellationActor
from driveflow_desktop.store.log import AUDIT
from driveflow_desktop.store.types import Json, UtcDateTime

PAGE_SIZE: Final = 50
_MOVED: Final = "booking.moved"
_CREATED: Final = "booking.created"


class HappeningKind(StrEnum):
    """What happened."""

    JOINED = "joined"
    BOOKED = "booked"
    MOVED = "moved"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    PACKAGE = "package"
    PAID = "paid"
    REFUNDED = "refunded"
    MESSAGE = "message"
    EDITED = "edited"


@dataclass(frozen=True, slots=True)
class LessonNote:
    """The lesson a happening is about; after it was given also its minutes, metres and rating."""

    booking_id: UUID
    service_name: str
    start: datetime
    minutes: int | None = None
    distance_meters: int | None = None
    rating: int | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the timeline; `id` is the row it comes from, what does not apply is None or empty."""

    kind: HappeningKind
    id: UUID
    at: datetime
    actor: str = ""
    """Who did it, where that is known."""
    lesson: LessonNote | None = None
    moved_from: datetime | None = None
    moved_to: datetime | None = None
    cancelled_by: CancellationActor | None = None
    reason: str = ""
    amount_cents: int | None = None
    method: PaymentMethod | None = None
    package_minutes: int | None = None
    channel: MessageChannel | None = None
    template_key: str = ""
    message_status: MessageStatus | None = None
    columns: tuple[str, ...] = ()
    """The columns an edit changed."""

    @property
    def key(self) -> "TimelineKey":
        """Its place in the timeline."""
        return self.at, self.kind.value, self.id


TimelineKey = tuple[datetime, str, UUID]


def timeline(
    connection: sa.Connection,
    org_id: UUID,
    student_id: UUID,
    *,
    after: TimelineKey | None = None,
    limit: int = PAGE_SIZE,
) -> Page[Happening, TimelineKey]:
    """A page of a student's timeline; `after` is the `next_key` of the page before."""
    bookings = _bookings(connection, org_id, student_id)
    entries = _audit(connection, org_id, student_id, bookings)
    people = {row.changed_by for row in bookings.values()} | {entry.actor_id for entry in entries}
    names = user_names(connection, {person for person in people if person is not None})
    found = [
        *_joined(connection, org_id, student_id),
        *_of_bookings(bookings, entries, names),
        *_of_audit(bookings, entries, names),
        *_money(connection, org_id, student_id, bookings),
        *_packages(connection, org_id, student_id),
        *_messages(connection, org_id, student_id, bookings),
    ]
    found.sort(key=lambda each: each.key, reverse=True)
    return page_of([each for each in found if after is None or each.key < after], limit, lambda each: each.key)


# -- what is read -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Booked:
    """A booking with what is known of its lesson."""

    note: LessonNote
    status: BookingStatus
    created_at: datetime
    changed_at: datetime
    changed_by: UUID | None
    cancelled_at: datetime | None
    cancelled_by: CancellationActor | None
    reason: str
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Entry:
    """An audit entry about the student or one of their bookings."""

    id: UUID
    at: datetime
    actor_id: UUID | None
    action: str
    row_id: UUID
    before: Mapping[str, Json]
    after: Mapping[str, Json]


def _bookings(connection: sa.Connection, org_id: UUID, student_id: UUID) -> dict[UUID, _Booked]:
    statement = (
        sa.select(
            Booking.id,
            Service.name.label("service"),
            Booking.start_at,
            Booking.status,
            Booking.created_at,
            Booking.status_changed_at,
            Booking.status_changed_by,
            Booking.cancelled_at,
            Booking.cancelled_by,
            Booking.cancellation_reason,
            Lesson.ended_at,
            Lesson.duration_sec,
            Lesson.distance_meters,
            Lesson.rating,
        )
        .join(Service, sa.and_(Service.org_id == Booking.org_id, Service.id == Booking.service_id))
        .outerjoin(Lesson, sa.and_(Lesson.org_id == Booking.org_id, Lesson.booking_id == Booking.id))
        .where(Booking.org_id == org_id, Booking.student_id == student_id, Booking.status != BookingStatus.DRAFT)
    )
    return {
        row.id: _Booked(
            LessonNote(
                row.id,
                row.service,
                row.start_at,
                None if row.duration_sec is None else row.duration_sec // 60,
                row.distance_meters,
                row.rating,
            ),
            row.status,
            row.created_at,
            row.status_changed_at,
            row.status_changed_by,
            row.cancelled_at,
            row.cancelled_by,
            row.cancellation_reason or "",
            row.ended_at,
        )
        for row in connection.execute(statement)
    }


def _audit(connection: sa.Connection, org_id: UUID, student_id: UUID, bookings: Collection[UUID]) -> tuple[_Entry, ...]:
    about = sa.or_(
        sa.and_(AUDIT.c.entity_type == Student.__tablename__, AUDIT.c.entity_id == student_id),
        sa.and_(
            AUDIT.c.entity_type == Booking.__tablename__,
            AUDIT.c.entity_id.in_(bookings),
            AUDIT.c.action.in_((_CREATED, _MOVED)),
        ),
    )
    columns = ("id", "created_at", "actor_user_id", "action", "entity_id", "before", "after")
    statement = sa.select(*(AUDIT.c[name] for name in columns)).where(AUDIT.c.org_id == org_id, about)
    return tuple(
        _Entry(row.id, row.created_at, row.actor_user_id, row.action, row.entity_id, row.before or {}, row.after or {})
        for row in connection.execute(statement)
    )


# -- what happened ------------------------------------------------------------------------------------------------


def _joined(connection: sa.Connection, org_id: UUID, student_id: UUID) -> Iterator[Happening]:
    statement = sa.select(Student.created_at).where(Student.org_id == org_id, Student.id == student_id)
    for at in connection.execute(statement).scalars():
        yield Happening(HappeningKind.JOINED, student_id, at)


def _of_bookings(
    bookings: Mapping[UUID, _Booked], entries: Iterable[_Entry], names: Mapping[UUID, str]
) -> Iterator[Happening]:
    """Made, and how it ended."""
    makers = {entry.row_id: _name(names, entry.actor_id) for entry in entries if entry.action == _CREATED}
    for booking_id, row in bookings.items():
        yield Happening(HappeningKind.BOOKED, booking_id, row.created_at, makers.get(booking_id, ""), row.note)
        by = _name(names, row.changed_by)
        if row.status is BookingStatus.CANCELLED:
            yield Happening(
                HappeningKind.CANCELLED,
                booking_id,
                row.cancelled_at or row.changed_at,
                by,
                row.note,
                cancelled_by=row.cancelled_by,
                reason=row.reason,
            )
        elif row.status is BookingStatus.COMPLETED:
            yield Happening(HappeningKind.COMPLETED, booking_id, row.ended_at or row.changed_at, by, row.note)
        elif row.status is BookingStatus.NO_SHOW:
            yield Happening(HappeningKind.NO_SHOW, booking_id, row.changed_at, by, row.note)


def _of_audit(
    bookings: Mapping[UUID, _Booked], entries: Iterable[_Entry], names: Mapping[UUID, str]
) -> Iterator[Happening]:
    """Moves of bookings, and edits of the student."""
    for entry in entries:
        actor = _name(names, entry.actor_id)
        if entry.action == _MOVED:
            moved_from, moved_to = _instant(entry.before.get("start_at")), _instant(entry.after.get("start_at"))
            yield Happening(
                HappeningKind.MOVED,
                entry.id,
                entry.at,
                actor,
                bookings[entry.row_id].note,
                moved_from=moved_from,
                moved_to=moved_to,
            )
        elif entry.row_id not in bookings and entry.before:
            yield Happening(HappeningKind.EDITED, entry.id, entry.at, actor, columns=tuple(entry.after))


def _money(
    connection: sa.Connection, org_id: UUID, student_id: UUID, bookings: Mapping[UUID, _Booked]
) -> Iterator[Happening]:
    """What came in, and what of it went back."""
    at = sa.func.coalesce(Payment.received_at, Payment.created_at, type_=UtcDateTime())
    columns = (Payment.id, at.label("at"), Payment.booking_id, Payment.amount_cents, Payment.method, Payment.status)
    packages = sa.select(Package.id).where(Package.org_id == org_id, Package.student_id == student_id)
    # Two questions, and the status looked at here: else SQLite would walk all payments that were received.
    owned = (Payment.booking_id.in_(bookings), Payment.package_id.in_(connection.execute(packages).scalars().all()))
    asked = (sa.select(*columns).where(Payment.org_id == org_id, own) for own in owned)
    came = [row for statement in asked for row in connection.execute(statement) if row.status in RECEIVED]
    notes = {row.id: None if row.booking_id is None else bookings[row.booking_id].note for row in came}
    methods = {row.id: row.method for row in came}
    for row in came:
        yield Happening(
            HappeningKind.PAID,
            row.id,
            row.at,
            lesson=notes[row.id],
            amount_cents=row.amount_cents,
            method=row.method,
        )
    refunds = sa.select(Refund.id, Refund.created_at, Refund.payment_id, Refund.amount_cents, Refund.reason).where(
        Refund.org_id == org_id, Refund.payment_id.in_(methods), Refund.status != RefundStatus.FAILED
    )
    for back in connection.execute(refunds):
        yield Happening(
            HappeningKind.REFUNDED,
            back.id,
            back.created_at,
            lesson=notes[back.payment_id],
            reason=back.reason,
            amount_cents=back.amount_cents,
            method=methods[back.payment_id],
        )


def _packages(connection: sa.Connection, org_id: UUID, student_id: UUID) -> Iterator[Happening]:
    statement = sa.select(Package.id, Package.created_at, Package.minutes_bought, Package.price_cents).where(
        Package.org_id == org_id, Package.student_id == student_id
    )
    for row in connection.execute(statement):
        yield Happening(
            HappeningKind.PACKAGE,
            row.id,
            row.created_at,
            amount_cents=row.price_cents,
            package_minutes=row.minutes_bought,
        )


def _messages(
    connection: sa.Connection, org_id: UUID, student_id: UUID, bookings: Mapping[UUID, _Booked]
) -> Iterator[Happening]:
    columns = (
        Message.id,
        Message.updated_at,
        Message.related_id,
        Message.channel,
        Message.template_key,
        Message.status,
    )
    # One question for each kind: the index by what a message is about serves no OR over it.
    for table, ids in ((Student.__tablename__, [student_id]), (Booking.__tablename__, list(bookings))):
        about = (Message.org_id == org_id, Message.related_type == table, Message.related_id.in_(ids))
        for row in connection.execute(sa.select(*columns).where(*about)):
            booked = None if row.related_id is None else bookings.get(row.related_id)
            yield Happening(
                HappeningKind.MESSAGE,
                row.id,
                row.updated_at,
                lesson=None if booked is None else booked.note,
                channel=row.channel,
                template_key=row.template_key,
                message_status=row.status,
            )


def _name(names: Mapping[UUID, str], person: UUID | None) -> str:
    return "" if person is None else names.get(person, "")


def _instant(value: Json) -> datetime | None:
    """An instant from an audit entry; None where it was not touched or has been erased."""
    return cast("datetime", UtcDateTime.from_wire(value)) if isinstance(value, str) else None
