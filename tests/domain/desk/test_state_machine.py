"""Random days at the desk on a real replica: every command, undo and redo, and what must hold after each."""

import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from driveflow_desktop.domain.desk.commands import (
    CancelRequest,
    Completion,
    cancel,
    cancel_series,
    complete,
    correct_status,
    expire_holds,
    no_show,
    start,
    take_payment,
    void_payment,
)
from driveflow_desktop.domain.execution.tables import Lesson
from driveflow_desktop.domain.finance.commands import NewPayment, refund
from driveflow_desktop.domain.finance.tables import Payment, Refund
from driveflow_desktop.domain.finance.values import PaymentMethod
from driveflow_desktop.domain.scheduling.commands.booking import Moving, NewBooking, book, change_service, move
from driveflow_desktop.domain.scheduling.commands.hours import Block, set_day, set_leave
from driveflow_desktop.domain.scheduling.commands.lifecycle import confirm
from driveflow_desktop.domain.scheduling.commands.series import NewSeries, book_series, move_series
from driveflow_desktop.domain.scheduling.rules.diary import occupies
from driveflow_desktop.domain.scheduling.rules.series import ClashPolicy, SeriesScope
from driveflow_desktop.domain.scheduling.tables import AvailabilityException, Booking, InstructorAvailability
from driveflow_desktop.domain.scheduling.values import OCCUPYING, BookingStatus, CancellationActor
from driveflow_desktop.kernel.clock import FixedClock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.unit_of_work import Receipt, UnitOfWork
from tests.helpers.school import (
    DANA,
    ETHAN,
    HIGHWAY,
    LESSON,
    MIA,
    MONDAY,
    NOAH,
    NOW,
    ZOE,
    School,
    at,
    open_school_file,
)

T = TypeVar("T")
UNDOABLE = (Booking, Lesson, InstructorAvailability, AvailabilityException)
UNSTABLE = {"created_at", "updated_at", "version"}

instructors = st.sampled_from([DANA, ETHAN])
students = st.sampled_from([MIA, NOAH, ZOE])
services = st.sampled_from([LESSON, HIGHWAY])
hours = st.integers(32, 72).map(lambda quarter: quarter / 4)
days = st.integers(0, 9).map(lambda n: MONDAY + timedelta(days=n))
scopes = st.sampled_from(list(SeriesScope))
actors = st.sampled_from([CancellationActor.STUDENT, CancellationActor.INSTRUCTOR])
first_statuses = st.sampled_from([*[BookingStatus.CONFIRMED] * 3, BookingStatus.DRAFT, BookingStatus.REQUESTED])
picks = st.integers(0, 10**6)


def plain(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{name: value for name, value in row.items() if name not in UNSTABLE} for row in rows]


