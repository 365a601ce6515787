"""Availability, bookings, and what surrounds them."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from driveflow_desktop.domain.scheduling.values import BookingStatus, CancellationActor, WaitlistStatus
from driveflow_desktop.store.base import (
    TenantRow,
    choice,
    document,
    flag,
    number,
    tenant_fk,
    tenant_index,
    tenant_unique,
    text,
    utc_now,
)
from driveflow_desktop.store.types import EnumText, Id, Microdegrees, UtcDateTime


class InstructorAvailability(TenantRow):
    """Weekly hours in local wall time: minutes from midnight, Sunday is day 0."""

    __tablename__ = "instructor_availabilities"

    instructor_id: Mapped[UUID] = mapped_column(Id)
    day_of_week: Mapped[int] = mapped_column(sa.Integer)
    start_minute: Mapped[int] = mapped_column(sa.Integer)
    end_minute: Mapped[int] = mapped_column(sa.Integer)
    effective_from: Mapped[date | None] = mapped_column(sa.Date)
    effective_to: Mapped[date | None] = mapped_column(sa.Date)

    __table_args__ = (
        tenant_fk("instructor_id", "instructors", cascade=True),
        sa.CheckConstraint("day_of_week BETWEEN 0 AND 6", name="day_range"),
        sa.CheckConstraint("start_minute >= 0 AND end_minute <= 1440 AND end_minute > start_minute", name="minutes"),
        sa.CheckConstraint("effective_to >= effective_from", name="effective_span"),
        tenant_index("instructor_id", "day_of_week"),
    )


class AvailabilityException(TenantRow):
    """A date on which the weekly hours do not hold: closed, open, or a part of the day."""

    instructor_id: Mapped[UUID] = mapped_column(Id)
    date: Mapped[date] = mapped_column(sa.Date)
    is_available: Mapped[bool] = flag()
    start_minute: Mapped[int | None] = mapped_column(sa.Integer)
    end_minute: Mapped[int | None] = mapped_column(sa.Integer)
    note: Mapped[str | None] = mapped_column(text(500))

    __table_args__ = (
        tenant_fk("instructor_id", "instructors", cascade=True),
        sa.CheckConstraint("(start_minute IS NULL) = (end_minute IS NULL)", name="both_minutes"),
        sa.CheckConstraint("start_minute >= 0 AND end_minute <= 1440 AND end_minute > start_minute", name="minutes"),
        sa.Index(
            "uq_availability_exceptions_slot",
            "org_id",
            "instructor_id",
            "date",
            sa.text("coalesce(start_minute, -1)"),
            unique=True,
        ),
    )


class Booking(TenantRow):
    """A lesson that is planned, given, or called off; its price is a snapshot and never recalculated."""

    student_id: Mapped[UUID] = mapped_column(Id)
    instructor_id: Mapped[UUID] = mapped_column(Id)
    service_id: Mapped[UUID] = mapped_column(Id)
    start_at: Mapped[datetime] = mapped_column(UtcDateTime)
    end_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[BookingStatus] = choice(BookingStatus, BookingStatus.DRAFT)
    pickup_address: Mapped[str | None] = mapped_column(text(500))
    pickup_lat: Mapped[int | None] = mapped_column(Microdegrees)
    pickup_lng: Mapped[int | None] = mapped_column(Microdegrees)
    dropoff_address: Mapped[str | None] = mapped_column(text(500))
    dropoff_lat: Mapped[int | None] = mapped_column(Microdegrees)
    dropoff_lng: Mapped[int | None] = mapped_column(Microdegrees)
    currency: Mapped[str] = mapped_column(text(3), default="AUD", server_default="AUD")
    price_cents: Mapped[int] = mapped_column(sa.BigInteger)
    platform_fee_cents: Mapped[int] = mapped_column(sa.BigInteger)
    instructor_share_cents: Mapped[int] = mapped_column(sa.BigInteger)
    notes: Mapped[str | None] = mapped_column(text(20_000))
    series_id: Mapped[UUID | None] = mapped_column(Id)
    rate_card_id: Mapped[UUID | None] = mapped_column(Id)
    hold_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    overrides: Mapped[dict[str, object]] = document()
    vehicle_id: Mapped[UUID | None] = mapped_column(Id)
    cancelled_by: Mapped[CancellationActor | None] = mapped_column(EnumText(CancellationActor))
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancellation_reason: Mapped[str | None] = mapped_column(text(500))
    rescheduled_from: Mapped[UUID | None] = mapped_column(Id)
    status_changed_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=utc_now())
    status_changed_by: Mapped[UUID | None] = mapped_column(Id)

    __table_args__ = (
        tenant_fk("student_id", "students"),
        tenant_fk("instructor_id", "instructors"),
        tenant_fk("service_id", "services"),
        tenant_fk("rate_card_id", "rate_cards"),
        tenant_fk("vehicle_id", "vehicles"),
        sa.CheckConstraint("end_at > start_at", name="ends_after_start"),
        sa.CheckConstraint("platform_fee_cents + instructor_share_cents = price_cents", name="split_adds_up"),
        sa.CheckConstraint(
            "price_cents >= 0 AND platform_fee_cents >= 0 AND instructor_share_cents >= 0", name="amounts"
        ),
        tenant_index("start_at"),
        tenant_index("instructor_id", "start_at"),
        tenant_index("student_id", "start_at"),
        tenant_index("status"),
        tenant_index("series_id"),
    )


class CancellationPolicy(TenantRow):
    """From how many hours before the start a cancellation gives how much back."""

    __tablename__ = "cancellation_policies"

    actor: Mapped[CancellationActor] = mapped_column(EnumText(CancellationActor))
    hours_before_start: Mapped[int] = number(0)
    refund_percent: Mapped[int] = number(0)
    fee_cents: Mapped[int] = number(0, big=True)
    is_active: Mapped[bool] = flag(True)

    __table_args__ = (
        tenant_unique("actor", "hours_before_start"),
        sa.CheckConstraint(
            "hours_before_start >= 0 AND refund_percent BETWEEN 0 AND 100 AND fee_cents >= 0", name="ranges"
        ),
    )


class Holiday(TenantRow):
    """A date on which the school keeps a holiday, by region where given; `closed` says whether it gives lessons."""

    date: Mapped[date] = mapped_column(sa.Date)
    name: Mapped[str] = mapped_column(text(200))
    region: Mapped[str | None] = mapped_column(text(10))
    closed: Mapped[bool] = flag(True)

    __table_args__ = (tenant_index("date"),)


class WaitlistEntry(TenantRow):
    """A student who wants a slot that is not there yet."""

    __tablename__ = "waitlist_entries"

    student_id: Mapped[UUID] = mapped_column(Id)
    service_id: Mapped[UUID] = mapped_column(Id)
    preferences: Mapped[dict[str, object]] = document()
    status: Mapped[WaitlistStatus] = choice(WaitlistStatus, WaitlistStatus.WAITING)

    __table_args__ = (
        tenant_fk("student_id", "students"),
        tenant_fk("service_id", "services"),
        tenant_index("status"),
        tenant_index("student_id"),
    )
