"""All that the viewport shows, painted in content pixels: grid, cards, now-line, selection, ghost."""

from collections.abc import Sequence
from uuid import UUID

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter

from driveflow_desktop.ui.calendar.cards import CardCache
from driveflow_desktop.ui.calendar.ghost import Ghost
from driveflow_desktop.ui.calendar.layout import Frame, GridLayout, Placed
from driveflow_desktop.ui.calendar.paint import Ink, paint_grid, paint_now, paint_ring

_REACH_PX = 8
_HELD_OPACITY = 0.45
_BAR_SHARE, _BAR_GAP = 0.6, 2


class Scene:
    """The state of the picture; the view changes it and asks for repaints."""

    def __init__(self, ink: Ink, layout: GridLayout) -> None:
        self.layout = layout
        self.ink = ink
        self.selected: UUID | None = None
        self.hovered: UUID | None = None
        self.held: UUID | None = None
        self.focused = False
        self.ghost: Ghost | None = None
        self._cards = CardCache(ink)

    def set_ink(self, ink: Ink) -> None:
        """Another theme or screen: every card is drawn anew when next seen."""
        self.ink = ink
        self._cards = CardCache(ink)

    def area_of(self, lesson_id: UUID | None) -> QRect:
        """All pixels that depend on a lesson's selection, hover or hold."""
        placed = self.layout.find(lesson_id) if lesson_id else None
        return QRect(*placed.frame).adjusted(-4, -4, 4, 4) if placed else QRect()

    def paint(self, painter: QPainter, area: QRect) -> None:
        """Paint one rectangle; the painter is clipped to it."""
        paint_grid(painter, self.ink, self.layout, area)
        # Rings, travel bars and the dot reach over a card's frame, so cards just outside may show inside.
        reach = area.adjusted(-_REACH_PX, -_REACH_PX, _REACH_PX, _REACH_PX)
        cards = self.layout.visible(reach.left(), reach.top(), reach.right() + 1, reach.bottom() + 1)
        for placed in cards:
            if placed.lesson.travel_after_min:
                self._paint_travel(painter, placed.frame)
        ring = self._paint_cards(painter, cards)
        paint_now(painter, self.ink, self.layout, area)
        if ring:
            paint_ring(painter, self.ink, ring, self.focused)
        if self.ghost and self.ghost.bounds.intersects(area):
            self.ghost.paint(painter)

    def _paint_cards(self, painter: QPainter, cards: Sequence[Placed]) -> Frame | None:
        """Draw the cards; returns the frame of the selected one."""
        ring = None
        # Numbers, because this runs for hundreds of cards a frame and UUIDs compare and hash in Python.
        marked = {each.int for each in (self.hovered, self.held, self.selected) if each is not None}
        for placed in cards:
            lesson, frame, _ = placed
            if lesson.id.int not in marked:
                painter.drawPixmap(frame.x, frame.y, self._cards.card(placed, hovered=False))
                continue
            if lesson.id == self.held:
                painter.setOpacity(_HELD_OPACITY)
            hovered = lesson.id == self.hovered and self.held is None
            painter.drawPixmap(frame.x, frame.y, self._cards.card(placed, hovered=hovered))
            painter.setOpacity(1.0)
            if lesson.id == self.selected:
                ring = frame
        return ring

    def _paint_travel(self, painter: QPainter, frame: Frame) -> None:
        width = max(round(frame.width * _BAR_SHARE), 2)
        left = frame.x + (frame.width - width) // 2
        painter.drawPixmap(left, frame.y + frame.height + _BAR_GAP, self.ink.travel_bar(width))
