"""Recording what happened in a lesson. There is one lesson a booking, and two PCs that record it make the same row."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from driveflow_desktop.domain.execution.queries import has_trips
from driveflow_desktop.domain.execution.tables import Lesson
from driveflow_desktop.domain.partial import UNSET, UnsetType, given
from driveflow_desktop.domain.scheduling.queries import BookingFacts
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.ids import derived_id
from driveflow_desktop.store.types import Json, Value
from driveflow_desktop.store.unit_of_work import UnitOfWork

LONGEST_LESSON: Final = timedelta(hours=24)
FARTHEST_METERS: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class LessonChanges:
    """What to change of a lesson's record; distance in metres, rating 1 to 5, `skills` as `{skill: level}`."""

    rating: int | UnsetType | None = UNSET
    notes: str | UnsetType | None = UNSET
    distance_meters: int | UnsetType | None = UNSET
    skills: Mapping[str, Json] | UnsetType | None = UNSET


NOTHING_RECORDED: Final = LessonChanges()


def lesson_id_of(booking_id: UUID) -> UUID:
    """The id of a booking's lesson, the same on every PC."""
    return derived_id("lesson", booking_id)


def record_start(uow: UnitOfWork, booking: BookingFacts, started_at: datetime) -> UUID:
    """Record that a lesson has begun; one that was recorded before begins anew."""
    uow.describe("lesson.started")
    return _write(uow, booking, {"started_at": started_at, "ended_at": None, "duration_sec": None})


def record_end(
    uow: UnitOfWork, booking: BookingFacts, *, started_at: datetime, ended_at: datetime, changes: LessonChanges
) -> UUID:
    """Record a finished lesson with its duration."""
    length = ended_at - started_at
    if not timedelta(0) <= length <= LONGEST_LESSON:
        raise UserError("invalid", "A lesson ends after it starts, and within a day.", column="ended_at")
    uow.describe("lesson.ended")
    times: dict[str, Value] = {
        "started_at": started_at,
        "ended_at": ended_at,
        "duration_sec": length // timedelta(seconds=1),
    }
    return _write(uow, booking, {**times, **_checked(changes)})


def forget(uow: UnitOfWork, booking_id: UUID) -> None:
    """Take back that a lesson was given. One with trips keeps them and loses only its times; others go whole."""
    lesson_id = lesson_id_of(booking_id)
    if uow.get(Lesson, lesson_id) is None:
        return
    uow.describe("lesson.taken_back")
    if has_trips(uow.connection, uow.org_id, lesson_id):
        uow.update(Lesson, lesson_id, {"started_at": None, "ended_at": None, "duration_sec": None})
    else:
        uow.delete(Lesson, lesson_id)


def edit_lesson(uow: UnitOfWork, booking_id: UUID, changes: LessonChanges) -> bool:
    """Change rating, notes, distance or skills; `gone` when the lesson has not begun."""
    uow.describe("lesson.edited")
    return uow.update(Lesson, lesson_id_of(booking_id), _checked(changes))


def _write(uow: UnitOfWork, booking: BookingFacts, values: dict[str, Value]) -> UUID:
    lesson_id = lesson_id_of(booking.id)
    people: dict[str, Value] = {"instructor_id": booking.instructor_id, "student_id": booking.student_id}
    if uow.get(Lesson, lesson_id) is None:
        uow.insert(Lesson, {"booking_id": booking.id, **people, **values}, row_id=lesson_id)
    else:
        uow.update(Lesson, lesson_id, {**people, **values})
    return lesson_id


def _checked(changes: LessonChanges) -> dict[str, Value]:
    values = given(changes)
    distance, rating = values.get("distance_meters"), values.get("rating")
    if isinstance(distance, int) and not 0 <= distance <= FARTHEST_METERS:
        raise UserError(
            "invalid", "That distance cannot be right.", hint="Give it in metres.", column="distance_meters"
        )
    if isinstance(rating, int) and not 1 <= rating <= 5:
        raise UserError("invalid", "A rating is 1 to 5.", column="rating")
    return values
