"""A simulated PC with the real engine, worker and replica, in simulated time: three of them make a school."""

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from driveflow_desktop.domain.hard_rules import hard_rules
from driveflow_desktop.domain.tables import METADATA
from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.kernel.ids import IdSource
from driveflow_desktop.store.migrate import SCHEMA_REVISION
from driveflow_desktop.store.replica import Replica, ReplicaKey
from driveflow_desktop.sync.happenings import Edited, Event, Moment, SignedIn, Ticked, Woken
from driveflow_desktop.sync.local import LocalReplica
from driveflow_desktop.sync.session import KeptSession, MemorySessions, Session
from driveflow_desktop.sync.session_protocol import SignedInUser, SignInAnswer
from driveflow_desktop.sync.status import SyncStatus
from driveflow_desktop.sync.worker import Listeners, Worker
from tests.helpers.line import Faults, Killed, Line
from tests.helpers.world import START, Desk


@dataclass
class Stand:
    """The stream of a station: what was said to it last."""

    listening: bool = False

    def open(self, token: str) -> None:
        self.listening = True

    def close(self) -> None:
        self.listening = False


@dataclass
class Heard:
    """What the listeners of a station were told."""

    statuses: list[SyncStatus] = field(default_factory=list)
    changes: list[Changes] = field(default_factory=list)
    replaced: int = 0
    locked: int = 0


class Station:
    """A desk with a worker of its own."""

    def __init__(self, desk: Desk, faults: Faults | None = None, *, rng: Random | None = None) -> None:
        self.desk = desk
        self.random = rng or Random(0)
        self.line = Line(desk.world, desk.member, faults)
        self.sessions = MemorySessions()
        self.sessions.save(KeptSession(desk.member.user_id, "someone@example.org", "refresh"))
        self.heard = Heard()
        self.stream = Stand()
        self.outcome: Event | None = None
        self.start()
        self.step()

    def now(self) -> Moment:
        """Time never goes back on this clock, whatever the wall says."""
        at = (self.desk.world.clock.now() - START).total_seconds()
        return Moment(at, self.desk.clock.now(), self.random.random())

    def start(self) -> None:
        """The program starts, with what the disk and the keyring keep."""
        self.local = LocalReplica(self.desk.replica, self.desk.member.org_id, lambda: self.now().at)
        self.session = Session(self.sessions, self.desk.member.device_id)
        listeners = Listeners(self.heard.statuses.append, self.heard.changes.append, self._replaced, self._locked)
        self.worker = Worker(
            self.local,
            self.line,
            self.session,
            self.stream,
            listeners,
            snapshot_path=self.desk.replica.path.with_suffix(".snapshot"),
            now=self.now,
        )
        self.stream.listening = False
        self.outcome = self.worker.started()

    def restart(self) -> None:
        """Killed and started again: the replica is opened anew from its files."""
        old = self.desk.replica
        old.close()
        replica = Replica(
            old.path,
            ReplicaKey(bytes(32)),
            clock=self.desk.clock,
            schema=SCHEMA_REVISION,
            tables=METADATA,
            guard=hard_rules,
        )
        bits = Random(f"{self.desk.world.seed} {self.desk.name} {old.ids.new()}").getrandbits
        replica.ids = IdSource(self.desk.clock, random_bits=bits)
        replica.renew_ids()
        self.desk.replica = replica
        self.start()

    def _replaced(self) -> None:
        self.heard.replaced += 1

    def _locked(self) -> None:
        self.heard.locked += 1

    @property
    def status(self) -> SyncStatus:
        assert self.worker.state.shown is not None
        return self.worker.state.shown

    def tell(self, event: Event) -> None:
        """An event from outside."""
        try:
            found = self.worker.handle(event)
        except Killed:
            self.restart()
        else:
            self.outcome = self.outcome or found

    def sign_in(self) -> None:
        """The person signs in again."""
        user = self.desk.member.user_id
        tokens = SignInAnswer("access", 900, "refresh", SignedInUser(user, "someone@example.org", "Someone"), ())
        self.session.begin(tokens)
        self.tell(SignedIn(user, 900.0, self.local.counts(user)))

    def edited(self) -> None:
        """The desk committed something."""
        self.tell(Edited(self.local.counts(self.desk.member.user_id)))

    def wake(self, head: int) -> None:
        """The stream says a head, if it is open."""
        if self.stream.listening:
            self.tell(Woken(head))

    def step(self) -> bool:
        """Handle one outcome, or a tick that is due; says whether there was something to do."""
        try:
            return self._step()
        except Killed:
            self.restart()
            return True

    def _step(self) -> bool:
        if self.outcome is not None:
            event, self.outcome = self.outcome, None
            self.outcome = self.worker.handle(event)
            return True
        if self.worker.due is not None and self.worker.due <= self.now().at:
            self.outcome = self.worker.handle(Ticked())
            return True
        return False

    def settle(self, most: int = 500) -> None:
        """Everything that can be done without time passing."""
        for _step in range(most):
            if not self.step():
                return
        raise AssertionError("the engine goes on for ever")

    def run_for(self, seconds: float, step: float = 1.0) -> None:
        """Let simulated time pass."""
        passed = 0.0
        self.settle()
        while passed < seconds:
            self.desk.world.clock.advance(timedelta(seconds=step))
            passed += step
            self.settle()

    def waiting(self) -> int:
        return self.desk.waiting()
