"""Simulated weeks: real engines and replicas, the in-process service, and a network that does its worst.

After each history the network heals, and within 40 simulated seconds nothing waits and every replica is the service's.
"""

import contextlib
from random import Random

import pytest
import sqlalchemy as sa

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.log import OUTBOX
from driveflow_desktop.sync.status import SyncState
from tests.helpers.line import Faults
from tests.helpers.station import Station
from tests.helpers.world import World
from tests.sync.test_random_histories import Gone, History, check_accounts, check_replica, visible_digest

pytestmark = [pytest.mark.postgres, pytest.mark.logs(r"the replica differs from the service")]

HEALED_SECONDS = 40
"""The promise is 30 s; an answer to a pause, and a poll, may add theirs."""


class Week:
    """A history whose network is the engine's own business."""

    def __init__(self, world: World, seed: int) -> None:
        self.random = Random(f"week {seed}")
        self.world = world
        self.history = History(world, seed)
        network = {"push", "push_lost", "push_twice", "push_late", "pull", "pull_late", "deliver"}
        self.acts = [act for act in self.history.acts if act.__name__ not in network]
        self.stations = [
            Station(desk, Faults(Random(f"{seed} {desk.name}")), rng=Random(f"{seed} roll {desk.name}"))
            for desk in self.history.desks
        ]

    def step(self) -> None:
        station = self.random.choice(self.stations)
        chance = self.random.random()
        if chance < 0.45:
            with contextlib.suppress(UserError, Gone):
                self.random.choice(self.acts)(station.desk)
                station.edited()
        elif chance < 0.55:
            self.weather(station)
        elif chance < 0.6:
            station.restart()
        elif chance < 0.65:
            station.line.kill_next = True
        elif chance < 0.67:
            # The service forgets its old log: whoever is behind fetches a snapshot, in the middle of its own work.
            self.world.trim_log()
        elif chance < 0.75:
            station.wake(10**6 if self.random.random() < 0.2 else len(self.world.log()))
        else:
            station.run_for(self.random.choice([0, 1, 5, 30]), step=1.0)
        station.step()

    def weather(self, station: Station) -> None:
        """The network changes: it fails in one way or another, or heals."""
        faults = station.line.faults
        faults.heal()
        kind = self.random.choice(["calm", "lossy", "mute", "deaf", "cut off", "wild"])
        faults.no_way_out = kind in ("mute", "cut off")
        faults.no_way_in = kind in ("deaf", "cut off")
        if kind in ("lossy", "wild"):
            faults.lose_request, faults.lose_answer, faults.repeat = 0.2, 0.3, 0.3
        if kind == "wild":
            faults.refuse, faults.cut = 0.3, 0.3

    def heal(self) -> None:
        for station in self.stations:
            station.line.faults.heal()
            station.line.kill_next = False
            station.settle()
            if station.status.state is SyncState.SIGNED_OUT:
                # Two refusals of a fresh token in a row sign out; a person signs in again.
                station.sign_in()
        for _second in range(HEALED_SECONDS):
            for station in self.stations:
                station.settle()
            self.stations[0].run_for(1)

    def check(self) -> None:
        for station in self.stations:
            desk = station.desk
            assert station.status.state is SyncState.SYNCED, (desk.name, station.status, station.worker.state)
            assert desk.waiting() == 0
            assert desk.base_rows() == 0
            assert desk.digest() == visible_digest(self.world, desk)
        self.check_nothing_vanished()
        check_accounts(self.world, self.history)

    def check_nothing_vanished(self) -> None:
        """Whatever was committed at a desk is in its outbox still, snapshots or not."""
        for desk, receipt in self.history.receipts:
            if receipt.changes:
                with desk.replica.reader() as connection:
                    where = OUTBOX.c.transaction_id == receipt.transaction_id
                    assert connection.execute(sa.select(OUTBOX.c.id).where(where)).first() is not None


def run(world: World, seed: int, steps: int) -> None:
    week = Week(world, seed)
    for _step in range(steps):
        week.step()
        for station in week.stations:
            check_replica(station.desk)
    week.heal()
    week.check()


@pytest.mark.parametrize("seed", range(4))
def test_weeks_of_faults_converge(world: World, seed: int) -> None:
    run(world, seed, 100)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2000, 2040))
def test_many_weeks_of_faults_converge(world: World, seed: int) -> None:
    run(world, seed, 300)
