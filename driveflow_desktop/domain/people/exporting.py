"""Students as a table for spreadsheets, under the headers by which an import knows them again."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.contacts import display_phone
from driveflow_desktop.domain.identity.queries import authorise, school
from driveflow_desktop.domain.identity.rules import Action
from driveflow_desktop.domain.people.import_mapping import LABELS, ImportField
from driveflow_desktop.domain.people.queries.guardians import LinkedGuardian, guardians_by_student
from driveflow_desktop.domain.people.queries.students import StudentFacts, all_students
from driveflow_desktop.store.unit_of_work import Actor

FIELDS: Final = (
    ImportField.FULL_NAME,
    ImportField.PHONE,
    ImportField.EMAIL,
    ImportField.DOB,
    ImportField.LICENCE_NUMBER,
    ImportField.LICENCE_CLASS,
    ImportField.LICENCE_EXPIRES_ON,
    ImportField.TRANSMISSION,
    ImportField.PICKUP_ADDRESS,
    ImportField.LOGBOOK_HOURS,
    ImportField.LOGBOOK_NIGHT_HOURS,
    ImportField.NOTES,
    ImportField.ALERT,
    ImportField.GUARDIAN_NAME,
    ImportField.GUARDIAN_PHONE,
    ImportField.GUARDIAN_EMAIL,
    ImportField.GUARDIAN_RELATION,
)
HEADERS: Final = tuple(LABELS[field] for field in FIELDS)


def student_rows(
    connection: sa.Connection, actor: Actor, only: Collection[UUID] | None = None
) -> Iterator[tuple[str, ...]]:
    """Every student whose details are kept as a row under `HEADERS`, with the guardian who pays (else the first).

    `only` leaves out all others. Raises `UserError` "forbidden" for roles that may not take people’s data out.
    """
    authorise(connection, actor, Action.EXPORT_PERSON)
    country = school(connection, actor.org_id).country
    guardians = guardians_by_student(connection, actor.org_id)
    wanted = (each for each in all_students(connection, actor.org_id) if only is None or each.id in only)
    return _rows(wanted, guardians, country)


def _rows(
    students: Iterable[StudentFacts], guardians: Mapping[UUID, LinkedGuardian], country: str
) -> Iterator[tuple[str, ...]]:
    for each in students:
        cells = _student_cells(each, country) | _guardian_cells(guardians.get(each.id), country)
        yield tuple(cells[field] for field in FIELDS)


def _student_cells(found: StudentFacts, country: str) -> dict[ImportField, str]:
    return {
        ImportField.FULL_NAME: found.full_name,
        ImportField.PHONE: display_phone(found.phone, country) if found.phone else "",
        ImportField.EMAIL: found.email or "",
        ImportField.DOB: found.dob.isoformat() if found.dob else "",
        ImportField.LICENCE_NUMBER: found.licence_number or "",
        ImportField.LICENCE_CLASS: found.licence_class.value.replace("_", " ") if found.licence_class else "",
        ImportField.LICENCE_EXPIRES_ON: found.licence_expires_on.isoformat() if found.licence_expires_on else "",
        ImportField.TRANSMISSION: found.transmission.value if found.transmission else "",
        ImportField.PICKUP_ADDRESS: found.pickup_address or "",
        ImportField.LOGBOOK_HOURS: _hours(found.logbook_minutes),
        ImportField.LOGBOOK_NIGHT_HOURS: _hours(found.logbook_night_minutes),
        ImportField.NOTES: found.notes or "",
        ImportField.ALERT: found.alert or "",
    }


def _guardian_cells(linked: LinkedGuardian | None, country: str) -> dict[ImportField, str]:
    guardian = None if linked is None else linked.guardian
    return {
        ImportField.GUARDIAN_NAME: guardian.full_name if guardian else "",
        ImportField.GUARDIAN_PHONE: display_phone(guardian.phone, country) if guardian and guardian.phone else "",
        ImportField.GUARDIAN_EMAIL: (guardian.email or "") if guardian else "",
        ImportField.GUARDIAN_RELATION: (linked.relation or "") if linked else "",
    }


def _hours(minutes: int) -> str:
    """Hours with two decimals, enough to give the minutes back; nothing for none."""
    return f"{minutes / 60:.2f}".rstrip("0").rstrip(".") if minutes else ""
