"""Declared actions: rights, screens, and keys that keep away from typing."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDateEdit, QLineEdit, QSpinBox, QTextEdit, QWidget
from pytestqt.qtbot import QtBot

from driveflow_desktop.kernel.errors import Bug
from driveflow_desktop.ui.shell.actions import Actions, ActionSpec
from driveflow_desktop.ui.shell.typing_guard import takes_typing
from driveflow_desktop.ui.widgets.fields import DateField, MoneyField, TimeField
from driveflow_desktop.ui.widgets.lookup import Lookup
from tests.ui.shell.rig import TODAY, Rig

KEY = Qt.Key
SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
NONE = Qt.KeyboardModifier.NoModifier
KEYS = [
    (KEY.Key_N, NONE, "booking.new"),
    (KEY.Key_N, SHIFT, "lesson.no_show"),
    (KEY.Key_T, NONE, "calendar.today"),
    (KEY.Key_3, NONE, "calendar.instructor_3"),
    (KEY.Key_Up, ALT, "booking.earlier"),
]


@pytest.mark.parametrize(("key", "modifier", "action"), KEYS)
def test_a_key_does_it_on_the_screen_that_can(
    rig: Rig, qtbot: QtBot, key: Qt.Key, modifier: Qt.KeyboardModifier, action: str
) -> None:
    calendar = rig.screen("calendar")
    calendar.button.setFocus()
    qtbot.keyClick(calendar.button, key, modifier)
    assert calendar.done == [action]
    today = rig.screen("today")
    qtbot.keyClick(today.button, key, modifier)
    assert (today.done, calendar.done) == ([], [action])


def editors(parent: QWidget) -> dict[str, QWidget]:
    combo = QComboBox(parent)
    combo.setEditable(True)
    return {
        "line": QLineEdit(parent),
        "text": QTextEdit(parent),
        "combo": combo,
        "spin": QSpinBox(parent),
        "date edit": QDateEdit(parent),
        "lookup": Lookup("Who", lambda _text, answer: answer([])),
        "date": DateField("When", lambda: TODAY),
        "time": TimeField("At"),
        "money": MoneyField("Price"),
    }


EDITORS = ["line", "text", "combo", "spin", "date edit", "lookup", "date", "time", "money"]


@pytest.mark.parametrize("name", EDITORS)
def test_no_key_does_anything_while_somebody_types(rig: Rig, qtbot: QtBot, name: str) -> None:
    calendar = rig.screen("calendar")
    made = editors(calendar)
    editor = made[name]
    layout = calendar.layout()
    assert layout is not None
    for each in made.values():
        layout.addWidget(each)
        each.show()
    editor.setFocus()
    target = editor.focusWidget() or editor
    assert target.hasFocus()
    for key, modifier, _ in KEYS:
        qtbot.keyClick(target, key, modifier)
    assert calendar.done == []
    calendar.button.setFocus()
    qtbot.keyClick(calendar.button, KEY.Key_N)
    assert calendar.done == ["booking.new"], "away from the field the keys work again"


def test_a_deleted_field_is_forgotten(rig: Rig, qtbot: QtBot) -> None:
    calendar = rig.screen("calendar")
    calendar.line.setFocus()
    calendar.line.deleteLater()
    with qtbot.waitSignal(calendar.line.destroyed):
        pass
    calendar.note.setFocus()
    calendar.button.setFocus()
    qtbot.keyClick(calendar.button, KEY.Key_N)
    assert calendar.done == ["booking.new"]


def test_a_read_only_field_is_no_place_to_type(qtbot: QtBot) -> None:
    line = QLineEdit()
    qtbot.addWidget(line)
    assert takes_typing(line)
    line.setReadOnly(True)
    assert not takes_typing(line)


def test_letters_typed_in_a_field_are_text(rig: Rig, qtbot: QtBot) -> None:
    calendar = rig.screen("calendar")
    calendar.line.setFocus()
    qtbot.keyClicks(calendar.line, "Nt3[]x")
    assert calendar.line.text() == "Nt3[]x"
    qtbot.keyClick(calendar.line, KEY.Key_F1)
    assert calendar.done == []


def test_rights(rig: Rig, qtbot: QtBot) -> None:
    calendar = rig.screen("calendar")
    registry = rig.window.actions_
    assert registry.is_enabled("booking.new")
    registry.set_permissions(())
    assert not registry.is_enabled("booking.new")
    assert registry.is_enabled("calendar.today"), "needs no right"
    assert not registry.run("booking.new")
    qtbot.keyClick(calendar.button, KEY.Key_N)
    assert calendar.done == []


def test_a_screen_tells_what_it_can_do_now(rig: Rig) -> None:
    calendar = rig.screen("calendar")
    registry = rig.window.actions_
    calendar.able = ["payment.take"]
    calendar.handlers_changed.emit()
    assert registry.is_enabled("payment.take")
    assert not registry.is_enabled("booking.new")
    registry.action("payment.take").trigger()
    assert calendar.done == ["payment.take"]


def test_a_screen_comes_before_the_window(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    done: list[str] = []
    registry = Actions([ActionSpec("print", "Print…", "Ctrl+P", "", "File")], window)
    assert not registry.run("print")
    registry.handle("print", lambda: done.append("window"))
    registry.set_screen_handlers({"print": lambda: done.append("screen")})
    registry.run("print")
    registry.set_screen_handlers({})
    registry.run("print")
    registry.handle("print", None)
    assert not registry.run("print")
    assert done == ["screen", "window"]


def test_an_unknown_name_is_a_bug(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    registry = Actions([], window)
    with pytest.raises(Bug, match="nonsense"):
        registry.handle("nonsense", lambda: None)
    with pytest.raises(Bug, match="nonsense"):
        registry.set_screen_handlers({"nonsense": lambda: None})
