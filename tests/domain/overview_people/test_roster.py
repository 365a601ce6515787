import random
from datetime import date, timedelta
from uuid import UUID

import pytest

from driveflow_desktop.domain.catalog.tables import Service
from driveflow_desktop.domain.catalog.values import ServiceKind
from driveflow_desktop.domain.finance.queries import money_of_all
from driveflow_desktop.domain.finance.rules.owing import NO_MONEY, BookingAccount, account_balance
from driveflow_desktop.domain.finance.tables import Package, PackageUse, Payment, Refund
from driveflow_desktop.domain.finance.values import PaymentKind, PaymentMethod, PaymentStatus, RefundStatus
from driveflow_desktop.domain.overview.accounts import accounts, owing_now, owing_students
from driveflow_desktop.domain.overview.students import (
    RosterFilter,
    RosterMoment,
    RosterOrder,
    RosterSort,
    StudentRow,
    count_students,
    initials_of,
    student_page,
)
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.people.values import LicenceClass
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.changes import Changes
from tests.helpers.plans import plan_of, walked
from tests.helpers.school import DANA, LESSON, MIA, NOW, ORG, THEIR_STUDENT, School

TEST_SERVICE = UUID(int=4242)
TODAY = date(2026, 11, 24)
ALL_ORDERS = [RosterOrder(by, descending) for by in RosterSort for descending in (False, True)]
NAMES = ["Ann Lee", "Bob 100%", "Bob_x", "Zoë 🚗", "محمد", "<i>x</i>", "ann lee", "Ann Lee"]
UPCOMING = {
    BookingStatus.REQUESTED,
    BookingStatus.PENDING_PAYMENT,
    BookingStatus.CONFIRMED,
    BookingStatus.IN_PROGRESS,
}


def named(what: RosterOrder | RosterFilter) -> str:
    """A short name for a test."""
    if isinstance(what, RosterOrder):
        return f"{what.by.value}{'-down' if what.descending else ''}"
    return "-".join(name for name in RosterFilter.__slots__ if getattr(what, name)) or "all"


def populate(uow, seed: int = 7, students: int = 40) -> None:
    """Students with all kinds of bookings and money; the instructor is never in two places."""
    chance = random.Random(seed)
    uow.insert(Service, {"name": "Test", "kind": ServiceKind.DRIVING_TEST}, row_id=TEST_SERVICE)
    start = NOW - timedelta(days=60)
    for number in range(students):
        student = uow.insert(
            Student,
            {
                "full_name": NAMES[number] if number < len(NAMES) else f"Student {chance.randrange(10**6)}",
                "phone": f"+6141234{number:04}",
                "pickup_address": chance.choice(["1 A St, Newtown", "2 B_ St, Auburn", None]),
                "licence_expires_on": chance.choice([None, TODAY + timedelta(days=chance.randrange(-50, 100))]),
                "licence_class": chance.choice([None, *LicenceClass]),
            },
        )
        package = None
        if chance.random() < 0.3:
            expires = chance.choice([None, TODAY, TODAY - timedelta(days=1)])
            values = {"student_id": student, "minutes_bought": 300, "price_cents": 40_000, "expires_on": expires}
            package = uow.insert(Package, values)
            _pay(uow, chance, None, package, 40_000, PaymentKind.FULL)
        for _ in range(chance.randrange(5)):
            start += timedelta(minutes=90)
            when = start + timedelta(days=chance.choice([0, 0, 62, 75]))
            _booking(uow, chance, student, package, when)


def _booking(uow, chance: random.Random, student: UUID, package: UUID | None, when) -> None:
    past = [BookingStatus.COMPLETED, BookingStatus.NO_SHOW, BookingStatus.CONFIRMED, BookingStatus.CANCELLED]
    coming = [*sorted(UPCOMING - {BookingStatus.IN_PROGRESS}), BookingStatus.CANCELLED, BookingStatus.DRAFT]
    status = chance.choice(past if when <= NOW else coming)
    values = {
        "student_id": student,
        "instructor_id": DANA,
        "service_id": chance.choice([LESSON, TEST_SERVICE]),
        "start_at": when,
        "end_at": when + timedelta(minutes=60),
        "status": status,
        "status_changed_at": NOW,
        "price_cents": 9500,
        "platform_fee_cents": 1425,
        "instructor_share_cents": 8075,
    }
    booking = uow.insert(Booking, values)
    if package is not None and chance.random() < 0.5:
        uow.insert(PackageUse, {"package_id": package, "booking_id": booking, "minutes": 60})
    elif chance.random() < 0.6:
        _pay(uow, chance, booking, None, chance.choice([9500, 9500, 4000, 10_000]), PaymentKind.FULL)
    if chance.random() < 0.2:
        _pay(uow, chance, booking, None, 2000, PaymentKind.FEE)


