"""Activity in the whole program."""

import pytest
from PySide6.QtWidgets import QStyleOptionViewItem, QTableView

from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.ui.shell.a11y import unnamed_controls
from tests.helpers.school import MIA
from tests.ui.screens.desk_rig import words_of
from tests.ui.screens.people_rig import Person


@pytest.fixture
def table(person: Person) -> QTableView:
    person.program.window.open("activity")
    person.settle()
    return person.screen.findChildren(QTableView)[0]


def cells(table: QTableView, row: int) -> list[str]:
    model = table.model()
    return [str(model.index(row, column).data()) for column in range(model.columnCount())]


def rename(person: Person, name: str) -> None:
    receipt = person.school.run(lambda uow: uow.update(Student, MIA, {"full_name": name}))
    person.program.window.dispatch(receipt.changes)
    person.settle()


def test_an_edit_shows_at_once_with_before_and_after(person: Person, table: QTableView) -> None:
    rename(person, "<i>Mia</i> 🚗 مريم")
    assert "<i>Mia</i> 🚗 مريم" in cells(table, 0)[3]
    table.selectRow(0)
    person.settle()
    words = words_of(person.screen)
    assert {"Mia Tran", "<i>Mia</i> 🚗 مريم", "Before", "After"} <= set(words)
    assert unnamed_controls(person.program.window) == []


def test_words_begin_under_their_header(person: Person, table: QTableView) -> None:
    rename(person, "Mia Married")
    style = table.style()
    option = QStyleOptionViewItem()
    table.initViewItemOption(option)
    option.rect = table.visualRect(table.model().index(0, 1))
    option.text = "Mia"
    option.features |= QStyleOptionViewItem.ViewItemFeature.HasDisplay
    words = style.subElementRect(style.SubElement.SE_ItemViewItemText, option, table)
    assert words.left() - option.rect.left() >= 12
