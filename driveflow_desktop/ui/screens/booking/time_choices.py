"""Free times to choose from, each with the reasons for its place in the list."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from driveflow_desktop.ui.screens.booking.editor_presenter import Suggestion
from driveflow_desktop.ui.widgets.buttons import Button
from driveflow_desktop.ui.widgets.text import ElidedLabel, plain_tip


class TimeChoices(QWidget):
    """A button for each time, its reasons beside it. Hidden while there is nothing to choose."""

    clicked = Signal(str)
    """The key of a pressed time."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        self._buttons: dict[str, Button] = {}
        self.hide()

    def set_choices(self, found: Sequence[Suggestion]) -> None:
        """Offer these instead."""
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._buttons = {}
        for row, each in enumerate(found):
            button = Button(each.words, kind="chip")
            button.clicked.connect(lambda _checked=False, key=each.key: self.clicked.emit(key))
            button.setToolTip(plain_tip(each.why))
            button.setAccessibleDescription(each.why)
            self._buttons[each.key] = button
            self._grid.addWidget(button, row, 0)
            self._grid.addWidget(ElidedLabel(each.why, size="sm", tone="muted"), row, 1)
        self.setVisible(bool(found))

    def chips(self) -> list[str]:
        """The keys of all times, in order."""
        return list(self._buttons)

    def button(self, key: str) -> Button:
        """The button of a time."""
        return self._buttons[key]
