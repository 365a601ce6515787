"""The command palette, driven by keys as a person drives it."""

from collections.abc import Callable, Sequence
from datetime import date

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from driveflow_desktop.ui.shell.palette import How, Palette, PaletteAnswer
from driveflow_desktop.ui.widgets.results import Result
from tests.ui.shell.rig import Rig

KEY = Qt.Key
CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier


def open_by_key(rig: Rig, qtbot: QtBot) -> Palette:
    qtbot.keyClick(rig.window, KEY.Key_K, CTRL)
    palette = rig.window.palette_
    assert palette.is_open
    assert palette.line.hasFocus()
    return palette


def titles(palette: Palette) -> list[str]:
    return [result.title for result in palette.list.results]


def settle(qtbot: QtBot, reached: Callable[[], bool]) -> None:
    qtbot.waitUntil(reached)


def test_a_command_by_its_name(rig: Rig, qtbot: QtBot) -> None:
    calendar = rig.screen("calendar")
    calendar.button.setFocus()
    palette = open_by_key(rig, qtbot)
    qtbot.keyClicks(palette.line, "new b")
    assert titles(palette)[0] == "New booking…"
    assert palette.list.results[0].keys == "N"
    rig.asked[-1][1]([])
    qtbot.keyClick(palette.line, KEY.Key_Return)
    assert not palette.is_open
    settle(qtbot, lambda: calendar.done == ["booking.new"])
    assert calendar.button.hasFocus(), "the focus is back where it was"


def test_what_cannot_be_done_now_is_not_offered(rig: Rig, qtbot: QtBot) -> None:
    rig.screen("today")
    palette = open_by_key(rig, qtbot)
    qtbot.keyClicks(palette.line, "new b")
    assert titles(palette) == []


def test_a_date(rig: Rig, qtbot: QtBot) -> None:
    palette = open_by_key(rig, qtbot)
    qtbot.keyClicks(palette.line, "fri")
    assert titles(palette)[0] == "Fri 27 Nov 2026"
    rig.asked[-1][1]([])
    qtbot.keyClick(palette.line, KEY.Key_Return)
    settle(qtbot, lambda: rig.window.host.current_id == "calendar")
    assert date(2026, 11, 27) in rig.current.log


def test_a_screen(rig: Rig, qtbot: QtBot) -> None:
    palette = open_by_key(rig, qtbot)
    qtbot.keyClicks(palette.line, "sett")
    rig.asked[-1][1]([])
    qtbot.keyClick(palette.line, KEY.Key_Return)
    settle(qtbot, lambda: rig.window.host.current_id == "settings")


def test_enter_waits_for_the_people_that_are_being_looked_for(rig: Rig, qtbot: QtBot) -> None:
    opened: list[str] = []
    palette = open_by_key(rig, qtbot)
    qtbot.keyClicks(palette.line, "ethan")
    qtbot.keyClick(palette.line, KEY.Key_Return)
    assert palette.is_open
    first, last = rig.asked[0], rig.asked[-1]
    assert (first[0], last[0]) == ("e", "ethan")
    first[1]([Result("Elif Demir", payload=lambda: opened.append("Elif"))])
    assert palette.is_open, "the answer to an older text counts no more"
    last[1]([Result("Ethan Popescu", "0412 555 018", payload=lambda: opened.append("Ethan"))])
    settle(qtbot, lambda: opened == ["Ethan"])
    assert not palette.is_open


def test_typing_on_forgets_a_held_enter(rig: Rig, qtbot: QtBot) -> None:
    palette = open_by_key(rig, qtbot)
    qtbot.keyClicks(palette.line, "eth")
    qtbot.keyClick(palette.line, KEY.Key_Return)
    qtbot.keyClicks(palette.line, "a")
    rig.asked[-1][1]([Result("Ethan Popescu")])
    assert palette.is_open


def test_numbers_choose_once_among_the_rows_and_are_text_before(rig: Rig, qtbot: QtBot) -> None:
    opened: list[str] = []
    rows = [Result(name, payload=lambda name=name: opened.append(name)) for name in ("Ethan", "Grace", "Amir")]
    palette = open_by_key(rig, qtbot)
    qtbot.keyClicks(palette.line, "55")
    assert palette.line.text() == "55"
    rig.asked[-1][1](rows)
    qtbot.keyClick(palette.line, KEY.Key_2, ALT)
    settle(qtbot, lambda: opened == ["Grace"])
    palette = open_by_key(rig, qtbot)
    qtbot.keyClicks(palette.line, "0")
    rig.asked[-1][1](rows)
    qtbot.keyClick(palette.line, KEY.Key_Down)
    qtbot.keyClick(palette.line, KEY.Key_3)
    settle(qtbot, lambda: opened == ["Grace", "Amir"])
    palette = open_by_key(rig, qtbot)
    qtbot.keyClicks(palette.line, "x")
    rig.asked[-1][1](rows)
    qtbot.keyClick(palette.line, KEY.Key_9, ALT)
    assert palette.is_open, "there is no ninth row"


