"""The lessons of a page as an item model, for everything in Qt that reads views through their models."""

from enum import IntEnum
from itertools import groupby
from operator import itemgetter
from uuid import UUID

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from driveflow_desktop.ui.calendar.snapshot import CalendarLesson
from driveflow_desktop.ui.widgets.text import plain_tip

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


class LessonRole(IntEnum):
    """Roles beside Qt's own."""

    LESSON = Qt.ItemDataRole.UserRole.value + 1
    ID = Qt.ItemDataRole.UserRole.value + 2


class LessonModel(QAbstractListModel):
    """Frozen lessons in rows.

    Rows keep the order in which their lessons came: a lesson that moves stays in its row and so stays selected. Time
    order is the layout's business.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lessons: list[CalendarLesson] = []
        self._rows: dict[UUID, int] = {}

    def rowCount(self, parent: Index = _ROOT) -> int:
        """The number of lessons."""
        return 0 if parent.isValid() else len(self._lessons)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A lesson's texts, the lesson itself or its id."""
        if not index.isValid():
            return None
        lesson = self._lessons[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return lesson.title
            case Qt.ItemDataRole.AccessibleTextRole:
                return lesson.spoken or lesson.title
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(lesson.spoken or lesson.title)
            case LessonRole.LESSON:
                return lesson
            case LessonRole.ID:
                return lesson.id
        return None

    def lesson(self, row: int) -> CalendarLesson:
        """The lesson in a row."""
        return self._lessons[row]

    def index_of(self, lesson_id: UUID) -> QModelIndex:
        """The index of a lesson, invalid when it is not here."""
        row = self._rows.get(lesson_id)
        return QModelIndex() if row is None else self.index(row, 0)

    def replace(self, lessons: tuple[CalendarLesson, ...]) -> None:
        """Show these lessons, telling views only what differs; a page with nothing in common is one reset."""
        wanted = {lesson.id: lesson for lesson in lessons}
        kept = self._rows.keys() & wanted.keys()
        if self._lessons and not kept:
            self.beginResetModel()
            self._set(list(wanted.values()))
            self.endResetModel()
            return
        self._remove([row for row, lesson in enumerate(self._lessons) if lesson.id not in wanted])
        self._update(wanted)
        self._append([lesson for key, lesson in wanted.items() if key not in kept])

    def _remove(self, rows: list[int]) -> None:
        for first, last in reversed(_runs(rows)):
            self.beginRemoveRows(_ROOT, first, last)
            self._set(self._lessons[:first] + self._lessons[last + 1 :])
            self.endRemoveRows()

    def _update(self, wanted: dict[UUID, CalendarLesson]) -> None:
        changed = [row for row, lesson in enumerate(self._lessons) if wanted[lesson.id] != lesson]
        for row in changed:
            self._lessons[row] = wanted[self._lessons[row].id]
        for first, last in _runs(changed):
            self.dataChanged.emit(self.index(first, 0), self.index(last, 0))

    def _append(self, lessons: list[CalendarLesson]) -> None:
        if lessons:
            self.beginInsertRows(_ROOT, len(self._lessons), len(self._lessons) + len(lessons) - 1)
            self._set(self._lessons + lessons)
            self.endInsertRows()

    def _set(self, lessons: list[CalendarLesson]) -> None:
        self._lessons = lessons
        self._rows = {lesson.id: row for row, lesson in enumerate(lessons)}


def _runs(rows: list[int]) -> list[tuple[int, int]]:
    """Ascending numbers as (first, last) runs."""
    groups = groupby(enumerate(rows), key=lambda pair: pair[1] - pair[0])
    found = []
    for _, run in groups:
        members = list(map(itemgetter(1), run))
        found.append((members[0], members[-1]))
    return found
