"""The list of conflicts: title, whom it is about, and a pill; arrow keys move, the entry on show follows."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from driveflow_desktop.ui.screens.sync.words import Row
from driveflow_desktop.ui.shell.theme import current_tokens, font
from driveflow_desktop.ui.widgets.marks import PILL_HEIGHT, paint_pill, pill_width

_Index = QModelIndex | QPersistentModelIndex
ROW_HEIGHT: Final = 56
_SIDES: Final = 14


class _Model(QAbstractListModel):
    """The rows as given."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[Row, ...] = ()

    def replace(self, rows: Sequence[Row]) -> None:
        """Take other rows."""
        self.beginResetModel()
        self.rows = tuple(rows)
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """How many wait."""
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """What a screen reader says of a row."""
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.rows[index.row()].spoken
        return None


class _Delegate(QStyledItemDelegate):
    """Paints a row on two lines."""

    def __init__(self, model: _Model, parent: QListView) -> None:
        super().__init__(parent)
        self._model = model

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """Two lines."""
        return QSize(200, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Ground, words, pill, hairline."""
        worn, rect = current_tokens(), QRect(option.rect)
        row = self._model.rows[index.row()]
        state = option.state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(worn.accent_weak))
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), QColor(worn.border))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QColor(worn.focus))
            painter.drawRect(rect.adjusted(0, 0, -1, -2))
        inner = rect.adjusted(_SIDES, 9, -_SIDES, -9)
        width = pill_width(row.pill)
        spot = QRect(inner.right() - width, inner.top(), width, PILL_HEIGHT)
        paint_pill(painter, spot, row.pill, row.tone)
        title = QRect(inner.left(), inner.top(), spot.left() - inner.left() - 8, inner.height() // 2)
        _line(painter, title, row.title, font(worn.font_md, QFont.Weight.DemiBold), worn.text)
        about = QRect(inner.left(), title.bottom() + 1, inner.width(), inner.height() // 2)
        _line(painter, about, row.about, font(worn.font_sm), worn.text_2)


def _line(painter: QPainter, rect: QRect, words: str, made: QFont, colour: str) -> None:
    painter.setFont(made)
    painter.setPen(QColor(colour))
    shown = QFontMetrics(made).elidedText(words, Qt.TextElideMode.ElideRight, rect.width())
    painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)


class InboxList(QListView):
    """As high as its rows; the page around it scrolls."""

    picked = Signal(object)
    """The id of the entry the person moved to."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._rows = _Model()
        self.setModel(self._rows)
        self.setItemDelegate(_Delegate(self._rows, self))
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.selectionModel().currentChanged.connect(self._moved)

    @property
    def rows(self) -> tuple[Row, ...]:
        """What is listed."""
        return self._rows.rows

    def set_rows(self, rows: Sequence[Row], chosen: UUID | None) -> None:
        """List these; nobody is told of a choice that only follows."""
        self.selectionModel().blockSignals(True)
        self._rows.replace(rows)
        self.mark(chosen)
        self.selectionModel().blockSignals(False)
        self.setFixedHeight(ROW_HEIGHT * len(rows))

    def mark(self, chosen: UUID | None) -> None:
        """Show an entry as current, or none."""
        at = next((number for number, row in enumerate(self._rows.rows) if row.id == chosen), None)
        quiet = self.selectionModel().blockSignals(True)
        if at is None:
            self.clearSelection()
            self.selectionModel().clearCurrentIndex()
        else:
            self.setCurrentIndex(self._rows.index(at))
        self.selectionModel().blockSignals(quiet)
        self.viewport().update()

    def _moved(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self.picked.emit(self._rows.rows[current.row()].id)
