"""The grid under the mouse: hover, drags, the ghost and its verdict."""

from collections.abc import Callable
from uuid import UUID

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QCursor, QMouseEvent
from PySide6.QtWidgets import QWidget

from driveflow_desktop.ui.calendar import accessible
from driveflow_desktop.ui.calendar.gesture import (
    Dropped,
    Edge,
    Effect,
    EmptyOpened,
    Grid,
    Grip,
    Opened,
    Pointer,
    Proposed,
    Selected,
    Withdrawn,
)
from driveflow_desktop.ui.calendar.ghost import Ghost
from driveflow_desktop.ui.calendar.grid_view import GridView
from driveflow_desktop.ui.calendar.interaction import Interaction
from driveflow_desktop.ui.calendar.layout import Placed
from driveflow_desktop.ui.calendar.snapshot import CalendarLesson, GhostVerdict, Proposal, ProposalKind

ClockText = Callable[[str, int], str]
"""The wall time of a column's minute, as a person reads it: (column key, minute) → "4:30"."""

_GRIP_PX, _GRIPPED_HEIGHT_PX = 6, 24


def plain_clock(_column_key: str, minute: int) -> str:
    """Twelve-hour figures for days without a change of the clocks."""
    hour, rest = divmod(minute, 60)
    return f"{(hour - 1) % 12 + 1}:{rest:02d}"


