"""From the calendar's read model to what the widget draws, and from the widget's minutes back to instants. No Qt."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from driveflow_desktop.domain.catalog.values import ServiceKind
from driveflow_desktop.domain.finance.values import PaidState
from driveflow_desktop.domain.overview.calendar import CalendarColumn as Column
from driveflow_desktop.domain.overview.calendar import CalendarData
from driveflow_desktop.domain.overview.entries import CalendarEntry
from driveflow_desktop.domain.scheduling.values import FINAL, BookingStatus
from driveflow_desktop.kernel.time import MINUTES_PER_DAY, Interval, local_date, minute_of_day, wall_to_utc
from driveflow_desktop.ui.calendar.colours import FAMILIES
from driveflow_desktop.ui.calendar.snapshot import CalendarColumn, CalendarLesson, CalendarPage, Tone
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.words import tr

_MINUTE: Final = timedelta(minutes=1)
_PALETTES: Final = {
    ServiceKind.LESSON: "blue",
    ServiceKind.HIGHWAY: "teal",
    ServiceKind.TEST_PREP: "violet",
    ServiceKind.DRIVING_TEST: "violet",
    ServiceKind.NIGHT: "indigo",
    ServiceKind.THEORY: "slate",
    ServiceKind.PACKAGE_LESSON: "green",
}


def status_words(status: BookingStatus) -> str:
    """A status as the desk says it."""
    return {
        BookingStatus.DRAFT: tr("Status", "Draft"),
        BookingStatus.PENDING_PAYMENT: tr("Status", "Waiting for payment"),
        BookingStatus.REQUESTED: tr("Status", "Requested"),
        BookingStatus.CONFIRMED: tr("Status", "Confirmed"),
        BookingStatus.IN_PROGRESS: tr("Status", "In lesson"),
        BookingStatus.COMPLETED: tr("Status", "Done"),
        BookingStatus.CANCELLED: tr("Status", "Cancelled"),
        BookingStatus.NO_SHOW: tr("Status", "No-show"),
    }[status]


def span_words(start: datetime, end: datetime, tz: ZoneInfo) -> str:
    """`2:00–3:30 pm`, with am or pm once where both are the same."""
    first, last = _clock(start, tz), _clock(end, tz)
    if first[-2:] == last[-2:]:
        first = _bare(first)
    return f"{first}–{last}"


def short_span(start: datetime, end: datetime, tz: ZoneInfo) -> str:
    """`11:15–12:15 pm`, for narrow rows."""
    return f"{_bare(_clock(start, tz))}–{_clock(end, tz)}"


def _clock(instant: datetime, tz: ZoneInfo) -> str:
    return formats.clock(minute_of_day(instant, tz))


def _bare(clock: str) -> str:
    return clock.rpartition(" ")[0]


@dataclass(frozen=True, slots=True)
class Axis:
    """How the page's minutes stand to the clock: elapsed minutes of one day, or wall minutes of many."""

    tz: ZoneInfo
    days: Mapping[str, date]
    instructors: Mapping[str, UUID]
    origins: Mapping[str, datetime] | None
    """Midnight of each column, for a day view; None for a week, whose gutter shows wall time."""

    def minutes(self, key: str, span: Interval) -> tuple[int, int]:
        """Where a span lies in a column."""
        if self.origins is not None:
            origin = self.origins[key]
            return (span.start - origin) // _MINUTE, -((origin - span.end) // _MINUTE)
        start = minute_of_day(span.start, self.tz)
        return start, start + span.minutes

    def span(self, key: str, start_min: int, end_min: int) -> Interval:
        """The instants of a place in a column."""
        if self.origins is not None:
            origin = self.origins[key]
            return Interval(origin + start_min * _MINUTE, origin + end_min * _MINUTE)
        start = wall_to_utc(self.days[key], start_min, self.tz)
        return Interval(start, start + (end_min - start_min) * _MINUTE)


def axis_of(data: CalendarData, *, week: bool) -> Axis:
    """The page's axis."""
    keys = [_key(column, week=week) for column in data.columns]
    return Axis(
        data.tz,
        {key: column.day for key, column in zip(keys, data.columns, strict=True)},
        {key: column.instructor_id for key, column in zip(keys, data.columns, strict=True)},
        None if week else {key: column.span.start for key, column in zip(keys, data.columns, strict=True)},
    )


def page_of(data: CalendarData, axis: Axis, now: datetime, *, week: bool) -> CalendarPage:
    """The page as the widget draws it."""
    names = {column.instructor_id: column.name for column in data.columns}
    today = local_date(now, data.tz)
    columns = tuple(_column(column, axis, today, week=week) for column in data.columns)
    lessons = tuple(_lesson(entry, data, axis, names, now, week=week) for entry in data.entries)
    now_keys = frozenset(key for key, day in axis.days.items() if day == today)
    now_min = _now_minute(axis, now, now_keys)
    day_minutes = MINUTES_PER_DAY if week or not data.columns else data.columns[0].span.minutes
    labels = _hours(data.tz, None if week else data.days.first)
    return CalendarPage("", columns, lessons, day_minutes, labels, now_min, now_keys)


