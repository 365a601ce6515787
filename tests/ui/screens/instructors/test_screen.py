"""The front desk at Instructors: hours by mouse and keys, leave, holidays, people; on the screen and stored."""

from datetime import date

import pytest
import sqlalchemy as sa
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.tables import Instructor
from driveflow_desktop.domain.scheduling.commands.booking import NewBooking, book
from driveflow_desktop.domain.scheduling.tables import AvailabilityException, Booking, Holiday, InstructorAvailability
from driveflow_desktop.ui.screens.instructors.screen import InstructorsScreen
from driveflow_desktop.ui.screens.instructors.week_view import HourBar
from driveflow_desktop.ui.shell.a11y import unnamed_controls
from driveflow_desktop.ui.shell.theme import current_tokens, font
from driveflow_desktop.ui.widgets.buttons import Button
from tests.helpers.school import AUTO_CAR, DANA, DANA_USER, ETHAN, LESSON, MANUAL_CAR, MIA, ORG, OWNER, at
from tests.ui.screens.people_rig import NO_KEYS, MakePerson, Person, Who

MON, TUE, SAT, SUN = 1, 2, 6, 0


def stored(person: Person, day: int, who: object = DANA) -> list[tuple[object, ...]]:
    row = InstructorAvailability
    where = (row.org_id == ORG, row.instructor_id == who, row.day_of_week == day)
    order = (row.start_minute, row.effective_from)
    return person.rows(sa.select(row.start_minute, row.end_minute).where(*where).order_by(*order))


def bars(screen: InstructorsScreen, day: int) -> list[HourBar]:
    return screen.week.editor.tracks[day].bars


