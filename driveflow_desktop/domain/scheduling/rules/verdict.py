"""May this slot be booked? One answer for the ghost under the mouse, the command and the sync service.

A real overlap (`slot_taken`, `student_busy`) is hard: nobody can overrule it. Everything else is advice that the desk
may overrule, which is then recorded in the booking's `overrides`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.scheduling.rules.diary import (
    Booked,
    Diary,
    SchoolRules,
    Slot,
    first_overlap,
    needed_gap,
    whole_minutes,
)
from driveflow_desktop.domain.scheduling.rules.travel import travel_minutes
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import Interval, day_interval, local_date


class VerdictKind(StrEnum):
    """What stands against a slot, the gravest first."""

    OK = "ok"
    SLOT_TAKEN = "slot_taken"
    STUDENT_BUSY = "student_busy"
    HOLIDAY = "holiday"
    OUTSIDE_HOURS = "outside_hours"
    TRAVEL_TOO_TIGHT = "travel_too_tight"
    DAILY_CAP = "daily_cap"
    NOTICE = "notice"
    HORIZON = "horizon"


HARD = frozenset({VerdictKind.SLOT_TAKEN, VerdictKind.STUDENT_BUSY})


class Reason(NamedTuple):
    """One thing against a slot; `needed` and `available` are minutes (travel, notice), lessons (cap) or days."""

    kind: VerdictKind
    blocking: UUID | None = None
    needed: int | None = None
    available: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one slot; `reasons` hold all that stands against it, the gravest first."""

    reasons: tuple[Reason, ...] = ()

    @property
    def kind(self) -> VerdictKind:
        """`OK` or the gravest reason's code."""
        return self.reasons[0].kind if self.reasons else VerdictKind.OK

    @property
    def ok(self) -> bool:
        """Whether nothing at all stands against the slot."""
        return not self.reasons

    @property
    def hard(self) -> bool:
        """Whether a real overlap forbids the slot, whoever asks."""
        return self.kind in HARD

    @property
    def blocking(self) -> UUID | None:
        """The booking that is in the way, where there is one."""
        return self.reasons[0].blocking if self.reasons else None

    @property
    def advice(self) -> frozenset[VerdictKind]:
        """The kinds that the desk must overrule to book anyway."""
        return frozenset(reason.kind for reason in self.reasons) - HARD


OK = Verdict()


@dataclass(frozen=True, slots=True)
class Context:
    """What a verdict depends on: the diary around the slot, the student's other lessons, the school's rules, now."""

    rules: SchoolRules
    diary: Diary
    now: datetime
    student_booked: tuple[Booked, ...] = ()
    """The student's occupying bookings with whatever instructor; may include those in `diary`."""


_WORDS: Mapping[VerdictKind, tuple[str, str]] = {
    VerdictKind.SLOT_TAKEN: ("The instructor already has a lesson then.", "Choose another time or instructor."),
    VerdictKind.STUDENT_BUSY: ("The student already has a lesson then.", "Choose another time."),
    VerdictKind.HOLIDAY: ("The school is closed that day.", "Choose another day, or book it anyway."),
    VerdictKind.OUTSIDE_HOURS: (
        "That is outside the instructor's working hours.",
        "Choose another time, or book it anyway.",
    ),
    VerdictKind.TRAVEL_TOO_TIGHT: (
        "There is too little time to drive between the lessons.",
        "Leave a larger gap, or book it anyway.",
    ),
    VerdictKind.DAILY_CAP: (
        "The instructor's day is full.",
        "Choose another day or instructor, or book it anyway.",
    ),
    VerdictKind.NOTICE: (
        "That is at shorter notice than the school allows.",
        "Choose a later time, or book it anyway.",
    ),
    VerdictKind.HORIZON: (
        "That is further ahead than the diary is open.",
        "Choose an earlier date, or book it anyway.",
    ),
}


def verdict(slot: Slot, context: Context) -> Verdict:
    """Everything that stands against booking `slot`; advice is left out where a real overlap already forbids it."""
    diary = context.diary
    hard = _hard_reasons(slot, diary.occupied, context.student_booked)
    if hard:
        return Verdict(hard)
    reasons = [
        reason
        for reason in (
            _hours_reason(slot, diary, context.rules),
            _travel_reason(slot, diary, context.rules),
            _cap_reason(slot, diary, context.rules),
            *_window_reasons(slot, context.rules, context.now),
        )
        if reason is not None
    ]
    return Verdict(tuple(reasons)) if reasons else OK


def require_bookable_slot(answer: Verdict, overruled: Iterable[VerdictKind | str] = ()) -> frozenset[VerdictKind]:
    """Turn a verdict into a `UserError` unless the slot is free and the desk overruled all advice.

    Returns the advice that was overruled, to be recorded in the booking's `overrides`.
    """
    if answer.hard:
        raise refusal(answer)
    accepted = frozenset(overruled)
    remaining = tuple(reason for reason in answer.reasons if reason.kind not in accepted)
    if remaining:
        raise refusal(Verdict(remaining))
    return answer.advice


