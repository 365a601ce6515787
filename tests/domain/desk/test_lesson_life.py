from datetime import timedelta

import pytest

from driveflow_desktop.domain.desk.commands import (
    CancelRequest,
    Completion,
    cancel,
    complete,
    correct_status,
    expire_holds,
    no_show,
    start,
    take_back_no_show,
    take_payment,
    void_payment,
)
from driveflow_desktop.domain.desk.queries import quote_cancellation
from driveflow_desktop.domain.execution.commands import LessonChanges, edit_lesson, lesson_id_of
from driveflow_desktop.domain.execution.queries import driven, lesson_of
from driveflow_desktop.domain.execution.tables import Lesson, Trip
from driveflow_desktop.domain.finance.commands import NewPayment, refund
from driveflow_desktop.domain.finance.queries import money_of, payments_of
from driveflow_desktop.domain.finance.tables import Package, Payment, Payout, Refund
from driveflow_desktop.domain.finance.values import PaidState, PaymentKind, PaymentMethod, PaymentStatus, PayoutStatus
from driveflow_desktop.domain.scheduling.commands.booking import Moving, NewBooking, book, change_service, move
from driveflow_desktop.domain.scheduling.commands.lifecycle import await_payment, confirm
from driveflow_desktop.domain.scheduling.queries import booking
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus, CancellationActor
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.log_tables import AuditLog
from tests.helpers.school import DANA, DANA_USER, DESK, ETHAN, LESSON, MIA, NOAH, ORG, PRICE, School, at

CASH, CARD = PaymentMethod.CASH, PaymentMethod.CARD
STUDENT, ADMIN = CancellationActor.STUDENT, CancellationActor.ADMIN


@pytest.fixture
def ten(school):
    """A confirmed lesson on Monday from ten to eleven."""
    return school.run(lambda uow: book(uow, NewBooking(MIA, DANA, LESSON, at(10)))).value


def status(school: School, booking_id):
    return school.read(lambda c: booking(c, ORG, booking_id)).status


def refused(school: School, command, **more) -> UserError:
    before = school.log_sizes()
    with pytest.raises(UserError) as caught:
        school.run(command, **more)
    assert school.log_sizes() == before
    return caught.value


def payments(school: School, booking_id):
    return school.read(lambda c: payments_of(c, ORG, booking_id))


def money(school: School, booking_id):
    return school.read(lambda c: money_of(c, ORG, booking_id))


# -- giving the lesson --------------------------------------------------------------------------------------------


def test_start_and_done_record_what_happened(school, ten):
    school.clock.set(at(9.5) - timedelta(minutes=1))
    assert refused(school, lambda uow: start(uow, ten)).code == "state_transition"
    school.clock.set(at(10))
    lesson_id = school.run(lambda uow: start(uow, ten)).value
    assert (lesson_id, status(school, ten)) == (lesson_id_of(ten), BookingStatus.IN_PROGRESS)
    began = school.clock.now()
    school.clock.set(at(11))
    school.run(lambda uow: complete(uow, Completion(ten, record=LessonChanges(rating=5, distance_meters=18_000))))
    found = school.read(lambda c: lesson_of(c, ORG, ten))
    assert (found.started_at, found.ended_at, found.rating) == (began, school.clock.now(), 5)
    assert found.duration_sec == 3600
    assert status(school, ten) is BookingStatus.COMPLETED
    assert school.read(lambda c: driven(c, ORG, MIA)).minutes == 60


def test_done_without_start_takes_the_planned_times(school, ten):
    school.clock.set(at(10.5))
    assert refused(school, lambda uow: complete(uow, Completion(ten))).details["possible_from"] == at(11)
    school.clock.set(at(15))
    school.run(lambda uow: complete(uow, Completion(ten)), user=DANA_USER)
    found = school.read(lambda c: lesson_of(c, ORG, ten))
    assert (found.started_at, found.ended_at, found.duration_sec) == (at(10), at(11), 3600)


def test_done_twice_is_done_once(school, ten):
    school.clock.set(at(11))
    first = school.run(lambda uow: complete(uow, Completion(ten)))
    again = school.run(lambda uow: complete(uow, Completion(ten)))
    assert (again.value, again.inverse) == (first.value, None)


