"""Random weeks of three PCs with lost answers and repeated requests: all agree afterwards, and nothing is lost."""

import contextlib
import random
from collections.abc import Callable
from datetime import timedelta
from typing import cast
from uuid import UUID

import pytest
import sqlalchemy as sa

from driveflow_desktop.domain.catalog.tables import Service
from driveflow_desktop.domain.hard_rules import find_overlaps
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.database import school_transaction
from driveflow_desktop.service.scope import ScopeReader, may_see
from driveflow_desktop.store.log import OUTBOX
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.types import Json, dump_json
from driveflow_desktop.store.unit_of_work import Receipt
from tests.helpers.world import Desk, Furniture, World, digest, read_all

pytestmark = pytest.mark.postgres

STEPS = 60


class History:
    """One seeded history: random commands, pushes, pulls, losses and repeats."""

    def __init__(self, world: World, seed: int) -> None:
        self.random = random.Random(seed)
        self.world = world
        office = world.desk("office")
        self.things: Furniture = world.furnish(office)
        self.desks = [office, world.desk("back", OrgRole.ADMIN), world.desk("ben", OrgRole.INSTRUCTOR, self.things.ben)]
        self.receipts: list[tuple[Desk, Receipt[object]]] = []
        self.acknowledged: set[UUID] = set()

    def step(self) -> None:
        """One random thing happens at one random PC."""
        desk = self.random.choice(self.desks)
        acts: list[Callable[[Desk], None]] = [
            self.book, self.book, self.move, self.note, self.rename, self.status, self.remove, self.undo,
            self.push, self.push_lost, self.push_twice, self.pull, self.pull,
        ]  # fmt: skip
        with contextlib.suppress(UserError):
            self.random.choice(acts)(desk)

    def book(self, desk: Desk) -> None:
        student = self.random.choice([self.things.ethan, self.things.chloe])
        instructor = self.random.choice([self.things.ben, self.things.dana])
        hour = 26 + self.random.randrange(16) / 2
        status = self.random.choice([BookingStatus.CONFIRMED, BookingStatus.DRAFT, BookingStatus.REQUESTED])
        values = self.things.booking(student, instructor, hour, status=status)
        self.keep(desk, desk.do(lambda uow: uow.insert(Booking, values)))

    def move(self, desk: Desk) -> None:
        booking = self.pick(desk, Booking)
        row = desk.row(Booking, booking)
        by = timedelta(minutes=self.random.choice([-60, -30, 30, 60, 90]))
        values = {"start_at": row["start_at"] + by, "end_at": row["end_at"] + by}
        if self.random.random() < 0.3 and desk.member.sees_all:
            values["instructor_id"] = self.random.choice([self.things.ben, self.things.dana])
        self.keep(desk, desk.do(lambda uow: uow.update(Booking, booking, values)))

    def note(self, desk: Desk) -> None:
        student = self.pick(desk, Student)
        lines = cast("str", desk.row(Student, student)["notes"] or "").splitlines()
        lines.insert(self.random.randrange(len(lines) + 1), f"{desk.name} {self.random.randrange(100)}")
        self.keep(desk, desk.do(lambda uow: uow.update(Student, student, {"notes": "\n".join(lines)})))

    def rename(self, desk: Desk) -> None:
        name = f"Lesson {self.random.randrange(5)}"
        if self.random.random() < 0.5:
            self.keep(desk, desk.do(lambda uow: uow.insert(Service, {"name": name})))
        else:
            service = self.pick(desk, Service)
            self.keep(desk, desk.do(lambda uow: uow.update(Service, service, {"name": name})))

    def status(self, desk: Desk) -> None:
        booking = self.pick(desk, Booking)
        target = self.random.choice(list(BookingStatus))
        self.keep(desk, desk.do(lambda uow: uow.update(Booking, booking, {"status": target})))

    def remove(self, desk: Desk) -> None:
        kind = self.random.choice([Booking, Service])
        row_id = self.pick(desk, kind)
        self.keep(desk, desk.do(lambda uow: uow.delete(kind, row_id)))

    def undo(self, desk: Desk) -> None:
        mine = [receipt for owner, receipt in self.receipts if owner is desk and receipt.inverse is not None]
        inverse = self.random.choice(mine or [None])  # type: ignore[list-item]
        if inverse is not None and inverse.inverse is not None:
            wanted = inverse.inverse
            self.keep(desk, desk.do(lambda uow: uow.revert(wanted)))

    def push(self, desk: Desk) -> None:
        desk.push()

    def push_lost(self, desk: Desk) -> None:
        request = desk.take_push()
        if request is not None:
            self.world.serve_push(desk.member, request)

    def push_twice(self, desk: Desk) -> None:
        request = desk.take_push()
        if request is not None:
            self.world.serve_push(desk.member, request)
            desk.answer(self.world.serve_push(desk.member, request))

    def pull(self, desk: Desk) -> None:
        desk.pull(limit=self.random.choice([1, 3, 1000]))

    def keep(self, desk: Desk, receipt: Receipt[object]) -> None:
        self.receipts.append((desk, receipt))

    def pick(self, desk: Desk, kind: type[Booking | Student | Service]) -> UUID:
        ids = sorted(desk.rows(kind))
        if not ids:
            raise UserError("gone", "nothing to pick")
        return self.random.choice(ids)

    def settle(self) -> None:
        for _round in range(3):
            for desk in self.desks:
                desk.sync()


