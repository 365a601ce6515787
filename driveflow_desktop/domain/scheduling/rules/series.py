"""Weekly lessons: a verdict per date, what to do with dates that clash, and which lessons an edit reaches."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from driveflow_desktop.domain.scheduling.rules.diary import Slot
from driveflow_desktop.domain.scheduling.rules.freetime import SlotRequest
from driveflow_desktop.domain.scheduling.rules.slots import nearest_slot
from driveflow_desktop.domain.scheduling.rules.verdict import HARD, Context, Verdict, VerdictKind, verdict
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date, minute_of_day, wall_to_utc

MAX_LESSONS = 104
_CHANGEABLE = frozenset(
    {BookingStatus.DRAFT, BookingStatus.PENDING_PAYMENT, BookingStatus.REQUESTED, BookingStatus.CONFIRMED}
)


class ClashPolicy(StrEnum):
    """What happens to a date on which the lesson does not fit."""

    SKIP = "skip"
    SHIFT = "shift"


class SeriesAction(StrEnum):
    """What is proposed for one date of a series."""

    BOOK = "book"
    SHIFT = "shift"
    SKIP = "skip"


class SeriesScope(StrEnum):
    """Which lessons of a series an edit reaches."""

    THIS = "this"
    FOLLOWING = "following"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """What is wished for: the first lesson, how many, and what to do with clashes."""

    first: Slot
    lessons: int
    on_clash: ClashPolicy = ClashPolicy.SKIP
    every_weeks: int = 1
    accepted: frozenset[VerdictKind] = frozenset()
    """Advice that the desk overrules for the whole series; an overlap cannot be accepted."""


class SeriesDate(NamedTuple):
    """The preview of one date; `verdict` is about the regular time, `slot` is None where the date is skipped."""

    day: date
    verdict: Verdict
    action: SeriesAction
    slot: Slot | None


class Member(NamedTuple):
    """A lesson of a series, as an edit sees it."""

    id: UUID
    start: datetime
    end: datetime
    status: BookingStatus


def regular_slots(plan: SeriesPlan, tz: ZoneInfo) -> list[Slot]:
    """The slots of a series at the same wall time each time, whatever the clocks do in between.

    Raises `UserError` "invalid" for fewer than 1 or more than 104 lessons, or an interval of less than a week.
    """
    if not 1 <= plan.lessons <= MAX_LESSONS:
        raise UserError("invalid", f"A series has 1 to {MAX_LESSONS} lessons.", column="lessons")
    if plan.every_weeks < 1:
        raise UserError("invalid", "A series repeats every week or less often.", column="every_weeks")
    first_day, minute = local_date(plan.first.start, tz), minute_of_day(plan.first.start, tz)
    days = (first_day + timedelta(weeks=plan.every_weeks * index) for index in range(1, plan.lessons))
    return [plan.first, *(_at(plan.first, wall_to_utc(day, minute, tz)) for day in days)]


def preview(plan: SeriesPlan, context: Context) -> list[SeriesDate]:
    """A verdict and a proposal per date. `context` covers all days of the series for its instructor and student.

    A date clashes when its verdict is not ok, accepted advice apart. A clashing date is skipped, or moved to the
    nearest free time of the same instructor on the same day, and skipped where there is none.
    """
    accepted = plan.accepted - HARD
    return [
        _proposal(slot, verdict(slot, context), plan, accepted, context)
        for slot in regular_slots(plan, context.rules.tz)
    ]


def _proposal(
    slot: Slot, answer: Verdict, plan: SeriesPlan, accepted: frozenset[VerdictKind], context: Context
) -> SeriesDate:
    day = local_date(slot.start, context.rules.tz)
    if all(reason.kind in accepted for reason in answer.reasons):
        return SeriesDate(day, answer, SeriesAction.BOOK, slot)
    shifted = _shifted(slot, day, context) if plan.on_clash is ClashPolicy.SHIFT else None
    if shifted is None:
        return SeriesDate(day, answer, SeriesAction.SKIP, None)
    return SeriesDate(day, answer, SeriesAction.SHIFT, shifted)


def _shifted(slot: Slot, day: date, context: Context) -> Slot | None:
    request = SlotRequest(
        duration_min=(slot.end - slot.start) // timedelta(minutes=1),
        first=day,
        last=day,
        student_id=slot.student_id,
        student_booked=context.student_booked,
        pickup=slot.pickup,
        dropoff=slot.dropoff,
        ignore=slot.ignore,
    )
    found = nearest_slot(slot, request, context.diary, context.rules, context.now)
    return None if found is None else found.slot


def reached(members: Iterable[Member], anchor: UUID, scope: SeriesScope) -> list[Member]:
    """The lessons that an edit of `anchor` reaches, in order of time: those that can still change."""
    ordered = sorted(members, key=lambda member: (member.start, member.id))
    start = next((member.start for member in ordered if member.id == anchor), None)
    if start is None:
        raise UserError("gone", "That lesson is no longer part of the series.", hint="Open the lesson again.")
    return [
        member
        for member in ordered
        if member.status in _CHANGEABLE
        and (
            member.id == anchor
            or scope is SeriesScope.ALL
            or (scope is SeriesScope.FOLLOWING and member.start >= start)
        )
    ]


def moved_starts(members: Sequence[Member], anchor: Member, new_start: datetime, tz: ZoneInfo) -> dict[UUID, datetime]:
    """New starts for `members` when `anchor` moves to `new_start`: as many local days on, at the new wall time."""
    shift = local_date(new_start, tz) - local_date(anchor.start, tz)
    minute = minute_of_day(new_start, tz)
    return {
        member.id: new_start
        if member.id == anchor.id
        else wall_to_utc(local_date(member.start, tz) + shift, minute, tz)
        for member in members
    }


def _at(slot: Slot, start: datetime) -> Slot:
    return slot._replace(start=start, end=start + (slot.end - slot.start))
