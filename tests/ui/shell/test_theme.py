"""The theme: readable pairs of colours, palette before style sheet, light and dark."""

import pytest
from PySide6.QtGui import QFont, QFontInfo, QFontMetrics, QPalette
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from driveflow_desktop.ui.shell.icons import icon
from driveflow_desktop.ui.shell.theme import Mode, Theme, current_tokens, font, tokens

_TEXTS = ("text", "text_2", "text_3", "accent", "ok", "warn", "bad", "info")
_GROUNDS = ("bg", "surface", "surface_2")
_STATES = ("hover", "accent_weak", "closed")
_TONES = ("ok", "warn", "bad", "info")
# (foreground, background, least contrast): WCAG 2.2 AA asks 4.5 of text, 3 of what outlines a control or a state.
PAIRS = [
    *((text, ground, 4.5) for text in _TEXTS for ground in _GROUNDS),
    *((text, state, 4.5) for text in ("text", "text_2", "text_3", "accent") for state in _STATES),
    *((tone, f"{tone}_weak", 4.5) for tone in _TONES),
    *((tone, "accent_weak", 4.5) for tone in _TONES),
    *(("text", f"{tone}_weak", 4.5) for tone in _TONES),
    ("on_accent", "accent", 4.5),
    *((mark, ground, 3.0) for mark in ("focus", "now", "border_field") for ground in _GROUNDS),
]


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_itself() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_contrast(dark: bool, front: str, back: str, least: float) -> None:
    worn = tokens(dark)
    assert contrast(getattr(worn, front), getattr(worn, back)) >= least


def test_switching_dresses_palette_and_sheet(theme: Theme, qapp: QApplication, qtbot: QtBot) -> None:
    label = QLabel("Ethan")
    qtbot.addWidget(label)
    assert current_tokens() == tokens(dark=False)
    with qtbot.waitSignal(theme.changed) as heard:
        theme.set_mode(Mode.DARK)
    assert heard.args == [tokens(dark=True)]
    assert current_tokens() == tokens(dark=True) == theme.tokens
    assert qapp.palette().color(QPalette.ColorRole.Window).name().upper() == tokens(dark=True).bg
    assert label.palette().color(QPalette.ColorRole.WindowText).name().upper() == tokens(dark=True).text
    assert tokens(dark=True).accent in qapp.styleSheet()


def test_the_same_mode_again_changes_nothing(theme: Theme, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(theme.changed):
        theme.set_mode(Mode.LIGHT)


def test_figures_are_tabular(theme: Theme) -> None:
    made = font(13, QFont.Weight.DemiBold)
    if QFontInfo(made).family() != "Inter":
        pytest.skip("Inter is not installed here")
    metrics = QFontMetrics(made)
    assert metrics.horizontalAdvance("1111") == metrics.horizontalAdvance("8888")


def test_icons_are_cached_and_follow_the_theme(theme: Theme) -> None:
    light = icon("calendar-blank")
    assert icon("calendar-blank") is light
    assert light.pixmap(16, 16).toImage() != icon("users").pixmap(16, 16).toImage()
    theme.set_mode(Mode.DARK)
    dark = icon("calendar-blank")
    assert light.pixmap(16, 16).toImage() != dark.pixmap(16, 16).toImage()
