"""One family of line icons (Phosphor, from QtAwesome's files), drawn in palette colours at whatever scale is asked for.

QtAwesome itself is not imported: with its dozen fonts and its compatibility layer it takes a seventh of the start.
"""

import json
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPixmap

from driveflow_desktop.kernel.errors import Bug
from driveflow_desktop.ui.shell.theme import current_tokens

_GLYPH_PART: Final = 0.875
"""A glyph's height in that of its icon, as the font has bearings; 14 pixels of 16 fall on whole pixels."""


def icon(name: str, colour: str | None = None) -> QIcon:
    """The Phosphor icon `name` (as in `calendar-blank`) in `colour` (default: secondary text).

    It is painted from the font on each request for a pixmap, hence crisp at 100 %, 150 % and 200 %. `Bug` for a name
    that the family does not have.
    """
    return _drawn(name, colour or current_tokens().text_2)


@lru_cache(maxsize=512)
def _drawn(name: str, colour: str) -> QIcon:
    glyph = _glyphs().get(name)
    if glyph is None:
        raise Bug(f"Phosphor has no icon {name}")
    return QIcon(_Engine(chr(int(glyph, 16)), QColor(colour)))


@cache
def _glyphs() -> dict[str, str]:
    """Code points, as `0xf371`, by name."""
    found: dict[str, str] = json.loads(_file("phosphor-charmap-*.json").read_bytes())
    return found


@cache
def _family() -> str:
    """The font's family, once Qt knows the font."""
    path = _file("phosphor-*.ttf")
    families = QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(path)))
    if not families:
        raise Bug(f"{path} is not a font")
    return families[0]


def _file(pattern: str) -> Path:
    spec = find_spec("qtawesome")
    for place in (spec and spec.submodule_search_locations) or ():
        for path in Path(place).glob(f"fonts/{pattern}"):
            return path
    raise Bug(f"QtAwesome's {pattern} is missing from this installation")


class _Engine(QIconEngine):
    """Paints one glyph in the middle of what it is given."""

    def __init__(self, glyph: str, colour: QColor) -> None:
        super().__init__()
        self._glyph, self._colour = glyph, colour

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """Paint the glyph; a disabled one in the colour of disabled text."""
        painter.save()
        if mode == QIcon.Mode.Disabled:
            painter.setPen(QGuiApplication.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text))
        else:
            painter.setPen(self._colour)
        shown = QFont(_family())
        shown.setPixelSize(max(1, round(_GLYPH_PART * rect.height())))
        painter.setFont(shown)
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self._glyph)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """A transparent pixmap with the glyph."""
        drawn = QPixmap(size)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return drawn

    def clone(self) -> QIconEngine:
        """A copy, for an icon that is being changed."""
        return _Engine(self._glyph, self._colour)
