"""The life of a booking: who may take it from one status to the next, and when."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.scheduling.rules.closing import PENDING_PAYMENT_LIFE
from driveflow_desktop.domain.scheduling.rules.wording import plain_time
from driveflow_desktop.domain.scheduling.values import FINAL, OCCUPYING, BookingStatus
from driveflow_desktop.kernel.errors import UserError

START_EARLY = timedelta(minutes=30)
NO_SHOW_AFTER = timedelta(minutes=15)

Actor = OrgRole | None
"""Who acts; None is the system itself (a payment that arrived, a hold that ran out)."""

_Status = BookingStatus
_MANAGERS: frozenset[Actor] = frozenset({OrgRole.OWNER, OrgRole.ADMIN})
_STAFF: frozenset[Actor] = _MANAGERS | {OrgRole.INSTRUCTOR}
_PEOPLE: frozenset[Actor] = _STAFF | {OrgRole.STUDENT}
_ANYONE: frozenset[Actor] = _PEOPLE | {None}
_STAFF_OR_SYSTEM: frozenset[Actor] = _STAFF | {None}

_NAMES: Mapping[BookingStatus, str] = {
    _Status.DRAFT: "a draft",
    _Status.PENDING_PAYMENT: "waiting for payment",
    _Status.REQUESTED: "requested",
    _Status.CONFIRMED: "confirmed",
    _Status.IN_PROGRESS: "in progress",
    _Status.COMPLETED: "completed",
    _Status.CANCELLED: "cancelled",
    _Status.NO_SHOW: "a no-show",
}


@dataclass(frozen=True, slots=True)
class Move:
    """One attempt to change a booking's status."""

    source: BookingStatus | None
    """The present status; None for a booking that is being made."""
    target: BookingStatus
    actor: Actor
    now: datetime
    start: datetime
    end: datetime
    tz: ZoneInfo
    hold_until: datetime | None = None
    pending_since: datetime | None = None
    """When the booking began to wait for its payment."""
    reason: str = ""
    payout_paid: bool = False
    """Whether money for this booking has reached the instructor."""


class Transition(NamedTuple):
    """An allowed change and what the command has to do with it."""

    source: BookingStatus | None
    target: BookingStatus
    changes: bool = True
    """False when the booking already is where it should be: nothing to write (repeated payments, double clicks)."""
    check_slot: bool = False
    """The slot must be found free again in the same transaction."""
    creates_lesson: bool = False
    planned_times: bool = False
    """The lesson is recorded with the booking's planned times."""
    policy_applies: bool = False
    """The cancellation policy decides the refund."""
    payout_due: bool = False
    reopens: bool = False
    """A final status was undone: the audit entry carries the reason."""


Guard = Callable[[Move], datetime | str | None]
"""None when the move is fine, the instant from which it will be, or plain words why it never is."""


class _Rule(NamedTuple):
    who: frozenset[Actor]
    guard: Guard | None = None
    creates_lesson: bool = False
    policy_applies: bool = False


def _draft_alive(move: Move) -> datetime | str | None:
    if move.hold_until is not None and move.now >= move.hold_until:
        return f"This draft ran out at {plain_time(move.hold_until, move.tz)}."
    return None


def _payment_ran_out(move: Move) -> datetime | str | None:
    if move.actor is not None or move.pending_since is None:
        return None
    return move.pending_since + PENDING_PAYMENT_LIFE


def _near_start(move: Move) -> datetime | str | None:
    return move.start - START_EARLY


def _student_late(move: Move) -> datetime | str | None:
    return move.start + NO_SHOW_AFTER


def _after_end(move: Move) -> datetime | str | None:
    return move.end


_RULES: Mapping[tuple[BookingStatus | None, BookingStatus], _Rule] = {
    (None, _Status.DRAFT): _Rule(_PEOPLE),
    (None, _Status.REQUESTED): _Rule(_PEOPLE),
    (None, _Status.PENDING_PAYMENT): _Rule(_PEOPLE),
    (None, _Status.CONFIRMED): _Rule(_STAFF),
    (_Status.DRAFT, _Status.PENDING_PAYMENT): _Rule(_STAFF, _draft_alive),
    (_Status.DRAFT, _Status.CONFIRMED): _Rule(_STAFF, _draft_alive),
    (_Status.DRAFT, _Status.CANCELLED): _Rule(_ANYONE),
    (_Status.REQUESTED, _Status.CONFIRMED): _Rule(_STAFF),
    (_Status.REQUESTED, _Status.CANCELLED): _Rule(_PEOPLE),
    (_Status.PENDING_PAYMENT, _Status.CONFIRMED): _Rule(_STAFF_OR_SYSTEM),
    (_Status.PENDING_PAYMENT, _Status.CANCELLED): _Rule(_ANYONE, _payment_ran_out),
    (_Status.CONFIRMED, _Status.IN_PROGRESS): _Rule(_STAFF, _near_start, creates_lesson=True),
    (_Status.CONFIRMED, _Status.CANCELLED): _Rule(_PEOPLE, policy_applies=True),
    (_Status.CONFIRMED, _Status.NO_SHOW): _Rule(_STAFF, _student_late),
    (_Status.CONFIRMED, _Status.COMPLETED): _Rule(_STAFF, _after_end, creates_lesson=True),
    (_Status.IN_PROGRESS, _Status.COMPLETED): _Rule(_STAFF),
    (_Status.IN_PROGRESS, _Status.CANCELLED): _Rule(_MANAGERS, policy_applies=True),
}


