"""The bar over a screen: title, tools beside it, search, and the one primary button."""

from PySide6.QtWidgets import QHBoxLayout, QWidget

from driveflow_desktop.ui.widgets.search import SearchField
from driveflow_desktop.ui.widgets.text import ElidedLabel


class TopBar(QWidget):
    """Title and subtitle on the left with the tools, the search field and the main actions on the right."""

    def __init__(self, title: str, subtitle: str = "", *, search: bool = True) -> None:
        super().__init__()
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(16, 0, 16, 0)
        self._row.setSpacing(10)
        self._title = ElidedLabel(title, size="xl", weight="bold")
        self._subtitle = ElidedLabel(subtitle, size="sm", tone="muted")
        self._subtitle.setVisible(bool(subtitle))
        self._row.addWidget(self._title)
        self._row.addWidget(self._subtitle)
        self._tools = 2
        self._row.addStretch(1)
        self.search = SearchField() if search else None
        if self.search is not None:
            self._row.addWidget(self.search)

    def set_title(self, title: str, subtitle: str = "") -> None:
        """Say where we are."""
        self._title.setText(title)
        self._subtitle.setText(subtitle)
        self._subtitle.setVisible(bool(subtitle))

    def add_before_title(self, widget: QWidget) -> None:
        """Put a tool on the far left, as the calendar's Today and arrows."""
        self._row.insertWidget(self._row.indexOf(self._title), widget)
        self._tools += 1

    def add_tool(self, widget: QWidget) -> None:
        """Put a tool after the title."""
        self._row.insertWidget(self._tools, widget)
        self._tools += 1

    def add_action(self, widget: QWidget) -> None:
        """Put a button on the far right; the primary one goes last."""
        self._row.addWidget(widget)
