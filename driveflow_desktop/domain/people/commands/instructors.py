"""Adding and changing instructors and cars. Neither is ever deleted: lessons point at them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from driveflow_desktop.domain.identity.queries import authorise, school
from driveflow_desktop.domain.identity.rules import Action
from driveflow_desktop.domain.partial import UNSET, UnsetType, given
from driveflow_desktop.domain.people.commands.students import checker_of
from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.people.tables import Instructor, Vehicle
from driveflow_desktop.domain.people.values import Transmission
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.types import Value
from driveflow_desktop.store.unit_of_work import UnitOfWork

_NEEDS: Final[Mapping[str, Action]] = {
    "fee_bp": Action.EDIT_FEES,
    "bank_bsb": Action.EDIT_BANK_DETAILS,
    "bank_account": Action.EDIT_BANK_DETAILS,
    "user_id": Action.MANAGE_ROLES,
}
"""Columns that only an owner may set."""


@dataclass(frozen=True, slots=True)
class NewInstructor:
    """A person who teaches. `fee_bp` None: the school's own share; `travel_buffer_min` None: the school's default."""

    display_name: str
    phone: str | None = None
    email: str | None = None
    user_id: UUID | None = None
    license_id: str | None = None
    license_expires_on: date | None = None
    colour: str | None = None
    base_place: Place | None = None
    travel_buffer_min: int | None = None
    max_lessons_per_day: int | None = None
    fee_bp: int | None = None
    abn: str | None = None
    gst_registered: bool = False
    bank_bsb: str | None = None
    bank_account: str | None = None


@dataclass(frozen=True, slots=True)
class InstructorChanges:
    """What to change of an instructor; `active=False` takes them out of the diary's choices."""

    display_name: str | UnsetType = UNSET
    phone: str | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET
    user_id: UUID | UnsetType | None = UNSET
    license_id: str | UnsetType | None = UNSET
    license_expires_on: date | UnsetType | None = UNSET
    colour: str | UnsetType | None = UNSET
    base_place: Place | UnsetType | None = UNSET
    travel_buffer_min: int | UnsetType = UNSET
    max_lessons_per_day: int | UnsetType | None = UNSET
    fee_bp: int | UnsetType | None = UNSET
    abn: str | UnsetType | None = UNSET
    gst_registered: bool | UnsetType = UNSET
    bank_bsb: str | UnsetType | None = UNSET
    bank_account: str | UnsetType | None = UNSET
    active: bool | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class NewVehicle:
    """A car."""

    name: str
    transmission: Transmission = Transmission.AUTO
    plate: str | None = None


@dataclass(frozen=True, slots=True)
class VehicleChanges:
    """What to change of a car; `active=False` retires it."""

    name: str | UnsetType = UNSET
    transmission: Transmission | UnsetType = UNSET
    plate: str | UnsetType | None = UNSET
    active: bool | UnsetType = UNSET


def create_instructor(uow: UnitOfWork, request: NewInstructor) -> UUID:
    """Add an instructor and return the id."""
    values = {name: value for name, value in given(request).items() if value is not None}
    values.setdefault("travel_buffer_min", school(uow.connection, uow.org_id).settings.default_buffer_min)
    columns = _instructor_columns(uow, values, request.base_place)
    uow.describe("instructor.created")
    return uow.insert(Instructor, columns)


def edit_instructor(uow: UnitOfWork, instructor_id: UUID, changes: InstructorChanges) -> bool:
    """Change an instructor; returns whether anything differed. A new share holds for bookings made from now on."""
    columns = _instructor_columns(uow, given(changes), changes.base_place)
    topic = "instructor.edited"
    if columns.keys() == {"active"}:
        topic = "instructor.activated" if columns["active"] else "instructor.deactivated"
    uow.describe(topic)
    return uow.update(Instructor, instructor_id, columns)


def _instructor_columns(
    uow: UnitOfWork, values: Mapping[str, Value], place: Place | UnsetType | None
) -> dict[str, Value]:
    authorise(uow.connection, uow.actor, Action.EDIT_INSTRUCTORS)
    for column in values:
        if column in _NEEDS:
            authorise(uow.connection, uow.actor, _NEEDS[column])
    checker = checker_of(uow)
    columns = checker.clean({name: value for name, value in values.items() if name != "base_place"})
    if not isinstance(place, UnsetType):
        columns["base_lat"], columns["base_lng"] = checker.microdegrees(place, "base_place")
    return columns


def create_vehicle(uow: UnitOfWork, request: NewVehicle) -> UUID:
    """Add a car and return the id."""
    authorise(uow.connection, uow.actor, Action.EDIT_INSTRUCTORS)
    uow.describe("vehicle.created")
    return uow.insert(Vehicle, _vehicle_columns(given(request)))


def edit_vehicle(uow: UnitOfWork, vehicle_id: UUID, changes: VehicleChanges) -> bool:
    """Change a car; returns whether anything differed."""
    authorise(uow.connection, uow.actor, Action.EDIT_INSTRUCTORS)
    uow.describe("vehicle.edited")
    return uow.update(Vehicle, vehicle_id, _vehicle_columns(given(changes)))


def _vehicle_columns(values: dict[str, Value]) -> dict[str, Value]:
    if "name" in values:
        values["name"] = " ".join(str(values["name"] or "").split())
        if not values["name"]:
            raise UserError("invalid", "The car needs a name.", hint="Its model will do.", column="name")
    if "plate" in values:
        values["plate"] = " ".join(str(values["plate"] or "").upper().split()) or None
    return values
