from datetime import timedelta
from uuid import UUID

import pytest

from driveflow_desktop.domain.desk.commands import (
    CancelRequest,
    Completion,
    cancel,
    complete,
    correct_status,
    no_show,
    start,
    take_back_no_show,
    take_payment,
    void_payment,
)
from driveflow_desktop.domain.finance.commands import NewPayment, refund
from driveflow_desktop.domain.finance.values import PaymentMethod
from driveflow_desktop.domain.scheduling.commands.booking import (
    Moving,
    NewBooking,
    Stop,
    assign_vehicle,
    book,
    change_service,
    edit_notes,
    edit_stops,
    move,
)
from driveflow_desktop.domain.scheduling.commands.lifecycle import await_payment, confirm
from driveflow_desktop.domain.scheduling.commands.series import move_series
from driveflow_desktop.domain.scheduling.queries import bookings_of_instructor
from driveflow_desktop.domain.scheduling.rules.series import SeriesScope
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus, CancellationActor
from driveflow_desktop.kernel.errors import UserError
from tests.helpers.school import DANA, ETHAN, LESSON, MIA, NOAH, ORG, OTHER_ORG, School, at

WEEK = timedelta(weeks=1)
STUDENT = CancellationActor.STUDENT
CASH = PaymentMethod.CASH


@pytest.fixture
def full(school: School) -> School:
    """Twelve bookings, two at each start."""
    for n in range(3):
        for who, by, hour in ((MIA, DANA, 10), (NOAH, ETHAN, 10), (MIA, ETHAN, 12), (NOAH, DANA, 12)):
            request = NewBooking(who, by, LESSON, at(hour) + n * WEEK)
            school.run(lambda uow, request=request: book(uow, request))
    return school


def walk(school: School, page_of) -> list[UUID]:
    """All ids of a list, page by page."""
    found, key = [], None
    while True:
        page = school.read(lambda c, key=key: page_of(c, key))
        found += [row.id for row in page.rows]
        key = page.next_key
        if key is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 100])
def test_pages_show_every_booking_once_and_the_latest_first(full, limit):
    rows = sorted(full.rows(Booking), key=lambda row: (row["start_at"], row["id"]), reverse=True)
    wanted = [row["id"] for row in rows if row["instructor_id"] == DANA]
    assert walk(full, lambda c, key: bookings_of_instructor(c, ORG, DANA, before=key, limit=limit)) == wanted


def test_another_school_sees_nothing(full):
    assert full.read(lambda c: bookings_of_instructor(c, OTHER_ORG, DANA)).rows == ()


ACTS = {
    "move": lambda uow, key: move(uow, Moving(key, start=at(15))),
    "move series": lambda uow, key: move_series(uow, Moving(key, start=at(15)), SeriesScope.ALL),
    "service": lambda uow, key: change_service(uow, key, LESSON),
    "notes": lambda uow, key: edit_notes(uow, key, "x"),
    "stops": lambda uow, key: edit_stops(uow, key, pickup=Stop("x"), dropoff=None),
    "vehicle": lambda uow, key: assign_vehicle(uow, key, None),
    "confirm": confirm,
    "await payment": await_payment,
    "start": start,
    "complete": lambda uow, key: complete(uow, Completion(key)),
    "no-show": no_show,
    "take back": take_back_no_show,
    "correct": lambda uow, key: correct_status(uow, key, BookingStatus.CONFIRMED, "x"),
    "cancel": lambda uow, key: cancel(uow, CancelRequest(key, STUDENT)),
    "pay": lambda uow, key: take_payment(uow, NewPayment(key, CASH)),
    "refund": lambda uow, key: refund(uow, key, 100, "x"),
    "void": lambda uow, key: void_payment(uow, key, "x"),
}


@pytest.mark.parametrize("act", ACTS)
def test_unknown_bookings_and_those_of_another_school_are_gone(school, act):
    theirs = school.run(lambda uow: book(uow, NewBooking(MIA, DANA, LESSON, at(10)))).value
    before = school.log_sizes()
    for key, org in ((UUID(int=404), ORG), (theirs, OTHER_ORG)):
        with pytest.raises(UserError) as caught:
            school.run(lambda uow, key=key: ACTS[act](uow, key), org=org)
        assert caught.value.code in ({"gone"} if org == ORG else {"gone", "forbidden"})
    assert school.log_sizes() == before