def drag(person: Person, bar: HourBar, start: QPoint, by: int) -> None:
    """Press on a bar, pull it sideways by pixels, let go; the bar moves under the mouse."""
    pressed = bar.mapToGlobal(start)
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, NO_KEYS, start)
    for part in (3, 2, 1):
        QTest.mouseMove(bar, bar.mapFromGlobal(pressed + QPoint(by // part, 0)))
    QTest.mouseRelease(bar, Qt.MouseButton.LeftButton, NO_KEYS, bar.mapFromGlobal(pressed + QPoint(by, 0)))
    person.settle()


def minutes_wide(screen: InstructorsScreen, minutes: int) -> int:
    track = screen.week.editor.tracks[MON]
    return round(track.x_of(track.range.start + minutes))


def button(screen: InstructorsScreen, text: str) -> Button:
    return next(each for each in screen.window().findChildren(Button) if each.text() == text and each.isVisible())


def day_texts(screen: InstructorsScreen) -> list[tuple[str, ...]]:
    model = screen.days.table.model()
    return [model.texts(at)[:3] for at in range(model.rowCount())]


# -- the list and the person ------------------------------------------------------------------------------------------


def test_the_first_instructor_is_shown_with_hours(screen: InstructorsScreen) -> None:
    assert [row.name for row in screen.people.rows] == ["Dana Reid", "Ethan Cole"]
    assert screen.people.rows[0].subtitle == "45 h a week"
    assert [bar.accessibleName() for bar in bars(screen, MON)] == ["Monday 9:00 am to 6:00 pm"]
    assert bars(screen, SUN) == []


def test_the_list_says_what_they_drive_and_until_when_they_are_away(person: Person, screen: InstructorsScreen) -> None:
    this_week = date(2026, 11, 27)
    for hour, car in ((10, MANUAL_CAR), (12, AUTO_CAR)):
        request = NewBooking(MIA, DANA, LESSON, at(hour, this_week), vehicle_id=car)
        person.school.run(lambda uow, request=request: book(uow, request))
    ahead = NewBooking(MIA, ETHAN, LESSON, at(10), vehicle_id=MANUAL_CAR)
    person.school.run(lambda uow: book(uow, ahead))
    screen.activated()
    person.settle()
    assert [row.subtitle for row in screen.people.rows] == ["Auto, manual · 45 h a week", "45 h a week"]
    leave = [{"instructor_id": DANA, "date": date(2026, 11, day), "is_available": False} for day in range(24, 28)]
    person.school.run(lambda uow: uow.bulk(AvailabilityException, leave))
    screen.activated()
    person.settle()
    assert screen.people.rows[0].subtitle == "Auto, manual · on leave to Fri 27 Nov"


def test_in_a_small_window_nothing_is_cut_off(person: Person, screen: InstructorsScreen) -> None:
    holiday = {"date": date(2026, 12, 28), "name": "Boxing Day (observed)", "region": "NSW"}
    person.school.run(lambda uow: uow.bulk(Holiday, [holiday]))
    person.program.window.resize(1180, 720)
    screen.activated()
    person.settle()
    table = screen.days.table
    assert table.horizontalHeader().length() <= table.viewport().width()
    words = QFontMetrics(font(current_tokens().font_md)).horizontalAdvance("Boxing Day (observed), NSW")
    assert table.columnWidth(2) >= words + 20
    for card in (screen.week, screen.days):
        title = next(each for each in card.findChildren(QLabel) if each.text() == card.accessibleName())
        assert title.width() >= title.sizeHint().width()


def test_down_goes_to_the_next_instructor(person: Person, screen: InstructorsScreen) -> None:
    screen.people.setFocus()
    person.key(Qt.Key.Key_Down)
    fields = screen.panel.fields
    assert fields is not None
    assert fields.value("display_name").field.shown == "Ethan Cole"
    assert fields.value("fee_bp").field.shown == "80 %"


def test_a_phone_is_changed_in_place_and_undone(person: Person, screen: InstructorsScreen) -> None:
    fields = screen.panel.fields
    assert fields is not None
    person.click(fields.value("phone"))
    person.type("0491 570 156")
    person.key(Qt.Key.Key_Return)
    assert person.rows(sa.select(Instructor.phone).where(Instructor.id == DANA)) == [("+61491570156",)]
    assert fields.value("phone").field.shown == "0491 570 156"
    assert person.toast == "Phone changed"
    person.undo()
    assert person.rows(sa.select(Instructor.phone).where(Instructor.id == DANA)) == [(None,)]


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("abn", "12 345 678 901", "not a valid ABN"),
        ("phone", "12", "not a phone number"),
        ("license_expires_on", "someday", "not a date"),
        ("travel_buffer_min", "90", "0 to 60"),
        ("max_lessons_per_day", "many", "not a number"),
    ],
)
def test_what_cannot_be_is_refused_at_the_value(
    person: Person, screen: InstructorsScreen, field: str, typed: str, words: str
) -> None:
    fields = screen.panel.fields
    assert fields is not None
    person.click(fields.value(field))
    person.type(typed, over=True)
    person.key(Qt.Key.Key_Return)
    assert words in fields.value(field).error.text
    person.key(Qt.Key.Key_Escape)
    assert fields.value(field).editor is None
    assert fields.value(field).error.text == ""


def test_an_abn_is_checked_and_marked(person: Person, screen: InstructorsScreen) -> None:
    fields = screen.panel.fields
    assert fields is not None
    person.click(fields.value("abn"))
    person.type("51824753556")
    person.key(Qt.Key.Key_Return)
    assert fields.value("abn").field.shown == "51 824 753 556"
    assert fields.value("abn").field.pill == ("valid", "ok")


def test_the_share_is_the_owners_business(person: Person, screen: InstructorsScreen) -> None:
    fields = screen.panel.fields
    assert fields is not None
    person.click(fields.value("fee_bp"))
    assert fields.value("fee_bp").editor is None
    assert "owner" in fields.value("fee_bp").error.text


def test_an_owner_changes_the_share(make_person: MakePerson) -> None:
    person = make_person(Who(OWNER, "Olga Owner", OrgRole.OWNER))
    screen = person.screen
    assert isinstance(screen, InstructorsScreen)
    fields = screen.panel.fields
    assert fields is not None
    person.click(fields.value("fee_bp"))
    person.type("82.5")
    person.key(Qt.Key.Key_Return)
    assert person.rows(sa.select(Instructor.fee_bp).where(Instructor.id == DANA)) == [(1750,)]
    assert fields.value("fee_bp").field.shown == "82.5 %"


def test_a_new_instructor_by_keyboard(person: Person, screen: InstructorsScreen) -> None:
    person.click(screen.new)
    person.type("Farid Nazari")
    person.key(Qt.Key.Key_Tab)
    person.type("0491 570 157")
    person.key(Qt.Key.Key_Return)
    assert [row.name for row in screen.people.rows] == ["Dana Reid", "Ethan Cole", "Farid Nazari"]
    assert screen.panel.fields is not None
    assert screen.panel.fields.value("phone").field.shown == "0491 570 157"
    assert screen.people.rows[2].subtitle == "no weekly hours"


def test_a_refused_new_instructor_stays_in_the_form(person: Person, screen: InstructorsScreen) -> None:
    person.click(screen.new)
    form = screen.panel.form
    assert form is not None
    person.type("Farid")
    person.key(Qt.Key.Key_Tab)
    person.type("12")
    person.key(Qt.Key.Key_Return)
    assert screen.panel.form is form
    assert form.editor("phone").hasFocus()
    person.key(Qt.Key.Key_Escape)
    assert screen.panel.form is None
    assert screen.people.hasFocus()


def test_somebody_stops_teaching_and_starts_again(person: Person, screen: InstructorsScreen) -> None:
    person.click(button(screen, "Stop teaching"))
    assert person.rows(sa.select(Instructor.active).where(Instructor.id == DANA)) == [(False,)]
    assert [row.name for row in screen.people.rows] == ["Ethan Cole", "Dana Reid"]
    person.click(button(screen, "Teaches again"))
    assert person.rows(sa.select(Instructor.active).where(Instructor.id == DANA)) == [(True,)]


# -- the week ---------------------------------------------------------------------------------------------------------


def test_a_bar_is_dragged_by_the_quarter(person: Person, screen: InstructorsScreen) -> None:
    (bar,) = bars(screen, MON)
    drag(person, bar, bar.rect().center(), -minutes_wide(screen, 64))
    assert stored(person, MON) == [(480, 1020)]
    assert stored(person, TUE) == [(540, 1080)]
    person.undo()
    assert stored(person, MON) == [(540, 1080)]
    assert bars(screen, MON)[0].span.start == 540


def test_an_edge_is_dragged(person: Person, screen: InstructorsScreen) -> None:
    (bar,) = bars(screen, MON)
    drag(person, bar, QPoint(bar.width() - 2, 10), -minutes_wide(screen, 120))
    assert stored(person, MON) == [(540, 960)]
    assert "to 4:00 pm" in bars(screen, MON)[0].accessibleName()


def test_a_double_click_on_the_track_adds_hours(person: Person, screen: InstructorsScreen) -> None:
    track = screen.week.editor.tracks[SAT]
    person.double_click(track, QPoint(round(track.x_of(480)) + 1, 10))
    assert stored(person, SAT) == [(480, 720)]


def test_enter_on_the_track_adds_hours_and_delete_takes_them(person: Person, screen: InstructorsScreen) -> None:
    screen.week.editor.tracks[SUN].setFocus()
    person.key(Qt.Key.Key_Return)
    assert stored(person, SUN) == [(480, 720)]
    bars(screen, SUN)[0].setFocus()
    person.key(Qt.Key.Key_Delete)
    assert stored(person, SUN) == []
    assert screen.week.editor.tracks[SUN].hasFocus()


def test_arrows_move_and_resize_and_are_one_step(qtbot: QtBot, person: Person, screen: InstructorsScreen) -> None:
    (bar,) = bars(screen, MON)
    bar.setFocus()
    for _ in range(3):
        person.key(Qt.Key.Key_Left)
    person.key(Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert stored(person, MON) == [(540, 1080)], "nothing is written between the presses"
    screen.people.setFocus()
    person.settle()
    assert stored(person, MON) == [(495, 1050)]
    person.undo()
    assert stored(person, MON) == [(540, 1080)]


def test_a_pause_after_the_arrows_is_enough(qtbot: QtBot, person: Person, screen: InstructorsScreen) -> None:
    (bar,) = bars(screen, MON)
    bar.setFocus()
    person.key(Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: stored(person, MON) == [(555, 1095)])
    person.settle()
    assert bars(screen, MON)[0].hasFocus()


def test_times_are_typed(person: Person, screen: InstructorsScreen) -> None:
    (bar,) = bars(screen, MON)
    bar.setFocus()
    person.key(Qt.Key.Key_Return)
    form = screen.panel.form
    assert form is not None
    person.type("7:30am", over=True)
    person.key(Qt.Key.Key_Tab)
    person.type("7am", over=True)
    person.key(Qt.Key.Key_Return)
    assert screen.panel.form is form, "hours end after they start"
    person.type("3pm", over=True)
    person.key(Qt.Key.Key_Return)
    assert stored(person, MON) == [(450, 900)]
    assert screen.panel.form is None


def test_new_hours_begin_on_a_date_and_leave_the_present_ones(person: Person, screen: InstructorsScreen) -> None:
    person.click(screen.week.begin)
    person.type("1 feb 2027")
    person.key(Qt.Key.Key_Return)
    assert stored(person, MON) == [(540, 1080), (540, 1080)]
    (later,) = bars(screen, MON)
    assert later.bar.effective_from == date(2027, 2, 1)
    later.setFocus()
    person.key(Qt.Key.Key_Delete)
    assert stored(person, MON) == [(540, 1080)]
    assert bars(screen, MON) == []
    screen.week.chosen.emit(0)
    assert [bar.span.start for bar in bars(screen, MON)] == [540]


def test_new_hours_cannot_begin_in_the_past(person: Person, screen: InstructorsScreen) -> None:
    person.click(screen.week.begin)
    person.type("yesterday")
    person.key(Qt.Key.Key_Return)
    assert screen.panel.form is not None
    assert stored(person, MON) == [(540, 1080)]


def test_a_day_is_copied_to_others(person: Person, screen: InstructorsScreen) -> None:
    person.click(screen.week.copy)
    form = screen.panel.form
    assert form is not None
    for tick in (f"day-{SAT}", f"who-{ETHAN}"):
        form.editor(tick).setFocus()
        person.key(Qt.Key.Key_Space)
    person.key(Qt.Key.Key_Return)
    assert stored(person, SAT) == [(540, 1080)]
    assert stored(person, SAT, ETHAN) == [(540, 1080)]
    assert stored(person, SUN) == []


# -- dates ------------------------------------------------------------------------------------------------------------


def test_leave_is_added_as_a_range_and_removed_as_one(person: Person, screen: InstructorsScreen) -> None:
    request = NewBooking(MIA, DANA, LESSON, at(10, date(2027, 1, 5)), at(11, date(2027, 1, 5)))
    person.school.run(lambda uow: book(uow, request))
    person.click(screen.days.leave)
    person.type("4 jan 2027")
    person.key(Qt.Key.Key_Tab)
    person.type("15 jan 2027")
    person.key(Qt.Key.Key_Return)
    assert day_texts(screen) == [("4–15 Jan 2027", "Off", "Leave, 12 days")]
    assert "lesson is booked" in person.toast
    assert len(person.rows(sa.select(Booking.id).where(Booking.org_id == ORG))) == 1
    screen.days.table.setFocus()
    person.key(Qt.Key.Key_Delete)
    assert day_texts(screen) == []
    assert person.rows(sa.select(AvailabilityException.id)) == []
    person.undo()
    assert day_texts(screen) == [("4–15 Jan 2027", "Off", "Leave, 12 days")]


def test_a_part_of_a_day_and_an_extra_day(person: Person, screen: InstructorsScreen) -> None:
    person.click(screen.days.leave)
    person.type("25 nov")
    for text in ("", "2:30pm", "", "School concert"):
        person.key(Qt.Key.Key_Tab)
        person.type(text)
    person.key(Qt.Key.Key_Return)
    person.click(screen.days.extra)
    for text in ("12 dec", "8", "4pm", ""):
        person.type(text)
        person.key(Qt.Key.Key_Tab)
    screen.panel.form.go()
    person.settle()
    assert day_texts(screen) == [
        ("Wed 25 Nov 2026", "Off from 2:30 pm", "School concert"),
        ("Sat 12 Dec 2026", "Open 8:00 am – 4:00 pm", "Extra day"),
    ]


def test_leave_that_makes_no_sense_is_refused_in_the_form(person: Person, screen: InstructorsScreen) -> None:
    person.click(screen.days.leave)
    form = screen.panel.form
    assert form is not None
    person.key(Qt.Key.Key_Return)
    assert form.editor("first").hasFocus()
    person.type("4 jan 2027")
    person.key(Qt.Key.Key_Tab)
    person.type("1 jan 2027")
    person.key(Qt.Key.Key_Return)
    last = form.editor("last")
    assert isinstance(last, QLineEdit)
    assert last.hasFocus()
    assert day_texts(screen) == []


def test_public_holidays_are_loaded_opened_and_removed(person: Person, screen: InstructorsScreen) -> None:
    person.click(screen.days.holidays)
    person.click(button(screen, "Load public holidays of the state"))
    christmas = ("Fri 25 Dec 2026", "Closed", "Christmas Day, NSW")
    assert christmas in day_texts(screen)
    table = screen.days.table
    table.setFocus()
    table.setCurrentIndex(table.model().index(day_texts(screen).index(christmas), 0))
    person.click(screen.days.toggle)
    assert ("Fri 25 Dec 2026", "Lessons are given", "Christmas Day, NSW") in day_texts(screen)
    where = (Holiday.org_id == ORG, Holiday.date == date(2026, 12, 25))
    assert person.rows(sa.select(Holiday.closed).where(*where)) == [(False,)]
    table.setFocus()
    person.key(Qt.Key.Key_Delete)
    assert person.rows(sa.select(Holiday.closed).where(*where)) == []
    person.click(screen.days.holidays)
    person.type("24 dec")
    person.key(Qt.Key.Key_Tab)
    person.type("Office party")
    person.key(Qt.Key.Key_Return)
    assert ("Thu 24 Dec 2026", "Closed", "Office party") in day_texts(screen)


# -- who may, and who cannot see -------------------------------------------------------------------------------------


def test_an_instructor_changes_only_the_own_hours(make_person: MakePerson) -> None:
    person = make_person(Who(DANA_USER, "Dana Reid", OrgRole.INSTRUCTOR))
    screen = person.screen
    assert isinstance(screen, InstructorsScreen)
    assert not screen.new.isEnabled()
    track = screen.week.editor.tracks[SAT]
    track.setFocus()
    person.key(Qt.Key.Key_Return)
    assert stored(person, SAT) == [(480, 720)]
    screen.people.setFocus()
    person.key(Qt.Key.Key_Down)
    track.setFocus()
    person.key(Qt.Key.Key_Return)
    assert stored(person, SAT, ETHAN) == []
    assert not screen.days.leave.isEnabled()


def test_every_control_has_a_name(person: Person, screen: InstructorsScreen) -> None:
    assert unnamed_controls(person.program.window) == []
    for click in (screen.new, screen.week.copy, screen.days.leave, screen.days.extra, screen.days.holidays):
        person.click(click)
        assert unnamed_controls(person.program.window) == []
        person.key(Qt.Key.Key_Escape)
