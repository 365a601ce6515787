"""Activity in the whole program."""

from datetime import UTC, date, datetime

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage

from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.scheduling.commands.booking import Moving, move
from driveflow_desktop.kernel.time import day_interval
from driveflow_desktop.ui.screens.activity.screen import ActivityScreen
from driveflow_desktop.ui.shell.a11y import unnamed_controls
from driveflow_desktop.ui.shell.theme import current_tokens
from tests.helpers.school import MIA, SYDNEY, at
from tests.ui.screens.desk_rig import booked, chips_of, words_of
from tests.ui.screens.people_rig import Person

CLOCKS_FORWARD = date(2026, 10, 4)


@pytest.fixture
def screen(person: Person) -> ActivityScreen:
    person.program.window.open("activity")
    person.settle()
    assert isinstance(person.screen, ActivityScreen)
    return person.screen


def rows(screen: ActivityScreen) -> list[tuple[str, ...]]:
    """What stands in the roster."""
    model = screen.roster.model()
    return [
        tuple(str(model.index(row, column).data()) for column in range(model.columnCount()))
        for row in range(model.rowCount())
    ]


def rename(person: Person, name: str, when: datetime | None = None) -> None:
    if when is not None:
        person.school.clock.set(when)
    receipt = person.school.run(lambda uow: uow.update(Student, MIA, {"full_name": name}))
    person.program.window.dispatch(receipt.changes)
    person.settle()


def choose(person: Person, screen: ActivityScreen, span: str) -> None:
    person.click(screen.spans._buttons[span])


def named(screen: ActivityScreen) -> list[str]:
    """The names that renamings on show gave, newest first."""
    return [cells[4].rpartition("→ ")[2] for cells in rows(screen) if cells[4].startswith("Name: ") and "→" in cells[4]]


def test_an_edit_shows_at_once_with_before_and_after(person: Person, screen: ActivityScreen) -> None:
    rename(person, "<i>Mia</i> 🚗 مريم")
    assert rows(screen)[0][3:] == ("<i>Mia</i> 🚗 مريم", "Name: Mia Tran → <i>Mia</i> 🚗 مريم")
    screen.roster.selectRow(0)
    person.settle()
    words = words_of(screen)
    assert {"Mia Tran", "<i>Mia</i> 🚗 مريم", "Before", "After"} <= set(words)
    assert unnamed_controls(person.program.window) == []


def test_a_new_row_is_told_as_facts_and_leads_to_its_lesson(person: Person, screen: ActivityScreen) -> None:
    made = booked(person.school, 10)
    person.program.window.dispatch(person.school.receipts[-1].changes)
    person.settle()
    assert rows(screen)[0][2:] == (
        "Booking created",
        "Mia Tran",
        "Mon 30 Nov 10:00 am · Lesson 60 · Dana Reid · $95.00",
    )
    screen.roster.selectRow(0)
    person.settle()
    words = words_of(screen.panel)
    assert {"Instructor", "Dana Reid", "Service", "Lesson 60"} <= set(words)
    assert "Before" not in words
    assert "Open" in chips_of(screen.panel)
    screen.roster.setFocus()
    person.key(Qt.Key.Key_Return)
    assert person.program.window.host.current_id == "calendar"
    assert person.screen.view.selected() == made


def test_the_list_keeps_its_place_when_something_is_done(person: Person, screen: ActivityScreen) -> None:
    made = booked(person.school, 10)
    person.program.window.dispatch(person.school.receipts[-1].changes)
    person.settle()
    screen.roster.selectRow(0)
    receipt = person.school.run(lambda uow: move(uow, Moving(made, at(12))))
    person.program.window.dispatch(receipt.changes)
    person.settle()
    assert screen.roster.current_row is not None
    assert screen.roster.current_row.what == "Booking created"
    assert screen.roster.currentIndex().row() == 1


def test_rows_have_a_hairline_and_words_begin_under_their_header(person: Person, screen: ActivityScreen) -> None:
    rename(person, "Mia Married")
    rename(person, "Mia Again")
    roster = screen.roster
    second = roster.visualRect(roster.model().index(1, 0))
    picture = roster.viewport().grab().toImage()
    assert picture.pixelColor(5, second.bottom()).name().upper() == current_tokens().border.upper()
    head = roster.horizontalHeader()
    title = head.grab().toImage()
    left = roster.columnViewportPosition(2)
    words = first_ink(picture, range(left, left + 100), QPoint(second.top() + 4, second.bottom() - 4))
    assert abs(words - first_ink(title, range(left, left + 100), QPoint(4, head.height() - 6))) <= 1


def first_ink(picture: QImage, across: range, rows: QPoint) -> int:
    """The first x at which something differs from the ground, between two heights."""
    ground = picture.pixelColor(across.start, rows.x())
    return next(x for x in across if any(_far(picture.pixelColor(x, y), ground) for y in range(rows.x(), rows.y())))


def _far(one: QColor, other: QColor) -> bool:
    return abs(one.lightness() - other.lightness()) > 60


def test_spans_are_days_on_the_schools_wall(person: Person, screen: ActivityScreen) -> None:
    today = date(2026, 11, 24)
    for name, day in (
        ("a month", date(2026, 10, 26)),
        ("before that", date(2026, 10, 25)),
        ("a week", date(2026, 11, 18)),
        ("eight days", date(2026, 11, 17)),
        ("today", today),
    ):
        rename(person, name, day_interval(day, SYDNEY).start)
    choose(person, screen, "today")
    assert named(screen) == ["today"]
    choose(person, screen, "week")
    assert sorted(named(screen)) == ["a week", "today"]
    choose(person, screen, "month")
    assert sorted(named(screen)) == ["a month", "a week", "eight days", "today"]
    choose(person, screen, "")
    assert len(named(screen)) == 5


def test_a_day_is_typed(person: Person, screen: ActivityScreen) -> None:
    start, end = day_interval(CLOCKS_FORWARD, SYDNEY)
    assert (end - start).total_seconds() == 23 * 3600
    rename(person, "on the day", start)
    rename(person, "late on the day", end.replace(tzinfo=UTC) - (end - start) / 23)
    rename(person, "the next day", end)
    person.school.clock.set(datetime(2026, 11, 24, 1, tzinfo=UTC))
    choose(person, screen, "day")
    assert person.focus is screen.day
    assert len(named(screen)) == 3
    person.type("4 oct")
    assert sorted(named(screen)) == ["late on the day", "on the day"]
    assert screen.spans.value == "day"
    person.type("none", over=True)
    assert len(named(screen)) == 3
    choose(person, screen, "today")
    assert screen.day.text() == ""


def test_where_nothing_was_done_it_says_so(person: Person, screen: ActivityScreen) -> None:
    rename(person, "Mia Married")
    choose(person, screen, "day")
    person.type("3/1/2020")
    assert rows(screen) == []
    assert any("Nothing was done then" in words for words in words_of(screen))


def test_kinds_and_days_filter_together(person: Person, screen: ActivityScreen) -> None:
    booked(person.school, 10)
    rename(person, "Mia Married")
    person.click(screen.kinds._buttons["students"])
    choose(person, screen, "today")
    assert not any("Booking" in cells[2] for cells in rows(screen))
    assert named(screen) == ["Mia Married"]
