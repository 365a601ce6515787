"""Panels: cards with hairlines, label and value rows, the side panel, empty states, errors in place."""

from collections.abc import Iterable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.widgets.buttons import Button, PrimaryButton
from driveflow_desktop.ui.widgets.flow import FlowLayout
from driveflow_desktop.ui.widgets.marks import Avatar, IconMark, Pill, PillTone
from driveflow_desktop.ui.widgets.text import ElidedLabel, hairline, label

_LABEL_WIDTH = 106
SIDE_PANEL_WIDTH = 340


class Card(QFrame):
    """A titled surface whose rows are parted by hairlines."""

    def __init__(self, title: str = "", *, note: str = "") -> None:
        super().__init__()
        self.setProperty("panel", "card")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(1, 1, 1, 1)
        self._column.setSpacing(0)
        self._title = label(title, weight="bold")
        self._title.setMinimumHeight(24)
        self._note = label(note, size="sm", tone="muted")
        self._head = QHBoxLayout()
        self._head.setContentsMargins(14, 8, 14, 8)
        self._head.setSpacing(8)
        self._head.addWidget(self._title)
        self._head.addStretch(1)
        self._head.addWidget(self._note)
        if title:
            self._column.addLayout(self._head)
            self.setAccessibleName(title)
        else:
            # A card without a title row still owns its labels: else they would live on as windows of their own.
            for unused in (self._title, self._note):
                unused.setParent(self)
                unused.hide()

    def set_title(self, title: str, note: str = "") -> None:
        """Change the words of the title row."""
        self._title.setText(title)
        self._note.setText(note)
        self.setAccessibleName(title)

    def add_to_title(self, widget: QWidget, *, beside: bool = False) -> None:
        """Put a pill `beside` the title, or an action at the row's end."""
        self._head.insertWidget(1 if beside else self._head.count(), widget)

    def add_row(self, widget: QWidget) -> None:
        """Append a row under a hairline."""
        self._column.addWidget(hairline())
        self.add_body(_padded(widget, 14, 8))

    def add_body(self, widget: QWidget, stretch: int = 0) -> None:
        """Append a widget edge to edge, without a hairline."""
        self._column.addWidget(widget, stretch)

    def clear_rows(self) -> None:
        """Remove everything under the title row."""
        for index in reversed(range(self._column.count())):
            item = self._column.itemAt(index)
            widget = item.widget() if item is not None else None
            if widget is not None:
                self._column.takeAt(index)
                widget.hide()
                widget.deleteLater()


class CardColumns(QScrollArea):
    """A page of cards: columns of (part of the width, cards from the top), scrolled as one."""

    def __init__(self, columns: Iterable[tuple[int, Iterable[Card]]]) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(20, 18, 20, 18)
        row.setSpacing(16)
        for part, cards in columns:
            column = QVBoxLayout()
            column.setSpacing(16)
            for card in cards:
                column.addWidget(card)
            column.addStretch(1)
            row.addLayout(column, part)
        self.setWidget(page)


def framed(table: QWidget) -> QFrame:
    """A table on a card of its own."""
    frame = QFrame()
    frame.setProperty("panel", "card")
    inside = QVBoxLayout(frame)
    inside.setContentsMargins(1, 1, 1, 1)
    inside.addWidget(table)
    return frame


