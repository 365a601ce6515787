"""Instructors: who teaches, when, and what is different on dates."""

from functools import partial
from uuid import UUID

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from driveflow_desktop.ui.screens.context import ScreenContext
from driveflow_desktop.ui.screens.instructors.cards import DaysCard, WeekCard
from driveflow_desktop.ui.screens.instructors.days import DayRow
from driveflow_desktop.ui.screens.instructors.forms import InstructorForms
from driveflow_desktop.ui.screens.instructors.hours_presenter import HoursPresenter
from driveflow_desktop.ui.screens.instructors.panel import InstructorPanel
from driveflow_desktop.ui.screens.instructors.people_list import PeopleList
from driveflow_desktop.ui.screens.instructors.presenter import InstructorsPresenter, PersonPage, PersonRow
from driveflow_desktop.ui.screens.instructors.reading import InstructorDetail
from driveflow_desktop.ui.screens.instructors.week import Bar, Span, Version
from driveflow_desktop.ui.shell.screen import Screen
from driveflow_desktop.ui.shell.topbar import TopBar
from driveflow_desktop.ui.widgets.buttons import PrimaryButton

_LIST_WIDTH = 264


def instructors_screen(context: ScreenContext) -> Screen:
    """Make the screen."""
    return InstructorsScreen(context)


class InstructorsScreen(Screen):
    """The list on the left, hours in the middle, the person on the right."""

    tables = frozenset(
        {"instructors", "instructor_availabilities", "availability_exceptions", "holidays", "vehicles", "orgs"}
        | {"bookings", "lessons"}
    )

    def __init__(self, context: ScreenContext) -> None:
        super().__init__()
        self._presenter = InstructorsPresenter(context.desk, self)
        self._hours = HoursPresenter(context.desk, self)
        self.people = PeopleList(self.tr("Instructors"))
        self.week = WeekCard()
        self.days = DaysCard(context.memory)
        self.panel = InstructorPanel()
        self.forms = InstructorForms(self.panel, self._presenter, self._hours, self)
        self._bar = TopBar(self.tr("Instructors"))
        self.new = PrimaryButton(self.tr("New instructor"))
        self.new.setEnabled(not self._presenter.locked)
        self.new.setToolTip(self._presenter.locked)
        self._bar.add_action(self.new)
        self._lay_out()
        self._connect()

    def top_bar(self) -> QWidget:
        """Title, search, New instructor."""
        return self._bar

    def load(self) -> None:
        """Read."""
        self._presenter.load()

    def show_argument(self, argument: object) -> None:
        """Go to an instructor by id."""
        if isinstance(argument, UUID):
            self.people.pick(argument)

    def show_list(self, rows: tuple[PersonRow, ...]) -> None:
        """The list, as it is now."""
        self.people.show_rows(rows)

    def show_person(self, page: PersonPage | None) -> None:
        """The picked instructor, or nobody."""
        self.panel.show_person(page)
        self.week.setEnabled(page is not None)
        self.days.setEnabled(page is not None)

    def show_detail(self, detail: InstructorDetail) -> None:
        """The hours of the picked instructor."""
        self._hours.show(detail)

    def show_week(self, version: Version, title: str, choices: tuple[str, ...], chosen: int, locked: str) -> None:
        """A week of theirs."""
        self.week.show_week(version, title, choices, chosen, locked)

    def show_days(self, rows: tuple[DayRow, ...], locked: str) -> None:
        """What is different on dates."""
        self.days.show_days(rows, locked, self._hours.holidays_locked)

    def _lay_out(self) -> None:
        left = QFrame()
        left.setProperty("panel", "rail")
        left.setFixedWidth(_LIST_WIDTH)
        inside = QVBoxLayout(left)
        inside.setContentsMargins(0, 0, 1, 0)
        inside.addWidget(self.people)
        middle = QVBoxLayout()
        middle.setContentsMargins(18, 16, 18, 16)
        middle.setSpacing(14)
        middle.addWidget(self.week)
        middle.addWidget(self.days, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(left)
        row.addLayout(middle, 1)
        row.addWidget(self.panel)

    def _connect(self) -> None:
        self.people.picked.connect(self._picked)
        self.people.activated.connect(lambda _index: self.panel.setFocus())
        self.panel.closed.connect(self.people.setFocus)
        self.panel.edit_asked.connect(self._edit)
        self.panel.active_asked.connect(self._presenter.set_active)
        self.new.clicked.connect(self.forms.new_instructor)
        self.week.chosen.connect(self._hours.choose)
        self.week.begin.clicked.connect(self.forms.new_hours)
        self.week.copy.clicked.connect(self.forms.copy_hours)
        editor = self.week.editor
        editor.add_asked.connect(self._add)
        editor.change_asked.connect(self._change)
        editor.remove_asked.connect(self._remove)
        editor.type_asked.connect(self.forms.type_times)
        self.days.leave.clicked.connect(self.forms.add_leave)
        self.days.extra.clicked.connect(self.forms.open_day)
        self.days.holidays.clicked.connect(self.forms.holidays)
        self.days.remove_asked.connect(self._hours.remove_day)
        self.days.toggle_asked.connect(self._hours.toggle_holiday)

    def _picked(self, instructor_id: UUID) -> None:
        if instructor_id != self._presenter.picked:
            self.panel.close_form()
            self._presenter.pick(instructor_id)

    def _edit(self, field: str, text: str) -> None:
        fields = self.panel.fields
        if fields is not None:
            self._presenter.edit(field, text, partial(fields.saved, field), partial(fields.refuse, field))

    def _add(self, day: int, span: Span) -> None:
        self._hours.add(day, span)

    def _change(self, bar: Bar, span: Span) -> None:
        self._hours.change(bar, span)

    def _remove(self, bar: Bar) -> None:
        self.week.editor.want_focus(bar.day)
        self._hours.remove(bar)
