"""A short list of answers under a line of text: title, subtitle, detail, and the key that takes each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from driveflow_desktop.ui.shell.icons import icon
from driveflow_desktop.ui.shell.theme import current_tokens, font
from driveflow_desktop.ui.widgets.marks import key_hint_size, paint_key_hint

_Index = QModelIndex | QPersistentModelIndex
ROW_HEIGHT = 36
ENTER_SIGN = "↵"
_SIDE, _GAP, _ICON = 14, 10, 26
_TITLE_SHARE, _SUBTITLE_SHARE = 0.28, 0.22


@dataclass(frozen=True, slots=True)
class Result:
    """One answer. `payload` is whatever its maker wants back; `keys` are shown in place of the row's number."""

    title: str
    subtitle: str = ""
    detail: str = ""
    payload: object = None
    icon: str = ""
    keys: str = ""

    @property
    def spoken(self) -> str:
        """The row as one phrase."""
        return ", ".join(part for part in (self.title, self.subtitle, self.detail, self.keys) if part)


@dataclass(frozen=True, slots=True)
class Widths:
    """The widths of title, subtitle and detail, in pixels with the gap behind each."""

    title: int
    subtitle: int
    detail: int


def shared_widths(width: int, needed: Widths) -> Widths:
    """Columns for a row `width` wide: what each needs, title and subtitle a good share at least.

    Where that is more than there is, the title gives first and then the subtitle, each down to its share.
    """
    title_share, subtitle_share = round(width * _TITLE_SHARE), round(width * _SUBTITLE_SHARE)
    subtitle = max(needed.subtitle, subtitle_share)
    title = max(title_share, min(needed.title, width - subtitle - needed.detail))
    left = width - title
    subtitle = min(subtitle, max(left - needed.detail, subtitle_share))
    return Widths(title, subtitle, left - subtitle)


class _ResultModel(QAbstractListModel):
    def __init__(self) -> None:
        super().__init__()
        self.results: Sequence[Result] = ()
        self.needed = Widths(0, 0, 0)
        self.keys_width = 0

    def replace(self, results: Sequence[Result]) -> None:
        self.beginResetModel()
        self.results = tuple(results)
        worn = current_tokens()
        strong, plain, small = (
            QFontMetrics(each)
            for each in (font(worn.font_md, QFont.Weight.DemiBold), font(worn.font_md), font(worn.font_sm))
        )
        self.needed = Widths(
            _widest(strong, (each.title for each in results if each.subtitle or each.detail)),
            _widest(plain, (each.subtitle for each in results)),
            _widest(small, (each.detail for each in results)),
        )
        self.keys_width = max((key_hint_size(each.keys or ENTER_SIGN).width() for each in results), default=0)
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.results)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            result = self.results[index.row()]
            return result.title if role == Qt.ItemDataRole.DisplayRole else result.spoken
        return None