def test_arrows_move_and_stop_at_the_ends(rig: Rig, qtbot: QtBot) -> None:
    palette = open_by_key(rig, qtbot)
    last = len(palette.list.results) - 1
    assert last >= 3
    qtbot.keyClick(palette.line, KEY.Key_Up)
    assert palette.list.currentIndex().row() == 0
    qtbot.keyClick(palette.line, KEY.Key_Tab)
    assert palette.list.currentIndex().row() == 1
    for _ in range(last + 3):
        qtbot.keyClick(palette.line, KEY.Key_Down)
    assert palette.list.currentIndex().row() == last


def test_escape_and_a_click_beside_close_it(rig: Rig, qtbot: QtBot) -> None:
    calendar = rig.screen("calendar")
    calendar.note.setFocus()
    palette = open_by_key(rig, qtbot)
    with qtbot.waitSignal(palette.closed):
        qtbot.keyClick(palette.line, KEY.Key_Escape)
    assert calendar.note.hasFocus()
    palette = open_by_key(rig, qtbot)
    qtbot.mouseClick(palette, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert not palette.is_open


def test_no_shortcut_works_behind_it(rig: Rig, qtbot: QtBot) -> None:
    calendar = rig.screen("calendar")
    palette = open_by_key(rig, qtbot)
    for key, modifier in ((KEY.Key_N, Qt.KeyboardModifier.NoModifier), (KEY.Key_Up, ALT), (KEY.Key_PageDown, CTRL)):
        qtbot.keyClick(palette.line, key, modifier)
    assert calendar.done == []
    assert rig.window.host.current_id == "calendar"


def test_the_search_field_opens_it(rig: Rig, qtbot: QtBot) -> None:
    bar = rig.window.host.findChildren(type(rig.window.host.current.top_bar()))[0]
    assert bar.search is not None
    qtbot.mouseClick(bar.search, Qt.MouseButton.LeftButton)
    assert rig.window.palette_.is_open
    qtbot.keyClick(rig.window.palette_.line, KEY.Key_Escape)
    bar.search.setFocus()
    qtbot.keyClick(bar.search, KEY.Key_E)
    assert rig.window.palette_.line.text() == "e"


class Slots:
    """Another purpose for the palette: slots of a lesson."""

    placeholder = "Student, length, place, time"
    footer: Sequence[tuple[str, str]] = (("↵", "book $95.00"),)

    def __init__(self, *, closes: bool) -> None:
        self.taken: list[tuple[str, How]] = []
        self.closes = closes

    def ask(self, text: str, answer: Callable[[PaletteAnswer], None]) -> None:
        rows = [Result(f"Wed 2 Dec · {hour}:00", "Aroha Ngata", "8 min from her 7:30 lesson") for hour in (9, 10, 11)]
        answer(PaletteAnswer(rows, chips=[(f"Student: {text}", "info")], note="3 of 31 slots"))

    def choose(self, result: Result, how: How, /) -> bool:
        self.taken.append((result.title, how))
        return self.closes


@pytest.mark.parametrize(
    ("modifier", "how"),
    [(Qt.KeyboardModifier.NoModifier, How.ENTER), (CTRL, How.CTRL_ENTER), (ALT, How.ALT_ENTER)],
)
def test_another_mode(rig: Rig, qtbot: QtBot, modifier: Qt.KeyboardModifier, how: How) -> None:
    slots, palette = Slots(closes=False), rig.window.palette_
    rig.window.open_palette(slots, "sam")
    assert palette.line.placeholderText() == slots.placeholder
    qtbot.keyClick(palette.line, KEY.Key_Down)
    qtbot.keyClick(palette.line, KEY.Key_Return, modifier)
    assert slots.taken == [("Wed 2 Dec · 10:00", how)]
    assert palette.is_open, "the mode wants more"
    slots.closes = True
    qtbot.keyClick(palette.line, KEY.Key_Return)
    assert not palette.is_open


def test_it_fits_a_small_window_and_follows_its_size(rig: Rig) -> None:
    rig.window.resize(1000, 640)
    palette = rig.window.palette_
    rig.window.open_palette()
    assert palette.size() == rig.window.host.body.size()
    rig.window.resize(1300, 800)
    assert palette.size() == rig.window.host.body.size()
    assert palette.rect().contains(palette.childrenRect())
