"""The front desk at Students: the roster, one student, guardians; on the screen and in the database."""

import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QProgressBar

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.commands.guardians import Link, NewGuardian, create_guardian, link_guardian
from driveflow_desktop.domain.people.tables import Guardian, Student, StudentGuardian
from driveflow_desktop.domain.people.values import LicenceClass, Transmission
from driveflow_desktop.domain.scheduling.commands.booking import NewBooking, book
from driveflow_desktop.store.unit_of_work import UnitOfWork
from driveflow_desktop.ui.screens.calendar.presenter import Wish
from driveflow_desktop.ui.screens.students.presenter import HAPPENINGS
from driveflow_desktop.ui.screens.students.screen import StudentsScreen
from driveflow_desktop.ui.shell.a11y import unnamed_controls
from driveflow_desktop.ui.widgets.buttons import Button
from driveflow_desktop.ui.widgets.inline import EditableValue
from driveflow_desktop.ui.widgets.marks import pill_width
from tests.helpers.school import DANA, DANA_USER, LESSON, MIA, NOAH, ZOE, at
from tests.ui.screens.people_rig import Elsewhere, MakePerson, Person, Who

NAME, PHONE, LICENCE, LOGBOOK, NEXT, ACCOUNT = range(6)


def names(screen: StudentsScreen) -> list[str]:
    return [row.full_name for row in screen.model.rows]


def go_to(screen: StudentsScreen, name: str, column: int) -> None:
    screen.roster.setFocus()
    screen.roster.setCurrentIndex(screen.model.index(names(screen).index(name), column))


def texts(screen: StudentsScreen, name: str) -> tuple[str, ...]:
    return screen.model.texts(names(screen).index(name))


def button(screen: StudentsScreen, text: str) -> Button:
    return next(each for each in screen.window().findChildren(Button) if each.text() == text and each.isVisible())


def column_of(person: Person, column: sa.ColumnElement[object], who: object = MIA) -> object:
    return person.rows(sa.select(column).where(Student.id == who))[0][0]


# -- the roster -------------------------------------------------------------------------------------------------------


def test_the_first_student_is_shown_beside_the_roster(screen: StudentsScreen) -> None:
    assert names(screen) == ["Mia Tran", "Noah Li", "Zoe Hart"]
    assert screen.panel.isVisible()
    assert screen.panel.fields.value("full_name").field.shown == "Mia Tran"


def test_a_phone_is_typed_in_its_cell_and_undone(person: Person, screen: StudentsScreen) -> None:
    go_to(screen, "Noah Li", PHONE)
    person.key(Qt.Key.Key_F2)
    person.type("0412 345 678")
    person.key(Qt.Key.Key_Return)
    assert column_of(person, Student.phone, NOAH) == "+61412345678"
    assert texts(screen, "Noah Li")[PHONE] == "0412 345 678"
    assert screen.panel.fields.value("phone").field.shown == "0412 345 678"
    assert person.toast == "Phone changed"
    person.undo()
    assert column_of(person, Student.phone, NOAH) is None
    assert texts(screen, "Noah Li")[PHONE] == ""


def test_a_wrong_phone_is_refused_at_the_cell(person: Person, screen: StudentsScreen) -> None:
    go_to(screen, "Noah Li", PHONE)
    person.key(Qt.Key.Key_F2)
    person.type("0412")
    person.key(Qt.Key.Key_Return)
    editor = screen.roster.editor
    assert editor is not None
    assert "not a phone number" in editor.error.text
    person.key(Qt.Key.Key_Escape)
    assert screen.roster.editor is None
    assert column_of(person, Student.phone, NOAH) is None


def test_tab_goes_through_the_cells_of_a_row(person: Person, screen: StudentsScreen) -> None:
    go_to(screen, "Mia Tran", NAME)
    person.key(Qt.Key.Key_F2)
    person.type("Mia Tran-Le", over=True)
    person.key(Qt.Key.Key_Tab)
    person.type("0412 345 678")
    person.key(Qt.Key.Key_Tab)
    editor = screen.roster.editor
    assert editor is not None
    assert editor.cell.name == "Licence"
    person.key(Qt.Key.Key_Tab)
    person.type("31:30", over=True)
    person.key(Qt.Key.Key_Return)
    assert column_of(person, Student.full_name) == "Mia Tran-Le"
    assert column_of(person, Student.phone) == "+61412345678"
    assert column_of(person, Student.logbook_minutes) == 31 * 60 + 30
    assert texts(screen, "Mia Tran-Le")[LOGBOOK] == "31.5 / 120 h"