class _ResultDelegate(QStyledItemDelegate):
    def __init__(self, owner: "ResultList", model: _ResultModel, *, numbered: bool, compact: bool) -> None:
        super().__init__(owner)
        self._model = model
        self._list = owner
        self._numbered = numbered
        self._compact = compact

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        return QSize(200, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        worn = current_tokens()
        rect: QRect = option.rect
        result = self._model.results[index.row()]
        current = index.row() == self._list.currentIndex().row()
        if current:
            painter.fillRect(rect, QColor(worn.accent_weak))
        inner = rect.adjusted(_SIDE, 0, -_SIDE, 0)
        keys = self._keys(result, index.row(), current=current)
        if keys:
            size = key_hint_size(keys)
            spot = QRect(inner.right() - size.width() + 1, inner.center().y() - 8, size.width(), size.height())
            paint_key_hint(painter, spot, keys, worn.text_3, worn.border_strong)
            inner.setRight(spot.left() - _GAP)
        if result.icon:
            icon(result.icon).paint(painter, QRect(inner.left(), inner.center().y() - 7, 16, 16))
            inner.setLeft(inner.left() + _ICON)
        self._paint_words(painter, inner, rect, result)

    def _paint_words(self, painter: QPainter, inner: QRect, row: QRect, result: Result) -> None:
        worn = current_tokens()
        title = font(worn.font_md, QFont.Weight.DemiBold)
        if self._compact:
            end = _text(painter, inner, result.title, title, worn.text)
            rest = inner.adjusted(end + 10, 0, 0, 0)
            small = font(worn.font_sm)
            words = " · ".join(part for part in (result.subtitle, result.detail) if part)
            _text(painter, rest, words, small, worn.text_2)
            return
        if not result.subtitle and not result.detail:
            _text(painter, inner, result.title, title, worn.text)
            return
        left = inner.left()
        made = (title, font(worn.font_md), font(worn.font_sm))
        inks = (worn.text, worn.text, worn.text_2)
        widths = self._list.column_widths(row.width())
        for words, width, each, ink in zip(
            (result.title, result.subtitle, result.detail),
            (widths.title, widths.subtitle, widths.detail),
            made,
            inks,
            strict=True,
        ):
            _text(painter, QRect(left, inner.top(), width - _GAP, inner.height()), words, each, ink)
            left += width

    def _keys(self, result: Result, row: int, *, current: bool) -> str:
        if result.keys or not self._numbered:
            return result.keys
        if current:
            return ENTER_SIGN
        return str(row + 1) if row < 9 else ""


def _widest(metrics: QFontMetrics, texts: Iterable[str]) -> int:
    return max((metrics.horizontalAdvance(text) + _GAP for text in texts if text), default=0)


def _text(painter: QPainter, rect: QRect, text: str, made: QFont, colour: str) -> int:
    if not text or rect.width() <= 0:
        return 0
    metrics = QFontMetrics(made)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
    painter.setFont(made)
    painter.setPen(QColor(colour))
    painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)
    return metrics.horizontalAdvance(shown)


class ResultList(QListView):
    """The list itself. The line of text keeps the keyboard and drives it with `step`, `choose` and `choose_number`."""

    chosen = Signal(object)
    """The `Result` taken, by key or by click."""

    def __init__(
        self, name: str, parent: QWidget | None = None, *, numbered: bool = False, compact: bool = False
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self._answers = _ResultModel()
        self.setModel(self._answers)
        self.setItemDelegate(_ResultDelegate(self, self._answers, numbered=numbered, compact=compact))
        self.setUniformItemSizes(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.clicked.connect(lambda index: self._take(index.row()))

    @property
    def results(self) -> Sequence[Result]:
        """What is listed."""
        return self._answers.results

    @property
    def current(self) -> Result | None:
        """The row that Enter would take."""
        row = self.currentIndex().row()
        return self.results[row] if 0 <= row < len(self.results) else None

    def column_widths(self, row_width: int) -> Widths:
        """The columns in rows of this width; the same in all rows, whatever key stands at the end of each."""
        icons = _ICON if any(each.icon for each in self.results) else 0
        room = row_width - 2 * _SIDE - icons - self._answers.keys_width
        return shared_widths(room, self._answers.needed)

    def set_results(self, results: Sequence[Result]) -> None:
        """List other answers, the first one being current."""
        self._answers.replace(results)
        if results:
            self.setCurrentIndex(self._answers.index(0))

    def step(self, by: int) -> None:
        """Make another row current; stops at both ends. Screen readers hear the row."""
        if not self.results:
            return
        row = max(0, min(len(self.results) - 1, self.currentIndex().row() + by))
        self.setCurrentIndex(self._answers.index(row))
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, self.results[row].spoken))

    def choose(self) -> bool:
        """Take the current row; whether there was one."""
        return self._take(self.currentIndex().row())

    def choose_number(self, number: int) -> bool:
        """Take the row that carries `number` (1 to 9); whether there is one."""
        return self._take(number - 1)

    def height_for_rows(self, most: int) -> int:
        """The height that shows all rows, or `most` of them."""
        return min(most, len(self.results)) * ROW_HEIGHT

    def _take(self, row: int) -> bool:
        if not 0 <= row < len(self.results):
            return False
        self.chosen.emit(self.results[row])
        return True
