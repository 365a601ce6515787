"""The side panel of Students: one person in place, or a small form in their stead."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget
from shiboken6 import isValid

from driveflow_desktop.domain.people.queries.students import Duplicate
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.screens.students.card import GuardianLine, StudentCard
from driveflow_desktop.ui.screens.students.hints import GuardianHint, Hints, duplicate_words
from driveflow_desktop.ui.screens.students.presenter import StudentsPresenter
from driveflow_desktop.ui.widgets.buttons import Button, ChipRow, DangerButton, PrimaryButton
from driveflow_desktop.ui.widgets.form import Line, QuickForm
from driveflow_desktop.ui.widgets.inline import EditableList
from driveflow_desktop.ui.widgets.panels import SidePanel
from driveflow_desktop.ui.widgets.text import ElidedLabel, label
from driveflow_desktop.ui.widgets.timeline import Timeline, TimelineEntry


class StudentPanel(SidePanel):
    """One student, editable where it stands; or a small form in its place."""

    student_asked = Signal(object)
    """The id of another student to show."""

    def __init__(self, presenter: StudentsPresenter, hints: Hints) -> None:
        super().__init__("")
        self.setAccessibleName(self.tr("Student"))
        self._presenter = presenter
        self._hints = hints
        self._card: StudentCard | None = None
        self._form: QuickForm | None = None
        self.fields: EditableList | None = None
        self.more: Button | None = None
        self._timeline: Timeline | None = None
        self._logged: tuple[QLabel, QProgressBar] | None = None

    @property
    def form(self) -> QuickForm | None:
        """The form being filled in, if there is one."""
        return self._form

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
        if self.fields is not None:
            self.fields.saved(field_id)

    def refuse(self, field_id: str, error: UserError) -> None:
        """A field was refused."""
        if self.fields is not None:
            self.fields.refuse(field_id, error)

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
                texts["full_name"], texts["phone"], texts["pickup_address"], form.refuse
            )
        )
        known = ChipRow()
        known.clicked.connect(lambda student: self.student_asked.emit(UUID(student)))
        form.add_note(known)
        form.edited.connect(
            lambda texts: self._hints.students(texts["full_name"], texts["phone"], partial(_offer_students, known))
        )
        self._open(form)

    def _ask_guardian(self) -> None:
        lines = (
            Line("full_name", self.tr("Name")),
            Line("phone", self.tr("Mobile"), "0412 345 678"),
            Line("relation", self.tr("Relation"), self.tr("mother")),
        )
        form = QuickForm(self.tr("Add a guardian"), lines, self.tr("Add"), titled=False)
        form.submitted.connect(
            lambda texts: self._presenter.add_guardian(
                texts["full_name"], texts["phone"], texts["relation"], self._back, form.refuse
            )
        )
        known = ChipRow()
        known.clicked.connect(
            lambda guardian: self._presenter.link(UUID(guardian), form.texts["relation"], self._back, form.refuse)
        )
        form.add_note(known)
        form.edited.connect(lambda texts: self._hints.guardians(texts["full_name"], partial(_offer_guardians, known)))
        self._open(form)

    def _ask_consent(self) -> None:
        words = self.tr("Who agrees that trips are recorded?")
        form = QuickForm(words, (Line("by", self.tr("Name"), column="full_name"),), self.tr("Record"), titled=False)
        form.submitted.connect(lambda texts: self._presenter.give_consent(texts["by"], self._back, form.refuse))
        self._open(form)

    def _open(self, form: QuickForm) -> None:
        self._empty()
        self.set_header(form.accessibleName(), person=False)
        self._form = form
        form.cancelled.connect(self._back)
        self.add(form)
        form.begin()

    def _back(self) -> None:
        card, self._form = self._card, None
        if card is None:
            self.closed.emit()
        else:
            self._fill(card)
            self._update(card)

    def _empty(self) -> None:
        self.clear()
        self.fields = self.more = self._timeline = self._logged = None

    def _fill(self, card: StudentCard) -> None:
        self._empty()
        book = PrimaryButton(self.tr("Book lesson"), hint="N")
        book.clicked.connect(self._presenter.book)
        self.add(book)
        if card.logbook_needed:
            self.add(self._logbook())
        self.fields = EditableList(self.tr("Student"))
        self.fields.asked.connect(self._presenter.save_field)
        self.add(self.fields)
        self.add_heading(self.tr("Guardians"))
        for line in card.guardians:
            self.add(self._guardian(line, card.locked))
        add = Button(self.tr("Add a guardian…"), kind="quiet")
        add.setEnabled(not card.locked)
        add.setToolTip(card.locked)
        add.clicked.connect(self._ask_guardian)
        self.add(add)
        self.add_heading(self.tr("GPS consent"))
        self.add(self._consent(card))
        self.add_heading(self.tr("Timeline"))
        self._timeline = Timeline()
        self.more = Button(self.tr("Show earlier"), kind="quiet")
        self.more.clicked.connect(self._presenter.more)
        self.add(self._timeline)
        self.add(self.more)
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
        if self._logged is not None:
            words, bar = self._logged
            words.setText(card.logbook)
            bar.setRange(0, card.logbook_needed)
            bar.setValue(min(card.logbook_done, card.logbook_needed))
        if self._timeline is not None and self.more is not None:
            self._timeline.set_entries(
                TimelineEntry(each.what, each.detail, each.when, each.tone) for each in card.happenings
            )
            self.more.setVisible(card.has_more)

    def _logbook(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.addWidget(label(self.tr("Logbook"), size="sm", tone="muted"))
        row.addStretch(1)
        words = label(size="sm")
        row.addWidget(words)
        bar = QProgressBar()
        bar.setAccessibleName(self.tr("Logbook"))
        bar.setTextVisible(False)
        bar.setFixedHeight(6)
        column.addLayout(row)
        column.addWidget(bar)
        self._logged = (words, bar)
        return box

    def _guardian(self, line: GuardianLine, locked: str) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(ElidedLabel(line.words), 1)
        if line.pays:
            row.addWidget(label(self.tr("pays"), size="sm", tone="ok"))
        else:
            pay = Button(self.tr("Pays"), kind="quiet")
            pay.setAccessibleName(self.tr("{name} pays").format(name=line.words))
            pay.clicked.connect(partial(self._presenter.make_payer, line.id))
            pay.setEnabled(not locked)
            row.addWidget(pay)
        remove = Button("", kind="quiet", icon_name="x")
        remove.setAccessibleName(self.tr("Remove {name}").format(name=line.words))
        remove.clicked.connect(partial(self._presenter.remove_guardian, line.id))
        remove.setEnabled(not locked)
        row.addWidget(remove)
        return box

    def _consent(self, card: StudentCard) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label(card.consent, wrap=True), 1)
        act = Button(self.tr("Withdraw") if card.has_consent else self.tr("Record…"), kind="quiet")
        act.setAccessibleName(self.tr("GPS consent: {act}").format(act=act.text()))
        act.setEnabled(not card.locked)
        act.clicked.connect(self._presenter.withdraw_consent if card.has_consent else self._ask_consent)
        row.addWidget(act)
        return box


def _structure(card: StudentCard) -> tuple[object, ...]:
    """What decides which parts the panel has; all else is shown in the parts that are there."""
    return (card.id, card.guardians, card.consent, bool(card.logbook_needed), card.locked)


def _offer_students(chips: ChipRow, found: Sequence[Duplicate]) -> None:
    if isValid(chips):
        chips.set_chips((str(each.id), duplicate_words(each)) for each in found)


def _offer_guardians(chips: ChipRow, found: Sequence[GuardianHint]) -> None:
    if isValid(chips):
        chips.set_chips((str(each.id), each.words) for each in found)
