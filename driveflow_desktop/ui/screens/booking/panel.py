"""The side panel of one booking."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final
from uuid import UUID

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from driveflow_desktop.domain.finance.values import PaymentMethod
from driveflow_desktop.domain.scheduling.values import CancellationActor
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.editing import Field
from driveflow_desktop.ui.ports import Desk
from driveflow_desktop.ui.screens.booking.presenter import BookingCard, BookingPresenter, FreeTime, Quote
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.widgets.buttons import Button, ChipRow, DangerButton, PrimaryButton
from driveflow_desktop.ui.widgets.fields import FormField, MoneyField
from driveflow_desktop.ui.widgets.flow import FlowLayout
from driveflow_desktop.ui.widgets.form import Line, QuickForm
from driveflow_desktop.ui.widgets.inline import EditableValue
from driveflow_desktop.ui.widgets.marks import Pill
from driveflow_desktop.ui.widgets.panels import ErrorLine, FieldList, SidePanel
from driveflow_desktop.ui.widgets.text import hairline, label

_MORE: Final = "more"


class LetterForm(QFrame):
    """A small question that is answered by one letter, then Enter; Esc takes it back."""

    cancelled = Signal()
    chosen = Signal(str)
    submitted = Signal()

    def __init__(self, title: str, options: Sequence[tuple[str, str, str]]) -> None:
        """`options` are (id, letter, words)."""
        super().__init__()
        self.setProperty("panel", "card")
        self.setAccessibleName(title)
        self._letters = {letter: option for option, letter, _words in options}
        self._buttons: dict[str, Button] = {}
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(12, 10, 12, 12)
        self.column.setSpacing(8)
        self.column.addWidget(label(title, weight="bold"))
        for option, letter, words in options:
            button = Button(words, hint=letter)
            button.setCheckable(True)
            button.clicked.connect(partial(self.choose, option))
            self._buttons[option] = button
            self.column.addWidget(button)

    def choose(self, option: str) -> None:
        """Choose as if its letter had been pressed."""
        for each, button in self._buttons.items():
            button.setChecked(each == option)
        self.chosen.emit(option)

    def event(self, event: QEvent) -> bool:
        """The form's letters are its own while it has the keyboard, not the window's shortcuts."""
        override = event.type() is QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and event.text().upper() in self._letters:
            event.accept()
            return True
        return super().event(event)

    def take_letter(self, event: QKeyEvent) -> bool:
        """Choose by the letter pressed; whether it was one."""
        option = self._letters.get(event.text().upper())
        if option is not None:
            self.choose(option)
        return option is not None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A letter chooses, Enter goes through, Esc gives up."""
        if self.take_letter(event):
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.submitted.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)


