"""The window: lazy screens, one refresh path, rail, rights, memory, toasts, undo, menus."""

from uuid import UUID

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QLabel, QScrollArea
from pytestqt.qtbot import QtBot

from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.kernel.errors import Bug, UserError
from driveflow_desktop.ui.shell.a11y import unnamed_controls
from driveflow_desktop.ui.shell.actions import MENU_SEPARATOR
from driveflow_desktop.ui.shell.bridge import BugReport
from driveflow_desktop.ui.shell.keysheet import KeySheet
from driveflow_desktop.ui.shell.rail import FOLDED_WIDTH, OPEN_WIDTH, Badge
from driveflow_desktop.ui.shell.statusbar import Status
from driveflow_desktop.ui.shell.sync_words import SyncWords
from driveflow_desktop.ui.shell.undo import Outcome
from driveflow_desktop.ui.widgets.marks import KeyHint
from tests.ui.shell.rig import RIGHTS, Rig

BOOKING = Changes({"bookings": [UUID(int=1)]})
PAYMENT = Changes({"payments": [UUID(int=2)]})
KEY = Qt.Key


def test_screens_are_made_when_first_shown(rig: Rig, qtbot: QtBot) -> None:
    assert rig.made == ["today"]
    qtbot.mouseClick(rig.window.rail.button("calendar"), Qt.MouseButton.LeftButton)
    assert rig.made == ["today", "calendar"]
    assert rig.window.windowTitle() == "Calendar · DriveFlow"
    assert rig.window.rail.button("calendar").isChecked()
    rig.window.open("today")
    rig.window.open("calendar")
    assert rig.made == ["today", "calendar"]
    assert rig.current.log == ["activated", "deactivated", "activated"]


def test_changes_reach_the_screen_on_show_and_wait_for_the_others(rig: Rig) -> None:
    today, calendar = rig.screen("today"), rig.screen("calendar")
    today.log.clear()
    calendar.log.clear()
    rig.window.dispatch(BOOKING)
    rig.window.dispatch(PAYMENT)
    assert calendar.log == [BOOKING]
    assert today.log == []
    rig.window.open("today")
    assert today.log == [BOOKING.merge(PAYMENT), "activated"]
    calendar.log.clear()
    rig.window.open("calendar")
    rig.window.open("today")
    assert calendar.log == ["activated", "deactivated"], "what it has shown it does not show again"
    assert today.log[2:] == ["deactivated", "activated"]


def test_screens_reach_each_other_by_intents(rig: Rig) -> None:
    rig.current.open_requested.emit("calendar", UUID(int=9))
    assert rig.window.host.current_id == "calendar"
    assert rig.current.log == ["activated", UUID(int=9)]


def test_what_the_person_may_not_open_is_not_there(rig: Rig) -> None:
    assert [spec.id for spec in rig.window.host.allowed()] == ["today", "calendar", "settings"]
    with pytest.raises(Bug):
        rig.window.open("payouts")
    rig.window.start(RIGHTS | {"payouts.approve"}, "Jo Hart", "Owner")
    rig.window.open("payouts")
    assert rig.window.host.current_id == "payouts"


def test_another_person_begins_with_fresh_screens(rig: Rig) -> None:
    rig.screen("calendar")
    rig.window.start(RIGHTS, "Jo Hart", "Owner")
    assert rig.made == ["today", "calendar", "calendar"], "only the last screen is made anew"


