"""Search as you type: a line that asks for suggestions while it is typed in and offers them underneath."""

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QVBoxLayout
from shiboken6 import isValid

from driveflow_desktop.ui.widgets.results import Result, ResultList
from driveflow_desktop.ui.widgets.text import dress

Answer = Callable[[Sequence[Result]], None]
Ask = Callable[[str, Answer], None]
"""Gets the text and a function to call with suggestions, on the UI thread, at once or later."""

_MOST_ROWS = 8


class Lookup(QLineEdit):
    """A line whose value is one of the suggestions (or, with `free_text`, whatever is typed).

    Down opens the list, Up and Down move in it, Enter or Tab takes, Esc closes. Answers to an older text are dropped.
    """

    chosen = Signal(object)
    """The `Result` the person took."""
    changed = Signal()
    """The text was edited, so that what was chosen before counts no more."""

    def __init__(self, name: str, ask: Ask, placeholder: str = "", *, free_text: bool = False) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setPlaceholderText(placeholder)
        self._ask = ask
        self._asked = 0
        self._free_text = free_text
        self._value: Result | None = None
        self._popup: QFrame | None = None
        self._list = ResultList(self.tr("Suggestions for {name}").format(name=name), self, compact=True)
        self._list.hide()
        self._list.chosen.connect(self._take)
        self.textEdited.connect(self._edited)

    @property
    def value(self) -> Result | None:
        """The suggestion taken, or nothing."""
        return self._value

    @property
    def is_open(self) -> bool:
        """Whether suggestions are on show."""
        return self._popup is not None and self._popup.isVisible()

    @property
    def suggestions(self) -> Sequence[Result]:
        """The suggestions last answered."""
        return self._list.results

    def set_value(self, value: Result | None) -> None:
        """Show a value without telling anybody."""
        self._value = value
        self.setText(value.title if value else "")
        self._mark(wrong=False)
        self._close()

    def event(self, event: QEvent) -> bool:
        """Tab takes the current suggestion before it moves on."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() is QEvent.Type.KeyPress
            and event.key() == Qt.Key.Key_Tab
            and self.is_open
        ):
            self._list.choose()
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Drive the list from the line."""
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: _MOST_ROWS, Qt.Key.Key_PageUp: -_MOST_ROWS}
        key = Qt.Key(event.key())
        if self.is_open:
            if key in steps:
                self._list.step(steps[key])
                return
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._list.choose():
                return
            if key is Qt.Key.Key_Escape:
                self._close()
                return
        elif key is Qt.Key.Key_Down:
            self._question()
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Close the list; a text that is none of the suggestions is marked."""
        super().focusOutEvent(event)
        self._close()
        self._mark(wrong=not self._free_text and self._value is None and bool(self.text().strip()))

    def _edited(self, _text: str) -> None:
        self._value = None
        self._mark(wrong=False)
        self.changed.emit()
        self._question()

    def _question(self) -> None:
        self._asked += 1
        self._ask(self.text().strip(), partial(self._answered, self._asked))

    def _answered(self, question: int, results: Sequence[Result]) -> None:
        if not isValid(self) or question != self._asked or not self.hasFocus():
            return
        self._list.set_results(results)
        if results:
            self._open()
        else:
            self._close()

    def _take(self, result: Result) -> None:
        self._asked += 1
        self.set_value(result)
        self.chosen.emit(result)

    def _open(self) -> None:
        window = self.window()
        if self._popup is None:
            self._popup = QFrame(window)
            self._popup.setProperty("panel", "overlay")
            column = QVBoxLayout(self._popup)
            column.setContentsMargins(1, 4, 1, 4)
            column.addWidget(self._list)
            self._list.show()
            self.destroyed.connect(self._popup.deleteLater)
        height = self._list.height_for_rows(_MOST_ROWS) + 10
        below = self.mapTo(window, QPoint(0, self.height() + 2))
        above = self.mapTo(window, QPoint(0, -height - 2))
        spot = above if below.y() + height > window.height() and above.y() >= 0 else below
        self._popup.setGeometry(spot.x(), spot.y(), max(self.width(), 320), height)
        self._popup.show()
        self._popup.raise_()

    def _close(self) -> None:
        if self._popup is not None:
            self._popup.hide()

    def _mark(self, *, wrong: bool) -> None:
        words = self.tr("Choose one from the list.") if wrong else ""
        self.setAccessibleDescription(words)
        self.setToolTip(words)
        dress(self, wrong="true" if wrong else "false")
