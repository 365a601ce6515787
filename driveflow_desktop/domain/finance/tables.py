"""Money received, given back and paid out. Amounts, currency and owners never change; a correction is a new row."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from driveflow_desktop.domain.finance.values import (
    AgreementKind,
    PaymentKind,
    PaymentMethod,
    PaymentStatus,
    PayoutStatus,
    RefundStatus,
)
from driveflow_desktop.store.base import TenantRow, choice, number, tenant_fk, tenant_index, tenant_unique, text
from driveflow_desktop.store.types import Id, UtcDateTime


def _currency() -> Mapped[str]:
    return mapped_column(text(3), default="AUD", server_default="AUD")


class Package(TenantRow):
    """Lessons bought ahead, as a ledger of minutes."""

    student_id: Mapped[UUID] = mapped_column(Id)
    minutes_bought: Mapped[int] = mapped_column(sa.Integer)
    price_cents: Mapped[int] = mapped_column(sa.BigInteger)
    expires_on: Mapped[date | None] = mapped_column(sa.Date)

    __table_args__ = (
        tenant_fk("student_id", "students"),
        sa.CheckConstraint("minutes_bought > 0 AND price_cents >= 0", name="amounts"),
        tenant_index("student_id"),
    )


class PackageUse(TenantRow):
    """Minutes of a package that a booking uses."""

    package_id: Mapped[UUID] = mapped_column(Id)
    booking_id: Mapped[UUID] = mapped_column(Id)
    minutes: Mapped[int] = mapped_column(sa.Integer)

    __table_args__ = (
        tenant_fk("package_id", "packages"),
        tenant_fk("booking_id", "bookings"),
        tenant_unique("booking_id"),
        sa.CheckConstraint("minutes > 0", name="minutes_positive"),
        tenant_index("package_id"),
    )


class Payment(TenantRow):
    """Money for a booking or a package (exactly one of them)."""

    booking_id: Mapped[UUID | None] = mapped_column(Id)
    package_id: Mapped[UUID | None] = mapped_column(Id)
    kind: Mapped[PaymentKind] = choice(PaymentKind, PaymentKind.FULL)
    replaces_id: Mapped[UUID | None] = mapped_column(Id)
    status: Mapped[PaymentStatus] = choice(PaymentStatus, PaymentStatus.INTENT_CREATED)
    currency: Mapped[str] = _currency()
    amount_cents: Mapped[int] = mapped_column(sa.BigInteger)
    platform_fee_cents: Mapped[int] = mapped_column(sa.BigInteger)
    instructor_share_cents: Mapped[int] = mapped_column(sa.BigInteger)
    method: Mapped[PaymentMethod] = choice(PaymentMethod, PaymentMethod.CARD)
    rounding_cents: Mapped[int] = number(0)
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    checkout_url: Mapped[str | None] = mapped_column(text(2000))
    stripe_payment_intent_id: Mapped[str | None] = mapped_column(text(120))
    stripe_charge_id: Mapped[str | None] = mapped_column(text(120))
    stripe_refund_id: Mapped[str | None] = mapped_column(text(120))

    __table_args__ = (
        tenant_fk("booking_id", "bookings"),
        tenant_fk("package_id", "packages"),
        tenant_fk("replaces_id", "payments"),
        tenant_unique("stripe_payment_intent_id"),
        sa.CheckConstraint("(booking_id IS NULL) <> (package_id IS NULL)", name="one_subject"),
        sa.CheckConstraint("platform_fee_cents + instructor_share_cents = amount_cents", name="split_adds_up"),
        sa.CheckConstraint("amount_cents >= 0", name="amount_not_negative"),
        sa.Index(
            "uq_payments_live",
            "org_id",
            "booking_id",
            "kind",
            unique=True,
            sqlite_where=sa.text("status <> 'failed'"),
            postgresql_where=sa.text("status <> 'failed'"),
        ),
        tenant_index("status"),
        tenant_index("booking_id"),
        tenant_index("package_id"),
        tenant_index("received_at"),
    )


class Refund(TenantRow):
    """Money given back from a payment, and who bears it."""

    payment_id: Mapped[UUID] = mapped_column(Id)
    currency: Mapped[str] = _currency()
    amount_cents: Mapped[int] = mapped_column(sa.BigInteger)
    platform_fee_cents: Mapped[int] = mapped_column(sa.BigInteger)
    instructor_share_cents: Mapped[int] = mapped_column(sa.BigInteger)
    reason: Mapped[str] = mapped_column(text(500))
    status: Mapped[RefundStatus] = choice(RefundStatus, RefundStatus.REQUESTED)
    stripe_refund_id: Mapped[str | None] = mapped_column(text(120))

    __table_args__ = (
        tenant_fk("payment_id", "payments"),
        tenant_unique("stripe_refund_id"),
        sa.CheckConstraint("platform_fee_cents + instructor_share_cents = amount_cents", name="split_adds_up"),
        sa.CheckConstraint("amount_cents > 0", name="amount_positive"),
        tenant_index("payment_id"),
    )


class PayoutRun(TenantRow):
    """A period (local dates, both ends included) for which instructors are paid together."""

    period_start: Mapped[date] = mapped_column(sa.Date)
    period_end: Mapped[date] = mapped_column(sa.Date)
    status: Mapped[PayoutStatus] = choice(PayoutStatus, PayoutStatus.DRAFT)
    approved_by: Mapped[UUID | None] = mapped_column(Id)
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        sa.CheckConstraint("period_end >= period_start", name="period_span"),
        tenant_index("period_start"),
    )


class Payout(TenantRow):
    """A line owed to an instructor; negative for a claw-back."""

    instructor_id: Mapped[UUID] = mapped_column(Id)
    booking_id: Mapped[UUID | None] = mapped_column(Id)
    payout_run_id: Mapped[UUID | None] = mapped_column(Id)
    refund_id: Mapped[UUID | None] = mapped_column(Id)
    currency: Mapped[str] = _currency()
    amount_cents: Mapped[int] = mapped_column(sa.BigInteger)
    status: Mapped[PayoutStatus] = choice(PayoutStatus, PayoutStatus.DRAFT)
    stripe_transfer_id: Mapped[str | None] = mapped_column(text(120))

    __table_args__ = (
        tenant_fk("instructor_id", "instructors"),
        tenant_fk("booking_id", "bookings"),
        tenant_fk("payout_run_id", "payout_runs"),
        tenant_fk("refund_id", "refunds"),
        tenant_unique("stripe_transfer_id"),
        tenant_index("instructor_id"),
        tenant_index("status"),
        tenant_index("booking_id"),
        tenant_index("payout_run_id"),
    )


class Agreement(TenantRow):
    """A signed agreement with an instructor, such as recipient-created tax invoices."""

    instructor_id: Mapped[UUID] = mapped_column(Id)
    kind: Mapped[AgreementKind] = choice(AgreementKind, AgreementKind.RCTI)
    signed_on: Mapped[date] = mapped_column(sa.Date)
    ended_on: Mapped[date | None] = mapped_column(sa.Date)

    __table_args__ = (tenant_fk("instructor_id", "instructors"), tenant_index("instructor_id"))
