"""A booking in the words of the side panel, with what the person may do about it. No Qt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from driveflow_desktop.domain.contacts import display_phone
from driveflow_desktop.domain.finance.values import PaidState
from driveflow_desktop.domain.identity.rules import Action, can
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.overview.booking import BookingDetail
from driveflow_desktop.domain.scheduling.values import FINAL, BookingStatus
from driveflow_desktop.kernel.time import local_date
from driveflow_desktop.ui.ports import Session
from driveflow_desktop.ui.screens.calendar.mapping import span_words, status_words
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.words import tr

Tone = Literal["neutral", "accent", "ok", "warn", "bad", "info"]

_TONES: Final[Mapping[BookingStatus, Tone]] = {
    BookingStatus.DRAFT: "warn",
    BookingStatus.PENDING_PAYMENT: "warn",
    BookingStatus.REQUESTED: "warn",
    BookingStatus.CONFIRMED: "info",
    BookingStatus.IN_PROGRESS: "accent",
    BookingStatus.COMPLETED: "ok",
    BookingStatus.CANCELLED: "neutral",
    BookingStatus.NO_SHOW: "bad",
}


@dataclass(frozen=True, slots=True)
class BookingCard:
    """The side panel in words. `acts` are the ids of what can be done now."""

    id: UUID
    student_id: UUID
    student: str
    subtitle: str
    pill: tuple[str, Tone]
    alert: str
    when: tuple[str, str]
    """The day, and the time of day."""
    fields: tuple[tuple[str, str], ...]
    price: str
    gst: str
    share: str
    paid: tuple[str, Tone]
    due_cents: int
    """What the next payment can settle."""
    notes: str
    acts: frozenset[str]
    instructor: str


def card_of(detail: BookingDetail, session: Session) -> BookingCard:
    """The panel's words for a booking."""
    booking = detail.booking
    day = formats.day_short(local_date(booking.start, session.tz))
    pickup = booking.pickup_address or tr("Booking", "not given")
    fields = [
        (tr("Booking", "Lesson"), detail.service.name),
        (tr("Booking", "Instructor"), detail.instructor_name),
        (tr("Booking", "Pick-up"), pickup),
        (tr("Booking", "Drop-off"), booking.dropoff_address or tr("Booking", "Same as pick-up")),
    ]
    if detail.guardian is not None:
        phone = "" if detail.guardian.phone is None else f" · {_phone(detail.guardian.phone)}"
        fields.append((tr("Booking", "Guardian"), f"{detail.guardian.name}{phone}"))
    if detail.student.phone:
        fields.append((tr("Booking", "Phone"), _phone(detail.student.phone)))
    if booking.cancellation_reason:
        fields.append((tr("Booking", "Reason"), booking.cancellation_reason))
    return BookingCard(
        id=booking.id,
        student_id=booking.student_id,
        student=detail.student.name,
        subtitle=_logbook(detail),
        pill=(status_words(booking.status), _TONES[booking.status]),
        alert=_alert(detail),
        when=(day, span_words(booking.start, booking.end, session.tz)),
        fields=tuple(fields),
        price=formats.money(booking.price_cents, booking.currency),
        gst=formats.money(detail.gst_cents, booking.currency) if detail.gst_cents else "",
        share=formats.money(booking.instructor_share_cents, booking.currency),
        paid=_paid(detail),
        due_cents=detail.due.next_cents,
        notes=booking.notes or "",
        acts=_acts(detail, session.role),
        instructor=detail.instructor_name.split(" ")[0],
    )


def _logbook(detail: BookingDetail) -> str:
    progress = detail.logbook
    if progress is None:
        return tr("Booking", "Learner")
    hours, needed = progress.total_minutes / 60, (progress.total_minutes + progress.total_missing) / 60
    return tr("Booking", "Learner · {hours:g} of {needed:g} h logged").format(
        hours=round(hours, 1), needed=round(needed, 1)
    )


def _alert(detail: BookingDetail) -> str:
    parts = [detail.student.alert or ""]
    if detail.licence_expired:
        parts.append(tr("Booking", "The licence will have expired."))
    return " ".join(part for part in parts if part)


def _paid(detail: BookingDetail) -> tuple[str, Tone]:
    if detail.paid is PaidState.PAID:
        return tr("Booking", "Paid"), "ok"
    if detail.money.by_package:
        return tr("Booking", "By package"), "ok"
    if detail.due.total_cents > 0:
        if detail.money.kept_cents:
            return tr("Booking", "{money} due").format(money=formats.money(detail.due.total_cents)), "warn"
        return tr("Booking", "Payment due"), "warn"
    return tr("Booking", "Nothing due"), "neutral"


def _phone(number: str) -> str:
    """A number that stays on one line."""
    return display_phone(number).replace(" ", "\N{NO-BREAK SPACE}")


def _acts(detail: BookingDetail, role: OrgRole) -> frozenset[str]:
    """What the person can do now, by the ids of the action table where it has one."""
    status, possible = detail.booking.status, detail.possible
    acts = {
        "lesson.start": BookingStatus.IN_PROGRESS in possible and status is BookingStatus.CONFIRMED,
        "lesson.done": BookingStatus.COMPLETED in possible and status not in FINAL,
        "lesson.no_show": BookingStatus.NO_SHOW in possible and status not in FINAL,
        "booking.cancel": BookingStatus.CANCELLED in possible and status not in FINAL,
        "booking.confirm": BookingStatus.CONFIRMED in possible and status not in FINAL,
        "booking.reopen": BookingStatus.CONFIRMED in possible and status in FINAL,
        "booking.reschedule": status not in FINAL
        and status is not BookingStatus.IN_PROGRESS
        and can(role, Action.MOVE_BOOKING),
        "payment.take": detail.due.total_cents > 0
        and status is not BookingStatus.DRAFT
        and can(role, Action.TAKE_PAYMENT),
    }
    return frozenset(name for name, can in acts.items() if can)
