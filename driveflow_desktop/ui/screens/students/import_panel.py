"""The import of a spreadsheet, in the roster's place: how the file is read, what its columns are, what it would do."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid5

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QProgressBar,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.ports import Desk
from driveflow_desktop.ui.screens.students.import_presenter import (
    ImportPage,
    ImportPresenter,
    MappedLine,
    PreviewLine,
    delimiter_choices,
    encoding_choices,
    field_choices,
)
from driveflow_desktop.ui.widgets.buttons import Button, PrimaryButton
from driveflow_desktop.ui.widgets.marks import Pill, PillTone
from driveflow_desktop.ui.widgets.memory import Memory
from driveflow_desktop.ui.widgets.panels import Card, EmptyState, ErrorLine
from driveflow_desktop.ui.widgets.picker import Combo
from driveflow_desktop.ui.widgets.roster_model import Column, Page, PageRequest, RosterModel
from driveflow_desktop.ui.widgets.roster_view import RosterView
from driveflow_desktop.ui.widgets.text import ElidedLabel, label

_TICK_MS = 100
_ROW_HEIGHT = 34


class _Line:
    """A preview line with the id that a list of rows wants."""

    def __init__(self, line: PreviewLine, at: int) -> None:
        self.line = line
        self.id: UUID = uuid5(NAMESPACE_OID, f"{at}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Line) and other.line == self.line

    def __hash__(self) -> int:
        return hash(self.line)


class PickBox(Combo):
    """A choice that arrows open instead of changing: going past a value would act on it."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down open the list."""
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.showPopup()
            return
        super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scrolling goes on to what lies around."""
        event.ignore()


class ImportPanel(QWidget):
    """One file, until it is imported or given up. Esc stops what runs, and then leaves."""

    closed = Signal()
    """The person is done here."""

    def __init__(self, desk: Desk, memory: Memory) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Import students"))
        self.presenter = ImportPresenter(desk, self)
        self._page: ImportPage | None = None
        self._busy = False
        self._lines: tuple[_Line, ...] = ()
        self.columns: dict[str, QComboBox] = {}
        self._build(memory)
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._show_progress)

    # -- what the person does ---------------------------------------------------------------------------------------

    def choose_file(self) -> None:
        """Ask for a file and read it."""
        words = self.tr("Choose a spreadsheet saved as CSV")
        kinds = self.tr("CSV files (*.csv *.txt *.tsv);;All files (*)")
        chosen, _kind = QFileDialog.getOpenFileName(self, words, "", kinds)
        if chosen:
            self.open_file(Path(chosen))
        elif self._page is None:
            self.closed.emit()

    def open_file(self, path: Path) -> None:
        """Read a file."""
        self.error.clear()
        self._page = None
        self._skip.setChecked(False)
        self._take.setChecked(False)
        self.presenter.open(path)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc stops the work, or leaves."""
        if event.key() == Qt.Key.Key_Escape:
            self._give_up()
            return
        super().keyPressEvent(event)

    # -- what the presenter says ------------------------------------------------------------------------------------

    def show_page(self, page: ImportPage) -> None:
        """The file, as it would be imported."""
        self._set_busy("")
        self._page = page
        self._card.set_title(page.file_name, page.summary)
        self._fill(self._encoding, encoding_choices(page.encoding), page.encoding)
        self._fill(self._delimiter, delimiter_choices(page.delimiter), page.delimiter)
        self._doubt.setVisible(not page.encoding_certain)
        self._show_columns(page.columns)
        self._lines = tuple(_Line(line, at) for at, line in enumerate(page.lines))
        self._model.restart()
        self._skip.setVisible(bool(page.wrong))
        self.go.setEnabled(not page.blocked)
        count = self.tr("Import 1 student") if page.ready == 1 else self.tr("Import {n} students")
        self.go.setText(count.format(n=f"{page.ready:,}"))
        self.go.setAccessibleName(self.go.text())
        self._blocked.setText(page.blocked)

    def show_busy(self, words: str) -> None:
        """Something takes a while."""
        self.error.clear()
        self._set_busy(words)

    def show_writing(self, words: str) -> None:
        """The students are being written: nothing may be changed meanwhile."""
        self._inputs(enabled=False)
        self.show_busy(words)

    def show_error(self, error: UserError) -> None:
        """The file, or the import, was refused."""
        self._set_busy("")
        self.error.show_error(error)
        self.go.setEnabled(False)

    def finished(self, count: int) -> None:
        """The students are there."""
        self._set_busy("")
        self.closed.emit()

    # -- parts ------------------------------------------------------------------------------------------------------

    def _build(self, memory: Memory) -> None:
        self._card = Card(self.tr("Import students"))
        other = Button(self.tr("Other file…"))
        other.clicked.connect(self.choose_file)
        self._card.add_to_title(other)
        self._card.add_row(self._reading())
        self._card.add_row(self._mapping())
        self._model = RosterModel(_columns(self), self._rows, self)
        self.table = RosterView(self._model, memory, "import", self.tr("Rows of the file"))
        self.table.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        self.table.set_empty(EmptyState("table", self.tr("What would be imported stands here.")))
        self._card.add_body(self.table, 1)
        self._card.add_row(self._foot())
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 16)
        column.addWidget(self._card, 1)

    def _reading(self) -> QWidget:
        self._encoding, self._delimiter = PickBox(), PickBox()
        self._encoding.setAccessibleName(self.tr("Encoding"))
        self._delimiter.setAccessibleName(self.tr("Delimiter"))
        for box in (self._encoding, self._delimiter):
            box.activated.connect(self._read_again)
        self._doubt = Pill(self.tr("guessed: look at the names below"), "warn")
        self._doubt.hide()
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for words, field in ((self.tr("Encoding"), self._encoding), (self.tr("Delimiter"), self._delimiter)):
            row.addWidget(label(words, size="sm", tone="muted"))
            row.addWidget(field)
        row.addWidget(self._doubt)
        row.addStretch(1)
        return line

    def _mapping(self) -> QWidget:
        inner = QWidget()
        inner.setProperty("panel", "surface")
        self._grid = QGridLayout(inner)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(2, 1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        scroll.setFixedHeight(190)
        return scroll

    def _foot(self) -> QWidget:
        self._skip = QCheckBox(self.tr("Leave out rows with mistakes"))
        self._skip.toggled.connect(self.presenter.skip_wrong)
        self._skip.hide()
        self._take = QCheckBox(self.tr("Add people who look like somebody already here"))
        self._take.toggled.connect(self.presenter.take_duplicates)
        self._blocked = ElidedLabel(size="sm", tone="muted")
        self.bar = QProgressBar()
        self.bar.setAccessibleName(self.tr("Progress"))
        self.bar.setTextVisible(False)
        self.bar.hide()
        self.error = ErrorLine()
        self.stop = Button(self.tr("Cancel"), hint="Esc")
        self.stop.clicked.connect(self._give_up)
        self.go = PrimaryButton(self.tr("Import"))
        self.go.clicked.connect(self.presenter.start)
        self.go.setEnabled(False)
        ticks = QHBoxLayout()
        ticks.setSpacing(16)
        ticks.addWidget(self._skip)
        ticks.addWidget(self._take)
        ticks.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._blocked, 1)
        row.addWidget(self.stop)
        row.addWidget(self.go)
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(ticks)
        column.addWidget(self.bar)
        column.addWidget(self.error)
        column.addLayout(row)
        return box

    def _show_columns(self, columns: Sequence[MappedLine]) -> None:
        if [column.header for column in columns] != list(self.columns):
            self._make_columns(columns)
        for column in columns:
            box = self.columns[column.header]
            box.setCurrentIndex(max(0, box.findData(column.field)))

    def _make_columns(self, columns: Sequence[MappedLine]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.columns = {}
        for row, column in enumerate(columns):
            box = PickBox()
            box.setAccessibleName(self.tr("Column {header}").format(header=column.header))
            self._fill(box, field_choices(), column.field)
            box.activated.connect(partial(self._mapped, column.header))
            self.columns[column.header] = box
            self._grid.addWidget(label(column.header, weight="medium"), row, 0)
            self._grid.addWidget(box, row, 1)
            self._grid.addWidget(ElidedLabel(column.samples, size="sm", tone="muted"), row, 2)

    def _fill(self, box: QComboBox, choices: Sequence[tuple[str, str]], current: str) -> None:
        box.clear()
        for value, shown in choices:
            box.addItem(shown, value)
        box.setCurrentIndex(max(0, box.findData(current)))

    def _rows(self, _request: PageRequest, answer: Callable[[Page[_Line]], None]) -> None:
        answer(Page(self._lines, None, len(self._lines)))

    def _mapped(self, header: str, _index: int) -> None:
        self.presenter.map_column(header, str(self.columns[header].currentData()))

    def _read_again(self) -> None:
        self.presenter.read_as(str(self._encoding.currentData()), str(self._delimiter.currentData()))

    def _inputs(self, *, enabled: bool) -> None:
        for widget in (self._encoding, self._delimiter, self._take, self._skip, *self.columns.values()):
            widget.setEnabled(enabled)

    def _set_busy(self, words: str) -> None:
        self._busy = bool(words)
        self.bar.setVisible(self._busy)
        if self._busy:
            self.go.setEnabled(False)
            self._blocked.setText(words)
            self._show_progress()
            self._tick.start()
        else:
            self._tick.stop()
            self._inputs(enabled=True)

    def _show_progress(self) -> None:
        done, total = self.presenter.progress
        self.bar.setRange(0, total)
        self.bar.setValue(done)

    def _give_up(self) -> None:
        if self._busy:
            self.presenter.cancel()
        else:
            self.closed.emit()


def _columns(panel: QWidget) -> tuple[Column[_Line], ...]:
    return (
        Column("row", panel.tr("Row"), lambda row: f"{row.line.number:,}", width=64, kind="number"),
        Column("name", panel.tr("Name or column"), lambda row: row.line.name, width=190, kind="strong"),
        Column("phone", panel.tr("Phone"), lambda row: row.line.phone, width=130, kind="muted"),
        Column("detail", panel.tr("Details"), lambda row: row.line.detail, stretch=True),
        Column("state", panel.tr("State"), lambda row: row.line.state, width=100, kind="pill", tone=_tone),
    )


def _tone(row: _Line) -> PillTone:
    if row.line.is_wrong:
        return "bad"
    return "warn" if row.line.is_left_out else "ok"
