"""Spreadsheets in and out: read, mapped, checked, imported all or none, undone, exported."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox

from driveflow_desktop.domain.people.commands import importing
from driveflow_desktop.domain.people.tables import Guardian, Student
from driveflow_desktop.ui.screens.students.import_panel import ImportPanel
from driveflow_desktop.ui.screens.students.screen import StudentsScreen
from driveflow_desktop.ui.shell.a11y import unnamed_controls
from tests.helpers.school import ORG
from tests.ui.screens.people_rig import Person

GOOD = "Name;Mobile;Suburb;Parent;Parent phone\nAda Okafor;0412 345 678;Newtown;Obi Okafor;0412 345 679\nBen Ng;;;;\n"


@pytest.fixture
def panel(screen: StudentsScreen) -> ImportPanel:
    screen._parts.setCurrentWidget(screen.importing)
    return screen.importing


def read(person: Person, panel: ImportPanel, path: Path, text: str, encoding: str = "utf-8") -> None:
    path.write_bytes(text.encode(encoding))
    panel.open_file(path)
    person.settle()


def lines(panel: ImportPanel) -> list[tuple[str, ...]]:
    return [panel._model.texts(at) for at in range(panel._model.rowCount())]


def choose(person: Person, box: QComboBox, value: str) -> None:
    """Open the list by a key, go to a value, take it."""
    box.setFocus()
    person.key(Qt.Key.Key_Down)
    down = box.findData(value) - box.currentIndex()
    for _ in range(abs(down)):
        QTest.keyClick(box.view(), Qt.Key.Key_Down if down > 0 else Qt.Key.Key_Up)
    QTest.keyClick(box.view(), Qt.Key.Key_Return)
    person.settle()


def students(person: Person) -> int:
    return len(person.rows(sa.select(Student.id).where(Student.org_id == ORG)))


def test_a_good_file_is_read_guessed_imported_and_undone_as_one(
    person: Person, panel: ImportPanel, screen: StudentsScreen, tmp_path: Path
) -> None:
    read(person, panel, tmp_path / "old.csv", GOOD)
    assert panel._delimiter.currentData() == ";"
    assert {header: box.currentData() for header, box in panel.columns.items()} == {
        "Name": "full_name",
        "Mobile": "phone",
        "Suburb": "suburb",
        "Parent": "guardian_name",
        "Parent phone": "guardian_phone",
    }
    assert [line[1] for line in lines(panel)] == ["Ada Okafor", "Ben Ng"]
    assert panel.go.text() == "Import 2 students"
    person.click(panel.go)
    assert students(person) == 5
    assert person.rows(sa.select(Guardian.full_name)) == [("Obi Okafor",)]
    assert not panel.isVisible()
    assert [row.full_name for row in screen.model.rows][:2] == ["Ada Okafor", "Ben Ng"]
    assert person.toast == "2 students imported"
    person.undo()
    assert students(person) == 3
    assert person.rows(sa.select(Guardian.full_name)) == []


def test_rows_with_mistakes_hold_everything_up_until_they_are_left_out(
    person: Person, panel: ImportPanel, tmp_path: Path
) -> None:
    read(person, panel, tmp_path / "bad.csv", "Name,Phone\nAda Okafor,0412 345 678\nBen Ng,123\n,0412 345 679\n")
    assert [(line[0], line[4]) for line in lines(panel)] == [("3", "Mistake"), ("4", "Mistake"), ("2", "New")]
    assert "phone number" in lines(panel)[0][3]
    assert not panel.go.isEnabled()
    panel._skip.setFocus()
    person.key(Qt.Key.Key_Space)
    assert panel.go.text() == "Import 1 student"
    person.click(panel.go)
    assert students(person) == 4


def test_a_column_is_said_to_be_something_else(person: Person, panel: ImportPanel, tmp_path: Path) -> None:
    read(person, panel, tmp_path / "odd.csv", "Wer,Was\nAda Okafor,Likes roundabouts\n")
    assert not panel.go.isEnabled()
    assert "names" in panel._blocked.text()
    choose(person, panel.columns["Wer"], "full_name")
    assert panel.go.isEnabled()
    choose(person, panel.columns["Was"], "notes")
    person.click(panel.go)
    found = sa.select(Student.notes).where(Student.full_name == "Ada Okafor")
    assert person.rows(found) == [("Likes roundabouts",)]


def test_another_encoding_is_chosen_by_looking_at_the_names(person: Person, panel: ImportPanel, tmp_path: Path) -> None:
    read(person, panel, tmp_path / "mac.csv", "Name,Suburb\nZoë Müller,Glebe\n", "mac_roman")
    assert not panel._doubt.isHidden(), "the file does not say how it is written"
    choose(person, panel._encoding, "mac_roman")
    assert lines(panel)[0][1] == "Zoë Müller"


def test_somebody_who_is_here_already_is_left_out_unless_wanted(
    person: Person, panel: ImportPanel, tmp_path: Path
) -> None:
    person.school.run(lambda uow: uow.bulk(Student, [{"full_name": "Ada Okafor", "phone": "+61412345678"}]))
    read(person, panel, tmp_path / "again.csv", "Name,Phone\nAda Okafor,0412 345 678\nBen Ng,\n")
    assert lines(panel)[0][3:] == ("Looks like Ada Okafor", "Left out")
    assert panel.go.text() == "Import 1 student"
    panel._take.setFocus()
    person.key(Qt.Key.Key_Space)
    assert panel.go.text() == "Import 2 students"


def test_what_is_no_table_is_refused_in_the_panel(person: Person, panel: ImportPanel, tmp_path: Path) -> None:
    workbook = tmp_path / "school.xlsx"
    workbook.write_bytes(b"PK\x03\x04rest")
    panel.open_file(workbook)
    person.settle()
    assert "CSV" in panel.error.text
    assert not panel.go.isEnabled()
    read(person, panel, tmp_path / "good.csv", GOOD)
    assert panel.error.text == ""
    assert panel.go.isEnabled()


def test_a_stopped_import_leaves_nothing_behind(
    person: Person, panel: ImportPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "MOST_ROWS", 10)
    rows = "".join(f"Student {number},\n" for number in range(40))
    read(person, panel, tmp_path / "long.csv", "Name,Phone\n" + rows)
    panel.go.click()
    panel.stop.click()
    person.settle()
    assert "Nothing was imported" in panel.error.text
    assert students(person) == 3


def test_a_long_file_goes_in_parts(
    person: Person, panel: ImportPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "MOST_ROWS", 10)
    rows = "".join(f"Student {number},\n" for number in range(25))
    read(person, panel, tmp_path / "long.csv", "Name,Phone\n" + rows)
    person.click(panel.go)
    assert students(person) == 28
    for left in (23, 13, 3):
        person.undo()
        assert students(person) == left


def test_esc_leaves_the_import(person: Person, panel: ImportPanel, screen: StudentsScreen, tmp_path: Path) -> None:
    read(person, panel, tmp_path / "good.csv", GOOD)
    panel.columns["Name"].setFocus()
    person.key(Qt.Key.Key_Escape)
    assert not panel.isVisible()
    assert students(person) == 3


def test_every_control_of_the_import_has_a_name(person: Person, panel: ImportPanel, tmp_path: Path) -> None:
    read(person, panel, tmp_path / "bad.csv", "Name,Phone\nAda Okafor,0412 345 678\nBen Ng,123\n")
    assert unnamed_controls(person.program.window) == []


def test_what_the_filter_leaves_is_exported_and_known_again(
    person: Person, screen: StudentsScreen, tmp_path: Path
) -> None:
    screen.filter.setFocus()
    person.type("noah")
    screen.export_to(tmp_path / "out.csv")
    person.settle()
    assert person.toast == "1 student written to out.csv"
    text = (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
    assert text.splitlines()[1].startswith("Noah Li,")
    assert len(text.splitlines()) == 2
    screen._parts.setCurrentWidget(screen.importing)
    screen.importing.open_file(tmp_path / "out.csv")
    person.settle()
    assert screen.importing.columns["Name"].currentData() == "full_name"
    assert lines(screen.importing)[0][1] == "Noah Li"
