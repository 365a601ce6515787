"""Small signs and text fitting, shared by the painters."""

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QPolygonF

SIGN_PX = 9


def elided(metrics: QFontMetrics, text: str, width: int) -> str:
    """`text`, cut with an ellipsis to fit into `width` pixels."""
    if metrics.horizontalAdvance(text) <= width:
        return text
    return metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)


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
