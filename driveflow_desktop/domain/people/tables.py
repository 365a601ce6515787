"""Instructors, students, guardians, and the cars."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from driveflow_desktop.domain.people.values import LicenceClass, OnboardingStatus, Transmission
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
)
from driveflow_desktop.store.types import EnumText, Id, Microdegrees, UtcDateTime


class Instructor(TenantRow):
    """A person who teaches; linked to a user when they sign in themselves."""

    user_id: Mapped[UUID | None] = mapped_column(Id, sa.ForeignKey("users.id", ondelete="RESTRICT"))
    display_name: Mapped[str] = mapped_column(text(200))
    phone: Mapped[str | None] = mapped_column(text(20))
    email: Mapped[str | None] = mapped_column(text(254))
    license_id: Mapped[str | None] = mapped_column(text(40))
    license_expires_on: Mapped[date | None] = mapped_column(sa.Date)
    active: Mapped[bool] = flag(True)
    stripe_account_id: Mapped[str | None] = mapped_column(text(120))
    stripe_onboarding_status: Mapped[OnboardingStatus] = choice(OnboardingStatus, OnboardingStatus.NOT_STARTED)
    colour: Mapped[str | None] = mapped_column(text(20))
    base_lat: Mapped[int | None] = mapped_column(Microdegrees)
    base_lng: Mapped[int | None] = mapped_column(Microdegrees)
    travel_buffer_min: Mapped[int] = number(15)
    max_lessons_per_day: Mapped[int | None] = mapped_column(sa.Integer)
    fee_bp: Mapped[int | None] = mapped_column(sa.Integer)
    abn: Mapped[str | None] = mapped_column(text(11))
    gst_registered: Mapped[bool] = flag()
    bank_bsb: Mapped[str | None] = mapped_column(text(7))
    bank_account: Mapped[str | None] = mapped_column(text(20))

    __table_args__ = (
        tenant_unique("stripe_account_id"),
        sa.CheckConstraint("travel_buffer_min BETWEEN 0 AND 60", name="buffer_range"),
        sa.CheckConstraint("fee_bp BETWEEN 0 AND 10000", name="fee_range"),
        tenant_index("active"),
    )


class Student(TenantRow):
    """A learner."""

    full_name: Mapped[str] = mapped_column(text(200))
    phone: Mapped[str | None] = mapped_column(text(20))
    email: Mapped[str | None] = mapped_column(text(254))
    dob: Mapped[date | None] = mapped_column(sa.Date)
    notes: Mapped[str | None] = mapped_column(text(20_000))
    alert: Mapped[str | None] = mapped_column(text(500))
    licence_number: Mapped[str | None] = mapped_column(text(40))
    licence_class: Mapped[LicenceClass | None] = mapped_column(EnumText(LicenceClass))
    licence_expires_on: Mapped[date | None] = mapped_column(sa.Date)
    transmission: Mapped[Transmission | None] = mapped_column(EnumText(Transmission))
    pickup_address: Mapped[str | None] = mapped_column(text(500))
    pickup_lat: Mapped[int | None] = mapped_column(Microdegrees)
    pickup_lng: Mapped[int | None] = mapped_column(Microdegrees)
    logbook_minutes: Mapped[int] = number(0)
    logbook_night_minutes: Mapped[int] = number(0)
    gps_consent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    gps_consent_by: Mapped[str | None] = mapped_column(text(200))
    contact_opt_out: Mapped[dict[str, object]] = document()
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (tenant_index("full_name"),)


class Guardian(TenantRow):
    """A parent or other adult who answers for students."""

    full_name: Mapped[str] = mapped_column(text(200))
    phone: Mapped[str | None] = mapped_column(text(20))
    email: Mapped[str | None] = mapped_column(text(254))


class StudentGuardian(TenantRow):
    """Which guardian answers for which student, and who pays."""

    student_id: Mapped[UUID] = mapped_column(Id)
    guardian_id: Mapped[UUID] = mapped_column(Id)
    relation: Mapped[str | None] = mapped_column(text(60))
    is_payer: Mapped[bool] = flag()

    __table_args__ = (
        tenant_fk("student_id", "students", cascade=True),
        tenant_fk("guardian_id", "guardians", cascade=True),
        tenant_unique("student_id", "guardian_id"),
        tenant_index("guardian_id"),
    )


class Vehicle(TenantRow):
    """A car that lessons are given in."""

    name: Mapped[str] = mapped_column(text(120))
    transmission: Mapped[Transmission] = choice(Transmission, Transmission.AUTO)
    plate: Mapped[str | None] = mapped_column(text(12))
    active: Mapped[bool] = flag(True)
