"""One meaning of "owed": after any day at the desk the SQL, the rule, every screen and plain arithmetic agree."""

import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driveflow_desktop.domain.desk.commands import (
    CancelRequest,
    Completion,
    cancel,
    complete,
    correct_status,
    no_show,
    take_payment,
    void_payment,
)
from driveflow_desktop.domain.finance.commands import NewPayment, refund
from driveflow_desktop.domain.finance.queries import money_of_all
from driveflow_desktop.domain.finance.rules.owing import NO_MONEY, BookingAccount
from driveflow_desktop.domain.finance.tables import Package, PackageUse, Payment, Refund
from driveflow_desktop.domain.finance.values import PaymentKind, PaymentMethod, PaymentStatus, RefundStatus
from driveflow_desktop.domain.overview.accounts import NO_ACCOUNT, accounts, owing_students
from driveflow_desktop.domain.overview.booking import booking_detail
from driveflow_desktop.domain.overview.calendar import calendar_week
from driveflow_desktop.domain.overview.owing import owed_bookings
from driveflow_desktop.domain.overview.today import owed
from driveflow_desktop.domain.scheduling.commands.booking import NewBooking, book
from driveflow_desktop.domain.scheduling.commands.lifecycle import confirm
from driveflow_desktop.domain.scheduling.loader import Days, load_setting
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus, CancellationActor
from driveflow_desktop.kernel.clock import FixedClock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date
from driveflow_desktop.store.unit_of_work import UnitOfWork
from tests.helpers.school import (
    DANA,
    DESK,
    LESSON,
    MIA,
    MONDAY,
    NOAH,
    NOW,
    ORG,
    SYDNEY,
    ZOE,
    School,
    at,
    open_school_file,
)

STUDENTS = (MIA, NOAH, ZOE)
OWED_IN = {BookingStatus.CONFIRMED, BookingStatus.IN_PROGRESS, BookingStatus.COMPLETED, BookingStatus.NO_SHOW}
RECEIVED = {PaymentStatus.SUCCEEDED, PaymentStatus.REFUNDED}

picks = st.integers(0, 99)
percents = st.integers(1, 100)
steps = st.one_of(
    st.tuples(st.just("book"), picks, st.sampled_from([BookingStatus.CONFIRMED] * 3 + [BookingStatus.REQUESTED])),
    st.tuples(st.just("book"), picks, st.just(BookingStatus.PENDING_PAYMENT)),
    st.tuples(st.just("pack"), picks, st.booleans()),
    st.tuples(st.just("pay"), picks, st.sampled_from([PaymentMethod.CASH, PaymentMethod.CARD]), percents),
    st.tuples(st.just("fee"), picks, st.sampled_from([PaymentMethod.CASH, PaymentMethod.CARD]), percents),
    st.tuples(st.just("arrive"), picks),
    st.tuples(st.just("give back"), picks, percents),
    st.tuples(st.just("cancel"), picks, st.none() | percents),
    st.tuples(st.just("over"), picks, st.sampled_from([no_show, confirm, "complete", "reopen"])),
    st.tuples(st.just("void"), picks),
    st.tuples(st.just("wait"), st.integers(1, 30)),
)


