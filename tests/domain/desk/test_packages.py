"""Minutes of packages: used + left = bought and left is never negative, whatever the desk does."""

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
    take_back_no_show,
)
from driveflow_desktop.domain.desk.queries import quote_cancellation
from driveflow_desktop.domain.finance.queries import minutes_left_in
from driveflow_desktop.domain.finance.tables import Package, PackageUse
from driveflow_desktop.domain.scheduling.commands.booking import NewBooking, book
from driveflow_desktop.domain.scheduling.commands.school import set_policy
from driveflow_desktop.domain.scheduling.rules.cancellation import PolicyRow
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus, CancellationActor
from driveflow_desktop.kernel.clock import FixedClock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.unit_of_work import UnitOfWork
from tests.helpers.school import DANA, LESSON, MIA, NOW, ORG, School, at, open_school_file

STUDENT, ADMIN, TEACHER = CancellationActor.STUDENT, CancellationActor.ADMIN, CancellationActor.INSTRUCTOR


def sell(school: School, minutes: int) -> UUID:
    bought = {"student_id": MIA, "minutes_bought": minutes, "price_cents": 40_000}
    return school.run(lambda uow: uow.insert(Package, bought)).value


def use(school: School, package: UUID, booking: UUID, minutes: int = 60) -> None:
    values = {"package_id": package, "booking_id": booking, "minutes": minutes}
    school.run(lambda uow: uow.insert(PackageUse, values))


def left(school: School, package: UUID) -> int:
    return school.read(lambda c: minutes_left_in(c, ORG, [package]))[package]


@pytest.fixture
def ten(school: School) -> UUID:
    return school.run(lambda uow: book(uow, NewBooking(MIA, DANA, LESSON, at(10)))).value


@pytest.fixture
def package(school: School, ten: UUID) -> UUID:
    sold = sell(school, 100)
    use(school, sold, ten)
    return sold


@pytest.mark.parametrize(
    ("hours", "actor", "percent", "remaining"),
    [
        (25, STUDENT, None, 100),
        (5, STUDENT, None, 70),
        (1, STUDENT, None, 40),
        (1, TEACHER, None, 100),
        (1, ADMIN, 33, 60),
        (30, ADMIN, 0, 40),
    ],
)
def test_a_cancellation_gives_minutes_back_as_quoted(school, ten, package, hours, actor, percent, remaining):
    assert left(school, package) == 40
    school.clock.set(at(10) - timedelta(hours=hours))
    ask = {"refund_percent": percent, "reason": "ill"}
    quote = school.read(lambda c: quote_cancellation(c, ORG, ten, actor, school.clock.now(), **ask))
    assert (quote.minutes_back, quote.minutes_kept) == (remaining - 40, 100 - remaining)
    request = CancelRequest(ten, actor, "ill", percent, 0, remaining - 40)
    receipt = school.run(lambda uow: cancel(uow, request))
    assert left(school, package) == remaining
    school.undo(receipt)
    assert left(school, package) == 40


def test_minutes_that_time_has_overtaken_are_refused(school, ten, package):
    school.clock.set(at(10) - timedelta(hours=5))
    with pytest.raises(UserError) as refused:
        school.run(lambda uow: cancel(uow, CancelRequest(ten, STUDENT, "ill", agreed_minutes_back=60)))
    assert (refused.value.code, refused.value.details["minutes_back"]) == ("quote_changed", 30)


def test_a_later_change_of_the_policy_changes_nothing(school, ten, package):
    school.clock.set(at(10) - timedelta(hours=5))
    school.run(lambda uow: cancel(uow, CancelRequest(ten, STUDENT, "ill")))
    school.run(lambda uow: set_policy(uow, STUDENT, [PolicyRow(STUDENT, 0, 0)]))
    assert left(school, package) == 70


def test_a_no_show_uses_all_minutes_until_the_desk_chooses(school, ten, package):
    school.clock.set(at(10.5))
    school.run(lambda uow: no_show(uow, ten))
    assert left(school, package) == 40
    school.run(lambda uow: take_back_no_show(uow, ten))
    school.run(lambda uow: cancel(uow, CancelRequest(ten, ADMIN, "a flat tyre", 50)))
    assert left(school, package) == 70


