"""The calendar in the whole program: verdicts under the mouse, drops, refusals, undo, remote edits."""

from typing import cast
from uuid import UUID

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.ui.calendar.snapshot import GhostVerdict, Proposal, ProposalKind
from driveflow_desktop.ui.shell.a11y import unnamed_controls
from tests.helpers.school import DANA, ETHAN, MIA, MONDAY, NOAH, School, at
from tests.ui.screens.desk_rig import CalendarPerson, booked, chips_of, words_of
from tests.ui.screens.people_rig import Person

NO_KEYS, LEFT = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton


@pytest.fixture
def calendar(person: Person) -> CalendarPerson:
    booked(person.school, 10)
    booked(person.school, 14, NOAH)
    return CalendarPerson(person)


def starts(school: School) -> list[object]:
    return [row["start_at"] for row in school.rows_by_start()]


def move(calendar: CalendarPerson, to: QPoint) -> None:
    """A move with the button held."""
    viewport = calendar.view.viewport()
    where, there = QPointF(to), QPointF(viewport.mapToGlobal(to))
    QApplication.sendEvent(
        viewport, QMouseEvent(QEvent.Type.MouseMove, where, there, Qt.MouseButton.NoButton, LEFT, NO_KEYS)
    )


def drag(calendar: CalendarPerson, start: QPoint, end: QPoint) -> None:
    viewport = calendar.view.viewport()
    QTest.mousePress(viewport, LEFT, NO_KEYS, start)
    for step in range(1, 5):
        move(calendar, start + (end - start) * step / 4)
    QTest.mouseRelease(viewport, LEFT, NO_KEYS, end)
    calendar.person.settle()


def test_every_control_has_a_name(calendar: CalendarPerson) -> None:
    assert unnamed_controls(calendar.person.program.window) == []
    calendar.choose(cast("UUID", calendar.person.school.rows_by_start()[0]["id"]))
    assert unnamed_controls(calendar.person.program.window) == []
    calendar.person.program.window.open("calendar", "new")
    calendar.person.settle()
    assert unnamed_controls(calendar.person.program.window) == []


