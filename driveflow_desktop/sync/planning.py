"""What the engine does next, and what it tells: the half of it that looks at the state alone."""

from dataclasses import replace
from types import MappingProxyType
from typing import Final

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.sync.happenings import (
    CALM,
    CloseStream,
    Counts,
    Effect,
    EngineState,
    Job,
    Moment,
    OpenStream,
    Retry,
    Run,
)
from driveflow_desktop.sync.outcomes import Failure
from driveflow_desktop.sync.status import SyncState, SyncStatus

POLL_SECONDS: Final = 30.0
"""A pull behind the stream, which may be lost without a word."""
BACKOFF_LEAST: Final = 0.1
BACKOFF_FIRST: Final = 1.0
BACKOFF_CAP: Final = 10.0
"""The longest pause after trouble: with a request's patience it stays under the 30 s in which replicas shall agree."""
PAUSE_CAP: Final = 600.0
"""The longest Retry-After that is obeyed in one go."""
ALARM_SECONDS: Final = 5.0
"""The way is called broken when it failed twice, over at least this time: one lost packet alarms nobody."""
REFRESH_AHEAD: Final = 60.0
"""Seconds before its end at which a token is renewed; of a short one, a quarter of its life."""
DIGEST_SECONDS: Final = 3600.0
IDLE_SECONDS: Final = 60.0
REPAIR_SECONDS: Final = 86_400.0
"""A digest that differs has the replica fetched anew at most once in this time."""


def status_of(state: EngineState, now: Moment) -> SyncStatus:
    """What a person is told."""
    found, problem = _standing(state, now)
    return SyncStatus(
        found,
        waiting=state.counts.waiting,
        conflicts=state.counts.conflicts,
        synced_at=state.synced_at,
        problem=problem,
        progress=state.progress,
        user_id=state.user_id,
        others_waiting=state.counts.others,
    )


def _standing(state: EngineState, now: Moment) -> tuple[SyncState, UserError | None]:
    if state.locked:
        return SyncState.LOCKED, None
    if state.stopped_by is not None:
        return SyncState.BLOCKED, state.stopped_by
    if state.user_id is None:
        return SyncState.SIGNED_OUT, state.signed_out_by
    if state.way.failures > 1 and (now.at - state.way.since >= ALARM_SECONDS or state.way.failures > 3):
        return SyncState.OFFLINE, state.way_problem
    if state.cursor is None:
        return SyncState.FIRST_SYNC, state.problem
    return (SyncState.SYNCED if agrees(state) else SyncState.SYNCING), state.problem


def agrees(state: EngineState) -> bool:
    """Whether nothing of this member waits and the newest head we know of is reached."""
    open_jobs = state.want & {Job.PUSH, Job.REPLAY, Job.SNAPSHOT}
    reached = state.head is not None and state.cursor is not None and state.cursor >= state.head
    heard = state.jobs.get(Job.PULL, CALM).failures < 2
    return reached and heard and not open_jobs and state.counts.mine <= 0 and state.counts.replays == 0


# -- planning -------------------------------------------------------------------------------------------------------


def plan(state: EngineState, now: Moment) -> tuple[EngineState, list[Effect]]:
    """Choose the next job when none runs, and open or close the stream."""
    effects: list[Effect] = []
    works = _may_work(state)
    if state.listening and (not works or state.stopped_by is not None):
        state = replace(state, listening=False)
        effects.append(CloseStream())
    if not works:
        return state, effects
    state = _due(state, now)
    job = None if state.busy else _next_job(state, now)
    if job is not None:
        state = replace(state, busy=job, want=state.want - {job})
        effects.append(Run(job, state.push_limit))
    if _may_listen(state, now) and not state.listening:
        state = replace(state, listening=True)
        effects.insert(0, OpenStream())
    return state, effects


def _may_listen(state: EngineState, now: Moment) -> bool:
    calm = state.way.failures == 0 and state.way.at <= now.at and state.stream.at <= now.at
    return calm and state.cursor is not None and state.stopped_by is None and _has_token(state, now)


def _may_work(state: EngineState) -> bool:
    return state.user_id is not None and not state.locked and (state.stopped_by is None or state.may_push)


