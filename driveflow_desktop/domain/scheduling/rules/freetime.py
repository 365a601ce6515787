"""Where a lesson fits between the others: the free stretches of a diary as runs of quarter-hour cells.

A cell lies in a run exactly when a lesson that starts there has no reason against it but those of `FreeTime.blocked`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.people.values import Transmission
from driveflow_desktop.domain.scheduling.rules.diary import Booked, Diary, SchoolRules, needed_gap
from driveflow_desktop.domain.scheduling.rules.grid import Grid, ceil_minute, floor_minute, from_minute
from driveflow_desktop.domain.scheduling.rules.travel import Peak, Travel, is_peak, travel_between
from driveflow_desktop.domain.scheduling.rules.verdict import horizon_end


@dataclass(frozen=True, slots=True)
class SlotRequest:
    """What somebody on the telephone would like; dates are local and inclusive."""

    duration_min: int
    first: date
    last: date
    student_id: UUID | None = None
    student_booked: tuple[Booked, ...] = ()
    pickup: Place | None = None
    dropoff: Place | None = None
    preferred_times: tuple[Peak, ...] = ()
    """Parts of weekdays the student likes; a lesson must lie wholly inside one to count."""
    preferred_instructor: UUID | None = None
    taught: Mapping[UUID, int] = field(default_factory=dict)
    """Lessons the student has had with each instructor."""
    transmission: Transmission | None = None
    ignore: UUID | None = None
    """The booking that is to be moved."""

    @property
    def leaves_from(self) -> Place | None:
        """Where the instructor is afterwards: the drop-off, else the pickup."""
        return self.dropoff or self.pickup


class Run(NamedTuple):
    """Cells `first` to `last` (inclusive, one local day) at which the lesson may start, and the drives around it."""

    day: int
    first: int
    last: int
    drive_in: int | None
    """Minutes from the lesson before on that day, else from the instructor's base; None when unknown."""
    drive_out: int | None
    """Minutes to the next lesson on that day; None when there is none or its place is unknown."""


class _Busy(NamedTuple):
    start: int
    end: int
    booked: Booked


class _Way(NamedTuple):
    """The drive between the wished lesson and a neighbour, and the gap it asks for off the peak and in it."""

    drive: Travel | None
    gap: int
    peak_gap: int


_NO_WAY = _Way(None, 0, 0)
_NEVER = 1 << 40


class _Gap(NamedTuple):
    """The stretch between two neighbouring lessons of a diary, either of which may be missing."""

    before: _Busy | None
    after: _Busy | None
    way_in: _Way
    way_out: _Way
    from_base: Travel | None
    full_days: frozenset[int]


