"""What has run out, and what the desk must still decide about lessons whose time has passed."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from driveflow_desktop.domain.scheduling.values import BookingStatus

DRAFT_LIFE = timedelta(hours=1)
PENDING_PAYMENT_LIFE = timedelta(minutes=30)
NO_SHOW_PROPOSED_AFTER = timedelta(minutes=30)


class Held(NamedTuple):
    """A booking that may run out; `since` is its last change of status."""

    id: UUID
    status: BookingStatus
    since: datetime
    hold_until: datetime | None = None


class Planned(NamedTuple):
    """A booking whose time may have passed."""

    id: UUID
    status: BookingStatus
    start: datetime
    end: datetime


class ToClose(NamedTuple):
    """A lesson that a person must decide about, and what the app proposes; it never decides by itself."""

    id: UUID
    proposal: BookingStatus
    overdue: timedelta


def runs_out_at(held: Held) -> datetime | None:
    """When a draft (one hour, or its own hold) or a pending payment (30 minutes) dies; None for everything else."""
    if held.status is BookingStatus.DRAFT:
        return held.hold_until or held.since + DRAFT_LIFE
    if held.status is BookingStatus.PENDING_PAYMENT:
        return held.since + PENDING_PAYMENT_LIFE
    return None


def run_out(bookings: Iterable[Held], now: datetime) -> list[UUID]:
    """The bookings that the system cancels now, in the order given."""
    return [held.id for held in bookings if (at := runs_out_at(held)) is not None and at <= now]


def lessons_to_close(bookings: Iterable[Planned], now: datetime) -> list[ToClose]:
    """The lessons that need a decision, the longest overdue first.

    A confirmed lesson is proposed as completed once it has ended, and as a no-show when nobody has said anything for
    30 minutes after its end; a lesson in progress as completed after its end; a request nobody answered as cancelled
    once its start has passed.
    """
    found = [
        ToClose(booking.id, proposal, now - due)
        for booking in bookings
        if (decision := _decision(booking, now)) is not None
        for proposal, due in (decision,)
    ]
    return sorted(found, key=lambda item: (-item.overdue, item.id))


def _decision(booking: Planned, now: datetime) -> tuple[BookingStatus, datetime] | None:
    """The proposal and since when it is due."""
    if booking.status is BookingStatus.REQUESTED:
        return (BookingStatus.CANCELLED, booking.start) if booking.start <= now else None
    if booking.status not in {BookingStatus.CONFIRMED, BookingStatus.IN_PROGRESS} or now < booking.end:
        return None
    silent = booking.status is BookingStatus.CONFIRMED and now >= booking.end + NO_SHOW_PROPOSED_AFTER
    return (BookingStatus.NO_SHOW if silent else BookingStatus.COMPLETED), booking.end
