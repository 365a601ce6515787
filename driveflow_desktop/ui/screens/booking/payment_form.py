"""Taking money: for which lesson where there are several, by which method, and how much."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent

from driveflow_desktop.domain.finance.values import PaymentMethod
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.screens.booking.letter_forms import LetterForm
from driveflow_desktop.ui.screens.booking.taking import Debt, till_words
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.widgets.buttons import PrimaryButton
from driveflow_desktop.ui.widgets.fields import FormField, MoneyField
from driveflow_desktop.ui.widgets.panels import ErrorLine
from driveflow_desktop.ui.widgets.picker import Picker
from driveflow_desktop.ui.widgets.text import label

_STEPS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}


class PaymentForm(LetterForm):
    """How it was paid, and how much. Up and Down go through the lessons where several are unpaid."""

    paid = Signal(object, object, object)
    """Record for this `Debt`, by this method, this many cents; answered by who closes the form, or by `refuse`."""

    def __init__(self, debts: Sequence[Debt], currency: str) -> None:
        """`debts`, the first one chosen; there is at least one."""
        super().__init__(
            self.tr("How was it paid?"),
            (
                (PaymentMethod.CASH.value, "C", self.tr("Cash")),
                (PaymentMethod.EFTPOS.value, "E", self.tr("EFTPOS")),
                (PaymentMethod.BANK_TRANSFER.value, "B", self.tr("Bank transfer")),
            ),
        )
        self.method: PaymentMethod | None = None
        self._currency = currency
        self._debts = {debt.key: debt for debt in debts}
        self.lesson = Picker(self.tr("Paid for"))
        self.lesson.setParent(self)
        self.lesson.setSizeAdjustPolicy(Picker.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.lesson.offer([(debt.key, debt.words) for debt in debts], None)
        self.lesson.currentIndexChanged.connect(self._show_debt)
        self.share_letters(self.lesson)
        self.amount = MoneyField(self.tr("Amount"), currency)
        self.share_letters(self.amount)
        self.amount.changed.connect(self._show_amount)
        self._till = label(size="sm", tone="muted")
        self.error = ErrorLine()
        self._confirm = PrimaryButton("", hint="↵")
        self._confirm.clicked.connect(self.submitted)
        self._show_what_for(debts)
        for widget in (FormField(self.tr("Amount"), self.amount), self._till, self.error, self._confirm):
            self.column.addWidget(widget)
        self.chosen.connect(self._choose_method)
        self.submitted.connect(self._go)
        self._show_debt()

    @property
    def debt(self) -> Debt:
        """What is paid for."""
        return self._debts[self.lesson.key or ""]

    def refuse(self, error: UserError) -> None:
        """Say why it was not recorded."""
        self.error.show_error(error)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down choose among the lessons; the rest as in every form of letters."""
        step = _STEPS.get(Qt.Key(event.key()), 0)
        if step and len(self._debts) > 1:
            at = self.lesson.currentIndex() + step
            self.lesson.setCurrentIndex(max(0, min(self.lesson.count() - 1, at)))
            return
        super().keyPressEvent(event)

    def _show_what_for(self, debts: Sequence[Debt]) -> None:
        """A choice where there are several, words where they are needed, else nothing: the panel says it."""
        if len(debts) > 1:
            self.column.insertWidget(1, FormField(self.tr("Paid for"), self.lesson))
            return
        self.lesson.hide()
        if debts[0].words:
            self.column.insertWidget(1, label(debts[0].words, tone="muted", wrap=True))

    def _choose_method(self, option: str) -> None:
        self.method = PaymentMethod(option)
        self._show_amount()

    def _show_debt(self) -> None:
        """Another lesson is another amount."""
        self.amount.set_value(self.debt.due_cents)
        self._show_amount()

    def _show_amount(self) -> None:
        """The button says what it records; beneath the amount, what to ask for at the till."""
        self.error.clear()
        amount = self.amount.value or self.debt.due_cents
        method = "" if self.method is None else f" · {self.words_of(self.method.value)}"
        self._confirm.setText(self.tr("Record {money}").format(money=formats.money(amount, self._currency)) + method)
        till = "" if self.method is None else till_words(self.method, amount, self._currency)
        self._till.setText(till)
        self._till.setVisible(bool(till))

    def _go(self) -> None:
        if self.method is None:
            self.refuse(UserError("invalid", self.tr("Choose how it was paid.")))
        elif self.amount.error is not None:
            self.refuse(self.amount.error)
        else:
            self.error.clear()
            self.paid.emit(self.debt, self.method, self.amount.value)
