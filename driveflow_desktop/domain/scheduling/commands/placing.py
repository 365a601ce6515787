"""Putting a lesson into the diary: the verdict, what the desk overrules, and the ways out of a refusal."""

from collections.abc import Iterable, Mapping
from typing import Final

from driveflow_desktop.domain.identity.queries import authorise
from driveflow_desktop.domain.identity.rules import Action
from driveflow_desktop.domain.scheduling.finding import alternatives_to, verdict_in
from driveflow_desktop.domain.scheduling.loader import Setting
from driveflow_desktop.domain.scheduling.rules.diary import Slot
from driveflow_desktop.domain.scheduling.rules.verdict import (
    HARD,
    Reason,
    Verdict,
    VerdictKind,
    refusal,
    require_bookable_slot,
)
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.types import Json
from driveflow_desktop.store.unit_of_work import UnitOfWork

ALL_ADVICE: Final = frozenset(VerdictKind) - HARD - {VerdictKind.OK}


def place_slot(uow: UnitOfWork, setting: Setting, slot: Slot, *, override: bool) -> dict[str, Json]:
    """The `overrides` to record for a slot that may be booked: advice by kind, empty when none stood against it.

    A real overlap is always refused, advice unless `override`; refusals carry `blocking` and three `alternatives`
    (`FoundSlot`s) in their details. Overruled advice is also a warning of the receipt.
    """
    answer = verdict_in(uow.connection, setting, slot, uow.now)
    try:
        require_bookable_slot(answer, ALL_ADVICE if override else ())
    except UserError as refused:
        raise with_alternatives(uow, setting, slot, refused) from None
    warn_of_overruled(uow, (answer,))
    return recorded(answer)


def warn_of_overruled(uow: UnitOfWork, answers: Iterable[Verdict]) -> None:
    """Tell once of each kind of advice that was overruled; `forbidden` for who may not overrule any."""
    overruled = {reason.kind: reason for answer in answers for reason in reversed(answer.reasons)}
    if overruled:
        authorise(uow.connection, uow.actor, Action.OVERRULE_ADVICE)
    for reason in overruled.values():
        uow.warn(refusal(Verdict((reason,))).message)


def require_free_slot(uow: UnitOfWork, setting: Setting, slot: Slot) -> None:
    """The hard rules alone: for a booking that stands in the diary already and is to be confirmed or reopened."""
    answer = verdict_in(uow.connection, setting, slot, uow.now)
    if answer.hard:
        raise with_alternatives(uow, setting, slot, refusal(answer))


def with_alternatives(uow: UnitOfWork, setting: Setting, slot: Slot, refused: UserError, **more: object) -> UserError:
    """The same refusal with three ways out, and further details."""
    found = alternatives_to(uow.connection, setting, slot, uow.now)
    return UserError(
        refused.code,
        refused.message,
        hint=refused.hint,
        column=refused.column,
        **{**refused.details, **more, "alternatives": found},
    )


def recorded(answer: Verdict) -> dict[str, Json]:
    """What `bookings.overrides` keeps of a verdict: `{kind: {needed, available}}`; a correction adds `status`."""
    return {reason.kind.value: _numbers(reason) for reason in answer.reasons}


def _numbers(reason: Reason) -> Mapping[str, Json]:
    numbers = {"needed": reason.needed, "available": reason.available}
    return {name: value for name, value in numbers.items() if value is not None}