def run(world: World, seed: int) -> None:
    history = History(world, seed)
    for _step in range(STEPS):
        history.step()
        for desk in history.desks:
            check_replica(desk)
    history.settle()
    for desk in history.desks:
        assert desk.waiting() == 0
        assert desk.base_rows() == 0
        assert desk.digest() == visible_digest(world, desk)
    check_accounts(world, history)


def check_replica(desk: Desk) -> None:
    """At every moment a replica is consistent: no dangling reference, no double booking, a base under each edit."""
    with desk.replica.reader() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        assert (
            find_overlaps(connection, desk.member.org_id, read_all(connection, cast("sa.Table", Booking.__table__)))
            == []
        )
        pending = {
            (row.table_name, row.row_id)
            for row in connection.execute(sa.select(OUTBOX).where(OUTBOX.c.processed_at.is_(None)))
        }
    assert desk.base_rows() == len(pending)


def visible_digest(world: World, desk: Desk) -> dict[str, list[str]]:
    """What the service holds in a desk's scope."""
    with school_transaction(world.engine, world.org_id, read_only=True) as connection:
        if desk.member.sees_all:
            return digest(connection)
        scope = ScopeReader(connection, world.org_id)
        found: dict[str, list[str]] = {}
        for name in digest(connection):
            table = Booking.metadata.tables[name]
            rows = [
                row
                for row in read_all(connection, table).values()
                if may_see(scope.audience(name, row), desk.member.instructor_id)
            ]
            found[name] = sorted(dump_json(cast("Json", codec(table).to_wire(row))) for row in rows)
        return found


def check_accounts(world: World, history: History) -> None:
    """Every transaction is applied once, or waits in an inbox: none vanished, none stands twice."""
    log = world.log()
    assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
    applied = {entry.transaction_id for entry in log}
    mutations = [entry.id for entry in log if entry.op.value != "event"]
    assert len(mutations) == len(set(mutations))
    for desk, receipt in history.receipts:
        if not receipt.changes:
            continue
        set_aside = {conflict.transaction_id for conflict in desk.conflicts()}
        outcome = (receipt.transaction_id in applied, receipt.transaction_id in set_aside)
        with desk.replica.reader() as connection:
            where = OUTBOX.c.transaction_id == receipt.transaction_id
            entries = connection.execute(sa.select(OUTBOX).where(where)).all()
        assert all(entry.processed_at is not None for entry in entries)
        # A transaction whose rows already were as it wanted is accepted without a log entry.
        assert outcome != (True, True)
        assert any(outcome) or all(entry.acked_seq is not None for entry in entries)


@pytest.mark.parametrize("seed", range(12))
def test_random_histories_converge(world: World, seed: int) -> None:
    run(world, seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1000, 1300))
def test_many_random_histories_converge(world: World, seed: int) -> None:
    run(world, seed)