class GestureView(GridView):
    """Turns mouse acts into selections, openings and proposals.

    While a ghost is shown, each new place is `proposed`; the presenter answers with `set_verdict`, at once or later.
    A drop is emitted whatever the verdict says; its ghost stays until the next page or `proposal_cancelled`.
    """

    lessonActivated = Signal(UUID)
    """Open this lesson (double click, Enter)."""
    lessonSelected = Signal(object)
    """The selection is now this lesson's UUID, or None."""
    proposed = Signal(object)
    """The ghost came or moved: a `Proposal`."""
    dropped = Signal(object)
    """The person means it: a `Proposal`."""
    withdrawn = Signal()
    """The person called the proposal off, or ended it where it began."""
    emptyActivated = Signal(str, int)
    """A free place was double-clicked: column key and minute."""

    def __init__(self, parent: QWidget | None = None, clock_text: ClockText = plain_clock) -> None:
        super().__init__(parent)
        self._clock_text = clock_text
        self._verdict: GhostVerdict | None = None
        self._interaction = Interaction(self, self)
        self.relaid.connect(self._renew_ghost)
        self.viewport().setMouseTracking(True)

    def proposal(self) -> Proposal | None:
        """The proposal whose ghost is shown."""
        return self._interaction.proposal

    def set_verdict(self, verdict: GhostVerdict, proposal: Proposal | None = None) -> None:
        """Show what the rules say about the ghost; one about another `proposal` than the present is too late."""
        present = self._interaction.proposal
        if present is None or (proposal is not None and proposal != present):
            return
        self._verdict = verdict
        self._renew_ghost()
        accessible.announce(self, f"{self._spoken_place(present)}, {verdict.text}")

    def proposal_cancelled(self) -> None:
        """Take the ghost away: the drop was refused or called off elsewhere."""
        self._interaction.escape()

    def lesson(self, lesson_id: UUID) -> CalendarLesson | None:
        """A lesson of the page."""
        return self._plan.by_id.get(lesson_id)

    def select(self, lesson_id: UUID | None) -> None:
        """Select a lesson, or none."""
        index = self._lessons.index_of(lesson_id) if lesson_id else QModelIndex()
        self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    # For the interaction --------------------------------------------------------------------------------------------

    def pointer_at(self, position: QPoint) -> Pointer:
        """The pointer at a viewport position, in the grid's terms."""
        at, layout = self.to_content(position), self.scene.layout
        placed = layout.hit(at.x(), at.y())
        key = layout.plan.keys[layout.column_at(at.x())]
        return Pointer(at.x(), at.y(), key, layout.minute_at(at.y()), _grip(placed, at.y()) if placed else None)

    def gesture_grid(self) -> Grid:
        """The limits of a proposal."""
        return Grid(self._plan.keys, self.page.day_minutes)

    def is_shown(self, column_key: str, lesson: UUID | None) -> bool:
        """Whether the page has this column and, if one is named, this lesson."""
        return self._plan.column_index(column_key) is not None and (lesson is None or lesson in self._plan.by_id)

    def overshoot(self, position: QPoint, margin: int) -> QPoint:
        """How far a position lies past `margin` pixels inside the viewport, 0 for within."""
        inner = self.viewport().rect().adjusted(margin, margin, -margin, -margin)
        return QPoint(
            _past(position.x(), inner.left(), inner.right()), _past(position.y(), inner.top(), inner.bottom())
        )

    def scroll_by(self, by: QPoint) -> None:
        """Scroll the content."""
        self.horizontalScrollBar().setValue(self.horizontalOffset() + by.x())
        self.verticalScrollBar().setValue(self.verticalOffset() + by.y())

    def apply_effect(self, effect: Effect) -> None:
        """Tell the presenter."""
        match effect:
            case Proposed(proposal):
                self.proposed.emit(proposal)
            case Dropped(proposal):
                self.dropped.emit(proposal)
            case Withdrawn():
                self.withdrawn.emit()
            case Selected(lesson):
                self.select(lesson)
            case Opened(lesson):
                self.lessonActivated.emit(lesson)
            case EmptyOpened(column_key, minute):
                self.emptyActivated.emit(column_key, minute)

    def ghost_changed(self) -> None:
        """The ghost came, moved or went: the old verdict no longer holds."""
        self._verdict = None
        self._renew_ghost()

    @Slot()
    def _renew_ghost(self) -> None:
        proposal, scene = self._interaction.proposal, self.scene
        if scene.ghost is not None:
            self.repaint_content(scene.ghost.bounds)
        column = self._plan.column_index(proposal.column_key) if proposal else None
        if proposal is None or column is None:
            scene.ghost = None
            self._hold(None)
            return
        frame = scene.layout.span(column, proposal.start_min, proposal.end_min)
        scene.ghost = Ghost(scene.ink, frame, self._times(proposal), self._verdict, self.content_in_view())
        self.repaint_content(scene.ghost.bounds)
        self._hold(proposal.lesson)

    def _hold(self, lesson_id: UUID | None) -> None:
        if lesson_id != self.scene.held:
            self.repaint_content(self.scene.area_of(self.scene.held))
            self.scene.held = lesson_id
            self.repaint_content(self.scene.area_of(lesson_id))

    def _times(self, proposal: Proposal) -> str:
        start = self._clock_text(proposal.column_key, proposal.start_min)
        end = self._clock_text(proposal.column_key, proposal.end_min)
        return f"{'+' if proposal.kind is ProposalKind.CREATE else '→'} {start}–{end}"

    def _spoken_place(self, proposal: Proposal) -> str:
        column = self._plan.column_index(proposal.column_key)
        title = self.page.columns[column].title if column is not None else ""
        return f"{title} {self._times(proposal)[2:]}"

    # Qt's mouse events ----------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click or a drag."""
        if event.button() is Qt.MouseButton.LeftButton and self._plan.keys:
            self._interaction.press(event.position().toPoint())
        else:
            event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag, or hover."""
        position = event.position().toPoint()
        if event.buttons() & Qt.MouseButton.LeftButton and self._plan.keys:
            self._interaction.move(position)
            if self._interaction.is_dragging:
                self._hover(None)
                self.viewport().setCursor(self._drag_cursor())
        else:
            if self._interaction.is_dragging:
                # The release went elsewhere, to a window that came between: nobody holds the ghost any more.
                self._interaction.escape()
            self._hover(position)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a click or a drag."""
        if event.button() is Qt.MouseButton.LeftButton and self._plan.keys:
            self._interaction.release(event.position().toPoint())
            self._hover(event.position().toPoint())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open a lesson or a free place."""
        if event.button() is Qt.MouseButton.LeftButton and self._plan.keys:
            self._interaction.double_click(event.position().toPoint())

    def viewportEvent(self, event: QEvent) -> bool:
        """Hover ends where the viewport ends."""
        if event.type() is QEvent.Type.Leave:
            self._hover(None)
        return super().viewportEvent(event)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """What is under the pointer changes while scrolling too."""
        super().scrollContentsBy(dx, dy)
        if self.scene.hovered is not None:
            self._hover(self.viewport().mapFromGlobal(QCursor.pos()))

    def _hover(self, position: QPoint | None) -> None:
        at = self.to_content(position) if position is not None else None
        placed = self.scene.layout.hit(at.x(), at.y()) if at is not None else None
        if at is not None and placed is not None and _edge(placed, at.y()) is not Edge.BODY:
            self.viewport().setCursor(Qt.CursorShape.SizeVerCursor)
        elif not self._interaction.is_dragging:
            self.viewport().unsetCursor()
        hovered = placed.lesson.id if placed else None
        if hovered != self.scene.hovered:
            self.repaint_content(self.scene.area_of(self.scene.hovered))
            self.scene.hovered = hovered
            self.repaint_content(self.scene.area_of(hovered))

    def _drag_cursor(self) -> Qt.CursorShape:
        proposal = self._interaction.proposal
        if proposal is not None and proposal.kind is ProposalKind.MOVE:
            return Qt.CursorShape.ClosedHandCursor
        return Qt.CursorShape.SizeVerCursor


def _edge(placed: Placed, y: float) -> Edge:
    """The part of a card at a content y; low cards have an end to pull but no start."""
    top, height = placed.frame.y, placed.frame.height
    if y >= top + height - min(_GRIP_PX, height // 3):
        return Edge.END
    return Edge.START if height >= _GRIPPED_HEIGHT_PX and y < top + _GRIP_PX - 1 else Edge.BODY


def _grip(placed: Placed, y: float) -> Grip:
    lesson = placed.lesson
    return Grip(lesson.id, lesson.column_key, lesson.start_min, lesson.end_min, _edge(placed, y))


def _past(value: int, low: int, high: int) -> int:
    return min(value - low, 0) + max(value - high, 0)
