"""Boxes to pick one of many from; they show that they open."""

from collections.abc import Sequence

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox

from driveflow_desktop.ui.shell.icons import icon
from driveflow_desktop.ui.shell.theme import current_tokens

_CARET = 12
_MARGIN = 8


class Combo(QComboBox):
    """A combo box with the caret that the style sheet takes away. The program has no other."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box, then its caret."""
        super().paintEvent(event)
        worn = current_tokens()
        spot = QRect(self.width() - _CARET - _MARGIN, (self.height() - _CARET) // 2, _CARET, _CARET)
        icon("caret-down", worn.text_2 if self.isEnabled() else worn.text_3).paint(QPainter(self), spot)


class Picker(Combo):
    """A combo box over (key, words) pairs."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)

    @property
    def key(self) -> str | None:
        """The key of what is picked."""
        found: object = self.currentData()
        return found if isinstance(found, str) else None

    def offer(self, choices: Sequence[tuple[str, str]], key: str | None) -> None:
        """Offer these, with `key` picked (the first one where it is not among them), without telling anybody."""
        self.blockSignals(True)
        self.clear()
        for each, words in choices:
            self.addItem(words, each)
        self.blockSignals(False)
        self.pick(key)

    def pick(self, key: str | None) -> None:
        """Pick without telling anybody."""
        self.blockSignals(True)
        self.setCurrentIndex(max(0, self.findData(key)) if self.count() else -1)
        self.blockSignals(False)
