"""A roster whose cells are changed where they stand: F2 or a double-click begins, Enter saves, Esc puts back."""

from collections.abc import Callable
from uuid import UUID

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QComboBox, QFrame, QLineEdit, QTableView, QVBoxLayout, QWidget

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.editing import Cell
from driveflow_desktop.ui.shell.theme import current_tokens
from driveflow_desktop.ui.widgets.memory import Memory
from driveflow_desktop.ui.widgets.panels import ErrorLine
from driveflow_desktop.ui.widgets.picker import Combo
from driveflow_desktop.ui.widgets.roster_model import R, RosterModel
from driveflow_desktop.ui.widgets.roster_view import RosterView
from driveflow_desktop.ui.widgets.text import dress

_Index = QModelIndex | QPersistentModelIndex
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_EDITOR_HEIGHT = 32
_MESSAGE_WIDTH = 260


Cells = Callable[[R, str], Cell | None]
"""The cell of a row and a column's id, or nothing where nothing can be typed."""


class CellEditor(QFrame):
    """The field over a cell, with a place for its error underneath."""

    asked = Signal(str)
    """Save this text."""
    left = Signal(int)
    """Saved or not, the person moves on: 1 to the next cell, -1 to the one before, 0 stays."""

    def __init__(self, parent: QWidget, cell: Cell) -> None:
        super().__init__(parent)
        self.cell = cell
        self.waiting = False
        self.step = 0
        self.field: QLineEdit | QComboBox = _field(cell)
        self.field.setAccessibleName(cell.name)
        self.field.installEventFilter(self)
        self._message = QFrame(parent)
        self._message.setProperty("panel", "note")
        self.error = ErrorLine()
        inside = QVBoxLayout(self._message)
        inside.setContentsMargins(8, 6, 8, 6)
        inside.addWidget(self.error)
        self._message.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.field)
        self.destroyed.connect(self._message.deleteLater)

    def place(self, rect: QRect) -> None:
        """Lie over a cell."""
        top = rect.center().y() - _EDITOR_HEIGHT // 2
        self.setGeometry(rect.left() + 2, top, max(rect.width() - 4, 96), _EDITOR_HEIGHT)
        if not self._message.isHidden():
            self._place_message()

    def save(self, step: int = 0) -> None:
        """Ask to save, and to move on by `step` cells then."""
        if self.waiting:
            return
        self.step = step
        field = self.field
        text = str(field.currentData()) if isinstance(field, QComboBox) else field.text()
        if text == self.cell.text:
            self.left.emit(step)
            return
        self.waiting = True
        self.asked.emit(text)

    def refuse(self, error: UserError) -> None:
        """Say why it was not saved, and let the person go on typing."""
        self.waiting = False
        dress(self.field, wrong="true")
        self.field.setAccessibleDescription(str(error))
        self.error.show_error(error)
        self._message.show()
        self._message.raise_()
        self._place_message()
        self.field.setFocus()

    def close_editor(self) -> None:
        """Go away."""
        self.field.removeEventFilter(self)
        self._message.hide()
        self.hide()
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter saves, Tab saves and moves on, Esc puts back."""
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape:
                self.left.emit(0)
                return True
            if event.key() in _ENTER:
                self.save()
                return True
            if event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
                self.save(1 if event.key() == Qt.Key.Key_Tab else -1)
                return True
        if isinstance(event, QFocusEvent) and event.type() is QEvent.Type.FocusOut and self._is_left(event.reason()):
            self.save()
        return super().eventFilter(watched, event)

    def _is_left(self, reason: Qt.FocusReason) -> bool:
        """Whether the person went elsewhere with a good text; a list that drops down and other windows do not count."""
        kept = (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason)
        return reason not in kept and not self.error.text

    def _place_message(self) -> None:
        parent = self.parentWidget()
        room = parent.rect() if parent is not None else self.rect()
        self._message.setFixedWidth(max(self.width(), _MESSAGE_WIDTH))
        self._message.adjustSize()
        below = self.geometry().bottom() + 2
        above = self.y() - self._message.height() - 2
        top = above if below + self._message.height() > room.height() and above >= 0 else below
        self._message.move(max(0, min(self.x(), room.width() - self._message.width())), top)


class EditableRoster(RosterView[R]):
    """A roster with a cell cursor (Left and Right) and editing in place."""

    asked = Signal(object, str, str)
    """Save for this row (a snapshot), in the column of this id, this text; answered by `saved` or `refuse`."""
    refused = Signal(str)
    """A cell cannot be edited; the reason in words."""
    _held: tuple[UUID, int] | None = None  # here, because the base asks while it is being made

    def __init__(self, model: RosterModel[R], memory: Memory, name: str, title: str, cells: Cells[R]) -> None:
        super().__init__(model, memory, name, title)
        self._cells = cells
        self._editor: CellEditor | None = None
        self._place: QPersistentModelIndex | None = None
        model.modelAboutToBeReset.connect(self.cancel)
        model.loaded.connect(self._let_go)
        model.rowsRemoved.connect(self._follow)
        model.rowsInserted.connect(self._follow)
        self.verticalScrollBar().valueChanged.connect(self._follow)
        self.horizontalScrollBar().valueChanged.connect(self._follow)
        self.horizontalHeader().sectionResized.connect(self._follow)

    @property
    def editor(self) -> CellEditor | None:
        """The field over a cell, while there is one."""
        return self._editor

    def edit_cell(self, row: int, column: int, typed: str = "") -> bool:
        """Begin to edit a cell, with `typed` in place of what it holds; whether it can be edited."""
        snapshot = self._roster.rows[row]
        cell = self._cells(snapshot, self._roster.columns[column].id)
        if cell is None:
            return False
        if cell.locked:
            self.refused.emit(cell.locked)
            return False
        self.cancel()
        index = self._roster.index(row, column)
        self.setCurrentIndex(index)
        self.scrollTo(index)
        self._place = QPersistentModelIndex(index)
        self._editor = CellEditor(self.viewport(), cell)
        self._editor.asked.connect(self._ask)
        self._editor.left.connect(self._leave)
        self._follow()
        self._editor.show()
        field = self._editor.field
        if isinstance(field, QLineEdit):
            if typed:
                field.setText(typed)
            else:
                field.selectAll()
        field.setFocus()
        return True

    def saved(self) -> None:
        """What was asked for is saved."""
        if self._editor is not None:
            self._leave(self._editor.step)

    def refuse(self, error: UserError) -> None:
        """What was asked for was refused."""
        if self._editor is not None:
            self._editor.refuse(error)

    def cancel(self) -> None:
        """Close the field without saving."""
        if self._editor is not None:
            editor, self._editor, self._place = self._editor, None, None
            editor.close_editor()
            self.setFocus()

    def currentChanged(self, current: _Index, previous: _Index) -> None:
        """Tell which row is picked, unless rows are only on the move: one that sorts elsewhere now stays picked."""
        if self._held is None:
            super().currentChanged(current, previous)
        else:
            QTableView.currentChanged(self, current, previous)

    def rowsAboutToBeRemoved(self, parent: _Index, start: int, end: int) -> None:
        """Remember the picked row: perhaps it only moves."""
        row = self.current_row
        if row is not None and self._held is None:
            self._held = (row.id, self.currentIndex().column())
        super().rowsAboutToBeRemoved(parent, start, end)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """F2 edits the cell under the cursor, or the row's first that can be."""
        index = self.currentIndex()
        if event.key() == Qt.Key.Key_F2 and index.isValid():
            self._edit_here_or_first(index.row(), index.column())
            return
        super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Edit the cell under the mouse; where there is nothing to edit, open the row."""
        index = self.indexAt(event.position().toPoint())
        left = event.button() is Qt.MouseButton.LeftButton
        if index.isValid() and left and self.edit_cell(index.row(), index.column()):
            return
        super().mouseDoubleClickEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the cell cursor over the rows."""
        super().paintEvent(event)
        index = self.currentIndex()
        if not self.hasFocus() or not index.isValid():
            return
        worn = current_tokens()
        painter = QPainter(self.viewport())
        painter.setPen(QPen(QColor(worn.focus), 2))
        painter.drawRect(self.visualRect(index).adjusted(1, 1, -1, -2))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the field over its cell."""
        super().resizeEvent(event)
        self._follow()

    def _let_go(self) -> None:
        if self._held is None:
            return
        row_id, column = self._held
        at = self._roster.row_of(row_id)
        if at is not None:
            self.setCurrentIndex(self._roster.index(at, column))
            self.viewport().update()
        self._held = None
        if at is None:
            self.picked.emit(self.current_row)

    def _edit_here_or_first(self, row: int, column: int) -> None:
        """Edit the cell under the cursor; where it only tells, the first of the row that takes something typed."""
        snapshot = self._roster.rows[row]
        columns = [column, *range(len(self._roster.columns))]
        for each in columns:
            if self._cells(snapshot, self._roster.columns[each].id) is not None:
                self.edit_cell(row, each)
                return

    def _ask(self, text: str) -> None:
        if self._place is not None and self._place.isValid():
            column = self._roster.columns[self._place.column()].id
            self.asked.emit(self._roster.rows[self._place.row()], column, text)

    def _leave(self, step: int) -> None:
        row, column = (-1, -1) if self._place is None else (self._place.row(), self._place.column() + step)
        self.cancel()
        while step and row >= 0 and 0 <= column < len(self._roster.columns):
            if self.edit_cell(row, column):
                return
            column += step

    def _follow(self) -> None:
        if self._editor is None or self._place is None:
            return
        if not self._place.isValid():
            self.cancel()
            return
        self._editor.place(self.visualRect(self._roster.index(self._place.row(), self._place.column())))


def _field(cell: Cell) -> QLineEdit | QComboBox:
    if not cell.choices:
        return QLineEdit(cell.text)
    box = Combo()
    for text, shown in cell.choices:
        box.addItem(shown, text)
    box.setCurrentIndex(max(0, box.findData(cell.text)))
    return box
