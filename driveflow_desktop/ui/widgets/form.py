"""A short form of typed lines: Enter goes through, Esc gives up, each refusal stands under the line it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.widgets.buttons import Button, PrimaryButton
from driveflow_desktop.ui.widgets.fields import FormField
from driveflow_desktop.ui.widgets.panels import ErrorLine
from driveflow_desktop.ui.widgets.picker import Combo
from driveflow_desktop.ui.widgets.text import dress, label

_Editor = QLineEdit | QComboBox | QCheckBox | QPlainTextEdit
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a form. `column` is the name under which refusals speak of it, where it is not `id`.

    With `choices`, (text, shown) pairs, one of them is picked; `flag` makes it a tick, whose text is `yes` or empty;
    what is typed into a `secret` line is not shown.
    """

    id: str
    caption: str
    placeholder: str = ""
    text: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    flag: bool = False
    column: str = ""
    secret: bool = False


class QuickForm(QWidget):
    """The lines one under the other, with the button that goes through and the one that gives up.

    `title` is its name; with `titled` it also stands over the lines, where nothing else says it.
    """

    submitted = Signal(object)
    """The texts by line id; answered by whoever shows something else, or by `refuse`."""
    cancelled = Signal()
    """The person gave up."""
    edited = Signal(object)
    """Something was typed: the texts by line id, for hints while one types."""

    def __init__(self, title: str, lines: Sequence[Line], submit: str, *, titled: bool = True) -> None:
        super().__init__()
        self.setAccessibleName(title)
        self._lines = {line.id: line for line in lines}
        self._editors: dict[str, _Editor] = {}
        self._fields: dict[str, FormField] = {}
        self._waiting = False
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(10)
        if titled:
            self._column.addWidget(label(title, weight="bold"))
        for line in lines:
            self._add(line)
        self.error = ErrorLine()
        self._column.addWidget(self.error)
        self._notes = QVBoxLayout()
        self._column.addLayout(self._notes)
        self.submit = PrimaryButton(submit, hint="↵")
        self.submit.clicked.connect(self.go)
        give_up = Button(self.tr("Cancel"), hint="Esc")
        give_up.clicked.connect(self.cancelled)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.submit)
        row.addWidget(give_up)
        row.addStretch(1)
        self._column.addLayout(row)

    @property
    def texts(self) -> Mapping[str, str]:
        """What stands in the lines."""
        return {line_id: _text(editor) for line_id, editor in self._editors.items()}

    def editor(self, line_id: str) -> _Editor:
        """The field of a line."""
        return self._editors[line_id]

    def add_note(self, widget: QWidget) -> None:
        """Put something between the lines and the buttons."""
        self._notes.addWidget(widget)

    def begin(self) -> None:
        """Give the keyboard to the first line."""
        next(iter(self._editors.values())).setFocus()

    def go(self) -> None:
        """Ask for it, once."""
        if not self._waiting:
            self._clear()
            self._waiting = True
            self.submitted.emit(self.texts)

    def refuse(self, error: UserError) -> None:
        """Show a refusal under the line it is about, and go there."""
        self._waiting = False
        for line_id, line in self._lines.items():
            if error.column is not None and error.column in (line.id, line.column):
                self._fields[line_id].error.show_error(error)
                dress(self._editors[line_id], wrong="true")
                self._editors[line_id].setFocus()
                return
        self.error.show_error(error)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter goes through, Esc gives up."""
        if event.key() in _ENTER:
            self.go()
        elif event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)

    def _add(self, line: Line) -> None:
        editor = _editor(line)
        self._editors[line.id] = editor
        if isinstance(editor, QCheckBox):
            editor.setAccessibleName(line.caption)
            self._column.addWidget(editor)
            return
        field = FormField(line.caption, editor)
        self._fields[line.id] = field
        self._column.addWidget(field)
        if isinstance(editor, QLineEdit):
            editor.textEdited.connect(self._typed)

    def _typed(self) -> None:
        self.edited.emit(self.texts)

    def _clear(self) -> None:
        self.error.clear()
        for line_id, field in self._fields.items():
            field.error.clear()
            dress(self._editors[line_id], wrong="false")


def _editor(line: Line) -> _Editor:
    if line.flag:
        tick = QCheckBox(line.caption)
        tick.setChecked(bool(line.text))
        return tick
    if line.choices:
        box = Combo()
        for text, shown in line.choices:
            box.addItem(shown, text)
        box.setCurrentIndex(max(0, box.findData(line.text)))
        return box
    field = QLineEdit(line.text)
    field.setPlaceholderText(line.placeholder)
    if line.secret:
        field.setEchoMode(QLineEdit.EchoMode.Password)
    return field


def _text(editor: _Editor) -> str:
    if isinstance(editor, QComboBox):
        return str(editor.currentData())
    if isinstance(editor, QCheckBox):
        return "yes" if editor.isChecked() else ""
    return editor.toPlainText() if isinstance(editor, QPlainTextEdit) else editor.text()