def test_done_is_undone_and_redone(school, ten):
    school.clock.set(at(10))
    school.run(lambda uow: start(uow, ten))
    done = school.run(lambda uow: complete(uow, Completion(ten)))
    undone = school.undo(done)
    assert status(school, ten) is BookingStatus.IN_PROGRESS
    school.undo(undone)
    assert status(school, ten) is BookingStatus.COMPLETED
    school.undo(school.undo(school.undo(school.run(lambda uow: edit_lesson(uow, ten, LessonChanges(rating=4))))))
    assert school.rows(Lesson)[0]["rating"] is None


@pytest.mark.parametrize(
    ("record", "column"),
    [
        (LessonChanges(rating=6), "rating"),
        (LessonChanges(rating=0), "rating"),
        (LessonChanges(distance_meters=-1), "distance_meters"),
        (LessonChanges(distance_meters=10**9), "distance_meters"),
    ],
)
def test_nonsense_is_not_recorded(school, ten, record, column):
    school.clock.set(at(12))
    error = refused(school, lambda uow: complete(uow, Completion(ten, record=record)))
    assert (error.code, error.column) == ("invalid", column)


def test_a_lesson_ends_neither_in_the_future_nor_before_it_starts(school, ten):
    school.clock.set(at(12))
    for ended in (at(13), at(9)):
        assert refused(school, lambda uow, at=ended: complete(uow, Completion(ten, at))).column == "ended_at"


def test_the_record_can_be_edited_later(school, ten):
    assert refused(school, lambda uow: edit_lesson(uow, ten, LessonChanges(notes="?"))).code == "gone"
    school.clock.set(at(12))
    school.run(lambda uow: complete(uow, Completion(ten)))
    school.run(lambda uow: edit_lesson(uow, ten, LessonChanges(notes="parked well", skills={"parking": 4})))
    found = school.read(lambda c: lesson_of(c, ORG, ten))
    assert (found.notes, found.skills) == ("parked well", {"parking": 4})


def test_no_show_and_its_taking_back(school, ten):
    school.clock.set(at(10))
    assert refused(school, lambda uow: no_show(uow, ten)).code == "state_transition"
    school.clock.set(at(10.25))
    receipt = school.run(lambda uow: no_show(uow, ten))
    assert status(school, ten) is BookingStatus.NO_SHOW
    school.undo(receipt)
    assert status(school, ten) is BookingStatus.CONFIRMED
    school.run(lambda uow: no_show(uow, ten))
    school.run(lambda uow: take_back_no_show(uow, ten))
    assert status(school, ten) is BookingStatus.CONFIRMED
    assert refused(school, lambda uow: take_back_no_show(uow, ten)).code == "state_transition"


def test_a_no_show_frees_the_slot_and_comes_back_only_into_a_free_one(school, ten):
    school.clock.set(at(10.25))
    school.run(lambda uow: no_show(uow, ten))
    school.run(lambda uow: book(uow, NewBooking(NOAH, DANA, LESSON, at(10.5), override=True)))
    assert refused(school, lambda uow: take_back_no_show(uow, ten)).code == "slot_taken"


def test_final_statuses_are_corrected_with_a_reason_by_the_desk_until_the_payout_is_paid(school, ten):
    school.clock.set(at(12))
    school.run(lambda uow: complete(uow, Completion(ten)))
    correct = lambda target, reason: lambda uow: correct_status(uow, ten, target, reason)  # noqa: E731
    assert refused(school, correct(BookingStatus.NO_SHOW, " ")).column == "reason"
    assert refused(school, correct(BookingStatus.NO_SHOW, "never came"), user=DANA_USER).code == "forbidden"
    school.run(correct(BookingStatus.NO_SHOW, "never came"))
    facts = school.read(lambda c: booking(c, ORG, ten))
    assert facts.overrides["status"] == {"from": "completed", "reason": "never came"}
    assert school.rows(Lesson) == []
    school.run(correct(BookingStatus.COMPLETED, "did come"))
    assert school.rows(Lesson)[0]["ended_at"] == at(11)
    line = {"instructor_id": DANA, "booking_id": ten, "amount_cents": 8075, "status": PayoutStatus.PAID}
    school.run(lambda uow: uow.insert(Payout, line))
    assert refused(school, correct(BookingStatus.NO_SHOW, "never came")).code == "state_transition"


