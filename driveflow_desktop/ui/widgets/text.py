"""Words on the screen: labels in the sizes and tones of the theme."""

from typing import Literal

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtGui import Qt as RichText
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

Tone = Literal["text", "muted", "faint", "accent", "ok", "warn", "bad", "info"]
Size = Literal["xs", "sm", "md", "lg", "xl", "2xl"]
Weight = Literal["normal", "medium", "bold"]


def dress(widget: QWidget, **properties: str | bool) -> None:
    """Set dynamic properties that the style sheet reads, and apply them at once."""
    for name, value in properties.items():
        widget.setProperty(name, value)
    style = widget.style()
    style.unpolish(widget)
    style.polish(widget)


def label(
    text: str = "", *, size: Size = "md", tone: Tone = "text", weight: Weight = "normal", wrap: bool = False
) -> QLabel:
    """A label of plain text: what people typed is never read as markup."""
    made = QLabel(text)
    _plain(made, size, tone, weight)
    made.setWordWrap(wrap)
    return made


def plain_tip(words: str) -> str:
    """A tool tip that shows `words` letter by letter, also where they look like markup."""
    # Qt guesses whether a tool tip is HTML, and it decodes entities only in what it took for HTML.
    if not RichText.mightBeRichText(words):
        return words
    return RichText.convertFromPlainText(words, Qt.WhiteSpaceMode.WhiteSpaceNormal)


def hairline() -> QFrame:
    """A one-pixel line in the border's colour, as wide as its layout."""
    line = QFrame()
    line.setProperty("line", "true")
    line.setFixedHeight(1)
    return line


class ElidedLabel(QLabel):
    """A label that shortens its text with “…” where room is short, and tells the whole on hover and to readers."""

    def __init__(self, text: str = "", *, size: Size = "md", tone: Tone = "text", weight: Weight = "normal") -> None:
        super().__init__(text)
        _plain(self, size, tone, weight)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)

    def minimumSizeHint(self) -> QSize:
        """A few letters wide, however long the text."""
        return QSize(
            min(super().sizeHint().width(), self.fontMetrics().horizontalAdvance("mmm…")),
            super().minimumSizeHint().height(),
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Offer the whole text on hover exactly when it is cut."""
        super().resizeEvent(event)
        self.setToolTip(plain_tip(self.text()) if self._shown() != self.text() else "")

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw what fits."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.contentsRect(), self.alignment() | Qt.TextFlag.TextSingleLine, self._shown())

    def _shown(self) -> str:
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.contentsRect().width())


def _plain(made: QLabel, size: Size, tone: Tone, weight: Weight) -> None:
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setProperty("textSize", size)
    made.setProperty("tone", tone)
    made.setProperty("weight", weight)
