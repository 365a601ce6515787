"""The ghost of a proposal: a dashed frame with its times, and the verdict in words."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from driveflow_desktop.ui.calendar.colours import make_legible
from driveflow_desktop.ui.calendar.layout import Frame
from driveflow_desktop.ui.calendar.paint import CARD_RADIUS, Ink
from driveflow_desktop.ui.calendar.signs import SIGN_PX, paint_sign
from driveflow_desktop.ui.calendar.snapshot import GhostVerdict

_PAD, _SIGN_GAP, _TAG_GAP, _MARGIN = 8, 5, 3, 3
_SIGNS = {"ok": "check", "warn": "warning", "bad": "cross"}


@dataclass(frozen=True, slots=True)
class _Look:
    ink: QColor
    fill: QColor
    line: QColor


class Ghost:
    """One ghost at one place, measured when made; `bounds` is all that it paints, in content pixels."""

    def __init__(self, ink: Ink, frame: Frame, times: str, verdict: GhostVerdict | None, limits: QRect) -> None:
        """`limits` is the visible part of the content, which the verdict's tag does not leave."""
        self._ink = ink
        self._body = QRect(*frame)
        self._times = times
        self._verdict = verdict
        self._look = _look(ink, verdict)
        self._tag = self._place_tag(limits)
        self.bounds = self._body.united(self._tag).adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN)

    def _place_tag(self, limits: QRect) -> QRect:
        """Where the verdict stands: inside when it fits, else on a tag below, or above at the end of the view."""
        if self._verdict is None or not self._verdict.text:
            return QRect()
        line = self._ink.small.height
        width = 2 * _PAD + SIGN_PX + _SIGN_GAP + self._ink.small.width(self._verdict.text)
        left, top = self._body.left(), self._body.top()
        behind = left + _PAD + self._ink.small_bold.width(self._times)
        below = top + line + 4
        if width <= self._body.width() and below + line + 2 <= self._body.bottom():
            return QRect(left, below, width, line)
        if behind + width <= self._body.right() and line <= self._body.height():
            return QRect(behind, top + self._inset(), width, line)
        tag = QRect(self._body.left(), self._body.bottom() + _TAG_GAP, min(width, limits.width()), line + 6)
        if tag.bottom() > limits.bottom():
            tag.moveBottom(self._body.top() - _TAG_GAP)
        if tag.right() > limits.right():
            tag.moveRight(limits.right())
        return tag

    def _inset(self) -> int:
        """The room above the times: none to speak of in a ghost of a quarter hour."""
        return min(4, (self._body.height() - self._ink.small_bold.height) // 2)

    def paint(self, painter: QPainter) -> None:
        """Draw it; the painter stands in content pixels."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(self._look.line, 1.3)
        pen.setDashPattern([3, 2.2])
        painter.setPen(pen)
        painter.setBrush(self._look.fill)
        painter.drawRoundedRect(QRectF(self._body).adjusted(0.5, 0.5, -0.5, -0.5), CARD_RADIUS, CARD_RADIUS)
        letters = self._ink.small_bold
        baseline = self._body.top() + self._inset() + letters.ascent
        painter.setFont(self._ink.small_bold.font)
        painter.setPen(self._look.ink)
        painter.drawText(
            QPointF(self._body.left() + _PAD, baseline), letters.fitted(self._times, self._body.width() - 2 * _PAD)
        )
        if self._verdict is not None and not self._tag.isEmpty():
            self._paint_verdict(painter, self._verdict)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_verdict(self, painter: QPainter, verdict: GhostVerdict) -> None:
        tag, letters = self._tag, self._ink.small
        if not self._body.contains(tag):
            painter.setPen(QPen(self._look.line, 1))
            painter.setBrush(self._look.fill)
            painter.drawRoundedRect(QRectF(tag).adjusted(0.5, 0.5, -0.5, -0.5), CARD_RADIUS, CARD_RADIUS)
        middle = tag.top() + tag.height() / 2
        paint_sign(painter, _SIGNS[verdict.tone], self._look.ink, QPointF(tag.left() + _PAD + SIGN_PX / 2, middle))
        left = tag.left() + _PAD + SIGN_PX + _SIGN_GAP
        painter.setFont(self._ink.small.font)
        painter.setPen(self._look.ink)
        baseline = middle + (letters.ascent - letters.descent) / 2
        painter.drawText(QPointF(left, baseline), letters.fitted(verdict.text, tag.right() - _PAD + 2 - left))


def _look(ink: Ink, verdict: GhostVerdict | None) -> _Look:
    tokens = ink.tokens
    line, fill = {
        "ok": (tokens.accent, tokens.accent_weak),
        "warn": (tokens.warn, tokens.warn_weak),
        "bad": (tokens.bad, tokens.bad_weak),
    }[verdict.tone if verdict else "ok"]
    return _Look(QColor(make_legible(line, fill, tokens.text)), QColor(fill), QColor(line))