class FreeTime:
    """The free time of any number of diaries for one request; build it once, ask it per diary."""

    __slots__ = ("_rules", "blocked", "grid", "request")

    def __init__(self, request: SlotRequest, rules: SchoolRules, now: datetime) -> None:
        self.request = request
        self.grid = Grid(request.first, request.last, rules.tz)
        self.blocked = self._blocked_cells(rules, now)
        """Per cell: whether notice, horizon or another lesson of the student forbids a start there."""
        self._rules = rules

    def runs(self, diary: Diary) -> Iterator[Run]:
        """The cells at which a lesson fits into `diary`, in order of time."""
        busy = [
            _Busy(floor_minute(booked.start), ceil_minute(booked.end), booked)
            for booked in diary.occupied
            if booked.id != self.request.ignore
        ]
        spans = [(ceil_minute(span.start), floor_minute(span.end)) for span in diary.open]
        full_days, from_base = self._full_days(diary.daily_cap, busy), self._drive(diary.base, self.request.pickup)
        before: _Busy | None = None
        position = 0
        for after in (*busy, None):
            low = before.end + diary.buffer_min if before is not None else 0
            high = after.start - diary.buffer_min if after is not None else _NEVER
            while position < len(spans) and spans[position][1] <= low:
                position += 1
            hours = self._roomy(spans, position, low, high)
            if hours:
                ways = self._way_in(before, diary.buffer_min), self._way_out(after, diary.buffer_min)
                gap = _Gap(before, after, *ways, from_base, full_days)
                for opens, closes in hours:
                    yield from self._fit(gap, opens, closes)
            if after is not None and (before is None or after.end > before.end):
                before = after

    def _roomy(self, spans: list[tuple[int, int]], position: int, low: int, high: int) -> list[tuple[int, int]]:
        """The open spans from `position` on in which the lesson could fit between `low` and `high`."""
        duration = self.request.duration_min
        found: list[tuple[int, int]] = []
        if high - low < duration:
            return found
        for index in range(position, len(spans)):
            opens, closes = spans[index]
            if opens >= high:
                break
            if min(closes, high) - max(opens, low) >= duration:
                found.append((opens, closes))
        return found

    def _fit(self, gap: _Gap, opens: int, closes: int) -> Iterator[Run]:
        """The runs of a gap inside one open span."""
        grid, duration, after = self.grid, self.request.duration_min, gap.after
        earliest = opens if gap.before is None else max(opens, gap.before.end + gap.way_in.gap)
        first = max(0, grid.at_or_after(earliest))
        last = safe = min(len(grid) - 1, grid.at_or_before(closes - duration))
        if after is not None:
            safe = min(last, grid.at_or_before(after.start - gap.way_out.peak_gap - duration))
            last = min(last, grid.at_or_before(after.start - gap.way_out.gap - duration))
        yield from self._by_day(gap, first, safe)
        # Only the last few starts end so late that it matters whether the drive begins in the peak.
        for cell in range(max(first, safe + 1), last + 1):
            if not self._ends_in_peak(cell):
                yield from self._by_day(gap, cell, cell)

    def _by_day(self, gap: _Gap, first: int, last: int) -> Iterator[Run]:
        if first > last:
            return
        grid = self.grid
        day_before = grid.day_index(gap.before.end) if gap.before is not None else -1
        day_after = grid.day_index(gap.after.start) if gap.after is not None else -1
        for day in range(grid.day_of[first], grid.day_of[last] + 1):
            if day in gap.full_days:
                continue
            drive_in = gap.way_in.drive if day == day_before else gap.from_base
            drive_out = gap.way_out.drive if day == day_after else None
            yield Run(
                day,
                max(first, grid.first_cell[day]),
                min(last, grid.first_cell[day + 1] - 1),
                drive_in.normal_min if drive_in is not None else None,
                drive_out.normal_min if drive_out is not None else None,
            )

    def _way_in(self, before: _Busy | None, buffer_min: int) -> _Way:
        """The drive from the lesson before; it leaves when that one ends, so the peak is known."""
        if before is None:
            return _NO_WAY
        way = self._way(before.booked.leaves_from, self.request.pickup, buffer_min)
        if way.gap == way.peak_gap or not is_peak(before.booked.end, self._rules.tz, self._rules.travel):
            return way
        return way._replace(gap=way.peak_gap)

    def _way_out(self, after: _Busy | None, buffer_min: int) -> _Way:
        """The drive to the next lesson; whether it leaves in the peak depends on the start that is chosen."""
        return _NO_WAY if after is None else self._way(self.request.leaves_from, after.booked.pickup, buffer_min)

    def _way(self, origin: Place | None, goal: Place | None, buffer_min: int) -> _Way:
        drive = self._drive(origin, goal)
        if drive is None:
            return _Way(None, buffer_min, buffer_min)
        return _Way(drive, needed_gap(buffer_min, drive.normal_min), needed_gap(buffer_min, drive.peak_min))

    def _drive(self, origin: Place | None, goal: Place | None) -> Travel | None:
        return None if origin is None or goal is None else travel_between(origin, goal, self._rules.travel)

    def _ends_in_peak(self, cell: int) -> bool:
        end = from_minute(self.grid.start(cell) + self.request.duration_min)
        return is_peak(end, self._rules.tz, self._rules.travel)

    def _full_days(self, cap: int | None, busy: list[_Busy]) -> frozenset[int]:
        if cap is None:
            return frozenset()
        lessons = [0] * len(self.grid.days)
        for item in busy:
            day = self.grid.day_index(item.start)
            if day >= 0:
                lessons[day] += 1
        return frozenset(day for day, count in enumerate(lessons) if count >= cap)

    def _blocked_cells(self, rules: SchoolRules, now: datetime) -> list[bool]:
        grid, request = self.grid, self.request
        opens = grid.at_or_after(ceil_minute(now + timedelta(minutes=rules.notice_min)))
        closes = grid.at_or_after(ceil_minute(horizon_end(rules, now)))
        blocked = [not opens <= cell < closes for cell in range(len(grid))]
        if request.student_id is None:
            return blocked
        for booked in request.student_booked:
            if booked.student_id != request.student_id or booked.id == request.ignore:
                continue
            # A start clashes when it is before the other's end and the lesson would end after the other's start.
            first = grid.at_or_before(floor_minute(booked.start) - request.duration_min) + 1
            last = grid.at_or_after(ceil_minute(booked.end)) - 1
            for cell in range(max(0, first), min(len(grid) - 1, last) + 1):
                blocked[cell] = True
        return blocked
