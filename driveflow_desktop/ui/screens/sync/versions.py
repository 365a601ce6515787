"""The right side of the inbox: both versions side by side, and the ways out under them."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.screens.sync.presenter import Places
from driveflow_desktop.ui.screens.sync.words import Detail, Side
from driveflow_desktop.ui.widgets.buttons import Button, ChipRow, PrimaryButton
from driveflow_desktop.ui.widgets.flow import FlowLayout
from driveflow_desktop.ui.widgets.panels import Card, ErrorLine
from driveflow_desktop.ui.widgets.text import dress, label

_LABEL_WIDTH = 106


class SideCard(Card):
    """One version; what differs from the other is marked by its ground, in bold, and to screen readers in words."""

    def __init__(self, side: Side, *, mine: bool) -> None:
        super().__init__(side.title, note=side.author)
        dress(self, chosen="true" if mine else "false")
        body = QWidget()
        grid = QGridLayout(body)
        grid.setContentsMargins(14, 0, 14, 14)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(5)
        grid.setColumnMinimumWidth(0, _LABEL_WIDTH)
        grid.setColumnStretch(1, 1)
        for row, fact in enumerate(side.facts):
            grid.addWidget(label(fact.name, tone="muted"), row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(self._value(fact.name, fact.value, marked=fact.marked), row, 1)
        self.add_body(body)
        self.add_body(QWidget(), 1)

    def _value(self, name: str, words: str, *, marked: bool) -> QLabel:
        shown = label(words, weight="medium" if marked else "normal", wrap=True)
        if marked:
            dress(shown, mark="differs")
        spoken = f"{name}: {words}"
        shown.setAccessibleName(self.tr("{fact}, differs").format(fact=spoken) if marked else spoken)
        return shown


class DetailPage(QWidget):
    """An entry: heading, explanation, two cards, the card of ways out."""

    placed = Signal(int)
    """The number of the free place taken."""
    find_asked = Signal()
    again_asked = Signal()
    discard_asked = Signal()

    def __init__(self, detail: Detail) -> None:
        super().__init__()
        self.detail = detail
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(20, 18, 20, 18)
        self._column.setSpacing(16)
        words = QVBoxLayout()
        words.setSpacing(3)
        words.addWidget(label(detail.title, size="lg", weight="bold"))
        words.addWidget(label(detail.explanation, tone="muted", wrap=True))
        self._column.addLayout(words)
        sides = QHBoxLayout()
        sides.setSpacing(14)
        sides.addWidget(SideCard(detail.theirs, mine=False), 1)
        sides.addWidget(SideCard(detail.mine, mine=True), 1)
        self._column.addLayout(sides)
        if detail.more:
            also = Card(self.tr("Changed in the same step"))
            for line in detail.more:
                also.add_row(label(line, wrap=True))
            self._column.addWidget(also)
        self.error = ErrorLine()
        self.instead = ChipRow()
        self.instead.hide()
        self._places: Places | None = None
        self.choices: list[Button] = []
        self.again = PrimaryButton(detail.again, hint="M") if detail.again and not detail.places else None
        self.discard = Button(detail.discard, kind="danger" if detail.gives_up else "plain", hint="K")
        self._ways = Card(detail.decide)
        self._row = QWidget()
        self._flow = FlowLayout(self._row, spacing=8)
        self._column.addWidget(self._ways)
        self._fill_ways()
        self._column.addStretch(1)

    def show_places(self, places: Places) -> None:
        """Offer free places; where its own is free again, to put it there. The same ones leave the keyboard alone."""
        if places == self._places:
            return
        self._places = places
        self.choices = []
        self._ways.set_title(places.title or self.tr("Its time is free again"))
        if not places.title:
            self._add_first(PrimaryButton(self.detail.again, hint="M"), self.again_asked.emit)
            return
        for number, words in enumerate(places.choices):
            button = PrimaryButton(words, hint="L") if number == 0 else Button(words)
            button.clicked.connect(lambda _checked=False, at=number: self.placed.emit(at))
            self.choices.append(button)
        self._rebuild([*self.choices, self._find_button(), self.discard])

    def refuse(self, error: UserError, instead: Sequence[tuple[str, Callable[[], None]]]) -> None:
        """Say why not, with other ways."""
        self.error.show_error(error)
        acts = {str(number): act for number, (_words, act) in enumerate(instead)}
        self.instead.set_chips([(str(number), words) for number, (words, _act) in enumerate(instead)])
        for key, act in acts.items():
            self.instead.button(key).clicked.connect(act)
        self.instead.setVisible(bool(instead))

    def _find_button(self) -> Button:
        find = Button(self.tr("Find another…"), kind="quiet")
        find.setToolTip(self.tr("Find another time (Shift+L)"))
        find.clicked.connect(self.find_asked)
        return find

    def _add_first(self, button: Button, act: Callable[[], None]) -> None:
        button.clicked.connect(act)
        self._rebuild([button, self.discard])

    def _fill_ways(self) -> None:
        self.discard.clicked.connect(self.discard_asked)
        buttons: list[QWidget] = [self.discard]
        if self.again is not None:
            self.again.clicked.connect(self.again_asked)
            buttons.insert(0, self.again)
        self._rebuild(buttons)
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(14, 0, 14, 14)
        column.setSpacing(8)
        for widget in (self._row, self.error, self.instead):
            column.addWidget(widget)
        self._ways.add_body(box)

    def _rebuild(self, buttons: Sequence[QWidget]) -> None:
        while (item := self._flow.takeAt(0)) is not None:
            if (widget := item.widget()) is not None and widget not in buttons:
                widget.hide()
                widget.deleteLater()
        for button in buttons:
            self._flow.addWidget(button)
            button.show()
        self._flow.setAlignment(self.discard, Qt.AlignmentFlag.AlignRight)
        self._row.updateGeometry()