# -- calling it off -----------------------------------------------------------------------------------------------


def test_the_quote_is_shown_first_and_kept(school, ten):
    school.run(lambda uow: take_payment(uow, NewPayment(ten, CASH)))
    school.clock.set(at(10) - timedelta(hours=5))
    quote = school.read(lambda c: quote_cancellation(c, ORG, ten, STUDENT, school.clock.now()))
    assert (quote.refund_cents, quote.platform_keeps_cents, quote.instructor_keeps_cents) == (4750, 713, 4037)
    receipt = school.run(lambda uow: cancel(uow, CancelRequest(ten, STUDENT, "ill", agreed_refund_cents=4750)))
    assert receipt.value == quote
    assert receipt.inverse is None
    row = school.rows(Refund)[0]
    assert (row["amount_cents"], row["platform_fee_cents"], row["instructor_share_cents"]) == (4750, 712, 4038)
    assert (row["status"], row["reason"]) == ("succeeded", "ill")
    facts = school.read(lambda c: booking(c, ORG, ten))
    assert (facts.status, facts.cancelled_by, facts.cancellation_reason) == (BookingStatus.CANCELLED, STUDENT, "ill")


def test_a_quote_that_time_has_overtaken_is_refused(school, ten):
    school.run(lambda uow: take_payment(uow, NewPayment(ten, CASH)))
    school.clock.set(at(10) - timedelta(hours=24, seconds=1))
    school.clock.advance(timedelta(seconds=1))
    error = refused(school, lambda uow: cancel(uow, CancelRequest(ten, STUDENT, agreed_refund_cents=PRICE)))
    assert (error.code, error.details["refund_cents"]) == ("quote_changed", 4750)


def test_cancelling_an_unpaid_lesson_is_undone_and_redone(school, ten):
    receipt = school.run(lambda uow: cancel(uow, CancelRequest(ten, STUDENT)))
    undone = school.undo(receipt)
    assert status(school, ten) is BookingStatus.CONFIRMED
    school.undo(undone)
    assert status(school, ten) is BookingStatus.CANCELLED


def test_the_admin_chooses_with_a_reason_and_the_instructor_does_not(school, ten):
    school.run(lambda uow: take_payment(uow, NewPayment(ten, PaymentMethod.EFTPOS)))
    assert refused(school, lambda uow: cancel(uow, CancelRequest(ten, ADMIN, "storm"))).column == "refund_percent"
    assert refused(school, lambda uow: cancel(uow, CancelRequest(ten, ADMIN, "", 80))).code == "invalid"
    chosen = CancelRequest(ten, ADMIN, "storm", 80)
    assert refused(school, lambda uow: cancel(uow, chosen), user=DANA_USER).code == "forbidden"
    assert school.run(lambda uow: cancel(uow, chosen)).value.refund_cents == 7600


def test_cancelling_withdraws_an_open_card_request(school, ten):
    school.run(lambda uow: take_payment(uow, NewPayment(ten, CARD)))
    receipt = school.run(lambda uow: cancel(uow, CancelRequest(ten, STUDENT)))
    assert [payment.status for payment in payments(school, ten)] == [PaymentStatus.FAILED]
    assert receipt.inverse is None


def test_cancelling_twice_refunds_once(school, ten):
    school.run(lambda uow: take_payment(uow, NewPayment(ten, CASH)))
    school.run(lambda uow: cancel(uow, CancelRequest(ten, STUDENT)))
    school.run(lambda uow: cancel(uow, CancelRequest(ten, STUDENT)))
    assert [row["amount_cents"] for row in school.rows(Refund)] == [PRICE]
    assert payments(school, ten)[0].status is PaymentStatus.REFUNDED


