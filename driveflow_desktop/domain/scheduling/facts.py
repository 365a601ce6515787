"""The few facts about people, services and prices that a booking is made from."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.catalog.queries import ServiceView, price_book, services
from driveflow_desktop.domain.catalog.rules import Price, RateCard, price_for
from driveflow_desktop.domain.people.queries.instructors import (
    InstructorFacts,
    VehicleFacts,
    instructor,
    vehicles,
)
from driveflow_desktop.domain.people.queries.students import StudentFacts, student
from driveflow_desktop.domain.scheduling.loader import Setting
from driveflow_desktop.kernel.errors import UserError


def require_teacher(connection: sa.Connection, org_id: UUID, instructor_id: UUID) -> InstructorFacts:
    """The instructor, or `missing_reference`."""
    try:
        return instructor(connection, org_id, instructor_id)
    except UserError:
        raise missing("instructor", "instructor_id") from None


def require_learner(connection: sa.Connection, org_id: UUID, student_id: UUID) -> StudentFacts:
    """The student, or `missing_reference`."""
    try:
        return student(connection, org_id, student_id)
    except UserError:
        raise missing("student", "student_id") from None


def require_service(connection: sa.Connection, org_id: UUID, service_id: UUID) -> ServiceView:
    """The service, or `missing_reference`."""
    for found in services(connection, org_id):
        if found.id == service_id:
            return found
    raise missing("service", "service_id")


def require_vehicle(connection: sa.Connection, org_id: UUID, vehicle_id: UUID) -> VehicleFacts:
    """The car, or `missing_reference`."""
    for found in vehicles(connection, org_id):
        if found.id == vehicle_id:
            return found
    raise missing("car", "vehicle_id")


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