def test_a_correction_gives_nothing_back_by_itself(school, ten, package):
    school.clock.set(at(10) - timedelta(hours=30))
    school.run(lambda uow: cancel(uow, CancelRequest(ten, STUDENT, "ill")))
    school.run(lambda uow: correct_status(uow, ten, BookingStatus.CONFIRMED, "came after all"))
    assert left(school, package) == 40
    school.clock.set(at(12))
    school.run(lambda uow: complete(uow, Completion(ten)))
    school.run(lambda uow: correct_status(uow, ten, BookingStatus.CANCELLED, "was never given"))
    assert left(school, package) == 40


def test_a_package_is_never_overdrawn(school, ten, package):
    """Neither by one use too many, nor by a cancelled lesson that stands again after its minutes were used."""
    second = school.run(lambda uow: book(uow, NewBooking(MIA, DANA, LESSON, at(14)))).value
    with pytest.raises(UserError) as refused:
        use(school, package, second)
    assert (refused.value.code, refused.value.column) == ("invalid", "minutes")
    receipt = school.run(lambda uow: cancel(uow, CancelRequest(ten, STUDENT, "ill")))
    use(school, package, second, 100)
    with pytest.raises(UserError) as refused:
        school.undo(receipt)
    assert refused.value.column == "minutes"
    with pytest.raises(UserError):
        school.run(lambda uow: correct_status(uow, ten, BookingStatus.CONFIRMED, "after all"))
    assert left(school, package) == 0


acts = st.tuples(
    st.sampled_from(["cancel", "ours", "teacher", "no-show", "done", "reopen", "call off", "use", "undo", "wait"]),
    st.integers(0, 5),
    st.integers(0, 100),
)


@settings(deadline=None)
@given(bought=st.integers(1, 300), plan=st.lists(acts, max_size=25))
def test_used_and_left_are_what_was_bought(school_template, bought, plan):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "school.db"
        shutil.copy(school_template, path)
        clock = FixedClock(NOW)
        with open_school_file(path, clock) as replica:
            school = School(replica, clock)
            hours = (9, 10.5, 12, 13.5, 15, 16.5)
            made = [school.run(lambda uow, h=h: book(uow, NewBooking(MIA, DANA, LESSON, at(h)))).value for h in hours]
            package = sell(school, bought)
            for name, number, amount in plan:
                act(school, package, made[number], name, amount)
                check(school, package, bought)


def act(school: School, package: UUID, booking: UUID, name: str, amount: int) -> None:
    """One act at the desk; what the rules refuse is left undone."""
    if name == "wait":
        school.clock.advance(timedelta(hours=amount))
        return
    if name == "undo":
        done = [receipt for receipt in school.receipts[-3:] if receipt.inverse is not None]
        if done:
            attempt(lambda: school.undo(done[-1]))
        return
    used = {"package_id": package, "booking_id": booking, "minutes": amount + 1}
    commands: dict[str, Callable[[UnitOfWork], object]] = {
        "cancel": lambda uow: cancel(uow, CancelRequest(booking, STUDENT, "ill")),
        "ours": lambda uow: cancel(uow, CancelRequest(booking, ADMIN, "storm", amount)),
        "teacher": lambda uow: cancel(uow, CancelRequest(booking, TEACHER, "ill")),
        "no-show": lambda uow: no_show(uow, booking),
        "done": lambda uow: complete(uow, Completion(booking)),
        "reopen": lambda uow: correct_status(uow, booking, BookingStatus.CONFIRMED, "a mistake"),
        "call off": lambda uow: correct_status(uow, booking, BookingStatus.CANCELLED, "a mistake"),
        "use": lambda uow: uow.insert(PackageUse, used),
    }
    taken = name == "use" and booking in {row["booking_id"] for row in school.rows(PackageUse)}
    if not taken:
        attempt(lambda: school.run(commands[name]))


def attempt(command: Callable[[], object]) -> None:
    try:
        command()
    except UserError:
        return


def check(school: School, package: UUID, bought: int) -> None:
    status = {row["id"]: row["status"] for row in school.rows(Booking)}
    uses = school.rows(PackageUse)
    remaining = left(school, package)
    standing = sum(row["minutes"] for row in uses if status[row["booking_id"]] is not BookingStatus.CANCELLED)
    called_off = sum(row["minutes"] for row in uses if status[row["booking_id"]] is BookingStatus.CANCELLED)
    assert remaining >= 0
    assert bought - standing - called_off <= remaining <= bought - standing
