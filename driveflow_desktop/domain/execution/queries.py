"""Frozen snapshots of lessons that were driven."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.execution.tables import Lesson, Trip
from driveflow_desktop.store.types import Json


@dataclass(frozen=True, slots=True)
class LessonFacts:
    """What happened in a booking; distance in metres, duration in elapsed seconds, rating 1 to 5."""

    id: UUID
    booking_id: UUID
    instructor_id: UUID
    student_id: UUID
    started_at: datetime | None
    ended_at: datetime | None
    rating: int | None
    notes: str | None
    distance_meters: int | None
    duration_sec: int | None
    skills: Mapping[str, Json] | None


@dataclass(frozen=True, slots=True)
class Driven:
    """What a student has driven with the school: lessons and elapsed minutes."""

    lessons: int
    minutes: int


_COLUMNS: Final = (
    Lesson.id,
    Lesson.booking_id,
    Lesson.instructor_id,
    Lesson.student_id,
    Lesson.started_at,
    Lesson.ended_at,
    Lesson.rating,
    Lesson.notes,
    Lesson.distance_meters,
    Lesson.duration_sec,
    Lesson.skills,
)


def lesson_of(connection: sa.Connection, org_id: UUID, booking_id: UUID) -> LessonFacts | None:
    """The lesson of a booking, once it has begun."""
    where = (Lesson.org_id == org_id, Lesson.booking_id == booking_id)
    row = connection.execute(sa.select(*_COLUMNS).where(*where)).mappings().one_or_none()
    return None if row is None else LessonFacts(**row)


def lessons_of(connection: sa.Connection, org_id: UUID, booking_ids: Collection[UUID]) -> dict[UUID, LessonFacts]:
    """Lessons by booking id, for the bookings that have one."""
    where = (Lesson.org_id == org_id, Lesson.booking_id.in_(booking_ids))
    rows = connection.execute(sa.select(*_COLUMNS).where(*where)).mappings()
    return {row["booking_id"]: LessonFacts(**row) for row in rows}


def driven(connection: sa.Connection, org_id: UUID, student_id: UUID) -> Driven:
    """How many lessons a student has finished with the school, and how long they were together."""
    where = (Lesson.org_id == org_id, Lesson.student_id == student_id, Lesson.ended_at.is_not(None))
    columns = (sa.func.count(), sa.func.coalesce(sa.func.sum(Lesson.duration_sec), 0))
    count, seconds = connection.execute(sa.select(*columns).where(*where)).one()
    return Driven(count, (seconds or 0) // 60)


def has_trips(connection: sa.Connection, org_id: UUID, lesson_id: UUID) -> bool:
    """Whether a drive was recorded in a lesson."""
    where = (Trip.org_id == org_id, Trip.lesson_id == lesson_id)
    return connection.execute(sa.select(Trip.id).where(*where).limit(1)).first() is not None
