"""Values of a panel that are changed where they stand: read like a label, edited like a field.

F2, Enter or a click begins; Enter or leaving saves, Esc puts the old value back. Everything crosses as text: what a
text means is for whoever saves it, and a refusal is shown under the value it is about.
"""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.editing import Field
from driveflow_desktop.ui.shell.theme import current_tokens
from driveflow_desktop.ui.widgets.marks import Pill
from driveflow_desktop.ui.widgets.panels import ErrorLine
from driveflow_desktop.ui.widgets.picker import Combo
from driveflow_desktop.ui.widgets.text import dress, label

_LABEL_WIDTH = 106
_LETTERS = 22
"""About as many stand in one line of a panel."""
_BREAK = "\u200b"
_BEGIN = (Qt.Key.Key_F2, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
_Editor = QLineEdit | QPlainTextEdit | QComboBox


class EditableValue(QWidget):
    """One value. It shows a `Field`, and asks to save what the person typed."""

    asked = Signal(str)
    """Save this text; answered by `saved` or `refuse`."""

    def __init__(self, field: Field) -> None:
        super().__init__()
        self._field = field
        self._editor: _Editor | None = None
        self._waiting = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._words = label(wrap=True)
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._pill = Pill("…")
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addWidget(self._words, 1)
        line.addWidget(self._pill, 0, Qt.AlignmentFlag.AlignTop)
        line.addStretch(0)
        self.error = ErrorLine()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(3, 1, 3, 1)
        self._column.setSpacing(2)
        self._column.addLayout(line)
        self._column.addWidget(self.error)
        self.set_field(field)

    @property
    def field(self) -> Field:
        """What is shown."""
        return self._field

    @property
    def editor(self) -> _Editor | None:
        """The field being typed in, while there is one."""
        return self._editor

    def set_field(self, field: Field) -> None:
        """Show another state of the value; an edit in progress is left alone."""
        self._field = field
        self._words.setText(_breakable(field.shown or field.hint or "—"))
        self._words.setVisible(self._editor is None and bool(field.shown.strip() or field.pill is None))
        dress(self._words, tone="text" if field.shown else "faint")
        self._pill.setVisible(self._editor is None and field.pill is not None)
        if field.pill is not None:
            self._pill.set_state(*field.pill)
        pill = f", {field.pill[0]}" if field.pill is not None else ""
        self.setAccessibleName(f"{field.label}: {field.shown or self.tr('empty')}{pill}")
        self.setAccessibleDescription(field.locked or self.tr("Press Enter to change it."))
        self.setToolTip(field.locked)
        self.setCursor(Qt.CursorShape.ArrowCursor if field.locked else Qt.CursorShape.IBeamCursor)
        self._words.setEnabled(not field.locked)

    def begin(self) -> None:
        """Turn into a field; a locked value says why it cannot be changed."""
        if self._editor is not None:
            return
        if self._field.locked:
            self.error.show_error(self._field.locked)
            return
        self.error.clear()
        self._editor = _make_editor(self._field)
        self._editor.setAccessibleName(self._field.label)
        self._editor.installEventFilter(self)
        self._words.hide()
        self._pill.hide()
        self._column.insertWidget(0, self._editor)
        self._editor.setFocus(Qt.FocusReason.OtherFocusReason)
        if isinstance(self._editor, QLineEdit):
            self._editor.selectAll()

    def save(self) -> None:
        """Ask to save; what did not change is simply closed."""
        if self._editor is None or self._waiting:
            return
        text = _text_of(self._editor)
        if text == self._field.text and not self.error.text:
            self.cancel()
            return
        self._waiting = True
        self.asked.emit(text)

    def saved(self) -> None:
        """It was saved: a label again."""
        self._close()

    def refuse(self, error: UserError) -> None:
        """It was not: say why, and let the person go on typing."""
        self._waiting = False
        self.error.show_error(error)
        if self._editor is not None:
            dress(self._editor, wrong="true")
            self._editor.setAccessibleDescription(str(error))

    def cancel(self) -> None:
        """Put the old value back."""
        self._close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter saves, Esc puts back, leaving saves; in long texts Enter is a new line and Ctrl+Enter saves."""
        if watched is self._editor:
            if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
                return self._key(event)
            if isinstance(event, QFocusEvent) and event.type() is QEvent.Type.FocusOut:
                # A list that drops down takes the focus without the person leaving; other windows do, too.
                kept = (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason)
                if event.reason() not in kept and not self.error.text:
                    self.save()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter, F2 and Space begin."""
        if event.key() in _BEGIN and not event.modifiers():
            self.begin()
            return
        super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click begins."""
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.begin()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring, and with it why a value is locked."""
        super().focusOutEvent(event)
        if self._editor is None:
            self.error.clear()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the focus ring."""
        if self.hasFocus():
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(current_tokens().focus), 2))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 4, 4)

    def _key(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key == Qt.Key.Key_Escape:
            self.cancel()
            return True
        if key not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return False
        if isinstance(self._editor, QPlainTextEdit) and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return False
        self.save()
        return True

    def _close(self) -> None:
        editor, self._editor = self._editor, None
        self._waiting = False
        self.error.clear()
        self.set_field(self._field)
        if editor is None:
            return
        had_focus = editor.hasFocus()
        editor.removeEventFilter(self)
        editor.hide()
        editor.deleteLater()
        if had_focus:
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.NameChanged))


class EditableList(QWidget):
    """Labels on the left, values to change beside them."""

    asked = Signal(str, str)
    """Save for the field of this id this text; answered by `saved` or `refuse`."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(5)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnMinimumWidth(0, _LABEL_WIDTH)
        self._grid.setColumnStretch(1, 1)
        self._values: dict[str, EditableValue] = {}

    def value(self, field_id: str) -> EditableValue:
        """The value of a field."""
        return self._values[field_id]

    def set_fields(self, fields: Sequence[Field]) -> None:
        """Show these fields; where they are the same ones as before, an edit in progress goes on."""
        if [field.id for field in fields] == list(self._values):
            for field in fields:
                self._values[field.id].set_field(field)
            return
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._values = {}
        for row, field in enumerate(fields):
            name = label(field.label, tone="muted")
            name.setContentsMargins(0, 1, 0, 0)
            value = EditableValue(field)
            value.asked.connect(partial(self.asked.emit, field.id))
            self._grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(value, row, 1)
            self._values[field.id] = value

    def saved(self, field_id: str) -> None:
        """What was asked for is saved."""
        if field_id in self._values:
            self._values[field_id].saved()

    def refuse(self, field_id: str, error: UserError) -> None:
        """What was asked for was refused."""
        if field_id in self._values:
            self._values[field_id].refuse(error)

    def cancel(self) -> None:
        """Put back whatever is being edited: other values come."""
        for value in self._values.values():
            value.cancel()


def _make_editor(field: Field) -> _Editor:
    if field.kind == "choice":
        box = Combo()
        for text, shown in field.choices:
            box.addItem(shown, text)
        box.setCurrentIndex(max(0, box.findData(field.text)))
        return box
    if field.kind == "long":
        area = QPlainTextEdit(field.text)
        area.setTabChangesFocus(True)
        area.setFixedHeight(84)
        return area
    line = QLineEdit(field.text)
    line.setPlaceholderText(field.hint)
    return line


def _breakable(text: str) -> str:
    """Lets long words without a space go on in the next line; an e-mail before its @, at dots only where it must."""
    return " ".join(_breakable_mail(word) if "@" in word else _broken_after(word, "._-/") for word in text.split(" "))


def _breakable_mail(word: str) -> str:
    name, _at, host = word.partition("@")
    if max(len(name), len(host) + 1) > _LETTERS:
        return _broken_after(word, "@.")
    return f"{name}{_BREAK}@{host}"


def _broken_after(word: str, marks: str) -> str:
    return "".join(f"{char}{_BREAK}" if char in marks else char for char in word)


def _text_of(editor: _Editor) -> str:
    if isinstance(editor, QComboBox):
        return str(editor.currentData())
    return editor.toPlainText() if isinstance(editor, QPlainTextEdit) else editor.text()
