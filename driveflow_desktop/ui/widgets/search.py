"""Lines to search in: one that filters what a screen shows, one that opens the command palette."""

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QLineEdit, QPushButton, QSizePolicy

from driveflow_desktop.ui.shell.theme import current_tokens
from driveflow_desktop.ui.widgets.marks import key_hint_size, paint_key_hint


class FilterField(QLineEdit):
    """Filters a list while it is typed in; Esc clears it."""

    def __init__(self, placeholder: str, name: str = "") -> None:
        super().__init__()
        self.setProperty("kind", "search")
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(name or placeholder)
        self.setClearButtonEnabled(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc empties the line; an empty line leaves Esc to others."""
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            self.textEdited.emit("")
            return
        super().keyPressEvent(event)


class SearchField(QPushButton):
    """Looks like a line of text with “Ctrl K” in it; pressing it, or typing on it, opens the command palette."""

    asked = Signal(str)
    """Open the palette with this text."""

    def __init__(self, placeholder: str = "") -> None:
        super().__init__()
        self._words = placeholder or self.tr("Search students, bookings, commands")
        self._keys = "Ctrl K"
        self.setProperty("kind", "search")
        self.setAccessibleName(f"{self._words} ({self._keys})")
        self.setCursor(Qt.CursorShape.IBeamCursor)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.clicked.connect(lambda: self.asked.emit(""))

    def sizeHint(self) -> QSize:
        """Room for the words and the key."""
        return QSize(312, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """The words may be cut, the key not."""
        return QSize(120, super().minimumSizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A letter begins the search."""
        if event.text().strip() and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.asked.emit(event.text())
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the field, the words and the key."""
        super().paintEvent(event)
        worn = current_tokens()
        painter = QPainter(self)
        size = key_hint_size(self._keys)
        spot = QRect(self.width() - size.width() - 9, (self.height() - size.height()) // 2, size.width(), size.height())
        paint_key_hint(painter, spot, self._keys, worn.text_3, worn.border_strong)
        painter.setPen(QColor(worn.text_3))
        inner = QRect(11, 0, spot.left() - 16, self.height())
        shown = self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
