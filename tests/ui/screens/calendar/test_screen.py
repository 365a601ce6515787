"""The calendar in the whole program: verdicts under the mouse, drops, refusals, undo, remote edits."""

from datetime import timedelta
from typing import cast
from uuid import UUID

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from driveflow_desktop.domain.people.tables import Instructor, Student
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.calendar.snapshot import GhostVerdict, Proposal, ProposalKind
from driveflow_desktop.ui.screens.calendar import pages
from driveflow_desktop.ui.screens.calendar.screen import CalendarScreen
from driveflow_desktop.ui.shell.a11y import unnamed_controls
from tests.helpers.school import DANA, ETHAN, MIA, MONDAY, NOAH, ZOE, School, at
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


ALT = Qt.KeyboardModifier.AltModifier
ALT_SHIFT = ALT | Qt.KeyboardModifier.ShiftModifier
CTRL = Qt.KeyboardModifier.ControlModifier


def first_booking(calendar: CalendarPerson) -> UUID:
    return cast("UUID", calendar.person.school.rows_by_start()[0]["id"])


def test_alt_and_arrows_move_and_enter_drops(calendar: CalendarPerson) -> None:
    person = calendar.person
    calendar.choose(first_booking(calendar))
    calendar.view.setFocus()
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Right):
        person.key(key, ALT)
    assert starts(person.school) == [at(10), at(14)]
    person.key(Qt.Key.Key_Return)
    row = person.school.rows_by_start()[0]
    assert (row["start_at"], row["end_at"], row["instructor_id"]) == (at(10.5), at(11.5), ETHAN)
    assert calendar.view.selected() == row["id"]


def test_alt_shift_and_arrows_resize(calendar: CalendarPerson) -> None:
    person = calendar.person
    calendar.choose(first_booking(calendar))
    calendar.view.setFocus()
    person.key(Qt.Key.Key_Down, ALT_SHIFT)
    person.key(Qt.Key.Key_Return)
    row = person.school.rows_by_start()[0]
    assert (row["start_at"], row["end_at"]) == (at(10), at(11.25))
    assert "Lesson length changed" in person.toast


def test_escape_calls_a_key_move_off(calendar: CalendarPerson) -> None:
    calendar.choose(first_booking(calendar))
    calendar.view.setFocus()
    calendar.person.key(Qt.Key.Key_Down, ALT)
    assert calendar.view.proposal() is not None
    calendar.person.key(Qt.Key.Key_Escape)
    assert calendar.view.proposal() is None
    assert starts(calendar.person.school) == [at(10), at(14)]


def test_the_lower_edge_makes_a_lesson_longer(calendar: CalendarPerson) -> None:
    end = calendar.place(DANA, 11) - QPoint(0, 2)
    drag(calendar, end, calendar.place(DANA, 11.5))
    row = calendar.person.school.rows_by_start()[0]
    assert (row["start_at"], row["end_at"]) == (at(10), at(11.5))


def test_keys_that_move_need_a_lesson(calendar: CalendarPerson) -> None:
    actions = calendar.person.program.window.actions_
    assert not actions.is_enabled("booking.later")
    calendar.choose(first_booking(calendar))
    assert actions.is_enabled("booking.later")


def test_r_one_line_and_enter_move_a_lesson_to_somebody_else(calendar: CalendarPerson) -> None:
    person = calendar.person
    calendar.choose(first_booking(calendar))
    calendar.view.setFocus()
    person.key(Qt.Key.Key_R)
    person.type("ethan mon 3pm")
    person.key(Qt.Key.Key_Return)
    row = next(row for row in person.school.rows_by_start() if row["student_id"] == MIA)
    assert (row["start_at"], row["instructor_id"]) == (at(15), ETHAN)
    assert "Lesson moved" in person.toast
    person.undo()
    assert starts(person.school) == [at(10), at(14)]


def test_s_one_line_and_two_enters_book(calendar: CalendarPerson) -> None:
    person = calendar.person
    person.key(Qt.Key.Key_S)
    person.type("zoe 60 next week pm")
    person.key(Qt.Key.Key_Return)
    person.key(Qt.Key.Key_Return)
    (row,) = [row for row in person.school.rows_by_start() if row["student_id"] == ZOE]
    assert row["start_at"] == at(12)
    assert "Lesson booked" in person.toast
    assert calendar.view.selected() == row["id"]
    assert "Zoe Hart" in words_of(calendar.screen.panel)


