"""What Today shows: the next lessons, what must be closed, the day's load, money owed, whom to call, who is away."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.communication.tables import Message
from driveflow_desktop.domain.communication.values import MessageChannel, MessageStatus
from driveflow_desktop.domain.identity.queries import school
from driveflow_desktop.domain.overview.entries import CalendarEntry, entries_of, read_rows
from driveflow_desktop.domain.overview.owing import owed_bookings
from driveflow_desktop.domain.people.rules.licences import Expiry, ExpiryWarning, expiry_warnings
from driveflow_desktop.domain.people.tables import Instructor, Student
from driveflow_desktop.domain.scheduling.loader import Days, Setting, load_hours, setting_of
from driveflow_desktop.domain.scheduling.rules.availability import Hours, expand_all
from driveflow_desktop.domain.scheduling.rules.closing import Planned, ToClose, lessons_to_close
from driveflow_desktop.domain.scheduling.tables import AvailabilityException, Booking, WaitlistEntry
from driveflow_desktop.domain.scheduling.values import OCCUPYING, BookingStatus, WaitlistStatus
from driveflow_desktop.kernel.time import Interval, day_interval, local_date, zone

NEXT_LESSONS: Final = 12
OWED_DAYS: Final = 90
OWED_SHOWN: Final = 20
CALLS_SHOWN: Final = 50
CALL_DAYS: Final = 14
LICENCE_DAYS_AHEAD: Final = 14
_UPCOMING: Final = (BookingStatus.REQUESTED, BookingStatus.CONFIRMED, BookingStatus.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class Closing:
    """A lesson to decide about, with what the app proposes."""

    entry: CalendarEntry
    instructor_name: str
    proposal: ToClose


@dataclass(frozen=True, slots=True)
class Upcoming:
    """One of the next lessons."""

    entry: CalendarEntry
    instructor_name: str


@dataclass(frozen=True, slots=True)
class InstructorLoad:
    """An instructor's day: lessons done of those booked, the booked ones' elapsed minutes, and the open hours'."""

    instructor_id: UUID
    name: str
    colour: str | None
    done: int
    booked: int
    minutes: int
    open_minutes: int
    on_leave: bool
    leave_note: str | None


@dataclass(frozen=True, slots=True)
class Debt:
    """A booking for which something is owed; cents."""

    booking_id: UUID
    student_id: UUID
    student_name: str
    start: datetime
    due_cents: int