class BookingPanel(SidePanel):
    """Shows a booking and asks its presenter to act."""

    new_time_asked = Signal()
    """The person wants another time than those offered."""
    student_asked = Signal(object)
    """Open the student."""
    acts_changed = Signal()
    """Other acts are possible now."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(self.tr("Booking"))
        self.presenter = BookingPresenter(desk, self)
        self._card: BookingCard | None = None
        self._quote: Quote | None = None
        self._form: QWidget | None = None
        self._free, self._error = ChipRow(), ErrorLine()
        for widget in (self._free, self._error):
            self.add(widget)

    @property
    def acts(self) -> frozenset[str]:
        """The ids of what can be done with the booking shown."""
        return self._card.acts if self._card is not None else frozenset()

    def handlers(self) -> dict[str, Callable[[], None]]:
        """What keys and menus can do now."""
        every: dict[str, Callable[[], None]] = {
            "lesson.start": self.presenter.start,
            "lesson.done": self.presenter.done,
            "lesson.no_show": self.presenter.no_show,
            "booking.cancel": self.ask_cancel,
            "booking.reschedule": self.new_time_asked.emit,
            "payment.take": self.ask_payment,
        }
        return {name: act for name, act in every.items() if name in self.acts}

    # -- what the presenter says --------------------------------------------------------------------------------

    def show_card(self, card: BookingCard) -> None:
        """Show a booking, with whatever form is open put away when it is another one."""
        other = self._card is None or self._card.id != card.id
        self._card = card
        if self._form is None or other:
            self._form = None
            self._fill(card)
        self.acts_changed.emit()

    def show_free(self, booking_id: UUID, times: tuple[FreeTime, ...]) -> None:
        """Offer other times."""
        if self._card is not None and self._card.id == booking_id and self._form is None:
            chips = [(time.key, time.words) for time in times]
            self._free.set_chips([*chips, (_MORE, self.tr("More…"))] if chips else [])

    def show_quote(self, quote: Quote) -> None:
        """Show what a cancellation gives back, under the question."""
        self._quote = quote
        if isinstance(self._form, CancelForm):
            self._form.show_quote(quote)

    def show_error(self, error: UserError) -> None:
        """Say a refusal at the foot of the panel."""
        self._error.show_error(error)

    def close_forms(self) -> None:
        """Put the small forms away."""
        self._form = None
        if self._card is not None:
            self._fill(self._card)

    def gone(self) -> None:
        """Nothing to show any more."""
        self._card = None
        self.closed.emit()

    # -- forms --------------------------------------------------------------------------------------------------

    def ask_cancel(self) -> None:
        """Ask on whose behalf; the refund is shown before Enter confirms."""
        form = CancelForm()
        form.chosen.connect(lambda option: self.presenter.quote(CancellationActor(option)))
        form.cancelled.connect(self.close_forms)
        form.submitted.connect(partial(self._confirm_cancel, form))
        self._open_form(form)

    def ask_payment(self) -> None:
        """Ask by which method, and how much."""
        if self._card is None:
            return
        form = PaymentForm(self._card.due_cents, self.presenter.till_words)
        form.cancelled.connect(self.close_forms)
        form.submitted.connect(partial(self._pay, form))
        self._open_form(form)

    def ask_reopen(self) -> None:
        """Ask why a lesson that is over is opened again."""
        reason = Line("reason", self.tr("Reason"), self.tr("Marked by mistake"))
        form = QuickForm(self.tr("Reopen this lesson"), (reason,), self.tr("Reopen"))
        form.cancelled.connect(self.close_forms)
        form.submitted.connect(lambda texts: self.presenter.reopen(str(texts["reason"])))
        self._open_form(form)
        form.begin()

    def _confirm_cancel(self, form: "CancelForm") -> None:
        if self._quote is not None and form.actor is self._quote.actor:
            self.presenter.cancel(self._quote, form.reason)

    def _pay(self, form: "PaymentForm") -> None:
        if form.method is None:
            self.show_error(UserError("invalid", self.tr("Choose how it was paid.")))
        elif form.amount.error is not None:
            self.show_error(form.amount.error)
        else:
            self.presenter.pay(form.method, form.amount.value)

    def _open_form(self, form: QWidget) -> None:
        card = self._card
        if card is None:
            return
        self._fill(card, form)
        self._form = form
        form.setFocus()

    # -- the panel ----------------------------------------------------------------------------------------------

    def _fill(self, card: BookingCard, form: QWidget | None = None) -> None:
        self.clear()
        self._free = ChipRow()
        self._free.clicked.connect(self._free_chosen)
        self._error = ErrorLine()
        self.set_header(card.student, card.subtitle, pill=card.pill)
        if card.alert:
            self.add(Pill(card.alert, "warn"))
        if form is not None:
            self.add(form)
            self.add(self._error)
        self.add(FieldList(card.fields))
        self.add(self._money(card))
        if form is None:
            self.add(self._error)
        self.add_heading(self.tr("Notes"))
        self.add(self._notes(card))
        offers = "booking.reschedule" in card.acts and form is None
        if offers:
            self.add_heading(self.tr("Next free with {name}").format(name=card.instructor))
        self.add(self._free)
        self._free.setVisible(offers)
        self._buttons(card)

    def _money(self, card: BookingCard) -> QWidget:
        box = QFrame()
        box.setProperty("panel", "card")
        column = QVBoxLayout(box)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(6)
        column.addLayout(_amount(self.tr("Price at booking"), card.price, strong=True))
        if card.gst:
            column.addLayout(_amount(self.tr("Includes GST"), card.gst))
        column.addLayout(_amount(self.tr("Instructor share"), card.share))
        column.addWidget(hairline())
        foot = QHBoxLayout()
        foot.addWidget(Pill(*card.paid))
        foot.addStretch(1)
        if "payment.take" in card.acts:
            pay = PrimaryButton(self.tr("Take payment"), hint="P")
            pay.clicked.connect(self.ask_payment)
            foot.addWidget(pay)
        column.addLayout(foot)
        return box

    def _notes(self, card: BookingCard) -> QWidget:
        hint = self.tr("Add a note")
        field = Field("notes", self.tr("Notes"), card.notes, card.notes, "long", hint=hint)
        value = EditableValue(field)
        value.asked.connect(self.presenter.save_notes)
        return value

    def _buttons(self, card: BookingCard) -> None:
        # They wrap: four of them are too many for one line in a large font.
        box = QWidget()
        box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        flow = FlowLayout(box, spacing=8)
        choices = (
            ("booking.confirm", self.tr("Confirm"), "", self.presenter.confirm),
            ("lesson.start", self.tr("Start"), "A", self.presenter.start),
            ("lesson.done", self.tr("Done"), "D", self.presenter.done),
            ("lesson.no_show", self.tr("No-show"), "", self.presenter.no_show),
            ("booking.reopen", self.tr("Reopen…"), "", self.ask_reopen),
        )
        for act, words, hint, run in choices:
            if act in card.acts:
                button = Button(words, hint=hint)
                button.clicked.connect(run)
                flow.addWidget(button)
        if "booking.cancel" in card.acts:
            cancel = DangerButton(self.tr("Cancel…"))
            cancel.setAccessibleName(self.tr("Cancel lesson…"))
            cancel.clicked.connect(self.ask_cancel)
            flow.addWidget(cancel)
        self.add_button(box)

    def _free_chosen(self, key: str) -> None:
        if key == _MORE:
            self.new_time_asked.emit()
        else:
            self.presenter.take_time(key)


class CancelForm(LetterForm):
    """Who cancels, what that gives back, and why."""

    def __init__(self) -> None:
        super().__init__(
            self.tr("Who cancels?"),
            (
                (CancellationActor.STUDENT.value, "S", self.tr("Student")),
                (CancellationActor.GUARDIAN.value, "G", self.tr("Guardian")),
                (CancellationActor.INSTRUCTOR.value, "I", self.tr("Instructor")),
                (CancellationActor.ADMIN.value, "O", self.tr("Our choice: all back")),
            ),
        )
        self.actor: CancellationActor | None = None
        self._lines = FieldList()
        self.why = QLineEdit()
        self.why.setAccessibleName(self.tr("Reason (optional)"))
        self.why.setPlaceholderText(self.tr("Car in the workshop"))
        self._why_field = FormField(self.tr("Reason (optional)"), self.why)
        self._why_field.hide()
        self._confirm = DangerButton(self.tr("Cancel lesson"), hint="↵")
        self._confirm.clicked.connect(self.submitted)
        self._confirm.setEnabled(False)
        self.column.addWidget(self._lines)
        self.column.addWidget(self._why_field)
        self.column.addWidget(self._confirm)
        self.chosen.connect(self._choose_actor)

    @property
    def reason(self) -> str:
        """In words, for the audit: what was typed for a choice of the school, else who cancelled."""
        if self.actor is CancellationActor.ADMIN:
            return self.why.text().strip() or self.tr("Cancelled by the school.")
        return "" if self.actor is None else self.tr("Cancelled by the {who}.").format(who=self.actor.value)

    def show_quote(self, quote: Quote) -> None:
        """What it gives back; only now Enter goes through."""
        if quote.actor is self.actor:
            self._lines.set_rows(quote.lines)
            self._confirm.setEnabled(True)

    def _choose_actor(self, option: str) -> None:
        self.actor = CancellationActor(option)
        self._confirm.setEnabled(False)
        self._why_field.setVisible(self.actor is CancellationActor.ADMIN)


class PaymentForm(LetterForm):
    """How it was paid, and how much."""

    def __init__(self, due_cents: int, till_words: Callable[[PaymentMethod, int], str]) -> None:
        super().__init__(
            self.tr("How was it paid?"),
            (
                (PaymentMethod.CASH.value, "C", self.tr("Cash")),
                (PaymentMethod.EFTPOS.value, "E", self.tr("EFTPOS")),
                (PaymentMethod.BANK_TRANSFER.value, "B", self.tr("Bank transfer")),
            ),
        )
        self.method: PaymentMethod | None = None
        self._till_words = till_words
        self._due = due_cents
        self.amount = MoneyField(self.tr("Amount"))
        self.amount.set_value(due_cents)
        self.amount.installEventFilter(self)
        self.amount.changed.connect(self._show_amount)
        self._till = label(size="sm", tone="muted")
        self._confirm = PrimaryButton("", hint="↵")
        self._confirm.clicked.connect(self.submitted)
        self.column.addWidget(FormField(self.tr("Amount"), self.amount))
        self.column.addWidget(self._till)
        self.column.addWidget(self._confirm)
        self.chosen.connect(self._choose_method)
        self._show_amount()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The methods' letters choose in the amount as well: no amount has letters in it."""
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and self.take_letter(event):
            return True
        return super().eventFilter(watched, event)

    def _choose_method(self, option: str) -> None:
        self.method = PaymentMethod(option)
        self._show_amount()

    def _show_amount(self) -> None:
        """The button says what it records; beneath, what to ask for at the till."""
        amount = self.amount.value or self._due
        self._confirm.setText(self.tr("Record {money}").format(money=formats.money(amount)))
        self._till.setText("" if self.method is None else self._till_words(self.method, amount))


def _amount(words: str, money: str, *, strong: bool = False) -> QHBoxLayout:
    row = QHBoxLayout()
    row.addWidget(label(words, tone="text" if strong else "muted", size="md" if strong else "sm"))
    row.addStretch(1)
    row.addWidget(label(money, weight="bold" if strong else "normal", size="md" if strong else "sm"))
    return row
