"""The sheet of keys (F1), made from the declared actions."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from driveflow_desktop.ui.shell.actions import ActionSpec
from driveflow_desktop.ui.widgets.buttons import Button
from driveflow_desktop.ui.widgets.marks import KeyHint
from driveflow_desktop.ui.widgets.text import label

_COLUMNS, _GAP = 3, 20


class KeySheet(QDialog):
    """All keys, grouped as the menus are. Esc closes."""

    def __init__(self, specs: Sequence[ActionSpec], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keys"))
        self.resize(960, 620)
        groups: dict[str, list[ActionSpec]] = {}
        for spec in specs:
            if spec.shortcut:
                groups.setdefault(spec.menu.replace("&", "").replace("/", " · "), []).append(spec)
        inner = QWidget()
        row = QHBoxLayout(inner)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(40)
        for titles in _columns({title: len(members) for title, members in groups.items()}):
            column = QVBoxLayout()
            column.setSpacing(_GAP)
            for title in titles:
                column.addLayout(_group(title, groups[title]))
            column.addStretch(1)
            row.addLayout(column, 1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setAccessibleName(self.tr("Keys"))
        scroll.setWidget(inner)
        close = Button(self.tr("Close"), hint="Esc")
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(close)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(20, 20, 20, 16)
        whole.setSpacing(12)
        whole.addWidget(scroll, 1)
        whole.addLayout(foot)


def _columns(lengths: Mapping[str, int]) -> list[list[str]]:
    """The titles in columns about as long as each other, in each as in the menus; a heading and a gap count as rows."""
    found: list[list[str]] = [[] for _ in range(_COLUMNS)]
    heights = [0] * _COLUMNS
    # The longest first: what is short evens out what is left.
    for title in sorted(lengths, key=lambda title: -lengths[title]):
        shortest = heights.index(min(heights))
        found[shortest].append(title)
        heights[shortest] += lengths[title] + 2
    order = list(lengths)
    return sorted(
        (sorted(titles, key=order.index) for titles in found if titles), key=lambda each: order.index(each[0])
    )


def _group(title: str, specs: Sequence[ActionSpec]) -> QGridLayout:
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setVerticalSpacing(6)
    grid.setHorizontalSpacing(12)
    grid.setColumnStretch(0, 1)
    grid.addWidget(label(title, weight="bold"), 0, 0)
    for row, spec in enumerate(specs, start=1):
        grid.addWidget(label(spec.label, tone="muted"), row, 0)
        grid.addWidget(KeyHint(spec.keys), row, 1, Qt.AlignmentFlag.AlignRight)
    return grid
