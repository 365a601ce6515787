"""When an instructor is open: weekly hours, exceptions and holidays, as spans of UTC instants."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from driveflow_desktop.kernel.time import MINUTES_PER_DAY, Interval, wall_to_utc, weekday_sunday0


class WeeklyHours(NamedTuple):
    """One weekly row: wall minutes on a weekday (0 = Sunday), valid from/to inclusive."""

    day_of_week: int
    start_minute: int
    end_minute: int
    effective_from: date | None = None
    effective_to: date | None = None

    def applies_on(self, day: date) -> bool:
        """Whether the row speaks about `day`."""
        return (
            weekday_sunday0(day) == self.day_of_week
            and (self.effective_from is None or self.effective_from <= day)
            and (self.effective_to is None or day <= self.effective_to)
        )


class DayException(NamedTuple):
    """A change to one date: the whole day without minutes, else the part from start to end (wall minutes)."""

    day: date
    is_available: bool
    start_minute: int | None = None
    end_minute: int | None = None

    @property
    def is_whole_day(self) -> bool:
        """Whether the row speaks about all of its date; closing 00:00 to 24:00 is closing the day."""
        if self.start_minute is None and self.end_minute is None:
            return True
        return not self.is_available and self.minutes == (0, MINUTES_PER_DAY)

    @property
    def minutes(self) -> tuple[int, int]:
        """The part it speaks about; a missing edge is the day's own."""
        start = 0 if self.start_minute is None else self.start_minute
        end = MINUTES_PER_DAY if self.end_minute is None else self.end_minute
        return start, end


class Hours(NamedTuple):
    """Everything that opens and closes one instructor."""

    weekly: Sequence[WeeklyHours] = ()
    exceptions: Sequence[DayException] = ()


def expand(
    hours: Hours, closed_holidays: Collection[date], first: date, last: date, tz: ZoneInfo
) -> tuple[Interval, ...]:
    """The open spans from local date `first` to `last` inclusive: sorted, disjoint, touching ones joined.

    Per date: a closing whole-day exception or a public holiday removes the weekly hours; an opening whole-day
    exception keeps them in spite of a holiday, and opens 00:00 to 24:00 where the weekday has none and no part says
    when. Then opening parts are added, and last closing parts are taken away, so that a lunch break wins over longer
    hours. Edges follow `wall_to_utc`: opening and closing spans both cover the two passes of a repeated hour.
    """
    by_day: dict[date, list[DayException]] = {}
    for exception in hours.exceptions:
        if first <= exception.day <= last:
            by_day.setdefault(exception.day, []).append(exception)
    spans: list[Interval] = []
    for day in _days(first, last):
        spans.extend(_open_on(day, hours.weekly, by_day.get(day, ()), day in closed_holidays, tz))
    return tuple(_joined(spans))


def expand_all(
    hours: Mapping[UUID, Hours], closed_holidays: Collection[date], first: date, last: date, tz: ZoneInfo
) -> dict[UUID, tuple[Interval, ...]]:
    """`expand` for many instructors; the wall-to-UTC edges they share are computed once."""
    return {instructor: expand(own, closed_holidays, first, last, tz) for instructor, own in hours.items()}


def _open_on(
    day: date, weekly: Sequence[WeeklyHours], exceptions: Sequence[DayException], is_holiday: bool, tz: ZoneInfo
) -> Sequence[Interval]:
    regular = [(row.start_minute, row.end_minute) for row in weekly if row.applies_on(day)]
    if not exceptions:
        return () if is_holiday else _to_utc(day, regular, tz)
    whole = [row.is_available for row in exceptions if row.is_whole_day]
    parts = [row for row in exceptions if not row.is_whole_day]
    # Two whole-day rows cannot both stand (unique key); should a merge produce them, closing is the safe reading.
    closed = is_holiday if not whole else not all(whole)
    base = [] if closed else regular
    opening = [row.minutes for row in parts if row.is_available]
    if whole and not closed and not regular and not opening:
        base = [(0, MINUTES_PER_DAY)]
    opened = _to_utc(day, base + opening, tz)
    taken = _to_utc(day, [row.minutes for row in parts if not row.is_available], tz)
    return subtract(list(_joined(opened)), list(_joined(taken)))


def _to_utc(day: date, parts: Iterable[tuple[int, int]], tz: ZoneInfo) -> list[Interval]:
    spans = (Interval(_edge(day, start, tz, False), _edge(day, end, tz, True)) for start, end in parts)
    return [span for span in spans if span.start < span.end]


@lru_cache(maxsize=8192)
def _edge(day: date, minute: int, tz: ZoneInfo, is_end: bool) -> datetime:
    # Midnight closes a day where the next one opens, so that neighbouring days neither overlap nor leave a gap.
    return wall_to_utc(day, minute, tz, is_end=is_end and minute < MINUTES_PER_DAY)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=offset) for offset in range((last - first).days + 1))


def _joined(spans: Iterable[Interval]) -> Iterator[Interval]:
    """Sorted spans with overlapping and touching ones made one."""
    ordered = sorted(spans)
    if not ordered:
        return
    start, end = ordered[0]
    for span in ordered[1:]:
        if span.start > end:
            yield Interval(start, end)
            start, end = span
        else:
            end = max(end, span.end)
    yield Interval(start, end)


def subtract(spans: Sequence[Interval], holes: Sequence[Interval]) -> list[Interval]:
    """`spans` without `holes`; both sorted and disjoint."""
    left: list[Interval] = []
    for start, end in spans:
        cursor = start
        for hole in holes:
            if hole.end <= cursor or hole.start >= end:
                continue
            if hole.start > cursor:
                left.append(Interval(cursor, hole.start))
            cursor = hole.end
        if cursor < end:
            left.append(Interval(cursor, end))
    return left
