"""Who did what: the audit trail, newest first, with the differences in words a person reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.identity.queries import user_names
from driveflow_desktop.domain.paging import Page, page_of
from driveflow_desktop.domain.people.tables import Instructor, Student
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.store.log import AUDIT
from driveflow_desktop.store.types import Json

PAGE: Final = 100
_QUIET: Final = frozenset(
    {"updated_at", "created_at", "version", "status_changed_at", "status_changed_by", "overrides"}
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One column before and after, in wire form; None where there was nothing."""

    column: str
    before: Json
    after: Json


@dataclass(frozen=True, slots=True)
class Activity:
    """One audit entry. `subject` names the person it is about, where the row or its booking names one."""

    id: UUID
    at: datetime
    actor: str
    action: str
    table: str
    row_id: UUID
    subject: str
    differences: tuple[Difference, ...]
    erased: bool


@dataclass(frozen=True, slots=True)
class ActivityFilter:
    """Which entries: of one table, by one person, with some word in the action."""

    table: str | None = None
    actor_id: UUID | None = None
    word: str = ""


Key = tuple[datetime, UUID]


def activity(
    connection: sa.Connection, org_id: UUID, wanted: ActivityFilter, after: Key | None = None, limit: int = PAGE
) -> Page[Activity, Key]:
    """A page of the trail, newest first."""
    where = [AUDIT.c.org_id == org_id]
    if wanted.table is not None:
        where.append(AUDIT.c.entity_type == wanted.table)
    if wanted.actor_id is not None:
        where.append(AUDIT.c.actor_user_id == wanted.actor_id)
    if wanted.word:
        where.append(AUDIT.c.action.contains(wanted.word, autoescape=True))
    if after is not None:
        where.append(sa.tuple_(AUDIT.c.created_at, AUDIT.c.id) < sa.tuple_(*_bound(after)))
    newest_first = (AUDIT.c.created_at.desc(), AUDIT.c.id.desc())
    rows = connection.execute(sa.select(AUDIT).where(*where).order_by(*newest_first).limit(limit + 1)).all()
    names = user_names(connection, {row.actor_user_id for row in rows if row.actor_user_id is not None})
    subjects = _subjects(connection, org_id, rows)
    found = [_entry(row, names, subjects.get(row.id, "")) for row in rows]
    return page_of(found, limit, lambda each: (each.at, each.id))


def _entry(row: sa.Row[*tuple[object, ...]], names: Mapping[UUID, str], subject: str) -> Activity:
    return Activity(
        row.id,
        row.created_at,
        names.get(row.actor_user_id, ""),
        row.action,
        row.entity_type,
        row.entity_id,
        subject,
        _differences(row.before, row.after),
        row.salt is None and row.before is None and row.after is None,
    )


def _bound(key: Key) -> tuple[sa.ColumnElement[datetime], sa.ColumnElement[UUID]]:
    return sa.literal(key[0], AUDIT.c.created_at.type), sa.literal(key[1], AUDIT.c.id.type)


def _differences(before: Mapping[str, Json] | None, after: Mapping[str, Json] | None) -> tuple[Difference, ...]:
    """What really changed; empty values of a new row say nothing."""
    old, new = before or {}, after or {}
    names = [name for name in {**old, **new} if name not in _QUIET]
    found = [Difference(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)]
    return tuple(each for each in found if each.before not in (None, {}) or each.after not in (None, {}))


def _subjects(connection: sa.Connection, org_id: UUID, rows: Sequence[sa.Row[*tuple[object, ...]]]) -> dict[UUID, str]:
    """Names by audit entry: the row's own, its student's, or its booking's student's; three queries a page."""
    by_table: dict[str, set[UUID]] = {"students": set(), "bookings": set(), "instructors": set()}
    target: dict[UUID, tuple[str, UUID]] = {}
    for row in rows:
        found = _target(row.entity_type, row.entity_id, {**(row.before or {}), **(row.after or {})})
        if found is not None:
            target[row.id] = found
            by_table[found[0]].add(found[1])
    names: dict[tuple[str, UUID], str] = {}
    students = sa.select(Student.id, Student.full_name).where(
        Student.org_id == org_id, Student.id.in_(by_table["students"])
    )
    instructors = sa.select(Instructor.id, Instructor.display_name).where(
        Instructor.org_id == org_id, Instructor.id.in_(by_table["instructors"])
    )
    for table, statement in (("students", students), ("instructors", instructors)):
        names |= {(table, found[0]): found[1] for found in connection.execute(statement)}
    booked = sa.select(Booking.id, Student.full_name).join(
        Student, sa.and_(Student.org_id == Booking.org_id, Student.id == Booking.student_id)
    )
    bookings = booked.where(Booking.org_id == org_id, Booking.id.in_(by_table["bookings"]))
    names |= {("bookings", found[0]): found[1] for found in connection.execute(bookings)}
    return {entry: names[key] for entry, key in target.items() if key in names}


def _target(table: str, row_id: UUID, values: Mapping[str, Json]) -> tuple[str, UUID] | None:
    if table in {"students", "bookings", "instructors"}:
        return table, row_id
    for column, kind in (("student_id", "students"), ("booking_id", "bookings"), ("instructor_id", "instructors")):
        value = values.get(column)
        if isinstance(value, str):
            return kind, UUID(value)
    return None
