"""The students' roster with filters, and one student beside it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast
from uuid import UUID

from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from driveflow_desktop.domain.overview.students import RosterFilter, RosterKey, RosterOrder, RosterSort, StudentRow
from driveflow_desktop.domain.paging import Page as KeyPage
from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.screens.context import ScreenContext
from driveflow_desktop.ui.screens.students.card import StudentCard
from driveflow_desktop.ui.screens.students.export import StudentExport
from driveflow_desktop.ui.screens.students.guardians_list import GuardiansList
from driveflow_desktop.ui.screens.students.guardians_presenter import GuardiansPresenter
from driveflow_desktop.ui.screens.students.hints import Hints
from driveflow_desktop.ui.screens.students.import_panel import ImportPanel
from driveflow_desktop.ui.screens.students.panel import StudentPanel
from driveflow_desktop.ui.screens.students.presenter import Question, StudentsPresenter, filters_of
from driveflow_desktop.ui.screens.students.words import account_words, licence_words, logbook_words
from driveflow_desktop.ui.shell.screen import Screen
from driveflow_desktop.ui.shell.topbar import TopBar
from driveflow_desktop.ui.widgets.buttons import Button, ChipRow, PrimaryButton, Segmented
from driveflow_desktop.ui.widgets.panels import EmptyState, framed
from driveflow_desktop.ui.widgets.roster_edit import EditableRoster
from driveflow_desktop.ui.widgets.roster_model import Column, Page, PageRequest, RosterModel
from driveflow_desktop.ui.widgets.search import FilterField
from driveflow_desktop.ui.widgets.text import label
from driveflow_desktop.ui.words import tr

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
        self.model = RosterModel(_columns(self.presenter), self._pages, self, sort=RosterSort.NAME.value)
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
        self.kinds = Segmented(
            (("students", self.tr("Students")), ("guardians", self.tr("Guardians"))), self.tr("List")
        )
        self.guardians = GuardiansList(GuardiansPresenter(context.desk), context.memory)
        self._count = label(size="sm", tone="muted")
        self.panel = StudentPanel(self.presenter, Hints(context.desk), context.desk.session.currency)
        self.panel.hide()
        self.importing = ImportPanel(context.desk, context.memory)
        self._export = StudentExport(context.desk)
        self._began = False
        self._bar = TopBar(self.tr("Students"))
        self._lay_out()
        self._connect()
        self._add_actions()

    # -- what the window asks -----------------------------------------------------------------------------------

    def top_bar(self) -> QWidget:
        """Title, search, New student."""
        return self._bar

    def handlers(self) -> Mapping[str, Callable[[], None]]:
        """N books a lesson for the student shown, P takes a payment where one is due."""
        if self.panel.isHidden():
            return {}
        found = {"booking.new": self.presenter.book}
        return found | {"payment.take": self.panel.ask_payment} if self.panel.can_pay else found

    def refresh(self, changes: Changes) -> None:
        """Ask again for what is loaded."""
        self.presenter.changed(changes)
        self.model.refresh()
        self.guardians.entries.refresh()
        self.presenter.load()

    def show_argument(self, argument: object) -> None:
        """Show a student by id, or the form of a new one."""
        self._began = True
        self._show_list()
        if isinstance(argument, UUID):
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
        self.panel.saved(field_id)

    def field_refused(self, field_id: str, error: UserError) -> None:
        """A field was refused."""
        self.panel.refuse(field_id, error)

    def made(self, student_id: UUID) -> None:
        """Show the new student."""
        self._open(student_id)
        self.roster.pick(student_id)

    def gone(self) -> None:
        """Nothing to show any more."""
        self.panel.hide()
        self.handlers_changed.emit()

    # -- parts --------------------------------------------------------------------------------------------------

    def _pages(self, request: PageRequest, answer: Callable[[Page[StudentRow]], None]) -> None:
        order = RosterOrder(RosterSort(request.sort or RosterSort.NAME.value), request.descending)
        question = Question(self._wanted, order, cast("RosterKey | None", request.after), request.limit)

        def found(page: KeyPage[StudentRow, RosterKey], total: int) -> None:
            answer(Page(page.rows, page.next_key, total))

        self.presenter.page(question, found)

    def _lay_out(self) -> None:
        tools = QHBoxLayout()
        tools.setSpacing(10)
        # The chips keep one line as long as they can: the filter gives way to them.
        self.filter.setMaximumWidth(280)
        self.filter.setMinimumWidth(120)
        tools.addWidget(self.filter, 1)
        tools.addWidget(self.chips)
        tools.addStretch(0)
        tools.addWidget(self._count)
        self._lists = QStackedWidget()
        for table in (self.roster, self.guardians):
            self._lists.addWidget(framed(table))
        left = QVBoxLayout()
        left.setContentsMargins(16, 12, 16, 12)
        left.setSpacing(10)
        left.addLayout(tools)
        left.addWidget(self._lists, 1)
        people = QWidget()
        row = QHBoxLayout(people)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(left, 1)
        row.addWidget(self.panel)
        self._parts = QStackedWidget()
        self._parts.addWidget(people)
        self._parts.addWidget(self.importing)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._parts)

    def _add_actions(self) -> None:
        export = Button(self.tr("Export CSV…"))
        export.clicked.connect(self.export)
        export.setEnabled(not self._export.locked)
        export.setToolTip(self._export.locked)
        bring = Button(self.tr("Import CSV…"))
        bring.clicked.connect(self.bring)
        new = PrimaryButton(self.tr("New student"))
        new.clicked.connect(self._new)
        for button in (bring, new):
            button.setEnabled(not self.presenter.locked)
            button.setToolTip(self.presenter.locked)
        self._bar.add_tool(self.kinds)
        for button in (export, bring, new):
            self._bar.add_action(button)

    def _connect(self) -> None:
        self.filter.textChanged.connect(self._filtered)
        self.kinds.chosen.connect(self._kind_chosen)
        self.guardians.student_asked.connect(self.show_argument)
        self.guardians.refused.connect(lambda words: self.message.emit(words, None))
        self.panel.student_asked.connect(self.show_argument)
        self.importing.closed.connect(self._show_list)
        self.chips.toggled.connect(self._filtered)
        self.model.loaded.connect(self._loaded)
        self.roster.picked.connect(self._picked)
        self.roster.asked.connect(self._save_cell)
        self.roster.refused.connect(lambda words: self.message.emit(words, None))
        self.panel.closed.connect(self._close)
        self.panel.form_closed.connect(self.roster.setFocus)

    # -- what the person does -----------------------------------------------------------------------------------

    def bring(self) -> None:
        """Import a spreadsheet, in the roster's place."""
        self._parts.setCurrentWidget(self.importing)
        self.importing.choose_file()

    def export(self) -> None:
        """Write the students that the filter leaves into a file."""
        kinds = self.tr("CSV files (*.csv)")
        chosen, _kind = QFileDialog.getSaveFileName(self, self.tr("Export students"), "students.csv", kinds)
        if chosen:
            self.export_to(Path(chosen))

    def export_to(self, path: Path) -> None:
        """Write the students that the filter leaves into this file."""
        self._export.write(path, self._wanted, lambda error: self.message.emit(str(error), None))

    def _show_list(self) -> None:
        self._parts.setCurrentIndex(0)
        self.kinds.set_value("students")
        self._kind_chosen("students")

    def _kind_chosen(self, kind: str) -> None:
        guardians = kind == "guardians"
        self._lists.setCurrentIndex(int(guardians))
        for widget in (self.chips, self._count):
            widget.setVisible(not guardians)
        if guardians:
            self._close()
            self.guardians.show_text(self.filter.text())

    def _filtered(self) -> None:
        if self.kinds.value == "guardians":
            self.guardians.show_text(self.filter.text())
            return
        self._wanted = filters_of(self.filter.text(), sorted(self.chips.checked()))
        self.model.restart()

    def _loaded(self) -> None:
        shown, total = len(self.model.rows), self.model.total
        self._count.setText(self.tr("{n} of {total}").format(n=shown, total=total if total is not None else shown))
        if not self._began and self.model.rows:
            self._began = True
            self.roster.pick(self.model.rows[0].id)

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
        self._began = True
        self._show_list()
        self.panel.ask_new()
        self.panel.show()


def _columns(presenter: StudentsPresenter) -> tuple[Column[StudentRow], ...]:
    return (
        Column(
            "name",
            tr("Students", "Student"),
            lambda row: row.full_name,
            184,
            "person",
            sort=RosterSort.NAME.value,
            stretch=True,
            least=160,
        ),
        Column("phone", tr("Students", "Phone"), lambda row: row.phone, 116, "muted", least=112),
        Column("licence", tr("Students", "Licence"), lambda row: licence_words(row.licence_class), 112, least=80),
        Column("logbook", tr("Students", "Logbook"), logbook_words, 116, "number", least=104),
        Column(
            "next",
            tr("Students", "Next lesson"),
            presenter.lesson_words,
            170,
            sort=RosterSort.NEXT_LESSON.value,
            least=160,
        ),
        Column(
            "account",
            tr("Students", "Account"),
            lambda row: account_words(row)[0],
            122,
            "pill",
            lambda row: account_words(row)[1],
            RosterSort.OWED.value,
            least=118,
        ),
    )
