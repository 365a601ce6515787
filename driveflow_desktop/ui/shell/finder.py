"""People and bookings for the palette: the search index asked off the UI thread, answers in words."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from PySide6.QtCore import QCoreApplication

from driveflow_desktop.domain.contacts import display_phone
from driveflow_desktop.domain.overview.found import FoundLesson, FoundRow, search
from driveflow_desktop.kernel.time import local_date, minute_of_day
from driveflow_desktop.store.base import Connection
from driveflow_desktop.ui.ports import Desk
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.widgets.lookup import Answer
from driveflow_desktop.ui.widgets.results import Result

_ICONS = {"student": "student", "guardian": "users", "instructor": "car", "booking": "calendar-blank"}
_SCREENS = {"student": "students", "guardian": "students", "instructor": "instructors", "booking": "calendar"}


def _tr(text: str) -> str:
    return QCoreApplication.translate("Finder", text)


class Finder:
    """The palette's search: call it with text and a function for the answers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def __call__(self, text: str, answer: Answer) -> None:
        """Ask for `text`; only the newest question is answered."""
        desk = self._desk
        now = desk.clock.now()

        def query(connection: Connection) -> tuple[FoundRow, ...]:
            return search(connection, desk.session.org_id, text, now)

        def show(rows: tuple[FoundRow, ...]) -> None:
            answer([self._result(row, now) for row in rows])

        desk.read("palette/search", query, show)

    def _result(self, row: FoundRow, now: datetime) -> Result:
        if row.kind == "booking":
            subtitle = "" if row.lesson is None else self._words(row.lesson, now)
            return Result(row.name, subtitle, payload=self._opening(row), icon=_ICONS["booking"])
        phone = "" if row.phone is None else display_phone(row.phone)
        if row.kind == "student":
            upcoming = _tr("No next lesson") if row.lesson is None else self._words(row.lesson, now)
            return Result(row.name, upcoming, phone, self._opening(row), _ICONS["student"])
        kind = _tr("Guardian") if row.kind == "guardian" else _tr("Instructor")
        return Result(row.name, kind, phone, self._opening(row), _ICONS[row.kind])

    def _words(self, lesson: FoundLesson, now: datetime) -> str:
        tz = self._desk.session.tz
        day, today = local_date(lesson.start, tz), local_date(now, tz)
        when = _tr("Today") if day == today else formats.day_short(day) if day.year == today.year else formats.day(day)
        return f"{when} {formats.clock(minute_of_day(lesson.start, tz))} · {lesson.service} · {lesson.instructor}"

    def _opening(self, row: FoundRow) -> Callable[[], None]:
        return partial(self._desk.open, _SCREENS[row.kind], row.row_id)
