"""Random weeks of three PCs with lost answers and repeated requests: all agree afterwards, and nothing is lost."""

import contextlib
import random
from collections.abc import Callable
from datetime import timedelta
from typing import cast
from uuid import UUID

import pytest
import sqlalchemy as sa

from driveflow_desktop.domain.catalog.tables import RateCardItem, Service
from driveflow_desktop.domain.execution.tables import Lesson, Trip
from driveflow_desktop.domain.finance.tables import Payment, Payout, Refund
from driveflow_desktop.domain.finance.values import PaymentKind
from driveflow_desktop.domain.hard_rules import find_overlaps
from driveflow_desktop.domain.identity.tables import Org
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.tables import Guardian, Instructor, Student, StudentGuardian
from driveflow_desktop.domain.scheduling.tables import AvailabilityException, Booking, InstructorAvailability
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.ids import derived_id
from driveflow_desktop.service.database import school_transaction
from driveflow_desktop.service.scope import ScopeReader, may_see
from driveflow_desktop.store.base import TenantRow
from driveflow_desktop.store.log import OUTBOX
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.types import Json, Value, dump_json
from driveflow_desktop.store.unit_of_work import Receipt, UnitOfWork
from driveflow_desktop.sync.conflicts import OVERWRITTEN
from driveflow_desktop.sync.protocol import PushRequest
from tests.helpers.world import START, Desk, Furniture, World, digest, read_all

pytestmark = pytest.mark.postgres

STEPS = 80
_AMOUNTS = {"amount_cents": 9500, "platform_fee_cents": 1425, "instructor_share_cents": 8075}


class Gone(Exception):
    """A random act found nothing to act on."""


