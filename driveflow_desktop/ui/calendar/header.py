"""The parts that stay in place: the columns' heads above and the hours at the left."""

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from driveflow_desktop.ui.calendar.colours import make_legible, text_on
from driveflow_desktop.ui.calendar.layout import GridLayout
from driveflow_desktop.ui.calendar.paint import Ink
from driveflow_desktop.ui.calendar.signs import paint_dot
from driveflow_desktop.ui.calendar.snapshot import CalendarColumn

GUTTER_WIDTH = 57
_AVATAR_PX = 28
_LEFT, _AVATAR_GAP, _RIGHT = 10, 9, 6
_LABEL_RIGHT, _LABEL_ROOM, _DOT_PX = 9, 20, 4.5


class _Strip(QWidget):
    """A strip beside the viewport that scrolls with it; not reachable by mouse or keyboard."""

    def __init__(self, parent: QWidget, ink: Ink, layout: GridLayout) -> None:
        super().__init__(parent)
        self.ink = ink
        self.grid = layout
        self.offset = 0
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def show_grid(self, ink: Ink, layout: GridLayout) -> None:
        """Paint for this page, theme and zoom from now on."""
        self.ink = ink
        self.grid = layout
        self.update()


class ColumnHeader(_Strip):
    """Avatar, title and subtitle of each column."""

    _focused = False

    def set_focused(self, focused: bool) -> None:
        """Underline the row while the keyboard is in the calendar with nothing selected."""
        if focused != self._focused:
            self._focused = focused
            self.update()

    def height_wanted(self) -> int:
        """Room for an avatar, or for two lines only where no column has one."""
        lines = self.ink.head.height + self.ink.small.height
        has_avatars = any(column.initials for column in self.grid.plan.page.columns)
        return max(lines + 20, _AVATAR_PX + 24) if has_avatars else lines + 16

    def scroll_to(self, offset: int) -> None:
        """Show the columns from this content pixel on."""
        moved, self.offset = self.offset - offset, offset
        self.scroll(moved, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the columns that the event touches."""
        painter = QPainter(self)
        area = event.rect().translated(self.offset, 0)
        painter.translate(-self.offset, 0)
        painter.fillRect(area, self.ink.surface)
        for index in self.grid.columns_between(area.left(), area.right() + 1):
            left, right = self.grid.edges[index], self.grid.edges[index + 1]
            self._paint_column(painter, self.grid.plan.page.columns[index], left, right)
            painter.fillRect(QRect(right - 1, 0, 1, self.height()), self.ink.border)
        line = 2 if self._focused else 1
        colour = self.ink.focus if self._focused else self.ink.border
        painter.fillRect(QRect(area.left(), self.height() - line, area.width(), line), colour)
        painter.end()

    def _paint_column(self, painter: QPainter, column: CalendarColumn, left: int, right: int) -> None:
        ink, page = self.ink, self.grid.plan.page
        x = left + _LEFT
        if column.initials:
            self._paint_avatar(painter, column, x)
            x += _AVATAR_PX + _AVATAR_GAP
        width = right - _RIGHT - x
        heights = ink.head.height + ink.small.height + 1
        top = (self.height() - 1 - heights) // 2
        is_today = column.key in page.now_columns and len(page.now_columns) < len(page.columns)
        painter.setFont(ink.head.font)
        painter.setPen(ink.accent if is_today else ink.text)
        painter.drawText(QPointF(x, top + ink.head.ascent), ink.head.fitted(column.title, width))
        painter.setFont(ink.small.font)
        painter.setPen(ink.text_2)
        baseline = top + ink.head.height + 1 + ink.small.ascent
        painter.drawText(QPointF(x, baseline), ink.small.fitted(column.subtitle, width))

    def _paint_avatar(self, painter: QPainter, column: CalendarColumn, x: int) -> None:
        ink = self.ink
        disc = QRectF(x, (self.height() - 1 - _AVATAR_PX) / 2, _AVATAR_PX, _AVATAR_PX)
        ground = column.colour or ink.tokens.accent_weak
        letters = text_on(ground) if column.colour else make_legible(ink.tokens.accent, ground, ink.tokens.text)
        if column.on_leave:
            ground, letters = ink.tokens.closed, ink.tokens.text_2
        paint_dot(painter, QColor(ground), disc.center(), _AVATAR_PX / 2)
        painter.setPen(QColor(letters))
        painter.setFont(ink.small_bold.font)
        painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, column.initials)


class HourGutter(_Strip):
    """The wall times of the grid's full lines, and the dot of the now-line."""

    def scroll_to(self, offset: int) -> None:
        """Show the hours from this content pixel on."""
        moved, self.offset = self.offset - offset, offset
        self.scroll(0, moved)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the hours that the event touches."""
        painter = QPainter(self)
        area = event.rect().translated(0, self.offset)
        painter.translate(0, -self.offset)
        painter.fillRect(area, self.ink.surface)
        painter.fillRect(QRect(self.width() - 1, area.top(), 1, area.height()), self.ink.border)
        letters, page = self.ink.small, self.grid.plan.page
        painter.setFont(self.ink.small.font)
        painter.setPen(self.ink.text_3)
        for minute, label in page.hour_labels:
            y = self.grid.y_of(minute)
            if area.top() - _LABEL_ROOM <= y <= area.bottom() + _LABEL_ROOM:
                # Midnight's own label would be cut in half by the head row.
                middle = max(y, letters.height // 2 + 1)
                x = self.width() - _LABEL_RIGHT - letters.width(label)
                painter.drawText(QPointF(x, middle + (letters.ascent - letters.descent) / 2), label)
        if page.now_min is not None and self.grid.plan.keys[:1] and self.grid.plan.keys[0] in page.now_columns:
            paint_dot(painter, self.ink.now, QPointF(self.width() - 6, self.grid.y_of(page.now_min) + 0.5), _DOT_PX)
            painter.fillRect(QRect(self.width() - 6, self.grid.y_of(page.now_min), 6, 1), self.ink.now)
        painter.end()


class Corner(_Strip):
    """The empty field where heads and hours meet."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Surface with the hairlines of both neighbours."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), self.ink.surface)
        painter.fillRect(QRect(self.width() - 1, 0, 1, self.height()), self.ink.border)
        painter.fillRect(QRect(0, self.height() - 1, self.width(), 1), self.ink.border)
        painter.end()
