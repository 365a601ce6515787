"""The calendar view: pages in, intents out. The presenter answers; nothing is decided here."""

from collections.abc import Sequence
from uuid import UUID

from PySide6.QtCore import QCoreApplication, QModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QAbstractScrollArea, QWidget

from driveflow_desktop.ui.calendar import accessible
from driveflow_desktop.ui.calendar.gesture import Edge, Grip
from driveflow_desktop.ui.calendar.gesture_view import ClockText, GestureView, plain_clock
from driveflow_desktop.ui.calendar.grid_view import Index
from driveflow_desktop.ui.calendar.layout import PagePlan
from driveflow_desktop.ui.calendar.navigate import Direction, first_lesson, step_from
from driveflow_desktop.ui.calendar.snapshot import CalendarPage

_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_STEPS = {
    Qt.Key.Key_Up: Direction.EARLIER,
    Qt.Key.Key_Down: Direction.LATER,
    Qt.Key.Key_Left: Direction.LEFT,
    Qt.Key.Key_Right: Direction.RIGHT,
    Qt.Key.Key_Home: Direction.FIRST,
    Qt.Key.Key_End: Direction.LAST,
    Qt.Key.Key_PageUp: Direction.PAGE_EARLIER,
    Qt.Key.Key_PageDown: Direction.PAGE_LATER,
}
_Cursor = QAbstractItemView.CursorAction
_CURSOR_STEPS = {
    _Cursor.MoveUp: Direction.EARLIER,
    _Cursor.MovePrevious: Direction.EARLIER,
    _Cursor.MoveDown: Direction.LATER,
    _Cursor.MoveNext: Direction.LATER,
    _Cursor.MoveLeft: Direction.LEFT,
    _Cursor.MoveRight: Direction.RIGHT,
    _Cursor.MoveHome: Direction.FIRST,
    _Cursor.MoveEnd: Direction.LAST,
    _Cursor.MovePageUp: Direction.PAGE_EARLIER,
    _Cursor.MovePageDown: Direction.PAGE_LATER,
}
_Reason = Qt.FocusReason
_PASSING = frozenset({_Reason.PopupFocusReason, _Reason.MenuBarFocusReason, _Reason.ActiveWindowFocusReason})