class History:
    """One seeded history: random commands, pushes, pulls, losses, repeats, and answers that come late."""

    def __init__(self, world: World, seed: int) -> None:
        self.random = random.Random(seed)
        self.world = world
        office = world.desk("office")
        self.things: Furniture = world.furnish(office)
        self.desks = [
            office,
            # The owner's other PC, whose clock is hours wrong.
            world.desk("home", user_id=office.member.user_id, skew=timedelta(hours=self.random.choice([-7, 0, 9]))),
            world.desk("back", OrgRole.ADMIN, skew=timedelta(minutes=-20)),
            world.desk("ben", OrgRole.INSTRUCTOR, self.things.ben),
        ]
        self.receipts: list[tuple[Desk, Receipt[object]]] = []
        self.mail: list[Callable[[], object]] = []
        self.acts: list[Callable[[Desk], None]] = [
            self.book, self.book, self.book_series, self.swap, self.move, self.note, self.phone, self.rename,
            self.price, self.status, self.remove, self.undo, self.undo, self.teach, self.pay, self.refund,
            self.pay_out, self.family, self.link, self.hours, self.leave, self.settings,
            self.push, self.push, self.push_lost, self.push_twice, self.push_late,
            self.pull, self.pull, self.pull, self.pull_late, self.deliver, self.deliver,
        ]  # fmt: skip

    def step(self) -> None:
        """One random thing happens at one random PC."""
        desk = self.random.choice(self.desks)
        with contextlib.suppress(UserError, Gone):
            self.random.choice(self.acts)(desk)

    # -- commands -----------------------------------------------------------------------------------------------

    def do(self, desk: Desk, command: Callable[[UnitOfWork], object]) -> None:
        self.receipts.append((desk, desk.do(command)))

    def slot(self) -> dict[str, Value]:
        student = self.random.choice([self.things.ethan, self.things.chloe])
        instructor = self.random.choice([self.things.ben, self.things.dana])
        hour = 26 + self.random.randrange(16) / 2
        status = self.random.choice([BookingStatus.CONFIRMED, BookingStatus.DRAFT, BookingStatus.REQUESTED])
        return self.things.booking(student, instructor, hour, status=status)

    def book(self, desk: Desk) -> None:
        values = self.slot()
        self.do(desk, lambda uow: uow.insert(Booking, values))

    def book_series(self, desk: Desk) -> None:
        first = self.slot()
        weeks = [timedelta(hours=12 * week) for week in range(3)]
        rows = [{**first, "start_at": first["start_at"] + by, "end_at": first["end_at"] + by} for by in weeks]
        self.do(desk, lambda uow: uow.bulk(Booking, rows))

    def swap(self, desk: Desk) -> None:
        one, two = self.pick(desk, Booking), self.pick(desk, Booking)
        rows = desk.rows(Booking)

        def change(uow: UnitOfWork) -> None:
            for mine, other in ((one, two), (two, one)):
                uow.update(Booking, mine, {name: rows[other][name] for name in ("start_at", "end_at")})

        self.do(desk, change)

    def move(self, desk: Desk) -> None:
        booking = self.pick(desk, Booking)
        row = desk.row(Booking, booking)
        by = timedelta(minutes=self.random.choice([-60, -30, 30, 60, 90]))
        values = {"start_at": row["start_at"] + by, "end_at": row["end_at"] + by}
        if self.random.random() < 0.3 and desk.member.sees_all:
            values["instructor_id"] = self.random.choice([self.things.ben, self.things.dana])
        self.do(desk, lambda uow: uow.update(Booking, booking, values))

    def note(self, desk: Desk) -> None:
        student = self.pick(desk, Student)
        lines = cast("str", desk.row(Student, student)["notes"] or "").splitlines()
        lines.insert(self.random.randrange(len(lines) + 1), f"{desk.name} {self.random.randrange(100)}")
        self.do(desk, lambda uow: uow.update(Student, student, {"notes": "\n".join(lines)}))

    def phone(self, desk: Desk) -> None:
        student = self.pick(desk, Student)
        number = f"+6141255{self.random.randrange(10_000):04}"
        self.do(desk, lambda uow: uow.update(Student, student, {"phone": number, "alert": f"{desk.name} {number}"}))

    def rename(self, desk: Desk) -> None:
        name = f"Lesson {self.random.randrange(5)}"
        if self.random.random() < 0.5:
            self.do(desk, lambda uow: uow.insert(Service, {"name": name}))
        else:
            service = self.pick(desk, Service)
            self.do(desk, lambda uow: uow.update(Service, service, {"name": name}))

    def price(self, desk: Desk) -> None:
        service = self.pick(desk, Service)
        item = derived_id("rate_card_items", self.things.card, service)
        cents = 9000 + self.random.randrange(3)

        def change(uow: UnitOfWork) -> None:
            if uow.get(RateCardItem, item) is None:
                values = {"rate_card_id": self.things.card, "service_id": service, "price_cents": cents}
                uow.insert(RateCardItem, values, row_id=item)
            else:
                uow.update(RateCardItem, item, {"price_cents": cents})

        self.do(desk, change)

    def status(self, desk: Desk) -> None:
        booking = self.pick(desk, Booking)
        steps = [self.random.choice(list(BookingStatus)) for _step in range(self.random.choice([1, 1, 2]))]

        def change(uow: UnitOfWork) -> None:
            for target in steps:
                uow.update(Booking, booking, {"status": target, "status_changed_by": desk.member.user_id})

        self.do(desk, change)

    def remove(self, desk: Desk) -> None:
        kind = self.random.choice([Booking, Service, Guardian, StudentGuardian, AvailabilityException, Trip, Student])
        row_id = self.pick(desk, kind)
        self.do(desk, lambda uow: uow.delete(kind, row_id))

    def undo(self, desk: Desk) -> None:
        mine = [receipt.inverse for owner, receipt in self.receipts if owner is desk and receipt.inverse is not None]
        if not mine:
            raise Gone
        wanted = self.random.choice(mine[-6:])
        self.do(desk, lambda uow: uow.revert(wanted))

    def teach(self, desk: Desk) -> None:
        booking = self.pick(desk, Booking)
        row = desk.row(Booking, booking)
        lesson = derived_id("lesson", booking)
        values = {"rating": self.random.randrange(1, 6), "started_at": row["start_at"]}
        if self.random.random() < 0.5:
            values = {"notes": f"{desk.name} {self.random.randrange(100)}"}

        def change(uow: UnitOfWork) -> None:
            if uow.get(Lesson, lesson) is None:
                people = {"instructor_id": row["instructor_id"], "student_id": row["student_id"]}
                uow.insert(Lesson, {"booking_id": booking, **people, **values}, row_id=lesson)
            else:
                uow.update(Lesson, lesson, values)
            if self.random.random() < 0.3:
                uow.insert(Trip, {"lesson_id": lesson, "started_at": row["start_at"]})

        self.do(desk, change)

    def pay(self, desk: Desk) -> None:
        booking = self.pick(desk, Booking)
        kind = self.random.choice(list(PaymentKind))
        self.do(desk, lambda uow: uow.insert(Payment, {"booking_id": booking, "kind": kind, **_AMOUNTS}))

    def refund(self, desk: Desk) -> None:
        payment = self.pick(desk, Payment)
        part = {"amount_cents": 5000, "platform_fee_cents": 750, "instructor_share_cents": 4250}
        self.do(desk, lambda uow: uow.insert(Refund, {"payment_id": payment, "reason": "Ill", **part}))

    def pay_out(self, desk: Desk) -> None:
        refund = self.pick(desk, Refund)
        with desk.replica.reader() as connection:
            same = sa.and_(Payment.booking_id == Booking.id, Booking.status != BookingStatus.DRAFT)
            owed = (
                sa.select(Booking.id, Booking.instructor_id)
                .join(Payment, same)
                .join(Refund, Refund.payment_id == Payment.id)
            )
            found = connection.execute(owed.where(Refund.id == refund)).one_or_none()
        if found is None:
            raise Gone
        row = {"instructor_id": found[1], "booking_id": found[0], "refund_id": refund, "amount_cents": -4250}
        self.do(desk, lambda uow: uow.insert(Payout, row))

    def family(self, desk: Desk) -> None:
        name = f"Parent {self.random.randrange(100)}"
        self.do(desk, lambda uow: uow.insert(Guardian, {"full_name": name}))

    def link(self, desk: Desk) -> None:
        student, guardian = self.pick(desk, Student), self.pick(desk, Guardian)
        values = {"student_id": student, "guardian_id": guardian, "relation": desk.name}
        self.do(desk, lambda uow: uow.insert(StudentGuardian, values, row_id=derived_id(student, guardian)))

    def hours(self, desk: Desk) -> None:
        start = self.random.randrange(480, 720, 30)
        day = {"day_of_week": self.random.randrange(7), "start_minute": start, "end_minute": start + 240}
        if self.random.random() < 0.5:
            instructor = self.pick(desk, Instructor)
            self.do(desk, lambda uow: uow.insert(InstructorAvailability, {"instructor_id": instructor, **day}))
        else:
            block = self.pick(desk, InstructorAvailability)
            change = self.random.choice([{"start_minute": start}, {"end_minute": start + 300}, day])
            self.do(desk, lambda uow: uow.update(InstructorAvailability, block, change))

    def leave(self, desk: Desk) -> None:
        instructor = self.pick(desk, Instructor)
        day = START.date() + timedelta(days=self.random.randrange(3))
        values = {"instructor_id": instructor, "date": day, "note": desk.name}
        self.do(desk, lambda uow: uow.insert(AvailabilityException, values))

    def settings(self, desk: Desk) -> None:
        document = {"notice": self.random.random() * 10, "big": 1e3 * self.random.randrange(5), "who": "Zoë 🚗"}
        self.do(desk, lambda uow: uow.update(Org, self.world.org_id, {"settings": document}))

    # -- the network --------------------------------------------------------------------------------------------

    def push(self, desk: Desk) -> None:
        desk.push()

    def push_lost(self, desk: Desk) -> None:
        self.world.serve_push(desk.member, self.request(desk))

    def push_twice(self, desk: Desk) -> None:
        request = self.request(desk)
        self.world.serve_push(desk.member, request)
        desk.answer(self.world.serve_push(desk.member, request))

    def push_late(self, desk: Desk) -> None:
        response = self.world.serve_push(desk.member, self.request(desk))
        self.mail.append(lambda: desk.answer(response))

    def pull(self, desk: Desk) -> None:
        desk.pull(limit=self.random.choice([1, 3, 1000]))

    def pull_late(self, desk: Desk) -> None:
        """The same page asked for twice: one answer is taken now, one later."""
        page = desk.fetch(limit=self.random.choice([1, 3, 1000]))
        self.mail.append(lambda: desk.take(page))
        if self.random.random() < 0.5:
            desk.pull(limit=self.random.choice([1, 1000]))

    def deliver(self, _desk: Desk) -> None:
        if self.mail:
            self.random.choice(self.mail)()

    def request(self, desk: Desk) -> PushRequest:
        request = desk.take_push(limit=self.random.choice([1, 3, 5000]))
        if request is None:
            raise Gone
        return request

    # -- helpers ------------------------------------------------------------------------------------------------

    def pick(self, desk: Desk, kind: type[TenantRow]) -> UUID:
        ids = sorted(desk.rows(kind))
        if not ids:
            raise Gone
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
        set_aside = {conflict.transaction_id for conflict in desk.conflicts() if conflict.code != OVERWRITTEN}
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
