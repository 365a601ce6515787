"""Small questions that are answered by one letter and Enter; one of them: who cancels."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QVBoxLayout, QWidget

from driveflow_desktop.domain.scheduling.values import CancellationActor
from driveflow_desktop.ui.screens.booking.presenter import Quote
from driveflow_desktop.ui.widgets.buttons import Button, DangerButton
from driveflow_desktop.ui.widgets.fields import FormField, PercentField
from driveflow_desktop.ui.widgets.flow import FlowLayout
from driveflow_desktop.ui.widgets.panels import FieldList
from driveflow_desktop.ui.widgets.text import label


class LetterForm(QFrame):
    """A letter chooses, Enter goes through, Esc gives up."""

    cancelled = Signal()
    chosen = Signal(str)
    submitted = Signal()

    def __init__(self, title: str, options: Sequence[tuple[str, str, str]]) -> None:
        """`options` are (id, letter, words)."""
        super().__init__()
        self.setProperty("panel", "card")
        self.setAccessibleName(title)
        self._letters = {letter: option for option, letter, _words in options}
        self._words = {option: words for option, _letter, words in options}
        self._buttons: dict[str, Button] = {}
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(12, 10, 12, 12)
        self.column.setSpacing(8)
        self.column.addWidget(label(title, weight="bold"))
        box = QWidget()
        flow = FlowLayout(box, spacing=6)
        for option, letter, words in options:
            button = Button(words, kind="chip", hint=letter)
            button.setCheckable(True)
            button.clicked.connect(partial(self.choose, option))
            self._buttons[option] = button
            flow.addWidget(button)
        self.column.addWidget(box)

    def choose(self, option: str) -> None:
        """Choose as if its letter had been pressed."""
        for each, button in self._buttons.items():
            button.setChecked(each == option)
        self.chosen.emit(option)

    def words_of(self, option: str) -> str:
        """The words of an option."""
        return self._words[option]

    def share_letters(self, field: QWidget) -> None:
        """Let the letters choose while `field` has the keyboard, too: a field for figures has no use for them."""
        field.installEventFilter(self)

    def event(self, event: QEvent) -> bool:
        """The form's letters are its own while it has the keyboard, not the window's shortcuts."""
        override = event.type() is QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and event.text().upper() in self._letters:
            event.accept()
            return True
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Letters in the fields that share them."""
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and self._take_letter(event):
            return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A letter chooses, Enter goes through, Esc gives up."""
        if self._take_letter(event):
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.submitted.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)

    def _take_letter(self, event: QKeyEvent) -> bool:
        option = self._letters.get(event.text().upper())
        if option is not None:
            self.choose(option)
        return option is not None


class CancelForm(LetterForm):
    """Who cancels, what that gives back and who bears the rest, and why."""

    asked = Signal(str, object)
    """Quote for this actor, at a percentage of the school's choice or None."""

    def __init__(self, *, may_choose: bool) -> None:
        """`may_choose` offers to cancel in the school's name, which chooses the refund."""
        school = [(CancellationActor.ADMIN.value, "O", self.tr("Our choice"))] if may_choose else []
        super().__init__(
            self.tr("Who cancels?"),
            [
                (CancellationActor.STUDENT.value, "S", self.tr("Student")),
                (CancellationActor.GUARDIAN.value, "G", self.tr("Guardian")),
                (CancellationActor.INSTRUCTOR.value, "I", self.tr("Instructor")),
                *school,
            ],
        )
        self.actor: CancellationActor | None = None
        self.percent = PercentField(self.tr("Give back"))
        self.percent.set_value(100)
        self.share_letters(self.percent)
        self._percent_field = FormField(self.tr("Give back"), self.percent)
        self._lines = FieldList()
        self.why = QLineEdit()
        self._why_field = FormField(self.tr("Reason (optional)"), self.why)
        self._confirm = DangerButton(self.tr("Cancel lesson"), hint="↵")
        self._confirm.clicked.connect(self.submitted)
        self._confirm.setEnabled(False)
        for widget in (self._percent_field, self._lines, self._why_field, self._confirm):
            self.column.addWidget(widget)
        self._percent_field.hide()
        self._why_field.hide()
        self.chosen.connect(self._choose_actor)
        self.percent.changed.connect(self._ask)

    @property
    def chosen_percent(self) -> int | None:
        """The refund that the school chose; None where the policy decides."""
        return self.percent.value if self.actor is CancellationActor.ADMIN else None

    @property
    def reason(self) -> str:
        """Why, in words for the audit: what was typed, else who cancelled."""
        if self.actor is None or self.why.text().strip():
            return self.why.text().strip()
        if self.actor is CancellationActor.ADMIN:
            return self.tr("Cancelled by the school.")
        return self.tr("Cancelled by the {who}.").format(who=self.actor.value)

    def fits(self, quote: Quote) -> bool:
        """Whether a quote is about what is chosen now."""
        return quote.actor is self.actor and quote.percent == self.chosen_percent

    def show_quote(self, quote: Quote) -> None:
        """What it gives back; only now Enter goes through."""
        if self.fits(quote):
            self._lines.set_rows(quote.lines)
            self._confirm.setEnabled(True)

    def _choose_actor(self, option: str) -> None:
        self.actor = CancellationActor(option)
        self._percent_field.setVisible(self.actor is CancellationActor.ADMIN)
        self._why_field.show()
        self._ask()

    def _ask(self) -> None:
        self._confirm.setEnabled(False)
        if self.actor is not None and (self.actor is not CancellationActor.ADMIN or self.percent.value is not None):
            self.asked.emit(self.actor.value, self.chosen_percent)
