"""Keeps single-key and arrow shortcuts away from whoever is typing."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit, QWidget
from shiboken6 import isValid

_ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)
_COMMAND = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.MetaModifier


class TypingGuard(QObject):
    """Watches the one widget that has the focus, and only while it is a place to type in.

    Most of Qt's own fields claim plain letters by themselves; this makes it a rule for all of them, and for Alt with
    arrows, which would move a lesson behind the form.
    """

    def __init__(self, app: QApplication, parent: QObject) -> None:
        super().__init__(parent)
        self._watched: QWidget | None = None
        app.focusChanged.connect(self._focus_moved)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Claim the key for the field."""
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _is_typing_key(event):
            event.accept()
            return True
        return super().eventFilter(watched, event)

    def _focus_moved(self, _old: QWidget | None, new: QWidget | None) -> None:
        if self._watched is not None and isValid(self._watched):
            self._watched.removeEventFilter(self)
        self._watched = new if new is not None and takes_typing(new) else None
        if self._watched is not None:
            self._watched.installEventFilter(self)


def takes_typing(widget: QWidget) -> bool:
    """Whether keys pressed on `widget` become text."""
    if isinstance(widget, QComboBox):
        return widget.isEditable()
    return isinstance(widget, QLineEdit | QPlainTextEdit | QTextEdit | QAbstractSpinBox) and not widget.isReadOnly()


def _is_typing_key(event: QKeyEvent) -> bool:
    if event.modifiers() & _COMMAND:
        return False
    if event.key() in _ARROWS:
        return True
    return event.key() < Qt.Key.Key_Escape and not event.modifiers() & Qt.KeyboardModifier.AltModifier
