"""The sync thread: told from anywhere, never waited for, stopped at any moment and started again."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.sync.driver import Driver
from driveflow_desktop.sync.local import LocalReplica
from driveflow_desktop.sync.outcomes import Answer, Failure
from driveflow_desktop.sync.protocol import ChangesPage
from driveflow_desktop.sync.refusals import unreachable
from driveflow_desktop.sync.session import KeptSession, MemorySessions, Session
from driveflow_desktop.sync.status import SyncState, SyncStatus
from driveflow_desktop.sync.worker import Listeners
from tests.helpers.line import Line
from tests.helpers.world import Desk, World

pytestmark = pytest.mark.postgres


class ListeningLine(Line):
    """A line with a stream, and requests that can be made to hang until they are cut."""

    def __init__(self, world: World, desk: Desk) -> None:
        super().__init__(world, desk.member)
        self.hear: Callable[[int], None] = lambda _head: None
        self.hanging = threading.Event()
        self.hangs = False
        self._cut = threading.Event()

    def listen(self, token: str, hear: Callable[[int], None]) -> Failure | None:
        self.hear = hear
        self._cut.wait(30)
        return None

    def pull(self, token: str, since: int, limit: int, last: object) -> Answer[ChangesPage] | Failure:
        if self.hangs:
            self.hanging.set()
            self._cut.wait(30)
            return unreachable()
        return super().pull(token, since, limit, None)

    def abort(self) -> None:
        self._cut.set()


class Bench:
    """A driver over a desk, and what it said."""

    def __init__(self, world: World, desk: Desk) -> None:
        self.line = ListeningLine(world, desk)
        self.states: list[SyncStatus] = []
        self._news = threading.Condition()
        kept = MemorySessions()
        kept.save(KeptSession(desk.member.user_id, "someone@example.org", "refresh"))
        self.driver = Driver(
            LocalReplica(desk.replica, desk.member.org_id, time.monotonic),
            self.line,
            Session(kept, desk.member.device_id),
            Listeners(status=self._heard),
            snapshot_path=desk.replica.path.with_suffix(".snapshot"),
            clock=desk.clock,
        )

    def _heard(self, status: SyncStatus) -> None:
        with self._news:
            self.states.append(status)
            self._news.notify_all()

    def wait_for(self, state: SyncState, *, waiting: int | None = None) -> None:
        def reached() -> bool:
            return any(one.state is state and waiting in (None, one.waiting) for one in self.states)

        with self._news:
            assert self._news.wait_for(reached, timeout=20), self.states

    def forget(self) -> None:
        with self._news:
            self.states.clear()


@pytest.fixture
def bench(world: World) -> Iterator[Bench]:
    made = Bench(world, world.desk("office"))
    yield made
    made.driver.stop()


def test_an_edit_is_sent_without_being_asked_for(world: World, bench: Bench):
    desk = world.desks[0]
    bench.driver.start()
    bench.wait_for(SyncState.SYNCED)
    bench.forget()
    desk.do(lambda uow: uow.insert(Student, {"full_name": "Mia Novak"}))
    bench.driver.edited()
    bench.wait_for(SyncState.SYNCED, waiting=0)
    assert desk.waiting() == 0
    assert desk.digest() == world.digest()


def test_the_stream_wakes_it(world: World, bench: Bench):
    other = world.desk("back", OrgRole.ADMIN)
    bench.driver.start()
    bench.wait_for(SyncState.SYNCED)
    bench.forget()
    made = other.do(lambda uow: uow.insert(Student, {"full_name": "Mia Novak"})).value
    other.sync()
    bench.line.hear(10**6)
    bench.wait_for(SyncState.SYNCED)
    assert made in world.desks[0].rows(Student)


def test_it_stops_in_the_middle_of_a_request_and_starts_again(world: World, bench: Bench):
    bench.line.hangs = True
    bench.driver.start()
    assert bench.line.hanging.wait(20)
    began = time.monotonic()
    assert bench.driver.stop()
    assert time.monotonic() - began < 2
    bench.line.hangs = False
    bench.driver.start()
    bench.wait_for(SyncState.SYNCED)
    assert bench.driver.stop()
    assert bench.driver.stop()


def test_signing_out_keeps_the_edits(world: World, bench: Bench):
    desk = world.desks[0]
    bench.driver.start()
    bench.wait_for(SyncState.SYNCED)
    bench.driver.sign_out()
    bench.wait_for(SyncState.SIGNED_OUT)
    desk.do(lambda uow: uow.insert(Student, {"full_name": "Mia Novak"}))
    bench.driver.edited()
    bench.wait_for(SyncState.SIGNED_OUT, waiting=1)


def test_once_ends_when_nothing_is_left(world: World, bench: Bench):
    desk = world.desks[0]
    desk.do(lambda uow: uow.insert(Student, {"full_name": "Mia Novak"}))
    status = bench.driver.run_until_settled()
    assert status.state is SyncState.SYNCED
    assert bench.driver.tally.pushed == 1
    assert desk.waiting() == 0


def test_once_gives_up_when_nobody_answers(bench: Bench):
    bench.line.faults.no_way_out = True
    status = bench.driver.run_until_settled()
    assert status.state is not SyncState.SYNCED


def test_a_reader_that_stays_keeps_the_old_file_in_place(world: World, monkeypatch: pytest.MonkeyPatch):
    desk = world.desks[0] if world.desks else world.desk("office")
    monkeypatch.setattr("driveflow_desktop.store.replica._SWAP_PATIENCE", 0.05)
    seen = threading.Event()
    leave = threading.Event()

    def read() -> None:
        with desk.replica.reader() as connection:
            connection.exec_driver_sql("SELECT 1")
            seen.set()
            leave.wait(20)

    reader = threading.Thread(target=read)
    reader.start()
    assert seen.wait(20)
    try:
        with pytest.raises(UserError) as refused:
            desk.replica.replace_file(lambda: desk.replica.path.with_suffix(".never"))
        assert refused.value.code == "busy"
    finally:
        leave.set()
        reader.join()
    # The old file goes on as if nothing had been.
    world.clock.advance(timedelta(seconds=1))
    desk.do(lambda uow: uow.insert(Student, {"full_name": "Mia Novak"}))
    assert desk.rows(Student)
