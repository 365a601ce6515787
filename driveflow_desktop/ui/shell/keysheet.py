"""The sheet of keys (F1), made from the declared actions."""

from collections.abc import Sequence

from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from driveflow_desktop.ui.shell.actions import ActionSpec
from driveflow_desktop.ui.widgets.buttons import Button
from driveflow_desktop.ui.widgets.marks import KeyHint
from driveflow_desktop.ui.widgets.text import label

_COLUMNS = 3


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
        columns = [QVBoxLayout() for _ in range(_COLUMNS)]
        heights = [0] * _COLUMNS
        for title, members in groups.items():
            shortest = heights.index(min(heights))
            columns[shortest].addLayout(_group(title, members))
            heights[shortest] += len(members) + 2
        inner = QWidget()
        row = QHBoxLayout(inner)
        row.setSpacing(32)
        for column in columns:
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
        whole.addWidget(scroll, 1)
        whole.addLayout(foot)


def _group(title: str, specs: Sequence[ActionSpec]) -> QGridLayout:
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 20)
    grid.setVerticalSpacing(6)
    grid.setHorizontalSpacing(12)
    grid.setColumnStretch(0, 1)
    grid.addWidget(label(title, weight="bold"), 0, 0)
    for row, spec in enumerate(specs, start=1):
        grid.addWidget(label(spec.label, tone="muted", wrap=True), row, 0)
        grid.addWidget(KeyHint(spec.keys), row, 1)
    return grid
