"""A short message at the foot of the window, with Undo, for ten seconds."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QEnterEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from driveflow_desktop.ui.widgets.buttons import Button
from driveflow_desktop.ui.widgets.text import label

TOAST_MS = 10_000
_MARGIN = 24


class ToastHost(QFrame):
    """Shows one message at a time over `parent`; a newer one replaces it.

    The time stands still while the mouse or the keyboard is on the message. An older action stays undoable by
    Ctrl+Z when its message has gone.
    """

    def __init__(self, parent: QWidget, duration_ms: int = TOAST_MS) -> None:
        super().__init__(parent)
        self.setProperty("panel", "overlay")
        self._duration = duration_ms
        self._left = duration_ms
        self._act: Callable[[], None] | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 10, 10)
        row.setSpacing(16)
        self._text = label()
        self.action = Button(self.tr("Undo"), kind="quiet", hint="Ctrl Z")
        self.action.clicked.connect(self._acted)
        self.dismiss = Button("", kind="mini", icon_name="x")
        self.dismiss.setAccessibleName(self.tr("Dismiss"))
        self.dismiss.clicked.connect(self.close_toast)
        row.addWidget(self._text)
        row.addWidget(self.action)
        row.addWidget(self.dismiss)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.close_toast)
        parent.installEventFilter(self)
        for button in (self.action, self.dismiss):
            button.installEventFilter(self)
        self.hide()

    @property
    def text(self) -> str:
        """The message on show, empty when there is none."""
        return "" if self.isHidden() else self._text.text()

    def show_toast(self, text: str, undo: Callable[[], None] | None = None) -> None:
        """Show `text`, with an Undo button that calls `undo` at most once, and say it to screen readers."""
        self._act = undo
        self._text.setText(text)
        self.setAccessibleName(text)
        self.action.setVisible(undo is not None)
        self._left = self._duration
        self._timer.start(self._left)
        self._place()  # before it shows: where it comes up decides whether the mouse is on it
        self.show()
        self.raise_()
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))

    def close_toast(self) -> None:
        """Take the message away."""
        self._timer.stop()
        self._act = None
        self.hide()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Hold the time."""
        super().enterEvent(event)
        self._pause()

    def leaveEvent(self, event: QEvent) -> None:
        """Let the time run on."""
        super().leaveEvent(event)
        self._resume()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay at the foot of the parent; hold the time while a button has the focus."""
        if watched is self.parent():
            if event.type() is QEvent.Type.Resize and not self.isHidden():
                self._place()
        elif event.type() is QEvent.Type.FocusIn:
            self._pause()
        elif event.type() is QEvent.Type.FocusOut:
            self._resume()
        return super().eventFilter(watched, event)

    def _pause(self) -> None:
        if self._timer.isActive():
            self._left = self._timer.remainingTime()
            self._timer.stop()

    def _resume(self) -> None:
        if not self.isHidden() and not self._timer.isActive():
            self._timer.start(max(self._left, 0))

    def _acted(self) -> None:
        act = self._act
        self.close_toast()
        if act is not None:
            act()

    def _place(self) -> None:
        parent = self.parentWidget()
        if parent is None:
            return
        self.adjustSize()
        self.setMaximumWidth(parent.width() - 2 * _MARGIN)
        self.move((parent.width() - self.width()) // 2, parent.height() - self.height() - _MARGIN)
