"""One family of line icons (Phosphor, through QtAwesome), drawn in palette colours at whatever scale is asked for."""

from functools import lru_cache

import qtawesome
from PySide6.QtGui import QIcon

from driveflow_desktop.ui.shell.theme import current_tokens


def icon(name: str, colour: str | None = None) -> QIcon:
    """The Phosphor icon `name` (as in `calendar-blank`) in `colour` (default: secondary text).

    QtAwesome's icons are painted from the font on each pixmap request, hence crisp at 100 %, 150 % and 200 %.
    Raises whatever QtAwesome raises for a name that the family does not have.
    """
    return _drawn(name, colour or current_tokens().text_2)


@lru_cache(maxsize=512)
def _drawn(name: str, colour: str) -> QIcon:
    drawn = qtawesome.icon(f"ph.{name}", color=colour)
    if not isinstance(drawn, QIcon):  # pragma: no cover - QtAwesome has no types
        raise TypeError(name)
    return drawn
