"""Form fields under real keys."""

from datetime import date

import pytest
from PySide6.QtCore import QDate, Qt
from PySide6.QtWidgets import QCalendarWidget, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.shell.theme import Theme
from driveflow_desktop.ui.widgets.fields import DateField, FormField, MoneyField, TimeField

TODAY = date(2026, 11, 24)
KEY = Qt.Key


class Form(QWidget):
    """The three fields and somewhere else to go."""

    def __init__(self) -> None:
        super().__init__()
        self.date, self.time, self.money = DateField("When", lambda: TODAY), TimeField("At"), MoneyField("Price")
        self.other = QLineEdit()
        column = QVBoxLayout(self)
        for field in (self.date, self.time, self.money, self.other):
            column.addWidget(field)
        self.changes = 0
        for field in (self.date, self.time, self.money):
            field.changed.connect(self._count)

    def _count(self) -> None:
        self.changes += 1


@pytest.fixture
def form(qtbot: QtBot, theme: Theme) -> Form:
    made = Form()
    qtbot.addWidget(made)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    return made


def test_what_is_typed_becomes_a_value_and_is_tidied_on_leaving(form: Form, qtbot: QtBot) -> None:
    form.date.setFocus()
    qtbot.keyClicks(form.date, "fri")
    assert form.date.value == date(2026, 11, 27)
    assert form.date.text() == "fri", "not while it is typed"
    form.time.setFocus()
    assert form.date.text() == "Fri 27 Nov 2026"
    qtbot.keyClicks(form.time, "230")
    form.money.setFocus()
    assert (form.time.text(), form.time.value) == ("2:30 pm", 870)
    qtbot.keyClicks(form.money, "95.5")
    form.other.setFocus()
    assert (form.money.text(), form.money.value) == ("$95.50", 9550)


def test_a_wrong_text_stays_and_is_marked_with_the_way_out(form: Form, qtbot: QtBot) -> None:
    form.date.setFocus()
    qtbot.keyClicks(form.date, "soon")
    assert form.date.property("wrong") != "true", "not while it is typed"
    form.other.setFocus()
    assert (form.date.value, form.date.text(), form.date.property("wrong")) == (None, "soon", "true")
    assert form.date.error is not None
    assert "3 dec" in form.date.accessibleDescription()
    form.date.setFocus()
    form.date.selectAll()
    qtbot.keyClicks(form.date, "today")
    assert (form.date.value, form.date.error, form.date.property("wrong")) == (TODAY, None, "false")


def test_an_emptied_field_has_no_value_and_no_error(form: Form, qtbot: QtBot) -> None:
    form.money.set_value(9500)
    form.money.setFocus()
    form.money.selectAll()
    qtbot.keyClick(form.money, KEY.Key_Delete)
    form.other.setFocus()
    assert (form.money.value, form.money.error, form.money.text()) == (None, None, "")


def test_arrows_step(form: Form, qtbot: QtBot) -> None:
    qtbot.keyClick(form.date, KEY.Key_Up)
    assert form.date.value == TODAY
    qtbot.keyClick(form.date, KEY.Key_Down)
    assert form.date.value == date(2026, 11, 23)
    form.time.set_value(9 * 60 + 5)
    qtbot.keyClick(form.time, KEY.Key_Up)
    assert form.time.value == 9 * 60 + 15
    form.time.set_value(9 * 60 + 5)
    qtbot.keyClick(form.time, KEY.Key_Down)
    assert form.time.value == 9 * 60
    form.money.set_value(50)
    qtbot.keyClick(form.money, KEY.Key_Down)
    assert form.money.value == 0


def test_only_changes_are_told(form: Form, qtbot: QtBot) -> None:
    form.money.set_value(100)
    assert form.changes == 0
    form.money.setFocus()
    form.money.selectAll()
    qtbot.keyClicks(form.money, "95")
    assert form.changes == 2
    qtbot.keyClick(form.money, KEY.Key_Space)
    form.other.setFocus()
    assert form.changes == 2


def test_a_day_from_the_month(form: Form, qtbot: QtBot) -> None:
    form.date.set_value(date(2026, 12, 3))
    qtbot.keyClick(form.date, KEY.Key_Down, Qt.KeyboardModifier.AltModifier)
    (month,) = form.date.findChildren(QCalendarWidget)
    assert month.isVisible()
    assert month.selectedDate() == QDate(2026, 12, 3)
    month.activated.emit(QDate(2026, 12, 9))
    assert form.date.value == date(2026, 12, 9)
    assert month.isHidden()


def test_a_form_field_shows_its_error_underneath(qtbot: QtBot, theme: Theme) -> None:
    field = FormField("Price", QLineEdit())
    qtbot.addWidget(field)
    field.show()
    assert field.field.accessibleName() == "Price"
    assert field.error.text == ""
    field.error.show_error(UserError("invalid", "No price.", hint="Write one."))
    assert field.error.isVisible()
    assert (field.error.text, field.error.accessibleName()) == ("No price. Write one.", "No price. Write one.")
    field.error.clear()
    assert (field.error.text, field.error.isVisible()) == ("", False)