def test_a_lesson_that_is_over_is_corrected_not_cancelled(school, ten):
    school.clock.set(at(12))
    school.run(lambda uow: complete(uow, Completion(ten)))
    assert refused(school, lambda uow: cancel(uow, CancelRequest(ten, STUDENT, "ill"))).code == "state_transition"


def test_a_lesson_that_was_not_given_keeps_its_trips_and_may_else_be_given_by_another(school, ten):
    school.clock.set(at(12))
    school.run(lambda uow: complete(uow, Completion(ten)))
    trip = {"lesson_id": lesson_id_of(ten), "started_at": at(10)}
    recorded = school.run(lambda uow: uow.insert(Trip, trip))
    school.run(lambda uow: correct_status(uow, ten, BookingStatus.CONFIRMED, "not yet"))
    assert school.rows(Lesson)[0]["ended_at"] is None
    hand_over = Moving(ten, at(15), instructor_id=ETHAN, override=True)
    assert refused(school, lambda uow: move(uow, hand_over)).code == "invalid"
    school.run(lambda uow: correct_status(uow, ten, BookingStatus.CONFIRMED, "same"))
    school.run(lambda uow: uow.delete(Trip, recorded.value))
    school.run(lambda uow: complete(uow, Completion(ten)))
    school.run(lambda uow: correct_status(uow, ten, BookingStatus.CONFIRMED, "not yet"))
    assert school.run(lambda uow: move(uow, hand_over)).value


def test_a_correction_without_a_step_back_offers_no_undo(school, ten):
    school.clock.set(at(12))
    school.run(lambda uow: complete(uow, Completion(ten)))
    assert school.run(lambda uow: correct_status(uow, ten, BookingStatus.DRAFT, "entered twice")).inverse is None


def test_drafts_and_unpaid_bookings_run_out(school):
    request = NewBooking(MIA, DANA, LESSON, at(10), status=BookingStatus.DRAFT)
    draft = school.run(lambda uow: book(uow, request)).value
    unpaid = school.run(lambda uow: book(uow, NewBooking(NOAH, DANA, LESSON, at(14), status=BookingStatus.DRAFT))).value
    school.run(lambda uow: await_payment(uow, unpaid))
    school.run(lambda uow: take_payment(uow, NewPayment(unpaid, CARD)))
    school.clock.advance(timedelta(minutes=29))
    assert school.run(expire_holds, user=None).value == []
    school.clock.advance(timedelta(minutes=1))
    assert school.run(expire_holds, user=None).value == [unpaid]
    assert payments(school, unpaid)[0].status is PaymentStatus.FAILED
    school.clock.advance(timedelta(minutes=30))
    assert school.run(expire_holds, user=None).value == [draft]
    assert status(school, draft) is BookingStatus.CANCELLED
    assert refused(school, lambda uow: confirm(uow, draft)).code == "state_transition"


def test_a_draft_is_confirmed_in_time(school):
    request = NewBooking(MIA, DANA, LESSON, at(10), status=BookingStatus.DRAFT)
    draft = school.run(lambda uow: book(uow, request)).value
    assert school.run(lambda uow: confirm(uow, draft)).value
    assert not school.run(lambda uow: confirm(uow, draft)).value
    assert school.read(lambda c: booking(c, ORG, draft)).hold_until is None


# -- money --------------------------------------------------------------------------------------------------------


def test_a_full_payment_in_cash_is_rounded_at_the_till_only(school, ten):
    school.run(lambda uow: uow.update(Booking, ten, _price(9999)))
    receipt = school.run(lambda uow: take_payment(uow, NewPayment(ten, CASH)))
    payment = payments(school, ten)[0]
    assert (payment.kind, payment.status, payment.amount_cents, payment.rounding_cents) == (
        PaymentKind.FULL,
        PaymentStatus.SUCCEEDED,
        9999,
        1,
    )
    assert (payment.platform_fee_cents, payment.instructor_share_cents) == (1500, 8499)
    assert receipt.inverse is None
    assert money(school, ten).state(9999) is PaidState.PAID


def _price(cents):
    fee = (cents * 1500 + 5000) // 10000
    return {"price_cents": cents, "platform_fee_cents": fee, "instructor_share_cents": cents - fee}


