"""The students' roster with filters, and one student beside it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import cast
from uuid import UUID

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from driveflow_desktop.domain.overview.students import RosterFilter, RosterKey, RosterOrder, RosterSort, StudentRow
from driveflow_desktop.domain.paging import Page as KeyPage
from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.screens.context import ScreenContext
from driveflow_desktop.ui.screens.students.presenter import (
    GuardianLine,
    Question,
    StudentCard,
    StudentsPresenter,
    filters_of,
)
from driveflow_desktop.ui.screens.students.words import account_words, licence_words, logbook_words
from driveflow_desktop.ui.shell.screen import Screen
from driveflow_desktop.ui.shell.topbar import TopBar
from driveflow_desktop.ui.widgets.buttons import Button, ChipRow, DangerButton, PrimaryButton
from driveflow_desktop.ui.widgets.form import Line, QuickForm
from driveflow_desktop.ui.widgets.inline import EditableList
from driveflow_desktop.ui.widgets.panels import EmptyState, SidePanel
from driveflow_desktop.ui.widgets.roster_edit import EditableRoster
from driveflow_desktop.ui.widgets.roster_model import Column, Page, PageRequest, RosterModel
from driveflow_desktop.ui.widgets.search import FilterField
from driveflow_desktop.ui.widgets.text import ElidedLabel, label
from driveflow_desktop.ui.widgets.timeline import Timeline, TimelineEntry

NEW = "new"


def students_screen(context: ScreenContext) -> Screen:
    """Make the screen."""
    return StudentsScreen(context)


class StudentsScreen(Screen):
    """Filter line, chips, the roster, the panel."""

    tables = frozenset(
        {
            "students",
            "guardians",
            "student_guardians",
            "bookings",
            "lessons",
            "payments",
            "refunds",
            "packages",
            "package_uses",
            "messages",
        }
    )

    def __init__(self, context: ScreenContext) -> None:
        super().__init__()
        self.presenter = StudentsPresenter(context.desk, self)
        self._wanted = RosterFilter()
        self._wish: UUID | None = None
        self.model = RosterModel(self._columns(), self._pages, self, sort=RosterSort.NAME.value)
        self.roster = EditableRoster(self.model, context.memory, "students", self.tr("Students"), self.presenter.cell)
        self.roster.set_empty(EmptyState("student", self.tr("No student fits. Add one with New student."), ""))
        self.filter = FilterField(self.tr("Filter by name, phone, suburb…"))
        self.chips = ChipRow(
            (
                ("owing", self.tr("Owes money")),
                ("no_next_lesson", self.tr("No next lesson")),
                ("test_soon", self.tr("Test in 14 days")),
                ("licence_expiring", self.tr("Licence expiring")),
            ),
            checkable=True,
        )
        self._count = label(size="sm", tone="muted")
        self.panel = StudentPanel(self.presenter)
        self.panel.hide()
        self._bar = TopBar(self.tr("Students"))
        new = PrimaryButton(self.tr("New student"))
        new.clicked.connect(self._new)
        self._bar.add_action(new)
        self._lay_out()
        self._connect()

    # -- what the window asks -----------------------------------------------------------------------------------

    def top_bar(self) -> QWidget:
        """Title, search, New student."""
        return self._bar

    def handlers(self) -> Mapping[str, Callable[[], None]]:
        """N books a lesson for the student shown."""
        return {"booking.new": self.presenter.book} if not self.panel.isHidden() else {}

    def refresh(self, changes: Changes) -> None:
        """Ask again for what is loaded."""
        self.presenter.changed(changes)
        self.model.refresh()
        self.presenter.load()

    def show_argument(self, argument: object) -> None:
        """Show a student by id, or the form of a new one."""
        if isinstance(argument, UUID):
            self._wish = argument
            self._open(argument)
            self.roster.pick(argument)
        elif argument == NEW:
            self._new()

    def activated(self) -> None:
        """Read the roster, and begin at the filter line."""
        self.model.restart()
        self.filter.setFocus()

    # -- what the presenter says --------------------------------------------------------------------------------

    def show_card(self, card: StudentCard) -> None:
        """Show a student beside the roster."""
        self.panel.show_card(card)
        self.panel.show()
        self.handlers_changed.emit()

    def field_saved(self, field_id: str) -> None:
        """A field was saved."""
        self.panel.fields.saved(field_id)

    def field_refused(self, field_id: str, error: UserError) -> None:
        """A field was refused."""
        self.panel.fields.refuse(field_id, error)

    def made(self, student_id: UUID) -> None:
        """Show the new student."""
        self._open(student_id)
        self.roster.pick(student_id)

    def gone(self) -> None:
        """Nothing to show any more."""
        self.panel.hide()
        self.handlers_changed.emit()

    # -- parts --------------------------------------------------------------------------------------------------

    def _columns(self) -> tuple[Column[StudentRow], ...]:
        presenter = self.presenter
        return (
            Column("name", self.tr("Student"), lambda row: row.full_name, 190, "person", sort=RosterSort.NAME.value),
            Column("phone", self.tr("Phone"), lambda row: row.phone, 130, "muted"),
            Column("licence", self.tr("Licence"), lambda row: licence_words(row.licence_class), 100),
            Column("logbook", self.tr("Logbook"), logbook_words, 100, "number"),
            Column(
                "next",
                self.tr("Next lesson"),
                presenter.lesson_words,
                160,
                sort=RosterSort.NEXT_LESSON.value,
                stretch=True,
            ),
            Column(
                "account",
                self.tr("Account"),
                lambda row: account_words(row)[0],
                130,
                "pill",
                lambda row: account_words(row)[1],
                RosterSort.OWED.value,
            ),
        )

    def _pages(self, request: PageRequest, answer: Callable[[Page[StudentRow]], None]) -> None:
        order = RosterOrder(RosterSort(request.sort or RosterSort.NAME.value), request.descending)
        question = Question(self._wanted, order, cast("RosterKey | None", request.after), request.limit)

        def found(page: KeyPage[StudentRow, RosterKey], total: int) -> None:
            answer(Page(page.rows, page.next_key, total))

        self.presenter.page(question, found)

    def _lay_out(self) -> None:
        tools = QHBoxLayout()
        tools.setSpacing(10)
        self.filter.setMaximumWidth(280)
        tools.addWidget(self.filter, 1)
        tools.addWidget(self.chips, 2)
        tools.addWidget(self._count)
        left = QVBoxLayout()
        left.setContentsMargins(16, 12, 16, 12)
        left.setSpacing(10)
        left.addLayout(tools)
        left.addWidget(self.roster, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(left, 1)
        row.addWidget(self.panel)

    def _connect(self) -> None:
        self.filter.textChanged.connect(self._filtered)
        self.chips.toggled.connect(self._filtered)
        self.model.loaded.connect(self._loaded)
        self.roster.picked.connect(self._picked)
        self.roster.asked.connect(self._save_cell)
        self.roster.refused.connect(lambda words: self.message.emit(words, None))
        self.panel.closed.connect(self._close)

    def _filtered(self) -> None:
        self._wanted = filters_of(self.filter.text(), sorted(self.chips.checked()))
        self.model.restart()

    def _loaded(self) -> None:
        shown, total = len(self.model.rows), self.model.total
        self._count.setText(self.tr("{n} of {total}").format(n=shown, total=total if total is not None else shown))

    def _picked(self, row: StudentRow | None) -> None:
        if row is not None:
            self._open(row.id)

    def _save_cell(self, row: StudentRow, column: str, text: str) -> None:
        self.presenter.save_cell(row, column, text, self.roster.saved, self.roster.refuse)

    def _open(self, student_id: UUID) -> None:
        self.panel.leave_form()
        self.presenter.show(student_id)

    def _close(self) -> None:
        self.presenter.show(None)
        self.panel.hide()
        self.handlers_changed.emit()

    def _new(self) -> None:
        self.presenter.show(None)
        self.panel.ask_new()
        self.panel.show()


class StudentPanel(SidePanel):
    """One student, editable where it stands; or a small form in its place."""

    def __init__(self, presenter: StudentsPresenter) -> None:
        super().__init__("")
        self.setAccessibleName(self.tr("Student"))
        self._presenter = presenter
        self._card: StudentCard | None = None
        self._form: QuickForm | None = None
        self.fields = EditableList(self.tr("Student"))

    def show_card(self, card: StudentCard) -> None:
        """Show a student; an edit or a form that is open goes on."""
        same = self._card is not None and replace(self._card, fields=card.fields) == card
        self._card = card
        if same and self._form is None:
            self.set_header(card.name, card.subtitle, pill=card.pill)
            self.fields.set_fields(card.fields)
        elif self._form is None:
            self._fill(card)

    def leave_form(self) -> None:
        """Put the form away: somebody else is shown."""
        self._form = None
        self._card = None

    def ask_new(self) -> None:
        """The form of a new student: what is said on the phone."""
        lines = (
            Line("full_name", self.tr("Name")),
            Line("phone", self.tr("Mobile"), "0412 345 678"),
            Line("pickup_address", self.tr("Suburb or pick-up address"), self.tr("Newtown")),
        )
        form = QuickForm(self.tr("New student"), lines, self.tr("Add"))
        form.submitted.connect(
            lambda texts: self._presenter.create(
                texts["full_name"], texts["phone"], texts["pickup_address"], form.refuse
            )
        )
        self._open(form)

    def _ask_guardian(self) -> None:
        lines = (
            Line("full_name", self.tr("Name")),
            Line("phone", self.tr("Mobile"), "0412 345 678"),
            Line("relation", self.tr("Relation"), self.tr("mother")),
        )
        form = QuickForm(self.tr("Add a guardian"), lines, self.tr("Add"))
        form.submitted.connect(
            lambda texts: self._presenter.add_guardian(
                texts["full_name"], texts["phone"], texts["relation"], form.refuse
            )
        )
        self._open(form)

    def _guardian_typed(self, form: QuickForm, texts: Mapping[str, str]) -> None:
        self._form = None
        self._presenter.add_guardian(
            texts["full_name"], texts["phone"], texts["relation"], partial(self._refused, form)
        )

    def _refused(self, form: QuickForm, error: UserError) -> None:
        self._form = form
        form.refuse(error)

    def _ask_consent(self) -> None:
        form = QuickForm(
            self.tr("Who agrees that trips are recorded?"), (Line("by", self.tr("Name")),), self.tr("Record")
        )
        form.submitted.connect(lambda texts: self._consented(str(texts["by"])))
        self._open(form)

    def _consented(self, by: str) -> None:
        self._presenter.give_consent(by)
        self._back()

    def _open(self, form: QuickForm) -> None:
        self.clear()
        self.fields = EditableList(self.tr("Student"))
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

    def _fill(self, card: StudentCard) -> None:
        self.clear()
        self.set_header(card.name, card.subtitle, pill=card.pill)
        book = PrimaryButton(self.tr("Book lesson"), hint="N")
        book.clicked.connect(self._presenter.book)
        self.add(book)
        if card.logbook_needed:
            self.add(self._logbook(card))
        self.fields = EditableList(self.tr("Student"))
        self.fields.set_fields(card.fields)
        self.fields.asked.connect(self._presenter.save_field)
        self.add(self.fields)
        self.add_heading(self.tr("Guardians"))
        for line in card.guardians:
            self.add(self._guardian(line))
        add = Button(self.tr("Add a guardian…"), kind="quiet")
        add.clicked.connect(self._ask_guardian)
        self.add(add)
        self.add_heading(self.tr("GPS consent"))
        self.add(self._consent(card))
        self.add_heading(self.tr("Timeline"))
        self.add(Timeline(TimelineEntry(each.what, each.detail, each.when, each.tone) for each in card.happenings))
        delete = DangerButton(self.tr("Delete"))
        delete.clicked.connect(self._presenter.delete)
        self.add_button(delete, far=True)

    def _logbook(self, card: StudentCard) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.addWidget(label(self.tr("Logbook"), size="sm", tone="muted"))
        row.addStretch(1)
        row.addWidget(label(card.logbook, size="sm"))
        bar = QProgressBar()
        bar.setAccessibleName(self.tr("Logbook"))
        bar.setRange(0, card.logbook_needed)
        bar.setValue(min(card.logbook_done, card.logbook_needed))
        bar.setTextVisible(False)
        bar.setFixedHeight(6)
        column.addLayout(row)
        column.addWidget(bar)
        return box

    def _guardian(self, line: GuardianLine) -> QWidget:
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
            row.addWidget(pay)
        remove = Button("", kind="quiet", icon_name="x")
        remove.setAccessibleName(self.tr("Remove {name}").format(name=line.words))
        remove.clicked.connect(partial(self._presenter.remove_guardian, line.id))
        row.addWidget(remove)
        return box

    def _consent(self, card: StudentCard) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label(card.consent, wrap=True), 1)
        act = Button(self.tr("Withdraw") if card.has_consent else self.tr("Record…"), kind="quiet")
        act.setAccessibleName(self.tr("GPS consent: {act}").format(act=act.text()))
        act.clicked.connect(self._presenter.withdraw_consent if card.has_consent else self._ask_consent)
        row.addWidget(act)
        return box
