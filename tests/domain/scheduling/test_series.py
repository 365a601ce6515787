from dataclasses import replace
from datetime import date, timedelta

import pytest

from driveflow_desktop.domain.catalog.tables import RateCard, RateCardItem
from driveflow_desktop.domain.desk.commands import CancelRequest, cancel_series
from driveflow_desktop.domain.scheduling.commands.booking import Moving, NewBooking, book
from driveflow_desktop.domain.scheduling.commands.series import NewSeries, book_series, move_series, preview_series
from driveflow_desktop.domain.scheduling.queries import series
from driveflow_desktop.domain.scheduling.rules.series import ClashPolicy, SeriesAction, SeriesScope
from driveflow_desktop.domain.scheduling.tables import Booking, Holiday
from driveflow_desktop.domain.scheduling.values import BookingStatus, CancellationActor
from driveflow_desktop.kernel.errors import UserError
from tests.helpers.school import DANA, DANA_USER, ETHAN, LESSON, MIA, MONDAY, NOAH, ORG, PRICE, SYDNEY, School, at

WEEK = timedelta(weeks=1)
FIRST = NewBooking(MIA, DANA, LESSON, at(10))


def make(school: School, lessons: int = 4, **more):
    return school.run(lambda uow: book_series(uow, NewSeries(FIRST, lessons, **more))).value


def members(school: School, series_id):
    return school.read(lambda c: series(c, ORG, series_id))


def starts(school: School, series_id):
    return [member.start for member in members(school, series_id)]


def refused(school: School, command, **more) -> UserError:
    before = school.log_sizes()
    with pytest.raises(UserError) as caught:
        school.run(command, **more)
    assert school.log_sizes() == before
    return caught.value


def test_a_series_is_one_transaction_and_one_undo(school):
    receipt = school.run(lambda uow: book_series(uow, NewSeries(FIRST, 10)))
    assert len(receipt.value.bookings) == 10
    assert {member.series_id for member in members(school, receipt.value.series_id)} == {receipt.value.series_id}
    assert {row["transaction_id"] for row in _outbox(school) if row["table_name"] == "bookings"} == {
        receipt.transaction_id
    }
    undone = school.undo(receipt)
    assert school.rows(Booking) == []
    school.undo(undone)
    assert len(school.rows(Booking)) == 10


def _outbox(school):
    from driveflow_desktop.store.log_tables import Outbox

    return school.rows(Outbox)


def test_the_wall_time_stays_over_the_change_of_the_clocks(school):
    first = replace(FIRST, start=at(10, date(2027, 3, 29)))
    made = school.run(lambda uow: book_series(uow, NewSeries(first, 3))).value
    assert [start.astimezone(SYDNEY).hour for start in starts(school, made.series_id)] == [10, 10, 10]
    assert starts(school, made.series_id)[1] - starts(school, made.series_id)[0] == WEEK + timedelta(hours=1)


def test_clashes_and_holidays_are_skipped_as_previewed(school):
    other = school.run(lambda uow: book(uow, NewBooking(NOAH, DANA, LESSON, at(10) + WEEK))).value
    school.run(lambda uow: uow.insert(Holiday, {"date": MONDAY + 2 * WEEK, "name": "Show Day"}))
    request = NewSeries(FIRST, 4)
    shown = school.read(lambda c: preview_series(c, ORG, request, school.clock.now()))
    assert [(found.action, found.verdict.kind) for found in shown] == [
        (SeriesAction.BOOK, "ok"),
        (SeriesAction.SKIP, "slot_taken"),
        (SeriesAction.SKIP, "holiday"),
        (SeriesAction.BOOK, "ok"),
    ]
    assert shown[1].verdict.blocking == other
    made = school.run(lambda uow: book_series(uow, request)).value
    assert made.skipped == (MONDAY + WEEK, MONDAY + 2 * WEEK)
    assert starts(school, made.series_id) == [at(10), at(10) + 3 * WEEK]


def test_clashes_are_shifted_within_their_day(school):
    school.run(lambda uow: book(uow, NewBooking(NOAH, DANA, LESSON, at(10) + WEEK)))
    made = make(school, 3, on_clash=ClashPolicy.SHIFT)
    found = starts(school, made.series_id)
    assert made.skipped == ()
    assert found[1].astimezone(SYDNEY).date() == MONDAY + WEEK
    assert found[1] != at(10) + WEEK


def test_advice_is_overruled_for_the_whole_series_and_recorded_per_lesson(school):
    school.run(lambda uow: uow.insert(Holiday, {"date": MONDAY + WEEK, "name": "Show Day"}))
    request = NewSeries(replace(FIRST, override=True), 3)
    receipt = school.run(lambda uow: book_series(uow, request))
    assert [set(member.overrides) for member in members(school, receipt.value.series_id)] == [set(), {"holiday"}, set()]
    assert len(receipt.warnings) == 1


