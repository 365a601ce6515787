"""The status of a booking. Lessons and money that follow from a step are the desk's business (`domain/desk`)."""

from dataclasses import dataclass
from uuid import UUID

from driveflow_desktop.domain.identity.rules import Action
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.scheduling.commands.access import own_booking
from driveflow_desktop.domain.scheduling.commands.booking import slot_of
from driveflow_desktop.domain.scheduling.commands.placing import require_free_slot
from driveflow_desktop.domain.scheduling.loader import setting_at
from driveflow_desktop.domain.scheduling.queries import BookingFacts, held, require_booking
from driveflow_desktop.domain.scheduling.rules.cancellation import MINUTES_BACK
from driveflow_desktop.domain.scheduling.rules.closing import run_out
from driveflow_desktop.domain.scheduling.rules.states import Move, Transition, check_transition
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus, CancellationActor
from driveflow_desktop.kernel.time import Interval
from driveflow_desktop.store.types import Json, Value
from driveflow_desktop.store.unit_of_work import UnitOfWork

_TOPICS = {
    BookingStatus.DRAFT: "booking.drafted",
    BookingStatus.REQUESTED: "booking.requested",
    BookingStatus.PENDING_PAYMENT: "booking.payment_awaited",
    BookingStatus.CONFIRMED: "booking.confirmed",
    BookingStatus.IN_PROGRESS: "booking.started",
    BookingStatus.COMPLETED: "booking.completed",
    BookingStatus.CANCELLED: "booking.cancelled",
    BookingStatus.NO_SHOW: "booking.no_show",
}

_ACTIONS = {
    target: Action.RECORD_LESSON
    if target in {BookingStatus.IN_PROGRESS, BookingStatus.COMPLETED, BookingStatus.NO_SHOW}
    else Action.CANCEL_BOOKING
    if target is BookingStatus.CANCELLED
    else Action.BOOK
    for target in BookingStatus
}


@dataclass(frozen=True, slots=True)
class Step:
    """A booking as it was, and what its new status entails."""

    booking: BookingFacts
    transition: Transition


@dataclass(frozen=True, slots=True)
class CancelledBy:
    """On whose behalf a booking is cancelled, and why; in which percent its package minutes come back, if it uses any.

    Without a percent all of them come back.
    """

    actor: CancellationActor | None
    reason: str = ""
    minutes_back_percent: int | None = None


def change_status(
    uow: UnitOfWork,
    booking_id: UUID,
    target: BookingStatus,
    *,
    reason: str = "",
    cancelled_by: CancelledBy | None = None,
    payout_paid: bool = False,
) -> Step:
    """Take a booking to `target` as the person who acts; `state_transition` says why not, and from when on it may.

    A repeated step writes nothing. What starts to occupy its slot must find it free (`slot_taken`, `student_busy`).
    """
    found = own_booking(uow, booking_id, _ACTIONS[target])
    return _take(uow, found.booking, target, found.role, reason, cancelled_by, payout_paid)


def change_status_by_system(uow: UnitOfWork, booking_id: UUID, target: BookingStatus, *, reason: str = "") -> Step:
    """A step that no person takes: a payment arrived, a hold ran out."""
    booking = require_booking(uow.connection, uow.org_id, booking_id)
    return _take(uow, booking, target, None, reason, CancelledBy(None, reason), payout_paid=False)


def confirm(uow: UnitOfWork, booking_id: UUID) -> bool:
    """Confirm a draft, a request or a booking that waited for its payment; returns whether that changed anything."""
    return change_status(uow, booking_id, BookingStatus.CONFIRMED).transition.changes


def await_payment(uow: UnitOfWork, booking_id: UUID) -> bool:
    """Turn a draft into a booking that waits half an hour for its payment."""
    return change_status(uow, booking_id, BookingStatus.PENDING_PAYMENT).transition.changes


def expire_holds(uow: UnitOfWork) -> list[UUID]:
    """Cancel drafts after their hour (or their own hold) and unpaid bookings after half an hour; returns which."""
    expired = run_out(held(uow.connection, uow.org_id), uow.now)
    for booking_id in expired:
        change_status_by_system(uow, booking_id, BookingStatus.CANCELLED, reason="The hold ran out.")
    return expired


def _take(
    uow: UnitOfWork,
    booking: BookingFacts,
    target: BookingStatus,
    role: OrgRole | None,
    reason: str,
    cancelled_by: CancelledBy | None,
    payout_paid: bool,
) -> Step:
    setting = setting_at(uow.connection, uow.org_id, booking.start, booking.end)
    waiting = booking.status is BookingStatus.PENDING_PAYMENT
    transition = check_transition(
        Move(
            booking.status,
            target,
            role,
            uow.now,
            booking.start,
            booking.end,
            setting.tz,
            hold_until=booking.hold_until,
            pending_since=booking.status_changed_at if waiting else None,
            reason=reason,
            payout_paid=payout_paid,
        )
    )
    if not transition.changes:
        return Step(booking, transition)
    if transition.check_slot:
        span = Interval(booking.start, booking.end)
        require_free_slot(uow, setting, slot_of(booking, span, booking.instructor_id))
    uow.describe("booking.reopened" if transition.reopens else _TOPICS[target])
    values = _status_values(uow, target, cancelled_by, reason)
    values["overrides"] = _overrides(booking, target, transition, cancelled_by, reason)
    uow.update(Booking, booking.id, values)
    return Step(booking, transition)


def _overrides(
    booking: BookingFacts, target: BookingStatus, transition: Transition, cancelled_by: CancelledBy | None, reason: str
) -> dict[str, Json]:
    """What the booking keeps beside its columns: a correction's reason, and the terms of its present cancellation."""
    found = {key: value for key, value in booking.overrides.items() if key != MINUTES_BACK}
    percent = None if cancelled_by is None else cancelled_by.minutes_back_percent
    if transition.reopens:
        found["status"] = {"from": booking.status.value, "reason": reason.strip()}
        percent = 0  # a correction gives nothing back by itself, neither money nor minutes
    if target is BookingStatus.CANCELLED and percent is not None:
        found[MINUTES_BACK] = percent
    return found


def _status_values(
    uow: UnitOfWork, target: BookingStatus, cancelled_by: CancelledBy | None, reason: str
) -> dict[str, Value]:
    cancelled = target is BookingStatus.CANCELLED
    by = cancelled_by or CancelledBy(CancellationActor.ADMIN, reason)
    return {
        "status": target,
        "status_changed_at": uow.now,
        "status_changed_by": uow.actor.user_id,
        "hold_until": None,
        "cancelled_by": by.actor if cancelled else None,
        "cancelled_at": uow.now if cancelled else None,
        "cancellation_reason": (by.reason.strip() or None) if cancelled else None,
    }
