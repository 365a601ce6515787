"""The side panel of Instructors: the person, or a form about hours, leave, holidays or a new person."""

from collections.abc import Sequence

from PySide6.QtCore import Signal

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.screens.instructors.presenter import PersonPage
from driveflow_desktop.ui.widgets.buttons import Button
from driveflow_desktop.ui.widgets.form import Line, QuickForm
from driveflow_desktop.ui.widgets.inline import EditableList
from driveflow_desktop.ui.widgets.panels import FieldList, SidePanel
from driveflow_desktop.ui.widgets.text import label


class InstructorPanel(SidePanel):
    """One person in place, until a form takes the place and gives it back."""

    edit_asked = Signal(str, str)
    """Save for the field of this id this text."""
    active_asked = Signal(bool)
    """Let the person teach, or no longer."""

    def __init__(self) -> None:
        super().__init__(self.tr("Instructor"))
        self._page: PersonPage | None = None
        self._built: tuple[object, bool] | None = None
        self.form: QuickForm | None = None
        self.fields: EditableList | None = None
        self._figures: FieldList | None = None

    def show_person(self, page: PersonPage | None) -> None:
        """Show a person, or that nobody is picked; a form that is being filled in stays."""
        self._page = page
        if self.form is None:
            self._show_page()

    def open_form(self, title: str, lines: Sequence[Line], submit: str) -> QuickForm:
        """Put a form in the person's place; `close_form` gives it back."""
        self._empty()
        self.set_header(title, self._page.name if self._page is not None else "", person=False)
        self.form = QuickForm(title, lines, submit, titled=False)
        self.form.cancelled.connect(self.give_up)
        self.add(self.form)
        self.form.begin()
        return self.form

    def close_form(self) -> None:
        """Show the person again."""
        if self.form is not None:
            self._empty()
            self._show_page()

    def give_up(self) -> None:
        """Close the form and give the keyboard away."""
        self.close_form()
        self.closed.emit()

    def refuse_form(self, error: UserError) -> None:
        """Say in the form what was refused."""
        if self.form is not None:
            self.form.refuse(error)

    def _show_page(self) -> None:
        page = self._page
        if page is None:
            self._empty()
            self.set_header(self.tr("Nobody picked"), person=False)
            return
        if self._built != (page.id, page.active):
            self._empty()
            self._build(page)
        self.set_header(page.name, page.subtitle)
        if self.fields is not None:
            self.fields.set_fields(page.fields)
        if self._figures is not None:
            self._figures.set_rows(page.figures)

    def _build(self, page: PersonPage) -> None:
        self._built = (page.id, page.active)
        self.fields = EditableList(self.tr("Details"))
        self.fields.set_fields(page.fields)
        self.fields.asked.connect(self.edit_asked)
        self.add(self.fields)
        self._figures = FieldList()
        note = label(page.figures_note, size="xs", tone="faint")
        self.add_section(self.tr("This fortnight"), self._figures, note)
        toggle = Button(self.tr("Stop teaching") if page.active else self.tr("Teaches again"))
        toggle.setEnabled(not page.locked)
        toggle.setToolTip(page.locked)
        toggle.clicked.connect(lambda: self.active_asked.emit(not page.active))
        self.add_buttons(toggle)

    def _empty(self) -> None:
        self.clear()
        self._built = None
        self.form = self.fields = self._figures = None
