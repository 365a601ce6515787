"""Frozen snapshots of students, and who of them may be the same person."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.people.matching import Likeness, Traits, fold_name, likeness
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.people.values import LicenceClass, Transmission
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.types import Json


@dataclass(frozen=True, slots=True)
class StudentFacts:
    """A student as stored; coordinates in microdegrees, logbook in minutes."""

    id: UUID
    full_name: str
    phone: str | None
    email: str | None
    dob: date | None
    notes: str | None
    alert: str | None
    licence_number: str | None
    licence_class: LicenceClass | None
    licence_expires_on: date | None
    transmission: Transmission | None
    pickup_address: str | None
    pickup_lat: int | None
    pickup_lng: int | None
    logbook_minutes: int
    logbook_night_minutes: int
    gps_consent_at: datetime | None
    gps_consent_by: str | None
    contact_opt_out: Mapping[str, Json]
    erased_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """A student to compare others with."""

    id: UUID
    full_name: str
    traits: Traits


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A student who may be the same person, and why."""

    id: UUID
    full_name: str
    likeness: Likeness


COLUMNS: Final = tuple(getattr(Student, name) for name in StudentFacts.__dataclass_fields__)


def student(connection: sa.Connection, org_id: UUID, student_id: UUID) -> StudentFacts:
    """One student; `UserError` "gone" when this replica has none."""
    where = (Student.org_id == org_id, Student.id == student_id)
    row = connection.execute(sa.select(*COLUMNS).where(*where)).one_or_none()
    if row is None:
        raise UserError("gone", "That student is no longer there.", hint="They may have been removed on another PC.")
    return StudentFacts(*row)


def all_students(connection: sa.Connection, org_id: UUID) -> Iterator[StudentFacts]:
    """Every student whose details are kept, by name; read as they are asked for."""
    where = (Student.org_id == org_id, Student.erased_at.is_(None))
    statement = sa.select(*COLUMNS).where(*where).order_by(Student.full_name, Student.id)
    for row in connection.execution_options(yield_per=1000).execute(statement):
        yield StudentFacts(*row)


def known_students(connection: sa.Connection, org_id: UUID) -> tuple[Known, ...]:
    """What an import compares its rows with: every student whose details are kept."""
    statement = sa.select(Student.id, Student.full_name, Student.phone, Student.email, Student.dob)
    rows = connection.execute(statement.where(Student.org_id == org_id, Student.erased_at.is_(None)))
    return tuple(
        Known(row.id, row.full_name, Traits(fold_name(row.full_name), row.phone, row.email, row.dob)) for row in rows
    )


def find_duplicates(
    connection: sa.Connection, org_id: UUID, traits: Traits, own_id: UUID | None = None, limit: int = 5
) -> tuple[Duplicate, ...]:
    """Students who share a phone, or the name and a birth date or e-mail, with `traits`; the likeliest first."""
    shared = [
        column == value
        for column, value in ((Student.phone, traits.phone), (Student.email, traits.email), (Student.dob, traits.dob))
        if value is not None
    ]
    if not shared:
        return ()
    statement = sa.select(Student.id, Student.full_name, Student.phone, Student.email, Student.dob).where(
        Student.org_id == org_id, Student.erased_at.is_(None), sa.or_(*shared)
    )
    found = []
    for row in connection.execute(statement):
        like = likeness(traits, Traits(fold_name(row.full_name), row.phone, row.email, row.dob))
        if like is not None and row.id != own_id:
            found.append(Duplicate(row.id, row.full_name, like))
    found.sort(key=lambda each: (not each.likeness.is_strong, each.full_name, each.id))
    return tuple(found[:limit])