@pytest.mark.parametrize(
    ("hour", "verdict"),
    [
        (12, GhostVerdict(True, False, "Free")),
        (14.25, GhostVerdict(False, True, "Taken")),
        (19, GhostVerdict(False, False, "Outside hours")),
    ],
)
def test_the_ghost_says_what_the_rules_say(
    calendar: CalendarPerson, hour: float, verdict: GhostVerdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[GhostVerdict] = []
    show = calendar.view.set_verdict

    def remember(verdict: GhostVerdict, proposal: Proposal | None = None) -> None:
        shown.append(verdict)
        show(verdict, proposal)

    monkeypatch.setattr(calendar.view, "set_verdict", remember)
    start, end = calendar.place(DANA, 10.5), calendar.place(DANA, hour + 0.5)
    QTest.mousePress(calendar.view.viewport(), LEFT, NO_KEYS, start)
    move(calendar, (start + end) / 2)
    move(calendar, end)
    assert shown[-1] == verdict
    QTest.keyClick(calendar.view, Qt.Key.Key_Escape)
    QTest.mouseRelease(calendar.view.viewport(), LEFT, NO_KEYS, end)
    calendar.person.settle()
    assert starts(calendar.person.school) == [at(10), at(14)]


def test_a_drop_moves_the_lesson_and_undo_and_redo_follow(calendar: CalendarPerson) -> None:
    person = calendar.person
    drag(calendar, calendar.place(DANA, 10.5), calendar.place(ETHAN, 12.5))
    rows = person.school.rows_by_start()
    assert [(row["start_at"], row["instructor_id"]) for row in rows] == [(at(12), ETHAN), (at(14), DANA)]
    assert "Lesson moved" in person.toast
    person.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert starts(person.school) == [at(10), at(14)]
    person.key(Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert starts(person.school) == [at(12), at(14)]


def test_advice_can_be_overruled_and_is_recorded(calendar: CalendarPerson) -> None:
    person, bar = calendar.person, calendar.screen.refusal
    drag(calendar, calendar.place(DANA, 10.5), calendar.place(DANA, 18.5))
    assert bar.isVisible()
    assert "working hours" in bar.text
    assert starts(person.school) == [at(10), at(14)]
    person.key(Qt.Key.Key_Space)  # "Move it anyway" has the keyboard
    rows = person.school.rows_by_start()
    assert [row["start_at"] for row in rows] == [at(14), at(18)]
    assert "outside_hours" in cast("dict[str, object]", rows[1]["overrides"])
    assert not bar.isVisible()


def test_an_overlap_offers_other_times_only(calendar: CalendarPerson) -> None:
    person, bar = calendar.person, calendar.screen.refusal
    drag(calendar, calendar.place(DANA, 10.5), calendar.place(DANA, 14.75))
    assert bar.isVisible()
    assert not bar.anyway.isVisible()
    assert len(bar.instead.chips()) == 3
    assert len(chips_of(bar.instead)) == 3
    person.click(bar.instead.button("0"))
    rows = person.school.rows_by_start()
    assert starts(person.school) != [at(10), at(14)]
    assert {row["overrides"] in (None, {}) for row in rows} == {True}
    assert not bar.isVisible()
    assert "Lesson moved" in person.toast


def test_escape_leaves_a_refusal_alone(calendar: CalendarPerson) -> None:
    drag(calendar, calendar.place(DANA, 10.5), calendar.place(DANA, 14.75))
    calendar.person.key(Qt.Key.Key_Escape)
    assert not calendar.screen.refusal.isVisible()
    assert calendar.view.hasFocus()
    assert starts(calendar.person.school) == [at(10), at(14)]


def test_a_change_from_elsewhere_shows_at_once(calendar: CalendarPerson) -> None:
    person = calendar.person
    booking = cast("UUID", person.school.rows_by_start()[0]["id"])
    calendar.choose(booking)
    receipt = person.school.run(lambda uow: uow.update(Student, MIA, {"full_name": "Mia Married"}))
    person.program.window.dispatch(receipt.changes)
    person.settle()
    assert "Mia Married" in words_of(calendar.screen.panel)
    moved = person.school.run(lambda uow: uow.update(Booking, booking, {"start_at": at(12), "end_at": at(13)}))
    before = calendar.view.lesson_rect(booking)
    person.program.window.dispatch(moved.changes)
    person.settle()
    assert calendar.view.lesson_rect(booking).top() > before.top()


@pytest.mark.parametrize("name", ["Zoë 🚗🏽 Pham", "مريم الحسن", "<b>Bob</b> & <img src=x>"])
def test_names_of_any_kind_are_shown_as_they_are(calendar: CalendarPerson, name: str) -> None:
    person = calendar.person
    receipt = person.school.run(lambda uow: uow.update(Student, MIA, {"full_name": name}))
    person.program.window.dispatch(receipt.changes)
    calendar.choose(cast("UUID", person.school.rows_by_start()[0]["id"]))
    assert name in words_of(calendar.screen.panel)
    labels = [each for each in calendar.screen.panel.findChildren(QLabel) if each.text() == name]
    assert {each.textFormat() for each in labels} == {Qt.TextFormat.PlainText}
    assert not calendar.view.grab().isNull()


def test_a_week_and_a_day_by_keys(calendar: CalendarPerson) -> None:
    person = calendar.person
    person.key(Qt.Key.Key_1)
    assert calendar.screen.presenter.view == "week"
    person.key(Qt.Key.Key_BracketRight)
    assert (calendar.screen.presenter.day - MONDAY).days == 7
    person.key(Qt.Key.Key_T)
    assert calendar.screen.presenter.day.isoformat() == "2026-11-24"


def test_a_drag_over_free_time_opens_the_editor_there(calendar: CalendarPerson) -> None:
    drag(calendar, calendar.place(ETHAN, 11.01), calendar.place(ETHAN, 11.9))
    draft = calendar.screen.editor.draft()
    assert (draft.instructor_id, draft.minute) == (ETHAN, 11 * 60)
    assert calendar.screen.presenter.verdict(Proposal(ProposalKind.CREATE, None, str(ETHAN), 660, 720)).ok


@pytest.mark.logs("bug .* in a background job")
def test_a_bug_is_told_with_its_id(calendar: CalendarPerson) -> None:
    def broken(_connection: sa.Connection) -> None:
        raise ZeroDivisionError

    calendar.person.program.desk.read("test/broken", broken, lambda _nothing: None)
    calendar.person.settle()
    assert "report it with the id" in calendar.person.toast
