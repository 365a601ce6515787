"""What the search line answers: people with their next lesson, bookings with their day, in three queries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.catalog.tables import Service
from driveflow_desktop.domain.overview.students import next_lessons
from driveflow_desktop.domain.people.tables import Instructor, Student
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.store.search import find


@dataclass(frozen=True, slots=True)
class FoundLesson:
    """A lesson as an answer names it."""

    booking_id: UUID
    start: datetime
    service: str
    instructor: str
    status: BookingStatus


@dataclass(frozen=True, slots=True)
class FoundRow:
    """One answer: a student, guardian or instructor (with a student's next lesson), or a booking (`lesson` is it)."""

    kind: str
    row_id: UUID
    name: str
    phone: str | None = None
    lesson: FoundLesson | None = None


def search(connection: sa.Connection, org_id: UUID, typed: str, now: datetime, most: int = 8) -> tuple[FoundRow, ...]:
    """People first, then bookings, the best first; at most `most` of each."""
    found = find(connection, org_id, typed, now=now, people=most, bookings=most)
    students = [hit.row_id for hit in found.people if hit.kind == "student"]
    phones = _phones(connection, org_id, students)
    upcoming = _next_lessons(connection, org_id, students, now)
    bookings = _lessons(connection, org_id, [hit.row_id for hit in found.bookings])
    people = [
        FoundRow(hit.kind, hit.row_id, hit.name, phones.get(hit.row_id), upcoming.get(hit.row_id))
        for hit in found.people
    ]
    return (
        *people,
        *(FoundRow(hit.kind, hit.row_id, hit.name, None, bookings.get(hit.row_id)) for hit in found.bookings),
    )


def _phones(connection: sa.Connection, org_id: UUID, ids: Collection[UUID]) -> Mapping[UUID, str | None]:
    if not ids:
        return {}
    where = (Student.org_id == org_id, Student.id.in_(ids))
    return {row.id: row.phone for row in connection.execute(sa.select(Student.id, Student.phone).where(*where))}


def _next_lessons(
    connection: sa.Connection, org_id: UUID, students: Sequence[UUID], now: datetime
) -> Mapping[UUID, FoundLesson]:
    """Each student's next lesson, one that runs now included."""
    found = next_lessons(connection, org_id, students, now) if students else {}
    return {
        key: FoundLesson(each.booking_id, each.start, each.service_name, each.instructor_name, each.status)
        for key, each in found.items()
    }


def _lessons(connection: sa.Connection, org_id: UUID, ids: Collection[UUID]) -> Mapping[UUID, FoundLesson]:
    if not ids:
        return {}
    return {lesson.booking_id: lesson for _student, lesson in _read(connection, org_id, Booking.id.in_(ids))}


def _read(connection: sa.Connection, org_id: UUID, where: sa.ColumnElement[bool]) -> list[tuple[UUID, FoundLesson]]:
    statement = (
        sa.select(
            Booking.student_id, Booking.id, Booking.start_at, Service.name, Instructor.display_name, Booking.status
        )
        .join(Service, sa.and_(Service.org_id == Booking.org_id, Service.id == Booking.service_id))
        .join(Instructor, sa.and_(Instructor.org_id == Booking.org_id, Instructor.id == Booking.instructor_id))
        .where(Booking.org_id == org_id, where)
    )
    return [(row[0], FoundLesson(*row[1:])) for row in connection.execute(statement)]