class FieldList(QWidget):
    """Labels on the left, values beside them, as in the side panel."""

    def __init__(self, rows: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnMinimumWidth(0, _LABEL_WIDTH)
        self._grid.setColumnStretch(1, 1)
        self._rows = 0
        self.set_rows(rows)

    def set_rows(self, rows: Iterable[tuple[str, str]]) -> None:
        """Replace all rows by (label, value) pairs."""
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._rows = 0
        for name, value in rows:
            self.add(name, value)

    def add(self, name: str, value: str | QWidget, *, strong: bool = False) -> None:
        """Append a row; a text value wraps and can be selected with the mouse."""
        row, self._rows = self._rows, self._rows + 1
        self._grid.addWidget(label(name, tone="muted"), row, 0, Qt.AlignmentFlag.AlignTop)
        if isinstance(value, str):
            shown = label(value, weight="bold" if strong else "normal", wrap=True)
            shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            shown.setAccessibleName(f"{name}: {value}")
            self._grid.addWidget(shown, row, 1)
        else:
            self._grid.addWidget(value, row, 1, Qt.AlignmentFlag.AlignLeft)


class SidePanel(QFrame):
    """What is selected, in full, beside the list: header, scrolling body, buttons at the foot. Esc closes it."""

    closed = Signal()
    """The person is done with the panel."""

    def __init__(self, name: str, width: int = SIDE_PANEL_WIDTH) -> None:
        super().__init__()
        self.setProperty("panel", "side")
        self.setAccessibleName(name)
        self.setFixedWidth(width)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 0, 0, 0)
        column.setSpacing(0)
        self._avatar = Avatar("", 36)
        self._title = ElidedLabel(size="lg", weight="bold")
        self._subtitle = ElidedLabel(size="sm", tone="muted")
        self._pill = Pill("…")
        column.addLayout(self._header())
        inner = QWidget()
        inner.setProperty("panel", "surface")
        outer = QVBoxLayout(inner)
        outer.setContentsMargins(16, 0, 16, 12)
        self._body = QVBoxLayout()
        self._body.setSpacing(12)
        outer.addLayout(self._body)
        # A stretch, not an alignment: an aligned layout forgets that wrapped words need more height.
        outer.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inner)
        self._scroll = scroll
        column.addWidget(scroll, 1)
        self._foot = QHBoxLayout()
        self._foot.setContentsMargins(16, 12, 16, 16)
        self._foot.setSpacing(8)
        column.addLayout(self._foot)

    def set_header(
        self, title: str, subtitle: str = "", *, person: bool = True, pill: tuple[str, PillTone] | None = None
    ) -> None:
        """Say what the panel is about; `person` shows initials, `pill` a state."""
        self._avatar.set_name(title)
        self._avatar.setVisible(person)
        self._title.setText(title)
        self._subtitle.setText(subtitle)
        self._subtitle.setVisible(bool(subtitle))
        self._pill.setVisible(pill is not None)
        if pill is not None:
            self._pill.set_state(*pill)

    def add(self, widget: QWidget) -> None:
        """Append to the body."""
        self._body.addWidget(widget)

    def add_heading(self, text: str) -> None:
        """Append a small heading to the body."""
        self._body.addWidget(label(text, tone="muted"))

    def add_section(self, title: str, *widgets: QWidget) -> None:
        """Append a part of the body under a bold heading; what belongs to it stands closer than the parts do."""
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for widget in (label(title, weight="bold"), *widgets):
            column.addWidget(widget)
        self._body.addWidget(box)

    def add_buttons(self, *buttons: QWidget) -> None:
        """Append buttons to the body, side by side, wrapping."""
        box = QWidget()
        flow = FlowLayout(box, spacing=8)
        for button in buttons:
            flow.addWidget(button)
        self._body.addWidget(box)

    def add_button(self, button: QWidget, *, far: bool = False) -> None:
        """Append to the foot; `far` pushes it to the right edge (for what takes away)."""
        if far:
            self._foot.addStretch(1)
        self._foot.addWidget(button)

    def reveal(self, widget: QWidget) -> None:
        """Scroll to a widget of the body, once the body is laid out anew."""
        QTimer.singleShot(0, widget, lambda: self._scroll.ensureWidgetVisible(widget))

    def clear(self) -> None:
        """Empty body and foot, keep the header."""
        for layout in (self._body, self._foot):
            while (item := layout.takeAt(0)) is not None:
                if (widget := item.widget()) is not None:
                    widget.hide()
                    widget.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
            return
        super().keyPressEvent(event)

    def _header(self) -> QHBoxLayout:
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(self._title)
        words.addWidget(self._subtitle)
        row = QHBoxLayout()
        row.setContentsMargins(16, 16, 16, 12)
        row.setSpacing(10)
        row.addWidget(self._avatar)
        row.addLayout(words, 1)
        row.addWidget(self._pill)
        return row


class EmptyState(QWidget):
    """Says what belongs here and offers the one action."""

    acted = Signal()
    """The action was pressed."""

    def __init__(self, icon_name: str, sentence: str, action: str = "") -> None:
        super().__init__()
        self.setAccessibleName(sentence)
        column = QVBoxLayout(self)
        column.setSpacing(12)
        column.addStretch(1)
        column.addWidget(IconMark(icon_name, 32), 0, Qt.AlignmentFlag.AlignHCenter)
        text = label(sentence, tone="muted", wrap=True)
        text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        # The words wrap at a readable width; alignment in the layout would take away their height for that width.
        text.setMaximumWidth(420)
        words = QHBoxLayout()
        words.addStretch(1)
        words.addWidget(text, 8)
        words.addStretch(1)
        column.addLayout(words)
        self.action: Button | None = None
        if action:
            self.action = PrimaryButton(action)
            self.action.clicked.connect(self.acted)
            column.addWidget(self.action, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)


class ErrorLine(QWidget):
    """An error where the mistake is: plain words with the way out. Hidden while there is none."""

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self._text = label(size="sm", tone="bad", wrap=True)
        row.addWidget(IconMark("warning-circle", 15, "bad"), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)
        self.hide()

    @property
    def text(self) -> str:
        """The words shown, empty when there is no error."""
        return "" if self.isHidden() else self._text.text()

    def show_error(self, error: UserError | str) -> None:
        """Show an error and tell screen readers."""
        self._text.setText(str(error))
        self.setAccessibleName(str(error))
        self.show()
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def clear(self) -> None:
        """No error any more."""
        self._text.setText("")
        self.hide()


def _padded(widget: QWidget, sides: int, ends: int) -> QWidget:
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(sides, ends, sides, ends)
    row.addWidget(widget)
    return box