@pytest.mark.parametrize("deposit", [1, 50, 3333, 4999, 9498])
def test_deposit_and_balance_add_up_to_the_bookings_own_split(school, ten, deposit):
    school.run(lambda uow: uow.update(Booking, ten, _price(9999)))
    school.run(lambda uow: take_payment(uow, NewPayment(ten, CASH, deposit)))
    assert money(school, ten).state(9999) is PaidState.PART
    school.run(lambda uow: take_payment(uow, NewPayment(ten, PaymentMethod.BANK_TRANSFER)))
    made = payments(school, ten)
    assert [payment.kind for payment in made] == [PaymentKind.DEPOSIT, PaymentKind.BALANCE]
    assert sum(payment.amount_cents for payment in made) == 9999
    assert sum(payment.platform_fee_cents for payment in made) == 1500
    assert sum(payment.instructor_share_cents for payment in made) == 8499


def test_a_card_payment_is_only_requested_and_cash_replaces_it(school, ten):
    requested = school.run(lambda uow: take_payment(uow, NewPayment(ten, CARD))).value
    assert money(school, ten).state(PRICE) is PaidState.REQUESTED
    assert payments(school, ten)[0].received_at is None
    school.run(lambda uow: take_payment(uow, NewPayment(ten, CASH)))
    first, second = payments(school, ten)
    assert (first.id, first.status, second.status) == (requested, PaymentStatus.FAILED, PaymentStatus.SUCCEEDED)
    assert school.rows(Payment)[1]["replaces_id"] == requested


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"amount_cents": 0}, "invalid"),
        ({"amount_cents": -5}, "invalid"),
        ({"amount_cents": PRICE + 1}, "invalid"),
        ({"amount_cents": 5, "kind": PaymentKind.FULL}, "invalid"),
        ({"kind": PaymentKind.BALANCE}, "invalid"),
        ({"kind": PaymentKind.FEE}, "invalid"),
        ({"method": PaymentMethod.PACKAGE}, "invalid"),
        ({"received_at": at(10)}, "invalid"),
        ({"booking_id": MIA}, "gone"),
    ],
)
def test_bad_payments_are_refused(school, ten, request_, code):
    values = {"booking_id": ten, "method": CASH, **request_}
    assert refused(school, lambda uow: take_payment(uow, NewPayment(**values))).code == code


def test_nothing_is_paid_twice_nor_by_those_who_may_not(school, ten):
    assert refused(school, lambda uow: take_payment(uow, NewPayment(ten, CASH)), user=DANA_USER).code == "forbidden"
    school.run(lambda uow: take_payment(uow, NewPayment(ten, CASH)))
    assert refused(school, lambda uow: take_payment(uow, NewPayment(ten, CASH))).code == "already_exists"


def test_a_payment_confirms_a_booking_that_waited_for_it(school):
    request = NewBooking(MIA, DANA, LESSON, at(10), status=BookingStatus.PENDING_PAYMENT)
    made = school.run(lambda uow: book(uow, request)).value
    school.run(lambda uow: take_payment(uow, NewPayment(made, CARD)))
    assert status(school, made) is BookingStatus.PENDING_PAYMENT
    school.run(lambda uow: take_payment(uow, NewPayment(made, CASH)))
    assert status(school, made) is BookingStatus.CONFIRMED


def test_a_fee_for_a_cancelled_lesson(school, ten):
    school.run(lambda uow: cancel(uow, CancelRequest(ten, STUDENT)))
    assert refused(school, lambda uow: take_payment(uow, NewPayment(ten, CASH))).column == "amount_cents"
    school.run(lambda uow: take_payment(uow, NewPayment(ten, CASH, 4750)))
    payment = payments(school, ten)[0]
    assert (payment.kind, payment.platform_fee_cents, payment.instructor_share_cents) == (PaymentKind.FEE, 713, 4037)


