"""A scrolling time grid: geometry, painting and the part of Qt's item view interface that is about places."""

from collections.abc import Iterable
from typing import cast

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPersistentModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QRegion, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QWidget

from driveflow_desktop.ui.calendar.header import GUTTER_WIDTH, ColumnHeader, Corner, HourGutter
from driveflow_desktop.ui.calendar.layout import (
    DEFAULT_PIXELS_PER_HOUR,
    MAX_PIXELS_PER_HOUR,
    MIN_COLUMN_WIDTH,
    MIN_PIXELS_PER_HOUR,
    GridLayout,
    PagePlan,
)
from driveflow_desktop.ui.calendar.model import LessonModel
from driveflow_desktop.ui.calendar.paint import Ink
from driveflow_desktop.ui.calendar.scene import Scene
from driveflow_desktop.ui.calendar.snapshot import CalendarPage
from driveflow_desktop.ui.shell.tokens import Tokens, tokens

Index = QModelIndex | QPersistentModelIndex
_MANY_RECTS = 6
_ZOOM_STEP = 1.15
_WHEEL_STEP = 120
_LEAD_IN_PX = 10


class GridView(QAbstractItemView):
    """Shows a `CalendarPage`; knows nothing of gestures or selection.

    The head row and the hours are widgets of their own, so that the viewport scrolls by copying its pixels and paints
    only the strip that came into view.
    """

    zoomChanged = Signal(float)
    """Pixels per hour, after a person or the program changed it."""
    relaid = Signal()
    """Everything has new frames: another page, width, zoom or font."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._zoom = DEFAULT_PIXELS_PER_HOUR
        self._plan = PagePlan(CalendarPage())
        ink = Ink(tokens(dark=False), self.devicePixelRatioF())
        layout = GridLayout(self._plan, 1, self._zoom, MIN_COLUMN_WIDTH)
        self.scene = Scene(ink, layout)
        self.header = ColumnHeader(self, ink, layout)
        self.gutter = HourGutter(self, ink, layout)
        self._corner = Corner(self, ink, layout)
        self._lessons = LessonModel(self)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setModel(self._lessons)
        self._relayout()

    @property
    def page(self) -> CalendarPage:
        """The page shown."""
        return self._plan.page

    @property
    def zoom(self) -> float:
        """Pixels per hour."""
        return self._zoom

    def set_tokens(self, theme: Tokens) -> None:
        """Wear another theme."""
        self._set_ink(Ink(theme, self.devicePixelRatioF()))

    def set_zoom(self, pixels_per_hour: float, anchor: int | None = None) -> None:
        """Stretch or shrink the hours around `anchor` (viewport y, its middle by default), within limits."""
        wanted = max(MIN_PIXELS_PER_HOUR, min(pixels_per_hour, MAX_PIXELS_PER_HOUR))
        if wanted == self._zoom:
            return
        at = self.viewport().height() // 2 if anchor is None else anchor
        minute = self.scene.layout.minute_at(self.verticalOffset() + at)
        self._zoom = wanted
        self._relayout()
        self.verticalScrollBar().setValue(self.scene.layout.y_of(minute) - at)
        self.zoomChanged.emit(wanted)

    def zoom_by(self, steps: int) -> None:
        """Stretch (or shrink, below zero) the hours by steps; none is back to the usual height."""
        self.set_zoom(self._zoom * _ZOOM_STEP**steps if steps else DEFAULT_PIXELS_PER_HOUR)

    def scroll_to_minute(self, minute: int) -> None:
        """Bring a minute to the top, with a little room above it."""
        self.verticalScrollBar().setValue(self.scene.layout.y_of(minute) - _LEAD_IN_PX)

    def show_plan(self, plan: PagePlan) -> None:
        """Show another page."""
        self._plan = plan
        self._relayout()

    def to_content(self, position: QPoint) -> QPoint:
        """A viewport position in content pixels."""
        return position + QPoint(self.horizontalOffset(), self.verticalOffset())

    def content_in_view(self) -> QRect:
        """The part of the content that is in the viewport."""
        return self.viewport().rect().translated(self.horizontalOffset(), self.verticalOffset())

    def repaint_content(self, area: QRect) -> None:
        """Ask for a repaint of some content pixels."""
        if not area.isEmpty():
            self.viewport().update(area.translated(-self.horizontalOffset(), -self.verticalOffset()))

    def bring_into_view(self, area: QRect) -> None:
        """Scroll no further than needed to show an area; its beginning where it is larger than the viewport."""
        seen = self.content_in_view()
        for bar, low, high, first, last in (
            (self.horizontalScrollBar(), seen.left(), seen.right(), area.left(), area.right()),
            (self.verticalScrollBar(), seen.top(), seen.bottom(), area.top(), area.bottom()),
        ):
            if first < low:
                bar.setValue(first)
            elif last > high:
                bar.setValue(min(first, low + last - high))

    # Qt's item view interface ---------------------------------------------------------------------------------------

    def visualRect(self, index: Index) -> QRect:
        """The card of an index in viewport pixels; empty for none."""
        placed = self.scene.layout.find(self._lessons.lesson(index.row()).id) if index.isValid() else None
        if placed is None:
            return QRect()
        return QRect(*placed.frame).translated(-self.horizontalOffset(), -self.verticalOffset())

    def indexAt(self, point: QPoint) -> QModelIndex:
        """The lesson drawn at a viewport position."""
        at = self.to_content(point)
        placed = self.scene.layout.hit(at.x(), at.y())
        return self._lessons.index_of(placed.lesson.id) if placed else QModelIndex()

    def scrollTo(
        self, index: Index, hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible
    ) -> None:
        """Bring a lesson into view (every hint means: no further than needed)."""
        rect = self.visualRect(index)
        if not rect.isEmpty():
            self.bring_into_view(QRect(self.to_content(rect.topLeft()), rect.size()).adjusted(-6, -6, 6, 6))

    def horizontalOffset(self) -> int:
        """The content pixel at the viewport's left."""
        return self.horizontalScrollBar().value()

    def verticalOffset(self) -> int:
        """The content pixel at the viewport's top."""
        return self.verticalScrollBar().value()

    def isIndexHidden(self, index: Index) -> bool:
        """Whether the page has no column for a lesson."""
        return self.visualRect(index).isEmpty()

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        """Select the lesson in the middle of a viewport rectangle."""
        self.selectionModel().select(self.indexAt(rect.center()), command)

    def visualRegionForSelection(self, selection: object) -> QRegion:
        """The viewport pixels of the selected lessons."""
        return QRegion(self.visualRect(self.currentIndex()))

    # Scrolling and painting -----------------------------------------------------------------------------------------

    def updateGeometries(self) -> None:
        """Place the strips and set the scroll ranges."""
        layout, viewport = self.scene.layout, self.viewport()
        height = self.header.height_wanted()
        margins = self.viewportMargins()
        if (margins.left(), margins.top()) != (GUTTER_WIDTH, height):
            self.setViewportMargins(GUTTER_WIDTH, height, 0, 0)
        place = viewport.geometry()
        self.header.setGeometry(place.left(), place.top() - height, place.width(), height)
        self.gutter.setGeometry(place.left() - GUTTER_WIDTH, place.top(), GUTTER_WIDTH, place.height())
        self._corner.setGeometry(place.left() - GUTTER_WIDTH, place.top() - height, GUTTER_WIDTH, height)
        for bar, content, seen in (
            (self.horizontalScrollBar(), layout.width, viewport.width()),
            (self.verticalScrollBar(), layout.height + 1, viewport.height()),
        ):
            bar.setPageStep(seen)
            bar.setSingleStep(max(round(self._zoom / 4), 8))
            bar.setRange(0, max(content - seen, 0))
        super().updateGeometries()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Move what is painted already; Qt asks for the rest."""
        self.viewport().scroll(dx, dy)
        self.header.scroll_to(self.horizontalOffset())
        self.gutter.scroll_to(self.verticalOffset())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the new width among the columns."""
        super().resizeEvent(event)
        self._relayout()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Ctrl+wheel zooms around the pointer; else scroll."""
        if event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            steps = event.angleDelta().y() / _WHEEL_STEP
            self.set_zoom(self._zoom * _ZOOM_STEP**steps, event.position().toPoint().y())
            event.accept()
        else:
            super().wheelEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Measure anew when the font changes."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.set_tokens(self.scene.ink.tokens)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what Qt asks for, rectangle by rectangle, so that two far corners do not cost the whole view."""
        if self.scene.ink.scale != self.devicePixelRatioF():
            self.set_tokens(self.scene.ink.tokens)
        across, down = self.horizontalOffset(), self.verticalOffset()
        region = event.region()
        rects = [event.rect()] if region.rectCount() > _MANY_RECTS else list(cast("Iterable[QRect]", region))
        painter = QPainter(self.viewport())
        painter.translate(-across, -down)
        for rect in rects:
            area = rect.translated(across, down)
            painter.setClipRect(area)
            self.scene.paint(painter, area)
        painter.end()

    def _set_ink(self, ink: Ink) -> None:
        self.scene.set_ink(ink)
        self._relayout()

    def _relayout(self) -> None:
        layout = GridLayout(self._plan, self.viewport().width(), self._zoom, MIN_COLUMN_WIDTH)
        self.scene.layout = layout
        for strip in (self.header, self.gutter, self._corner):
            strip.show_grid(self.scene.ink, layout)
        self.updateGeometries()
        self.viewport().update()
        self.relaid.emit()
