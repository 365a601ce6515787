"""The side panel of one booking."""

from collections.abc import Callable
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from driveflow_desktop.domain.identity.rules import Action, can
from driveflow_desktop.domain.scheduling.values import CancellationActor
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.editing import Field
from driveflow_desktop.ui.ports import Desk
from driveflow_desktop.ui.screens.booking.card import BookingCard
from driveflow_desktop.ui.screens.booking.letter_forms import CancelForm, LetterForm
from driveflow_desktop.ui.screens.booking.money_box import MoneyBox
from driveflow_desktop.ui.screens.booking.payment_form import PaymentForm
from driveflow_desktop.ui.screens.booking.presenter import BookingPresenter, FreeTime, Quote
from driveflow_desktop.ui.screens.booking.taking import Debt
from driveflow_desktop.ui.widgets.buttons import Button, ChipRow, DangerButton
from driveflow_desktop.ui.widgets.flow import FlowLayout
from driveflow_desktop.ui.widgets.form import Line, QuickForm
from driveflow_desktop.ui.widgets.inline import EditableValue
from driveflow_desktop.ui.widgets.marks import Pill
from driveflow_desktop.ui.widgets.panels import ErrorLine, FieldList, SidePanel
from driveflow_desktop.ui.widgets.text import label

_MORE: Final = "more"


