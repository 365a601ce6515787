"""The bar over the calendar: Today, arrows, title, day or week, whose week, New booking."""

from functools import partial
from uuid import UUID

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtGui import QResizeEvent

from driveflow_desktop.ui.screens.calendar.pages import DAY, WEEK
from driveflow_desktop.ui.shell.topbar import TopBar
from driveflow_desktop.ui.widgets.buttons import Button, PrimaryButton, Segmented
from driveflow_desktop.ui.widgets.picker import Picker
from driveflow_desktop.ui.widgets.text import ElidedLabel

_ROOM_FOR_NOTE = 1150


def _tr(text: str) -> str:
    return QCoreApplication.translate("CalendarBar", text)


class CalendarBar(TopBar):
    """Says where the calendar is, and asks to go elsewhere."""

    today_asked = Signal()
    step_asked = Signal(int)
    view_chosen = Signal(str)
    instructor_chosen = Signal(object)
    """The UUID of the instructor whose week is to be shown."""
    new_asked = Signal()

    def __init__(self) -> None:
        super().__init__("")
        self.views = Segmented([(DAY, _tr("Day")), (WEEK, _tr("Week"))], _tr("View"))
        self.instructors = Picker(_tr("Instructor"))
        self._note = ElidedLabel(size="sm", tone="muted")
        today = Button(_tr("Today"))
        today.clicked.connect(self.today_asked)
        self.add_before_title(today)
        for icon_name, name, by in (("caret-left", _tr("Back"), -1), ("caret-right", _tr("Forward"), 1)):
            arrow = Button("", kind="quiet", icon_name=icon_name)
            arrow.setAccessibleName(name)
            arrow.clicked.connect(partial(self.step_asked.emit, by))
            self.add_before_title(arrow)
        for widget in (self.views, self.instructors, self._note):
            self.add_tool(widget)
        book = PrimaryButton(_tr("New booking"), hint="N")
        book.clicked.connect(self.new_asked)
        self.add_action(book)
        self.views.chosen.connect(self.view_chosen)
        self.instructors.currentIndexChanged.connect(self._instructor_picked)
        self.instructors.hide()

    def show_place(self, title: str, note: str, view: str) -> None:
        """Say what is shown."""
        self.set_title(title)
        self._note.setText(note)
        self.views.set_value(view)
        self.instructors.setVisible(view == WEEK)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window the title needs the note's room."""
        super().resizeEvent(event)
        self._note.setVisible(event.size().width() >= _ROOM_FOR_NOTE)

    def _instructor_picked(self) -> None:
        if self.instructors.key is not None:
            self.instructor_chosen.emit(UUID(self.instructors.key))
