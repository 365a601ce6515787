"""Painting the grid: surfaces, closed hours, lines and the now-line; and the inks that all painters here share."""

from PySide6.QtCore import QLine, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QPainter, QPen, QPixmap

from driveflow_desktop.ui.calendar.colours import mix
from driveflow_desktop.ui.calendar.layout import Frame, GridLayout
from driveflow_desktop.ui.calendar.signs import SIGN_PX, Lettering, paint_dot, paint_sign
from driveflow_desktop.ui.shell.theme import font
from driveflow_desktop.ui.shell.tokens import Tokens

CARD_RADIUS = 5.0
BAR_PX = 3
SIGN_SIDE = SIGN_PX + 2
_HATCH_PX = 7
_HATCH_REPEATS = 32
_RING_PX = 2.0
_DOT_PX = 4


class Ink:
    """Colours, fonts and textures made once per theme and screen scale, so that painting makes none."""

    def __init__(self, tokens: Tokens, scale: float) -> None:
        self.tokens = tokens
        self.scale = scale
        self.surface = QColor(tokens.surface)
        self.border = QColor(tokens.border)
        self.border_strong = QColor(tokens.border_strong)
        self.text = QColor(tokens.text)
        self.text_2 = QColor(tokens.text_2)
        self.text_3 = QColor(tokens.text_3)
        self.accent = QColor(tokens.accent)
        self.now = QColor(tokens.now)
        self.focus = QColor(tokens.focus)
        self.title = Lettering(font(tokens.font_sm, QFont.Weight.DemiBold))
        struck = font(tokens.font_sm, QFont.Weight.DemiBold)
        struck.setStrikeOut(True)
        self.struck = Lettering(struck)
        self.small = Lettering(font(tokens.font_xs))
        self.small_bold = Lettering(font(tokens.font_xs, QFont.Weight.DemiBold))
        self.head = Lettering(font(tokens.font_md, QFont.Weight.DemiBold))
        self.closed = QBrush(self._hatch())
        self.dotted = QBrush(self._dots())
        self._bars: dict[int, QPixmap] = {}
        self._signs: dict[tuple[str, str], QPixmap] = {}

    def sign(self, name: str, colour: str) -> QPixmap:
        """A small sign of `SIGN_SIDE` pixels each way."""
        sign = self._signs.get((name, colour))
        if sign is None:
            sign = self._signs[name, colour] = self.pixmap(SIGN_SIDE, SIGN_SIDE)
            painter = QPainter(sign)
            paint_sign(painter, name, QColor(colour), QPointF(SIGN_SIDE / 2, SIGN_SIDE / 2))
            painter.end()
        return sign

    def travel_bar(self, width: int) -> QPixmap:
        """The bar that stands for the travel after a lesson."""
        bar = self._bars.get(width)
        if bar is None:
            bar = self._bars[width] = self.pixmap(width, BAR_PX)
            painter = QPainter(bar)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.border_strong)
            painter.drawRoundedRect(QRectF(0, 0, width, BAR_PX), BAR_PX / 2, BAR_PX / 2)
            painter.end()
        return bar

    def pixmap(self, width: int, height: int) -> QPixmap:
        """A clear pixmap of this many logical pixels at the screen's scale."""
        made = QPixmap(round(width * self.scale), round(height * self.scale))
        made.setDevicePixelRatio(self.scale)
        made.fill(Qt.GlobalColor.transparent)
        return made

    def _hatch(self) -> QPixmap:
        tile = self.pixmap(_HATCH_PX, _HATCH_PX)
        tile.fill(QColor(self.tokens.closed))
        # The stripes keep closed hours apart from open ones where the two fills are hardly so (dark theme, old panels).
        stripe = QPen(QColor(mix(self.tokens.closed, self.tokens.border, 0.4 if self.tokens.dark else 0.75)), 1)
        painter = QPainter(tile)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(stripe)
        for shift in (-_HATCH_PX, 0, _HATCH_PX):
            painter.drawLine(QPointF(shift, _HATCH_PX), QPointF(shift + _HATCH_PX, 0))
        painter.end()
        return _spread(tile, _HATCH_REPEATS)

    def _dots(self) -> QPixmap:
        tile = self.pixmap(3, 1)
        painter = QPainter(tile)
        painter.fillRect(QRectF(0, 0, 1, 1), self.border)
        painter.end()
        return tile