STEPS: frozenset[tuple[BookingStatus | None, BookingStatus]] = frozenset(_RULES)
"""Every forward step of the table, whoever takes it; what no clock and no role can make possible is not in it."""


def takes_step(actor: Actor, source: BookingStatus | None, target: BookingStatus) -> bool:
    """Whether the table lets `actor` take this forward step at some time."""
    rule = _RULES.get((source, target))
    return rule is not None and actor in rule.who


def check_transition(move: Move) -> Transition:
    """What `move` entails, or `UserError` "state_transition" saying why not, and when it will be possible.

    A move to the present status is allowed and changes nothing. A final status yields to owner and admin alone, with
    a reason, until its payout is paid.
    """
    if move.source is move.target:
        return Transition(move.source, move.target, changes=False)
    if move.source is not None and move.source in FINAL:
        return _reopen(move, move.source)
    rule = _RULES.get((move.source, move.target))
    if rule is None:
        raise _refused(f"A lesson that is {_name(move.source)} cannot become {_name(move.target)}.")
    if move.actor not in rule.who:
        raise _refused(_not_yours(move), hint="Ask someone at the front desk.")
    if rule.guard is not None:
        _check_guard(rule.guard(move), move)
    return _effects(move, rule)


def possible_targets(move: Move) -> frozenset[BookingStatus]:
    """The statuses that `move`'s actor could choose now, whatever its own target; what menus enable."""
    return frozenset(target for target in BookingStatus if target is not move.source and _is_possible(move, target))


def _is_possible(move: Move, target: BookingStatus) -> bool:
    try:
        check_transition(replace(move, target=target, reason=move.reason or "asked for by the dialog"))
    except UserError:
        return False
    return True


def _effects(move: Move, rule: _Rule) -> Transition:
    return Transition(
        move.source,
        move.target,
        check_slot=_needs_slot(move),
        creates_lesson=rule.creates_lesson,
        planned_times=rule.creates_lesson and move.target is _Status.COMPLETED,
        policy_applies=rule.policy_applies,
        payout_due=move.target is _Status.COMPLETED,
    )


def _needs_slot(move: Move) -> bool:
    """Whatever starts to occupy its slot, and whatever is confirmed, must find it free."""
    if move.source is None or move.target is _Status.CONFIRMED:
        return True
    return move.target in OCCUPYING and move.source not in OCCUPYING


def _reopen(move: Move, source: BookingStatus) -> Transition:
    if move.actor not in _MANAGERS:
        raise _refused(
            f"This lesson is {_name(source)}; only an owner or the front desk can change that.",
            hint="Ask someone at the front desk.",
        )
    if move.payout_paid:
        raise _refused(
            "The instructor has already been paid for this lesson.",
            hint="Record a refund instead; it is taken off the next payout.",
        )
    if not move.reason.strip():
        raise UserError(
            "state_transition",
            f"This lesson is already {_name(source)}.",
            hint="Give a reason for changing it.",
            column="reason",
        )
    lesson = move.target in {_Status.IN_PROGRESS, _Status.COMPLETED}
    return Transition(
        source,
        move.target,
        check_slot=move.target in OCCUPYING and source not in OCCUPYING,
        creates_lesson=lesson and source is not _Status.COMPLETED,
        planned_times=move.target is _Status.COMPLETED,
        payout_due=move.target is _Status.COMPLETED,
        reopens=True,
    )


def _check_guard(answer: datetime | str | None, move: Move) -> None:
    if isinstance(answer, str):
        raise _refused(answer, hint="Make a new booking.")
    if answer is not None and move.now < answer:
        raise UserError(
            "state_transition",
            f"A lesson that is {_name(move.source)} can become {_name(move.target)} "
            f"from {plain_time(answer, move.tz)} on.",
            hint="Try again then.",
            column="status",
            possible_from=answer,
        )


def _not_yours(move: Move) -> str:
    if move.source is None:
        return f"You cannot make a booking that is {_name(move.target)} at once."
    return f"You cannot change a lesson from {_name(move.source)} to {_name(move.target)}."


def _name(status: BookingStatus | None) -> str:
    return "new" if status is None else _NAMES[status]


def _refused(message: str, *, hint: str = "") -> UserError:
    return UserError("state_transition", message, hint=hint, column="status")