def note_of(data: CalendarData, *, week: bool) -> str:
    """What there is to say about the page as a whole: holidays, how full a week is, that nothing is booked."""
    parts = list(dict.fromkeys(data.holidays.values()))
    opened = sum(span.minutes for column in data.columns for span in column.open)
    if week and opened:
        booked = sum(column.minutes for column in data.columns)
        parts.append(tr("Calendar", "{share} % booked").format(share=round(100 * booked / opened)))
    elif not week and data.columns and not data.entries:
        parts.append(tr("Calendar", "Nothing booked: drag over a free time, or press N"))
    return " · ".join(parts)


def title_of(data: CalendarData, *, week: bool) -> str:
    """`Tuesday 24 November`, or `23 – 29 November`."""
    first, last = data.days.first, data.days.last
    if not week:
        return formats.day_long(first)
    start = str(first.day) if first.month == last.month else _without_weekday(first)
    return f"{start} – {_without_weekday(last)}"


def _without_weekday(day: date) -> str:
    return formats.day_long(day).split(" ", 1)[1]


def _key(column: Column, *, week: bool) -> str:
    return column.day.isoformat() if week else str(column.instructor_id)


def _column(column: Column, axis: Axis, today: date, *, week: bool) -> CalendarColumn:
    key = _key(column, week=week)
    opened = tuple(axis.minutes(key, span) for span in column.open)
    lessons = (
        tr("Calendar", "1 lesson") if column.lessons == 1 else tr("Calendar", "{n} lessons").format(n=column.lessons)
    )
    if column.on_leave and not column.lessons:
        subtitle = column.leave_note or tr("Calendar", "On leave")
    elif week:
        subtitle = lessons if column.lessons or opened else tr("Calendar", "closed")
    else:
        subtitle = f"{lessons} · {column.minutes / 60:g} h"
    if week:
        if column.day == today:
            subtitle = tr("Calendar", "today · {lessons}").format(lessons=subtitle)
        title = formats.weekday_short(column.day)
        return CalendarColumn(key, title, subtitle, open=opened, on_leave=column.on_leave)
    initials = "".join(part[0] for part in column.name.split()[:2]).upper()
    return CalendarColumn(key, column.name, subtitle, initials, None, opened, column.on_leave and not column.lessons)


def _lesson(
    entry: CalendarEntry, data: CalendarData, axis: Axis, names: Mapping[UUID, str], now: datetime, *, week: bool
) -> CalendarLesson:
    day = local_date(entry.start, data.tz)
    key = day.isoformat() if week else str(entry.instructor_id)
    start, end = axis.minutes(key, Interval(entry.start, entry.end))
    badge, tone = badge_of(entry, local_date(now, data.tz), day)
    when = span_words(entry.start, entry.end, data.tz)
    colour = entry.service_colour if entry.service_colour in FAMILIES else None
    spoken = ", ".join(
        part
        for part in (
            f"{formats.day_long(day)} {when}",
            entry.student_name,
            entry.service_name,
            names.get(entry.instructor_id, ""),
            status_words(entry.status),
            badge,
        )
        if part
    )
    return CalendarLesson(
        id=entry.id,
        column_key=key,
        start_min=start,
        end_min=end,
        title=entry.student_name,
        when_text=_bare(short_span(entry.start, entry.end, data.tz)),
        place=entry.suburb,
        service=entry.service_name,
        status=entry.status.value,
        badge=badge,
        badge_tone=tone,
        palette=colour or _PALETTES[entry.service_kind],
        past=entry.end <= now and not entry.live,
        live=entry.live,
        conflict=entry.conflict,
        travel_after_min=entry.travel_after_min,
        spoken=spoken,
    )


def badge_of(entry: CalendarEntry, today: date, day: date) -> tuple[str, Tone]:
    """The word in a lesson's corner."""
    if entry.conflict:
        return tr("Calendar", "conflict"), "bad"
    if entry.status is BookingStatus.NO_SHOW:
        return tr("Calendar", "no-show"), "bad"
    if entry.status in (BookingStatus.DRAFT, BookingStatus.REQUESTED, BookingStatus.PENDING_PAYMENT):
        return status_words(entry.status).lower(), "warn"
    if entry.paid is PaidState.PAID:
        return tr("Calendar", "paid"), "ok"
    if entry.due_cents > 0 and day <= today and entry.status not in FINAL - {BookingStatus.COMPLETED}:
        return tr("Calendar", "$ due"), "warn"
    return "", ""


def _now_minute(axis: Axis, now: datetime, keys: frozenset[str]) -> int | None:
    if not keys:
        return None
    start, _end = axis.minutes(next(iter(sorted(keys))), Interval(now, now + _MINUTE))
    return start


def _hours(tz: ZoneInfo, day: date | None) -> tuple[tuple[int, str], ...]:
    """The full hours with their wall time; on a day on which the clocks change they lie where they fall."""
    if day is None:
        return tuple((hour * 60, _hour_words(hour)) for hour in range(24))
    origin = wall_to_utc(day, 0, tz)
    end = wall_to_utc(day, MINUTES_PER_DAY, tz)
    found = []
    for minute in range(0, (end - origin) // _MINUTE, 60):
        wall = (origin + minute * _MINUTE).astimezone(tz)
        if wall.minute == 0:
            found.append((minute, _hour_words(wall.hour)))
    return tuple(found)


def _hour_words(hour: int) -> str:
    return f"{hour % 12 or 12} {'am' if hour < 12 else 'pm'}"
