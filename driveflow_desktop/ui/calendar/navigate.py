"""Where the arrow keys lead: through a column in time order, and across columns to the nearest lesson."""

from enum import Enum, auto
from uuid import UUID

from driveflow_desktop.ui.calendar.layout import ColumnPlan, GridLayout
from driveflow_desktop.ui.calendar.snapshot import CalendarLesson

_PAGE_MIN = 240


class Direction(Enum):
    """A step of the selection."""

    EARLIER = auto()
    LATER = auto()
    LEFT = auto()
    RIGHT = auto()
    FIRST = auto()
    LAST = auto()
    PAGE_EARLIER = auto()
    PAGE_LATER = auto()


def step_from(layout: GridLayout, current: UUID, direction: Direction) -> UUID | None:
    """The lesson one step away from `current`; itself at the end of the way, None when the page lacks it."""
    lesson = layout.plan.by_id.get(current)
    column = layout.plan.column_index(lesson.column_key) if lesson else None
    if lesson is None or column is None:
        return None
    if direction in (Direction.LEFT, Direction.RIGHT):
        found = _sideways(layout, column, lesson, -1 if direction is Direction.LEFT else 1)
    else:
        found = _along(layout.plan.column(column), lesson, direction)
    return found.id


def _sideways(layout: GridLayout, column: int, lesson: CalendarLesson, by: int) -> CalendarLesson:
    end = len(layout.plan.keys) if by > 0 else -1
    for index in range(column + by, end, by):
        lessons = layout.plan.column(index).lessons
        if lessons:
            return min(lessons, key=lambda other: abs(other.start_min - lesson.start_min))
    return lesson


def _along(plan: ColumnPlan, lesson: CalendarLesson, direction: Direction) -> CalendarLesson:
    last = len(plan.lessons) - 1
    here = plan.lessons.index(lesson)
    if direction is Direction.EARLIER:
        return plan.lessons[max(here - 1, 0)]
    if direction is Direction.LATER:
        return plan.lessons[min(here + 1, last)]
    if direction is Direction.FIRST:
        return plan.lessons[0]
    if direction is Direction.LAST:
        return plan.lessons[last]
    by = -_PAGE_MIN if direction is Direction.PAGE_EARLIER else _PAGE_MIN
    return min(plan.lessons, key=lambda other: abs(other.start_min - lesson.start_min - by))


def first_lesson(layout: GridLayout, seen: tuple[int, int, int, int]) -> UUID | None:
    """Where the arrows begin: the earliest lesson among those seen (left, top, right, bottom), else of the page."""
    lessons = [placed.lesson for placed in layout.visible(*seen)] or [
        lesson for index in range(len(layout.plan.keys)) for lesson in layout.plan.column(index).lessons
    ]
    return min(lessons, key=lambda lesson: lesson.start_min).id if lessons else None