class CalendarView(GestureView):
    """A day or a week of lessons, for mouse, keyboard and screen reader."""

    contextRequested = Signal(object, QPoint)
    """A context menu for this lesson's UUID, or None, at a global position."""

    _seen: tuple[object, Sequence[UUID]] = (None, ())

    def __init__(self, parent: QWidget | None = None, clock_text: ClockText = plain_clock) -> None:
        super().__init__(parent, clock_text)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(QCoreApplication.translate("Calendar", "Calendar"))

    def set_page(self, page: CalendarPage) -> None:
        """Show a page; selection and scroll position stay, and so does a gesture whose lesson is still there."""
        plan = PagePlan(page)
        selected = self.selected()
        if selected is not None and selected not in plan.by_id:
            # Before its row goes: Qt would select the neighbour.
            self.select(None)
        self._lessons.replace(page.lessons)
        self.show_plan(plan)
        self._interaction.page_changed()
        accessible.lessons_changed(self)

    def selected(self) -> UUID | None:
        """The selected lesson."""
        return self.scene.selected

    def reveal(self, lesson_id: UUID) -> None:
        """Scroll a lesson into view."""
        self.scrollTo(self._lessons.index_of(lesson_id))

    def nudge(self, columns: int, steps: int, *, resize: bool = False) -> None:
        """Propose to move the selected lesson by columns and quarter hours, or only its end; Enter drops it."""
        lesson = self._plan.by_id.get(self.scene.selected) if self.scene.selected else None
        if lesson is not None:
            edge = Edge.END if resize else Edge.BODY
            grip = Grip(lesson.id, lesson.column_key, lesson.start_min, lesson.end_min, edge)
            self._interaction.nudge(grip, columns, steps)
            if self.scene.ghost is not None:
                self.bring_into_view(self.scene.ghost.bounds)

    def currentChanged(self, current: Index, previous: Index) -> None:
        """The selection moved."""
        before, scene = self.scene.selected, self.scene
        scene.selected = self._lessons.lesson(current.row()).id if current.isValid() else None
        if scene.selected == before:
            return
        self.repaint_content(scene.area_of(before))
        self.repaint_content(scene.area_of(scene.selected))
        self._show_focus()
        self.lessonSelected.emit(scene.selected)
        if scene.selected is not None and self.hasFocus():
            accessible.focus_moved(self, scene.selected)

    def moveCursor(self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        """The lesson that a cursor action leads to."""
        target = self._target(_CURSOR_STEPS[action])
        return self._lessons.index_of(target) if target else QModelIndex()

    # Keys, menus and focus ------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows select, Alt+arrows move, Alt+Shift+arrows resize, Enter drops or opens, Escape calls off."""
        key, modifiers = Qt.Key(event.key()), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        event.setAccepted(self._take_plain_key(key) if not modifiers else self._take_alt_key(key, modifiers))

    def _take_plain_key(self, key: Qt.Key) -> bool:
        if key == Qt.Key.Key_Escape:
            return self._call_off()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.scene.selected is not None:
            self._interaction.confirm(self.scene.selected)
            return True
        if key in _STEPS:
            self._walk(_STEPS[key])
            return True
        return False

    def _take_alt_key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> bool:
        alt = Qt.KeyboardModifier.AltModifier
        if key not in _ARROWS or modifiers not in (alt, alt | Qt.KeyboardModifier.ShiftModifier):
            return False
        columns, steps = _ARROWS[key]
        resize = modifiers != alt
        if not (resize and columns):
            self.nudge(columns, steps, resize=resize)
        return True

    def _call_off(self) -> bool:
        if self._interaction.proposal is not None:
            self._interaction.escape()
        elif self.scene.selected is not None:
            self.select(None)
        else:
            return False
        return True

    def _walk(self, direction: Direction) -> None:
        if self._interaction.is_proposing:
            self._interaction.escape()
        target = self._target(direction)
        if target is not None:
            self.select(target)
            self.reveal(target)

    def _target(self, direction: Direction) -> UUID | None:
        if self.scene.selected is not None:
            return step_from(self.scene.layout, self.scene.selected, direction)
        seen = self.content_in_view()
        return first_lesson(self.scene.layout, (seen.left(), seen.top(), seen.right() + 1, seen.bottom() + 1))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Select what the menu is about, then ask for it."""
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            at = self.visualRect(self.currentIndex()).center()
        else:
            at = event.pos()
            index = self.indexAt(at)
            self.select(self._lessons.lesson(index.row()).id if index.isValid() else None)
        self.contextRequested.emit(self.scene.selected, self.viewport().mapToGlobal(at))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard is; unlike other item views, select nothing by itself."""
        QAbstractScrollArea.focusInEvent(self, event)
        self._show_focus()
        if self.scene.selected is not None:
            accessible.focus_moved(self, self.scene.selected)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """A ghost moved by keys goes with the keyboard, unless that only visits a menu or another window."""
        QAbstractScrollArea.focusOutEvent(self, event)
        self._show_focus()
        if event.reason() not in _PASSING and self._interaction.is_proposing and not self._interaction.is_dragging:
            self._interaction.escape()

    def _show_focus(self) -> None:
        self.scene.focused = self.hasFocus()
        self.repaint_content(self.scene.area_of(self.scene.selected))
        self.header.set_focused(self.scene.focused and self.scene.selected is None)

    # For screen readers ---------------------------------------------------------------------------------------------

    def accessible_lessons(self) -> Sequence[UUID]:
        """The lessons in view by column and time, and the selected one wherever it is."""
        area, layout, selected = self.content_in_view(), self.scene.layout, self.scene.selected
        state = (layout, area, selected)
        if self._seen[0] != state:
            placed = layout.visible(area.left(), area.top(), area.right() + 1, area.bottom() + 1)
            found = [each.lesson.id for each in placed]
            if selected is not None and selected not in found:
                found.append(selected)
            self._seen = (state, found)
        return self._seen[1]

    def lesson_rect(self, lesson_id: UUID) -> QRect:
        """Where a lesson is on the screen, in global pixels; empty when it is scrolled away."""
        rect = self.visualRect(self._lessons.index_of(lesson_id)).intersected(self.viewport().rect())
        return QRect(self.viewport().mapToGlobal(rect.topLeft()), rect.size())


# At import, not when a view is made: with a screen reader on, Qt asks for the interface while the first view is still
# being built, and keeps for good what it then gets.
accessible.install(CalendarView)
