"""Frozen snapshots of instructors and cars."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.people.tables import Instructor, Vehicle
from driveflow_desktop.domain.people.values import OnboardingStatus, Transmission
from driveflow_desktop.kernel.errors import UserError


@dataclass(frozen=True, slots=True)
class InstructorFacts:
    """An instructor as stored; coordinates in microdegrees, `fee_bp` None where the school's own share holds."""

    id: UUID
    user_id: UUID | None
    display_name: str
    phone: str | None
    email: str | None
    license_id: str | None
    license_expires_on: date | None
    active: bool
    stripe_account_id: str | None
    stripe_onboarding_status: OnboardingStatus
    colour: str | None
    base_lat: int | None
    base_lng: int | None
    travel_buffer_min: int
    max_lessons_per_day: int | None
    fee_bp: int | None
    abn: str | None
    gst_registered: bool
    bank_bsb: str | None
    bank_account: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class VehicleFacts:
    """A car."""

    id: UUID
    name: str
    transmission: Transmission
    plate: str | None
    active: bool


_COLUMNS: Final = tuple(getattr(Instructor, name) for name in InstructorFacts.__dataclass_fields__)


def instructor(connection: sa.Connection, org_id: UUID, instructor_id: UUID) -> InstructorFacts:
    """One instructor; `UserError` "gone" when there is none."""
    where = (Instructor.org_id == org_id, Instructor.id == instructor_id)
    row = connection.execute(sa.select(*_COLUMNS).where(*where)).one_or_none()
    if row is None:
        raise UserError("gone", "That instructor is no longer there.", hint="They may have been removed elsewhere.")
    return InstructorFacts(*row)


def instructors(connection: sa.Connection, org_id: UUID, *, active_only: bool = False) -> tuple[InstructorFacts, ...]:
    """All instructors, the active ones first, by name."""
    statement = sa.select(*_COLUMNS).where(Instructor.org_id == org_id)
    if active_only:
        statement = statement.where(Instructor.active)
    order = (Instructor.active.desc(), sa.func.lower(Instructor.display_name), Instructor.id)
    return tuple(InstructorFacts(*row) for row in connection.execute(statement.order_by(*order)))


def vehicles(connection: sa.Connection, org_id: UUID, *, active_only: bool = False) -> tuple[VehicleFacts, ...]:
    """All cars, the active ones first, by name."""
    statement = sa.select(Vehicle.id, Vehicle.name, Vehicle.transmission, Vehicle.plate, Vehicle.active)
    statement = statement.where(Vehicle.org_id == org_id)
    if active_only:
        statement = statement.where(Vehicle.active)
    order = (Vehicle.active.desc(), sa.func.lower(Vehicle.name), Vehicle.id)
    return tuple(VehicleFacts(*row) for row in connection.execute(statement.order_by(*order)))
