"""Today in the whole program."""

from datetime import date
from uuid import UUID

from PySide6.QtCore import Qt

from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.ui.screens.calendar.screen import CalendarScreen
from driveflow_desktop.ui.screens.today.screen import ClickRow, TodayScreen
from driveflow_desktop.ui.shell.a11y import unnamed_controls
from tests.helpers.school import MIA, NOAH
from tests.ui.screens.desk_rig import booked, chips_of, words_of
from tests.ui.screens.people_rig import Person

TUESDAY = date(2026, 11, 24)


def at_today(person: Person) -> TodayScreen:
    person.program.window.open("today")
    person.settle()
    assert isinstance(person.screen, TodayScreen)
    return person.screen


def book_today(person: Person, hour: float, student: UUID = MIA) -> UUID:
    booking = booked(person.school, hour, student, day=TUESDAY)
    person.program.window.dispatch(person.school.receipts[-1].changes)
    person.settle()
    return booking


def rows_about(screen: TodayScreen, name: str) -> list[ClickRow]:
    return [row for row in screen.findChildren(ClickRow) if row.isVisible() and name in row.accessibleName()]


def test_an_empty_day_says_so_and_every_control_has_a_name(person: Person) -> None:
    screen = at_today(person)
    assert {"No more lessons to come.", "Every lesson is closed.", "Nobody owes money."} <= set(words_of(screen))
    assert "Close all done" not in chips_of(screen)
    assert unnamed_controls(person.program.window) == []


def test_a_lesson_booked_elsewhere_appears_and_leads_to_the_calendar(person: Person) -> None:
    screen = at_today(person)
    book_today(person, 14)
    (row,) = rows_about(screen, "Mia Tran")[:1]
    assert unnamed_controls(person.program.window) == []
    row.setFocus()
    person.key(Qt.Key.Key_Return)
    assert isinstance(person.screen, CalendarScreen)
    assert "Mia Tran" in words_of(person.screen.panel)


def test_names_are_words_not_markup(person: Person) -> None:
    name = "<b>Bob</b> 🚗 مريم"
    receipt = person.school.run(lambda uow: uow.update(Student, NOAH, {"full_name": name}))
    screen = at_today(person)
    book_today(person, 15, NOAH)
    person.program.window.dispatch(receipt.changes)
    person.settle()
    assert name in words_of(screen)


def test_before_the_first_answer_nothing_is_claimed(person: Person) -> None:
    person.program.window.resize(1180, 720)
    screen = TodayScreen(person.program.context)
    screen.resize(1000, 600)
    screen.show()
    assert "0" not in words_of(screen)
    assert "Close all done" not in chips_of(screen)
    screen.close()
    screen.top_bar().deleteLater()
    screen.deleteLater()


def test_n_opens_the_editor_on_the_calendar(person: Person) -> None:
    at_today(person)
    person.key(Qt.Key.Key_N)
    assert isinstance(person.screen, CalendarScreen)
    assert person.screen.editor.isVisible()
