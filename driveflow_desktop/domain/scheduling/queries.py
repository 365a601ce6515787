"""Frozen snapshots of bookings and of everything that shapes the diary."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.paging import Page, page_of
from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.scheduling.loader import place
from driveflow_desktop.domain.scheduling.rules.cancellation import MINUTES_BACK, PolicyRow
from driveflow_desktop.domain.scheduling.rules.closing import Held
from driveflow_desktop.domain.scheduling.tables import (
    AvailabilityException,
    Booking,
    CancellationPolicy,
    Holiday,
    InstructorAvailability,
    WaitlistEntry,
)
from driveflow_desktop.domain.scheduling.values import (
    OCCUPYING,
    BookingStatus,
    CancellationActor,
    WaitlistStatus,
)
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.types import Json

PAGE_SIZE: Final = 100
BookingKey = tuple[datetime, UUID]
"""Where a list of bookings goes on: start and id of the last row shown."""


@dataclass(frozen=True, slots=True)
class BookingFacts:
    """A booking as it stands; money in cents, coordinates in microdegrees."""

    id: UUID
    student_id: UUID
    instructor_id: UUID
    service_id: UUID
    start: datetime
    end: datetime
    status: BookingStatus
    pickup_address: str | None
    pickup_lat: int | None
    pickup_lng: int | None
    dropoff_address: str | None
    dropoff_lat: int | None
    dropoff_lng: int | None
    currency: str
    price_cents: int
    platform_fee_cents: int
    instructor_share_cents: int
    notes: str | None
    series_id: UUID | None
    hold_until: datetime | None
    overrides: Mapping[str, Json]
    vehicle_id: UUID | None
    cancelled_by: CancellationActor | None
    cancelled_at: datetime | None
    cancellation_reason: str | None
    status_changed_at: datetime
    status_changed_by: UUID | None

    @property
    def pickup(self) -> Place | None:
        """Where it begins."""
        return place(self.pickup_lat, self.pickup_lng)

    @property
    def dropoff(self) -> Place | None:
        """Where it ends, when that is elsewhere."""
        return place(self.dropoff_lat, self.dropoff_lng)


_COLUMNS: Final = (
    Booking.id,
    Booking.student_id,
    Booking.instructor_id,
    Booking.service_id,
    Booking.start_at.label("start"),
    Booking.end_at.label("end"),
    Booking.status,
    Booking.pickup_address,
    Booking.pickup_lat,
    Booking.pickup_lng,
    Booking.dropoff_address,
    Booking.dropoff_lat,
    Booking.dropoff_lng,
    Booking.currency,
    Booking.price_cents,
    Booking.platform_fee_cents,
    Booking.instructor_share_cents,
    Booking.notes,
    Booking.series_id,
    Booking.hold_until,
    Booking.overrides,
    Booking.vehicle_id,
    Booking.cancelled_by,
    Booking.cancelled_at,
    Booking.cancellation_reason,
    Booking.status_changed_at,
    Booking.status_changed_by,
)


@dataclass(frozen=True, slots=True)
class WeeklyRow:
    """One block of an instructor's week, in wall minutes; dates inclusive."""

    id: UUID
    instructor_id: UUID
    day_of_week: int
    start_minute: int
    end_minute: int
    effective_from: date | None
    effective_to: date | None


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """A date on which the week does not hold."""

    id: UUID
    instructor_id: UUID
    day: date
    is_available: bool
    start_minute: int | None
    end_minute: int | None
    note: str | None


@dataclass(frozen=True, slots=True)
class HolidayRow:
    """A public or school holiday."""

    id: UUID
    day: date
    name: str
    region: str | None
    closed: bool


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """A row of the cancellation policy."""

    id: UUID
    actor: CancellationActor
    hours_before_start: int
    refund_percent: int
    fee_cents: int
    is_active: bool


@dataclass(frozen=True, slots=True)
class WaitlistRow:
    """Somebody who waits for a slot."""

    id: UUID
    student_id: UUID
    service_id: UUID
    preferences: Mapping[str, Json]
    status: WaitlistStatus
    since: datetime


# -- bookings -----------------------------------------------------------------------------------------------------


