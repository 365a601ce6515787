"""Activity: a list on the left, before and after on the right."""

from collections.abc import Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QTableView, QVBoxLayout, QWidget

from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.ui.screens.activity.presenter import TABLES, ActivityPresenter, Entry
from driveflow_desktop.ui.screens.context import ScreenContext
from driveflow_desktop.ui.shell.screen import Screen
from driveflow_desktop.ui.shell.topbar import TopBar
from driveflow_desktop.ui.widgets.buttons import Button, Segmented
from driveflow_desktop.ui.widgets.panels import FieldList, SidePanel
from driveflow_desktop.ui.widgets.text import label
from driveflow_desktop.ui.words import tr

_Index = QModelIndex | QPersistentModelIndex
_ROW_HEIGHT = 40
_CELLS = "QTableView::item { padding: 0 12px; }"
"""As the header's sections are padded."""


def activity_screen(context: ScreenContext) -> Screen:
    """Make the screen."""
    return ActivityScreen(context)


class ActivityModel(QAbstractTableModel):
    """The entries read so far; the next page is fetched when the end is near."""

    def __init__(self, presenter: ActivityPresenter) -> None:
        super().__init__()
        self._presenter = presenter
        self._entries: list[Entry] = []
        self._more = False
        self._headers = (
            tr("Activity", "When"),
            tr("Activity", "Who"),
            tr("Activity", "What"),
            tr("Activity", "About"),
            tr("Activity", "Change"),
        )

    def show(self, entries: Sequence[Entry], more: bool) -> None:
        """Take the entries; those that are shown already stay, so that the view keeps its place."""
        self._more = more
        known = [entry.id for entry in self._entries]
        if known and [entry.id for entry in entries[: len(known)]] == known:
            if len(entries) > len(known):
                self.beginInsertRows(QModelIndex(), len(known), len(entries) - 1)
                self._entries = list(entries)
                self.endInsertRows()
            return
        self.beginResetModel()
        self._entries = list(entries)
        self.endResetModel()

    def entry(self, row: int) -> Entry | None:
        """The entry of a row."""
        return self._entries[row] if 0 <= row < len(self._entries) else None

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """How many entries were read."""
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """The columns of the header."""
        return 0 if parent.isValid() else len(self._headers)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Words of a cell; what was done is bold."""
        entry = self._entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (entry.when, entry.who, entry.what, entry.subject, entry.summary)[index.column()]
        if role == Qt.ItemDataRole.FontRole and index.column() == 2:
            font = QFont()
            font.setWeight(QFont.Weight.DemiBold)
            return font
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The header's words."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._headers[section]
        return None

    def canFetchMore(self, parent: _Index) -> bool:
        """Whether older entries are there."""
        return not parent.isValid() and self._more

    def fetchMore(self, parent: _Index) -> None:
        """Ask for the next page, once."""
        self._more = False
        self._presenter.more()


class ActivityScreen(Screen):
    """The audit trail."""

    tables = frozenset({"bookings", "students", "payments", "instructors", "rate_card_items", "lessons", "orgs"})

    def __init__(self, context: ScreenContext) -> None:
        super().__init__()
        self._presenter = ActivityPresenter(context.desk, self._show)
        self._model = ActivityModel(self._presenter)
        self._bar = TopBar(self.tr("Activity"))
        self._tables = Segmented([(key, tr("Activity", words)) for key, words in TABLES], self.tr("Show"))
        self._tables.chosen.connect(self._presenter.choose)
        self._bar.add_tool(self._tables)
        self._list = _table(self._model, self.tr("Activity"))
        self._list.selectionModel().currentRowChanged.connect(self._selected)
        self._panel = SidePanel(self.tr("Before and after"))
        self._panel.hide()
        self._panel.closed.connect(self._panel.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        left = QVBoxLayout()
        left.setContentsMargins(16, 12, 16, 12)
        left.addWidget(self._list)
        row.addLayout(left, 1)
        row.addWidget(self._panel)

    def top_bar(self) -> QWidget:
        """Title, filter, search."""
        return self._bar

    def refresh(self, changes: Changes) -> None:
        """Read the newest entries."""
        self._presenter.load()

    def activated(self) -> None:
        """Read the newest entries."""
        self._presenter.load()

    def _show(self, entries: Sequence[Entry], more: bool) -> None:
        self._model.show(entries, more)

    def _selected(self, current: QModelIndex, _previous: QModelIndex) -> None:
        entry = self._model.entry(current.row())
        if entry is None:
            return
        self._panel.clear()
        self._panel.set_header(entry.what, f"{entry.who} · {entry.when}", person=False)
        if entry.subject:
            self._panel.add(label(entry.subject, weight="bold"))
        for change in entry.changes:
            self._panel.add_heading(change.name)
            rows = [(self.tr("Before"), change.before or "–"), (self.tr("After"), change.after or "–")]
            self._panel.add(FieldList(rows))
        go = Button(self.tr("Open"))
        go.clicked.connect(lambda: self._presenter.open(entry))
        self._panel.add_button(go)
        self._panel.show()


def _table(model: ActivityModel, name: str) -> QTableView:
    view = QTableView()
    view.setAccessibleName(name)
    view.setModel(model)
    view.setShowGrid(False)
    view.setStyleSheet(_CELLS)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setTabKeyNavigation(False)
    view.setWordWrap(False)
    view.verticalHeader().hide()
    view.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
    header = view.horizontalHeader()
    header.setHighlightSections(False)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    for column, width in enumerate((176, 124, 190, 144)):
        view.setColumnWidth(column, width)
    header.setSectionResizeMode(4, QHeaderView.ResizeMode.Stretch)
    return view
