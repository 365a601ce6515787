"""Form fields that read what people type: a date, a time of day, an amount."""

from abc import abstractmethod
from collections.abc import Callable
from datetime import date, timedelta
from typing import Generic, TypeVar

from PySide6.QtCore import QDate, QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QCalendarWidget, QLineEdit, QVBoxLayout, QWidget

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.shell.icons import icon
from driveflow_desktop.ui.shell.typed_date import parse_date
from driveflow_desktop.ui.widgets.panels import ErrorLine
from driveflow_desktop.ui.widgets.text import dress, label, plain_tip
from driveflow_desktop.ui.widgets.typed import parse_cents, parse_time

T = TypeVar("T")
_TIME_STEP = 15
_DAY = 24 * 60


class TypedField(QLineEdit, Generic[T]):
    """A line that holds a value of `T` or nothing; it tidies the text when the person leaves it.

    Up and Down step the value. While the text makes no sense, `value` is nothing, `error` says why and the field is
    marked.
    """

    changed = Signal()
    """The value became another one, by the person's doing."""

    def __init__(self, name: str, placeholder: str = "") -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setPlaceholderText(placeholder)
        self._value: T | None = None
        self._error: UserError | None = None
        self.textEdited.connect(self._read)

    @abstractmethod
    def parse(self, text: str) -> T:
        """The value that `text` stands for, or a `UserError`."""

    @abstractmethod
    def shown(self, value: T) -> str:
        """How a value is written."""

    @abstractmethod
    def stepped(self, value: T | None, steps: int) -> T | None:
        """The value `steps` further, from a sensible start when there is none."""

    @property
    def value(self) -> T | None:
        """The value, or nothing while the line is empty or wrong."""
        return self._value

    @property
    def error(self) -> UserError | None:
        """What is wrong with the text, if anything."""
        return self._error

    def set_value(self, value: T | None) -> None:
        """Show a value without telling anybody."""
        self._value = value
        self.setText("" if value is None else self.shown(value))
        self._mark(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down step the value."""
        steps = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        if steps is None or event.modifiers():
            super().keyPressEvent(event)
            return
        before = self._value
        self.set_value(self.stepped(before, steps))
        if self._value != before:
            self.changed.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Tidy the text, or mark it as wrong."""
        super().focusOutEvent(event)
        if self._error is None:
            self.set_value(self._value)
        else:
            self._mark(self._error)

    def _read(self, text: str) -> None:
        before, self._value, self._error = self._value, None, None
        if text.strip():
            try:
                self._value = self.parse(text)
            except UserError as error:
                self._error = error
        if self._error is None:
            self._mark(None)
        if self._value != before:
            self.changed.emit()

    def _mark(self, error: UserError | None) -> None:
        self._error = error
        self.setAccessibleDescription(str(error) if error else "")
        self.setToolTip(plain_tip(str(error)) if error else "")
        if (self.property("wrong") == "true") != (error is not None):
            dress(self, wrong="true" if error else "false")


class DateField(TypedField[date]):
    """A date: “fri”, “+2w”, “3 dec”, or picked from a month (Alt+Down)."""

    def __init__(self, name: str, today: Callable[[], date]) -> None:
        super().__init__(name, self.tr("fri, +2w, 3 dec"))
        self._today = today
        self._month: QCalendarWidget | None = None
        self._open = QAction(icon("calendar-blank"), self.tr("Choose from a month (Alt+Down)"), self)
        self._open.triggered.connect(self.show_month)
        self.addAction(self._open, QLineEdit.ActionPosition.TrailingPosition)

    def changeEvent(self, event: QEvent) -> None:
        """Draw the icon in the colours of a new theme."""
        if event.type() is QEvent.Type.ApplicationPaletteChange:
            self._open.setIcon(icon("calendar-blank"))
        super().changeEvent(event)

    def parse(self, text: str) -> date:
        """The date meant, seen from today."""
        found = parse_date(text, self._today())
        if found is None:
            raise UserError("invalid", f"“{text.strip()}” is not a date.", hint="Write it like 3 dec, fri or +2w.")
        return found

    def shown(self, value: date) -> str:
        """With weekday and year, so that a slip is seen."""
        return formats.day(value)

    def stepped(self, value: date | None, steps: int) -> date | None:
        """One day per step; from nothing, today."""
        return self._today() if value is None else value + timedelta(days=steps)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Alt+Down opens the month."""
        if event.key() == Qt.Key.Key_Down and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.show_month()
            return
        super().keyPressEvent(event)

    def show_month(self) -> None:
        """Open the month under the field; Enter or a click takes the day, Esc closes."""
        if self._month is None:
            self._month = QCalendarWidget(self)
            self._month.setWindowFlag(Qt.WindowType.Popup)
            self._month.setFirstDayOfWeek(Qt.DayOfWeek.Monday)
            self._month.setAccessibleName(self.accessibleName())
            self._month.activated.connect(self._picked)
            self._month.clicked.connect(self._picked)
        at = self._value or self._today()
        self._month.setSelectedDate(QDate(at.year, at.month, at.day))
        self._month.move(self.mapToGlobal(QPoint(0, self.height())))
        self._month.show()
        self._month.setFocus()

    def _picked(self, day: QDate) -> None:
        if self._month is not None:
            self._month.hide()
        self.set_value(date(day.year(), day.month(), day.day()))
        self.changed.emit()
        self.setFocus()


class TimeField(TypedField[int]):
    """A time of day in minutes since midnight: “2:30pm”, “1430”, “9”."""

    def __init__(self, name: str) -> None:
        super().__init__(name, self.tr("2:30pm"))

    def parse(self, text: str) -> int:
        """Minutes since midnight."""
        return parse_time(text)

    def shown(self, value: int) -> str:
        """As `2:30 pm`."""
        return formats.clock(value)

    def stepped(self, value: int | None, steps: int) -> int | None:
        """A quarter of an hour per step, on the grid; from nothing, 9 am."""
        if value is None:
            return 9 * 60
        grid = value // _TIME_STEP if steps > 0 else -(-value // _TIME_STEP)
        return max(0, min(_DAY - _TIME_STEP, (grid + steps) * _TIME_STEP))


class MoneyField(TypedField[int]):
    """An amount in cents of one currency."""

    def __init__(self, name: str, currency: str = "AUD") -> None:
        super().__init__(name, self.tr("0.00"))
        self._currency = currency
        self.setAlignment(Qt.AlignmentFlag.AlignRight)

    def parse(self, text: str) -> int:
        """Cents."""
        return parse_cents(text)

    def shown(self, value: int) -> str:
        """With the currency's sign."""
        return formats.money(value, self._currency)

    def stepped(self, value: int | None, steps: int) -> int | None:
        """A dollar per step, never below nothing."""
        return max(0, (value or 0) + steps * 100)


class PercentField(TypedField[int]):
    """A whole percentage from 0 to 100."""

    def parse(self, text: str) -> int:
        """The percentage, with or without its sign."""
        words = text.strip().removesuffix("%").strip()
        if not words.isdecimal() or not words.isascii() or int(words) > 100:
            raise UserError("invalid", f"“{text.strip()}” is not a percentage.", hint="Write it like 50, up to 100.")
        return int(words)

    def shown(self, value: int) -> str:
        """As `50 %`."""
        return f"{value} %"

    def stepped(self, value: int | None, steps: int) -> int | None:
        """Ten per step, within the limits."""
        return max(0, min(100, (value or 0) + steps * 10))


class FormField(QWidget):
    """A caption over a field, with a place for its error underneath."""

    def __init__(self, caption: str, field: QWidget) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        text = label(caption, size="sm", tone="muted")
        text.setBuddy(field)
        if not field.accessibleName():
            field.setAccessibleName(caption)
        self.field = field
        self.error = ErrorLine()
        column.addWidget(text)
        column.addWidget(field)
        column.addWidget(self.error)
