"""The few facts about people, services and prices that a booking is made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.catalog.queries import ServiceView, price_book, services
from driveflow_desktop.domain.catalog.rules import Price, RateCard, price_for
from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.people.tables import Instructor, Student, Vehicle
from driveflow_desktop.domain.people.values import Transmission
from driveflow_desktop.domain.scheduling.loader import Setting, place
from driveflow_desktop.kernel.errors import UserError


@dataclass(frozen=True, slots=True)
class Teacher:
    """What booking needs to know of an instructor."""

    id: UUID
    name: str
    user_id: UUID | None
    active: bool
    fee_bp: int | None


@dataclass(frozen=True, slots=True)
class Learner:
    """What booking needs to know of a student; coordinates in microdegrees."""

    id: UUID
    pickup_address: str | None
    pickup_lat: int | None
    pickup_lng: int | None
    transmission: Transmission | None
    licence_expires_on: date | None
    erased_at: datetime | None

    @property
    def pickup(self) -> Place | None:
        """Where lessons begin unless a booking says otherwise."""
        return place(self.pickup_lat, self.pickup_lng)


def require_teacher(connection: sa.Connection, org_id: UUID, instructor_id: UUID) -> Teacher:
    """The instructor, or `missing_reference`."""
    columns = (Instructor.id, Instructor.display_name, Instructor.user_id, Instructor.active, Instructor.fee_bp)
    where = (Instructor.org_id == org_id, Instructor.id == instructor_id)
    row = connection.execute(sa.select(*columns).where(*where)).one_or_none()
    if row is None:
        raise missing("instructor", "instructor_id")
    return Teacher(*row)


def require_learner(connection: sa.Connection, org_id: UUID, student_id: UUID) -> Learner:
    """The student, or `missing_reference`."""
    columns = (
        Student.id,
        Student.pickup_address,
        Student.pickup_lat,
        Student.pickup_lng,
        Student.transmission,
        Student.licence_expires_on,
        Student.erased_at,
    )
    where = (Student.org_id == org_id, Student.id == student_id)
    row = connection.execute(sa.select(*columns).where(*where)).one_or_none()
    if row is None:
        raise missing("student", "student_id")
    return Learner(*row)


def require_service(connection: sa.Connection, org_id: UUID, service_id: UUID) -> ServiceView:
    """The service, or `missing_reference`."""
    for found in services(connection, org_id):
        if found.id == service_id:
            return found
    raise missing("service", "service_id")


def require_vehicle(connection: sa.Connection, org_id: UUID, vehicle_id: UUID) -> Transmission:
    """What the car is, or `missing_reference`."""
    where = (Vehicle.org_id == org_id, Vehicle.id == vehicle_id)
    found = connection.execute(sa.select(Vehicle.transmission).where(*where)).scalar_one_or_none()
    if found is None:
        raise missing("car", "vehicle_id")
    return found


def missing(what: str, column: str) -> UserError:
    """The refusal for an id that this school does not have."""
    return UserError(
        "missing_reference",
        f"That {what} is no longer there.",
        hint="It may have been removed on another PC. Choose another.",
        column=column,
    )


def load_price(
    connection: sa.Connection,
    setting: Setting,
    service_id: UUID,
    day: date,
    fee_bp: int | None,
    cards: Sequence[RateCard] | None = None,
) -> Price:
    """What a lesson of the service costs on a local date; `no_price` when no rate card says."""
    return price_for(
        service_id,
        day,
        price_book(connection, setting.org_id) if cards is None else cards,
        org_fee_bp=setting.school.platform_fee_bp,
        instructor_fee_bp=fee_bp,
        gst_registered=setting.school.gst_registered,
    )
