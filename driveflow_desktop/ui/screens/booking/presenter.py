"""One booking in words, and its acts: start, done, no-show, cancel, pay, notes, another time. No Qt."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Protocol
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
from driveflow_desktop.domain.finance.values import PaymentMethod
from driveflow_desktop.domain.overview.booking import BookingDetail, booking_detail, next_free_for
from driveflow_desktop.domain.scheduling.commands.booking import Moving, edit_notes, move
from driveflow_desktop.domain.scheduling.commands.lifecycle import confirm
from driveflow_desktop.domain.scheduling.rules.cancellation import CancellationQuote
from driveflow_desktop.domain.scheduling.rules.diary import Slot
from driveflow_desktop.domain.scheduling.values import FINAL, BookingStatus, CancellationActor
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date, minute_of_day
from driveflow_desktop.store.base import Connection
from driveflow_desktop.store.unit_of_work import Receipt, UnitOfWork
from driveflow_desktop.ui.ports import Desk, OnError
from driveflow_desktop.ui.screens.booking.card import BookingCard, card_of
from driveflow_desktop.ui.screens.booking.taking import Debt, payment_for, payment_words
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.words import tr

_ANY_REASON: Final = "-"
"""A quote in the school's name is asked for before the reason is typed."""


@dataclass(frozen=True, slots=True)
class FreeTime:
    """A time to which the lesson could be moved."""

    key: str
    words: str


@dataclass(frozen=True, slots=True)
class Quote:
    """What a cancellation costs, before it is confirmed. `percent` is the school's own choice of refund, if any."""

    actor: CancellationActor
    percent: int | None
    refund: str
    lines: tuple[tuple[str, str], ...]
    refund_cents: int
    minutes_back: int = 0


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

    def notes_saved(self) -> None:
        """The notes that were asked to be saved are."""
        ...

    def refuse_notes(self, error: UserError) -> None:
        """They are not."""
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
        self._do(
            tr("Booking", "Notes changed"),
            lambda uow, booking: edit_notes(uow, booking, notes.strip() or None),
            self._surface.notes_saved,
            self._surface.refuse_notes,
        )

    def pay(self, debt: Debt, method: PaymentMethod, amount_cents: int | None) -> None:
        """Record money for the lesson."""
        self._do(payment_words(), lambda uow, _booking: take_payment(uow, payment_for(debt, method, amount_cents)))

    def quote(self, actor: CancellationActor, percent: int | None = None) -> None:
        """Show what cancelling on somebody's behalf gives back; the school chooses a percentage."""
        booking_id, org_id, now = self._id, self._desk.session.org_id, self._desk.clock.now()
        if booking_id is None:
            return
        reason = "" if percent is None else _ANY_REASON

        def query(connection: Connection) -> CancellationQuote:
            return quote_cancellation(connection, org_id, booking_id, actor, now, refund_percent=percent, reason=reason)

        self._desk.read("booking/quote", query, partial(self._quoted, actor, percent), self._surface.show_error)

    def cancel(self, quote: Quote, reason: str) -> None:
        """Cancel as quoted."""
        words = tr("Booking", "Lesson cancelled")
        if quote.refund_cents:
            words = tr("Booking", "Lesson cancelled, {money} refunded").format(money=quote.refund)

        def act(uow: UnitOfWork, booking: UUID) -> CancellationQuote:
            agreed = (quote.refund_cents, quote.minutes_back)
            return cancel(uow, CancelRequest(booking, quote.actor, reason, quote.percent, *agreed))

        self._do(words, act)

    def take_time(self, key: str) -> None:
        """Move the lesson to one of the free times offered."""
        slot = self._free.get(key)
        if slot is not None:
            moved = tr("Booking", "Lesson moved")
            self._do(moved, lambda uow, booking: move(uow, Moving(booking, slot.start, slot.end, slot.instructor_id)))

    def _do(
        self,
        words: str,
        act: Callable[[UnitOfWork, UUID], object],
        done: Callable[[], None] | None = None,
        refused: OnError | None = None,
    ) -> None:
        """Write; the answer is shown in the panel as long as it is about the booking shown."""
        booking_id = self._id
        if booking_id is None:
            return

        def succeeded(_receipt: Receipt[object]) -> None:
            if self._id == booking_id:
                (done or self._surface.close_forms)()
                self.load()

        def failed(error: UserError) -> None:
            if self._id == booking_id:
                (refused or self._surface.show_error)(error)
            else:
                self._desk.say(str(error))

        self._desk.write(words, lambda uow: act(uow, booking_id), succeeded, failed)

    # -- words --------------------------------------------------------------------------------------------------

    def _loaded(self, detail: BookingDetail) -> None:
        self._detail = detail
        self._surface.show_card(card_of(detail, self._desk.session))
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

    def _quoted(self, actor: CancellationActor, percent: int | None, found: CancellationQuote) -> None:
        money = partial(formats.money, currency=self._desk.session.currency)
        lines = [
            (tr("Booking", "Given back"), money(found.refund_cents)),
            (tr("Booking", "School keeps"), money(found.platform_keeps_cents)),
            (tr("Booking", "Instructor keeps"), money(found.instructor_keeps_cents)),
        ]
        if found.minutes_back or found.minutes_kept:
            lines.append((tr("Booking", "Back into the package"), _minutes(found.minutes_back)))
            lines.append((tr("Booking", "Used of the package"), _minutes(found.minutes_kept)))
        if found.still_owed_cents:
            lines.append((tr("Booking", "Still owed by these terms"), money(found.still_owed_cents)))
        if found.full_refund_until is not None:
            lines.append((tr("Booking", "All back until"), self._moment(found.full_refund_until)))
        refund = money(found.refund_cents)
        quote = Quote(actor, percent, refund, tuple(lines), found.refund_cents, found.minutes_back)
        self._surface.show_quote(quote)


def _minutes(minutes: int) -> str:
    return tr("Booking", "{n} min").format(n=minutes)
