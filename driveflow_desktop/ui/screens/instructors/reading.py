"""What the Instructors screen reads, put together from the contexts' queries in a fixed number of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from driveflow_desktop.domain.execution.queries import lessons_of
from driveflow_desktop.domain.identity.queries import School
from driveflow_desktop.domain.people.queries.instructors import (
    InstructorFacts,
    VehicleFacts,
    instructor,
    instructors,
    vehicles,
)
from driveflow_desktop.domain.people.values import Transmission
from driveflow_desktop.domain.scheduling.loader import Days, Setting, load_hours, load_setting
from driveflow_desktop.domain.scheduling.queries import (
    BookingFacts,
    ExceptionRow,
    HolidayRow,
    WeeklyRow,
    bookings_of_instructor,
    cars_driven,
    exceptions,
    holidays,
    weekly_hours,
)
from driveflow_desktop.domain.scheduling.rules.availability import Hours, expand
from driveflow_desktop.domain.scheduling.values import OCCUPYING, BookingStatus
from driveflow_desktop.kernel.time import Interval
from driveflow_desktop.store.base import Connection

DAYS_AHEAD: Final = 400
LEAVE_AHEAD: Final = 120
_FORTNIGHT: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Colleague:
    """An instructor in the list: what the cars of this fortnight shift like, the open minutes of this week, and the
    last day of leave that holds today."""

    facts: InstructorFacts
    transmissions: tuple[Transmission, ...]
    week_minutes: int
    away_until: date | None


@dataclass(frozen=True, slots=True)
class Fortnight:
    """What an instructor did and will do from the Monday of last week to the Sunday of this one; money in cents."""

    first: date
    last: date
    lessons: int
    booked_minutes: int
    open_minutes: int
    rating: float | None
    share_cents: int


@dataclass(frozen=True, slots=True)
class InstructorDetail:
    """One instructor: the person, the hours, what is different on dates, and the figures."""

    facts: InstructorFacts
    school: School
    weekly: tuple[WeeklyRow, ...]
    exceptions: tuple[ExceptionRow, ...]
    holidays: tuple[HolidayRow, ...]
    cars: tuple[VehicleFacts, ...]
    fortnight: Fortnight


def read_colleagues(connection: Connection, org_id: UUID, today: date) -> tuple[Colleague, ...]:
    """All instructors, the active ones first."""
    people = instructors(connection, org_id)
    setting = load_setting(connection, org_id, Days(today, today + timedelta(days=LEAVE_AHEAD)))
    hours = load_hours(connection, org_id, setting.days, [person.id for person in people])
    monday = today - timedelta(days=today.weekday())
    gears = _transmissions(connection, _fortnight_of(connection, org_id, today))
    found = []
    for person in people:
        own = hours.get(person.id, Hours())
        plain = expand(Hours(own.weekly), frozenset(), monday, monday + timedelta(days=6), setting.tz)
        minutes = sum(span.minutes for span in plain)
        found.append(Colleague(person, gears.get(person.id, ()), minutes, _away_until(own, today)))
    return tuple(found)


def _fortnight_of(connection: Connection, org_id: UUID, today: date) -> Setting:
    """The Monday of last week to the Sunday of this one."""
    monday = today - timedelta(days=today.weekday() + 7)
    return load_setting(connection, org_id, Days(monday, monday + _FORTNIGHT - timedelta(days=1)))


def _transmissions(connection: Connection, setting: Setting) -> Mapping[UUID, tuple[Transmission, ...]]:
    """Instructor → the transmissions of the cars they drove and will drive in the setting's days, auto first."""
    span = setting.days.span(setting.tz)
    shifts = {car.id: car.transmission for car in vehicles(connection, setting.org_id)}
    driven = cars_driven(connection, setting.org_id, span.start, span.end)
    return {teacher: tuple(sorted({shifts[car] for car in cars})) for teacher, cars in driven.items()}


def _away_until(hours: Hours, today: date) -> date | None:
    """The last day of the leave that holds today; days that nobody works anyway do not end it."""
    closed = {row.day for row in hours.exceptions if row.is_whole_day and not row.is_available}
    if today not in closed:
        return None
    last = day = today
    while day - today < timedelta(days=LEAVE_AHEAD):
        day += timedelta(days=1)
        if day in closed:
            last = day
        elif any(row.applies_on(day) for row in hours.weekly):
            break
    return last


def read_detail(connection: Connection, org_id: UUID, instructor_id: UUID, today: date) -> InstructorDetail:
    """One instructor as of a local date; `UserError` "gone" when there is none."""
    facts = instructor(connection, org_id, instructor_id)
    ahead = today + timedelta(days=DAYS_AHEAD)
    setting = _fortnight_of(connection, org_id, today)
    booked = _bookings(connection, setting, facts.id)
    driven = {booking.vehicle_id for booking in booked if booking.vehicle_id is not None}
    return InstructorDetail(
        facts,
        setting.school,
        weekly_hours(connection, org_id, facts.id),
        exceptions(connection, org_id, facts.id, today, ahead),
        holidays(connection, org_id, today, ahead),
        tuple(car for car in vehicles(connection, org_id) if car.id in driven),
        _fortnight(connection, setting, facts.id, booked),
    )


def _bookings(connection: Connection, setting: Setting, instructor_id: UUID) -> Sequence[BookingFacts]:
    """The bookings of the setting's days that hold or held their slot."""
    span = setting.days.span(setting.tz)
    found: list[BookingFacts] = []
    before = (span.end, UUID(int=0))
    while True:
        page = bookings_of_instructor(connection, setting.org_id, instructor_id, before=before)
        found += [row for row in page.rows if row.start >= span.start and row.status in OCCUPYING]
        if page.next_key is None or page.next_key[0] < span.start:
            return found
        before = page.next_key


def _fortnight(
    connection: Connection, setting: Setting, instructor_id: UUID, booked: Sequence[BookingFacts]
) -> Fortnight:
    days = setting.days
    hours = load_hours(connection, setting.org_id, days, [instructor_id]).get(instructor_id, Hours())
    opened = expand(hours, setting.rules.closed_holidays, days.first, days.last, setting.tz)
    lessons = lessons_of(connection, setting.org_id, [row.id for row in booked]).values()
    ratings = [lesson.rating for lesson in lessons if lesson.rating is not None]
    done = [row for row in booked if row.status is BookingStatus.COMPLETED]
    return Fortnight(
        days.first,
        days.last,
        len(booked),
        sum(Interval(row.start, row.end).minutes for row in booked),
        sum(span.minutes for span in opened),
        sum(ratings) / len(ratings) if ratings else None,
        sum(row.instructor_share_cents for row in done),
    )
