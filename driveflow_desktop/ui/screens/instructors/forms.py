"""The forms of Instructors, each in the side panel: what they ask for, and to whom the answers go."""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from PySide6.QtCore import QObject

from driveflow_desktop.ui.screens.instructors.hours_presenter import HoursPresenter
from driveflow_desktop.ui.screens.instructors.panel import InstructorPanel
from driveflow_desktop.ui.screens.instructors.people_list import PeopleList
from driveflow_desktop.ui.screens.instructors.presenter import InstructorsPresenter
from driveflow_desktop.ui.screens.instructors.week import WEEK, Bar
from driveflow_desktop.ui.screens.instructors.words import day_names
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.widgets.buttons import Button
from driveflow_desktop.ui.widgets.form import Line

WHOLE_WEEK = "week"


class HasPeople(Protocol):
    """Where the list of people is found."""

    people: PeopleList


class InstructorForms(QObject):
    """Opens forms in the panel and hands what was typed to the presenters."""

    def __init__(
        self, panel: InstructorPanel, presenter: InstructorsPresenter, hours: HoursPresenter, screen: HasPeople
    ) -> None:
        super().__init__(panel)
        self._panel = panel
        self._presenter = presenter
        self._hours = hours
        self._screen = screen

    def new_instructor(self) -> None:
        """Name, phone, e-mail; the rest is typed in place."""
        lines = (
            Line("name", self.tr("Name"), column="display_name"),
            Line("phone", self.tr("Phone"), self.tr("0491 570 156")),
            Line("email", self.tr("E-mail")),
        )
        form = self._panel.open_form(self.tr("New instructor"), lines, self.tr("Add instructor"))
        form.submitted.connect(self._add_instructor)

    def type_times(self, bar: Bar) -> None:
        """The times of a bar, typed."""
        lines = (
            Line("start", self.tr("From"), text=formats.clock(bar.span.start), column="start_minute"),
            Line("end", self.tr("To"), text=formats.clock(bar.span.end), column="end_minute"),
        )
        day = day_names()[WEEK.index(bar.day)][0]
        form = self._panel.open_form(self.tr("Hours on {day}").format(day=day), lines, self.tr("Save"))

        def go(texts: Mapping[str, str]) -> None:
            self._hours.type_times(bar, texts["start"], texts["end"], self._done, self._panel.refuse_form)

        form.submitted.connect(go)

    def new_hours(self) -> None:
        """From when another week holds."""
        lines = (Line("day", self.tr("From"), self.tr("1 feb, mon, +2w")),)
        form = self._panel.open_form(self.tr("New hours from a date"), lines, self.tr("Begin new hours"))
        form.submitted.connect(
            lambda texts: self._hours.begin_version(texts["day"], self._done, self._panel.refuse_form)
        )

    def copy_hours(self) -> None:
        """What to copy, to which days and to whom."""
        names = day_names()
        days = tuple(zip(WEEK, names, strict=True))
        what = ((WHOLE_WEEK, self.tr("The whole week")), *((str(day), long) for day, (long, _short) in days))
        people = [row for row in self._screen.people.rows if row.active and row.id != self._presenter.picked]
        lines = (
            Line("what", self.tr("Copy"), text=str(WEEK[0]), choices=what),
            *(Line(f"day-{day}", self.tr("to {day}").format(day=long), flag=True) for day, (long, _short) in days),
            *(Line(f"who-{row.id}", self.tr("to {name}").format(name=row.name), flag=True) for row in people),
        )
        form = self._panel.open_form(self.tr("Copy hours"), lines, self.tr("Copy"))
        form.submitted.connect(self._copy)

    def add_leave(self) -> None:
        """Days off, or a part of one."""
        lines = (
            Line("first", self.tr("First day"), self.tr("4 jan")),
            Line("last", self.tr("Last day"), self.tr("empty: only that day")),
            Line("start", self.tr("From (part of a day)"), self.tr("empty: all day"), column="start_minute"),
            Line("end", self.tr("To (part of a day)"), column="end_minute"),
            Line("reason", self.tr("Reason"), self.tr("Leave, school concert…")),
        )
        form = self._panel.open_form(self.tr("Add leave"), lines, self.tr("Add leave"))

        def go(texts: Mapping[str, str]) -> None:
            dates, times = (texts["first"], texts["last"]), (texts["start"], texts["end"])
            self._hours.add_leave(dates, times, texts["reason"].strip(), self._done, self._panel.refuse_form)

        form.submitted.connect(go)

    def open_day(self) -> None:
        """A day that is open whatever else holds."""
        lines = (
            Line("first", self.tr("Day"), self.tr("sat, 12 dec")),
            Line("start", self.tr("From"), self.tr("8:00"), column="start_minute"),
            Line("end", self.tr("To"), self.tr("16:00"), column="end_minute"),
            Line("reason", self.tr("Reason"), self.tr("Extra day")),
        )
        form = self._panel.open_form(self.tr("Add open day"), lines, self.tr("Add open day"))

        def go(texts: Mapping[str, str]) -> None:
            times = (texts["start"], texts["end"])
            self._hours.open_day(texts["first"], times, texts["reason"].strip(), self._done, self._panel.refuse_form)

        form.submitted.connect(go)

    def holidays(self) -> None:
        """A holiday of the school's own, or all public ones of the state."""
        lines = (Line("day", self.tr("Day"), self.tr("24 dec")), Line("name", self.tr("Name"), self.tr("Office party")))
        form = self._panel.open_form(self.tr("Holidays of the whole school"), lines, self.tr("Add holiday"))
        load = Button(self.tr("Load public holidays of the state"))
        load.clicked.connect(self._load_holidays)
        form.add_note(load)
        form.submitted.connect(
            lambda texts: self._hours.add_holiday(texts["day"], texts["name"], self._done, self._panel.refuse_form)
        )

    def _done(self) -> None:
        self._panel.give_up()

    def _load_holidays(self) -> None:
        self._panel.give_up()
        self._hours.load_holidays()

    def _add_instructor(self, texts: Mapping[str, str]) -> None:
        self._presenter.add(texts["name"], texts["phone"], texts["email"], self._added, self._panel.refuse_form)

    def _added(self, instructor_id: UUID) -> None:
        self._panel.close_form()
        self._screen.people.pick(instructor_id)

    def _copy(self, texts: Mapping[str, str]) -> None:
        ticked = [name for name, text in texts.items() if text == "yes"]
        days = [int(name.removeprefix("day-")) for name in ticked if name.startswith("day-")]
        people = [UUID(name.removeprefix("who-")) for name in ticked if name.startswith("who-")]
        what = None if texts["what"] == WHOLE_WEEK else int(texts["what"])
        self._hours.copy(what, days, people, self._done)
