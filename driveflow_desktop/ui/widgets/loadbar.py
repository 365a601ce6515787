"""How full a day is: a bar of done and booked hours."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from driveflow_desktop.ui.shell.theme import current_tokens
from driveflow_desktop.ui.widgets.marks import Dot
from driveflow_desktop.ui.widgets.text import ElidedLabel, label


def blend(front: str, back: str, share: float) -> QColor:
    """`front` over `back` at an opacity of `share` (0 to 1)."""
    one, other = QColor(front), QColor(back)
    rest = 1 - share
    return QColor(
        round(one.red() * share + other.red() * rest),
        round(one.green() * share + other.green() * rest),
        round(one.blue() * share + other.blue() * rest),
    )


class LoadBar(QWidget):
    """`done` of `capacity` in the accent, `booked` (which includes done) in a paler accent."""

    def __init__(self) -> None:
        super().__init__()
        self._done = self._booked = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_load(self, done: float, booked: float, capacity: float) -> None:
        """Show amounts of one unit; a capacity of 0 shows an empty bar, more than capacity a full one."""
        self._done = min(1.0, done / capacity) if capacity > 0 else 0.0
        self._booked = min(1.0, booked / capacity) if capacity > 0 else 0.0
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as it gets."""
        return QSize(200, 8)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw track, booked, done."""
        worn = current_tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        path = QPainterPath()
        path.addRoundedRect(QRectF(self.rect()), 4, 4)
        painter.setClipPath(path)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.fillRect(self.rect(), QColor(worn.hover))
        width, height = self.width(), self.height()
        painter.fillRect(QRectF(0, 0, width * self._booked, height), blend(worn.accent, worn.surface, 0.45))
        painter.fillRect(QRectF(0, 0, width * self._done, height), QColor(worn.accent))


class LoadRow(QWidget):
    """A name, its bar and the figures in words (“5.5 of 9 h”)."""

    def __init__(self, name: str, figures: str, *, done: float, booked: float, capacity: float) -> None:
        super().__init__()
        self.setAccessibleName(f"{name}: {figures}")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        who = ElidedLabel(name, size="sm")
        who.setFixedWidth(118)
        bar = LoadBar()
        bar.set_load(done, booked, capacity)
        words = label(figures, size="sm", tone="muted")
        words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        words.setMinimumWidth(80)
        row.addWidget(who)
        row.addWidget(bar, 1)
        row.addWidget(words)


class Legend(QWidget):
    """What the two colours of a bar mean."""

    def __init__(self, done: str, booked: str) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(Dot("accent"))
        row.addWidget(label(done, size="xs", tone="muted"))
        row.addWidget(_PaleDot())
        row.addWidget(label(booked, size="xs", tone="muted"))
        row.addStretch(1)


class _PaleDot(Dot):
    """The dot of the paler part of a bar."""

    def paintEvent(self, _event: QPaintEvent) -> None:
        worn = current_tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(blend(worn.accent, worn.surface, 0.45))
        painter.drawEllipse(self.rect())