def booking(connection: sa.Connection, org_id: UUID, booking_id: UUID) -> BookingFacts | None:
    """One booking of this school."""
    where = (Booking.org_id == org_id, Booking.id == booking_id)
    row = connection.execute(sa.select(*_COLUMNS).where(*where)).mappings().one_or_none()
    return None if row is None else BookingFacts(**row)


def require_booking(connection: sa.Connection, org_id: UUID, booking_id: UUID) -> BookingFacts:
    """One booking of this school; `UserError` "gone" when there is none."""
    found = booking(connection, org_id, booking_id)
    if found is None:
        raise gone()
    return found


def gone() -> UserError:
    """The refusal for a booking that this school, or this person's scope, does not have."""
    return UserError("gone", "That booking is no longer there.", hint="It may have been deleted on another PC.")


def minutes_back_percents(connection: sa.Connection, org_id: UUID, booking_ids: Collection[UUID]) -> dict[UUID, int]:
    """In which percent the package minutes of cancelled bookings came back; bookings that are not cancelled left out.

    A booking that lapsed, or was cancelled where no terms were kept, gave all of them back.
    """
    columns = (Booking.id, Booking.status, Booking.overrides)
    where = (Booking.org_id == org_id, Booking.id.in_(booking_ids))
    return {
        key: percent if isinstance(percent := overrides.get(MINUTES_BACK), int) and 0 <= percent <= 100 else 100
        for key, status, overrides in connection.execute(sa.select(*columns).where(*where))
        if status is BookingStatus.CANCELLED
    }


def bookings_of_instructor(
    connection: sa.Connection,
    org_id: UUID,
    instructor_id: UUID,
    *,
    before: BookingKey | None = None,
    limit: int = PAGE_SIZE,
) -> Page[BookingFacts, BookingKey]:
    """An instructor's bookings, the latest first."""
    where = (Booking.org_id == org_id, Booking.instructor_id == instructor_id)
    return _latest_first(connection, where, before, limit)


def cars_driven(
    connection: sa.Connection, org_id: UUID, start: datetime, end: datetime
) -> Mapping[UUID, frozenset[UUID]]:
    """Instructor → the cars of their bookings that start in [start, end) and hold, or held, their slot."""
    where = (
        Booking.org_id == org_id,
        Booking.start_at >= start,
        Booking.start_at < end,
        # As in `bookings_between`: the span is what SQLite is to look in.
        sa.type_coerce(Booking.status, sa.String).concat("").in_([status.value for status in OCCUPYING]),
    )
    statement = sa.select(Booking.instructor_id, Booking.vehicle_id).where(*where).distinct()
    found: dict[UUID, set[UUID]] = {}
    for teacher, car in connection.execute(statement):
        if car is not None:
            found.setdefault(teacher, set()).add(car)
    return {teacher: frozenset(cars) for teacher, cars in found.items()}


def series(connection: sa.Connection, org_id: UUID, series_id: UUID) -> tuple[BookingFacts, ...]:
    """The bookings of a series by start."""
    where = (Booking.org_id == org_id, Booking.series_id == series_id)
    # Sorted here: an ORDER BY would tempt SQLite to walk all bookings by start.
    found = (BookingFacts(**row) for row in connection.execute(sa.select(*_COLUMNS).where(*where)).mappings())
    return tuple(sorted(found, key=lambda member: (member.start, member.id)))


def held(connection: sa.Connection, org_id: UUID) -> tuple[Held, ...]:
    """Drafts and bookings that wait for their payment: what may run out."""
    columns = (Booking.id, Booking.status, Booking.status_changed_at, Booking.hold_until)
    waiting = (BookingStatus.DRAFT, BookingStatus.PENDING_PAYMENT)
    where = (Booking.org_id == org_id, Booking.status.in_(waiting))
    found = (Held(*row) for row in connection.execute(sa.select(*columns).where(*where)))
    return tuple(sorted(found, key=lambda each: each.id))


