"""The engine as a pure function: each event, and what it makes of the state and of what is done next."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.sync.engine import step
from driveflow_desktop.sync.happenings import (
    MOST_PUSHED,
    Asked,
    CloseStream,
    Compared,
    Counts,
    Edited,
    Effect,
    EngineState,
    Event,
    Failed,
    ForgetSession,
    Job,
    LockDevice,
    MembersTaken,
    Moment,
    NetworkChanged,
    OpenStream,
    Pulled,
    Pushed,
    Refreshed,
    Run,
    SetAsideOldest,
    SignedIn,
    SignedOut,
    Snapshotted,
    Started,
    StreamLost,
    Ticked,
    WaitUntil,
    Woken,
)
from driveflow_desktop.sync.outcomes import Failure, Trouble
from driveflow_desktop.sync.planning import BACKOFF_CAP, DIGEST_SECONDS, POLL_SECONDS
from driveflow_desktop.sync.status import SyncState, SyncStatus

WALL = datetime(2026, 11, 24, tzinfo=UTC)
USER = UUID(int=7)
NONE = Counts()


class Bench:
    """An engine on a bench: events in, the last effects out, time by hand."""

    def __init__(self, roll: float = 0.5) -> None:
        self.state = EngineState()
        self.at = 1000.0
        self.roll = roll
        self.effects: list[Effect] = []

    def tell(self, event: Event) -> list[Effect]:
        moment = Moment(self.at, WALL + timedelta(seconds=self.at), self.roll)
        self.state, self.effects = step(self.state, event, moment)
        return self.effects

    def wait(self, seconds: float) -> list[Effect]:
        self.at += seconds
        return self.tell(Ticked())

    @property
    def job(self) -> Job | None:
        return next((effect.job for effect in self.effects if isinstance(effect, Run)), None)

    @property
    def limit(self) -> int | None:
        return next((effect.limit for effect in self.effects if isinstance(effect, Run)), None)

    @property
    def until(self) -> float | None:
        return next(effect.at for effect in self.effects if isinstance(effect, WaitUntil))

    @property
    def status(self) -> SyncStatus:
        assert self.state.shown is not None
        return self.state.shown

    def fail(self, job: Job, trouble: Trouble, retry_after: float | None = None) -> list[Effect]:
        words = UserError(trouble.value, trouble.value)
        return self.tell(Failed(job, Failure(trouble, words, retry_after)))

    def pushed(self, counts: Counts = NONE, *, sent: int = 1, more: bool = False, job: Job = Job.PUSH) -> None:
        self.tell(Pushed(job, sent, 0, 10, more, counts))

    def pulled(self, cursor: int = 10, head: int = 10, *, members: bool = False, counts: Counts = NONE) -> None:
        self.tell(Pulled(cursor, head, members, counts))


def started(counts: Counts = NONE, *, cursor: int | None = 10, roll: float = 0.5) -> Bench:
    """Started with a kept session, whose token was just renewed; a push runs."""
    bench = Bench(roll)
    bench.tell(Started(USER, cursor, counts))
    assert bench.job is Job.REFRESH
    bench.tell(Refreshed(900.0))
    return bench


def settled(roll: float = 0.5) -> Bench:
    """Everything agreed."""
    bench = started(roll=roll)
    assert bench.job is Job.PUSH
    bench.pushed(sent=0)
    assert bench.status.state is SyncState.SYNCING  # nobody was asked yet
    assert bench.job is Job.PULL
    bench.pulled()
    assert bench.job is Job.MEMBERS
    bench.tell(MembersTaken())
    assert bench.job is None
    assert bench.status.state is SyncState.SYNCED
    return bench


def test_nobody_signed_in_does_nothing_and_keeps_the_edits():
    bench = Bench()
    bench.tell(Started(None, 10, Counts(waiting=3)))
    assert bench.job is None
    assert bench.until is None
    assert (bench.status.state, bench.status.waiting) == (SyncState.SIGNED_OUT, 3)
    bench.tell(Edited(Counts(waiting=4)))
    assert bench.job is None
    bench.tell(SignedIn(USER, 900.0, Counts(waiting=4)))
    assert bench.job is Job.PUSH


def test_a_start_renews_the_token_listens_pushes_pulls_and_agrees():
    bench = settled()
    assert bench.status.synced_at is not None
    assert bench.state.listening


def test_an_edit_is_pushed_and_then_pulled():
    bench = settled()
    bench.tell(Edited(Counts(waiting=1)))
    assert bench.job is Job.PUSH
    assert bench.status.state is SyncState.SYNCING
    bench.tell(Edited(Counts(waiting=2)))  # one job at a time
    assert bench.job is None
    bench.pushed(Counts(waiting=1), more=True)
    assert bench.job is Job.PULL  # an endless row of edits does not stop downloads
    bench.pulled(11, 11, counts=Counts(waiting=1))
    assert bench.job is Job.PUSH
    bench.pushed()
    bench.pulled(12, 12)
    assert bench.status.state is SyncState.SYNCED


def test_synced_is_said_only_when_the_head_is_reached_and_nothing_waits():
    bench = settled()
    bench.tell(Woken(15))
    assert bench.job is Job.PULL
    assert bench.status.state is SyncState.SYNCING
    bench.pulled(12, 15)
    assert bench.job is Job.PULL
    assert bench.status.state is SyncState.SYNCING
    bench.pulled(15, 15, counts=Counts(waiting=1))
    assert bench.status.state is SyncState.SYNCING
    bench.tell(Edited(NONE))
    bench.pushed(sent=0)
    assert bench.status.state is SyncState.SYNCED


def test_work_of_others_waits_without_hiding_it():
    bench = settled()
    bench.tell(Edited(Counts(waiting=2, others=2)))
    bench.pushed(Counts(waiting=2, others=2), sent=0)
    assert bench.status.state is SyncState.SYNCED
    assert (bench.status.waiting, bench.status.others_waiting) == (2, 2)


def test_a_poll_stands_behind_the_stream():
    bench = settled()
    assert bench.until is not None
    assert bench.until <= bench.at + POLL_SECONDS
    bench.wait(POLL_SECONDS)
    assert bench.job is Job.PULL
    assert bench.status.state is SyncState.SYNCED  # a poll does not make it flicker


def test_an_edit_that_nobody_told_of_is_pushed_at_the_next_poll_but_one():
    bench = settled()
    bench.wait(30)
    assert bench.job is Job.PULL
    bench.pulled(counts=Counts(waiting=1))
    assert bench.status.state is SyncState.SYNCING
    bench.wait(30)
    assert bench.job is Job.PUSH


def test_a_single_failure_alarms_nobody_and_is_tried_again_by_time():
    bench = settled()
    bench.tell(Edited(Counts(waiting=1)))
    bench.fail(Job.PUSH, Trouble.UNREACHABLE)
    assert bench.status.state is SyncState.SYNCING
    assert bench.status.problem is None
    assert bench.until is not None
    assert bench.until <= bench.at + BACKOFF_CAP
    bench.at = bench.until
    bench.tell(Ticked())
    assert bench.job is Job.PUSH


def test_lasting_trouble_is_offline_until_something_answers():
    bench = settled()
    for _failure in range(6):
        bench.wait(BACKOFF_CAP)
        if bench.job is None:
            bench.tell(Asked())
        job = bench.job
        assert job is not None
        bench.fail(job, Trouble.UNREACHABLE)
    assert bench.status.state is SyncState.OFFLINE
    assert bench.status.problem is not None
    bench.wait(BACKOFF_CAP)
    bench.tell(Woken(10))
    assert bench.status.state is not SyncState.OFFLINE


def test_the_backoff_grows_has_jitter_and_stays_under_its_cap():
    waits = []
    bench = settled(roll=0.999)
    bench.tell(Edited(Counts(waiting=1)))
    for _failure in range(8):
        assert bench.job is not None
        bench.fail(bench.job, Trouble.UNREACHABLE)
        waits.append(bench.state.way.at - bench.at)
        bench.at = bench.state.way.at
        bench.tell(Ticked())
    assert waits == sorted(waits)
    assert waits[0] < 1.01
    assert waits[-1] <= BACKOFF_CAP
    low = settled(roll=0.0)
    low.tell(Edited(Counts(waiting=1)))
    low.fail(Job.PUSH, Trouble.UNREACHABLE)
    assert 0 < low.state.way.at - low.at < 0.2


def test_a_pause_is_no_failure_and_is_obeyed_whoever_asks():
    bench = settled()
    bench.tell(Edited(Counts(waiting=1)))
    bench.fail(Job.PUSH, Trouble.PAUSE, 20.0)
    assert bench.status.state is SyncState.SYNCING
    assert bench.status.problem is None
    for event in (Asked(), Woken(11), NetworkChanged(True), Edited(Counts(waiting=2))):
        bench.tell(event)
        assert bench.job is None
    bench.wait(19.9)
    assert bench.job is None
    bench.wait(3)
    assert bench.job is not None


def test_a_hint_of_the_network_is_tried_at_once():
    bench = settled()
    for _failure in range(5):
        bench.tell(Asked())
        assert bench.job is not None
        bench.fail(bench.job, Trouble.UNREACHABLE)
    bench.tell(NetworkChanged(False))
    assert bench.job is None
    bench.tell(NetworkChanged(True))
    assert bench.job is not None


def test_one_stuck_job_stops_no_other():
    bench = settled()
    bench.tell(Edited(Counts(waiting=1)))
    bench.fail(Job.PUSH, Trouble.SERVICE)
    bench.tell(Woken(20))
    assert bench.job is Job.PULL
    bench.pulled(20, 20, counts=Counts(waiting=1))
    assert bench.status.state is SyncState.SYNCING
    for _more in range(3):
        bench.wait(BACKOFF_CAP)
        job = bench.job
        while job is not Job.PUSH:
            bench.pulled(20, 20, counts=Counts(waiting=1))
            job = bench.job
        bench.fail(Job.PUSH, Trouble.SERVICE)
    assert bench.status.problem is not None


def test_too_large_halves_until_one_is_refused_at_the_desk():
    bench = settled()
    bench.tell(Edited(Counts(waiting=1)))
    limits = []
    for _halving in range(40):
        limits.append(bench.limit)
        bench.fail(Job.PUSH, Trouble.TOO_LARGE)
        if any(isinstance(effect, SetAsideOldest) for effect in bench.effects):
            break
    assert limits[:3] == [MOST_PUSHED, MOST_PUSHED // 2, MOST_PUSHED // 4]
    assert limits[-1] == 1
    assert bench.job is Job.PUSH  # the next ones go on
    bench.pushed()
    assert bench.state.push_limit == MOST_PUSHED


def test_a_smaller_push_grows_again():
    bench = settled()
    bench.tell(Edited(Counts(waiting=1)))
    bench.fail(Job.PUSH, Trouble.TOO_LARGE)
    bench.pushed(more=True)
    bench.pulled()
    assert bench.limit == MOST_PUSHED


def test_an_old_program_is_told_so_and_still_sends_its_work():
    bench = settled()
    bench.wait(POLL_SECONDS)
    bench.fail(Job.PULL, Trouble.UPGRADE)
    assert bench.status.state is SyncState.BLOCKED
    assert bench.status.problem is not None
    assert bench.job is None
    assert not bench.state.listening
    bench.tell(Edited(Counts(waiting=1)))
    assert bench.job is Job.PUSH
    bench.pushed()
    assert bench.job is None
    bench.wait(3600)
    assert bench.job is None
    bench.tell(Edited(Counts(waiting=1)))
    assert bench.job is Job.REFRESH  # its token ran out meanwhile
    bench.tell(Asked())
    assert bench.status.state is not SyncState.BLOCKED


def test_an_expired_token_is_renewed_once():
    bench = settled()
    bench.wait(POLL_SECONDS)
    bench.fail(Job.PULL, Trouble.EXPIRED)
    assert bench.job is Job.REFRESH
    bench.tell(Refreshed(900.0))
    assert bench.job is Job.PULL
    bench.fail(Job.PULL, Trouble.EXPIRED)
    assert bench.status.state is SyncState.SIGNED_OUT


def test_a_token_is_renewed_before_it_ends_and_a_good_answer_clears_the_doubt():
    bench = settled()
    for _round in range(3):
        bench.wait(POLL_SECONDS)
        bench.fail(Job.PULL, Trouble.EXPIRED)
        bench.tell(Refreshed(900.0))
        assert bench.job is Job.PULL
        bench.pulled()
        assert bench.status.state is SyncState.SYNCED
    bench.wait(845)
    assert bench.job is Job.REFRESH


def test_a_dead_session_signs_out_and_keeps_the_edits():
    bench = settled()
    bench.tell(Edited(Counts(waiting=2)))
    bench.fail(Job.PUSH, Trouble.EXPIRED)
    bench.fail(Job.REFRESH, Trouble.SIGNED_OUT)
    assert any(isinstance(effect, ForgetSession) for effect in bench.effects)
    assert any(isinstance(effect, CloseStream) for effect in bench.effects)
    assert (bench.status.state, bench.status.waiting) == (SyncState.SIGNED_OUT, 2)
    bench.tell(SignedIn(USER, 900.0, Counts(waiting=2)))
    assert bench.job is Job.PUSH


def test_signing_out_stops_everything():
    bench = settled()
    bench.tell(SignedOut())
    assert bench.status.state is SyncState.SIGNED_OUT
    assert bench.until is None
    bench.pulled(20, 20)  # an answer that was under way
    assert bench.job is None
    assert bench.status.state is SyncState.SIGNED_OUT


def test_a_revoked_device_locks():
    bench = settled()
    bench.wait(POLL_SECONDS)
    bench.fail(Job.PULL, Trouble.REVOKED)
    assert any(isinstance(effect, LockDevice) for effect in bench.effects)
    assert bench.status.state is SyncState.LOCKED
    bench.tell(Asked())
    bench.tell(Edited(Counts(waiting=1)))
    assert bench.job is None


@pytest.mark.parametrize("trouble", [Trouble.BEHIND, Trouble.SCOPE, Trouble.EPOCH])
def test_a_replica_that_does_not_fit_is_fetched_anew_before_anything_is_pushed(trouble: Trouble):
    bench = settled()
    bench.tell(Woken(11))
    bench.tell(Edited(Counts(waiting=1)))
    bench.fail(Job.PULL, trouble)
    assert bench.job is Job.SNAPSHOT
    bench.fail(Job.SNAPSHOT, Trouble.UNREACHABLE)
    bench.wait(BACKOFF_CAP)
    assert bench.job is Job.SNAPSHOT
    bench.tell(Snapshotted(3, Counts(waiting=1, replays=4)))
    assert bench.job is Job.REPLAY  # what is older comes first
    bench.pushed(Counts(waiting=1, replays=2), more=True, job=Job.REPLAY)
    assert bench.job is Job.PULL
    bench.pulled(4, 4, counts=Counts(waiting=1, replays=2))
    assert bench.job is Job.REPLAY
    bench.pushed(Counts(waiting=1), job=Job.REPLAY)
    bench.pulled(5, 5, counts=Counts(waiting=1))
    assert bench.job is Job.PUSH


def test_the_first_sync_comes_first_and_may_be_stopped():
    bench = started(cursor=None)
    assert bench.job is Job.SNAPSHOT
    assert bench.status.state is SyncState.FIRST_SYNC
    bench.fail(Job.SNAPSHOT, Trouble.CANCELLED)
    assert bench.status.state is SyncState.BLOCKED
    assert bench.job is None
    bench.tell(Asked())
    assert bench.job is Job.SNAPSHOT
    bench.tell(Snapshotted(10, NONE))
    assert any(isinstance(effect, OpenStream) for effect in bench.effects)


def test_the_stream_is_opened_again_after_a_pause():
    bench = settled()
    bench.tell(StreamLost(Failure(Trouble.UNREACHABLE)))
    assert not any(isinstance(effect, OpenStream) for effect in bench.effects)
    bench.wait(BACKOFF_CAP)
    assert any(isinstance(effect, OpenStream) for effect in bench.effects)


def test_the_digest_is_asked_hourly_when_idle_and_repairs_once_a_day():
    bench = settled()
    jobs: list[Job] = []
    for _half_minute in range(int(DIGEST_SECONDS / POLL_SECONDS) * 4):
        bench.wait(POLL_SECONDS)
        while bench.job is not None:
            jobs.append(bench.job)
            match bench.job:
                case Job.PULL:
                    bench.pulled()
                case Job.REFRESH:
                    bench.tell(Refreshed(900.0))
                case Job.DIGEST:
                    bench.tell(Compared(False))
                case Job.SNAPSHOT:
                    bench.tell(Snapshotted(10, NONE))
                case Job.PUSH:
                    bench.pushed(sent=0)
                case _:
                    bench.tell(MembersTaken())
    assert 2 <= jobs.count(Job.DIGEST) <= 4
    assert jobs.count(Job.SNAPSHOT) == 1


def test_no_digest_while_something_waits():
    bench = settled()
    bench.tell(Edited(Counts(waiting=1, others=1)))
    bench.pushed(Counts(waiting=1, others=1), sent=0)
    for _half_minute in range(150):
        bench.wait(POLL_SECONDS)
        assert bench.job is not Job.DIGEST
        if bench.job is Job.PULL:
            bench.pulled(counts=Counts(waiting=1, others=1))
        elif bench.job is Job.REFRESH:
            bench.tell(Refreshed(900.0))


def test_roles_that_change_have_the_names_fetched():
    bench = settled()
    bench.tell(Woken(12))
    bench.pulled(12, 12, members=True)
    assert bench.job is Job.MEMBERS
