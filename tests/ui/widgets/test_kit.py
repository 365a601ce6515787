"""The small widgets: what they say, how they paint, how keys work them."""

from datetime import date

import pytest
from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QFocusEvent, QTextDocumentFragment
from PySide6.QtGui import Qt as RichText
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from driveflow_desktop.ui.editing import Field
from driveflow_desktop.ui.shell.theme import Mode, Theme, tokens
from driveflow_desktop.ui.widgets.buttons import Button, ChipRow, PrimaryButton, Segmented
from driveflow_desktop.ui.widgets.fields import DateField
from driveflow_desktop.ui.widgets.inline import EditableValue
from driveflow_desktop.ui.widgets.loadbar import LoadBar, LoadRow
from driveflow_desktop.ui.widgets.marks import Avatar, Pill, initials
from driveflow_desktop.ui.widgets.panels import Card, EmptyState, FieldList, SidePanel
from driveflow_desktop.ui.widgets.picker import Combo
from driveflow_desktop.ui.widgets.search import FilterField
from driveflow_desktop.ui.widgets.text import ElidedLabel, label, plain_tip
from driveflow_desktop.ui.widgets.timeline import Timeline, TimelineEntry

KEY = Qt.Key


def show(qtbot: QtBot, widget: QWidget) -> None:
    qtbot.addWidget(widget)
    with qtbot.waitActive(widget):
        widget.show()
        widget.activateWindow()


def colours(widget: QWidget) -> set[str]:
    picture = widget.grab().toImage()
    return {picture.pixelColor(x, y).name().upper() for x in range(picture.width()) for y in range(picture.height())}


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Ethan Popescu", "EP"), ("Mei", "M"), ("ana maria de souza", "AS"), ("", "?"), ("  ", "?"), ("(Bob) Lee", "L")],
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_a_pill_is_never_a_colour_alone(qtbot: QtBot, theme: Theme) -> None:
    pill = Pill("Paid", "ok", "check")
    qtbot.addWidget(pill)
    assert pill.accessibleName() == "Paid"
    with pytest.raises(ValueError, match="word"):
        pill.set_state(" ", "bad")
    assert (pill.text, pill.tone) == ("Paid", "ok")


def test_painted_widgets_follow_the_theme(qtbot: QtBot, theme: Theme) -> None:
    pill, avatar, bar = Pill("Paid", "ok"), Avatar("Ethan Popescu"), LoadBar()
    bar.set_load(5, 8, 10)
    for widget in (pill, avatar, bar):
        qtbot.addWidget(widget)
        widget.resize(widget.sizeHint() if widget is not avatar else QSize(28, 28))
    for mode in (Mode.LIGHT, Mode.DARK):
        theme.set_mode(mode)
        worn = tokens(mode is Mode.DARK)
        assert worn.ok_weak in colours(pill)
        assert worn.accent_weak in colours(avatar)
        assert {worn.accent, worn.hover} <= colours(bar)


@pytest.mark.parametrize(("load", "full"), [((12, 12, 10), True), ((0, 0, 0), False), ((0, 0, 8), False)])
def test_odd_loads(qtbot: QtBot, theme: Theme, load: tuple[float, float, float], full: bool) -> None:
    bar = LoadBar()
    qtbot.addWidget(bar)
    bar.resize(100, 8)
    bar.set_load(*load)
    assert (tokens(dark=False).accent in colours(bar)) is full


def test_segments_by_mouse_and_arrow(qtbot: QtBot, theme: Theme) -> None:
    views = Segmented([("day", "Day"), ("week", "Week"), ("month", "Month")], "View")
    show(qtbot, views)
    chosen = QSignalSpy(views.chosen)
    assert views.value == "day"
    qtbot.mouseClick(views._buttons["week"], Qt.MouseButton.LeftButton)
    views._buttons["week"].setFocus()
    qtbot.keyClick(views._buttons["week"], KEY.Key_Right)
    assert views.value == "month"
    views.set_value("day")
    assert views.value == "day"
    assert [chosen.at(at)[0] for at in range(chosen.count())] == ["week", "month"]


def test_a_button_shows_its_key_and_says_it(qtbot: QtBot, theme: Theme) -> None:
    plain, hinted = PrimaryButton("New booking"), PrimaryButton("New booking", hint="N")
    for button in (plain, hinted):
        qtbot.addWidget(button)
        button.resize(button.sizeHint())
    assert hinted.accessibleName() == "New booking (N)"
    assert hinted.width() > plain.width() + 15
    assert {tokens(dark=False).accent, tokens(dark=False).on_accent} <= colours(hinted)
    hinted.setEnabled(False)
    assert tokens(dark=False).accent not in colours(hinted)


