"""Words for bookings."""

from enum import StrEnum


class BookingStatus(StrEnum):
    """The life of a booking; the allowed steps are in `rules`."""

    DRAFT = "draft"
    PENDING_PAYMENT = "pending_payment"
    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


OCCUPYING = frozenset(
    {
        BookingStatus.PENDING_PAYMENT,
        BookingStatus.REQUESTED,
        BookingStatus.CONFIRMED,
        BookingStatus.IN_PROGRESS,
        BookingStatus.COMPLETED,
    }
)
"""The statuses that hold their slot against every other booking."""

FINAL = frozenset({BookingStatus.COMPLETED, BookingStatus.CANCELLED, BookingStatus.NO_SHOW})


class CancellationActor(StrEnum):
    """On whose behalf a booking is cancelled; the policy's rows are per actor."""

    STUDENT = "student"
    GUARDIAN = "guardian"
    INSTRUCTOR = "instructor"
    ADMIN = "admin"


class WaitlistStatus(StrEnum):
    """Where a waitlist entry stands."""

    WAITING = "waiting"
    OFFERED = "offered"
    BOOKED = "booked"
    CLOSED = "closed"