def test_s_with_a_new_name_makes_the_student_and_the_lesson(calendar: CalendarPerson) -> None:
    person = calendar.person
    person.key(Qt.Key.Key_S)
    person.type("zebedee stone 60 next week pm")
    person.key(Qt.Key.Key_Return)
    editor = calendar.screen.editor
    assert editor.student.text() == "Zebedee Stone"
    assert editor.mobile.hasFocus()
    person.type("0412 345 678")
    person.key(Qt.Key.Key_Return)
    (made,) = [row for row in person.school.rows(Student) if row["full_name"] == "Zebedee Stone"]
    assert made["phone"] == "+61412345678"
    (row,) = [row for row in person.school.rows_by_start() if row["student_id"] == made["id"]]
    assert row["start_at"] == at(12)
    assert "Zebedee Stone and their lesson added" in person.toast


def test_a_double_click_on_free_time_opens_the_editor(calendar: CalendarPerson) -> None:
    calendar.person.double_click(calendar.view.viewport(), calendar.place(ETHAN, 16.05))
    draft = calendar.screen.editor.draft()
    assert (draft.instructor_id, draft.minute) == (ETHAN, 16 * 60)


def test_escape_goes_back_step_by_step(calendar: CalendarPerson) -> None:
    person, screen = calendar.person, calendar.screen
    calendar.choose(first_booking(calendar))
    calendar.view.setFocus()
    person.key(Qt.Key.Key_N)
    assert screen.editor.isVisible()
    person.key(Qt.Key.Key_Escape)  # back to the lesson
    assert screen.panel.isVisible()
    assert calendar.view.hasFocus()
    person.key(Qt.Key.Key_Return)  # into the panel
    assert screen.panel.isAncestorOf(person.focus)
    person.key(Qt.Key.Key_Escape)  # out of it
    assert not screen.panel.isVisible()
    assert calendar.view.selected() is None
    person.click(calendar.view.viewport(), calendar.place(DANA, 10.5))
    assert screen.panel.isVisible()
    person.key(Qt.Key.Key_Escape)  # lets go of the lesson
    person.key(Qt.Key.Key_Escape)  # closes what lies beside
    assert not screen.panel.isVisible()


def test_the_zoom_is_remembered(calendar: CalendarPerson) -> None:
    person, before = calendar.person, calendar.view.zoom
    person.key(Qt.Key.Key_Plus, CTRL)
    person.key(Qt.Key.Key_Plus, CTRL)
    taller = calendar.view.zoom
    assert taller > before
    person.key(Qt.Key.Key_0, CTRL)
    assert calendar.view.zoom == before
    calendar.view.set_zoom(taller)
    window = person.program.window
    window.host.close_all()
    window.open("calendar")
    person.settle()
    assert isinstance(person.screen, CalendarScreen)
    assert person.screen is not calendar.screen
    assert person.screen.view.zoom == round(taller)


def test_the_picker_chooses_whose_week_it_is(calendar: CalendarPerson) -> None:
    person, bar = calendar.person, calendar.screen.bar
    assert not bar.instructors.isVisible()
    person.key(Qt.Key.Key_2, CTRL)
    assert (bar.instructors.isVisible(), bar.instructors.key) == (True, str(DANA))
    assert len(calendar.view.page.lessons) == 2
    bar.instructors.setFocus()
    person.key(Qt.Key.Key_Down)
    assert (bar.instructors.key, len(calendar.view.page.lessons)) == (str(ETHAN), 0)


def test_without_instructors_it_offers_to_add_one(calendar: CalendarPerson) -> None:
    person = calendar.person
    receipt = person.school.run(lambda uow: [uow.update(Instructor, key, {"active": False}) for key in (DANA, ETHAN)])
    calendar.screen.show_argument(MONDAY + timedelta(days=2))
    person.program.window.dispatch(receipt.changes)
    person.settle()
    (add,) = [each for each in calendar.screen.findChildren(QPushButton) if each.text() == "Add one"]
    person.click(add)
    assert person.program.window.host.current_id == "instructors"


def test_a_page_that_cannot_be_read_is_tried_again(calendar: CalendarPerson, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise UserError("gone", "That school is gone.")

    person = calendar.person
    with monkeypatch.context() as patched:
        patched.setattr(pages, "calendar_day", refuse)
        person.key(Qt.Key.Key_T)
    assert "That school is gone." in person.toast
    (again,) = [each for each in calendar.screen.findChildren(QPushButton) if each.text() == "Try again"]
    person.click(again)
    assert calendar.view.isVisible()