def refusal(answer: Verdict) -> UserError:
    """The gravest reason as an error in plain words; `details` carry the blocking booking and the minutes."""
    reason = answer.reasons[0]
    message, hint = _WORDS[reason.kind]
    if reason.kind is VerdictKind.TRAVEL_TOO_TIGHT:
        message = f"The gap between the lessons is {reason.available} minutes; {reason.needed} are needed."
    return UserError(
        reason.kind.value,
        message,
        hint=hint,
        column="start_at",
        blocking=reason.blocking,
        needed=reason.needed,
        available=reason.available,
    )


def _hard_reasons(
    slot: Slot, instructor_booked: Iterable[Booked], student_booked: Iterable[Booked]
) -> tuple[Reason, ...]:
    reasons = []
    taken = first_overlap(slot.start, slot.end, instructor_booked, slot.ignore)
    if taken is not None:
        reasons.append(Reason(VerdictKind.SLOT_TAKEN, taken.id))
    if slot.student_id is not None:
        own = (other for other in student_booked if other.student_id == slot.student_id)
        busy = first_overlap(slot.start, slot.end, own, slot.ignore)
        if busy is not None:
            reasons.append(Reason(VerdictKind.STUDENT_BUSY, busy.id))
    return tuple(reasons)


def _hours_reason(slot: Slot, diary: Diary, rules: SchoolRules) -> Reason | None:
    wanted = Interval(slot.start, slot.end)
    if any(span.contains(wanted) for span in diary.open):
        return None
    on_holiday = bool(rules.closed_holidays) and local_date(slot.start, rules.tz) in rules.closed_holidays
    return Reason(VerdictKind.HOLIDAY if on_holiday else VerdictKind.OUTSIDE_HOURS)


def neighbours(slot: Slot, occupied: Sequence[Booked]) -> tuple[Booked | None, Booked | None]:
    """The lessons just before and just after a free slot: the last to end, the first to start."""
    before: Booked | None = None
    after: Booked | None = None
    for other in occupied:
        if other.id == slot.ignore:
            continue
        if other.end <= slot.start:
            if before is None or other.end > before.end:
                before = other
        elif after is None:
            after = other
    return before, after


def _travel_reason(slot: Slot, diary: Diary, rules: SchoolRules) -> Reason | None:
    before, after = neighbours(slot, diary.occupied)
    if before is not None:
        gap = slot.start - before.end
        reason = _gap_reason(before.leaves_from, slot.pickup, before.end, gap, before.id, diary.buffer_min, rules)
        if reason is not None:
            return reason
    if after is not None:
        gap = after.start - slot.end
        return _gap_reason(slot.leaves_from, after.pickup, slot.end, gap, after.id, diary.buffer_min, rules)
    return None


def _gap_reason(
    origin: Place | None,
    goal: Place | None,
    departure: datetime,
    gap: timedelta,
    neighbour: UUID,
    buffer_min: int,
    rules: SchoolRules,
) -> Reason | None:
    """Whether `gap` is shorter than the buffer or the drive, whichever is longer."""
    drive = travel_minutes(origin, goal, departure, rules.tz, rules.travel)
    needed = needed_gap(buffer_min, drive)
    if gap >= timedelta(minutes=needed):
        return None
    return Reason(VerdictKind.TRAVEL_TOO_TIGHT, neighbour, needed, whole_minutes(gap))


def _cap_reason(slot: Slot, diary: Diary, rules: SchoolRules) -> Reason | None:
    cap = diary.daily_cap
    if cap is None:
        return None
    day = day_interval(local_date(slot.start, rules.tz), rules.tz)
    lessons = sum(1 for other in diary.occupied if day.start <= other.start < day.end and other.id != slot.ignore)
    return Reason(VerdictKind.DAILY_CAP, None, lessons + 1, cap) if lessons >= cap else None


def _window_reasons(slot: Slot, rules: SchoolRules, now: datetime) -> tuple[Reason, ...]:
    reasons = []
    ahead = slot.start - now
    if ahead < timedelta(minutes=rules.notice_min):
        reasons.append(Reason(VerdictKind.NOTICE, None, rules.notice_min, whole_minutes(ahead)))
    if slot.start >= horizon_end(rules, now):
        days = (local_date(slot.start, rules.tz) - local_date(now, rules.tz)).days
        reasons.append(Reason(VerdictKind.HORIZON, None, days, rules.horizon_days))
    return tuple(reasons)


def horizon_end(rules: SchoolRules, now: datetime) -> datetime:
    """The first instant for which the diary is not open yet."""
    last_day = local_date(now, rules.tz) + timedelta(days=rules.horizon_days)
    return day_interval(last_day, rules.tz).end