def test_hours_that_are_none_are_refused(person: Person, screen: StudentsScreen) -> None:
    go_to(screen, "Mia Tran", LOGBOOK)
    person.key(Qt.Key.Key_F2)
    person.type("plenty", over=True)
    person.key(Qt.Key.Key_Return)
    editor = screen.roster.editor
    assert editor is not None
    assert "number of hours" in editor.error.text


def test_a_renamed_student_stays_picked_where_the_name_sorts(person: Person, screen: StudentsScreen) -> None:
    go_to(screen, "Mia Tran", NAME)
    person.key(Qt.Key.Key_F2)
    person.type("Zzuri Tran", over=True)
    person.key(Qt.Key.Key_Return)
    assert names(screen) == ["Noah Li", "Zoe Hart", "Zzuri Tran"]
    assert screen.roster.current_row.id == MIA
    assert screen.panel.fields.value("full_name").field.shown == "Zzuri Tran"


def test_typing_filters_by_name_and_phone_ending(person: Person, screen: StudentsScreen) -> None:
    person.school.run(lambda uow: uow.update(Student, ZOE, {"phone": "+61412345678"}))
    screen.filter.setFocus()
    person.type("noa")
    assert names(screen) == ["Noah Li"]
    person.key(Qt.Key.Key_Escape)
    person.type("5678")
    assert names(screen) == ["Zoe Hart"]


def test_chips_narrow_the_roster(person: Person, screen: StudentsScreen) -> None:
    person.school.run(lambda uow: book(uow, NewBooking(MIA, DANA, LESSON, at(10), at(11))))
    person.click(screen.chips.button("no_next_lesson"))
    assert names(screen) == ["Noah Li", "Zoe Hart"]
    person.click(screen.chips.button("owing"))
    assert names(screen) == []
    assert screen._count.text() == "0 of 0"


def test_a_header_sorts_by_next_lesson(person: Person, screen: StudentsScreen) -> None:
    for student, hour in ((ZOE, 10), (MIA, 12)):
        request = NewBooking(student, DANA, LESSON, at(hour), at(hour + 1))
        person.school.run(lambda uow, request=request: book(uow, request))
    header = screen.roster.horizontalHeader()
    spot = header.viewport().rect().center()
    spot.setX(header.sectionViewportPosition(NEXT) + 20)
    person.click(header.viewport(), spot)
    assert names(screen) == ["Zoe Hart", "Mia Tran", "Noah Li"]


def test_in_a_small_window_no_column_is_cut_and_the_filters_keep_one_line(
    person: Person, screen: StudentsScreen
) -> None:
    extra = [{"full_name": f"Adaeze Tesfaye {number}"} for number in range(30)]
    person.school.run(lambda uow: uow.bulk(Student, extra))
    person.program.window.resize(1180, 720)
    screen.model.restart()
    person.settle()
    table = screen.roster
    assert screen.panel.isVisible()
    assert table.verticalScrollBar().isVisible()
    assert table.horizontalHeader().length() <= table.viewport().width()
    assert table.columnWidth(ACCOUNT) >= pill_width("$1,228.00 due") + 20
    assert screen.filter.width() > 160
    assert {screen.chips.button(chip).y() for chip in screen.chips.chips()} == {0}


# -- one student ------------------------------------------------------------------------------------------------------


def test_a_new_student_by_three_lines(person: Person, screen: StudentsScreen) -> None:
    person.click(button(screen, "New student"))
    for text in ("Ada Okafor", "0412 345 678", "Newtown"):
        person.type(text)
        person.key(Qt.Key.Key_Tab)
    screen.panel.form.go()
    person.settle()
    assert names(screen)[0] == "Ada Okafor"
    assert screen.panel.fields.value("pickup_address").field.shown == "Newtown"
    person.undo()
    assert "Ada Okafor" not in names(screen)


def test_esc_from_a_new_student_goes_back_to_the_one_before_who_can_be_changed(
    person: Person, screen: StudentsScreen
) -> None:
    person.click(button(screen, "New student"))
    person.key(Qt.Key.Key_Escape)
    person.click(screen.panel.fields.value("alert"))
    person.type("Left-handed")
    person.key(Qt.Key.Key_Return)
    assert column_of(person, Student.alert) == "Left-handed"