def _latest_first(
    connection: sa.Connection, where: tuple[sa.ColumnElement[bool], ...], before: BookingKey | None, limit: int
) -> Page[BookingFacts, BookingKey]:
    statement = sa.select(*_COLUMNS).where(*where)
    if before is not None:
        start, booking_id = before
        earlier = sa.or_(Booking.start_at < start, Booking.id < booking_id)
        statement = statement.where(Booking.start_at <= start, earlier)
    statement = statement.order_by(Booking.start_at.desc(), Booking.id.desc()).limit(limit + 1)
    rows = [BookingFacts(**row) for row in connection.execute(statement).mappings()]
    return page_of(rows, limit, lambda last: (last.start, last.id))


# -- what shapes the diary ----------------------------------------------------------------------------------------


def weekly_hours(connection: sa.Connection, org_id: UUID, instructor_id: UUID) -> tuple[WeeklyRow, ...]:
    """An instructor's week, by day and time."""
    row = InstructorAvailability
    columns = (
        row.id,
        row.instructor_id,
        row.day_of_week,
        row.start_minute,
        row.end_minute,
        row.effective_from,
        row.effective_to,
    )
    where = (row.org_id == org_id, row.instructor_id == instructor_id)
    statement = sa.select(*columns).where(*where).order_by(row.day_of_week, row.start_minute, row.id)
    return tuple(WeeklyRow(*found) for found in connection.execute(statement))


def exceptions(
    connection: sa.Connection, org_id: UUID, instructor_id: UUID, first: date, last: date
) -> tuple[ExceptionRow, ...]:
    """An instructor's exceptions from `first` to `last` inclusive, by date and time."""
    row = AvailabilityException
    columns = (row.id, row.instructor_id, row.date, row.is_available, row.start_minute, row.end_minute, row.note)
    where = (row.org_id == org_id, row.instructor_id == instructor_id, row.date.between(first, last))
    statement = sa.select(*columns).where(*where).order_by(row.date, sa.func.coalesce(row.start_minute, -1))
    return tuple(ExceptionRow(*found) for found in connection.execute(statement))


def holidays(connection: sa.Connection, org_id: UUID, first: date, last: date) -> tuple[HolidayRow, ...]:
    """The school's holidays from `first` to `last` inclusive, by date."""
    columns = (Holiday.id, Holiday.date, Holiday.name, Holiday.region, Holiday.closed)
    where = (Holiday.org_id == org_id, Holiday.date.between(first, last))
    statement = sa.select(*columns).where(*where).order_by(Holiday.date, Holiday.name, Holiday.id)
    return tuple(HolidayRow(*found) for found in connection.execute(statement))


def policies(connection: sa.Connection, org_id: UUID) -> tuple[StoredPolicy, ...]:
    """The school's cancellation policy, active or not, by actor and falling hours."""
    row = CancellationPolicy
    columns = (row.id, row.actor, row.hours_before_start, row.refund_percent, row.fee_cents, row.is_active)
    statement = (
        sa.select(*columns).where(row.org_id == org_id).order_by(row.actor, row.hours_before_start.desc(), row.id)
    )
    return tuple(StoredPolicy(*found) for found in connection.execute(statement))


def active_policy(connection: sa.Connection, org_id: UUID) -> tuple[PolicyRow, ...]:
    """The rows that count, as `rules.quote` takes them."""
    return tuple(
        PolicyRow(row.actor, row.hours_before_start, row.refund_percent, row.fee_cents)
        for row in policies(connection, org_id)
        if row.is_active
    )


def waitlist(
    connection: sa.Connection, org_id: UUID, statuses: Collection[WaitlistStatus] = (WaitlistStatus.WAITING,)
) -> tuple[WaitlistRow, ...]:
    """Who waits, the longest first."""
    row = WaitlistEntry
    columns = (row.id, row.student_id, row.service_id, row.preferences, row.status, row.created_at)
    where = (row.org_id == org_id, row.status.in_(statuses))
    found = connection.execute(sa.select(*columns).where(*where).order_by(row.created_at, row.id))
    return tuple(
        WaitlistRow(
            entry.id,
            entry.student_id,
            entry.service_id,
            cast("Mapping[str, Json]", entry.preferences),
            entry.status,
            entry.created_at,
        )
        for entry in found
    )