class Desk(RuleBasedStateMachine):
    """A front desk that presses every key, most of them at the wrong time."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "school.db"
        shutil.copy(self.template, path)
        self.clock = FixedClock(NOW)
        self.school = School(open_school_file(path, self.clock), self.clock)
        self.initial = self.snapshot()
        self.first_log = self.school.log_sizes()
        self.undo_stack: list[Receipt[object]] = []
        self.redo_stack: list[Receipt[object]] = []
        self.stuck = False

    def teardown(self) -> None:
        try:
            self.undo_everything()
        finally:
            self.school.replica.close()
            self.folder.cleanup()

    def undo_everything(self) -> None:
        """Where no money moved and no hold ran out, taking everything back leaves what was there at first."""
        if self.stuck:
            return
        while self.undo_stack:
            self.school.undo(self.undo_stack.pop())
        assert self.snapshot() == self.initial

    def snapshot(self) -> list[list[dict[str, object]]]:
        return [plain(self.school.rows(kind)) for kind in UNDOABLE]

    def try_(self, command: Callable[[UnitOfWork], T]) -> None:
        """Do it if the rules allow; a refusal must leave no trace."""
        log = self.school.log_sizes()
        try:
            receipt = self.school.run(command)
        except UserError:
            assert self.school.log_sizes() == log
            return
        if receipt.changes:
            self.redo_stack.clear()
            if receipt.inverse is None:
                self.stuck = True
                self.undo_stack.clear()
            else:
                self.undo_stack.append(receipt)

    def pick(self, number: int):
        rows = self.school.rows(Booking)
        return rows[number % len(rows)]

    def some_booking(self) -> bool:
        return bool(self.school.rows(Booking))

    # -- the diary ------------------------------------------------------------------------------------------------

    @rule(
        who=students, by=instructors, what=services, day=days, hour=hours, status=first_statuses, override=st.booleans()
    )
    def book(self, who, by, what, day, hour, status, override):
        request = NewBooking(who, by, what, at(hour, day), status=status, override=override)
        self.try_(lambda uow: book(uow, request))

    @rule(who=students, by=instructors, day=days, hour=hours, clash=st.sampled_from(list(ClashPolicy)))
    def book_series(self, who, by, day, hour, clash):
        self.try_(lambda uow: book_series(uow, NewSeries(NewBooking(who, by, LESSON, at(hour, day)), 3, clash)))

    @precondition(some_booking)
    @rule(
        number=picks, by=instructors, day=days, hour=hours, scope=scopes, override=st.booleans(), reprice=st.booleans()
    )
    def move(self, number, by, day, hour, scope, override, reprice):
        request = Moving(self.pick(number)["id"], at(hour, day), None, by, override, reprice)
        self.try_(lambda uow: move_series(uow, request, scope))

    @precondition(some_booking)
    @rule(number=picks, minutes=st.sampled_from([30, 45, 120, -15, 0]))
    def resize(self, number, minutes):
        row = self.pick(number)
        end = row["start_at"] + timedelta(minutes=minutes)
        self.try_(lambda uow: move(uow, Moving(row["id"], end=end, override=True)))

    @precondition(some_booking)
    @rule(number=picks, what=services, reprice=st.booleans())
    def change_service(self, number, what, reprice):
        self.try_(lambda uow: change_service(uow, self.pick(number)["id"], what, reprice=reprice))

    @rule(by=instructors, day=st.integers(0, 6), start_hour=st.integers(6, 12))
    def set_day(self, by, day, start_hour):
        self.try_(lambda uow: set_day(uow, by, day, [Block(start_hour * 60, start_hour * 60 + 360)]))

    @rule(by=instructors, day=days, length=st.integers(0, 3))
    def leave(self, by, day, length):
        self.try_(lambda uow: set_leave(uow, by, day, day + timedelta(days=length)))

    # -- the lesson's life ----------------------------------------------------------------------------------------

    @precondition(some_booking)
    @rule(number=picks, minutes=st.integers(-60, 180))
    def at_a_lesson(self, number, minutes):
        """Time goes on to somewhere around a lesson."""
        moment = self.pick(number)["start_at"] + timedelta(minutes=minutes)
        self.clock.set(max(moment, self.clock.now()))

    @precondition(some_booking)
    @rule(number=picks, act=st.sampled_from([confirm, start, no_show]))
    def step(self, number, act):
        self.try_(lambda uow: act(uow, self.pick(number)["id"]))

    @precondition(some_booking)
    @rule(number=picks)
    def complete(self, number):
        self.try_(lambda uow: complete(uow, Completion(self.pick(number)["id"])))

    @precondition(some_booking)
    @rule(number=picks, late=st.integers(0, 20))
    def give(self, number, late):
        """A lesson is driven from start to end."""
        row = self.pick(number)
        self.clock.set(max(row["start_at"] + timedelta(minutes=late), self.clock.now()))
        self.try_(lambda uow: start(uow, row["id"]))
        self.clock.set(max(row["end_at"], self.clock.now()))
        self.try_(lambda uow: complete(uow, Completion(row["id"])))

    @precondition(some_booking)
    @rule(number=picks, actor=actors, scope=scopes)
    def cancel(self, number, actor, scope):
        self.try_(lambda uow: cancel_series(uow, CancelRequest(self.pick(number)["id"], actor, "because"), scope))

    @precondition(some_booking)
    @rule(number=picks, percent=st.integers(0, 100))
    def cancel_as_admin(self, number, percent):
        request = CancelRequest(self.pick(number)["id"], CancellationActor.ADMIN, "storm", percent)
        self.try_(lambda uow: cancel(uow, request))

    @precondition(some_booking)
    @rule(number=picks, to=st.sampled_from(list(BookingStatus)))
    def correct(self, number, to):
        self.try_(lambda uow: correct_status(uow, self.pick(number)["id"], to, "a mistake"))

    @rule()
    def expire(self):
        self.try_(expire_holds)

    # -- money ----------------------------------------------------------------------------------------------------

    @precondition(some_booking)
    @rule(number=picks, method=st.sampled_from(list(PaymentMethod)), amount=st.none() | st.integers(-1, 15_000))
    def pay(self, number, method, amount):
        self.try_(lambda uow: take_payment(uow, NewPayment(self.pick(number)["id"], method, amount)))

    @precondition(lambda self: bool(self.school.rows(Payment)))
    @rule(number=picks, percent=st.integers(0, 110))
    def refund(self, number, percent):
        rows = self.school.rows(Payment)
        row = rows[number % len(rows)]
        amount = row["amount_cents"] * percent // 100
        self.try_(lambda uow: refund(uow, row["booking_id"], amount, "as agreed"))

    @precondition(lambda self: bool(self.school.rows(Payment)))
    @rule(number=picks)
    def void(self, number):
        rows = self.school.rows(Payment)
        self.try_(lambda uow: void_payment(uow, rows[number % len(rows)]["id"], "typed twice"))

    # -- undo and redo --------------------------------------------------------------------------------------------

    @precondition(lambda self: bool(self.undo_stack))
    @rule()
    def undo(self):
        self.redo_stack.append(self.school.undo(self.undo_stack.pop()))

    @precondition(lambda self: bool(self.redo_stack))
    @rule()
    def redo(self):
        self.undo_stack.append(self.school.undo(self.redo_stack.pop()))

    # -- what must hold -------------------------------------------------------------------------------------------

    @invariant()
    def nobody_is_in_two_lessons(self):
        holding = [row for row in self.school.rows(Booking) if row["status"] in OCCUPYING]
        for person in ("instructor_id", "student_id"):
            ordered = sorted(holding, key=lambda row: (row[person], row["start_at"]))
            for one, other in pairwise(ordered):
                assert one[person] != other[person] or one["end_at"] <= other["start_at"]

    @invariant()
    def splits_add_up(self):
        for row in self.school.rows(Booking):
            assert row["platform_fee_cents"] + row["instructor_share_cents"] == row["price_cents"]
        for row in [*self.school.rows(Payment), *self.school.rows(Refund)]:
            assert row["platform_fee_cents"] + row["instructor_share_cents"] == row["amount_cents"]

    @invariant()
    def the_books_balance(self):
        payments = [row for row in self.school.rows(Payment) if row["status"] in {"succeeded", "refunded"}]
        counted = {row["id"] for row in payments}
        refunds = [row for row in self.school.rows(Refund) if row["status"] != "failed"]
        assert {row["payment_id"] for row in refunds} <= counted
        total = {
            name: sum(row[name] for row in payments) - sum(row[name] for row in refunds)
            for name in ("amount_cents", "platform_fee_cents", "instructor_share_cents")
        }
        assert total["amount_cents"] == total["platform_fee_cents"] + total["instructor_share_cents"]
        assert total["amount_cents"] >= 0

    @invariant()
    def outbox_and_audit_run_in_step(self):
        outbox, audit = self.school.log_sizes()
        assert outbox == audit

    @invariant()
    def lessons_belong_to_bookings_that_began(self):
        status = {row["id"]: row["status"] for row in self.school.rows(Booking)}
        for row in self.school.rows(Lesson):
            if row["ended_at"] is not None:
                assert status[row["booking_id"]] is BookingStatus.COMPLETED

    @invariant()
    def drafts_hold_no_longer_than_an_hour(self):
        for row in self.school.rows(Booking):
            if row["status"] is BookingStatus.DRAFT:
                assert not occupies(row["status"], row["hold_until"], row["status_changed_at"] + timedelta(hours=1))


@pytest.mark.parametrize("steps", [25])
def test_random_days_at_the_desk(school_template, steps):
    machine = type("DeskOfThisRun", (Desk,), {"template": school_template})
    run_state_machine_as_test(machine, settings=settings(max_examples=15, stateful_step_count=steps))


@pytest.mark.long
def test_many_random_days_at_the_desk(school_template):
    machine = type("DeskOfThisRun", (Desk,), {"template": school_template})
    run_state_machine_as_test(machine, settings=settings(max_examples=150, stateful_step_count=60))