class BookingPanel(SidePanel):
    """Shows a booking and asks its presenter to act. What is being typed survives a refresh."""

    new_time_asked = Signal()
    """The person wants another time than those offered."""
    student_asked = Signal(object)
    """Open the student with this id."""
    acts_changed = Signal()
    """Other acts are possible now."""
    form_closed = Signal()
    """A small form was put away that had the keyboard."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(self.tr("Booking"))
        self._session = desk.session
        self.presenter = BookingPresenter(desk, self)
        self._card: BookingCard | None = None
        self._quote: Quote | None = None
        self._form: LetterForm | QuickForm | None = None
        self._alert, self._fields, self._money = Pill("…", "warn"), FieldList(), MoneyBox()
        self._form_place, self.error = QWidget(), ErrorLine()
        self._form_box = QVBoxLayout(self._form_place)
        self._form_box.setContentsMargins(0, 0, 0, 0)
        self.notes = EditableValue(Field("notes", self.tr("Notes"), "", "", "long", hint=self.tr("Add a note")))
        self._free_title, self._free = label(tone="muted"), ChipRow()
        self._student = Button(self.tr("Student’s file"), kind="mini", icon_name="student")
        self._buttons = self._make_buttons()
        self._lay_out()
        self._connect()

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

    def begin(self) -> None:
        """Take the keyboard."""
        self.notes.setFocus()

    # -- what the presenter says --------------------------------------------------------------------------------

    def show_card(self, card: BookingCard) -> None:
        """Show a booking; a form or note of another one is put away, one of this one stays as it is."""
        if self._card is None or self._card.id != card.id:
            self.notes.cancel()
            self._leave_form()
        self._card = card
        self.set_header(card.student, card.subtitle, pill=card.pill)
        self._alert.setVisible(bool(card.alert))
        if card.alert:
            self._alert.set_state(card.alert, "warn")
        self._fields.set_rows(())
        self._fields.add(self.tr("When"), _when(*card.when))
        for name, value in card.fields:
            self._fields.add(name, value)
        self._money.set_card(card)
        self.notes.set_field(
            Field("notes", self.tr("Notes"), card.notes, card.notes, "long", hint=self.tr("Add a note"))
        )
        for act, button in self._buttons.items():
            button.setVisible(act in card.acts)
        self._free_title.setText(self.tr("Next free with {name}").format(name=card.instructor))
        self._show_offers()
        self.acts_changed.emit()

    def show_free(self, card_id: object, times: tuple[FreeTime, ...]) -> None:
        """Offer other times."""
        if self._card is not None and self._card.id == card_id:
            chips = [(time.key, time.words) for time in times]
            self._free.set_chips([*chips, (_MORE, self.tr("More…"))])

    def show_quote(self, quote: Quote) -> None:
        """Show what a cancellation gives back, under the question."""
        self._quote = quote
        if isinstance(self._form, CancelForm):
            self._form.show_quote(quote)

    def show_error(self, error: UserError) -> None:
        """Say a refusal, at the form where one is open."""
        if isinstance(self._form, QuickForm | PaymentForm):
            self._form.refuse(error)
            return
        self.error.show_error(error)
        self.reveal(self.error)

    def close_forms(self) -> None:
        """Put the small forms away: what they asked for is done."""
        self._leave_form()

    def notes_saved(self) -> None:
        """The notes are kept."""
        self.notes.saved()

    def refuse_notes(self, error: UserError) -> None:
        """The notes were refused."""
        self.notes.refuse(error)

    def gone(self) -> None:
        """Nothing to show any more."""
        self._card = None
        self._leave_form()
        self.closed.emit()

    # -- forms --------------------------------------------------------------------------------------------------

    def ask_cancel(self) -> None:
        """Ask on whose behalf; the refund is shown before Enter confirms."""
        form = CancelForm(may_choose=can(self._session.role, Action.CHOOSE_REFUND))
        form.asked.connect(lambda actor, percent: self.presenter.quote(CancellationActor(actor), percent))
        form.submitted.connect(partial(self._confirm_cancel, form))
        self._open_form(form)
        form.setFocus()

    def ask_payment(self) -> None:
        """Ask by which method, and how much."""
        if self._card is None:
            return
        form = PaymentForm((Debt(self._card.id, self._card.due_cents),), self._session.currency)
        form.paid.connect(self.presenter.pay)
        self._open_form(form)
        form.setFocus()

    def ask_reopen(self) -> None:
        """Ask why a lesson that is over is opened again."""
        reason = Line("reason", self.tr("Reason"), self.tr("Marked by mistake"))
        form = QuickForm(self.tr("Reopen this lesson"), (reason,), self.tr("Reopen"))
        form.submitted.connect(lambda texts: self.presenter.reopen(str(texts["reason"])))
        self._open_form(form)
        form.begin()

    def _confirm_cancel(self, form: CancelForm) -> None:
        if self._quote is not None and form.fits(self._quote):
            self.presenter.cancel(self._quote, form.reason)

    def _open_form(self, form: LetterForm | QuickForm) -> None:
        self._leave_form()
        form.cancelled.connect(self._leave_form)
        self._form = form
        self._form_box.addWidget(form)
        self._show_offers()
        self.reveal(form)

    def _leave_form(self) -> None:
        self.error.clear()
        form, self._form, self._quote = self._form, None, None
        if form is None:
            return
        focus = QApplication.focusWidget()
        had_focus = focus is not None and (focus is form or form.isAncestorOf(focus))
        form.hide()
        form.deleteLater()
        self._show_offers()
        if had_focus:
            self.form_closed.emit()

    # -- the panel ----------------------------------------------------------------------------------------------

    def _make_buttons(self) -> dict[str, Button]:
        """What can be done with a lesson, by act, in order."""
        choices = (
            ("booking.confirm", Button(self.tr("Confirm")), self.presenter.confirm),
            ("lesson.start", Button(self.tr("Start"), hint="A"), self.presenter.start),
            ("lesson.done", Button(self.tr("Done"), hint="D"), self.presenter.done),
            ("lesson.no_show", Button(self.tr("No-show")), self.presenter.no_show),
            ("booking.reopen", Button(self.tr("Reopen…")), self.ask_reopen),
            ("booking.cancel", DangerButton(self.tr("Cancel lesson…")), self.ask_cancel),
        )
        for _act, button, run in choices:
            button.clicked.connect(run)
        return {act: button for act, button, _run in choices}

    def _lay_out(self) -> None:
        notes = QFrame()
        notes.setProperty("panel", "card")
        inside = QVBoxLayout(notes)
        inside.setContentsMargins(8, 6, 8, 6)
        inside.addWidget(self.notes)
        for widget in (self._alert, self._form_place, self.error, self._fields, self._student, self._money):
            self.add(widget)
        self.add_heading(self.tr("Notes"))
        for widget in (notes, self._free_title, self._free):
            self.add(widget)
        # They wrap: four of them are too many for one line in a large font.
        box = QWidget()
        box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        flow = FlowLayout(box, spacing=8)
        for button in self._buttons.values():
            flow.addWidget(button)
        flow.setAlignment(self._buttons["booking.cancel"], Qt.AlignmentFlag.AlignRight)
        self.add_button(box)

    def _connect(self) -> None:
        self._free.clicked.connect(self._free_chosen)
        self._money.payment_asked.connect(self.ask_payment)
        self.notes.asked.connect(self.presenter.save_notes)
        self._student.clicked.connect(self._ask_student)

    def _show_offers(self) -> None:
        """Other times, unless a form asks something else."""
        offers = self._form is None and "booking.reschedule" in self.acts
        self._free_title.setVisible(offers)
        self._free.setVisible(offers)
        self._form_place.setVisible(self._form is not None)

    def _ask_student(self) -> None:
        if self._card is not None:
            self.student_asked.emit(self._card.student_id)

    def _free_chosen(self, key: str) -> None:
        if key == _MORE:
            self.new_time_asked.emit()
        else:
            self.presenter.take_time(key)


def _when(day: str, span: str) -> QWidget:
    """The day, and the time in bold."""
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(3)
    row.addWidget(label(f"{day} ·"))
    row.addWidget(label(span, weight="bold"))
    return made
