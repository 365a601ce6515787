"""Rows into the frozen inputs of the rules, for one slot or for a whole school, on SQLite and PostgreSQL alike.

A diary is hours, people and bookings together, and is read in a fixed number of queries however many instructors
and days it spans.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from driveflow_desktop.domain.identity.queries import School, school
from driveflow_desktop.domain.people.queries.instructors import InstructorFacts, instructor, instructors
from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.scheduling.rules.availability import DayException, Hours, WeeklyHours, expand_all
from driveflow_desktop.domain.scheduling.rules.diary import Booked, Diary, SchoolRules, occupies
from driveflow_desktop.domain.scheduling.rules.travel import Peak, TravelRules
from driveflow_desktop.domain.scheduling.rules.verdict import Context
from driveflow_desktop.domain.scheduling.tables import (
    AvailabilityException,
    Booking,
    Holiday,
    InstructorAvailability,
)
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.time import Interval, day_interval, local_date, zone

MICRODEGREES: Final = 1_000_000
LONGEST_BOOKING: Final = timedelta(hours=24)
# The day before and after are read too: a drive from last night's lesson, or into tomorrow's, counts.
_MARGIN: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Days:
    """Local dates, both inclusive."""

    first: date
    last: date

    def widened(self) -> "Days":
        """With a day before and a day after."""
        return Days(self.first - _MARGIN, self.last + _MARGIN)

    def span(self, tz: ZoneInfo) -> Interval:
        """The instants from the first midnight to the last."""
        return Interval(day_interval(self.first, tz).start, day_interval(self.last, tz).end)


@dataclass(frozen=True, slots=True)
class Setting:
    """The school and what its rules say about some days; everything else is loaded against it."""

    school: School
    rules: SchoolRules
    days: Days

    @property
    def org_id(self) -> UUID:
        """The school's id."""
        return self.school.id

    @property
    def tz(self) -> ZoneInfo:
        """The school's zone."""
        return self.rules.tz


def place(lat: int | None, lng: int | None) -> Place | None:
    """A point from a row's microdegrees; None unless both are there."""
    if lat is None or lng is None:
        return None
    return Place(lat / MICRODEGREES, lng / MICRODEGREES)


def microdegrees(point: Place | None) -> tuple[int | None, int | None]:
    """A point as a row holds it."""
    if point is None:
        return None, None
    return round(point.lat * MICRODEGREES), round(point.lng * MICRODEGREES)


# -- the school ---------------------------------------------------------------------------------------------------


def load_setting(connection: sa.Connection, org_id: UUID, days: Days) -> Setting:
    """The school with its rules for `days` (holidays are read a day wider)."""
    return setting_of(connection, school(connection, org_id), days)


def setting_of(connection: sa.Connection, found: School, days: Days) -> Setting:
    """`load_setting` for a school that is at hand already."""
    wide = days.widened()
    where = (
        Holiday.org_id == found.id,
        Holiday.date.between(wide.first, wide.last),
        Holiday.closed,
        sa.or_(Holiday.region.is_(None), Holiday.region == found.region),
    )
    closed = frozenset(connection.execute(sa.select(Holiday.date).where(*where)).scalars())
    rules = SchoolRules(
        tz=zone(found.time_zone),
        notice_min=found.settings.notice_min,
        horizon_days=found.settings.horizon_days,
        travel=TravelRules(
            peaks=tuple(Peak(frozenset(peak.days), peak.start_minute, peak.end_minute) for peak in found.settings.peaks)
        ),
        closed_holidays=closed,
    )
    return Setting(found, rules, days)


def setting_at(connection: sa.Connection, org_id: UUID, start: datetime, end: datetime) -> Setting:
    """The school with its rules for the local days that a span of instants touches."""
    found = school(connection, org_id)
    tz = zone(found.time_zone)
    return setting_of(connection, found, Days(local_date(start, tz), local_date(end, tz)))


# -- diaries ------------------------------------------------------------------------------------------------------


def load_diaries(
    connection: sa.Connection, setting: Setting, now: datetime, instructor_ids: Collection[UUID] | None = None
) -> dict[UUID, Diary]:
    """The diaries of some instructors, or of all active ones, for the setting's days and one to either side.

    Four queries, whatever the number of instructors and days.
    """
    wide = setting.days.widened()
    people = _teachers(connection, setting.org_id, instructor_ids)
    hours = load_hours(connection, setting.org_id, wide, [person.id for person in people])
    open_spans = expand_all(
        {person.id: hours.get(person.id, Hours()) for person in people},
        setting.rules.closed_holidays,
        wide.first,
        wide.last,
        setting.tz,
    )
    occupied = _by_instructor(load_booked(connection, setting, now, instructor_ids=instructor_ids))
    return {
        person.id: Diary(
            person.id,
            open_spans[person.id],
            tuple(occupied.get(person.id, ())),
            person.travel_buffer_min,
            person.max_lessons_per_day,
            place(person.base_lat, person.base_lng),
        )
        for person in people
    }


