"""The sync engine: a pure function from what happened to what shall be done (docs/protocol.md, On the PC).

`step` knows no clock, no network and no disk: time and chance come in with each event, and everything it wants done
goes out as effects. One job runs at a time; its answer is the next event. Whatever fails is wanted still, and is tried
again by time, so that nothing waits for the next edit.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, cast

from driveflow_desktop.sync.failing import failed, without_session
from driveflow_desktop.sync.happenings import (
    CALM,
    MOST_PUSHED,
    NO_RETRIES,
    Asked,
    Compared,
    Edited,
    Effect,
    EngineState,
    Event,
    Failed,
    Job,
    MembersTaken,
    Moment,
    NetworkChanged,
    Progressed,
    Pulled,
    Pushed,
    Refreshed,
    Show,
    SignedIn,
    SignedOut,
    Snapshotted,
    Started,
    StreamLost,
    Ticked,
    WaitUntil,
    Woken,
)
from driveflow_desktop.sync.outcomes import Trouble
from driveflow_desktop.sync.planning import (
    DIGEST_SECONDS,
    POLL_SECONDS,
    REPAIR_SECONDS,
    agrees,
    later,
    next_time,
    plan,
    status_of,
    token_end,
    wanting,
    wanting_all,
    well,
)

_Handler = Callable[[EngineState, Event, Moment], tuple[EngineState, list[Effect]]]


def step(state: EngineState, event: Event, now: Moment) -> tuple[EngineState, list[Effect]]:
    """The state after an event, and what is to be done, in that order. Ends with one `WaitUntil`."""
    state, effects = _HANDLERS[type(event)](state, event, now)
    state, planned = plan(state, now)
    status = status_of(state, now)
    if status != state.shown:
        state = replace(state, shown=status)
        effects.append(Show(status))
    effects += planned
    effects.append(WaitUntil(None if state.busy else next_time(state, now)))
    return state, effects


# -- events ---------------------------------------------------------------------------------------------------------


def _started(state: EngineState, event: Started, now: Moment) -> tuple[EngineState, list[Effect]]:
    # After a stop nothing of the job that was cut is left.
    fresh = EngineState(
        user_id=event.user_id,
        cursor=event.cursor,
        counts=event.counts,
        digest_at=now.at + DIGEST_SECONDS,
        token_until=state.token_until,
        repaired_at=state.repaired_at,
        synced_at=state.synced_at,
        shown=state.shown,
    )
    return wanting_all(fresh), []


def _ticked(state: EngineState, _event: Event, _now: Moment) -> tuple[EngineState, list[Effect]]:
    return state, []


def _edited(state: EngineState, event: Edited, now: Moment) -> tuple[EngineState, list[Effect]]:
    return wanting(replace(state, counts=event.counts, edited_at=now.at), Job.PUSH), []


def _woken(state: EngineState, event: Woken, _now: Moment) -> tuple[EngineState, list[Effect]]:
    # It came over the same way as every answer: the way is open. A pause that the service asked for stays.
    state = replace(state, stream=CALM, way=CALM if state.way.failures else state.way)
    if state.cursor is not None and event.head > state.cursor:
        state = wanting(replace(state, head=max(event.head, state.head or 0)), Job.PULL)
    return state, []


def _stream_lost(state: EngineState, event: StreamLost, now: Moment) -> tuple[EngineState, list[Effect]]:
    state = replace(state, listening=False, stream=later(state.stream, now, event.failure))
    failure = event.failure
    if failure is not None and failure.trouble in (Trouble.EXPIRED, Trouble.REVOKED):
        # The next request hears the same and says what it means.
        state = wanting(state, Job.PULL)
    return state, []


def _pushed(state: EngineState, event: Pushed, now: Moment) -> tuple[EngineState, list[Effect]]:
    earlier = state.jobs
    state = well(state, event.job, event.counts)
    grown = min(MOST_PUSHED, state.push_limit * 2)
    # A push of nothing asked nobody, so it knows no head.
    head = max(event.head, state.head or 0) if event.sent else state.head
    state = replace(state, push_limit=grown, head=head)
    if event.trouble is not None:
        # It was heard, but the service failed on some of it: those come again, less and less often.
        state, _none = failed(replace(state, jobs=earlier), Failed(event.job, event.trouble), now)
    elif event.more:
        state = wanting(state, event.job)
    return (wanting(state, Job.PULL) if event.sent else state), []


def _pulled(state: EngineState, event: Pulled, now: Moment) -> tuple[EngineState, list[Effect]]:
    state = well(state, Job.PULL, event.counts)
    # The page's head counts, whatever the stream told before; what it told during the pull has another one follow.
    state = replace(state, cursor=event.cursor, head=event.head, poll_at=now.at + POLL_SECONDS)
    if event.members:
        state = wanting(state, Job.MEMBERS)
    if event.cursor < event.head:
        return wanting(state, Job.PULL), []
    return (replace(state, synced_at=now.wall) if agrees(state) else state), []


def _snapshotted(state: EngineState, event: Snapshotted, now: Moment) -> tuple[EngineState, list[Effect]]:
    state = well(replace(state, want=state.want - {Job.SNAPSHOT}), Job.SNAPSHOT, event.counts)
    state = replace(state, cursor=event.cursor, head=None, progress=None, digest_at=now.at + DIGEST_SECONDS)
    return wanting_all(state), []


def _progressed(state: EngineState, event: Progressed, _now: Moment) -> tuple[EngineState, list[Effect]]:
    return replace(state, progress=(event.rows, event.total), way=CALM), []


def _members_taken(state: EngineState, _event: Event, _now: Moment) -> tuple[EngineState, list[Effect]]:
    return well(state, Job.MEMBERS, state.counts), []


def _compared(state: EngineState, event: Compared, now: Moment) -> tuple[EngineState, list[Effect]]:
    state = replace(well(state, Job.DIGEST, state.counts), digest_at=now.at + DIGEST_SECONDS)
    due = state.repaired_at is None or now.at - state.repaired_at >= REPAIR_SECONDS
    if event.same is False and due:
        state = wanting(replace(state, repaired_at=now.at), Job.SNAPSHOT)
    return state, []


def _refreshed(state: EngineState, event: Refreshed, now: Moment) -> tuple[EngineState, list[Effect]]:
    state = well(state, Job.REFRESH, state.counts)
    return replace(state, token_until=token_end(now, event.seconds)), []


def _asked(state: EngineState, _event: Event, _now: Moment) -> tuple[EngineState, list[Effect]]:
    # A block that was mended (an update, a membership given back) is found out by trying.
    way = replace(state.way, at=0.0) if state.way.failures else state.way
    state = replace(state, stopped_by=None, may_push=False, way=way, jobs=NO_RETRIES, stream=CALM)
    return wanting_all(state), []


def _signed_in(state: EngineState, event: SignedIn, now: Moment) -> tuple[EngineState, list[Effect]]:
    state = replace(
        state,
        user_id=event.user_id,
        counts=event.counts,
        token_until=token_end(now, event.seconds),
        token_refused=False,
        signed_out_by=None,
        stopped_by=None,
        may_push=False,
        locked=False,
        way=CALM,
        jobs=NO_RETRIES,
        stream=CALM,
    )
    return wanting_all(state), []


def _signed_out(state: EngineState, _event: Event, _now: Moment) -> tuple[EngineState, list[Effect]]:
    return without_session(state, None)


def _network_changed(state: EngineState, event: NetworkChanged, _now: Moment) -> tuple[EngineState, list[Effect]]:
    if not event.up:
        return state, []
    if state.way.failures:
        state = replace(state, way=replace(state.way, at=0.0))
    state = replace(state, stream=replace(state.stream, at=0.0))
    return wanting(state, Job.PULL), []


_HANDLERS: Final = cast(
    "dict[type[Event], _Handler]",
    {
        Started: _started,
        Ticked: _ticked,
        Edited: _edited,
        Woken: _woken,
        StreamLost: _stream_lost,
        Pushed: _pushed,
        Pulled: _pulled,
        Snapshotted: _snapshotted,
        Progressed: _progressed,
        MembersTaken: _members_taken,
        Compared: _compared,
        Refreshed: _refreshed,
        Failed: failed,
        Asked: _asked,
        SignedIn: _signed_in,
        SignedOut: _signed_out,
        NetworkChanged: _network_changed,
    },
)
