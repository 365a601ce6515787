"""The model of long lists: frozen rows that arrive in keyset pages, and change by difference."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, Literal, Protocol, TypeVar
from uuid import UUID

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from shiboken6 import isValid

from driveflow_desktop.ui.widgets.marks import PillTone
from driveflow_desktop.ui.widgets.rowdiff import row_steps

PAGE_ROWS = 200
_Index = QModelIndex | QPersistentModelIndex
CellKind = Literal["text", "strong", "muted", "person", "number", "strong_number", "pill"]


class Row(Protocol):
    """A frozen snapshot with an identity; equal snapshots look equal."""

    @property
    def id(self) -> UUID:
        """The row's id, unique in the list."""
        ...


R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """How one column reads from a row.

    `text` is called once per row and kept. `tone` colours a pill. `sort` is the name by which the page provider
    sorts, empty for a column that cannot be sorted. The column with `stretch` takes what width is left. Where `width`
    is too much for all of them, the stretching column gives way first, then the others, each down to its `least`
    (without one a column keeps its width).
    """

    id: str
    title: str
    text: Callable[[R], str]
    width: int = 120
    kind: CellKind = "text"
    tone: Callable[[R], PillTone] | None = None
    sort: str = ""
    stretch: bool = False
    least: int = 0

    @property
    def spare(self) -> int:
        """How much of its width it can give away."""
        return self.width - self.least if self.least else 0

    @property
    def right(self) -> bool:
        """Whether the column holds figures, which stand on the right."""
        return self.kind in ("number", "strong_number")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`limit` rows after the cursor `after` (nothing: from the top), in the order of `sort`."""

    after: object
    limit: int
    sort: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Rows, the cursor of the next page (nothing: the end), and how many rows the whole list has, if known."""

    rows: Sequence[R]
    after: object
    total: int | None = None


Pages = Callable[[PageRequest, Callable[[Page[R]], None]], None]
"""Gets a request and a function to call with the page, on the UI thread, at once or later."""


class RosterModel(QAbstractTableModel, Generic[R]):
    """Rows come by `fetchMore` as the view scrolls; `refresh` asks again for what is loaded and announces differences.

    `data()` looks up kept strings and never calls the provider.
    """

    loaded = Signal()
    """A page arrived: `total` and `rows` are new."""

    def __init__(
        self,
        columns: Sequence[Column[R]],
        pages: Pages[R],
        parent: QObject | None = None,
        *,
        sort: str = "",
        descending: bool = False,
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self._pages = pages
        self._rows: list[R] = []
        self._cells: list[tuple[str, ...] | None] = []
        self._places: dict[UUID, int] | None = None
        self._after: object = None
        self._more = True
        self._question = 0
        self._waiting = False
        self.total: int | None = None
        self.sort_name = sort
        self.descending = descending

    @property
    def rows(self) -> Sequence[R]:
        """The rows loaded so far."""
        return self._rows

    @property
    def is_loading(self) -> bool:
        """Whether a page was asked for and has not come."""
        return self._waiting

    def row_of(self, row_id: UUID) -> int | None:
        """The position of a loaded row."""
        if self._places is None:
            self._places = {row.id: at for at, row in enumerate(self._rows)}
        return self._places.get(row_id)

    def texts(self, row: int) -> tuple[str, ...]:
        """The texts of a row's cells, made once."""
        kept = self._cells[row]
        if kept is None:
            kept = tuple(column.text(self._rows[row]) for column in self.columns)
            self._cells[row] = kept
        return kept

    def restart(self) -> None:
        """Begin anew: the question behind the list is another one. Old rows stay until the first page comes."""
        self._ask(PageRequest(None, PAGE_ROWS, self.sort_name, self.descending), self._began)

    def refresh(self) -> None:
        """Ask again for as many rows as are loaded, and announce only what differs."""
        limit = max(PAGE_ROWS, len(self._rows))
        self._ask(PageRequest(None, limit, self.sort_name, self.descending), self._refreshed)

    def order_by(self, sort: str, *, descending: bool) -> None:
        """Sort by another name and begin anew."""
        self.sort_name, self.descending = sort, descending
        self.restart()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Loaded rows."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Columns."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell's text, for Qt's own needs (keyboard search, screen readers); the delegate reads `texts`."""
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.texts(index.row())[index.column()]
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Column titles, aligned as their cells."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if self.columns[section].right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def canFetchMore(self, parent: _Index) -> bool:
        """Whether another page exists and is not on its way."""
        return not parent.isValid() and self._more and not self._waiting

    def fetchMore(self, _parent: _Index) -> None:
        """Ask for the next page."""
        then = self._appended if self._rows else self._began
        self._ask(PageRequest(self._after, PAGE_ROWS, self.sort_name, self.descending), then)

    def _ask(self, request: PageRequest, then: Callable[[Page[R]], None]) -> None:
        self._question += 1
        self._waiting = True
        self._pages(request, partial(self._answered, self._question, then))

    def _answered(self, question: int, then: Callable[[Page[R]], None], page: Page[R]) -> None:
        if not isValid(self) or question != self._question:
            return
        self._waiting = False
        self._after, self._more = page.after, page.after is not None
        if page.total is not None:
            self.total = page.total
        then(page)
        self.loaded.emit()

    def _began(self, page: Page[R]) -> None:
        self.beginResetModel()
        self._hold(list(page.rows), [None] * len(page.rows))
        self.endResetModel()

    def _appended(self, page: Page[R]) -> None:
        if not page.rows:
            return
        first = len(self._rows)
        self.beginInsertRows(QModelIndex(), first, first + len(page.rows) - 1)
        self._hold([*self._rows, *page.rows], [*self._cells, *([None] * len(page.rows))])
        self.endInsertRows()

    def _refreshed(self, page: Page[R]) -> None:
        removals, insertions = row_steps([row.id for row in self._rows], [row.id for row in page.rows])
        for first, last in removals:
            self.beginRemoveRows(QModelIndex(), first, last)
            del self._rows[first : last + 1]
            del self._cells[first : last + 1]
            self.endRemoveRows()
        for first, last in insertions:
            self.beginInsertRows(QModelIndex(), first, last)
            self._rows[first:first] = page.rows[first : last + 1]
            self._cells[first:first] = [None] * (last + 1 - first)
            self.endInsertRows()
        self._places = None
        for at, row in enumerate(page.rows):
            if self._rows[at] != row:
                self._rows[at], self._cells[at] = row, None
                self.dataChanged.emit(self.index(at, 0), self.index(at, len(self.columns) - 1))

    def _hold(self, rows: list[R], cells: list[tuple[str, ...] | None]) -> None:
        self._rows, self._cells, self._places = rows, cells, None
