"""Painting of roster cells: prepared once per frame, no Qt lookups per cell."""

from functools import lru_cache
from typing import Generic

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter

from driveflow_desktop.ui.shell.theme import Tokens, current_tokens, font
from driveflow_desktop.ui.widgets.marks import PILL_HEIGHT, paint_avatar, paint_pill, pill_width
from driveflow_desktop.ui.widgets.roster_model import R, RosterModel

_PADDING = 10
_AVATAR = 28
_LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextSingleLine
_RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight | Qt.TextFlag.TextSingleLine


class _Brushes:
    """Fonts and colours of one theme."""

    def __init__(self, worn: Tokens) -> None:
        self.worn = worn
        self.plain = font(worn.font_md)
        self.strong = font(worn.font_md, QFont.Weight.DemiBold)
        self.text = QColor(worn.text)
        self.muted = QColor(worn.text_2)
        self.selected = QColor(worn.accent_weak)
        self.hover = QColor(worn.hover)
        self.line = QColor(worn.border)
        self.focus = QColor(worn.focus)
        self.plain_metrics = QFontMetrics(self.plain)
        self.strong_metrics = QFontMetrics(self.strong)
        self.fitted = lru_cache(maxsize=8192)(self._fitted)

    def _fitted(self, text: str, width: int, strong: bool) -> str:
        metrics = self.strong_metrics if strong else self.plain_metrics
        return metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)


class CellPainter(Generic[R]):
    """Paints cells of a roster model."""

    def __init__(self, model: RosterModel[R]) -> None:
        self._model = model
        self._brushes: _Brushes | None = None
        self._hovered = self._focused = -1

    def begin(self, hovered_row: int, focused_row: int) -> None:
        """Prepare a frame."""
        worn = current_tokens()
        if self._brushes is None or self._brushes.worn is not worn:
            self._brushes = _Brushes(worn)
        self._hovered, self._focused = hovered_row, focused_row

    def paint(self, painter: QPainter, rect: QRect, row: int, column: int, *, selected: bool) -> None:
        """Paint one cell; `begin` came before."""
        brushes = self._brushes or _Brushes(current_tokens())
        self._paint_ground(painter, rect, row, brushes, selected=selected)
        text = self._model.texts(row)[column]
        if not text:
            return
        spec = self._model.columns[column]
        inner = rect.adjusted(_PADDING, 0, -_PADDING, 0)
        if spec.kind == "pill":
            tone = spec.tone(self._model.rows[row]) if spec.tone else "neutral"
            width = min(pill_width(text), inner.width())
            paint_pill(
                painter, QRect(inner.left(), inner.center().y() - PILL_HEIGHT // 2 + 1, width, PILL_HEIGHT), text, tone
            )
            return
        if spec.kind == "person":
            paint_avatar(painter, QRect(inner.left(), inner.center().y() - _AVATAR // 2, _AVATAR, _AVATAR), text)
            inner.setLeft(inner.left() + _AVATAR + 10)
        strong = spec.kind in ("person", "strong", "strong_number")
        painter.setFont(brushes.strong if strong else brushes.plain)
        painter.setPen(brushes.muted if spec.kind == "muted" else brushes.text)
        painter.drawText(inner, _RIGHT if spec.right else _LEFT, brushes.fitted(text, inner.width(), strong))

    def _paint_ground(self, painter: QPainter, rect: QRect, row: int, brushes: _Brushes, *, selected: bool) -> None:
        if selected:
            painter.fillRect(rect, brushes.selected)
        elif row == self._hovered:
            painter.fillRect(rect, brushes.hover)
        painter.fillRect(rect.left(), rect.bottom(), rect.width(), 1, brushes.line)
        if row == self._focused:
            painter.fillRect(rect.left(), rect.top(), rect.width(), 2, brushes.focus)
            painter.fillRect(rect.left(), rect.bottom() - 1, rect.width(), 2, brushes.focus)
