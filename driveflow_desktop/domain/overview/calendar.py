"""What the calendar shows: columns of instructor and day, with their lessons, in a fixed number of queries."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from driveflow_desktop.domain.overview.entries import CalendarEntry, EntryRow, entries_of, read_rows
from driveflow_desktop.domain.people.tables import Instructor
from driveflow_desktop.domain.scheduling.loader import Days, Setting, load_hours, load_setting
from driveflow_desktop.domain.scheduling.rules.availability import Hours, expand_all
from driveflow_desktop.domain.scheduling.tables import AvailabilityException, Booking, Holiday
from driveflow_desktop.domain.scheduling.values import OCCUPYING, BookingStatus
from driveflow_desktop.kernel.time import Interval, day_interval, local_date

_HIDDEN: Final = frozenset({BookingStatus.CANCELLED})
_COUNTED: Final = OCCUPYING | {BookingStatus.NO_SHOW}


@dataclass(frozen=True, slots=True)
class CalendarColumn:
    """One instructor on one local day; `minutes` are the lessons' elapsed minutes, without cancelled ones."""

    instructor_id: UUID
    name: str
    colour: str | None
    day: date
    span: Interval
    open: tuple[Interval, ...]
    on_leave: bool
    leave_note: str | None
    lessons: int
    minutes: int


@dataclass(frozen=True, slots=True)
class CalendarData:
    """A page of the calendar: columns by day and name, lessons by start; `holidays` are those kept that day."""

    days: Days
    tz: ZoneInfo
    columns: tuple[CalendarColumn, ...]
    entries: tuple[CalendarEntry, ...]
    holidays: Mapping[date, str]


class DayLoad(NamedTuple):
    """How full a day is: lessons, and their elapsed minutes."""

    lessons: int
    minutes: int


def calendar_day(
    connection: sa.Connection, org_id: UUID, day: date, now: datetime, *, with_cancelled: bool = False
) -> CalendarData:
    """A day with a column per active instructor, and per former one who still has lessons then."""
    return _page(connection, load_setting(connection, org_id, Days(day, day)), now, None, with_cancelled)


def calendar_week(
    connection: sa.Connection,
    org_id: UUID,
    instructor_id: UUID,
    first: date,
    now: datetime,
    *,
    days: int = 7,
    with_cancelled: bool = False,
) -> CalendarData:
    """`days` days of one instructor from `first` on, a column each."""
    setting = load_setting(connection, org_id, Days(first, first + timedelta(days=days - 1)))
    return _page(connection, setting, now, [instructor_id], with_cancelled)


# -- a page -------------------------------------------------------------------------------------------------------


def _page(
    connection: sa.Connection, setting: Setting, now: datetime, who: Collection[UUID] | None, with_cancelled: bool
) -> CalendarData:
    rows = _rows(connection, setting, who, with_cancelled)
    return CalendarData(
        setting.days,
        setting.tz,
        _columns(connection, setting, who, rows),
        entries_of(connection, setting, rows, now),
        _holidays(connection, setting),
    )


def _within(org_id: UUID, span: Interval) -> tuple[sa.ColumnElement[bool], ...]:
    """Bookings that start in a span."""
    return (Booking.org_id == org_id, Booking.start_at >= span.start, Booking.start_at < span.end)


def _rows(
    connection: sa.Connection, setting: Setting, who: Collection[UUID] | None, with_cancelled: bool
) -> list[EntryRow]:
    span = setting.days.span(setting.tz)
    where = [*_within(setting.org_id, span)]
    if who is not None:
        where.append(Booking.instructor_id.in_(who))
    if not with_cancelled:
        where.append(Booking.status.not_in(_HIDDEN))
    return read_rows(connection, where)


# -- columns ------------------------------------------------------------------------------------------------------


def _columns(
    connection: sa.Connection, setting: Setting, who: Collection[UUID] | None, rows: Sequence[EntryRow]
) -> tuple[CalendarColumn, ...]:
    seen = {row.instructor_id for row in rows}
    chosen = Instructor.id.in_(who) if who is not None else sa.or_(Instructor.active, Instructor.id.in_(seen))
    people = connection.execute(
        sa.select(Instructor.id, Instructor.display_name, Instructor.colour)
        .where(Instructor.org_id == setting.org_id, chosen)
        .order_by(sa.func.lower(Instructor.display_name), Instructor.id)
    ).all()
    ids = [person.id for person in people]
    hours = load_hours(connection, setting.org_id, setting.days, ids)
    leave = _leave(connection, setting, ids)
    days = [setting.days.first + timedelta(days=n) for n in range((setting.days.last - setting.days.first).days + 1)]
    loads = _loads(rows, setting.tz)
    columns = []
    for day in days:
        span = day_interval(day, setting.tz)
        spans = expand_all(
            {person.id: hours.get(person.id, Hours()) for person in people},
            setting.rules.closed_holidays,
            day,
            day,
            setting.tz,
        )
        for person_id, name, colour in people:
            on_leave = (person_id, day) in leave
            load = loads.get((person_id, day), DayLoad(0, 0))
            note = leave.get((person_id, day))
            columns.append(CalendarColumn(person_id, name, colour, day, span, spans[person_id], on_leave, note, *load))
    return tuple(columns)


def _loads(rows: Iterable[EntryRow], tz: ZoneInfo) -> dict[tuple[UUID, date], DayLoad]:
    found: dict[tuple[UUID, date], DayLoad] = {}
    for row in rows:
        if row.status in _COUNTED:
            key = (row.instructor_id, local_date(row.start, tz))
            lessons, minutes = found.get(key, (0, 0))
            found[key] = DayLoad(lessons + 1, minutes + Interval(row.start, row.end).minutes)
    return found


def _leave(connection: sa.Connection, setting: Setting, who: Collection[UUID]) -> dict[tuple[UUID, date], str | None]:
    row = AvailabilityException
    statement = sa.select(row.instructor_id, row.date, row.note).where(
        row.org_id == setting.org_id,
        row.instructor_id.in_(who),
        row.date.between(setting.days.first, setting.days.last),
        sa.not_(row.is_available),
        row.start_minute.is_(None),
    )
    return {(instructor_id, day): note for instructor_id, day, note in connection.execute(statement)}


def _holidays(connection: sa.Connection, setting: Setting) -> dict[date, str]:
    where = (
        Holiday.org_id == setting.org_id,
        Holiday.date.between(setting.days.first, setting.days.last),
        sa.or_(Holiday.region.is_(None), Holiday.region == setting.school.region),
    )
    return {row.date: row.name for row in connection.execute(sa.select(Holiday.date, Holiday.name).where(*where))}