def test_an_icon_button_is_redrawn_for_a_new_theme(qtbot: QtBot, theme: Theme) -> None:
    button = Button("", kind="mini", icon_name="x")
    show(qtbot, button)
    before = button.icon().pixmap(16, 16).toImage()
    theme.set_mode(Mode.DARK)
    assert button.icon().pixmap(16, 16).toImage() != before


def test_chips(qtbot: QtBot, theme: Theme) -> None:
    filters = ChipRow([("owes", "Owes money"), ("none", "No next lesson")], checkable=True)
    show(qtbot, filters)
    toggled = QSignalSpy(filters.toggled)
    filters.button("owes").setFocus()
    qtbot.keyClick(filters.button("owes"), KEY.Key_Space)
    assert filters.checked() == {"owes"}
    assert toggled.at(0) == ["owes", True]
    quick = ChipRow([("a", "Wed 9:00")])
    show(qtbot, quick)
    clicked = QSignalSpy(quick.clicked)
    qtbot.mouseClick(quick.button("a"), Qt.MouseButton.LeftButton)
    assert clicked.at(0) == ["a"]
    quick.set_chips([("b", "Thu 8:00")])
    with pytest.raises(KeyError):
        quick.button("a")


def test_chips_wrap(qtbot: QtBot, theme: Theme) -> None:
    page = QWidget()
    column = QVBoxLayout(page)
    row = ChipRow([(str(n), f"Wed {n}:00") for n in range(8)])
    column.addWidget(row)
    column.addStretch(1)
    page.resize(900, 300)
    show(qtbot, page)
    wide = row.height()
    page.resize(200, 300)
    page.grab()
    assert row.height() >= 3 * wide
    assert all(row.rect().contains(row.button(str(n)).geometry()) for n in range(8))


def test_an_elided_label_offers_the_whole_on_hover(qtbot: QtBot, theme: Theme) -> None:
    name = ElidedLabel("Ben Castellano-Fitzgerald of Kogarah")
    qtbot.addWidget(name)
    name.resize(60, 20)
    name.show()
    assert name.toolTip() == name.text()
    name.resize(600, 20)
    assert name.toolTip() == ""


MARKUP = "<b>x</b><img src=x>"


def seen(tool_tip: str) -> str:
    """What a person reads in a tool tip: Qt takes for HTML what looks like it."""
    return QTextDocumentFragment.fromHtml(tool_tip).toPlainText() if RichText.mightBeRichText(tool_tip) else tool_tip


@pytest.mark.parametrize(
    "words", [MARKUP, "Tom & Jerry", "2 < 3", "&lt;b&gt;", "Tom &amp; <i>J</i>", "first\n<b>x</b>", "", "<"]
)
def test_a_tool_tip_is_read_as_it_was_written(words: str) -> None:
    assert seen(plain_tip(words)) == words


def test_tool_tips_of_widgets_are_never_markup(qtbot: QtBot, theme: Theme) -> None:
    name, field = ElidedLabel(MARKUP), DateField("Day", lambda: date(2026, 11, 24))
    for widget in (name, field):
        qtbot.addWidget(widget)
        widget.resize(30, 20)
        widget.show()
    assert seen(name.toolTip()) == MARKUP
    qtbot.keyClicks(field, MARKUP)
    QApplication.sendEvent(field, QFocusEvent(QEvent.Type.FocusOut))
    assert MARKUP in seen(field.toolTip())


def test_names_are_never_markup(qtbot: QtBot, theme: Theme) -> None:
    evil = "<b>Bobby</b> <img src=x>"
    shown = label(evil)
    qtbot.addWidget(shown)
    assert shown.textFormat() is Qt.TextFormat.PlainText
    timeline = Timeline([TimelineEntry(evil, evil, "today")])
    qtbot.addWidget(timeline)
    rich = [each for each in timeline.findChildren(QLabel) if each.textFormat() is Qt.TextFormat.RichText]
    assert all("<img" not in each.text() for each in rich)
    timeline.set_entries([TimelineEntry("Lesson booked", "Highway 90", "today", "ok")])
    assert [w.accessibleName() for w in timeline.findChildren(QWidget) if w.accessibleName() and not w.isHidden()] == [
        "Lesson booked Highway 90, today"
    ]