def test_the_hours_stand_over_the_bar_and_are_changed_there(person: Person, screen: StudentsScreen) -> None:
    person.school.run(lambda uow: uow.update(Student, MIA, {"transmission": Transmission.MANUAL}))
    screen.presenter.load()
    person.settle()
    assert screen.panel.fields.value("transmission").field.shown == "Manual"
    (hours,) = [each for each in screen.panel.findChildren(EditableValue) if each.field.id == "logbook_minutes"]
    assert hours.accessibleName() == "Logbook: 0.0 of 120 h"
    person.click(hours)
    person.type("31:30", over=True)
    person.key(Qt.Key.Key_Return)
    assert column_of(person, Student.logbook_minutes) == 31 * 60 + 30
    assert hours.field.shown == "31.5 of 120 h"
    (bar,) = screen.panel.findChildren(QProgressBar)
    assert (bar.value(), bar.maximum()) == (31 * 60 + 30, 120 * 60)


def test_who_has_that_phone_already_is_told_while_typing(person: Person, screen: StudentsScreen) -> None:
    person.school.run(lambda uow: uow.update(Student, ZOE, {"phone": "+61412345678"}))
    person.click(button(screen, "New student"))
    person.type("Zoe Hart")
    person.key(Qt.Key.Key_Tab)
    person.type("0412 345 67")
    assert not [each for each in screen.findChildren(Button) if "Zoe Hart" in each.text() and each.isVisible()]
    person.type("8")
    person.click(button(screen, "Zoe Hart is here already"))
    assert screen.panel.form is None
    assert screen.panel.fields.value("full_name").field.shown == "Zoe Hart"


def test_fields_of_the_panel_are_changed_in_place(person: Person, screen: StudentsScreen) -> None:
    fields = screen.panel.fields
    person.click(fields.value("licence_class"))
    person.key(Qt.Key.Key_Down)
    person.key(Qt.Key.Key_Return)
    assert column_of(person, Student.licence_class) is LicenceClass.LEARNER
    assert texts(screen, "Mia Tran")[LICENCE] == "Learner"
    person.click(fields.value("notes"))
    person.type("Nervous on merges.")
    person.key(Qt.Key.Key_Return)
    person.type("Mum asked for the M5.")
    person.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert column_of(person, Student.notes) == "Nervous on merges.\nMum asked for the M5."
    person.click(fields.value("dob"))
    person.type("31/02/2009")
    person.key(Qt.Key.Key_Return)
    assert "not a date" in fields.value("dob").error.text


def test_a_guardian_is_added_pays_and_is_linked_to_a_sibling(person: Person, screen: StudentsScreen) -> None:
    person.click(button(screen, "Add a guardian…"))
    for text in ("Linh Tran", "0412 345 678", "mother"):
        person.type(text)
        person.key(Qt.Key.Key_Tab)
    screen.panel.form.go()
    person.settle()
    assert screen.panel.form is None
    links = sa.select(StudentGuardian.student_id, StudentGuardian.is_payer, StudentGuardian.relation)
    assert person.rows(links) == [(MIA, True, "mother")]
    go_to(screen, "Noah Li", NAME)
    person.settle()
    person.click(button(screen, "Add a guardian…"))
    person.type("linh")
    person.click(button(screen, "Link Linh Tran · 0412 345 678"))
    assert sorted(person.rows(sa.select(StudentGuardian.student_id))) == [(MIA,), (NOAH,)]
    assert len(person.rows(sa.select(Guardian.id))) == 1
    remove = next(each for each in screen.panel.findChildren(Button) if each.accessibleName().startswith("Remove Linh"))
    person.click(remove)
    assert person.rows(sa.select(StudentGuardian.student_id)) == [(MIA,)]


def test_gps_consent_is_given_by_somebody_and_withdrawn(person: Person, screen: StudentsScreen) -> None:
    person.click(button(screen, "Record…"))
    form = screen.panel.form
    assert form is not None
    person.key(Qt.Key.Key_Return)
    assert screen.panel.form is form, "consent is somebody's"
    person.type("Linh Tran")
    person.key(Qt.Key.Key_Return)
    assert column_of(person, Student.gps_consent_by) == "Linh Tran"
    person.click(button(screen, "Withdraw"))
    assert column_of(person, Student.gps_consent_at) is None
    person.undo()
    assert column_of(person, Student.gps_consent_by) == "Linh Tran"


def test_only_a_student_without_bookings_is_deleted(person: Person, screen: StudentsScreen) -> None:
    person.school.run(lambda uow: book(uow, NewBooking(MIA, DANA, LESSON, at(10), at(11))))
    person.click(button(screen, "Delete"))
    assert "has to stay" in person.toast
    go_to(screen, "Noah Li", NAME)
    person.settle()
    person.click(button(screen, "Delete"))
    assert names(screen) == ["Mia Tran", "Zoe Hart"]
    person.undo()
    assert names(screen) == ["Mia Tran", "Noah Li", "Zoe Hart"]


