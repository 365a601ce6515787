"""The command palette: one line of text over the dimmed screen, answers underneath, keys at the foot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Protocol

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget
from shiboken6 import isValid

from driveflow_desktop.ui.widgets.flow import FlowLayout
from driveflow_desktop.ui.widgets.marks import KeyHint, Pill, PillTone
from driveflow_desktop.ui.widgets.results import ROW_HEIGHT, Result, ResultList
from driveflow_desktop.ui.widgets.text import hairline, label

_WIDTH, _TOP, _MOST_ROWS = 820, 60, 9
_SHADE = QColor(10, 14, 22, 70)


class How(Enum):
    """With which key a row was taken."""

    ENTER = "enter"
    CTRL_ENTER = "ctrl+enter"
    ALT_ENTER = "alt+enter"


@dataclass(frozen=True, slots=True)
class PaletteAnswer:
    """What to show for a text. Until `final`, more is on its way and Enter waits for it."""

    results: Sequence[Result]
    chips: Sequence[tuple[str, PillTone]] = ()
    note: str = ""
    final: bool = True


class PaletteMode(Protocol):
    """What the palette is opened for: to search and command, to find a slot, to pick a reason."""

    @property
    def placeholder(self) -> str:
        """What to type."""
        ...

    @property
    def footer(self) -> Sequence[tuple[str, str]]:
        """Keys and what they do."""
        ...

    def ask(self, text: str, answer: Callable[[PaletteAnswer], None]) -> None:
        """Answer on the UI thread, at once or later, any number of times up to a final one."""
        ...

    def choose(self, result: Result, how: How, /) -> bool:
        """The person took a row; whether the palette closes now."""
        ...


class Palette(QWidget):
    """Lies over `host` while open. Digits take rows with Alt or Ctrl, or alone once an arrow key was pressed."""

    closed = Signal()
    """The palette went away, with or without a choice."""

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        self._host = host
        self._mode: PaletteMode | None = None
        self._before: QWidget | None = None
        self._question = 0
        self._final = True
        self._held: How | None = None
        self._among_rows = False
        self.line = QLineEdit()
        self.line.setProperty("kind", "bare")
        self.list = ResultList(self.tr("Results"), numbered=True)
        self.list.chosen.connect(partial(self._take, How.ENTER))
        self._chips_box = QWidget()
        self._chips = FlowLayout(self._chips_box, spacing=8)
        self._foot = QHBoxLayout()
        self._note = label(size="sm", tone="muted")
        self._panel = self._build()
        self.line.textEdited.connect(self._asked)
        self.line.installEventFilter(self)
        host.installEventFilter(self)
        self.setAccessibleName(self.tr("Search and commands"))
        self.hide()

    @property
    def is_open(self) -> bool:
        """Whether the palette is on show."""
        return not self.isHidden()

    def open(self, mode: PaletteMode, text: str = "") -> None:
        """Show the palette for `mode`, with `text` already typed."""
        if not self.is_open:
            self._before = QApplication.focusWidget()
        self._mode = mode
        self.line.setPlaceholderText(mode.placeholder)
        self.line.setAccessibleName(mode.placeholder)
        self.line.setText(text)
        self._show_footer(mode.footer)
        self.list.set_results(())
        self._show_chips(())
        self.setGeometry(self._host.rect())
        self.show()
        self.raise_()
        self.line.setFocus()
        self._asked()

    def close_palette(self) -> None:
        """Go away and give the focus back."""
        if not self.is_open:
            return
        self._question += 1
        self._mode = None
        self._held = None
        self.hide()
        if self._before is not None and isValid(self._before) and self._before.isVisible():
            self._before.setFocus()
        self._before = None
        self.closed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the line; size of the host; a focus that leaves."""
        if watched is self._host and event.type() is QEvent.Type.Resize and self.is_open:
            self.setGeometry(self._host.rect())
            self._fit()
        elif watched is self.line and isinstance(event, QKeyEvent):
            if event.type() is QEvent.Type.ShortcutOverride:
                event.accept()  # no shortcut of the window works behind an open palette
                return True
            if event.type() is QEvent.Type.KeyPress and self._key(event):
                return True
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click beside the panel closes."""
        if not self._panel.geometry().contains(event.position().toPoint()):
            self.close_palette()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Dim what lies behind."""
        QPainter(self).fillRect(self.rect(), _SHADE)

    def _key(self, event: QKeyEvent) -> bool:
        key, modifiers = Qt.Key(event.key()), event.modifiers()
        chorded = bool(modifiers & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier))
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_Tab: 1, Qt.Key.Key_Backtab: -1}
        if key is Qt.Key.Key_Escape:
            self.close_palette()
        elif key in steps:
            self._among_rows = True
            self.list.step(steps[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._enter(_how(modifiers))
        elif Qt.Key.Key_1 <= key <= Qt.Key.Key_9 and (chorded or self._among_rows):
            self.list.choose_number(key - Qt.Key.Key_0)
        elif key is Qt.Key.Key_K and modifiers & Qt.KeyboardModifier.ControlModifier:
            self.line.selectAll()
        else:
            return False
        return True

    def _asked(self) -> None:
        if self._mode is None:
            return
        self._question += 1
        self._final, self._held, self._among_rows = False, None, False
        self._mode.ask(self.line.text().strip(), partial(self._answered, self._question))

    def _answered(self, question: int, answer: PaletteAnswer) -> None:
        if not isValid(self) or question != self._question:
            return
        self.list.set_results(answer.results)
        self._show_chips(answer.chips)
        self._note.setText(answer.note)
        self._final = answer.final
        self._fit()
        if not answer.final:
            return
        if answer.results:
            words = self.tr("{count} results, {first}").format(
                count=len(answer.results), first=answer.results[0].spoken
            )
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self.line, words))
        if self._held is not None:
            self._enter(self._held)

    def _enter(self, how: How) -> None:
        """Take the current row, or hold the key until the answer to the text has come."""
        if not self._final:
            self._held = how
        elif (result := self.list.current) is not None:
            self._take(how, result)

    def _take(self, how: How, result: Result) -> None:
        if self._mode is not None and self._mode.choose(result, how):
            self.close_palette()

    def _build(self) -> QFrame:
        panel = QFrame(self)
        panel.setProperty("panel", "overlay")
        column = QVBoxLayout(panel)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        self.line.setContentsMargins(15, 13, 15, 13)
        column.addWidget(self.line)
        column.addWidget(hairline())
        self._chips.setContentsMargins(15, 10, 15, 10)
        column.addWidget(self._chips_box)
        self._chips_line = hairline()
        column.addWidget(self._chips_line)
        column.addWidget(self.list)
        column.addWidget(hairline())
        self._foot.setContentsMargins(15, 8, 15, 8)
        self._foot.setSpacing(6)
        self._foot.addWidget(self._note)
        column.addLayout(self._foot)
        return panel

    def _show_footer(self, keys: Sequence[tuple[str, str]]) -> None:
        while (item := self._foot.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None and widget is not self._note:
                widget.hide()
                widget.deleteLater()
        for key, words in keys:
            self._foot.addWidget(KeyHint(key))
            self._foot.addWidget(label(words, size="sm", tone="muted"))
            self._foot.addSpacing(8)
        self._foot.addStretch(1)
        self._foot.addWidget(self._note)

    def _show_chips(self, chips: Sequence[tuple[str, PillTone]]) -> None:
        self._chips.clear()
        for text, tone in chips:
            self._chips.addWidget(Pill(text, tone))
        self._chips_box.setVisible(bool(chips))
        self._chips_line.setVisible(bool(chips))

    def _fit(self) -> None:
        width = min(_WIDTH, self.width() - 48)
        rows = max(1, min(_MOST_ROWS, len(self.list.results), (self.height() - _TOP - 150) // ROW_HEIGHT))
        self.list.setFixedHeight(rows * ROW_HEIGHT if self.list.results else 0)
        self._panel.setFixedWidth(width)
        self._panel.adjustSize()
        self._panel.move((self.width() - width) // 2, _TOP)


def _how(modifiers: Qt.KeyboardModifier) -> How:
    if modifiers & Qt.KeyboardModifier.ControlModifier:
        return How.CTRL_ENTER
    return How.ALT_ENTER if modifiers & Qt.KeyboardModifier.AltModifier else How.ENTER
