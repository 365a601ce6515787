"""Money to be taken at the desk: what for, how much, and what to ask for at the till. No Qt."""

from dataclasses import dataclass
from uuid import UUID

from driveflow_desktop.domain.finance.commands import NewPayment
from driveflow_desktop.domain.finance.rules.charges import at_the_till
from driveflow_desktop.domain.finance.values import PaymentKind, PaymentMethod
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.words import tr


@dataclass(frozen=True, slots=True)
class Debt:
    """An amount that is missing for a booking; `words` say what for, where nothing else on show does."""

    booking_id: UUID
    due_cents: int
    words: str = ""
    is_fee: bool = False

    @property
    def key(self) -> str:
        """One for each debt of a student."""
        return f"{self.booking_id}/{'fee' if self.is_fee else 'price'}"


def payment_for(debt: Debt, method: PaymentMethod, amount_cents: int | None) -> NewPayment:
    """The payment to record; without an amount it is all that is due."""
    amount = debt.due_cents if debt.is_fee and amount_cents is None else amount_cents
    return NewPayment(debt.booking_id, method, amount, PaymentKind.FEE if debt.is_fee else None)


def payment_words() -> str:
    """What happened, for the toast."""
    return tr("Booking", "Payment recorded")


def till_words(method: PaymentMethod, amount_cents: int, currency: str) -> str:
    """What to ask for at the till, where it is another amount: cash is rounded to 5 cents."""
    till = at_the_till(amount_cents, method, currency)
    if not till.rounding_cents:
        return ""
    return tr("Booking", "At the till: {money}").format(money=formats.money(till.till_cents, currency))