def test_the_next_screen_by_key(rig: Rig, qtbot: QtBot) -> None:
    for expected in ("calendar", "settings", "today"):
        qtbot.keyClick(rig.window, KEY.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
        assert rig.window.host.current_id == expected
    qtbot.keyClick(rig.window, KEY.Key_PageUp, Qt.KeyboardModifier.ControlModifier)
    assert rig.window.host.current_id == "settings"


def test_arrow_keys_walk_the_rail_and_keep_the_focus_there(rig: Rig, qtbot: QtBot) -> None:
    button = rig.window.rail.button("today")
    button.setFocus()
    qtbot.keyClick(button, KEY.Key_Down)
    assert rig.window.rail.button("calendar").hasFocus()
    qtbot.keyClick(rig.window.rail.button("calendar"), KEY.Key_Space)
    assert rig.window.host.current_id == "calendar"
    assert rig.window.rail.button("calendar").hasFocus()


def test_a_screen_opened_from_elsewhere_gets_the_focus(rig: Rig) -> None:
    rig.current.line.setFocus()
    rig.window.open("calendar")
    focus = QApplication.focusWidget()
    assert focus is not None
    assert focus is rig.current or rig.current.isAncestorOf(focus)


def test_the_rail_folds_when_the_window_gets_narrow(rig: Rig) -> None:
    rail = rig.window.rail
    rig.window.resize(1440, 900)
    assert (rail.is_folded, rail.width()) == (False, OPEN_WIDTH)
    rig.window.resize(1180, 720)
    assert (rail.is_folded, rail.width()) == (True, FOLDED_WIDTH)
    assert rail.button("today").toolTip() == "Today"
    rig.window.resize(1440, 900)
    assert not rail.is_folded


def test_a_folded_rail_is_remembered(rig: Rig, qtbot: QtBot) -> None:
    rig.window.resize(1440, 900)
    qtbot.keyClick(rig.window, KEY.Key_B, Qt.KeyboardModifier.ControlModifier)
    assert rig.window.rail.is_folded
    rig.window.resize(1400, 900)
    assert rig.window.rail.is_folded
    again = rig.new_window()
    qtbot.addWidget(again)
    again.start(RIGHTS, "Mia Petrov", "Front desk")
    again.resize(1440, 900)
    again.show()
    assert again.rail.is_folded
    again.toggle_rail()
    again.resize(1180, 720)
    assert again.rail.is_folded, "unfolding on a wide window is no wish for a narrow one"


def test_geometry_and_last_screen_are_remembered(rig: Rig, qtbot: QtBot) -> None:
    rig.window.resize(1000, 700)
    rig.window.open("calendar")
    rig.window.close()
    again = rig.new_window()
    qtbot.addWidget(again)
    again.start(RIGHTS, "Mia Petrov", "Front desk")
    assert (again.width(), again.height()) == (1000, 700)
    assert again.host.current_id == "calendar"


@pytest.mark.parametrize("kept", ["not base64 !", "AAAA"])
def test_spoilt_settings_do_not_stop_the_program(rig: Rig, qtbot: QtBot, kept: str) -> None:
    rig.memory.write("window/geometry", kept)
    rig.memory.write("window/screen", "payouts")
    again = rig.new_window()
    qtbot.addWidget(again)
    again.start(RIGHTS, "Mia Petrov", "Front desk")
    assert again.host.current_id == "today"
    assert again.width() >= 700


def test_badges_are_spoken(rig: Rig) -> None:
    rig.window.set_badge("settings", Badge("2", "bad", "2 need a decision"))
    assert rig.window.rail.button("settings").accessibleName() == "Settings, 2 need a decision"
    rig.window.set_badge("payouts", Badge("1", "warn", "not this person's screen"))
    rig.window.set_badge("settings", None)
    assert rig.window.rail.button("settings").accessibleName() == "Settings"


def test_status_line(rig: Rig) -> None:
    rig.window.set_status(Status(48_200_000, 18_204, "Harbour", "Australia/Sydney (AEDT)"))
    rig.window.status.set_sync(SyncWords("Synced 12 s ago", "ok", "cloud-check"), 0)
    words = "Synced 12 s ago, 0 changes waiting, Replica 48.2 MB · 18,204 bookings, Harbour · Australia/Sydney (AEDT)"
    assert rig.window.status.words == words
    assert rig.window.status.accessibleName() == words
    rig.window.status.set_sync(SyncWords("Syncing…", "info", "arrows-clockwise"), 1)
    assert "1 change waiting" in rig.window.status.words
    rig.window.status.set_sync(SyncWords("Saved on this PC", "ok", "check-circle", counts=True), 0)
    assert "waiting" not in rig.window.status.words


def test_undo_by_key_says_what_and_refreshes(rig: Rig, qtbot: QtBot) -> None:
    calendar = rig.screen("calendar")
    calendar.log.clear()
    registry = rig.window.actions_
    assert not registry.is_enabled("undo")
    rig.undo.push("lesson moved", lambda: Outcome(BOOKING, lambda: Outcome(BOOKING, None)))
    assert registry.action("undo").text() == "Undo: lesson moved"
    qtbot.keyClick(rig.window, KEY.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert rig.bridge.wait_idle()
    assert calendar.log == [BOOKING]
    assert rig.window.toasts.text == "Undone: lesson moved"
    assert registry.action("redo").text() == "Redo: lesson moved"
    qtbot.keyClick(rig.window, KEY.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert rig.bridge.wait_idle()
    assert calendar.log == [BOOKING, BOOKING]


def test_errors_are_said_in_plain_words(rig: Rig) -> None:
    rig.window.show_error(UserError("slot_taken", "Dana has a lesson then.", hint="Choose another time."))
    assert rig.window.toasts.text == "Dana has a lesson then. Choose another time."
    rig.window.show_bug(BugReport("ab12cd34", "KeyError"))
    assert "ab12cd34" in rig.window.toasts.text


def test_every_menu_entry_shows_its_key_and_every_action_has_an_entry(rig: Rig) -> None:
    entries = []
    menus = [action.menu() for action in rig.window.menuBar().actions()]
    while menus:
        for action in menus.pop().actions():
            if action.menu() is not None:
                menus.append(action.menu())
            else:
                entries.append(action)
    assert len(entries) == len(rig.window.actions_.specs)
    assert [entry.text() for entry in entries if entry.shortcut().isEmpty()] == []
    keys = [keys for spec in rig.window.actions_.specs for keys in spec.shortcut.split(", ")]
    assert len(keys) == len(set(keys)), "no key means two things"
    assert any(MENU_SEPARATOR in spec.menu for spec in rig.window.actions_.specs)


def test_alt_alone_shows_and_hides_the_menu(rig: Rig, qtbot: QtBot) -> None:
    bar = rig.window.menuBar()
    assert bar.isHidden()
    qtbot.keyClick(rig.window, KEY.Key_Alt)
    assert not bar.isHidden()
    qtbot.keyPress(rig.window, KEY.Key_Alt)
    qtbot.keyClick(rig.window, KEY.Key_Left, Qt.KeyboardModifier.AltModifier)
    qtbot.keyRelease(rig.window, KEY.Key_Alt)
    assert not bar.isHidden(), "Alt was part of a chord"
    qtbot.keyClick(rig.window, KEY.Key_F10)
    assert bar.isHidden()


def test_the_sheet_of_keys_has_every_action(rig: Rig, qtbot: QtBot) -> None:
    qtbot.keyClick(rig.window, KEY.Key_F1)
    (sheet,) = rig.window.findChildren(KeySheet)
    words = {label.text() for label in sheet.findChildren(QLabel)}
    assert {spec.label for spec in rig.window.actions_.specs} <= words
    assert unnamed_controls(sheet) == []
    with qtbot.waitSignal(sheet.destroyed):
        qtbot.keyClick(sheet, KEY.Key_Escape)


def test_the_sheet_of_keys_fits_its_window(rig: Rig, qtbot: QtBot) -> None:
    qtbot.keyClick(rig.window, KEY.Key_F1)
    (sheet,) = rig.window.findChildren(KeySheet)
    (scroll,) = sheet.findChildren(QScrollArea)
    sheet.resize(960, 620)
    sheet.grab()  # lays out
    assert (scroll.verticalScrollBar().maximum(), scroll.horizontalScrollBar().maximum()) == (0, 0)
    hints = [each for each in sheet.findChildren(KeyHint) if scroll.isAncestorOf(each)]
    edges = {each.mapTo(sheet, each.rect().topRight()).x() for each in hints}
    assert len(edges) == 3, "keys end on one line in each of three columns"
    feet = dict.fromkeys(edges, 0)
    for each in hints:
        corner = each.mapTo(sheet, each.rect().bottomRight())
        feet[corner.x()] = max(feet[corner.x()], corner.y())
    assert max(feet.values()) - min(feet.values()) <= 60, "columns are about as long as each other"
    with qtbot.waitSignal(sheet.destroyed):
        qtbot.keyClick(sheet, KEY.Key_Escape)


def test_everything_that_takes_the_focus_has_a_name(rig: Rig) -> None:
    rig.window.toggle_menu()
    rig.window.say("Lesson moved", lambda: None)
    rig.window.open_palette()
    assert unnamed_controls(rig.window) == []
    rig.current.line.setAccessibleName("")
    rig.current.line.setObjectName("nameless")
    assert unnamed_controls(rig.window) == ["QLineEdit (nameless)"]


def test_titles_are_as_large_as_the_tokens_say(rig: Rig) -> None:
    titles = [label for label in rig.window.host.findChildren(QLabel) if label.text() == "Today"]
    assert [label.font().pixelSize() for label in titles] == [19]
    assert titles[0].font().weight() == QFont.Weight.Bold