def test_a_mistake_of_today_is_voided_and_entered_again(school, ten):
    wrong = school.run(lambda uow: take_payment(uow, NewPayment(ten, CASH))).value
    receipt = school.run(lambda uow: void_payment(uow, wrong, "typed twice"))
    assert receipt.inverse is None
    school.run(lambda uow: take_payment(uow, NewPayment(ten, PaymentMethod.EFTPOS)))
    assert [payment.status for payment in payments(school, ten)] == [PaymentStatus.FAILED, PaymentStatus.SUCCEEDED]
    assert refused(school, lambda uow: void_payment(uow, wrong, "typed twice")).code == "invalid"


def test_voiding_says_why_in_the_audit(school, ten):
    wrong = school.run(lambda uow: take_payment(uow, NewPayment(ten, CASH))).value
    error = refused(school, lambda uow: void_payment(uow, wrong, " "))
    assert (error.code, error.column) == ("invalid", "reason")
    assert refused(school, lambda uow: void_payment(uow, wrong, "mine"), user=DANA_USER).code == "forbidden"
    school.run(lambda uow: void_payment(uow, wrong, " paid by the other Mia "))
    last = [(row["entity_type"], row["after"]) for row in school.rows(AuditLog) if row["action"] == "payment.voided"]
    assert ("payments", {"status": "failed"}) in last
    assert ("bookings", {"overrides": {f"void {wrong}": "paid by the other Mia"}}) in last


def test_the_sale_of_a_package_is_refunded_not_voided(school):
    package = {"student_id": MIA, "minutes_bought": 300, "price_cents": 40_000}
    sold = school.run(lambda uow: uow.insert(Package, package)).value
    sale = {"package_id": sold, "amount_cents": 40_000, "platform_fee_cents": 0, "instructor_share_cents": 40_000}
    made = school.run(lambda uow: uow.insert(Payment, sale)).value
    assert refused(school, lambda uow: void_payment(uow, made, "a mistake")).code == "invalid"


def test_yesterdays_payment_is_refunded_not_voided(school, ten):
    made = school.run(lambda uow: take_payment(uow, NewPayment(ten, CASH))).value
    school.clock.advance(timedelta(days=1))
    assert refused(school, lambda uow: void_payment(uow, made, "typed twice")).code == "invalid"
    school.run(lambda uow: refund(uow, ten, 3000, "as agreed"))
    assert refused(school, lambda uow: refund(uow, ten, 6501, "too much")).code == "invalid"
    assert refused(school, lambda uow: refund(uow, ten, 100, " ")).column == "reason"
    assert refused(school, lambda uow: refund(uow, ten, 0, "none")).code == "invalid"
    school.run(lambda uow: refund(uow, ten, 6500, "the rest"))
    assert payments(school, ten)[0].status is PaymentStatus.REFUNDED
    assert money(school, ten).state(PRICE) is PaidState.REFUNDED
    assert sum(row["platform_fee_cents"] for row in school.rows(Refund)) == payments(school, ten)[0].platform_fee_cents


def test_a_refund_takes_the_latest_payment_first_and_card_money_is_requested_back(school, ten):
    school.run(lambda uow: take_payment(uow, NewPayment(ten, CASH, 2000)))
    card = school.run(lambda uow: take_payment(uow, NewPayment(ten, CARD))).value
    school.run(lambda uow: uow.update(Payment, card, {"status": PaymentStatus.SUCCEEDED}))
    made = school.run(lambda uow: refund(uow, ten, 8000, "half a day lost")).value
    rows = {row["id"]: row for row in school.rows(Refund)}
    assert [(rows[key]["amount_cents"], rows[key]["status"]) for key in made] == [
        (7500, "requested"),
        (500, "succeeded"),
    ]


def test_paying_never_changes_what_was_written(school, ten):
    made = school.run(lambda uow: take_payment(uow, NewPayment(ten, CASH))).value
    assert refused(school, lambda uow: uow.update(Payment, made, {"amount_cents": 1})).code == "immutable"
    assert refused(school, lambda uow: uow.delete(Payment, made)).code == "immutable"


def test_a_service_cannot_change_once_the_lesson_is_over(school, ten):
    school.clock.set(at(12))
    school.run(lambda uow: complete(uow, Completion(ten)), user=DESK)
    assert refused(school, lambda uow: change_service(uow, ten, LESSON)).code == "state_transition"