@dataclass(frozen=True, slots=True)
class Owed:
    """Money owed for bookings since a day: how much, by how many, and the oldest of them."""

    since: date
    total_cents: int
    lessons: int
    oldest: tuple[Debt, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody whom a message did not reach; the latest one that failed for that reason."""

    message_id: UUID
    channel: MessageChannel
    to_address: str
    template_key: str
    error: str | None
    at: datetime
    student_id: UUID | None
    student_name: str | None
    booking_id: UUID | None


@dataclass(frozen=True, slots=True)
class LicenceAlert:
    """A licence that has run out or soon will, before or on somebody's next lesson."""

    name: str
    warning: ExpiryWarning
    is_instructor: bool


@dataclass(frozen=True, slots=True)
class Today:
    """The whole screen, as of `at`."""

    at: datetime
    day: date
    upcoming: tuple[Upcoming, ...]
    to_close: tuple[Closing, ...]
    loads: tuple[InstructorLoad, ...]
    owed: Owed
    calls: tuple[Call, ...]
    licences: tuple[LicenceAlert, ...]
    waiting: int


def today(connection: sa.Connection, org_id: UUID, now: datetime) -> Today:
    """Everything on Today, in a fixed number of queries."""
    found = school(connection, org_id)
    day = local_date(now, zone(found.time_zone))
    setting = setting_of(connection, found, Days(day, day))
    names = _names(connection, org_id)
    return Today(
        now,
        day,
        _upcoming(connection, setting, names, now),
        to_close(connection, setting, names, now),
        instructor_loads(connection, setting),
        owed(connection, org_id, day - timedelta(days=OWED_DAYS), setting, now),
        calls(connection, org_id, now),
        licence_alerts(connection, setting, now),
        _waiting(connection, org_id),
    )


def _names(connection: sa.Connection, org_id: UUID) -> dict[UUID, str]:
    statement = sa.select(Instructor.id, Instructor.display_name).where(Instructor.org_id == org_id)
    return {row.id: row.display_name for row in connection.execute(statement)}


def _upcoming(
    connection: sa.Connection, setting: Setting, names: dict[UUID, str], now: datetime
) -> tuple[Upcoming, ...]:
    """Lessons of today that are being driven or still to come, the next first."""
    span = day_interval(setting.days.first, setting.tz)
    where = (
        Booking.org_id == setting.org_id,
        Booking.start_at >= span.start,
        Booking.start_at < span.end,
        Booking.end_at > now,
        Booking.status.in_(_UPCOMING),
    )
    entries = entries_of(connection, setting, read_rows(connection, where, NEXT_LESSONS), now)
    return tuple(Upcoming(entry, names.get(entry.instructor_id, "")) for entry in entries)


def to_close(connection: sa.Connection, setting: Setting, names: dict[UUID, str], now: datetime) -> tuple[Closing, ...]:
    """Lessons whose time has passed and that nobody has closed, the longest overdue first."""
    columns = (Booking.id, Booking.status, Booking.start_at, Booking.end_at)
    # The same as start <= now, in words that keep SQLite on the short index by status.
    begun = sa.or_(Booking.end_at <= now, Booking.start_at <= now)
    where = (Booking.org_id == setting.org_id, Booking.status.in_(_UPCOMING), begun)
    proposals = lessons_to_close((Planned(*row) for row in connection.execute(sa.select(*columns).where(*where))), now)
    chosen = (Booking.org_id == setting.org_id, Booking.id.in_([proposal.id for proposal in proposals]))
    shown = entries_of(connection, setting, read_rows(connection, chosen), now)
    entries = {entry.id: entry for entry in shown}
    return tuple(
        Closing(entries[proposal.id], names.get(entries[proposal.id].instructor_id, ""), proposal)
        for proposal in proposals
    )


# -- load ---------------------------------------------------------------------------------------------------------


def instructor_loads(connection: sa.Connection, setting: Setting) -> tuple[InstructorLoad, ...]:
    """The first day of the setting per active instructor, by name, with who is away."""
    day = setting.days.first
    span = day_interval(day, setting.tz)
    where = (
        Booking.org_id == setting.org_id,
        Booking.start_at >= span.start,
        Booking.start_at < span.end,
        Booking.status.in_(OCCUPYING),
    )
    columns = (Booking.instructor_id, Booking.status, Booking.start_at, Booking.end_at)
    totals: dict[UUID, tuple[int, int, int]] = {}
    for instructor_id, status, start, end in connection.execute(sa.select(*columns).where(*where)):
        done, booked, minutes = totals.get(instructor_id, (0, 0, 0))
        is_done = status is BookingStatus.COMPLETED
        totals[instructor_id] = (done + is_done, booked + 1, minutes + Interval(start, end).minutes)
    people = connection.execute(
        sa.select(Instructor.id, Instructor.display_name, Instructor.colour)
        .where(Instructor.org_id == setting.org_id, Instructor.active)
        .order_by(sa.func.lower(Instructor.display_name), Instructor.id)
    ).all()
    ids = [person.id for person in people]
    away = _away(connection, setting.org_id, day, ids)
    opened = _open_minutes(connection, setting, ids)
    return tuple(
        InstructorLoad(key, name, colour, *totals.get(key, (0, 0, 0)), opened[key], key in away, away.get(key))
        for key, name, colour in people
    )


def _open_minutes(connection: sa.Connection, setting: Setting, ids: Collection[UUID]) -> dict[UUID, int]:
    hours = load_hours(connection, setting.org_id, setting.days, ids)
    day = setting.days.first
    spans = expand_all(
        {key: hours.get(key, Hours()) for key in ids}, setting.rules.closed_holidays, day, day, setting.tz
    )
    return {key: sum(span.minutes for span in spans[key]) for key in ids}


def _away(connection: sa.Connection, org_id: UUID, day: date, who: Collection[UUID]) -> dict[UUID, str | None]:
    row = AvailabilityException
    statement = sa.select(row.instructor_id, row.note).where(
        row.org_id == org_id,
        row.instructor_id.in_(who),
        row.date == day,
        sa.not_(row.is_available),
        row.start_minute.is_(None),
    )
    return {found.instructor_id: found.note for found in connection.execute(statement)}


# -- money --------------------------------------------------------------------------------------------------------


def owed(
    connection: sa.Connection, org_id: UUID, since: date, setting: Setting, now: datetime, limit: int = OWED_SHOWN
) -> Owed:
    """What is owed by now for bookings that start from `since` on, fees that were asked for too."""
    found = owed_bookings(connection, org_id, now, since=day_interval(since, setting.tz).start)
    shown = found[:limit]
    names = sa.select(Student.id, Student.full_name).where(
        Student.org_id == org_id, Student.id.in_({each.student_id for each in shown})
    )
    name_of = {row.id: row.full_name for row in connection.execute(names)}
    oldest = (
        Debt(each.booking_id, each.student_id, name_of[each.student_id], each.start, each.cents) for each in shown
    )
    return Owed(since, sum(each.cents for each in found), len(found), tuple(oldest))


# -- people -------------------------------------------------------------------------------------------------------


def calls(connection: sa.Connection, org_id: UUID, now: datetime, limit: int = CALLS_SHOWN) -> tuple[Call, ...]:
    """Whom to call because messages of the last two weeks failed: one for each person and reason, the latest first.

    A message that names no student stands for its address.
    """
    of_booking = sa.and_(
        Message.related_type == Booking.__tablename__,
        Booking.org_id == Message.org_id,
        Booking.id == Message.related_id,
    )
    about_student = sa.and_(Message.related_type == Student.__tablename__, Student.id == Message.related_id)
    of_student = sa.and_(Student.org_id == Message.org_id, sa.or_(Student.id == Booking.student_id, about_student))
    newest_first = (Message.updated_at.desc(), Message.id.desc())
    address = sa.case((Student.id.is_(None), sa.func.lower(Message.to_address)))
    place = sa.func.row_number().over(
        partition_by=(Student.id, address, sa.func.coalesce(Message.error, "")), order_by=newest_first
    )
    failed = (
        sa.select(
            Message.id,
            Message.channel,
            Message.to_address,
            Message.template_key,
            Message.error,
            Message.updated_at,
            Student.id.label("student_id"),
            Student.full_name,
            Booking.id.label("booking_id"),
            place.label("place"),
        )
        .outerjoin(Booking, of_booking)
        .outerjoin(Student, of_student)
        .where(
            Message.org_id == org_id,
            Message.channel.in_(tuple(MessageChannel)),
            Message.status == MessageStatus.FAILED,
            Message.updated_at >= now - timedelta(days=CALL_DAYS),
        )
        .subquery()
    )
    latest = sa.select(*(column for column in failed.c if column.name != "place")).where(failed.c.place == 1)
    statement = latest.order_by(failed.c.updated_at.desc(), failed.c.id.desc()).limit(limit)
    return tuple(Call(*row) for row in connection.execute(statement))


def licence_alerts(connection: sa.Connection, setting: Setting, now: datetime) -> tuple[LicenceAlert, ...]:
    """Active instructors' licences by urgency, then those of students that run out before a lesson within two weeks."""
    where = (Instructor.org_id == setting.org_id, Instructor.active, Instructor.license_expires_on.is_not(None))
    columns = (Instructor.id, Instructor.display_name, Instructor.license_expires_on)
    teachers = connection.execute(sa.select(*columns).where(*where)).all()
    alerts = _alerts([(row[0], row[1], row[2]) for row in teachers], setting.days.first, is_instructor=True)
    return alerts + _alerts(_expiring_students(connection, setting, now), setting.days.first, is_instructor=False)


def _alerts(
    people: Sequence[tuple[UUID, str, date | None]], day: date, *, is_instructor: bool
) -> tuple[LicenceAlert, ...]:
    names = {key: name for key, name, _ in people}
    warnings = expiry_warnings((Expiry(key, expires) for key, _, expires in people), day)
    return tuple(LicenceAlert(names[warning.id], warning, is_instructor) for warning in warnings)


def _expiring_students(
    connection: sa.Connection, setting: Setting, now: datetime
) -> list[tuple[UUID, str, date | None]]:
    last = now + timedelta(days=LICENCE_DAYS_AHEAD)
    statement = (
        sa.select(Student.id, Student.full_name, Student.licence_expires_on, sa.func.max(Booking.start_at))
        .join(Booking, sa.and_(Booking.org_id == Student.org_id, Booking.student_id == Student.id))
        .where(
            Booking.org_id == setting.org_id,
            Booking.start_at >= now,
            Booking.start_at < last,
            Booking.status.in_(_UPCOMING),
            Student.licence_expires_on < local_date(last, setting.tz),
        )
        .group_by(Student.id, Student.full_name, Student.licence_expires_on)
        .order_by(Student.full_name, Student.id)
    )
    return [
        (student_id, name, expires)
        for student_id, name, expires, latest in connection.execute(statement)
        if expires is not None and expires < local_date(latest, setting.tz)
    ]


def _waiting(connection: sa.Connection, org_id: UUID) -> int:
    where = (WaitlistEntry.org_id == org_id, WaitlistEntry.status == WaitlistStatus.WAITING)
    return connection.execute(sa.select(sa.func.count()).select_from(WaitlistEntry).where(*where)).scalar_one()
