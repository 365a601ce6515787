"""Which slots are free, the best first: many instructors and days at once, each slot with the reasons for its place.

A slot that is offered has the verdict "ok". The search works on whole minutes and on the free stretches between
lessons instead of asking for a verdict per quarter of an hour; the tests hold both against each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from heapq import nsmallest
from typing import NamedTuple
from uuid import UUID

from driveflow_desktop.domain.scheduling.rules.diary import Diary, SchoolRules, Slot
from driveflow_desktop.domain.scheduling.rules.freetime import FreeTime, Run, SlotRequest
from driveflow_desktop.domain.scheduling.rules.grid import STEP_MIN, from_minute
from driveflow_desktop.kernel.time import MINUTES_PER_DAY, local_date, minute_of_day

NEAR_MIN = 10
FAR_MIN = 25
ALTERNATIVES = 3

# What each quality is worth, in minutes of driving that one would accept for it.
_DAY_LATER = 20
_HOUR_LATER = 1
_PREFERRED_TIME = 150
_PREFERRED_INSTRUCTOR = 60
_TAUGHT_ONCE = 8
_TAUGHT_AT_MOST = 5
_TRANSMISSION = 5
_UNKNOWN_DRIVE = 15
_MINUTE_APART = 4
_DAY_APART = 1200

_BLOCKED = 1 << 40


class SlotReason(StrEnum):
    """Why a slot stands where it stands in the list."""

    PREFERRED_TIME = "preferred_time"
    PREFERRED_INSTRUCTOR = "preferred_instructor"
    TAUGHT_BEFORE = "taught_before"
    TRANSMISSION = "transmission"
    NEAR_PICKUP = "near_pickup"
    LONGER_TRAVEL = "longer_travel"
    EARLIEST = "earliest"
    SAME_INSTRUCTOR = "same_instructor"
    SAME_TIME = "same_time"
    SAME_DAY = "same_day"


@dataclass(frozen=True, slots=True)
class FoundSlot:
    """A free slot; a lower `cost` is better. `drive_min` is the drive to the pickup where it is known."""

    slot: Slot
    cost: int
    reasons: tuple[SlotReason, ...]
    drive_min: int | None
    taught: int


class _Stretch(NamedTuple):
    """A run of one diary with what is the same for all its cells."""

    cost: int
    diary: Diary
    run: Run


class _Offer(NamedTuple):
    """A possible start; ranked by cost, then time, then instructor, whatever the order of the diaries."""

    cost: int
    cell: int
    tie: int
    stretch: _Stretch


class _Wanted(NamedTuple):
    """A wished start as the wall shows it."""

    instructor_id: UUID
    day: date
    wall_minute: int


def find_slots(
    request: SlotRequest, diaries: Iterable[Diary], rules: SchoolRules, now: datetime, limit: int = 10
) -> list[FoundSlot]:
    """Up to `limit` free slots on the 15-minute local grid, the best first.

    The best start of every instructor and day comes first; when those are fewer than `limit`, further starts follow,
    those that do not overlap an offered one before the others. Instructors whose cars are known not to have the
    wanted transmission are left out. Every slot has the verdict "ok".
    """
    free = FreeTime(request, rules, now)
    stretches, costs = _stretches(free, diaries), _cell_costs(free)
    best = nsmallest(limit, _best_per_day(stretches, costs), key=_rank)
    offers = _filled_up(best, stretches, costs, _cells(request.duration_min), limit)
    earliest = min((offer.cell for offer in offers), default=-1)
    found: list[FoundSlot] = []
    for offer in offers:
        reasons = _reasons(offer, free)
        if offer.cell == earliest:
            reasons.append(SlotReason.EARLIEST)
            earliest = -1
        found.append(_found(offer, free, reasons))
    return found


def alternatives(
    wanted: Slot, request: SlotRequest, diaries: Iterable[Diary], rules: SchoolRules, now: datetime
) -> list[FoundSlot]:
    """Three ways out of a refused slot on the days that `request` names, the best first.

    One with the same instructor, one with somebody else and one on another day, as far as they exist, then the best
    of what is left. Nearness counts most: a quarter of an hour is worth an hour of driving, a day five hours.
    """
    free, wish = FreeTime(request, rules, now), _wanted(wanted, rules)
    stretches, costs = _stretches(free, diaries), _distances(free, wish)
    best = sorted(_best_per_day(stretches, costs), key=_rank)
    picks = (
        next((offer for offer in best if offer.stretch.diary.instructor_id == wanted.instructor_id), None),
        next((offer for offer in best if offer.stretch.diary.instructor_id != wanted.instructor_id), None),
        next((offer for offer in best if free.grid.days[offer.stretch.run.day] != wish.day), None),
    )
    distinct = {(offer.tie, offer.cell): offer for offer in (*picks, *best) if offer is not None}
    chosen = list(distinct.values())[:ALTERNATIVES]
    offers = _filled_up(chosen, stretches, costs, _cells(request.duration_min), ALTERNATIVES)
    return [_found(offer, free, _nearness(offer, free, wish)) for offer in sorted(offers, key=_rank)]


def nearest_slot(
    wanted: Slot, request: SlotRequest, diary: Diary, rules: SchoolRules, now: datetime
) -> FoundSlot | None:
    """The best way out in a single diary on the days that `request` names; None where there is none."""
    free, wish = FreeTime(request, rules, now), _wanted(wanted, rules)
    offers = _best_per_day(_stretches(free, [diary]), _distances(free, wish))
    best = min(offers, key=_rank, default=None)
    return None if best is None else _found(best, free, _nearness(best, free, wish))


def _wanted(slot: Slot, rules: SchoolRules) -> _Wanted:
    return _Wanted(slot.instructor_id, local_date(slot.start, rules.tz), minute_of_day(slot.start, rules.tz))


def _distances(free: FreeTime, wanted: _Wanted) -> list[int]:
    """What a start at each cell costs for its distance from the wished one: other days, then other times of day."""
    grid = free.grid
    days_apart = [abs((day - wanted.day).days) * _DAY_APART for day in grid.days]
    return [
        _BLOCKED
        if free.blocked[cell]
        else days_apart[grid.day_of[cell]] + abs(grid.wall_minute[cell] - wanted.wall_minute) * _MINUTE_APART
        for cell in range(len(grid))
    ]


def _cells(duration_min: int) -> int:
    """Cells that a lesson covers, the last one perhaps in part."""
    return -(-duration_min // STEP_MIN)


def _stretches(free: FreeTime, diaries: Iterable[Diary]) -> list[_Stretch]:
    return [
        _Stretch(_diary_cost(diary, free.request) + _drive_cost(run, free.request), diary, run)
        for diary in diaries
        if _may_teach(diary, free.request)
        for run in free.runs(diary)
    ]


def _may_teach(diary: Diary, request: SlotRequest) -> bool:
    return request.transmission is None or not diary.transmissions or request.transmission in diary.transmissions


def _diary_cost(diary: Diary, request: SlotRequest) -> int:
    cost = -_TAUGHT_ONCE * min(request.taught.get(diary.instructor_id, 0), _TAUGHT_AT_MOST)
    if diary.instructor_id == request.preferred_instructor:
        cost -= _PREFERRED_INSTRUCTOR
    if request.transmission is not None and request.transmission in diary.transmissions:
        cost -= _TRANSMISSION
    return cost


def _drive_cost(run: Run, request: SlotRequest) -> int:
    if request.pickup is None:
        return 0
    return (_UNKNOWN_DRIVE if run.drive_in is None else run.drive_in) + (run.drive_out or 0)


def _cell_costs(free: FreeTime) -> list[int]:
    """What a start at each cell costs whoever teaches."""
    grid = free.grid
    return [
        _BLOCKED
        if free.blocked[cell]
        else grid.day_of[cell] * _DAY_LATER
        + grid.wall_minute[cell] // 60 * _HOUR_LATER
        - (_PREFERRED_TIME if _is_preferred(free, cell) else 0)
        for cell in range(len(grid))
    ]


def _is_preferred(free: FreeTime, cell: int) -> bool:
    weekday = free.grid.weekday[free.grid.day_of[cell]]
    start = free.grid.wall_minute[cell]
    end = start + free.request.duration_min
    return any(
        weekday in wish.days and wish.start_minute <= start and end <= min(wish.end_minute, MINUTES_PER_DAY)
        for wish in free.request.preferred_times
    )


def _best_per_day(stretches: Sequence[_Stretch], costs: Sequence[int]) -> list[_Offer]:
    """The best start of each instructor on each day, in no particular order."""
    best: dict[tuple[int, int], _Offer] = {}
    for stretch in stretches:
        offer = _best_start(stretch, costs)
        if offer is None:
            continue
        key = (offer.tie, stretch.run.day)
        if key not in best or _rank(offer) < _rank(best[key]):
            best[key] = offer
    return list(best.values())


def _best_start(stretch: _Stretch, costs: Sequence[int]) -> _Offer | None:
    window = costs[stretch.run.first : stretch.run.last + 1]
    cheapest = min(window)
    if cheapest >= _BLOCKED:
        return None
    return _offer(stretch, stretch.run.first + window.index(cheapest), cheapest)


def _filled_up(
    chosen: list[_Offer], stretches: Sequence[_Stretch], costs: Sequence[int], step: int, limit: int
) -> list[_Offer]:
    """`chosen` with further starts up to `limit`: those at least `step` cells from all chosen ones come first."""
    if len(chosen) >= limit:
        return chosen[:limit]
    rest = sorted(
        (
            _offer(stretch, cell, costs[cell])
            for stretch in stretches
            for cell in range(stretch.run.first, stretch.run.last + 1)
            if costs[cell] < _BLOCKED
        ),
        key=_rank,
    )
    taken: dict[int, list[int]] = {}
    for offer in chosen:
        taken.setdefault(offer.tie, []).append(offer.cell)
    for apart in (step, 1):
        for offer in rest:
            cells = taken.setdefault(offer.tie, [])
            if len(chosen) < limit and all(abs(offer.cell - cell) >= apart for cell in cells):
                cells.append(offer.cell)
                chosen.append(offer)
    return chosen


def _offer(stretch: _Stretch, cell: int, cost: int) -> _Offer:
    return _Offer(cost + stretch.cost, cell, stretch.diary.instructor_id.int, stretch)


def _rank(offer: _Offer) -> tuple[int, int, int]:
    return offer.cost, offer.cell, offer.tie


def _reasons(offer: _Offer, free: FreeTime) -> list[SlotReason]:
    request, diary, run = free.request, offer.stretch.diary, offer.stretch.run
    longest = max(run.drive_in or 0, run.drive_out or 0)
    tests = (
        (SlotReason.PREFERRED_TIME, _is_preferred(free, offer.cell)),
        (SlotReason.PREFERRED_INSTRUCTOR, diary.instructor_id == request.preferred_instructor),
        (SlotReason.TAUGHT_BEFORE, request.taught.get(diary.instructor_id, 0) > 0),
        (SlotReason.TRANSMISSION, request.transmission is not None and request.transmission in diary.transmissions),
        (SlotReason.NEAR_PICKUP, run.drive_in is not None and run.drive_in <= NEAR_MIN),
        (SlotReason.LONGER_TRAVEL, longest > FAR_MIN),
    )
    return [reason for reason, holds in tests if holds]


def _nearness(offer: _Offer, free: FreeTime, wanted: _Wanted) -> list[SlotReason]:
    tests = (
        (SlotReason.SAME_INSTRUCTOR, offer.stretch.diary.instructor_id == wanted.instructor_id),
        (SlotReason.SAME_TIME, free.grid.wall_minute[offer.cell] == wanted.wall_minute),
        (SlotReason.SAME_DAY, free.grid.days[offer.stretch.run.day] == wanted.day),
    )
    return [reason for reason, holds in tests if holds]


def _found(offer: _Offer, free: FreeTime, reasons: Sequence[SlotReason]) -> FoundSlot:
    request, diary = free.request, offer.stretch.diary
    start = free.grid.start(offer.cell)
    slot = Slot(
        diary.instructor_id,
        from_minute(start),
        from_minute(start + request.duration_min),
        request.student_id,
        request.pickup,
        request.dropoff,
        request.ignore,
    )
    taught = request.taught.get(diary.instructor_id, 0)
    return FoundSlot(slot, offer.cost, tuple(reasons), offer.stretch.run.drive_in, taught)