def test_each_lesson_has_the_price_of_its_own_date(school):
    def raise_prices(uow):
        card = uow.insert(RateCard, {"name": "From December", "valid_from": MONDAY + WEEK})
        uow.insert(RateCardItem, {"rate_card_id": card, "service_id": LESSON, "price_cents": 9999})

    school.run(raise_prices)
    made = make(school, 3)
    assert [member.price_cents for member in members(school, made.series_id)] == [PRICE, 9999, 9999]


@pytest.mark.parametrize("lessons", [0, -1, 105])
def test_a_series_has_one_to_104_lessons(school, lessons):
    assert refused(school, lambda uow: book_series(uow, NewSeries(FIRST, lessons))).code == "invalid"


def test_a_series_of_which_nothing_fits_is_refused_with_ways_out(school):
    request = NewSeries(replace(FIRST, start=at(6)), 3)
    error = refused(school, lambda uow: book_series(uow, request))
    assert error.code == "outside_hours"
    assert error.details["alternatives"]


def test_a_series_that_leaves_the_century_is_refused(school):
    request = NewSeries(replace(FIRST, start=at(10, date(2099, 12, 28)), override=True), 3)
    assert refused(school, lambda uow: book_series(uow, request)).column == "start_at"


# -- moving -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "moved"),
    [(SeriesScope.THIS, [1]), (SeriesScope.FOLLOWING, [1, 2, 3]), (SeriesScope.ALL, [0, 1, 2, 3])],
)
def test_an_edit_reaches_this_following_or_all(school, scope, moved):
    made = make(school)
    anchor = made.bookings[1]
    request = Moving(anchor, start=at(14) + WEEK + timedelta(days=1), instructor_id=ETHAN)
    receipt = school.run(lambda uow: move_series(uow, request, scope))
    assert receipt.value == [made.bookings[index] for index in moved]
    for index, member in enumerate(sorted(members(school, made.series_id), key=lambda m: made.bookings.index(m.id))):
        wanted = at(14) + index * WEEK + timedelta(days=1) if index in moved else at(10) + index * WEEK
        assert (member.start, member.instructor_id) == (wanted, ETHAN if index in moved else DANA)
    school.undo(receipt)
    assert starts(school, made.series_id) == [at(10) + index * WEEK for index in range(4)]


def test_a_whole_series_moves_over_its_own_old_places(school):
    made = make(school)
    school.run(lambda uow: move_series(uow, Moving(made.bookings[0], start=at(10) + WEEK), SeriesScope.ALL))
    assert starts(school, made.series_id) == [at(10) + index * WEEK for index in range(1, 5)]


def test_a_series_moves_whole_or_not_at_all(school):
    made = make(school)
    other = school.run(lambda uow: book(uow, NewBooking(NOAH, DANA, LESSON, at(14) + 2 * WEEK))).value
    request = Moving(made.bookings[0], start=at(14), override=True)
    error = refused(school, lambda uow: move_series(uow, request, SeriesScope.ALL))
    assert (error.code, error.details["blocking"], error.details["booking"]) == (
        "slot_taken",
        other,
        made.bookings[2],
    )
    assert error.details["day"] == MONDAY + 2 * WEEK


def test_lessons_that_are_over_stay(school):
    made = make(school)
    from driveflow_desktop.domain.desk.commands import Completion, complete

    school.clock.set(at(12))
    school.run(lambda uow: complete(uow, Completion(made.bookings[0])))
    moved = school.run(lambda uow: move_series(uow, Moving(made.bookings[1], start=at(15) + WEEK), SeriesScope.ALL))
    assert moved.value == list(made.bookings[1:])
    over = Moving(made.bookings[0], start=at(15))
    assert refused(school, lambda uow: move_series(uow, over, SeriesScope.ALL)).code == "state_transition"


def test_instructors_hand_over_no_series(school):
    made = make(school)
    request = Moving(made.bookings[0], instructor_id=ETHAN)
    assert refused(school, lambda uow: move_series(uow, request, SeriesScope.ALL), user=DANA_USER).code == "gone"


def test_the_rest_of_a_series_is_cancelled_and_comes_back(school):
    made = make(school)
    wish = CancelRequest(made.bookings[2], CancellationActor.STUDENT, "moving away")
    receipt = school.run(lambda uow: cancel_series(uow, wish, SeriesScope.FOLLOWING))
    assert [member.status for member in members(school, made.series_id)] == [
        BookingStatus.CONFIRMED,
        BookingStatus.CONFIRMED,
        BookingStatus.CANCELLED,
        BookingStatus.CANCELLED,
    ]
    school.undo(receipt)
    assert {member.status for member in members(school, made.series_id)} == {BookingStatus.CONFIRMED}
