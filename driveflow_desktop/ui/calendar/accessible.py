"""The calendar for screen readers: a list with one item per visible lesson.

Qt keeps every interface in a cache of its own and deletes it there; a Python reference that goes earlier would leave
the cache a dangling pointer. So `_kept` holds every calendar's interface (and through it the items') until Qt has
deleted the other side, and the items, which belong to no QObject, are handed to Qt for deletion when their view dies.
"""

from collections.abc import Sequence
from typing import Protocol, cast
from uuid import UUID

import shiboken6
from PySide6.QtCore import QObject, QRect
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent, QAccessibleInterface, QWindow
from PySide6.QtWidgets import QAccessibleWidget, QWidget

from driveflow_desktop.ui.calendar.snapshot import CalendarLesson


class LessonHost(Protocol):
    """What a view tells about its lessons."""

    def accessible_lessons(self) -> Sequence[UUID]:
        """The lessons in view by column and time, and the selected one wherever it is."""

    def lesson(self, lesson_id: UUID) -> CalendarLesson | None:
        """A lesson of the page."""

    def lesson_rect(self, lesson_id: UUID) -> QRect:
        """Where a lesson is on the screen, in global pixels; empty when it is scrolled away."""

    def selected(self) -> UUID | None:
        """The selected lesson."""

    def hasFocus(self) -> bool:
        """Whether the keyboard is here."""

    def select(self, lesson_id: UUID | None) -> None:
        """Select a lesson."""


class LessonItem(QAccessibleInterface):
    """One lesson."""

    def __init__(self, calendar: "CalendarInterface", lesson_id: UUID) -> None:
        super().__init__()
        self._calendar = calendar
        self.lesson_id = lesson_id

    def isValid(self) -> bool:
        """Whether the lesson is still on the page."""
        host = self._calendar.host()
        return host is not None and host.lesson(self.lesson_id) is not None

    def object(self) -> QObject | None:  # type: ignore[override]  # no QObject of its own; Qt allows null here
        """None: a lesson is painted, not a widget."""
        return None

    def window(self) -> QWindow | None:  # type: ignore[override]  # null before the view is in a window
        """The window of the view."""
        return self._calendar.window()

    def parent(self) -> QAccessibleInterface:
        """The calendar."""
        return self._calendar

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]  # null: there is none
        """A lesson has no children."""
        return None

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]  # null: there is none
        """A lesson has no children."""
        return None

    def childCount(self) -> int:
        """A lesson has no children."""
        return 0

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        """A lesson has no children."""
        return -1

    def rect(self) -> QRect:
        """The place on the screen."""
        host = self._calendar.host()
        return host.lesson_rect(self.lesson_id) if host else QRect()

    def role(self) -> QAccessible.Role:
        """An item of the list."""
        return QAccessible.Role.ListItem

    def state(self) -> QAccessible.State:
        """Selectable and focusable; selected and focused as in the view."""
        state = QAccessible.State()
        host = self._calendar.host()
        if host is None:
            state.invalid = True
            return state
        state.selectable = state.focusable = True
        if host.selected() == self.lesson_id:
            state.selected = state.active = True
            state.focused = host.hasFocus()
        if host.lesson_rect(self.lesson_id).isEmpty():
            state.offscreen = True
        return state

    def text(self, kind: QAccessible.Text) -> str:
        """The whole sentence as the name."""
        host = self._calendar.host()
        lesson = host.lesson(self.lesson_id) if host else None
        if lesson is None or kind is not QAccessible.Text.Name:
            return ""
        return lesson.spoken or lesson.title

    def setText(self, kind: QAccessible.Text, text: str) -> None:
        """Lessons are not edited in place."""


