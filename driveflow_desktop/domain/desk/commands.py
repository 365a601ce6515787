"""Start, done, no-show, cancel, correct, pay: the steps of a lesson's life that touch more than the diary."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from driveflow_desktop.domain.desk.queries import quote_cancellation
from driveflow_desktop.domain.execution.commands import (
    NOTHING_RECORDED,
    LessonChanges,
    forget,
    record_end,
    record_start,
)
from driveflow_desktop.domain.execution.queries import lesson_of
from driveflow_desktop.domain.finance.commands import (
    NewPayment,
    fail_payment,
    record_payment,
    refund_without_asking,
    withdraw_requests,
)
from driveflow_desktop.domain.finance.queries import money_of, payout_paid
from driveflow_desktop.domain.identity.queries import role_of
from driveflow_desktop.domain.identity.rules import Action, require
from driveflow_desktop.domain.scheduling.commands.booking import keep_reason
from driveflow_desktop.domain.scheduling.commands.lifecycle import (
    CancelledBy,
    Step,
    change_status,
    change_status_by_system,
)
from driveflow_desktop.domain.scheduling.commands.lifecycle import expire_holds as expire_diary_holds
from driveflow_desktop.domain.scheduling.commands.series import series_reach
from driveflow_desktop.domain.scheduling.queries import BookingFacts, require_booking
from driveflow_desktop.domain.scheduling.rules.cancellation import CancellationQuote
from driveflow_desktop.domain.scheduling.rules.series import SeriesScope
from driveflow_desktop.domain.scheduling.rules.states import STEPS
from driveflow_desktop.domain.scheduling.values import FINAL, BookingStatus, CancellationActor
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Completion:
    """A lesson that was given; without `ended_at` it ended now, but not later than planned.

    One that was never started is recorded with its planned times. `record` holds rating, notes, distance, skills.
    """

    booking_id: UUID
    ended_at: datetime | None = None
    record: LessonChanges = NOTHING_RECORDED


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """A wish to cancel, on whose behalf, and why. `refund_percent` is the admin's own choice, only for `admin`.

    `agreed_refund_cents` and `agreed_minutes_back` are what the person saw: when the clock has moved it on, the command
    refuses with `quote_changed` instead of giving back something else.
    """

    booking_id: UUID
    actor: CancellationActor
    reason: str = ""
    refund_percent: int | None = None
    agreed_refund_cents: int | None = None
    agreed_minutes_back: int | None = None


# -- giving the lesson --------------------------------------------------------------------------------------------


def start(uow: UnitOfWork, booking_id: UUID) -> UUID:
    """Begin a lesson (from 30 minutes before its time) and return the lesson's id."""
    step = change_status(uow, booking_id, BookingStatus.IN_PROGRESS)
    return _begin(uow, step)


def _begin(uow: UnitOfWork, step: Step) -> UUID:
    found = lesson_of(uow.connection, uow.org_id, step.booking.id)
    if found is not None and not step.transition.changes:
        return found.id
    return record_start(uow, step.booking, uow.now)


def complete(uow: UnitOfWork, request: Completion) -> UUID:
    """Finish a lesson, which makes its payout due, and return the lesson's id."""
    step = change_status(uow, request.booking_id, BookingStatus.COMPLETED)
    return _finish(uow, step, request)


def _finish(uow: UnitOfWork, step: Step, request: Completion) -> UUID:
    booking = step.booking
    found = lesson_of(uow.connection, uow.org_id, booking.id)
    if found is not None and not step.transition.changes:
        return found.id
    if booking.status is BookingStatus.IN_PROGRESS and found is not None and found.started_at is not None:
        started = found.started_at
        ended = request.ended_at or max(started, uow.now)
    else:
        started, ended = booking.start, request.ended_at or booking.end
    if ended > uow.now:
        raise UserError("invalid", "A lesson cannot have ended in the future.", column="ended_at")
    return record_end(uow, booking, started_at=started, ended_at=ended, changes=request.record)


def no_show(uow: UnitOfWork, booking_id: UUID) -> None:
    """Record that the student did not come (from 15 minutes after the start). What was paid stays paid, also minutes.

    To give some of it back, take the no-show back and cancel with a refund of the school's choice.
    """
    change_status(uow, booking_id, BookingStatus.NO_SHOW)


def take_back_no_show(uow: UnitOfWork, booking_id: UUID, reason: str = "The student came after all.") -> None:
    """Make a no-show a confirmed lesson again."""
    booking = require_booking(uow.connection, uow.org_id, booking_id)
    if booking.status is not BookingStatus.NO_SHOW:
        raise UserError("state_transition", "That lesson is not a no-show.", column="status")
    correct_status(uow, booking_id, BookingStatus.CONFIRMED, reason)


