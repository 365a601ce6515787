"""The rows of people, bookings, lessons and messages of a big demo school."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from driveflow_desktop.demo.bulk_press import KEPT, Press, Row
from driveflow_desktop.demo.plan import Fate, LessonPlan, StudentPlan
from driveflow_desktop.demo.reminders import due_reminders
from driveflow_desktop.demo.scale import HOUR, MINUTE
from driveflow_desktop.domain.execution.commands import lesson_id_of
from driveflow_desktop.domain.people.commands.guardians import link_id
from driveflow_desktop.kernel.ids import derived_id

_PERSON: Final = ("full_name", "phone", "email")
GUARDIAN: Final = (*KEPT, *_PERSON)
LINK: Final = (*KEPT, "student_id", "guardian_id", "relation", "is_payer")
STUDENT: Final = (
    *KEPT,
    *_PERSON,
    "dob",
    "notes",
    "alert",
    "licence_number",
    "licence_class",
    "licence_expires_on",
    "transmission",
    "pickup_address",
    "pickup_lat",
    "pickup_lng",
    "logbook_minutes",
    "logbook_night_minutes",
    "gps_consent_at",
    "gps_consent_by",
    "contact_opt_out",
)
BOOKING: Final = (
    *KEPT,
    "student_id",
    "instructor_id",
    "service_id",
    "start_at",
    "end_at",
    "status",
    "pickup_address",
    "pickup_lat",
    "pickup_lng",
    "price_cents",
    "platform_fee_cents",
    "instructor_share_cents",
    "notes",
    "series_id",
    "rate_card_id",
    "hold_until",
    "vehicle_id",
    "cancelled_by",
    "cancelled_at",
    "cancellation_reason",
    "status_changed_at",
    "status_changed_by",
)
LESSON: Final = (
    *KEPT,
    "booking_id",
    "instructor_id",
    "student_id",
    "started_at",
    "ended_at",
    "rating",
    "notes",
    "distance_meters",
    "duration_sec",
)
MESSAGE: Final = (
    *KEPT,
    "to_address",
    "channel",
    "template_key",
    "body",
    "status",
    "error",
    "related_type",
    "related_id",
)


class DiaryRows:
    """Rows of people and of what they did."""

    def __init__(self, press: Press) -> None:
        self._press = press

    def students(self) -> Iterator[Row]:
        """Students."""
        for row_id, student in zip(self._press.students, self._press.plan.students, strict=True):
            yield (
                *self._press.kept(row_id, student.enrolled_us),
                student.name,
                student.phone,
                student.email,
                student.born.isoformat(),
                student.notes,
                student.alert,
                student.licence_number,
                student.licence.value,
                student.licence_expires.isoformat(),
                student.transmission.value,
                student.home.address,
                student.home.lat,
                student.home.lng,
                student.logbook,
                student.night,
                student.consent_us,
                student.consent_by,
                '{"sms":true}' if student.opted_out else "{}",
            )

    def _with_guardian(self) -> Iterator[tuple[bytes, bytes, StudentPlan]]:
        """Student id, guardian id (drawn from the student's, so that both passes agree), student."""
        for row_id, student in zip(self._press.students, self._press.plan.students, strict=True):
            if student.guardian is not None:
                yield row_id, derived_id("demo guardian", UUID(bytes=row_id)).bytes, student

    def guardians(self) -> Iterator[Row]:
        """Guardians, by their students."""
        for _, guardian_id, student in self._with_guardian():
            if student.guardian is not None:
                found = student.guardian
                yield (*self._press.kept(guardian_id, student.enrolled_us), found.name, found.phone, found.email)

    def links(self) -> Iterator[Row]:
        """Who answers for whom."""
        for student_id, guardian_id, student in self._with_guardian():
            if student.guardian is not None:
                row_id = link_id(UUID(bytes=student_id), UUID(bytes=guardian_id)).bytes
                yield (
                    *self._press.kept(row_id, student.enrolled_us),
                    student_id,
                    guardian_id,
                    student.guardian.relation,
                    int(student.guardian.pays),
                )

    def bookings(self) -> Iterator[Row]:
        """Bookings."""
        series: dict[int, bytes] = {}
        desk = self._press.office.admin_id.bytes
        for row_id, lesson in zip(self._press.bookings, self._press.plan.lessons, strict=True):
            student = self._press.plan.students[lesson.student]
            car = self._press.office.vehicles[lesson.instructor].get(student.transmission)
            if lesson.series is not None and lesson.series not in series:
                series[lesson.series] = self._press.id(lesson.booked_us)
            changed = _changed_us(lesson)
            yield (
                *self._press.kept(row_id, lesson.booked_us, changed),
                self._press.students[lesson.student],
                self._press.instructors[lesson.instructor],
                self._press.services[lesson.service],
                lesson.start_us,
                lesson.end_us,
                lesson.fate.name.lower(),
                student.home.address,
                student.home.lat,
                student.home.lng,
                lesson.price,
                lesson.fee,
                lesson.price - lesson.fee,
                lesson.notes,
                series[lesson.series] if lesson.series is not None else None,
                self._press.cards[lesson.card],
                lesson.booked_us + HOUR if lesson.fate is Fate.DRAFT else None,
                car.bytes if car is not None else None,
                lesson.cancelled_by.value if lesson.cancelled_by is not None else None,
                lesson.cancelled_us,
                lesson.reason,
                changed,
                desk,
            )

    def lessons(self) -> Iterator[Row]:
        """What happened in bookings that were begun."""
        for booking_id, lesson in zip(self._press.bookings, self._press.plan.lessons, strict=True):
            if lesson.began_us is None:
                continue
            ended = lesson.ended_us
            yield (
                *self._press.kept(
                    lesson_id_of(UUID(bytes=booking_id)).bytes, lesson.began_us, ended or lesson.began_us
                ),
                booking_id,
                self._press.instructors[lesson.instructor],
                self._press.students[lesson.student],
                lesson.began_us,
                ended,
                lesson.rating,
                lesson.lesson_note,
                lesson.metres,
                (ended - lesson.began_us) // 1_000_000 if ended is not None else None,
            )

    def messages(self) -> Iterator[Row]:
        """The reminders of the last days."""
        for reminder in due_reminders(self._press.plan):
            yield (
                *self._press.kept(self._press.id(reminder.at_us), reminder.at_us),
                reminder.to_address,
                reminder.channel.value,
                reminder.template_key,
                reminder.body,
                reminder.status.value,
                reminder.error,
                "bookings",
                self._press.bookings[reminder.lesson],
            )


def _changed_us(lesson: LessonPlan) -> int:
    """When a booking took the status it has."""
    if lesson.fate is Fate.NO_SHOW:
        return lesson.end_us + 4 * MINUTE
    return lesson.cancelled_us or lesson.ended_us or lesson.began_us or lesson.booked_us