def _pay(uow, chance: random.Random, booking: UUID | None, package: UUID | None, cents: int, kind: PaymentKind) -> None:
    status = chance.choice([PaymentStatus.SUCCEEDED, PaymentStatus.SUCCEEDED, *PaymentStatus])
    payment = uow.insert(
        Payment,
        {
            "booking_id": booking,
            "package_id": package,
            "kind": kind,
            "status": status,
            "amount_cents": cents,
            "platform_fee_cents": 0,
            "instructor_share_cents": cents,
            "method": PaymentMethod.EFTPOS,
            "received_at": NOW,
        },
    )
    if status is PaymentStatus.REFUNDED:
        uow.insert(
            Refund,
            {
                "payment_id": payment,
                "amount_cents": cents // 2,
                "platform_fee_cents": 0,
                "instructor_share_cents": cents // 2,
                "reason": "x",
                "status": chance.choice(list(RefundStatus)),
            },
        )


@pytest.fixture
def full(school: School) -> School:
    """The school with forty more students."""
    school.replica._guard = lambda *_: None  # the money here is wild on purpose
    school.run(populate)
    return school


def moment(school: School) -> RosterMoment:
    return RosterMoment(NOW, school.read(lambda c: owing_students(c, ORG, NOW)))


def listed(school: School, limit: int = 1000, **kwargs) -> list[StudentRow]:
    """The whole list, read in pages."""
    found, after, now = [], None, moment(school)
    while True:
        page = school.read(lambda c, key=after: student_page(c, ORG, now, after=key, limit=limit, **kwargs))
        assert len(page.rows) <= limit
        found += page.rows
        after = page.next_key
        if after is None:
            return found


@pytest.mark.parametrize("order", ALL_ORDERS, ids=named)
def test_pages_put_together_are_the_list(full: School, order: RosterOrder):
    whole = [row.id for row in listed(full, order=order)]
    assert sorted(whole) == sorted(row["id"] for row in full.rows(Student) if row["org_id"] == ORG)
    for limit in (1, 7):
        assert [row.id for row in listed(full, limit, order=order)] == whole


def test_the_orders_are_what_they_say(full: School):
    names = [(row.full_name, row.id) for row in listed(full)]
    assert names == sorted(names)
    assert [(row.full_name, row.id) for row in listed(full, order=RosterOrder(descending=True))] == names[::-1]
    for descending in (False, True):
        by_lesson = listed(full, order=RosterOrder(RosterSort.NEXT_LESSON, descending))
        starts = [row.next_lesson.start for row in by_lesson if row.next_lesson is not None]
        assert len(starts) > 5
        assert starts == sorted(starts, reverse=descending)
        rest = by_lesson[len(starts) :]
        assert all(row.next_lesson is None for row in rest)
        assert [row.full_name for row in rest] == sorted(row.full_name for row in rest)
        by_owed = listed(full, order=RosterOrder(RosterSort.OWED, descending))
        owed = [row.account.owed_cents for row in by_owed]
        owing = [cents for cents in owed if cents]
        assert len(owing) > 5
        assert owed[: len(owing)] == sorted(owing, reverse=descending)


def test_the_next_lesson_is_the_first_that_runs_or_is_to_come(full: School):
    for row in listed(full):
        own = [
            (booking["start_at"], booking["id"])
            for booking in full.rows(Booking)
            if booking["student_id"] == row.id and booking["end_at"] > NOW and booking["status"] in UPCOMING
        ]
        assert (row.next_lesson and (row.next_lesson.start, row.next_lesson.booking_id)) == min(own, default=None)


FILTERS = [
    RosterFilter(owing=True),
    RosterFilter(no_next_lesson=True),
    RosterFilter(test_soon=True),
    RosterFilter(licence_expiring=True),
    RosterFilter(owing=True, no_next_lesson=True, licence_expiring=True),
]


def holds(row: StudentRow, wanted: RosterFilter, tests: set[UUID]) -> bool:
    return (
        (not wanted.owing or row.account.owed_cents > 0)
        and (not wanted.no_next_lesson or row.next_lesson is None)
        and (not wanted.test_soon or row.id in tests)
        and (
            not wanted.licence_expiring
            or (row.licence_expires_on is not None and row.licence_expires_on <= TODAY + timedelta(days=30))
        )
    )