def _spread(tile: QPixmap, times: int) -> QPixmap:
    """The same texture from a larger tile: Qt fills with one in rows of its width, and short rows are slow."""
    side = tile.width() * times
    made = QPixmap(side, side)
    painter = QPainter(made)
    single = QPixmap(tile)
    single.setDevicePixelRatio(1)
    painter.drawTiledPixmap(0, 0, side, side, single)
    painter.end()
    made.setDevicePixelRatio(tile.devicePixelRatio())
    return made


def paint_grid(painter: QPainter, ink: Ink, layout: GridLayout, area: QRect) -> None:
    """The empty grid inside `area` (content pixels): surface, closed hours, hour lines, column lines."""
    columns = layout.columns_between(area.left(), area.right() + 1)
    for column in columns:
        _paint_hours(painter, ink, layout, column, area)
    past_midnight = QRect(area) if not columns else area.adjusted(0, max(0, layout.height - area.top()), 0, 0)
    if not past_midnight.isEmpty():
        painter.fillRect(past_midnight, ink.surface)
    full, half = layout.lines(area.top(), area.bottom())
    for y in half:
        painter.fillRect(QRect(area.left(), y, area.width(), 1), ink.dotted)
    painter.setPen(QPen(ink.border, 0))
    lines = [QLine(area.left(), y, area.right(), y) for y in full]
    lines += [QLine(x, area.top(), x, area.bottom()) for x in (layout.edges[column + 1] - 1 for column in columns)]
    painter.drawLines(lines)


def _paint_hours(painter: QPainter, ink: Ink, layout: GridLayout, column: int, area: QRect) -> None:
    """The closed and the open hours of a column side by side: what is painted twice costs twice."""
    left, right = layout.edges[column], layout.edges[column + 1]
    shut = 0

    def fill(start: int, end: int, brush: QBrush | QColor) -> None:
        top = layout.y_of(start)
        patch = QRect(left, top, right - left, layout.y_of(end) - top).intersected(area)
        if not patch.isEmpty():
            painter.fillRect(patch, brush)

    for start, end in (*layout.plan.page.columns[column].open, (layout.plan.page.day_minutes,) * 2):
        fill(shut, start, ink.closed)
        fill(start, end, ink.surface)
        shut = end


def paint_now(painter: QPainter, ink: Ink, layout: GridLayout, area: QRect) -> None:
    """The now-line, with a dot where it does not begin at the gutter (the gutter has its own)."""
    page = layout.plan.page
    y = layout.y_of(page.now_min or 0)
    if page.now_min is None or not area.top() - _DOT_PX <= y <= area.bottom() + _DOT_PX:
        return
    dotted = False
    for index, key in enumerate(layout.plan.keys):
        if key in page.now_columns:
            left, right = layout.edges[index], layout.edges[index + 1]
            painter.fillRect(QRect(left, y, right - left, 1), ink.now)
            if index and not dotted:
                paint_dot(painter, ink.now, QPointF(left, y + 0.5), _DOT_PX)
                painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            dotted = True


def paint_ring(painter: QPainter, ink: Ink, frame: Frame, focused: bool) -> None:
    """The selection ring around a card; quieter while the keyboard is elsewhere."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    # A hairline of the surface between card and ring keeps the ring visible on a fill of its own colour.
    painter.setPen(QPen(ink.surface, 1.0))
    painter.drawRoundedRect(QRectF(*frame).adjusted(-0.5, -0.5, 0.5, 0.5), CARD_RADIUS, CARD_RADIUS)
    painter.setPen(QPen(ink.focus if focused else ink.border_strong, _RING_PX))
    painter.drawRoundedRect(QRectF(*frame).adjusted(-2, -2, 2, 2), CARD_RADIUS + 2, CARD_RADIUS + 2)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