def test_field_list(qtbot: QtBot, theme: Theme) -> None:
    fields = FieldList([("When", "Tue 24 Nov"), ("Lesson", "Highway 90")])
    show(qtbot, fields)
    fields.set_rows([("Instructor", "Ben Castellano")])
    fields.add("State", Pill("Paid", "ok"))

    def visible() -> list[str]:
        return [each.text() for each in fields.findChildren(QLabel) if each.isVisible()]

    qtbot.waitUntil(lambda: visible() == ["Instructor", "Ben Castellano", "State"])


def test_cards_part_their_rows(qtbot: QtBot, theme: Theme) -> None:
    card = Card("To close", note="3")
    qtbot.addWidget(card)
    card.add_row(label("Ruby Chan 9:30"))
    card.add_row(label("Grace Liu 8:00"))
    card.add_to_title(Pill("3", "warn"), beside=True)
    assert card.accessibleName() == "To close"
    card.clear_rows()
    shown = [each.text() for each in card.findChildren(QLabel) if not each.isHidden() and each.parent() is card]
    assert shown == ["To close", "3"]
    card.set_title("All closed")
    assert card.accessibleName() == "All closed"


def test_side_panel(qtbot: QtBot, theme: Theme) -> None:
    panel = SidePanel("Lesson")
    show(qtbot, panel)
    panel.set_header("Ethan Popescu", "Learner", pill=("Confirmed", "info"))
    action = Button("Message")
    panel.add(label("Notes"))
    panel.add_button(action)
    closed = QSignalSpy(panel.closed)
    action.setFocus()
    qtbot.keyClick(action, KEY.Key_Escape)
    assert closed.count() == 1
    panel.clear()
    assert action.isHidden()


def test_empty_state(qtbot: QtBot, theme: Theme) -> None:
    empty = EmptyState("student", "Students you add are listed here.", "New student")
    show(qtbot, empty)
    acted = QSignalSpy(empty.acted)
    assert empty.action is not None
    qtbot.mouseClick(empty.action, Qt.MouseButton.LeftButton)
    assert acted.count() == 1
    bare = EmptyState("student", "Nothing to do.")
    qtbot.addWidget(bare)
    assert bare.action is None


def test_filter_field(qtbot: QtBot, theme: Theme) -> None:
    field = FilterField("Filter by name…")
    show(qtbot, field)
    edits = QSignalSpy(field.textEdited)
    qtbot.keyClicks(field, "eth")
    qtbot.keyClick(field, KEY.Key_Escape)
    assert field.text() == ""
    assert edits.at(edits.count() - 1) == [""]


def test_load_rows_speak(qtbot: QtBot, theme: Theme) -> None:
    row = LoadRow("Aroha Ngata", "5.5 of 9 h", done=3, booked=5.5, capacity=9)
    qtbot.addWidget(row)
    assert row.accessibleName() == "Aroha Ngata: 5.5 of 9 h"


@pytest.mark.parametrize("mode", [Mode.LIGHT, Mode.DARK])
def test_a_combo_box_shows_that_it_opens(qtbot: QtBot, theme: Theme, mode: Mode) -> None:
    theme.set_mode(mode)
    box = Combo()
    qtbot.addWidget(box)
    box.addItem("")
    box.resize(120, 32)
    box.show()
    right = box.grab(QRect(box.width() - 24, 8, 20, 16)).toImage()
    light = [right.pixelColor(x, y).lightness() for x in range(right.width()) for y in range(right.height())]
    assert max(light) - min(light) > 40, "a thin line, but not the bare surface"


@pytest.mark.parametrize(
    ("mail", "parts"),
    [
        ("adaeze.tesfaye@example.com", ["adaeze.tesfaye", "@example.com"]),
        ("jo-ann_lee@x.org", ["jo-ann_lee", "@x.org"]),
        ("aroha.ngata@harbourdriving.example.com", ["aroha.", "ngata@", "harbourdriving.", "example.", "com"]),
    ],
)
def test_an_e_mail_goes_on_in_the_next_line_at_its_joints(
    qtbot: QtBot, theme: Theme, mail: str, parts: list[str]
) -> None:
    value = EditableValue(Field("email", "E-mail", mail, mail))
    qtbot.addWidget(value)
    (shown,) = [each.text() for each in value.findChildren(QLabel) if mail[:4] in each.text()]
    assert shown.split("\u200b") == parts
