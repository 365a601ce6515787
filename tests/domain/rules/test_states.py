from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.scheduling.rules.states import Actor, Move, check_transition, possible_targets
from driveflow_desktop.domain.scheduling.rules.wording import plain_time
from driveflow_desktop.domain.scheduling.values import FINAL, OCCUPYING
from driveflow_desktop.domain.scheduling.values import BookingStatus as B
from driveflow_desktop.kernel.errors import UserError

SYDNEY = ZoneInfo("Australia/Sydney")
START = datetime(2026, 11, 25, 0, 0, tzinfo=UTC)
END = START + timedelta(hours=1)
OWNER, ADMIN, INSTRUCTOR, STUDENT = OrgRole
STAFF = (OWNER, ADMIN, INSTRUCTOR)
EVERYONE: tuple[Actor, ...] = (*OrgRole, None)


def move(source: B | None, target: B, actor: Actor = ADMIN, now: datetime = START) -> Move:
    return Move(source, target, actor, now, START, END, SYDNEY)


def allowed(attempt: Move) -> bool:
    try:
        check_transition(attempt)
    except UserError as refused:
        if refused.code != "state_transition":
            raise
        return False
    return True


# The table of the business rules, written a second time: (from, to) → who, at a time when every guard is satisfied.
TABLE: dict[tuple[B | None, B], tuple[Actor, ...]] = {
    (None, B.DRAFT): (*STAFF, STUDENT),
    (None, B.REQUESTED): (*STAFF, STUDENT),
    (None, B.PENDING_PAYMENT): (*STAFF, STUDENT),
    (None, B.CONFIRMED): STAFF,
    (B.DRAFT, B.PENDING_PAYMENT): STAFF,
    (B.DRAFT, B.CONFIRMED): STAFF,
    (B.DRAFT, B.CANCELLED): EVERYONE,
    (B.REQUESTED, B.CONFIRMED): STAFF,
    (B.REQUESTED, B.CANCELLED): (*STAFF, STUDENT),
    (B.PENDING_PAYMENT, B.CONFIRMED): (*STAFF, None),
    (B.PENDING_PAYMENT, B.CANCELLED): EVERYONE,
    (B.CONFIRMED, B.IN_PROGRESS): STAFF,
    (B.CONFIRMED, B.CANCELLED): (*STAFF, STUDENT),
    (B.CONFIRMED, B.NO_SHOW): STAFF,
    (B.CONFIRMED, B.COMPLETED): STAFF,
    (B.IN_PROGRESS, B.COMPLETED): STAFF,
    (B.IN_PROGRESS, B.CANCELLED): (OWNER, ADMIN),
}


@pytest.mark.parametrize("actor", EVERYONE)
@pytest.mark.parametrize("target", list(B))
@pytest.mark.parametrize("source", [None, *B])
def test_every_pair_of_statuses_and_every_role_follows_the_table(source: B | None, target: B, actor: Actor) -> None:
    attempt = replace(move(source, target, actor, now=END), reason="asked")
    if source is target:
        expected = True
    elif source in FINAL:
        expected = actor in (OWNER, ADMIN)
    else:
        expected = actor in TABLE.get((source, target), ())
    assert allowed(attempt) is expected


def test_an_owner_may_do_whatever_an_admin_may() -> None:
    for source in (None, *B):
        attempt = move(source, B.DRAFT, ADMIN, now=END)
        assert possible_targets(attempt) <= possible_targets(replace(attempt, actor=OWNER))


@pytest.mark.parametrize(
    ("target", "opens"),
    [
        (B.IN_PROGRESS, START - timedelta(minutes=30)),
        (B.NO_SHOW, START + timedelta(minutes=15)),
        (B.COMPLETED, END),
    ],
)
def test_a_guard_opens_to_the_microsecond_and_says_when(target: B, opens: datetime) -> None:
    assert allowed(move(B.CONFIRMED, target, INSTRUCTOR, now=opens))
    with pytest.raises(UserError) as refused:
        check_transition(move(B.CONFIRMED, target, INSTRUCTOR, now=opens - timedelta(microseconds=1)))
    assert refused.value.details["possible_from"] == opens
    assert f"{plain_time(opens, SYDNEY)} on." in refused.value.message


def test_the_system_waits_half_an_hour_for_a_payment_and_people_need_not() -> None:
    waiting = replace(move(B.PENDING_PAYMENT, B.CANCELLED, None, now=START), pending_since=START)
    assert not allowed(waiting)
    assert allowed(replace(waiting, now=START + timedelta(minutes=30)))
    assert allowed(replace(waiting, actor=STUDENT))


def test_a_draft_that_ran_out_can_only_be_cancelled() -> None:
    dead = replace(move(B.DRAFT, B.CONFIRMED), hold_until=START)
    assert not allowed(dead)
    assert allowed(replace(dead, now=START - timedelta(microseconds=1)))
    assert possible_targets(dead) == {B.CANCELLED}


def test_repeating_a_step_changes_nothing() -> None:
    again = check_transition(move(B.CONFIRMED, B.CONFIRMED, None))
    assert not again.changes
    assert not again.check_slot


@pytest.mark.parametrize("source", sorted(FINAL))
def test_a_final_status_needs_a_reason_and_an_unpaid_payout(source: B) -> None:
    attempt = move(source, B.CONFIRMED)
    with pytest.raises(UserError) as refused:
        check_transition(attempt)
    assert refused.value.column == "reason"
    reopened = check_transition(replace(attempt, reason="wrong lesson"))
    assert reopened.reopens
    assert reopened.check_slot is (source is not B.COMPLETED)
    assert not allowed(replace(attempt, reason="wrong lesson", payout_paid=True))
    assert not allowed(replace(attempt, reason="wrong lesson", actor=INSTRUCTOR))


def test_effects_tell_the_command_what_to_do() -> None:
    started = check_transition(move(B.CONFIRMED, B.IN_PROGRESS))
    assert started.creates_lesson
    assert not started.planned_times
    finished = check_transition(move(B.IN_PROGRESS, B.COMPLETED))
    assert finished.payout_due
    assert not finished.creates_lesson
    at_once = check_transition(move(B.CONFIRMED, B.COMPLETED, now=END))
    assert at_once.creates_lesson
    assert at_once.planned_times
    assert at_once.payout_due
    assert check_transition(move(B.CONFIRMED, B.CANCELLED)).policy_applies
    assert not check_transition(move(B.REQUESTED, B.CANCELLED)).policy_applies


def test_every_step_into_a_slot_has_it_checked() -> None:
    for (source, target), who in TABLE.items():
        transition = check_transition(move(source, target, who[0], now=END))
        if target in OCCUPYING and source not in OCCUPYING:
            assert transition.check_slot, (source, target)
    assert check_transition(move(B.REQUESTED, B.CONFIRMED)).check_slot
    assert not check_transition(move(B.CONFIRMED, B.IN_PROGRESS)).check_slot


def test_menus_offer_what_the_rules_allow() -> None:
    confirmed = move(B.CONFIRMED, B.CONFIRMED, INSTRUCTOR, now=START)
    assert possible_targets(confirmed) == {B.IN_PROGRESS, B.CANCELLED}
    assert possible_targets(replace(confirmed, now=END)) == {B.IN_PROGRESS, B.CANCELLED, B.NO_SHOW, B.COMPLETED}
    assert possible_targets(move(B.COMPLETED, B.COMPLETED, INSTRUCTOR)) == frozenset()