@pytest.mark.parametrize("wanted", FILTERS, ids=named)
def test_filters_leave_the_right_students_in_every_order(full: School, wanted: RosterFilter):
    last = NOW + timedelta(days=15)
    tests = {
        booking["student_id"]
        for booking in full.rows(Booking)
        if booking["service_id"] == TEST_SERVICE
        and booking["status"] in UPCOMING
        and booking["end_at"] > NOW
        and booking["start_at"] < last.replace(hour=13, minute=0)
    }
    everyone = listed(full)
    expected = {row.id for row in everyone if holds(row, wanted, tests)}
    assert 0 < len(expected) < len(everyone)
    now = moment(full)
    assert full.read(lambda c: count_students(c, ORG, now, wanted)) == len(expected)
    for order in ALL_ORDERS:
        found = [row.id for row in listed(full, 3, wanted=wanted, order=order)]
        assert len(found) == len(set(found))
        assert set(found) == expected


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ANN", ["Ann Lee", "Ann Lee", "ann lee"]),
        ("100%", ["Bob 100%"]),
        ("b_", ["Bob_x"]),
        ("<i>", ["<i>x</i>"]),
        ("محمد", ["محمد"]),
        ("0002", ["Bob_x"]),
        ("0412 340 002", ["Bob_x"]),
        ("+61 41234 0002", ["Bob_x"]),
        ("%", ["Bob 100%"]),
        ("'; drop table students --", []),
    ],
)
def test_text_is_found_in_names_addresses_and_phones(full: School, text: str, names: list[str]):
    found = [row.full_name for row in listed(full, wanted=RosterFilter(text)) if "St" not in row.full_name]
    if text == "b_":
        found = [name for name in found if name == "Bob_x"]
    assert found == names


def test_a_row_says_what_the_list_shows(full: School):
    values = {"phone": "+61412555018", "licence_class": LicenceClass.LEARNER, "logbook_minutes": 1890, "alert": "x"}
    full.run(lambda uow: uow.update(Student, MIA, values))
    row = next(row for row in listed(full) if row.id == MIA)
    assert (row.initials, row.phone, row.logbook_minutes, row.required_minutes) == ("MT", "0412 555 018", 1890, 7200)
    full.run(lambda uow: uow.update(Student, MIA, {"licence_class": LicenceClass.FULL, "phone": None}))
    row = next(row for row in listed(full) if row.id == MIA)
    assert (row.phone, row.required_minutes) == ("", None)
    assert THEIR_STUDENT not in {row.id for row in listed(full)}


def test_initials():
    assert [initials_of(name) for name in ("Ethan Popescu", "Cher", "Ana de la Cruz", "محمد", "")] == [
        "EP",
        "C",
        "AC",
        "م",
        "",
    ]


@pytest.mark.parametrize("seed", range(3))
def test_accounts_are_what_the_rule_says_of_the_whole_history(school: School, seed: int):
    school.replica._guard = lambda *_: None
    school.run(lambda uow: populate(uow, seed))
    ids = [row["id"] for row in school.rows(Student)]
    found = school.read(lambda c: accounts(c, ORG, ids, NOW, TODAY))
    expected = {student: whole_account(school, student) for student in ids}
    assert {key: (a.owed_cents, a.upcoming_cents, a.credit_cents) for key, a in found.items()} == {
        key: balance for key, balance in expected.items() if any(balance) or key in found
    }
    owing = {student: balance[0] for student, balance in expected.items() if balance[0]}
    assert owing
    assert school.read(lambda c: owing_students(c, ORG, NOW)) == owing


def whole_account(school: School, student: UUID) -> tuple[int, int, int]:
    """The rule asked with every booking, settled or not."""
    mine = [row for row in school.rows(Booking) if row["student_id"] == student]
    money = school.read(lambda c: money_of_all(c, ORG, [row["id"] for row in mine]))
    bookings = [
        BookingAccount(row["status"], row["start_at"], row["price_cents"], money.get(row["id"], NO_MONEY))
        for row in mine
    ]
    packages = {row["id"] for row in school.rows(Package) if row["student_id"] == student}
    due = sum(
        row["amount_cents"]
        for row in school.rows(Payment)
        if row["package_id"] in packages and row["status"] is PaymentStatus.INTENT_CREATED
    )
    return tuple(account_balance(bookings, NOW, due))


