"""The list of instructors: initials, name, a line of facts, and a pill where something needs attention."""

from collections.abc import Sequence
from uuid import UUID

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyledItemDelegate, QStyleOptionViewItem

from driveflow_desktop.ui.screens.instructors.presenter import PersonRow
from driveflow_desktop.ui.shell.theme import current_tokens, font
from driveflow_desktop.ui.widgets.marks import PILL_HEIGHT, paint_avatar, paint_pill, pill_width
from driveflow_desktop.ui.widgets.text import plain_tip

ROW_HEIGHT = 53
_AVATAR = 28
_Index = QModelIndex | QPersistentModelIndex


class _Model(QAbstractListModel):
    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[PersonRow, ...] = ()

    def show(self, rows: tuple[PersonRow, ...]) -> None:
        """Replace the rows; where the same people stand in the same order, only what differs is announced."""
        if [row.id for row in rows] == [row.id for row in self.rows]:
            before, self.rows = self.rows, rows
            for at, (old, new) in enumerate(zip(before, rows, strict=True)):
                if old != new:
                    self.dataChanged.emit(self.index(at), self.index(at))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole:
            return self.rows[index.row()].name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.rows[index.row()].spoken
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(self.rows[index.row()].spoken)
        return None


class _Delegate(QStyledItemDelegate):
    def __init__(self, owner: "PeopleList", model: _Model) -> None:
        super().__init__(owner)
        self._list = owner
        self._model = model

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        return QSize(200, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        worn = current_tokens()
        rect: QRect = option.rect
        row = self._model.rows[index.row()]
        current = index.row() == self._list.currentIndex().row()
        if current:
            painter.fillRect(rect, QColor(worn.accent_weak))
        painter.fillRect(rect.left(), rect.bottom(), rect.width(), 1, QColor(worn.border))
        if current and self._list.hasFocus():
            painter.fillRect(rect.left(), rect.top(), 3, rect.height() - 1, QColor(worn.focus))
        inner = rect.adjusted(14, 0, -14, 0)
        paint_avatar(painter, QRect(inner.left(), inner.center().y() - _AVATAR // 2, _AVATAR, _AVATAR), row.name)
        inner.setLeft(inner.left() + _AVATAR + 10)
        upper = QRect(inner.left(), inner.top() + 8, inner.width(), 18)
        lower = upper.translated(0, 18)
        if row.pill is not None:
            # Beside the name: the line of facts beneath it is the longer one, and keeps the whole width.
            width = pill_width(row.pill[0])
            spot = QRect(inner.right() - width + 1, upper.center().y() - PILL_HEIGHT // 2 + 1, width, PILL_HEIGHT)
            paint_pill(painter, spot, *row.pill)
            upper.setRight(spot.left() - 8)
        strong = font(worn.font_md, QFont.Weight.DemiBold)
        _text(painter, upper, row.name, strong, worn.text if row.active else worn.text_3)
        _text(painter, lower, row.subtitle, font(worn.font_sm), worn.text_2)


def _text(painter: QPainter, rect: QRect, text: str, made: QFont, colour: str) -> None:
    painter.setFont(made)
    painter.setPen(QColor(colour))
    shown = QFontMetrics(made).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
    painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)


class PeopleList(QListView):
    """Whom to look at. Typing letters goes to a name."""

    picked = Signal(object)
    """The id of the person gone to."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._people = _Model()
        self._wanted: UUID | None = None
        self.setAccessibleName(name)
        self.setModel(self._people)
        self.setItemDelegate(_Delegate(self, self._people))
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    @property
    def rows(self) -> Sequence[PersonRow]:
        """Who is listed."""
        return self._people.rows

    def show_rows(self, rows: tuple[PersonRow, ...]) -> None:
        """List people; the one who was picked stays so, at first it is the first."""
        self._people.show(rows)
        if rows and (self._wanted is None or not self.pick(self._wanted)):
            self.pick(rows[0].id)

    def pick(self, person_id: UUID) -> bool:
        """Go to a person, as soon as they are listed; whether they are."""
        self._wanted = person_id
        at = next((at for at, row in enumerate(self._people.rows) if row.id == person_id), None)
        if at is None:
            return False
        if at != self.currentIndex().row():
            self.setCurrentIndex(self._people.index(at))
        return True

    def currentChanged(self, current: _Index, previous: _Index) -> None:
        """Tell who is gone to."""
        super().currentChanged(current, previous)
        self.viewport().update()
        if current.isValid():
            self._wanted = self._people.rows[current.row()].id
            self.picked.emit(self._wanted)