def load_hours(
    connection: sa.Connection, org_id: UUID, days: Days, instructor_ids: Collection[UUID]
) -> dict[UUID, Hours]:
    """Weekly rows and exceptions that speak about `days`, by instructor."""
    weekly: dict[UUID, list[WeeklyHours]] = {}
    row = InstructorAvailability
    statement = sa.select(
        row.instructor_id, row.day_of_week, row.start_minute, row.end_minute, row.effective_from, row.effective_to
    ).where(
        row.org_id == org_id,
        row.instructor_id.in_(instructor_ids),
        sa.or_(row.effective_from.is_(None), row.effective_from <= days.last),
        sa.or_(row.effective_to.is_(None), row.effective_to >= days.first),
    )
    for instructor_id, day, start, end, valid_from, valid_to in connection.execute(statement):
        weekly.setdefault(instructor_id, []).append(WeeklyHours(day, start, end, valid_from, valid_to))
    exceptions = _load_exceptions(connection, org_id, days, instructor_ids)
    return {
        instructor_id: Hours(weekly.get(instructor_id, ()), exceptions.get(instructor_id, ()))
        for instructor_id in {*weekly, *exceptions}
    }


def _load_exceptions(
    connection: sa.Connection, org_id: UUID, days: Days, instructor_ids: Collection[UUID]
) -> dict[UUID, list[DayException]]:
    row = AvailabilityException
    statement = sa.select(row.instructor_id, row.date, row.is_available, row.start_minute, row.end_minute).where(
        row.org_id == org_id, row.instructor_id.in_(instructor_ids), row.date.between(days.first, days.last)
    )
    found: dict[UUID, list[DayException]] = {}
    for instructor_id, day, is_available, start, end in connection.execute(statement):
        found.setdefault(instructor_id, []).append(DayException(day, is_available, start, end))
    return found


def load_booked(
    connection: sa.Connection,
    setting: Setting,
    now: datetime,
    *,
    instructor_ids: Collection[UUID] | None = None,
    student_id: UUID | None = None,
) -> list[Booked]:
    """What occupies the setting's days and one to either side, sorted by start; of some instructors or of a student."""
    span = setting.days.widened().span(setting.tz)
    where = [
        Booking.org_id == setting.org_id,
        Booking.start_at > span.start - LONGEST_BOOKING,
        Booking.start_at < span.end,
        Booking.end_at > span.start,
    ]
    if instructor_ids is not None:
        where.append(Booking.instructor_id.in_(instructor_ids))
    if student_id is not None:
        where.append(Booking.student_id == student_id)
    columns = (
        Booking.id,
        Booking.instructor_id,
        Booking.student_id,
        Booking.start_at,
        Booking.end_at,
        Booking.status,
        Booking.hold_until,
        Booking.pickup_lat,
        Booking.pickup_lng,
        Booking.dropoff_lat,
        Booking.dropoff_lng,
    )
    rows = connection.execute(sa.select(*columns).where(*where).order_by(Booking.start_at))
    # Asked of the rule instead of SQL: a condition on the status would tempt SQLite away from the index by start.
    return [
        Booked(booking_id, instructor, student, start, end, place(lat, lng), place(off_lat, off_lng))
        for booking_id, instructor, student, start, end, status, hold_until, lat, lng, off_lat, off_lng in rows
        if occupies(status, hold_until, now)
    ]


def load_context(
    connection: sa.Connection, setting: Setting, now: datetime, instructor_id: UUID, student_id: UUID | None
) -> Context:
    """What a verdict about one instructor's slot depends on."""
    return load_contexts(connection, setting, now, [instructor_id], student_id)[instructor_id]


def load_contexts(
    connection: sa.Connection,
    setting: Setting,
    now: datetime,
    instructor_ids: Collection[UUID] | None = None,
    student_id: UUID | None = None,
) -> Mapping[UUID, Context]:
    """What verdicts depend on, by instructor; five queries."""
    diaries = load_diaries(connection, setting, now, instructor_ids)
    student = tuple(load_booked(connection, setting, now, student_id=student_id)) if student_id is not None else ()
    return {key: Context(setting.rules, diary, now, student) for key, diary in diaries.items()}


def load_taught(connection: sa.Connection, org_id: UUID, student_id: UUID) -> Mapping[UUID, int]:
    """Lessons that a student completed with each instructor."""
    columns = (Booking.instructor_id, Booking.status)
    where = (Booking.org_id == org_id, Booking.student_id == student_id)
    rows = connection.execute(sa.select(*columns).where(*where))
    return Counter(instructor_id for instructor_id, status in rows if status is BookingStatus.COMPLETED)


def _teachers(
    connection: sa.Connection, org_id: UUID, instructor_ids: Collection[UUID] | None
) -> tuple[InstructorFacts, ...]:
    if instructor_ids is None:
        return instructors(connection, org_id, active_only=True)
    if len(instructor_ids) == 1:
        return tuple(instructor(connection, org_id, one) for one in instructor_ids)
    return tuple(found for found in instructors(connection, org_id) if found.id in instructor_ids)


def _by_instructor(booked: Iterable[Booked]) -> dict[UUID, list[Booked]]:
    found: dict[UUID, list[Booked]] = {}
    for item in booked:
        found.setdefault(item.instructor_id, []).append(item)
    return found