def test_packages_that_still_hold_have_minutes_left(school: School):
    def buy(uow):
        first = uow.insert(Package, {"student_id": MIA, "minutes_bought": 200, "price_cents": 1, "expires_on": TODAY})
        uow.insert(
            Package,
            {"student_id": MIA, "minutes_bought": 60, "price_cents": 1, "expires_on": TODAY - timedelta(days=1)},
        )
        return first

    school.run(buy)
    account = school.read(lambda c: accounts(c, ORG, [MIA], NOW, TODAY))[MIA]
    assert (account.package_minutes, account.lessons_left) == (200, 3)


def confirmed(student: UUID, start) -> dict[str, object]:
    """A confirmed lesson, not paid."""
    return {
        "student_id": student,
        "instructor_id": DANA,
        "service_id": LESSON,
        "start_at": start,
        "end_at": start + timedelta(hours=1),
        "status": BookingStatus.CONFIRMED,
        "status_changed_at": NOW,
        "price_cents": 9500,
        "platform_fee_cents": 1425,
        "instructor_share_cents": 8075,
    }


def test_who_owes_is_kept_up_to_date_by_what_changed(full: School):
    known = full.read(lambda c: owing_now(c, ORG, None, Changes(), NOW))
    assert known.cents == full.read(lambda c: owing_students(c, ORG, NOW))
    chance = random.Random(3)
    for step in range(12):
        receipt = full.run(lambda uow, n=step: _change_something(uow, full, chance, n))
        now = NOW + timedelta(days=step)
        known = full.read(lambda c, k=known, r=receipt, n=now: owing_now(c, ORG, k, r.changes, n))
        assert known.cents == full.read(lambda c, n=now: owing_students(c, ORG, n))


def _change_something(uow, school: School, chance: random.Random, step: int) -> None:
    bookings = school.rows(Booking)
    packages = school.rows(Package)
    booking = chance.choice(bookings)["id"]
    package = chance.choice(packages)["id"]
    if step % 4 == 0:
        uow.insert(Booking, confirmed(MIA, NOW + timedelta(days=step, hours=3)))
    elif step % 4 == 1:
        uow.update(Booking, booking, {"status": chance.choice(list(BookingStatus))})
    elif step % 4 == 2:
        _pay(uow, chance, None, package, 500, PaymentKind.FULL)
        free = {row["id"] for row in bookings} - {row["booking_id"] for row in school.rows(Payment)}
        free -= {row["booking_id"] for row in school.rows(PackageUse)}
        first, second, *_ = sorted(free)
        uow.insert(PackageUse, {"package_id": package, "booking_id": first, "minutes": 5})
        _pay(uow, chance, second, None, 9500, PaymentKind.FULL)
    else:
        payment = next(row["id"] for row in school.rows(Payment) if row["status"] is PaymentStatus.INTENT_CREATED)
        uow.update(Payment, payment, {"status": PaymentStatus.SUCCEEDED})


def test_a_row_that_is_gone_or_a_clock_set_back_asks_for_everything(full: School):
    made = full.run(lambda uow: uow.insert(Booking, confirmed(MIA, NOW - timedelta(hours=2)))).value
    known = full.read(lambda c: owing_now(c, ORG, None, Changes(), NOW))
    assert known.cents[MIA] == 9500
    gone = full.run(lambda uow: uow.delete(Booking, made)).changes
    known = full.read(lambda c: owing_now(c, ORG, known, gone, NOW))
    assert MIA not in known.cents
    earlier = NOW - timedelta(days=30)
    back = full.read(lambda c: owing_now(c, ORG, known, Changes(), earlier))
    assert back.cents == full.read(lambda c: owing_students(c, ORG, earlier))


@pytest.mark.parametrize("order", ALL_ORDERS, ids=named)
@pytest.mark.parametrize("wanted", [RosterFilter(), *FILTERS], ids=named)
def test_a_page_walks_through_no_bookings_and_no_money(full: School, order: RosterOrder, wanted: RosterFilter):
    now = moment(full)
    first = full.read(lambda c: student_page(c, ORG, now, order=order, wanted=wanted, limit=2))
    for after in (None, first.next_key):
        steps = plan_of(
            full, lambda c, a=after: student_page(c, ORG, now, order=order, wanted=wanted, after=a, limit=2)
        )
        assert walked(steps) <= {"students", "services", "instructors", "orgs"}
        if order.by is RosterSort.NAME and not wanted.owing and not wanted.test_soon:
            assert "USE TEMP B-TREE FOR ORDER BY" not in steps