def _due(state: EngineState, now: Moment) -> EngineState:
    """Want what its time has come for."""
    if state.stopped_by is not None:
        return state
    if state.cursor is None:
        return state if state.busy is Job.SNAPSHOT else wanting(state, Job.SNAPSHOT)
    if state.poll_at <= now.at:
        state = wanting(replace(state, poll_at=now.at + POLL_SECONDS), Job.PULL)
        if state.counts.mine > 0:
            # Whatever nobody told us of is found out by the clock, and not by the next edit.
            state = wanting(state, Job.PUSH)
    quiet = agrees(state) and state.counts.waiting == 0 and now.at - state.edited_at >= IDLE_SECONDS
    if quiet and state.digest_at <= now.at:
        state = wanting(state, Job.DIGEST)
    return state


def _next_job(state: EngineState, now: Moment) -> Job | None:
    if state.way.at > now.at:
        return None
    if state.stopped_by is not None and Job.PUSH not in state.want:
        return None
    if not _has_token(state, now):
        return Job.REFRESH if _ready(state, Job.REFRESH, now) else None
    if Job.SNAPSHOT in state.want:
        # Until it stands, pages of the log do not fit, and edits wait.
        return Job.SNAPSHOT if _ready(state, Job.SNAPSHOT, now) else None
    order = [Job.REPLAY, Job.PUSH, Job.PULL, Job.MEMBERS, Job.DIGEST]
    if state.stopped_by is not None:
        order = [Job.PUSH]
    elif state.last in (Job.PUSH, Job.REPLAY):
        order = [Job.PULL, Job.REPLAY, Job.PUSH, Job.MEMBERS, Job.DIGEST]
    if state.counts.replays and Job.REPLAY in order:
        # What was acknowledged once is older than what waits, and comes first.
        order.remove(Job.PUSH)
    return next((job for job in order if job in state.want and _ready(state, job, now)), None)


def _has_token(state: EngineState, now: Moment) -> bool:
    return now.at < state.token_until


def _ready(state: EngineState, job: Job, now: Moment) -> bool:
    return state.jobs.get(job, CALM).at <= now.at


def next_time(state: EngineState, now: Moment) -> float | None:
    """When something becomes due by time alone."""
    if not _may_work(state):
        return None
    times = [state.poll_at, state.token_until, state.digest_at]
    times += [retry.at for retry in (state.way, *state.jobs.values())]
    if not state.listening:
        times.append(state.stream.at)
    if state.way.failures:
        times.append(state.way.since + ALARM_SECONDS)
    return min((at for at in times if at > now.at), default=now.at + POLL_SECONDS)


def token_end(now: Moment, seconds: float) -> float:
    """The second from which on a token that lives so long is renewed."""
    return now.at + seconds - min(REFRESH_AHEAD, seconds / 4)


def later(retry: Retry, now: Moment, failure: Failure | None) -> Retry:
    """One failure more: exponential, with full jitter, never sooner than the service asked."""
    bound = min(BACKOFF_CAP, BACKOFF_FIRST * 2 ** min(retry.failures, 10))
    wish = 0.0 if failure is None or failure.retry_after is None else min(PAUSE_CAP, failure.retry_after)
    since = retry.since if retry.failures else now.at
    return Retry(retry.failures + 1, now.at + max(wish, BACKOFF_LEAST, bound * now.roll), since)


def well(state: EngineState, job: Job, counts: Counts) -> EngineState:
    """A job succeeded: the way is open, and this job's trouble is over."""
    jobs = MappingProxyType({one: retry for one, retry in state.jobs.items() if one is not job})
    refused = state.token_refused and job is Job.REFRESH
    problem = state.problem if jobs else None
    return replace(
        state, busy=None, last=job, counts=counts, way=CALM, jobs=jobs, token_refused=refused, problem=problem
    )


def wanting(state: EngineState, job: Job) -> EngineState:
    """The state in which a job is to be done."""
    # A refresh is wanted by the token's time alone.
    return state if job is Job.REFRESH else replace(state, want=state.want | {job})


def wanting_all(state: EngineState) -> EngineState:
    """The state in which everything is to be asked and told."""
    wanted = {Job.PUSH, Job.PULL, Job.MEMBERS} | ({Job.REPLAY} if state.counts.replays else set())
    return replace(state, want=state.want | wanted)