def test_booking_goes_to_the_calendar_for_this_student(person: Person, screen: StudentsScreen) -> None:
    person.click(button(screen, "Book lesson"))
    elsewhere = person.program.window.host.current
    assert isinstance(elsewhere, Elsewhere)
    assert elsewhere.arguments == [Wish(student_id=MIA)]


def test_earlier_happenings_are_shown_on_demand(person: Person, screen: StudentsScreen) -> None:
    for number in range(HAPPENINGS + 5):
        person.school.run(lambda uow, number=number: uow.update(Student, MIA, {"notes": f"Note {number}"}))
    screen.presenter.load()
    person.settle()
    assert screen.panel.more.isVisible()
    screen.panel.more.setFocus()
    person.key(Qt.Key.Key_Space)
    assert not screen.panel.more.isVisible()


# -- guardians ----------------------------------------------------------------------------------------------------


def _family(uow: UnitOfWork) -> None:
    linh = create_guardian(uow, NewGuardian("Linh Tran", "0412 345 678"))
    link_guardian(uow, Link(MIA, linh, "mother", True))
    link_guardian(uow, Link(NOAH, linh, "aunt"))
    create_guardian(uow, NewGuardian("Bob Hart"))


def test_guardians_have_a_list_of_their_own(person: Person, screen: StudentsScreen) -> None:
    person.school.run(_family)
    person.click(screen.kinds._buttons["guardians"])
    entries = screen.guardians.entries
    assert [entries.texts(at)[0] for at in range(entries.rowCount())] == ["Bob Hart", "Linh Tran"]
    assert entries.texts(1)[3] == "Mia Tran (mother) · pays, Noah Li (aunt)"
    screen.filter.setFocus()
    person.type("linh")
    assert [row.name for row in entries.rows] == ["Linh Tran"]
    screen.guardians.setFocus()
    screen.guardians.setCurrentIndex(entries.index(0, 2))
    person.key(Qt.Key.Key_F2)
    person.type("linh@example.com")
    person.key(Qt.Key.Key_Return)
    found = sa.select(Guardian.email).where(Guardian.full_name == "Linh Tran")
    assert person.rows(found) == [("linh@example.com",)]
    assert entries.rows[0].email == "linh@example.com"
    person.key(Qt.Key.Key_Return)
    assert screen.panel.fields.value("full_name").field.shown == "Mia Tran"
    assert screen.kinds.value == "students"


def test_a_guardian_is_removed_and_brought_back(person: Person, screen: StudentsScreen) -> None:
    person.school.run(_family)
    person.click(screen.kinds._buttons["guardians"])
    screen.guardians.setFocus()
    screen.guardians.setCurrentIndex(screen.guardians.entries.index(1, 0))
    person.key(Qt.Key.Key_Delete)
    assert [row.name for row in screen.guardians.entries.rows] == ["Bob Hart"]
    assert person.rows(sa.select(StudentGuardian.id)) == []
    person.undo()
    assert len(person.rows(sa.select(StudentGuardian.id))) == 2


# -- who may, and who cannot see -----------------------------------------------------------------------------------


def test_an_instructor_keeps_notes_and_logbook_but_no_phones(make_person: MakePerson) -> None:
    person = make_person(Who(DANA_USER, "Dana Reid", OrgRole.INSTRUCTOR))
    screen = person.screen
    assert isinstance(screen, StudentsScreen)
    go_to(screen, "Mia Tran", PHONE)
    person.key(Qt.Key.Key_F2)
    assert screen.roster.editor is None
    assert "front desk" in person.toast
    person.click(screen.panel.fields.value("phone"))
    assert screen.panel.fields.value("phone").editor is None
    person.click(screen.panel.fields.value("alert"))
    person.type("Left-handed")
    person.key(Qt.Key.Key_Return)
    assert column_of(person, Student.alert) == "Left-handed"
    assert not button(screen, "New student").isEnabled()
    assert not button(screen, "Delete").isEnabled()


def test_every_control_has_a_name(person: Person, screen: StudentsScreen) -> None:
    person.school.run(_family)
    assert unnamed_controls(person.program.window) == []
    for text in ("New student", "Add a guardian…", "Record…"):
        person.click(button(screen, text))
        assert unnamed_controls(person.program.window) == []
        person.key(Qt.Key.Key_Escape)
        go_to(screen, "Noah Li", NAME)
        go_to(screen, "Mia Tran", NAME)
        person.settle()
    person.click(screen.kinds._buttons["guardians"])
    assert unnamed_controls(person.program.window) == []
