"""Why a drop was refused, with the ways out, under the calendar."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from driveflow_desktop.ui.screens.calendar.presenter import Refusal
from driveflow_desktop.ui.widgets.buttons import Button, ChipRow
from driveflow_desktop.ui.widgets.panels import ErrorLine


class RefusalBar(QFrame):
    """The reason; free times instead as chips; overruling where it was advice; leaving it (Esc)."""

    left = Signal()
    """The person is done with it, one way or the other."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("panel", "surface")
        self.setAccessibleName(self.tr("Why it was not moved"))
        self._words = ErrorLine()
        self.instead = ChipRow()
        self.anyway = Button(self.tr("Move it anyway"))
        self.close_button = Button(self.tr("Leave it"), kind="quiet", hint="Esc")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 16, 8)
        column.setSpacing(6)
        row = QHBoxLayout()
        row.addWidget(self._words, 1)
        row.addWidget(self.anyway)
        row.addWidget(self.close_button)
        column.addLayout(row)
        column.addWidget(self.instead)
        self._refusal: Refusal | None = None
        self.anyway.clicked.connect(self._overrule)
        self.instead.clicked.connect(self._take)
        self.close_button.clicked.connect(self._leave)
        self.hide()

    @property
    def text(self) -> str:
        """The reason shown."""
        return self._words.text

    def show_refusal(self, refusal: Refusal) -> None:
        """Explain, and go to the first way out."""
        self._refusal = refusal
        self._words.show_error(refusal.error)
        self.anyway.setVisible(refusal.anyway is not None)
        self.instead.set_chips([(str(number), words) for number, (words, _act) in enumerate(refusal.instead)])
        self.instead.setVisible(bool(refusal.instead))
        self.show()
        first = self.instead.button("0") if refusal.instead else self.anyway
        (self.anyway if refusal.anyway is not None else first).setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves it."""
        if event.key() == Qt.Key.Key_Escape:
            self._leave()
            return
        super().keyPressEvent(event)

    def _overrule(self) -> None:
        if self._refusal is not None and self._refusal.anyway is not None:
            self._do(self._refusal.anyway)

    def _take(self, key: str) -> None:
        if self._refusal is not None:
            _words, act = self._refusal.instead[int(key)]
            self._do(act)

    def _do(self, act: Callable[[], None]) -> None:
        self._leave()
        act()

    def _leave(self) -> None:
        self._refusal = None
        self.hide()
        self.left.emit()
