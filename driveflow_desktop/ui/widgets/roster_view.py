"""The view of long lists: a painted table that stays quick at twenty thousand rows."""

import json
from collections.abc import Callable
from typing import Generic
from uuid import UUID

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from driveflow_desktop.ui.widgets.memory import Memory
from driveflow_desktop.ui.widgets.roster_model import R, RosterModel
from driveflow_desktop.ui.widgets.roster_paint import CellPainter

ROW_HEIGHT = 44
_Index = QModelIndex | QPersistentModelIndex


class _Delegate(QStyledItemDelegate, Generic[R]):
    """Hands each visible cell to the painter, without a call of `data()`."""

    def __init__(self, view: "RosterView[R]", model: RosterModel[R]) -> None:
        super().__init__(view)
        self._view = view
        self._model = model
        self._painter = CellPainter(model)

    def begin(self) -> None:
        self._painter.begin(self._view.hovered_row, self._view.focused_row())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        rect: QRect = option.rect
        row = index.row()
        self._painter.paint(painter, rect, row, index.column(), selected=row == self._view.currentIndex().row())


class RosterView(QTableView, Generic[R]):
    """Rows to look through and pick one of: sorted by header or menu, widths remembered under `name` in `memory`."""

    picked = Signal(object)
    """The row the person moved to (a snapshot), or None."""
    opened = Signal(object)
    """The row the person pressed Enter on or double-clicked."""

    def __init__(self, model: RosterModel[R], memory: Memory, name: str, title: str) -> None:
        super().__init__()
        self._roster = model
        self._memory = memory
        self._key = f"table/{name}"
        self._wanted: UUID | None = None
        self._empty: QWidget | None = None
        self._chosen = self._kept_widths()
        self._fitting = False
        self.hovered_row = -1
        self.setAccessibleName(title)
        self.setModel(model)
        self._delegate = _Delegate(self, model)
        self.setItemDelegate(self._delegate)
        self._behave()
        self._lay_columns()
        model.modelReset.connect(self._restore_current)
        model.loaded.connect(self._show_empty)
        self.activated.connect(lambda index: self.opened.emit(model.rows[index.row()]))
        self.horizontalHeader().sectionResized.connect(self._resized)
        self.horizontalHeader().sectionClicked.connect(self._header_clicked)

    def set_empty(self, widget: QWidget) -> None:
        """What stands in the table's place while the list has no rows."""
        self._empty = widget
        widget.setParent(self.viewport())
        self._show_empty()

    @property
    def current_row(self) -> R | None:
        """The picked row."""
        at = self.currentIndex().row()
        return self._roster.rows[at] if 0 <= at < len(self._roster.rows) else None

    def pick(self, row_id: UUID) -> bool:
        """Move to a row by id; if it is not loaded yet, as soon as a restart brings it. Whether it is there now."""
        self._wanted = row_id
        at = self._roster.row_of(row_id)
        if at is None:
            return False
        self.setCurrentIndex(self._roster.index(at, 0))
        return True

    def focused_row(self) -> int:
        """The row that wears the focus ring, -1 when the keyboard is elsewhere."""
        return self.currentIndex().row() if self.hasFocus() else -1

    def sort_by(self, column: int) -> None:
        """Sort by a column, or turn its order round when it is sorted by it already."""
        sort = self._roster.columns[column].sort
        if not sort:
            return
        descending = self._roster.sort_name == sort and not self._roster.descending
        self._roster.order_by(sort, descending=descending)
        self._show_order()

    def currentChanged(self, current: _Index, previous: _Index) -> None:
        """Tell which row is picked."""
        super().currentChanged(current, previous)
        self.viewport().update()
        if current.row() != previous.row():
            row = self.current_row
            self._wanted = row.id if row is not None else self._wanted
            self.picked.emit(row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens on every platform; the menu key offers the orders."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current_row is not None:
            self.opened.emit(self.current_row)
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer the orders of the list, for those who sort by keyboard."""
        menu = self.order_menu()
        menu.popup(event.globalPos())
        event.accept()

    def order_menu(self) -> QMenu:
        """A menu with one entry per column that can be sorted; it deletes itself when closed."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for at, column in enumerate(self._roster.columns):
            if column.sort:
                entry = menu.addAction(self.tr("Sort by {column}").format(column=column.title))
                entry.triggered.connect(_later(self.sort_by, at))
        return menu

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Light the row under the mouse."""
        super().mouseMoveEvent(event)
        self._hover(self.rowAt(round(event.position().y())))

    def leaveEvent(self, event: QEvent) -> None:
        """No row under the mouse."""
        super().leaveEvent(event)
        self._hover(-1)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus ring on a row, the first if none is picked."""
        super().focusInEvent(event)
        if not self.currentIndex().isValid() and self._roster.rows:
            self.setCurrentIndex(self._roster.index(0, 0))
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the focus ring away."""
        super().focusOutEvent(event)
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the width out anew; keep the empty state as large as the table."""
        self._fit()  # before Qt decides whether it takes scroll bars
        super().resizeEvent(event)
        self._fit()  # beside those that it took
        self._show_empty()

    def viewportEvent(self, event: QEvent) -> bool:
        """Prepare the painter once per frame."""
        if event.type() is QEvent.Type.Paint:
            self._delegate.begin()
        return super().viewportEvent(event)

    def _behave(self) -> None:
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(ROW_HEIGHT)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionsClickable(True)
        head.setMinimumSectionSize(48)
        head.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def _lay_columns(self) -> None:
        head = self.horizontalHeader()
        for at in range(len(self._roster.columns)):
            head.setSectionResizeMode(at, QHeaderView.ResizeMode.Interactive)
        self._fit()
        self._show_order()

    def _show_order(self) -> None:
        head = self.horizontalHeader()
        names = [column.sort for column in self._roster.columns]
        sorted_by = self._roster.sort_name
        head.setSortIndicatorShown(bool(sorted_by) and sorted_by in names)
        if sorted_by in names:
            order = Qt.SortOrder.DescendingOrder if self._roster.descending else Qt.SortOrder.AscendingOrder
            head.setSortIndicator(names.index(sorted_by), order)

    def _header_clicked(self, column: int) -> None:
        self.sort_by(column)
        self._show_order()

    def _resized(self, section: int) -> None:
        if not self._fitting:
            self._chosen[self._roster.columns[section].id] = self.columnWidth(section)
            self._memory.write(self._key, json.dumps(self._chosen))
            self._fit()

    def _fit(self) -> None:
        """Share the width out; where the columns cannot give enough away, the table scrolls."""
        chosen = [column.id in self._chosen for column in self._roster.columns]
        widths = [self._chosen.get(column.id, column.width) for column in self._roster.columns]
        spare = [0 if own else column.spare for own, column in zip(chosen, self._roster.columns, strict=True)]
        missing = sum(widths) - self.viewport().width()
        at = next((at for at, column in enumerate(self._roster.columns) if column.stretch), None)
        if at is not None:
            given, spare[at] = min(missing, spare[at]), 0
            widths[at] -= given
            missing -= given
        rest = sum(spare)
        for other, part in enumerate(spare):
            if missing > 0 and part:
                # Of what is left, so that the last one gives what rounding left over.
                given = min(part, -(-missing * part // rest))
                widths[other] -= given
                missing, rest = missing - given, rest - part
        self._fitting = True
        for each, width in enumerate(widths):
            self.setColumnWidth(each, width)
        self._fitting = False

    def _kept_widths(self) -> dict[str, int]:
        """The widths that the person chose, by column."""
        try:
            kept = json.loads(self._memory.read(self._key) or "{}")
            return {str(name): int(width) for name, width in kept.items()}
        except (ValueError, TypeError, AttributeError):  # a settings file that somebody edited by hand
            return {}

    def _restore_current(self) -> None:
        if self._wanted is not None:
            self.pick(self._wanted)

    def _show_empty(self) -> None:
        if self._empty is not None:
            self._empty.setGeometry(self.viewport().rect())
            self._empty.setVisible(not self._roster.rows and not self._roster.is_loading)

    def _hover(self, row: int) -> None:
        if row != self.hovered_row:
            self.hovered_row = row
            self.viewport().update()


def _later(act: Callable[[int], None], column: int) -> Callable[[], None]:
    return lambda: act(column)
