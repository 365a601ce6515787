"""The side panel of Students: one person in place, or a small form in their stead."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from uuid import UUID

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget
from shiboken6 import isValid

from driveflow_desktop.domain.people.queries.students import Duplicate
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.screens.booking.payment_form import PaymentForm
from driveflow_desktop.ui.screens.students.card import GuardianLine, StudentCard
from driveflow_desktop.ui.screens.students.hints import GuardianHint, Hints, duplicate_words
from driveflow_desktop.ui.screens.students.presenter import StudentsPresenter
from driveflow_desktop.ui.widgets.buttons import Button, ChipRow, DangerButton, PrimaryButton
from driveflow_desktop.ui.widgets.form import Line, QuickForm
from driveflow_desktop.ui.widgets.inline import EditableList
from driveflow_desktop.ui.widgets.panels import SidePanel
from driveflow_desktop.ui.widgets.text import ElidedLabel, label
from driveflow_desktop.ui.widgets.timeline import Timeline, TimelineEntry
from driveflow_desktop.ui.words import tr


class StudentPanel(SidePanel):
    """One student, editable where it stands; or a small form in its place."""

    student_asked = Signal(object)
    """The id of another student to show."""
    form_closed = Signal()
    """A form was put away that had the keyboard."""

    def __init__(self, presenter: StudentsPresenter, hints: Hints, currency: str) -> None:
        super().__init__("")
        self._currency = currency
        self.setAccessibleName(self.tr("Student"))
        self._presenter = presenter
        self._hints = hints
        self._card: StudentCard | None = None
        self._form: QuickForm | PaymentForm | None = None
        self.fields: EditableList | None = None
        self.more: Button | None = None
        self._pay: Button | None = None
        self._timeline: Timeline | None = None
        self._logbook: tuple[EditableList, QProgressBar] | None = None

    @property
    def form(self) -> QuickForm | PaymentForm | None:
        """The form being filled in, if there is one."""
        return self._form

    @property
    def can_pay(self) -> bool:
        """Whether there is a student shown for whom money can be taken."""
        return self._card is not None and not self._card.no_payment

    def show_card(self, card: StudentCard) -> None:
        """Show a student; an edit or a form that is open goes on."""
        before, self._card = self._card, card
        if self._form is not None:
            return
        if before is None or self.fields is None or _structure(before) != _structure(card):
            self._fill(card)
        self._update(card)

    def saved(self, field_id: str) -> None:
        """A field was saved."""
        for fields in self._lists():
            fields.saved(field_id)

    def refuse(self, field_id: str, error: UserError) -> None:
        """A field was refused."""
        for fields in self._lists():
            fields.refuse(field_id, error)

    def leave_form(self) -> None:
        """Put the form away: somebody else is shown."""
        self._form = None
        self._card = None

    def ask_new(self) -> None:
        """The form of a new student: what is said on the phone. Who has that phone already is told meanwhile."""
        lines = (
            Line("full_name", self.tr("Name")),
            Line("phone", self.tr("Mobile"), "0412 345 678"),
            Line("pickup_address", self.tr("Suburb or pick-up address"), self.tr("Newtown")),
        )
        form = QuickForm(self.tr("New student"), lines, self.tr("Add"), titled=False)
        form.submitted.connect(
            lambda texts: self._presenter.create(
                texts["full_name"], texts["phone"], texts["pickup_address"], partial(self._refuse, form)
            )
        )
        known = ChipRow()
        known.clicked.connect(lambda student: self.student_asked.emit(UUID(student)))
        form.add_note(known)
        form.edited.connect(
            lambda texts: self._hints.students(texts["full_name"], texts["phone"], partial(_offer_students, known))
        )
        self._open_lines(form)

    def ask_payment(self) -> None:
        """Ask what is paid for, by which method, and how much."""
        card = self._card
        if card is None or card.no_payment or self._form is not None:
            return
        form = PaymentForm(card.debts, self._currency)
        form.paid.connect(
            lambda debt, method, cents: self._presenter.pay(
                debt, method, cents, partial(self._close, form), partial(self._refuse, form)
            )
        )
        self._open(form, card.name, self.tr("Take payment"))
        form.setFocus()

    def _ask_guardian(self) -> None:
        lines = (
            Line("full_name", self.tr("Name")),
            Line("phone", self.tr("Mobile"), "0412 345 678"),
            Line("relation", self.tr("Relation"), self.tr("mother")),
        )
        form = QuickForm(self.tr("Add a guardian"), lines, self.tr("Add"), titled=False)
        form.submitted.connect(
            lambda texts: self._presenter.add_guardian(
                texts["full_name"],
                texts["phone"],
                texts["relation"],
                partial(self._close, form),
                partial(self._refuse, form),
            )
        )
        known = ChipRow()
        known.clicked.connect(
            lambda guardian: self._presenter.link(
                UUID(guardian), form.texts["relation"], partial(self._close, form), partial(self._refuse, form)
            )
        )
        form.add_note(known)
        form.edited.connect(lambda texts: self._hints.guardians(texts["full_name"], partial(_offer_guardians, known)))
        self._open_lines(form)

    def _ask_consent(self) -> None:
        words = self.tr("Who agrees that trips are recorded?")
        form = QuickForm(words, (Line("by", self.tr("Name"), column="full_name"),), self.tr("Record"), titled=False)
        form.submitted.connect(
            lambda texts: self._presenter.give_consent(
                texts["by"], partial(self._close, form), partial(self._refuse, form)
            )
        )
        self._open_lines(form)

    def _open_lines(self, form: QuickForm) -> None:
        self._open(form, form.accessibleName())
        form.begin()

    def _open(self, form: QuickForm | PaymentForm, title: str, subtitle: str = "") -> None:
        self._empty()
        self.set_header(title, subtitle, person=bool(subtitle))
        self._form = form
        form.cancelled.connect(self._back)
        self.add(form)

    def _close(self, form: QuickForm | PaymentForm) -> None:
        """What the form asked for is done, unless the person has gone on to something else."""
        if form is self._form:
            self._back()

    def _refuse(self, form: QuickForm | PaymentForm, error: UserError) -> None:
        if form is self._form:
            form.refuse(error)

    def _back(self) -> None:
        focus = QApplication.focusWidget()
        had_focus = focus is not None and self.isAncestorOf(focus)
        card, self._form = self._card, None
        if card is None:
            self.closed.emit()
        else:
            self._fill(card)
            self._update(card)
        if had_focus:
            self.form_closed.emit()

    def _lists(self) -> Iterator[EditableList]:
        if self._logbook is not None:
            yield self._logbook[0]
        if self.fields is not None:
            yield self.fields

    def _empty(self) -> None:
        self.clear()
        self.fields = self.more = self._pay = self._timeline = self._logbook = None

    def _fill(self, card: StudentCard) -> None:
        self._empty()
        book = PrimaryButton(self.tr("Book lesson"), hint="N")
        book.clicked.connect(self._presenter.book)
        self._pay = Button(self.tr("Take payment"), hint="P")
        self._pay.clicked.connect(self.ask_payment)
        self.add_buttons(book, self._pay)
        if card.logbook is not None:
            self.add(self._make_logbook())
        self.fields = EditableList(self.tr("Student"))
        self.fields.asked.connect(self._presenter.save_field)
        self.add(self.fields)
        add = _link(self.tr("Add a guardian…"), self._ask_guardian, card.locked)
        self.add_section(
            self.tr("Guardians"),
            *(_guardian_row(line, card.locked, self._presenter) for line in card.guardians),
            _beside(add),
        )
        self.add_section(self.tr("GPS consent"), self._consent(card))
        self._timeline = Timeline()
        self.more = Button(self.tr("Show earlier"), kind="link")
        self.more.clicked.connect(self._presenter.more)
        self.add_section(self.tr("Timeline"), self._timeline, _beside(self.more))
        delete = DangerButton(self.tr("Delete"))
        delete.setEnabled(not card.locked)
        delete.setToolTip(card.locked)
        delete.clicked.connect(self._presenter.delete)
        self.add_button(delete, far=True)

    def _update(self, card: StudentCard) -> None:
        """Show the present values of a student who is shown already."""
        self.set_header(card.name, card.subtitle, pill=card.pill)
        if self.fields is not None:
            self.fields.set_fields(card.fields)
        if self._pay is not None:
            self._pay.setEnabled(not card.no_payment)
            self._pay.setToolTip(card.no_payment)
            self._pay.setAccessibleDescription(card.no_payment)
        if self._logbook is not None and card.logbook is not None:
            hours, bar = self._logbook
            hours.set_fields([card.logbook])
            bar.setRange(0, card.logbook_needed)
            bar.setValue(min(card.logbook_done, card.logbook_needed))
        if self._timeline is not None and self.more is not None:
            self._timeline.set_entries(
                TimelineEntry(each.what, each.detail, each.when, each.tone) for each in card.happenings
            )
            self.more.setVisible(card.has_more)

    def _make_logbook(self) -> QWidget:
        """The hours, to be changed where they stand, over the bar that shows them."""
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        hours = EditableList(self.tr("Logbook"))
        hours.asked.connect(self._presenter.save_field)
        bar = QProgressBar()
        bar.setAccessibleName(self.tr("Logbook"))
        bar.setTextVisible(False)
        bar.setFixedHeight(6)
        column.addWidget(hours)
        column.addWidget(bar)
        self._logbook = (hours, bar)
        return box

    def _consent(self, card: StudentCard) -> QWidget:
        words = self.tr("Withdraw") if card.has_consent else self.tr("Record…")
        act = _link(words, self._presenter.withdraw_consent if card.has_consent else self._ask_consent, card.locked)
        act.setAccessibleName(self.tr("GPS consent: {act}").format(act=words))
        return _beside(label(card.consent, wrap=True), act)


def _structure(card: StudentCard) -> tuple[object, ...]:
    """What decides which parts the panel has; all else is shown in the parts that are there."""
    return (card.id, card.guardians, card.consent, card.logbook is None, card.locked)


def _offer_students(chips: ChipRow, found: Sequence[Duplicate]) -> None:
    if isValid(chips):
        chips.set_chips((str(each.id), duplicate_words(each)) for each in found)


def _offer_guardians(chips: ChipRow, found: Sequence[GuardianHint]) -> None:
    if isValid(chips):
        chips.set_chips((str(each.id), each.words) for each in found)


def _guardian_row(line: GuardianLine, locked: str, presenter: StudentsPresenter) -> QWidget:
    """Who answers for the student, with the number to call beneath; who pays, and the way out."""
    who = QWidget()
    words = QVBoxLayout(who)
    words.setContentsMargins(0, 0, 0, 0)
    words.setSpacing(0)
    words.addWidget(ElidedLabel(line.words))
    if line.phone:
        words.addWidget(label(line.phone, size="sm", tone="muted"))
    pays: QWidget = label(tr("Students", "pays"), size="sm", tone="ok")
    if not line.pays:
        pays = _link(tr("Students", "Make payer"), partial(presenter.make_payer, line.id), locked)
        pays.setAccessibleName(tr("Students", "{name} pays").format(name=line.words))
    remove = Button("", kind="mini", icon_name="x")
    remove.setAccessibleName(tr("Students", "Remove {name}").format(name=line.words))
    remove.setToolTip(locked or remove.accessibleName())
    remove.clicked.connect(partial(presenter.remove_guardian, line.id))
    remove.setEnabled(not locked)
    return _beside(who, pays, remove)


def _link(words: str, act: Callable[[], None], locked: str) -> Button:
    made = Button(words, kind="link")
    made.setEnabled(not locked)
    made.setToolTip(locked)
    made.clicked.connect(act)
    return made


def _beside(first: QWidget, *others: QWidget) -> QWidget:
    """The first takes the room, the others stand at the right edge; alone it stands at the left."""
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    row.addWidget(first, 1 if others else 0)
    for widget in others:
        row.addWidget(widget)
    if not others:
        row.addStretch(1)
    return box
