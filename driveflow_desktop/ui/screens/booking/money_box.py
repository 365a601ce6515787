"""The price of a booking with its parts, and whether it is paid."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from driveflow_desktop.ui.screens.booking.card import BookingCard
from driveflow_desktop.ui.widgets.buttons import PrimaryButton
from driveflow_desktop.ui.widgets.marks import Pill
from driveflow_desktop.ui.widgets.text import hairline, label


class MoneyBox(QFrame):
    """Price, GST inside it, the instructor's share; the state of payment and the button that takes one."""

    payment_asked = Signal()
    """The person wants to take a payment."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("panel", "card")
        self.setAccessibleName(self.tr("Price and payment"))
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(6)
        self._price, self._gst, self._share = label(weight="bold"), label(size="sm"), label(size="sm")
        self._rows = [
            _row(self.tr("Price at booking"), self._price, strong=True),
            _row(self.tr("Includes GST"), self._gst),
            _row(self.tr("Instructor share"), self._share),
        ]
        for row in self._rows:
            column.addWidget(row)
        column.addWidget(hairline())
        self._paid = Pill("…")
        self._pay = PrimaryButton(self.tr("Take payment"), hint="P")
        self._pay.clicked.connect(self.payment_asked)
        foot = QHBoxLayout()
        foot.addWidget(self._paid)
        foot.addStretch(1)
        foot.addWidget(self._pay)
        column.addLayout(foot)

    def set_card(self, card: BookingCard) -> None:
        """Show a booking's money."""
        for shown, words in ((self._price, card.price), (self._gst, card.gst), (self._share, card.share)):
            shown.setText(words)
        self._rows[1].setVisible(bool(card.gst))
        self._paid.set_state(*card.paid)
        self._pay.setVisible("payment.take" in card.acts)


def _row(words: str, money: QLabel, *, strong: bool = False) -> QWidget:
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(label(words, tone="text" if strong else "muted", size="md" if strong else "sm"))
    row.addStretch(1)
    row.addWidget(money)
    return made
