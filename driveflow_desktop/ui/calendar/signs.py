"""Lettering and small signs, shared by the painters."""

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPolygonF

SIGN_PX = 9
_REMEMBERED = 8192


class Lettering:
    """A font with its measures. Names, places and services come back all the time, so widths are remembered."""

    def __init__(self, font: QFont) -> None:
        # Without hinting, letters stand at fractions of a pixel: small text is narrower and evenly spaced.
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        self.font = font
        self._metrics = QFontMetrics(font)
        self.height = self._metrics.height()
        self.ascent = self._metrics.ascent()
        self.descent = self._metrics.descent()
        self.x_height = self._metrics.xHeight()
        self._widths: dict[str, int] = {}
        self._fitted: dict[tuple[str, int], str] = {}

    def width(self, text: str) -> int:
        """The pixels that a text takes."""
        found = self._widths.get(text)
        if found is None:
            if len(self._widths) >= _REMEMBERED:
                self._widths.clear()
            found = self._widths[text] = self._metrics.horizontalAdvance(text)
        return found

    def fitted(self, text: str, width: int) -> str:
        """`text`, cut with an ellipsis where it is wider than `width` pixels."""
        if self.width(text) <= width:
            return text
        found = self._fitted.get((text, width))
        if found is None:
            if len(self._fitted) >= _REMEMBERED:
                self._fitted.clear()
            found = self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)
            self._fitted[text, width] = found
        return found


def paint_dot(painter: QPainter, colour: QColor, centre: QPointF, radius: float) -> None:
    """A filled disc."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawEllipse(centre, radius, radius)


def paint_sign(painter: QPainter, sign: str, colour: QColor, centre: QPointF) -> None:
    """One of `check`, `cross`, `dot`, `warning`, drawn by hand so that it looks alike beside every font."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if sign == "dot":
        paint_dot(painter, colour, centre, 4)
    elif sign == "warning":
        _paint_warning(painter, colour, centre)
    else:
        painter.setPen(_line(colour, 1.4))
        for stroke in _STROKES[sign]:
            painter.drawPolyline(QPolygonF([centre + QPointF(*point) for point in stroke]))


_STROKES = {
    "check": (((-3.5, 0.3), (-1.2, 2.6), (3.5, -2.6)),),
    "cross": (((-3.0, -3.0), (3.0, 3.0)), ((-3.0, 3.0), (3.0, -3.0))),
}


def _paint_warning(painter: QPainter, colour: QColor, centre: QPointF) -> None:
    painter.setPen(_line(colour, 1.1))
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF([centre + QPointF(*point) for point in ((0, -4), (4.5, 3.8), (-4.5, 3.8))]))
    light = QColor("#FFFFFF") if colour.lightnessF() < 0.6 else QColor("#101418")
    painter.setPen(_line(light, 1.1))
    painter.drawLine(centre + QPointF(0, -1.4), centre + QPointF(0, 0.9))
    painter.drawPoint(centre + QPointF(0, 2.6))


def _line(colour: QColor, width: float) -> QPen:
    return QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