def correct_status(uow: UnitOfWork, booking_id: UUID, target: BookingStatus, reason: str) -> None:
    """Change a final status, with a reason; refused once the instructor has been paid for the lesson.

    The lesson's record follows: recorded with the planned times when it becomes completed, forgotten when it was
    not given after all. A correction to `cancelled` gives nothing back by itself, neither money nor package minutes.
    Undoable, unless it leads to a status that has no step back to the old one (a completed lesson that becomes a
    draft).
    """
    role = role_of(uow.connection, uow.org_id, uow.actor.user_id)
    require((role,) if role is not None else (), Action.REOPEN_BOOKING)
    away = payout_paid(uow.connection, uow.org_id, booking_id)
    step = change_status(uow, booking_id, target, reason=reason, payout_paid=away)
    if not step.transition.changes:
        return
    if target not in FINAL and (target, step.booking.status) not in STEPS:
        # The hard rules know an undo only as a step taken backwards; there is none for this one.
        uow.not_undoable()
    if target is BookingStatus.COMPLETED:
        _finish(uow, step, Completion(booking_id))
    elif target is BookingStatus.IN_PROGRESS:
        _begin(uow, step)
    elif step.booking.status is BookingStatus.COMPLETED:
        forget(uow, booking_id)


# -- calling it off -----------------------------------------------------------------------------------------------


def cancel(uow: UnitOfWork, request: CancelRequest) -> CancellationQuote:
    """Cancel a booking under the policy and refund what the policy gives back; returns what was quoted.

    Undoable while no money moves. Raises `state_transition`, `quote_changed`, `invalid` (the admin's choice needs a
    percent and a reason).
    """
    booking = require_booking(uow.connection, uow.org_id, request.booking_id)
    if booking.status in FINAL - {BookingStatus.CANCELLED}:
        raise UserError("state_transition", "That lesson is over.", hint="Correct its status instead.", column="status")
    if request.refund_percent is not None:
        role = role_of(uow.connection, uow.org_id, uow.actor.user_id)
        require((role,) if role is not None else (), Action.CHOOSE_REFUND)
    quote = quote_cancellation(
        uow.connection,
        uow.org_id,
        request.booking_id,
        request.actor,
        uow.now,
        refund_percent=request.refund_percent,
        reason=request.reason,
    )
    step = change_status(
        uow,
        booking.id,
        BookingStatus.CANCELLED,
        reason=request.reason,
        cancelled_by=CancelledBy(
            request.actor, request.reason, quote.percent if quote.minutes_back or quote.minutes_kept else None
        ),
    )
    if not step.transition.changes:
        return quote
    agreed = request.agreed_refund_cents in {None, quote.refund_cents}
    if not agreed or request.agreed_minutes_back not in {None, quote.minutes_back}:
        raise UserError(
            "quote_changed",
            "The refund has changed in the meantime.",
            hint="Look at it again, then cancel.",
            refund_cents=quote.refund_cents,
            minutes_back=quote.minutes_back,
        )
    _settle_cancelled(uow, booking, quote, request.reason)
    return quote


def cancel_series(uow: UnitOfWork, request: CancelRequest, scope: SeriesScope) -> list[CancellationQuote]:
    """Cancel a lesson and the others of its series that `scope` reaches, each under the policy."""
    booking = require_booking(uow.connection, uow.org_id, request.booking_id)
    reach = series_reach(uow.connection, uow.org_id, booking, scope)
    return [
        cancel(uow, replace(request, booking_id=each, agreed_refund_cents=None, agreed_minutes_back=None))
        for each in reach
    ]


def _settle_cancelled(uow: UnitOfWork, booking: BookingFacts, quote: CancellationQuote, reason: str) -> None:
    if booking.status is BookingStatus.IN_PROGRESS:
        forget(uow, booking.id)
    withdraw_requests(uow, booking.id)
    if quote.refund_cents:
        refund_without_asking(uow, booking, quote.refund_cents, reason or "The lesson was cancelled.")


def expire_holds(uow: UnitOfWork) -> list[UUID]:
    """Cancel drafts and unpaid bookings whose time is up, and withdraw their card requests; returns which."""
    expired = expire_diary_holds(uow)
    for booking_id in expired:
        withdraw_requests(uow, booking_id)
    return expired


# -- money --------------------------------------------------------------------------------------------------------


def take_payment(uow: UnitOfWork, request: NewPayment) -> UUID:
    """Record or request a payment and return its id; a booking that waited for it is confirmed once money is there."""
    payment_id = record_payment(uow, request)
    booking = require_booking(uow.connection, uow.org_id, request.booking_id)
    if booking.status is BookingStatus.PENDING_PAYMENT and money_of(uow.connection, uow.org_id, booking.id).kept_cents:
        change_status_by_system(uow, booking.id, BookingStatus.CONFIRMED)
    return payment_id


def void_payment(uow: UnitOfWork, payment_id: UUID, reason: str) -> None:
    """Take back a payment entered by mistake today, or a card request nobody paid, saying why.

    Payments have no column for it, so the reason stands in the booking's `overrides` and in the audit entry of that.
    Raises `invalid` without a reason, and for what must be refunded instead (see `finance.commands.fail_payment`).
    """
    booking_id = fail_payment(uow, payment_id)
    uow.describe("payment.voided")
    keep_reason(uow, booking_id, f"void {payment_id}", reason)
