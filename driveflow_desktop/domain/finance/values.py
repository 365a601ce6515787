"""Words for money."""

from enum import StrEnum


class PaymentStatus(StrEnum):
    """The life of a payment."""

    INTENT_CREATED = "intent_created"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUNDED = "refunded"


class PaidState(StrEnum):
    """How a booking stands with its money; the calendar's badge."""

    FREE = "free"
    PAID = "paid"
    PACKAGE = "package"
    PART = "part"
    REQUESTED = "requested"
    DUE = "due"
    REFUNDED = "refunded"


class PaymentKind(StrEnum):
    """What a payment is for; one live payment per booking and kind."""

    FULL = "full"
    DEPOSIT = "deposit"
    BALANCE = "balance"
    FEE = "fee"


class PaymentMethod(StrEnum):
    """How money reached the school."""

    CARD = "card"
    CASH = "cash"
    BANK_TRANSFER = "bank_transfer"
    EFTPOS = "eftpos"
    PACKAGE = "package"


class RefundStatus(StrEnum):
    """The life of a refund."""

    REQUESTED = "requested"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class PayoutStatus(StrEnum):
    """The life of a payout line or run."""

    DRAFT = "draft"
    APPROVED = "approved"
    SENT = "sent"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"


class AgreementKind(StrEnum):
    """A standing agreement with an instructor."""

    RCTI = "rcti"
