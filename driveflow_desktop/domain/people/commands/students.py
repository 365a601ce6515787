"""Adding, changing and removing students, and their consent to GPS."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

import sqlalchemy.exc

from driveflow_desktop.domain.identity.queries import authorise, roles_of, school
from driveflow_desktop.domain.identity.rules import Action, can_any
from driveflow_desktop.domain.partial import UNSET, UnsetType, given
from driveflow_desktop.domain.people.checks import Checker, check_logbook
from driveflow_desktop.domain.people.matching import Likeness, traits_of
from driveflow_desktop.domain.people.queries.students import find_duplicates
from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.people.values import LicenceClass, Transmission
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date, zone
from driveflow_desktop.store.types import Json, Value
from driveflow_desktop.store.unit_of_work import UnitOfWork

INSTRUCTOR_COLUMNS: Final = frozenset({"notes", "alert", "logbook_minutes", "logbook_night_minutes"})
"""What an instructor may change of a student of theirs."""
_SHARED: Final[Mapping[Likeness, str]] = {
    Likeness.PHONE: "{name} has the same phone number.",
    Likeness.PHONE_AND_NAME: "There already is a {name} with this phone number.",
    Likeness.NAME_AND_BIRTHDAY: "There already is a {name} with this birth date.",
    Likeness.EMAIL_AND_NAME: "There already is a {name} with this e-mail address.",
}


@dataclass(frozen=True, slots=True)
class NewStudent:
    """A learner. On one call a name, a mobile and a suburb (as `pickup_address`) will do; minutes for the logbook."""

    full_name: str
    phone: str | None = None
    email: str | None = None
    dob: date | None = None
    notes: str | None = None
    alert: str | None = None
    licence_number: str | None = None
    licence_class: LicenceClass | None = None
    licence_expires_on: date | None = None
    transmission: Transmission | None = None
    pickup_address: str | None = None
    pickup_place: Place | None = None
    logbook_minutes: int = 0
    logbook_night_minutes: int = 0
    contact_opt_out: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StudentChanges:
    """What to change of a student. A new address without a place forgets the old place."""

    full_name: str | UnsetType = UNSET
    phone: str | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET
    dob: date | UnsetType | None = UNSET
    notes: str | UnsetType | None = UNSET
    alert: str | UnsetType | None = UNSET
    licence_number: str | UnsetType | None = UNSET
    licence_class: LicenceClass | UnsetType | None = UNSET
    licence_expires_on: date | UnsetType | None = UNSET
    transmission: Transmission | UnsetType | None = UNSET
    pickup_address: str | UnsetType | None = UNSET
    pickup_place: Place | UnsetType | None = UNSET
    logbook_minutes: int | UnsetType = UNSET
    logbook_night_minutes: int | UnsetType = UNSET
    contact_opt_out: Mapping[str, Json] | UnsetType = UNSET


def checker_of(uow: UnitOfWork) -> Checker:
    """The checks of the school written to."""
    found = school(uow.connection, uow.org_id)
    return Checker(found.country, local_date(uow.now, zone(found.time_zone)))


def create_student(uow: UnitOfWork, request: NewStudent) -> UUID:
    """Add a student and return the id; warns of students who may be the same person."""
    authorise(uow.connection, uow.actor, Action.EDIT_PEOPLE)
    values = student_columns(given(request), request.pickup_place, checker_of(uow))
    check_logbook(values)
    _warn_of_duplicates(uow, values, None)
    uow.describe("student.created")
    return uow.insert(Student, values)


def edit_student(uow: UnitOfWork, student_id: UUID, changes: StudentChanges) -> bool:
    """Change a student; returns whether anything differed. Instructors may keep notes, alert and logbook."""
    current = uow.require(Student, student_id)
    _require_right(uow, given(changes))
    if current["erased_at"] is not None:
        raise UserError("erased", "This person's details were erased.", hint="Add them as a new student.")
    checker = checker_of(uow)
    values = checker.clean({name: value for name, value in given(changes).items() if name != "pickup_place"})
    if not isinstance(changes.pickup_place, UnsetType):
        values |= _coordinates(checker, changes.pickup_place)
    elif values.get("pickup_address", current["pickup_address"]) != current["pickup_address"]:
        values |= _coordinates(checker, None)
    check_logbook({**current, **values})
    if values.keys() & {"phone", "full_name", "dob", "email"}:
        _warn_of_duplicates(uow, {**current, **values}, student_id)
    uow.describe("student.edited")
    return uow.update(Student, student_id, values)


def delete_student(uow: UnitOfWork, student_id: UUID) -> None:
    """Remove a student who was entered by mistake; `in_use` once there are bookings, lessons or packages."""
    authorise(uow.connection, uow.actor, Action.EDIT_PEOPLE)
    uow.describe("student.deleted")
    try:
        uow.delete(Student, student_id)
    except sqlalchemy.exc.IntegrityError:
        raise UserError(
            "in_use",
            "This student has bookings or payments, so the record has to stay.",
            hint="To forget the person, use Erase personal data.",
        ) from None


def give_gps_consent(uow: UnitOfWork, student_id: UUID, by: str) -> None:
    """Record that `by` (the student, or who answers for them) agreed to trips being recorded, now."""
    authorise(uow.connection, uow.actor, Action.EDIT_PEOPLE)
    who = checker_of(uow).clean({"full_name": by})["full_name"]
    uow.describe("student.gps_consent_given")
    uow.update(Student, student_id, {"gps_consent_at": uow.now, "gps_consent_by": who})


def withdraw_gps_consent(uow: UnitOfWork, student_id: UUID) -> None:
    """Record that trips may no longer be recorded; trips that exist stay until they are erased."""
    authorise(uow.connection, uow.actor, Action.EDIT_PEOPLE)
    uow.describe("student.gps_consent_withdrawn")
    uow.update(Student, student_id, {"gps_consent_at": None, "gps_consent_by": None})


def student_columns(values: dict[str, Value], place: Place | None, checker: Checker) -> dict[str, Value]:
    """A request's fields as the columns of `students`, with the place in microdegrees."""
    columns = {name: value for name, value in values.items() if name != "pickup_place"}
    return checker.clean(columns) | _coordinates(checker, place)


def _coordinates(checker: Checker, place: Place | None) -> dict[str, Value]:
    lat, lng = checker.microdegrees(place, "pickup_address")
    return {"pickup_lat": lat, "pickup_lng": lng}


def _require_right(uow: UnitOfWork, wanted: Mapping[str, Value]) -> None:
    if wanted.keys() <= INSTRUCTOR_COLUMNS:
        roles = roles_of(uow.connection, uow.org_id, uow.actor.user_id)
        if can_any(roles, Action.RECORD_LESSON):
            return
    authorise(uow.connection, uow.actor, Action.EDIT_PEOPLE)


def _warn_of_duplicates(uow: UnitOfWork, values: Mapping[str, Value], own_id: UUID | None) -> None:
    for found in find_duplicates(uow.connection, uow.org_id, traits_of(values), own_id):
        uow.warn(_SHARED[found.likeness].format(name=found.full_name))
