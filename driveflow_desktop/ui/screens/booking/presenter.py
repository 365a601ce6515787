"""One booking in words, and its acts: start, done, no-show, cancel, pay, notes, another time. No Qt."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Literal, Protocol
from uuid import UUID

from driveflow_desktop.domain.desk.commands import (
    CancelRequest,
    Completion,
    cancel,
    complete,
    correct_status,
    no_show,
    start,
    take_payment,
)
from driveflow_desktop.domain.desk.queries import quote_cancellation
from driveflow_desktop.domain.finance.commands import NewPayment
from driveflow_desktop.domain.finance.queries import PaidState
from driveflow_desktop.domain.finance.rules import at_the_till
from driveflow_desktop.domain.finance.values import PaymentMethod
from driveflow_desktop.domain.overview.booking import BookingDetail, booking_detail, next_free_for
from driveflow_desktop.domain.people.rules.contacts import display_phone
from driveflow_desktop.domain.scheduling.commands.booking import Moving, edit_notes, move
from driveflow_desktop.domain.scheduling.commands.lifecycle import confirm
from driveflow_desktop.domain.scheduling.rules.cancellation import CancellationQuote
from driveflow_desktop.domain.scheduling.rules.diary import Slot
from driveflow_desktop.domain.scheduling.values import FINAL, BookingStatus, CancellationActor
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date, minute_of_day
from driveflow_desktop.store.base import Connection
from driveflow_desktop.store.unit_of_work import UnitOfWork
from driveflow_desktop.ui.ports import Desk
from driveflow_desktop.ui.screens.calendar.mapping import span_words, status_words
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.words import tr

Tone = Literal["neutral", "accent", "ok", "warn", "bad", "info"]

_TONES: Final[dict[BookingStatus, Tone]] = {
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
class FreeTime:
    """A time to which the lesson could be moved."""

    key: str
    words: str


@dataclass(frozen=True, slots=True)
class BookingCard:
    """The side panel in words. `acts` are the ids of what can be done now."""

    id: UUID
    student_id: UUID
    student: str
    subtitle: str
    pill: tuple[str, Tone]
    alert: str
    fields: tuple[tuple[str, str], ...]
    price: str
    gst: str
    share: str
    paid: tuple[str, Tone]
    due_cents: int
    notes: str
    acts: frozenset[str]
    instructor: str


@dataclass(frozen=True, slots=True)
class Quote:
    """What a cancellation costs, before it is confirmed."""

    actor: CancellationActor
    refund: str
    lines: tuple[tuple[str, str], ...]
    refund_cents: int


class PanelSurface(Protocol):
    """The panel, as the presenter sees it."""

    def show_card(self, card: BookingCard) -> None:
        """Show a booking."""
        ...

    def show_free(self, booking_id: UUID, times: tuple[FreeTime, ...]) -> None:
        """Offer other times with the same instructor."""
        ...

    def show_quote(self, quote: Quote) -> None:
        """Show what a cancellation gives back."""
        ...

    def show_error(self, error: UserError) -> None:
        """Say a refusal in the panel."""
        ...

    def close_forms(self) -> None:
        """Put the small forms away: what they asked for is done."""
        ...

    def gone(self) -> None:
        """The booking is no longer there."""
        ...


class BookingPresenter:
    """One booking at a time."""

    def __init__(self, desk: Desk, surface: PanelSurface) -> None:
        self._desk = desk
        self._surface = surface
        self._id: UUID | None = None
        self._detail: BookingDetail | None = None
        self._free: dict[str, Slot] = {}

    @property
    def booking_id(self) -> UUID | None:
        """The booking shown."""
        return self._id

    @property
    def detail(self) -> BookingDetail | None:
        """The booking as read last."""
        return self._detail

    def show(self, booking_id: UUID | None) -> None:
        """Show another booking, or none."""
        self._id = booking_id
        self._detail = None
        self.load()

    def load(self) -> None:
        """Read the booking again, then other free times."""
        booking_id = self._id
        if booking_id is None:
            return
        session, now = self._desk.session, self._desk.clock.now()

        def query(connection: Connection) -> BookingDetail:
            return booking_detail(connection, session.org_id, booking_id, session.user_id, now)

        self._desk.read("booking/detail", query, self._loaded, self._lost)

    # -- acts ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """The lesson begins."""
        self._do(tr("Booking", "Lesson started"), start)

    def confirm(self) -> None:
        """A requested or drafted lesson stands."""
        self._do(tr("Booking", "Lesson confirmed"), confirm)

    def done(self) -> None:
        """The lesson was given."""
        self._do(tr("Booking", "Lesson done"), lambda uow, booking: complete(uow, Completion(booking)))

    def no_show(self) -> None:
        """The student did not come."""
        self._do(tr("Booking", "Marked as no-show"), no_show)

    def reopen(self, reason: str) -> None:
        """Make a lesson that is over a confirmed one again, with a reason."""
        words = tr("Booking", "Lesson reopened")
        self._do(words, lambda uow, booking: correct_status(uow, booking, BookingStatus.CONFIRMED, reason))

    def save_notes(self, notes: str) -> None:
        """Keep the notes."""
        self._do(tr("Booking", "Notes changed"), lambda uow, booking: edit_notes(uow, booking, notes.strip() or None))

    def pay(self, method: PaymentMethod, amount_cents: int | None) -> None:
        """Record money for the lesson."""
        words = tr("Booking", "Payment recorded")
        self._do(words, lambda uow, booking: take_payment(uow, NewPayment(booking, method, amount_cents)))

    def till_words(self, method: PaymentMethod, amount_cents: int) -> str:
        """What to ask for at the till: cash is rounded to 5 cents."""
        till = at_the_till(amount_cents, method, self._desk.session.currency)
        if not till.rounding_cents:
            return ""
        return tr("Booking", "At the till: {money}").format(money=formats.money(till.till_cents))

    def quote(self, actor: CancellationActor) -> None:
        """Show what cancelling on somebody's behalf gives back."""
        booking_id, org_id, now = self._id, self._desk.session.org_id, self._desk.clock.now()
        if booking_id is None:
            return
        percent, reason = (100, "-") if actor is CancellationActor.ADMIN else (None, "")

        def query(connection: Connection) -> CancellationQuote:
            return quote_cancellation(connection, org_id, booking_id, actor, now, refund_percent=percent, reason=reason)

        shown = partial(self._quoted, actor)
        self._desk.read("booking/quote", query, shown, self._surface.show_error)

    def cancel(self, quote: Quote, reason: str) -> None:
        """Cancel as quoted."""
        percent = 100 if quote.actor is CancellationActor.ADMIN else None
        words = tr("Booking", "Lesson cancelled")
        if quote.refund_cents:
            words = tr("Booking", "Lesson cancelled, {money} refunded").format(money=quote.refund)

        def act(uow: UnitOfWork, booking: UUID) -> CancellationQuote:
            return cancel(uow, CancelRequest(booking, quote.actor, reason, percent, quote.refund_cents))

        self._do(words, act)

    def take_time(self, key: str) -> None:
        """Move the lesson to one of the free times offered."""
        slot = self._free.get(key)
        if slot is not None:
            moved = tr("Booking", "Lesson moved")
            self._do(moved, lambda uow, booking: move(uow, Moving(booking, slot.start, slot.end, slot.instructor_id)))

    def _do(self, words: str, act: Callable[[UnitOfWork, UUID], object]) -> None:
        booking_id = self._id
        if booking_id is None:
            return
        self._desk.write(
            words, lambda uow: act(uow, booking_id), lambda _receipt: self._acted(), self._surface.show_error
        )

    def _acted(self) -> None:
        self._surface.close_forms()
        self.load()

    # -- words --------------------------------------------------------------------------------------------------

    def _loaded(self, detail: BookingDetail) -> None:
        self._detail = detail
        self._surface.show_card(self._card(detail))
        self._read_free(detail)

    def _lost(self, _error: UserError) -> None:
        self._id = None
        self._surface.gone()

    def _read_free(self, detail: BookingDetail) -> None:
        org_id, now, booking_id = self._desk.session.org_id, self._desk.clock.now(), detail.booking.id
        if detail.booking.status in FINAL or detail.booking.status is BookingStatus.IN_PROGRESS:
            self._surface.show_free(booking_id, ())
            return

        def query(connection: Connection) -> tuple[Slot, ...]:
            return next_free_for(connection, org_id, booking_id, now)

        def found(slots: tuple[Slot, ...]) -> None:
            elsewhere = [slot for slot in slots if slot.start != detail.booking.start]
            self._free = {slot.start.isoformat(): slot for slot in elsewhere}
            times = tuple(FreeTime(key, self._moment(slot.start)) for key, slot in self._free.items())
            self._surface.show_free(booking_id, times)

        self._desk.read("booking/free", query, found)

    def _moment(self, instant: datetime) -> str:
        tz = self._desk.session.tz
        day = formats.day_short(local_date(instant, tz))
        return f"{day.split(' ')[0]} {day.split(' ')[1]} · {formats.clock(minute_of_day(instant, tz))}"

    def _card(self, detail: BookingDetail) -> BookingCard:
        booking, session = detail.booking, self._desk.session
        day = formats.day_short(local_date(booking.start, session.tz))
        pickup = booking.pickup_address or tr("Booking", "not given")
        fields = [
            (tr("Booking", "When"), f"{day} · {span_words(booking.start, booking.end, session.tz)}"),
            (tr("Booking", "Lesson"), detail.service.name),
            (tr("Booking", "Instructor"), detail.instructor_name),
            (tr("Booking", "Pick-up"), pickup),
            (tr("Booking", "Drop-off"), booking.dropoff_address or tr("Booking", "Same as pick-up")),
        ]
        if detail.guardian is not None:
            phone = "" if detail.guardian.phone is None else f" · {display_phone(detail.guardian.phone)}"
            fields.append((tr("Booking", "Guardian"), f"{detail.guardian.name}{phone}"))
        if detail.student.phone:
            fields.append((tr("Booking", "Phone"), display_phone(detail.student.phone)))
        if booking.cancellation_reason:
            fields.append((tr("Booking", "Reason"), booking.cancellation_reason))
        return BookingCard(
            id=booking.id,
            student_id=booking.student_id,
            student=detail.student.name,
            subtitle=_logbook(detail),
            pill=(status_words(booking.status), _TONES[booking.status]),
            alert=_alert(detail),
            fields=tuple(fields),
            price=formats.money(booking.price_cents, booking.currency),
            gst=formats.money(detail.gst_cents, booking.currency) if detail.gst_cents else "",
            share=formats.money(booking.instructor_share_cents, booking.currency),
            paid=_paid(detail),
            due_cents=max(0, detail.due_cents),
            notes=booking.notes or "",
            acts=_acts(detail),
            instructor=detail.instructor_name.split(" ")[0],
        )

    def _quoted(self, actor: CancellationActor, found: CancellationQuote) -> None:
        money = partial(formats.money, currency=self._desk.session.currency)
        lines = [
            (tr("Booking", "Given back"), money(found.refund_cents)),
            (tr("Booking", "School keeps"), money(found.platform_keeps_cents)),
            (tr("Booking", "Instructor keeps"), money(found.instructor_keeps_cents)),
        ]
        if found.still_owed_cents:
            lines.append((tr("Booking", "Still owed by these terms"), money(found.still_owed_cents)))
        if found.full_refund_until is not None:
            lines.append((tr("Booking", "All back until"), self._moment(found.full_refund_until)))
        self._surface.show_quote(Quote(actor, money(found.refund_cents), tuple(lines), found.refund_cents))


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
    if detail.due_cents > 0:
        if detail.money.kept_cents:
            return tr("Booking", "{money} due").format(money=formats.money(detail.due_cents)), "warn"
        return tr("Booking", "Payment due"), "warn"
    return tr("Booking", "Nothing due"), "neutral"


def _acts(detail: BookingDetail) -> frozenset[str]:
    """What can be done now, by the ids of the action table where it has one."""
    status, possible = detail.booking.status, detail.possible
    acts = {
        "lesson.start": BookingStatus.IN_PROGRESS in possible and status is BookingStatus.CONFIRMED,
        "lesson.done": BookingStatus.COMPLETED in possible and status not in FINAL,
        "lesson.no_show": BookingStatus.NO_SHOW in possible and status not in FINAL,
        "booking.cancel": BookingStatus.CANCELLED in possible and status not in FINAL,
        "booking.confirm": BookingStatus.CONFIRMED in possible and status not in FINAL,
        "booking.reopen": BookingStatus.CONFIRMED in possible and status in FINAL,
        "booking.reschedule": status not in FINAL and status is not BookingStatus.IN_PROGRESS,
        "payment.take": detail.due_cents > 0 and status is not BookingStatus.DRAFT,
    }
    return frozenset(name for name, can in acts.items() if can)
