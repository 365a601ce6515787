"""What happened, newest first: a dot, what, and when, by whom."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from driveflow_desktop.ui.widgets.marks import Dot, PillTone
from driveflow_desktop.ui.widgets.text import dress, label


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One happening: `what` stands in bold, `detail` after it, `when` (and by whom) beneath."""

    what: str
    detail: str
    when: str
    tone: PillTone = "accent"


class Timeline(QWidget):
    """A column of happenings."""

    def __init__(self, entries: Iterable[TimelineEntry] = ()) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(12)
        self.set_entries(entries)

    def set_entries(self, entries: Iterable[TimelineEntry]) -> None:
        """Replace everything shown."""
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for entry in entries:
            self._column.addWidget(_row(entry))


def _row(entry: TimelineEntry) -> QWidget:
    row = QWidget()
    row.setAccessibleName(f"{entry.what} {entry.detail}, {entry.when}")
    grid = QGridLayout(row)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(10)
    grid.setVerticalSpacing(1)
    grid.setColumnStretch(1, 1)
    text = QLabel(f"<b>{escape(entry.what)}</b> {escape(entry.detail)}")
    text.setTextFormat(Qt.TextFormat.RichText)
    text.setWordWrap(True)
    dress(text, textSize="sm")
    grid.addWidget(Dot(entry.tone), 0, 0, Qt.AlignmentFlag.AlignVCenter)
    grid.addWidget(text, 0, 1)
    grid.addWidget(label(entry.when, size="xs", tone="muted"), 1, 1)
    return row
