"""The week of an instructor as bars on seven days: what dragging, typing and copying do. Pure: no Qt, no database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Literal
from uuid import UUID

from driveflow_desktop.domain.scheduling.commands.hours import Block
from driveflow_desktop.domain.scheduling.queries import WeeklyRow
from driveflow_desktop.kernel.time import MINUTES_PER_DAY

SNAP: Final = 15
SHORTEST: Final = 15
NEW_LENGTH: Final = 4 * 60
WEEK: Final = (1, 2, 3, 4, 5, 6, 0)
"""Days of the week as stored (0 = Sunday), in the order they are shown."""
_OPEN_FROM, _OPEN_TO = 6 * 60, 20 * 60

Edge = Literal["start", "end", "both"]
"""What of a bar is dragged: an edge, or all of it."""


@dataclass(frozen=True, slots=True)
class Span:
    """Wall minutes from midnight, the end not included."""

    start: int
    end: int

    @property
    def minutes(self) -> int:
        """How long it is."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Bar:
    """Working hours on a day of the week, as stored in the row `id`."""

    id: UUID
    day: int
    span: Span
    effective_from: date | None = None
    effective_to: date | None = None

    def block(self, span: Span | None = None) -> Block:
        """The bar as commands take it, with other hours where given."""
        span = span or self.span
        return Block(span.start, span.end, self.effective_from, self.effective_to)


@dataclass(frozen=True, slots=True)
class Version:
    """A week that holds from `first` on (nothing: since ever) until the next version begins."""

    first: date | None
    bars: tuple[Bar, ...]

    def on(self, day: int) -> tuple[Bar, ...]:
        """The bars of a day, by time."""
        return tuple(bar for bar in self.bars if bar.day == day)


def versions(rows: Iterable[WeeklyRow], today: date) -> tuple[Version, ...]:
    """The week that holds today, then each later one that rows with dates make."""
    rows = tuple(rows)
    starts = {row.effective_from for row in rows if row.effective_from is not None and row.effective_from > today}
    ends = {row.effective_to + timedelta(days=1) for row in rows if row.effective_to is not None}
    later = sorted(starts | {day for day in ends if day > today})
    begun = [row.effective_from for row in rows if row.effective_from is not None and row.effective_from <= today]
    found = [Version(max(begun, default=None), _bars(rows, today))]
    return (*found, *(Version(day, _bars(rows, day)) for day in later))


def _bars(rows: Sequence[WeeklyRow], on: date) -> tuple[Bar, ...]:
    holding = [row for row in rows if _holds(row.effective_from, row.effective_to, on)]
    bars = (
        Bar(row.id, row.day_of_week, Span(row.start_minute, row.end_minute), row.effective_from, row.effective_to)
        for row in holding
    )
    return tuple(sorted(bars, key=lambda bar: (WEEK.index(bar.day), bar.span.start)))


def _holds(first: date | None, last: date | None, on: date) -> bool:
    return (first is None or first <= on) and (last is None or on <= last)


def split_at(blocks: Iterable[Block], day: date) -> tuple[Block, ...]:
    """The blocks of a weekday, each that holds across `day` as one before it and an equal one from it on."""
    found: list[Block] = []
    for block in blocks:
        before = block.effective_from is None or block.effective_from < day
        if before and _holds(block.effective_from, block.effective_to, day):
            found += [
                replace(block, effective_to=day - timedelta(days=1)),
                replace(block, effective_from=day),
            ]
        else:
            found.append(block)
    return tuple(found)


def snapped(minute: float) -> int:
    """The nearest quarter of an hour within the day."""
    return max(0, min(MINUTES_PER_DAY, round(minute / SNAP) * SNAP))


def dragged(bar: Span, edge: Edge, by: int, others: Iterable[Span]) -> Span:
    """A bar after dragging an edge, or all of it, by minutes; it stops at its neighbours and at midnight."""
    low, high = _room(bar, others)
    if edge == "start":
        return Span(max(low, min(bar.start + by, bar.end - SHORTEST)), bar.end)
    if edge == "end":
        return Span(bar.start, min(high, max(bar.end + by, bar.start + SHORTEST)))
    start = max(low, min(bar.start + by, high - bar.minutes))
    return Span(start, start + bar.minutes)


def _room(bar: Span, others: Iterable[Span]) -> tuple[int, int]:
    low, high = 0, MINUTES_PER_DAY
    for other in others:
        if other.end <= bar.start:
            low = max(low, other.end)
        elif other.start >= bar.end:
            high = min(high, other.start)
    return low, high


def new_span(at: int, others: Iterable[Span], length: int = NEW_LENGTH) -> Span | None:
    """New hours around a minute: from the quarter of an hour before it, cut at the neighbours; None inside a bar."""
    others = tuple(others)
    start = max(0, min(at // SNAP * SNAP, MINUTES_PER_DAY - SHORTEST))
    if any(other.start <= start < other.end for other in others):
        return None
    _low, high = _room(Span(start, start + 1), others)
    end = min(high, start + length)
    return Span(start, end) if end - start >= SHORTEST else None


def next_gap(others: Sequence[Span], length: int = NEW_LENGTH) -> Span | None:
    """Where hours go that are added by keyboard: 8 am on an empty day, else after the last hours, else before."""
    if not others:
        return Span(8 * 60, 8 * 60 + length)
    after = max(other.end for other in others)
    if after + SHORTEST <= MINUTES_PER_DAY:
        return Span(min(after + 30, MINUTES_PER_DAY - SHORTEST), min(after + 30 + length, MINUTES_PER_DAY))
    first = min(other.start for other in others)
    return Span(max(0, first - length), first) if first >= SHORTEST else None


def visible_range(bars: Iterable[Bar]) -> Span:
    """The part of the day the tracks show: 6 am to 8 pm, and more where somebody works then."""
    spans = [bar.span for bar in bars]
    start = min([_OPEN_FROM, *(span.start for span in spans)])
    end = max([_OPEN_TO, *(span.end for span in spans)])
    return Span(start // 60 * 60, min(MINUTES_PER_DAY, -(-end // 60) * 60))


def hours_words(spans: Iterable[Span], off: str) -> str:
    """`9.5 h`, or what is said of a day without hours."""
    minutes = sum(span.minutes for span in spans)
    return f"{round(minutes / 60, 2):g} h" if minutes else off
