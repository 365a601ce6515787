"""What each kind of trouble means to the engine."""

from dataclasses import replace
from types import MappingProxyType
from typing import Final

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.sync.happenings import (
    CALM,
    MOST_PUSHED,
    CloseStream,
    Effect,
    EngineState,
    Failed,
    ForgetSession,
    Job,
    LockDevice,
    Moment,
    Retry,
    SetAsideOldest,
)
from driveflow_desktop.sync.outcomes import EVERY_REQUEST, Trouble
from driveflow_desktop.sync.planning import BACKOFF_FIRST, IDLE_SECONDS, PAUSE_CAP, later, wanting


def failed(state: EngineState, event: Failed, now: Moment) -> tuple[EngineState, list[Effect]]:
    """A job failed: it is wanted still, and its trouble says when and whether it is tried again."""
    state = replace(state, busy=None, last=event.job)
    failure = event.failure
    if failure.trouble in EVERY_REQUEST:
        # It is tried again by time, and the words are kept for when it becomes an alarm.
        state = replace(state, way=later(state.way, now, failure), way_problem=failure.error)
        return wanting(state, event.job), []
    state = replace(state, way=CALM)
    return _BY_TROUBLE.get(failure.trouble, _trouble_of_job)(state, event, now)


def _trouble_of_job(state: EngineState, event: Failed, now: Moment) -> tuple[EngineState, list[Effect]]:
    """Only this job waits: one that is stuck stops no other."""
    retry = later(state.jobs.get(event.job, CALM), now, event.failure)
    jobs = MappingProxyType({**state.jobs, event.job: retry})
    # This PC's own trouble (a full disk) is told at once, the network's only when it lasts.
    told = retry.failures > 1 or event.failure.trouble is Trouble.LOCAL
    problem = event.failure.error if told else state.problem
    state = replace(state, jobs=jobs, problem=problem)
    return wanting(state, event.job), []


def _pause(state: EngineState, event: Failed, now: Moment) -> tuple[EngineState, list[Effect]]:
    """The service asks for a pause: no failure, and nothing to tell."""
    seconds = min(PAUSE_CAP, event.failure.retry_after or BACKOFF_FIRST)
    # Those who were told the same second must not come back in the same one.
    state = replace(state, way=Retry(0, now.at + seconds * (1 + 0.1 * now.roll)))
    return wanting(state, event.job), []


def _too_large(state: EngineState, event: Failed, now: Moment) -> tuple[EngineState, list[Effect]]:
    if event.job not in (Job.PUSH, Job.REPLAY):
        return _trouble_of_job(state, event, now)
    state = wanting(state, event.job)
    if state.push_limit > 1:
        return replace(state, push_limit=state.push_limit // 2), []
    return replace(state, push_limit=MOST_PUSHED), [SetAsideOldest(event.job, event.failure)]


def _expired(state: EngineState, event: Failed, now: Moment) -> tuple[EngineState, list[Effect]]:
    if event.job is Job.REFRESH or state.token_refused:
        return without_session(state, event.failure.error)
    return wanting(replace(state, token_until=now.at, token_refused=True), event.job), []


def _session_over(state: EngineState, event: Failed, _now: Moment) -> tuple[EngineState, list[Effect]]:
    return without_session(state, event.failure.error)


def without_session(state: EngineState, why: UserError | None) -> tuple[EngineState, list[Effect]]:
    """Signed out; the edits stay where they are."""
    effects: list[Effect] = [ForgetSession()]
    if state.listening:
        effects.append(CloseStream())
    state = replace(state, user_id=None, signed_out_by=why, busy=None, listening=False, token_until=0.0)
    return replace(state, want=frozenset(), problem=None, progress=None), effects


def _revoked(state: EngineState, event: Failed, _now: Moment) -> tuple[EngineState, list[Effect]]:
    state, effects = without_session(state, event.failure.error)
    return replace(state, locked=True), [*effects, LockDevice()]


def _blocked(state: EngineState, event: Failed, _now: Moment) -> tuple[EngineState, list[Effect]]:
    # Only what reads is refused; edits go on being taken (docs/protocol.md, Conventions).
    may_push = event.job in (Job.PULL, Job.MEMBERS, Job.DIGEST)
    return wanting(replace(state, stopped_by=event.failure.error, may_push=may_push), event.job), []


def _needs_snapshot(state: EngineState, _event: Failed, _now: Moment) -> tuple[EngineState, list[Effect]]:
    return wanting(replace(state, head=None), Job.SNAPSHOT), []


def _not_current(state: EngineState, _event: Failed, now: Moment) -> tuple[EngineState, list[Effect]]:
    return wanting(replace(state, digest_at=now.at + IDLE_SECONDS), Job.PULL), []


def _cancelled(state: EngineState, event: Failed, _now: Moment) -> tuple[EngineState, list[Effect]]:
    words = UserError("cancelled", "You stopped the download.", hint="Choose “Synchronise now” to go on with it.")
    return wanting(replace(state, stopped_by=words), event.job), []


_BY_TROUBLE: Final = {
    Trouble.PAUSE: _pause,
    Trouble.TOO_LARGE: _too_large,
    Trouble.EXPIRED: _expired,
    Trouble.SIGNED_OUT: _session_over,
    Trouble.REVOKED: _revoked,
    Trouble.UPGRADE: _blocked,
    Trouble.EPOCH: _needs_snapshot,
    Trouble.BEHIND: _needs_snapshot,
    Trouble.SCOPE: _needs_snapshot,
    Trouble.NOT_CURRENT: _not_current,
    Trouble.CANCELLED: _cancelled,
}
