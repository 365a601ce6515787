"""Buttons: one primary per screen, plain ones beside it, segments for views, chips for quick answers."""

from collections.abc import Iterable
from typing import Literal

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)

from driveflow_desktop.ui.shell.icons import icon
from driveflow_desktop.ui.shell.theme import Tokens, current_tokens
from driveflow_desktop.ui.widgets.flow import FlowLayout
from driveflow_desktop.ui.widgets.marks import key_hint_size, paint_key_hint

Kind = Literal["plain", "primary", "danger", "quiet", "link", "mini", "chip", "filter"]
_GAP = 6


class Button(QPushButton):
    """A push button that may show the key which does the same."""

    def __init__(self, text: str, *, kind: Kind = "plain", hint: str = "", icon_name: str = "") -> None:
        super().__init__(text)
        self._hint = hint
        self._icon_name = icon_name
        self.setProperty("kind", kind)
        self.setAutoDefault(False)
        self.setAccessibleName(text.replace("&", "") + (f" ({hint})" if hint else ""))
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._draw_icon()

    def set_icon(self, name: str) -> None:
        """Show another icon."""
        self._icon_name = name
        self._draw_icon()

    def changeEvent(self, event: QEvent) -> None:
        """Redraw the icon in the colours of a new theme or state."""
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.EnabledChange):
            self._draw_icon()
        super().changeEvent(event)

    def sizeHint(self) -> QSize:
        """Room for the text and its key."""
        size = super().sizeHint()
        extra = key_hint_size(self._hint).width() + _GAP if self._hint else 0
        return QSize(size.width() + extra, size.height())

    def minimumSizeHint(self) -> QSize:
        """A button is never cut."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the button, then its key beside the text."""
        worn = current_tokens()
        if not self._hint:
            super().paintEvent(event)
            return
        option = QStyleOptionButton()
        self.initStyleOption(option)
        text, option.text = self.text(), ""
        painter = QStylePainter(self)
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
        self._paint_text_and_hint(painter, text, worn)

    def _paint_text_and_hint(self, painter: QPainter, text: str, worn: Tokens) -> None:
        hint = key_hint_size(self._hint)
        width = self.fontMetrics().horizontalAdvance(text)
        left = (self.width() - width - _GAP - hint.width()) // 2
        ink = self._ink(worn)
        painter.setPen(ink)
        painter.setFont(self.font())
        painter.drawText(QRect(left, 0, width + 2, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
        spot = QRect(left + width + _GAP, (self.height() - hint.height()) // 2, hint.width(), hint.height())
        paint_key_hint(
            painter, spot, self._hint, ink, ink if self.property("kind") == "primary" else worn.border_strong
        )

    def _draw_icon(self) -> None:
        if self._icon_name:
            self.setIcon(icon(self._icon_name, self._ink(current_tokens())))

    def _ink(self, worn: Tokens) -> str:
        if not self.isEnabled():
            return worn.text_3
        return {"primary": worn.on_accent, "danger": worn.bad, "quiet": worn.text_2, "mini": worn.text_2}.get(
            self.property("kind"), worn.text
        )


class PrimaryButton(Button):
    """The one thing this screen is for."""

    def __init__(self, text: str, *, hint: str = "") -> None:
        super().__init__(text, kind="primary", hint=hint)


class DangerButton(Button):
    """What takes something away; it says so in words and in red."""

    def __init__(self, text: str, *, hint: str = "") -> None:
        super().__init__(text, kind="danger", hint=hint)


class Segmented(QWidget):
    """A choice of one among few, side by side (Day / Week / Month / Agenda). Arrow keys move the choice."""

    chosen = Signal(str)
    """Emitted with the option's id when the person changes the choice."""

    def __init__(self, options: Iterable[tuple[str, str]], name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QPushButton] = {}
        for option, text in options:
            button = QPushButton(text)
            button.setCheckable(True)
            button.setAccessibleName(text)
            button.setProperty("kind", "segment")
            self._group.addButton(button)
            self._buttons[option] = button
            row.addWidget(button)
        first, *_, last = self._buttons.values()
        first.setProperty("place", "first")
        last.setProperty("place", "last")
        first.setChecked(True)
        self._group.buttonToggled.connect(self._toggled)

    @property
    def value(self) -> str:
        """The chosen option's id."""
        return next(option for option, button in self._buttons.items() if button.isChecked())

    def set_value(self, option: str) -> None:
        """Choose without telling anybody."""
        self._group.blockSignals(True)
        self._buttons[option].setChecked(True)
        self._group.blockSignals(False)

    def _toggled(self, _button: QPushButton, checked: bool) -> None:
        if checked:
            self.chosen.emit(self.value)


class ChipRow(QWidget):
    """Small buttons that wrap: quick answers, or filters when `checkable`."""

    clicked = Signal(str)
    """The id of a pressed chip."""
    toggled = Signal(str, bool)
    """A filter's id and whether it is now on."""

    def __init__(self, chips: Iterable[tuple[str, str]] = (), *, checkable: bool = False) -> None:
        super().__init__()
        self._checkable = checkable
        self._flow = FlowLayout(self, spacing=6)
        self._chips: dict[str, Button] = {}
        self.set_chips(chips)

    def set_chips(self, chips: Iterable[tuple[str, str]]) -> None:
        """Replace all chips by (id, text) pairs."""
        self._flow.clear()
        self._chips = {}
        for chip, text in chips:
            button = Button(text, kind="filter" if self._checkable else "chip")
            button.setCheckable(self._checkable)
            button.clicked.connect(lambda _checked=False, chip=chip: self.clicked.emit(chip))
            button.toggled.connect(lambda on, chip=chip: self.toggled.emit(chip, on))
            self._chips[chip] = button
            self._flow.addWidget(button)

    def checked(self) -> frozenset[str]:
        """The ids of the filters that are on."""
        return frozenset(chip for chip, button in self._chips.items() if button.isChecked())

    def chips(self) -> list[str]:
        """The ids of all chips, in order."""
        return list(self._chips)

    def button(self, chip: str) -> Button:
        """The button of a chip."""
        return self._chips[chip]
