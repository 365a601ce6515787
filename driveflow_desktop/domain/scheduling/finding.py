"""Where a lesson fits: the verdict on one slot, the best free slots, and the ways out of a refusal."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.people.values import Transmission
from driveflow_desktop.domain.scheduling.loader import (
    Days,
    Setting,
    load_booked,
    load_context,
    load_diaries,
    load_setting,
    load_taught,
    setting_at,
    setting_of,
)
from driveflow_desktop.domain.scheduling.rules.diary import Slot
from driveflow_desktop.domain.scheduling.rules.freetime import FreeTime, SlotRequest
from driveflow_desktop.domain.scheduling.rules.grid import from_minute
from driveflow_desktop.domain.scheduling.rules.slots import FoundSlot, alternatives, find_slots
from driveflow_desktop.domain.scheduling.rules.travel import Peak
from driveflow_desktop.domain.scheduling.rules.verdict import Verdict, verdict
from driveflow_desktop.kernel.time import local_date, require_bookable

ALTERNATIVE_DAYS: Final = 7
NEXT_FREE_DAYS: Final = 28


@dataclass(frozen=True, slots=True)
class SlotSearch:
    """A wish for a lesson; dates are local and inclusive, `duration_min` is elapsed minutes."""

    duration_min: int
    first: date
    last: date
    student_id: UUID | None = None
    pickup: Place | None = None
    dropoff: Place | None = None
    instructor_ids: Collection[UUID] | None = None
    """Only these instructors; None for all active ones."""
    preferred_times: tuple[Peak, ...] = ()
    preferred_instructor: UUID | None = None
    transmission: Transmission | None = None
    ignore: UUID | None = None
    """The booking that is to be moved."""
    taught: Mapping[UUID, int] = field(default_factory=dict)


def verdict_at(connection: sa.Connection, org_id: UUID, slot: Slot, now: datetime) -> Verdict:
    """What stands against a slot; `UserError` "invalid" for times that no lesson can have."""
    require_bookable(slot.start, slot.end)
    setting = setting_at(connection, org_id, slot.start, slot.end)
    return verdict_in(connection, setting, slot, now)


def verdict_in(connection: sa.Connection, setting: Setting, slot: Slot, now: datetime) -> Verdict:
    """`verdict_at` for a school that is loaded already."""
    return verdict(slot, load_context(connection, setting, now, slot.instructor_id, slot.student_id))


def free_slots(
    connection: sa.Connection, org_id: UUID, search: SlotSearch, now: datetime, limit: int = 10
) -> tuple[FoundSlot, ...]:
    """The best free slots for a wish, each with the reasons for its place; nothing when the dates are reversed."""
    setting = load_setting(connection, org_id, Days(search.first, search.last))
    request = _request(connection, setting, search, now)
    diaries = load_diaries(connection, setting, now, search.instructor_ids)
    return tuple(find_slots(request, diaries.values(), setting.rules, now, limit))


def alternatives_to(
    connection: sa.Connection, setting: Setting, wanted: Slot, now: datetime, days: int = ALTERNATIVE_DAYS
) -> tuple[FoundSlot, ...]:
    """Three ways out of a refused slot, from its day on: same instructor, somebody else, another day."""
    first = max(local_date(wanted.start, setting.tz), local_date(now, setting.tz))
    wide = setting_of(connection, setting.school, Days(first, first + timedelta(days=days)))
    minutes = -((wanted.start - wanted.end) // timedelta(minutes=1))
    search = SlotSearch(
        minutes,
        wide.days.first,
        wide.days.last,
        wanted.student_id,
        wanted.pickup,
        wanted.dropoff,
        ignore=wanted.ignore,
    )
    request = _request(connection, wide, search, now)
    return tuple(alternatives(wanted, request, load_diaries(connection, wide, now).values(), wide.rules, now))


def next_free(
    connection: sa.Connection, org_id: UUID, instructor_id: UUID, search: SlotSearch, now: datetime, limit: int = 3
) -> tuple[Slot, ...]:
    """The earliest free slot of each day with one instructor, for up to `limit` days, in order of time."""
    setting = load_setting(connection, org_id, Days(search.first, search.last))
    free = FreeTime(_request(connection, setting, search, now), setting.rules, now)
    length = timedelta(minutes=search.duration_min)
    found: dict[int, Slot] = {}
    for diary in load_diaries(connection, setting, now, [instructor_id]).values():
        for run in free.runs(diary):
            cell = next((cell for cell in range(run.first, run.last + 1) if not free.blocked[cell]), None)
            if cell is not None and run.day not in found:
                start = from_minute(free.grid.start(cell))
                found[run.day] = Slot(
                    instructor_id,
                    start,
                    start + length,
                    search.student_id,
                    search.pickup,
                    search.dropoff,
                    search.ignore,
                )
    return tuple(sorted(found.values(), key=lambda slot: slot.start)[:limit])


def _request(connection: sa.Connection, setting: Setting, search: SlotSearch, now: datetime) -> SlotRequest:
    student = search.student_id
    return SlotRequest(
        search.duration_min,
        search.first,
        search.last,
        student,
        tuple(load_booked(connection, setting, now, student_id=student)) if student is not None else (),
        search.pickup,
        search.dropoff,
        search.preferred_times,
        search.preferred_instructor,
        load_taught(connection, setting.org_id, student)
        if student is not None and not search.taught
        else search.taught,
        search.transmission,
        search.ignore,
    )
