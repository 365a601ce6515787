"""The look: tokens → palette first, then a small style sheet and the font.

Widgets that paint themselves ask `current_tokens()` while painting. It answers by the application's palette, so that
a change of theme needs no more than the repaint that Qt does anyway.
"""

from enum import StrEnum

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from driveflow_desktop.ui.shell.stylesheet import style_sheet
from driveflow_desktop.ui.shell.tokens import Tokens, tokens

__all__ = ["Mode", "Theme", "Tokens", "current_tokens", "font", "tokens"]

_UI_FONT = "Inter"
_TABULAR = QFont.Tag("tnum")


class Mode(StrEnum):
    """How the program picks light or dark."""

    LIGHT = "light"
    DARK = "dark"
    SYSTEM = "system"


class Theme(QObject):
    """Dresses the whole application and follows the system's colour scheme when asked to."""

    changed = Signal(object)
    """Emitted with the new `Tokens` after the application wears them."""
    mode_changed = Signal(object)
    """Emitted with the `Mode` that was chosen, though it may look the same."""

    def __init__(self, app: QApplication, mode: Mode = Mode.SYSTEM) -> None:
        super().__init__(app)
        self._app = app
        self._mode = mode
        app.setStyle("Fusion")
        app.setFont(_base_font())
        self._tokens = tokens(self._wants_dark())
        self._dress()
        app.styleHints().colorSchemeChanged.connect(self._system_changed)

    @property
    def mode(self) -> Mode:
        """The chosen mode."""
        return self._mode

    @property
    def tokens(self) -> Tokens:
        """The tokens now worn."""
        return self._tokens

    def set_mode(self, mode: Mode) -> None:
        """Choose light, dark or the system's way, at once."""
        self._mode = mode
        self._refresh()
        self.mode_changed.emit(mode)

    def _wants_dark(self) -> bool:
        if self._mode is Mode.SYSTEM:
            return self._app.styleHints().colorScheme() is Qt.ColorScheme.Dark
        return self._mode is Mode.DARK

    @Slot()
    def _system_changed(self) -> None:
        self._refresh()

    def _refresh(self) -> None:
        wanted = tokens(self._wants_dark())
        if wanted is self._tokens:
            return
        self._tokens = wanted
        self._dress()
        self.changed.emit(wanted)

    def _dress(self) -> None:
        self._app.setPalette(_palette(self._tokens))
        self._app.setStyleSheet(style_sheet(self._tokens))


def current_tokens() -> Tokens:
    """The tokens that match the application's palette, for painting."""
    return tokens(QGuiApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128)


def font(size: int | None = None, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The interface font with tabular figures, `size` in pixels (default: the body's), for painting."""
    made = QFont(QGuiApplication.font())
    made.setPixelSize(size or current_tokens().font_md)
    made.setWeight(weight)
    return made


def _base_font() -> QFont:
    made = QFont(QGuiApplication.font())
    if _UI_FONT in QFontDatabase.families():
        made.setFamilies([_UI_FONT])
    made.setPixelSize(tokens(dark=False).font_md)
    # Prices, times and phone numbers stand in columns nearly everywhere, so figures are tabular in the whole program.
    made.setFeature(_TABULAR, 1)
    return made


def _palette(t: Tokens) -> QPalette:
    role = QPalette.ColorRole
    colours = {
        role.Window: t.bg,
        role.WindowText: t.text,
        role.Base: t.surface,
        role.AlternateBase: t.surface_2,
        role.Text: t.text,
        role.PlaceholderText: t.text_3,
        role.Button: t.surface,
        role.ButtonText: t.text,
        role.BrightText: t.bad,
        role.ToolTipBase: t.surface,
        role.ToolTipText: t.text,
        role.Highlight: t.accent,
        role.HighlightedText: t.on_accent,
        role.Accent: t.accent,
        role.Link: t.accent,
        role.LinkVisited: t.accent,
        role.Light: t.surface,
        role.Midlight: t.hover,
        role.Mid: t.border_strong,
        role.Dark: t.border_strong,
        role.Shadow: t.border_strong,
    }
    palette = QPalette()
    for each, colour in colours.items():
        palette.setColor(each, QColor(colour))
    for each in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, each, QColor(t.text_3))
    return palette
