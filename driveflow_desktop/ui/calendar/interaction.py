"""Feeds Qt's mouse and keys to the gesture machine, scrolls at the edges, and hands the effects to the view."""

from typing import Protocol
from uuid import UUID

from PySide6.QtCore import QObject, QPoint, QTimer, Slot

from driveflow_desktop.ui.calendar.gesture import (
    Confirm,
    DoubleClick,
    Dragging,
    Effect,
    Escape,
    Event,
    Grid,
    Grip,
    Idle,
    Move,
    Nudge,
    Nudging,
    Pointer,
    Press,
    Release,
    Settle,
    State,
    ghost,
    held,
    step,
)
from driveflow_desktop.ui.calendar.snapshot import Proposal

_FRAME_MS = 16
_EDGE_PX = 28
_SPEED = 0.5


class Host(Protocol):
    """What the interaction needs of the view."""

    def pointer_at(self, position: QPoint) -> Pointer:
        """The pointer at a viewport position, in the grid's terms."""

    def gesture_grid(self) -> Grid:
        """The limits of a proposal."""

    def is_shown(self, column_key: str, lesson: UUID | None) -> bool:
        """Whether the page has this column and, if one is named, this lesson."""

    def apply_effect(self, effect: Effect) -> None:
        """Something happened."""

    def ghost_changed(self) -> None:
        """The ghost came, moved or went."""

    def overshoot(self, position: QPoint, margin: int) -> QPoint:
        """How far a position lies past `margin` pixels inside the viewport, 0 for within."""

    def scroll_by(self, by: QPoint) -> None:
        """Scroll the content."""


class Interaction(QObject):
    """The state of the gesture in a view."""

    def __init__(self, host: Host, parent: QObject) -> None:
        super().__init__(parent)
        self._host = host
        self._state: State = Idle()
        self._position = QPoint()
        self._timer = QTimer(self)
        self._timer.setInterval(_FRAME_MS)
        self._timer.timeout.connect(self._scroll_on)

    @property
    def proposal(self) -> Proposal | None:
        """The proposal now shown as a ghost."""
        return ghost(self._state)

    @property
    def is_dragging(self) -> bool:
        """Whether the mouse holds a ghost."""
        return isinstance(self._state, Dragging)

    @property
    def is_proposing(self) -> bool:
        """Whether a ghost waits for the person, not for an answer."""
        return isinstance(self._state, Dragging | Nudging)

    def press(self, position: QPoint) -> None:
        """The main button went down."""
        self._feed(Press(self._host.pointer_at(position)))

    def move(self, position: QPoint) -> None:
        """The pointer moved while the button is down."""
        self._position = position
        self._feed(Move(self._host.pointer_at(position)))
        if self.is_dragging and not self._host.overshoot(position, _EDGE_PX).isNull():
            if not self._timer.isActive():
                self._timer.start()
        else:
            self._timer.stop()

    def release(self, position: QPoint) -> None:
        """The main button went up."""
        self._timer.stop()
        self._feed(Release(self._host.pointer_at(position)))

    def double_click(self, position: QPoint) -> None:
        """The main button went down twice."""
        self._feed(DoubleClick(self._host.pointer_at(position)))

    def escape(self) -> None:
        """Call off what is going on, a ghost that waits for its answer too."""
        self._timer.stop()
        self._feed(Escape())

    def confirm(self, selected: UUID) -> None:
        """Drop what was nudged, or open the selected lesson."""
        self._feed(Confirm(selected))

    def nudge(self, grip: Grip, columns: int, steps: int) -> None:
        """Move or resize the selected lesson's ghost by keys."""
        self._feed(Nudge(grip, columns, steps))

    def page_changed(self) -> None:
        """A new page is shown: an answered drop is over, and so is a gesture whose lesson or column is gone."""
        self._feed(Settle())
        if any(not self._host.is_shown(key, lesson) for key, lesson in held(self._state)):
            self.escape()
        self._host.ghost_changed()

    @Slot()
    def _scroll_on(self) -> None:
        past = self._host.overshoot(self._position, _EDGE_PX)
        self._host.scroll_by(QPoint(round(past.x() * _SPEED), round(past.y() * _SPEED)))
        self._feed(Move(self._host.pointer_at(self._position)))

    def _feed(self, event: Event) -> None:
        before = self.proposal
        self._state, effects = step(self._state, event, self._host.gesture_grid())
        if self.proposal != before:
            self._host.ghost_changed()
        for effect in effects:
            self._host.apply_effect(effect)