class DeskDays:
    """A desk and its history; a refused step is no step."""

    def __init__(self, school: School) -> None:
        self.school = school
        self.booked: list[UUID] = []

    def take(self, step: tuple[object, ...]) -> None:
        name, *rest = step
        act = {
            "book": self.book,
            "pack": self.pack,
            "pay": self.pay,
            "fee": self.fee,
            "arrive": self.arrive,
            "give back": self.give_back,
            "cancel": self.cancel,
            "over": self.over,
            "void": self.void,
            "wait": lambda hours: self.school.clock.advance(timedelta(hours=hours)),
        }[name]
        if name in {"book", "wait"} or self.booked:
            act(*rest)

    def run(self, command: Callable[[UnitOfWork], object]) -> None:
        try:
            self.school.run(command)
        except UserError:
            return

    def pick(self, number: int) -> dict[str, object]:
        rows = self.school.rows_by_start()
        return rows[number % len(rows)]

    def book(self, number: int, status: BookingStatus) -> None:
        place = len(self.booked)
        start = at(9 + place % 8, MONDAY - timedelta(days=6) + timedelta(days=place // 8))
        request = NewBooking(STUDENTS[number % 3], DANA, LESSON, start, status=status, override=True)
        self.run(lambda uow: self.booked.append(book(uow, request)))

    def pack(self, number: int, use: bool) -> None:
        row = self.pick(number)

        def sell(uow: UnitOfWork) -> None:
            values = {"student_id": row["student_id"], "minutes_bought": 300, "price_cents": 40_000}
            package = uow.insert(Package, values)
            if use:
                used = {"package_id": package, "booking_id": row["id"], "minutes": 60}
                uow.insert(PackageUse, used)
            split = {"amount_cents": 40_000, "platform_fee_cents": 0, "instructor_share_cents": 40_000}
            uow.insert(Payment, {"package_id": package, **split})

        if row["id"] not in {each["booking_id"] for each in self.school.rows(PackageUse)}:
            self.run(sell)

    def pay(self, number: int, method: PaymentMethod, percent: int) -> None:
        row = self.pick(number)
        amount = None if percent > 50 else row["price_cents"] * percent // 100
        self.run(lambda uow: take_payment(uow, NewPayment(row["id"], method, amount)))

    def fee(self, number: int, method: PaymentMethod, cents: int) -> None:
        request = NewPayment(self.pick(number)["id"], method, cents * 10, PaymentKind.FEE)
        self.run(lambda uow: take_payment(uow, request))

    def arrive(self, number: int) -> None:
        """Card money that was asked for comes in."""
        asked = [row["id"] for row in self.school.rows(Payment) if row["status"] is PaymentStatus.INTENT_CREATED]
        if asked:
            key = asked[number % len(asked)]
            self.run(lambda uow: uow.update(Payment, key, {"status": PaymentStatus.SUCCEEDED}))

    def give_back(self, number: int, percent: int) -> None:
        row = self.pick(number)
        amount = row["price_cents"] * percent // 100
        before = by_hand(self.school)
        self.run(lambda uow: refund(uow, row["id"], amount, "as agreed"))
        assert by_hand(self.school) == before, "what went back is owed again"

    def cancel(self, number: int, percent: int | None) -> None:
        actor = CancellationActor.STUDENT if percent is None else CancellationActor.ADMIN
        self.run(lambda uow: cancel(uow, CancelRequest(self.pick(number)["id"], actor, "ill", percent)))

    def over(self, number: int, how: object) -> None:
        row = self.pick(number)
        self.school.clock.set(max(self.school.clock.now(), row["end_at"]))
        if how == "complete":
            self.run(lambda uow: complete(uow, Completion(row["id"])))
        elif how == "reopen":
            self.run(lambda uow: correct_status(uow, row["id"], BookingStatus.CONFIRMED, "a mistake"))
        else:
            self.run(lambda uow: how(uow, row["id"]))

    def void(self, number: int) -> None:
        rows = self.school.rows(Payment)
        if rows:
            self.run(lambda uow: void_payment(uow, rows[number % len(rows)]["id"], "typed twice"))


def by_hand(school: School) -> dict[UUID, int]:
    """What is owed for each booking, by arithmetic on the rows: cost less refunds, less what was paid net of them."""
    now = school.clock.now()
    packaged = {row["booking_id"] for row in school.rows(PackageUse)}
    payments = [row for row in school.rows(Payment) if row["status"] is not PaymentStatus.FAILED]
    kind_of = {row["id"]: (row["booking_id"], row["kind"]) for row in payments}
    refunds = [row for row in school.rows(Refund) if row["status"] is not RefundStatus.FAILED]
    found = {}
    for row in school.rows(Booking):
        mine = [one for one in payments if one["booking_id"] == row["id"]]
        paid = sum(
            one["amount_cents"] for one in mine if one["kind"] is not PaymentKind.FEE and one["status"] in RECEIVED
        )
        back = sum(
            one["amount_cents"]
            for one in refunds
            if kind_of[one["payment_id"]][0] == row["id"] and kind_of[one["payment_id"]][1] is not PaymentKind.FEE
        )
        fees = sum(
            one["amount_cents"]
            for one in mine
            if one["status"] is PaymentStatus.INTENT_CREATED and one["kind"] is PaymentKind.FEE
        )
        costs = row["status"] in OWED_IN and row["start_at"] <= now and row["id"] not in packaged
        cost = row["price_cents"] - back if costs else 0
        found[row["id"]] = max(0, cost - (paid - back)) * costs + fees
    return {key: cents for key, cents in found.items() if cents}


def check(school: School) -> None:
    now, today = school.clock.now(), local_date(school.clock.now(), SYDNEY)
    expected = by_hand(school)
    bookings = school.rows(Booking)
    sql = {each.booking_id: each.cents for each in school.read(lambda c: owed_bookings(c, ORG, now))}
    assert sql == expected

    money = school.read(lambda c: money_of_all(c, ORG, [row["id"] for row in bookings]))
    rule = {
        row["id"]: BookingAccount(row["status"], row["start_at"], row["price_cents"], money.get(row["id"], NO_MONEY))
        for row in bookings
    }
    assert {key: each.owed_cents(now) for key, each in rule.items() if each.owed_cents(now)} == expected

    setting = school.read(lambda c: load_setting(c, ORG, Days(today, today)))
    shown = school.read(lambda c: owed(c, ORG, today - timedelta(days=90), setting, now, 1000))
    assert {debt.booking_id: debt.due_cents for debt in shown.oldest} == expected
    assert shown.total_cents == sum(expected.values())

    first = MONDAY - timedelta(days=7)
    weeks = (first, MONDAY, MONDAY + timedelta(days=7))
    for week in weeks:
        for entry in school.read(lambda c, w=week: calendar_week(c, ORG, DANA, w, now)).entries:
            assert entry.due_cents == rule[entry.id].due.total_cents
    for row in bookings[:3]:
        detail = school.read(lambda c, key=row["id"]: booking_detail(c, ORG, key, DESK, now))
        assert detail.due == rule[row["id"]].due

    owner = {row["id"]: row["student_id"] for row in bookings}
    held = {row["id"]: row["student_id"] for row in school.rows(Package)}
    totals = dict.fromkeys(STUDENTS, 0)
    for key, cents in expected.items():
        totals[owner[key]] += cents
    for row in school.rows(Payment):
        if row["package_id"] is not None and row["status"] is PaymentStatus.INTENT_CREATED:
            totals[held[row["package_id"]]] += row["amount_cents"]
    roster = school.read(lambda c: accounts(c, ORG, STUDENTS, now, today))
    assert {student: roster.get(student, NO_ACCOUNT).owed_cents for student in STUDENTS} == totals
    assert school.read(lambda c: owing_students(c, ORG, now)) == {who: cents for who, cents in totals.items() if cents}


def live(template: Path, plan: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "school.db"
        shutil.copy(template, path)
        clock = FixedClock(NOW)
        with open_school_file(path, clock) as replica:
            desk = DeskDays(School(replica, clock))
            for step in plan:
                desk.take(step)
            check(desk.school)
            desk.school.clock.advance(timedelta(days=7))
            check(desk.school)


@settings(deadline=None)
@given(st.lists(steps, min_size=4, max_size=25))
def test_sql_rule_screens_and_arithmetic_agree(school_template, plan):
    live(school_template, plan)


HALF_BACK = [
    ("book", 0, BookingStatus.CONFIRMED),
    ("pay", 0, PaymentMethod.CASH, 100),
    ("give back", 0, 50),
]


@pytest.mark.parametrize(
    "plan",
    [
        [*HALF_BACK, ("over", 0, "complete")],
        [*HALF_BACK, ("over", 0, no_show)],
        [*HALF_BACK, ("cancel", 0, 50)],
        [*HALF_BACK, ("cancel", 0, 50), ("fee", 0, PaymentMethod.CARD, 40)],
        [("book", 0, BookingStatus.CONFIRMED), ("fee", 0, PaymentMethod.CARD, 9), ("pay", 0, PaymentMethod.CASH, 100)],
        [("book", 0, BookingStatus.CONFIRMED), ("pack", 0, True), ("over", 0, "complete")],
    ],
)
def test_days_that_once_went_wrong(school_template, plan):
    live(school_template, plan)


def test_a_fee_stays_asked_for_while_the_lesson_is_paid(school):
    made = school.run(lambda uow: book(uow, NewBooking(MIA, DANA, LESSON, at(10)))).value
    school.run(lambda uow: take_payment(uow, NewPayment(made, PaymentMethod.CARD, 900, PaymentKind.FEE)))
    school.run(lambda uow: take_payment(uow, NewPayment(made, PaymentMethod.CASH)))
    assert by_hand(school) == {made: 900}
    school.run(lambda uow: take_payment(uow, NewPayment(made, PaymentMethod.CASH, 900, PaymentKind.FEE)))
    assert by_hand(school) == {}
