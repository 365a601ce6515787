"""The list of guardians: whom to call, and for which students they answer."""

from collections.abc import Callable
from typing import cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent

from driveflow_desktop.domain.paging import Page as KeyPage
from driveflow_desktop.domain.people.queries.guardians import GuardianKey
from driveflow_desktop.ui.screens.students.guardians_presenter import GuardianEntry, GuardiansPresenter
from driveflow_desktop.ui.widgets.memory import Memory
from driveflow_desktop.ui.widgets.panels import EmptyState
from driveflow_desktop.ui.widgets.roster_edit import EditableRoster
from driveflow_desktop.ui.widgets.roster_model import Column, Page, PageRequest, RosterModel
from driveflow_desktop.ui.words import tr


class GuardiansList(EditableRoster[GuardianEntry]):
    """Cells change in place, Delete removes, Enter goes to the first student."""

    student_asked = Signal(object)
    """The id of a student to show."""

    def __init__(self, presenter: GuardiansPresenter, memory: Memory) -> None:
        self._presenter = presenter
        self._text = ""
        self.entries = RosterModel(_columns(), self._pages)
        super().__init__(self.entries, memory, "guardians", tr("Guardians", "Guardians"), presenter.cell)
        self.entries.setParent(self)
        self.set_empty(EmptyState("users", self.tr("Guardians are added beside the student they answer for.")))
        self.asked.connect(self._save)
        self.opened.connect(self._go)

    def show_text(self, text: str) -> None:
        """List the guardians that hold a text."""
        self._text = text
        self.entries.restart()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete removes the guardian; Undo brings them back."""
        if event.key() == Qt.Key.Key_Delete and self.current_row is not None:
            self._presenter.remove(self.current_row)
            return
        super().keyPressEvent(event)

    def _pages(self, request: PageRequest, answer: Callable[[Page[GuardianEntry]], None]) -> None:
        def found(page: KeyPage[GuardianEntry, GuardianKey]) -> None:
            answer(Page(page.rows, page.next_key))

        self._presenter.page(self._text, cast("GuardianKey | None", request.after), request.limit, found)

    def _save(self, entry: GuardianEntry, column: str, text: str) -> None:
        self._presenter.save(entry, column, text, self.saved, self.refuse)

    def _go(self, entry: GuardianEntry) -> None:
        if entry.first_student is not None:
            self.student_asked.emit(entry.first_student)


def _columns() -> tuple[Column[GuardianEntry], ...]:
    return (
        Column("name", tr("Guardians", "Guardian"), lambda row: row.name, width=200, kind="person"),
        Column("phone", tr("Guardians", "Phone"), lambda row: row.phone, width=130, kind="muted"),
        Column("email", tr("Guardians", "E-mail"), lambda row: row.email, width=220, kind="muted"),
        Column("students", tr("Guardians", "Students"), lambda row: row.students, stretch=True),
    )