class CalendarInterface(QAccessibleWidget):
    """The view as a list."""

    def __init__(self, view: QWidget, host: LessonHost) -> None:
        super().__init__(view, QAccessible.Role.List)
        self._view = view
        self._host = host
        self._items: dict[UUID, tuple[LessonItem, int]] = {}

    def host(self) -> LessonHost | None:
        """The view, None once Qt has destroyed it."""
        return self._host if shiboken6.isValid(self._view) else None

    def item(self, lesson_id: UUID) -> LessonItem:
        """The interface of a lesson, made and registered with Qt when first asked for."""
        found = self._items.get(lesson_id)
        if found is None:
            item = LessonItem(self, lesson_id)
            found = self._items[lesson_id] = (item, QAccessible.registerAccessibleInterface(item))
        return found[0]

    def forget_missing(self) -> None:
        """Have Qt delete the items of lessons that have left the page."""
        for lesson_id in [lesson_id for lesson_id, (item, _) in self._items.items() if not item.isValid()]:
            self._delete(lesson_id)

    def forget_all(self) -> None:
        """Have Qt delete every item."""
        for lesson_id in list(self._items):
            self._delete(lesson_id)

    def _delete(self, lesson_id: UUID) -> None:
        item, number = self._items.pop(lesson_id)
        if shiboken6.isValid(item):
            QAccessible.deleteAccessibleInterface(number)

    def childCount(self) -> int:
        """The number of visible lessons."""
        host = self.host()
        return len(host.accessible_lessons()) if host else 0

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]  # null: out of range
        """A visible lesson."""
        host = self.host()
        lessons = host.accessible_lessons() if host else ()
        return self.item(lessons[index]) if 0 <= index < len(lessons) else None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        """The place of a lesson among the visible ones."""
        host = self.host()
        if host is None or not isinstance(child, LessonItem):
            return -1
        lessons = host.accessible_lessons()
        return lessons.index(child.lesson_id) if child.lesson_id in lessons else -1

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]  # null: free place
        """The lesson at a point of the screen."""
        host = self.host()
        for lesson_id in host.accessible_lessons() if host else ():
            if host and host.lesson_rect(lesson_id).contains(x, y):
                return self.item(lesson_id)
        return None

    def focusChild(self) -> QAccessibleInterface | None:  # type: ignore[override]  # null: none selected
        """The selected lesson while the view has the keyboard."""
        host = self.host()
        selected = host.selected() if host and host.hasFocus() else None
        return self.item(selected) if selected else super().focusChild()


_kept: list[CalendarInterface] = []
_hosts: dict[str, type[QWidget]] = {}


def install(view_class: type[QWidget]) -> None:
    """Give screen readers this module's interface for every `view_class` (a `LessonHost`); once per class."""
    if not _hosts:
        QAccessible.installFactory(_make)
    _hosts[view_class.__name__] = view_class


def _make(class_name: str, view: QObject) -> QAccessibleInterface | None:
    view_class = _hosts.get(class_name)
    if view_class is None or not isinstance(view, view_class):
        return None
    _kept[:] = [interface for interface in _kept if shiboken6.isValid(interface)]
    interface = CalendarInterface(view, cast("LessonHost", view))
    _kept.append(interface)
    view.destroyed.connect(interface.forget_all)
    return interface


def _interface(view: QWidget) -> CalendarInterface | None:
    """The interface of a view, None while nobody reads the screen."""
    found = QAccessible.queryAccessibleInterface(view) if QAccessible.isActive() else None
    return found if isinstance(found, CalendarInterface) else None


def focus_moved(view: QWidget, lesson_id: UUID) -> None:
    """Tell screen readers that the keyboard stands on this lesson."""
    calendar = _interface(view)
    if calendar:
        item = calendar.item(lesson_id)
        QAccessible.updateAccessibility(QAccessibleEvent(item, QAccessible.Event.Focus))


def lessons_changed(view: QWidget) -> None:
    """Tell screen readers that the page has other lessons."""
    calendar = _interface(view)
    if calendar:
        calendar.forget_missing()
        QAccessible.updateAccessibility(QAccessibleEvent(view, QAccessible.Event.ObjectReorder))


def announce(view: QWidget, text: str) -> None:
    """Have screen readers say something that has no place of its own, such as a verdict."""
    if QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(view, text))
