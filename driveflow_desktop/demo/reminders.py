"""The reminders of the last days: at 5 pm everyone with a lesson on the next day hears of it, and some do not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from driveflow_desktop.demo.cast import LACHLAN, STUDENTS
from driveflow_desktop.demo.plan import Plan
from driveflow_desktop.demo.scale import HOUR, day_start
from driveflow_desktop.demo.staff import NUMBER_GONE, REMINDER, TEMPLATES
from driveflow_desktop.domain.communication.values import MessageChannel, MessageStatus

_DAYS: Final = 10
_UNREACHABLE: Final = 41
"""Of the students outside the pictures, one in so many has changed their number."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """One message about a lesson (its position in the plan)."""

    at_us: int
    lesson: int
    to_address: str
    body: str
    status: MessageStatus
    error: str | None
    channel: MessageChannel = MessageChannel.SMS
    template_key: str = REMINDER


def due_reminders(plan: Plan) -> Iterator[Reminder]:
    """The reminders of the last days up to now, in the order in which they were sent."""
    by_day: dict[date, list[int]] = {}
    for number, lesson in enumerate(plan.lessons):
        by_day.setdefault(lesson.day, []).append(number)
    for offset in range(_DAYS, -2, -1):
        day = plan.span.today - timedelta(days=offset)
        at = day_start(day) - 7 * HOUR
        if at <= plan.span.now_us:
            for number in by_day.get(day, []):
                if _is_reminded(plan, number, at):
                    yield _reminder(plan, number, at)


def _is_reminded(plan: Plan, number: int, at: int) -> bool:
    lesson = plan.lessons[number]
    called_off = lesson.cancelled_us is not None and lesson.cancelled_us < at
    return lesson.booked_us < at and not called_off and not plan.students[lesson.student].opted_out


def _reminder(plan: Plan, number: int, at: int) -> Reminder:
    lesson = plan.lessons[number]
    student = plan.students[lesson.student]
    hour, minute = divmod(lesson.start, 60)
    body = TEMPLATES[0].body.format(
        student=student.name,
        instructor=plan.instructors[lesson.instructor].name,
        time=f"{hour % 12 or 12}:{minute:02d} {'am' if hour < 12 else 'pm'}",
    )
    gone = student.name == LACHLAN or (lesson.student >= len(STUDENTS) and lesson.student % _UNREACHABLE == 0)
    status = MessageStatus.FAILED if gone else MessageStatus.DELIVERED
    return Reminder(at, number, student.phone, body, status, NUMBER_GONE if gone else None)
