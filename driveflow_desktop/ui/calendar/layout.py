"""Pure geometry of the time grid: minutes to y, columns to x, lessons to frames, and back.

`PagePlan` knows only minutes: it sorts the lessons of a column and lays overlapping ones in lanes. `GridLayout` adds
pixels. Both work column by column, when first asked, so a page of fifty instructors costs what its visible part costs.
Nothing here knows Qt.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from driveflow_desktop.domain.scheduling.values import OCCUPYING
from driveflow_desktop.ui.calendar.snapshot import CalendarLesson, CalendarPage

MIN_PIXELS_PER_HOUR = 36.0
MAX_PIXELS_PER_HOUR = 264.0
DEFAULT_PIXELS_PER_HOUR = 66.0
MIN_COLUMN_WIDTH = 100
_GAP_LEFT, _GAP_RIGHT, _GAP_LANE, _GAP_TOP, _GAP_BOTTOM = 3, 6, 2, 1, 1


class Lane(NamedTuple):
    """Where a lesson stands among those that overlap it: lane `place` of `lanes`, `span` lanes wide."""

    place: int
    lanes: int
    span: int


class Frame(NamedTuple):
    """A rectangle in content pixels; (0, 0) is the first column's midnight."""

    x: int
    y: int
    width: int
    height: int

    def contains(self, x: float, y: float) -> bool:
        """Whether a point lies inside."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height

    def meets(self, left: int, top: int, right: int, bottom: int) -> bool:
        """Whether it shares a pixel with another rectangle, given by its (exclusive) edges."""
        return self.y < bottom and top < self.y + self.height and self.x < right and left < self.x + self.width


class Placed(NamedTuple):
    """A lesson with its frame; `doubled` when it really overlaps another that holds its slot."""

    lesson: CalendarLesson
    frame: Frame
    doubled: bool


class ColumnPlan:
    """The lessons of one column by start, with lanes; all arrays run in step."""

    def __init__(self, lessons: Sequence[CalendarLesson]) -> None:
        self.lessons = sorted(lessons, key=lambda lesson: (lesson.start_min, lesson.end_min, lesson.id))
        self.starts = [lesson.start_min for lesson in self.lessons]
        self.reach = _running_max([lesson.end_min for lesson in self.lessons])
        self.lanes = assign_lanes([(lesson.start_min, lesson.end_min) for lesson in self.lessons])
        self.doubled = _doubled(self.lessons)

    def between(self, start_min: float, end_min: float) -> range:
        """Positions that may touch the span; those outside it certainly do not."""
        return range(bisect_right(self.reach, start_min), bisect_left(self.starts, end_min))


class PagePlan:
    """A page sorted into columns."""

    def __init__(self, page: CalendarPage) -> None:
        self.page = page
        self.keys = tuple(column.key for column in page.columns)
        self.by_id = {lesson.id: lesson for lesson in page.lessons}
        self._index = {key: index for index, key in enumerate(self.keys)}
        self._loose: list[list[CalendarLesson]] = [[] for _ in self.keys]
        self._plans: dict[int, ColumnPlan] = {}
        for lesson in page.lessons:
            index = self._index.get(lesson.column_key)
            if index is not None:
                self._loose[index].append(lesson)

    def column_index(self, key: str) -> int | None:
        """The place of a column, None when the page does not have it."""
        return self._index.get(key)

    def column(self, index: int) -> ColumnPlan:
        """The sorted lessons of a column."""
        plan = self._plans.get(index)
        if plan is None:
            plan = self._plans[index] = ColumnPlan(self._loose[index])
        return plan


class GridLayout:
    """A page in pixels at one zoom and viewport width; immutable."""

    def __init__(self, plan: PagePlan, viewport_width: int, pixels_per_hour: float, column_width: int) -> None:
        self.plan = plan
        self.pixels_per_hour = pixels_per_hour
        count = len(plan.keys)
        self.width = max(viewport_width, count * column_width, 1)
        self.height = self.y_of(plan.page.day_minutes)
        self.edges = [round(index * self.width / count) for index in range(count + 1)] if count else [0]
        self._placed: dict[int, list[Placed]] = {}

    def y_of(self, minute: float) -> int:
        """The pixel at which a minute begins."""
        return round(minute * self.pixels_per_hour / 60)

    def minute_at(self, y: float) -> float:
        """The minute at a pixel, not limited to the day."""
        return y * 60 / self.pixels_per_hour

    def column_at(self, x: float) -> int:
        """The column under a pixel; the nearest one outside the grid; -1 on a page without columns."""
        return max(min(bisect_right(self.edges, x) - 1, len(self.plan.keys) - 1), min(0, len(self.plan.keys) - 1))

    def columns_between(self, left: int, right: int) -> range:
        """The columns that touch the pixels `left` (inclusive) to `right` (exclusive)."""
        if not self.plan.keys or right <= left:
            return range(0)
        return range(self.column_at(left), self.column_at(right - 1) + 1)

    def span(self, column: int, start_min: int, end_min: int) -> Frame:
        """The frame of a span that has its column to itself."""
        return self._frame(column, start_min, end_min, Lane(0, 1, 1))

    def placed(self, column: int) -> list[Placed]:
        """A column's lessons with their frames, in the order of its plan."""
        found = self._placed.get(column)
        if found is None:
            plan = self.plan.column(column)
            found = self._placed[column] = [
                Placed(lesson, self._frame(column, lesson.start_min, lesson.end_min, lane), doubled)
                for lesson, lane, doubled in zip(plan.lessons, plan.lanes, plan.doubled, strict=True)
            ]
        return found

    def visible(self, left: int, top: int, right: int, bottom: int) -> list[Placed]:
        """The lessons that touch a rectangle, column by column in time order."""
        found = []
        start, end = self.minute_at(top - 1), self.minute_at(bottom + 1)
        for column in self.columns_between(left, right):
            near = self.plan.column(column).between(start, end)
            for placed in self.placed(column)[near.start : near.stop]:
                x, y, width, height = placed.frame
                if y < bottom and top < y + height and x < right and left < x + width:
                    found.append(placed)
        return found

    def hit(self, x: float, y: float) -> Placed | None:
        """The lesson drawn at a point."""
        column = self.column_at(x)
        if column < 0:
            return None
        minute = self.minute_at(y)
        near = self.plan.column(column).between(minute - 2, minute + 2)
        for placed in reversed(self.placed(column)[near.start : near.stop]):
            if placed.frame.contains(x, y):
                return placed
        return None

    def find(self, lesson_id: UUID) -> Placed | None:
        """Where a lesson is drawn, None when the page does not show it."""
        lesson = self.plan.by_id.get(lesson_id)
        column = self.plan.column_index(lesson.column_key) if lesson else None
        if lesson is None or column is None:
            return None
        plan = self.plan.column(column)
        position = plan.lessons.index(lesson, bisect_left(plan.starts, lesson.start_min))
        return self.placed(column)[position]

    def lines(self, top: int, bottom: int) -> tuple[list[int], list[int]]:
        """The y of the full and of the half-hour lines that fall between two pixels."""
        labels = [minute for minute, _ in self.plan.page.hour_labels]
        following = [*labels[1:], self.plan.page.day_minutes]
        halves = [at + 30 for at, after in zip(labels, following, strict=False) if at + 30 < after]
        full, half = ([self.y_of(minute) for minute in minutes] for minutes in (labels, halves))
        return [y for y in full if top <= y <= bottom], [y for y in half if top <= y <= bottom]

    def _frame(self, column: int, start_min: int, end_min: int, lane: Lane) -> Frame:
        left = self.edges[column] + _GAP_LEFT
        room = self.edges[column + 1] - _GAP_RIGHT - left + _GAP_LANE
        x = left + room * lane.place // lane.lanes
        right = left + room * (lane.place + lane.span) // lane.lanes - _GAP_LANE
        y = self.y_of(start_min) + _GAP_TOP
        return Frame(x, y, max(right - x, 2), max(self.y_of(end_min) - _GAP_BOTTOM - y, 2))


def assign_lanes(spans: Sequence[tuple[int, int]]) -> list[Lane]:
    """Lanes for half-open spans sorted by start: spans that overlap never share a lane's width.

    Spans that hang together share one number of lanes; each then widens over the lanes free beside it.
    """
    lanes: list[Lane] = []
    cluster: list[tuple[int, int]] = []
    reach = 0
    for start, end in spans:
        if cluster and start >= reach:
            lanes += _cluster_lanes(cluster)
            cluster = []
        reach = max(reach, end) if cluster else end
        cluster.append((start, end))
    return lanes + _cluster_lanes(cluster)


def _cluster_lanes(cluster: Sequence[tuple[int, int]]) -> list[Lane]:
    if len(cluster) == 1:
        return [Lane(0, 1, 1)]
    rows: list[list[tuple[int, int]]] = []
    taken = []
    for start, end in cluster:
        free = next((index for index, row in enumerate(rows) if row[-1][1] <= start), len(rows))
        if free == len(rows):
            rows.append([])
        rows[free].append((start, end))
        taken.append(free)
    return [Lane(row, len(rows), _free_span(rows, row, span)) for row, span in zip(taken, cluster, strict=True)]


def _free_span(rows: Sequence[Sequence[tuple[int, int]]], own: int, span: tuple[int, int]) -> int:
    for row in range(own + 1, len(rows)):
        before = bisect_left(rows[row], (span[1],)) - 1
        if before >= 0 and rows[row][before][1] > span[0]:
            return row - own
    return len(rows) - own


def _running_max(values: Sequence[int]) -> list[int]:
    result: list[int] = []
    for value in values:
        result.append(max(value, result[-1]) if result else value)
    return result


def _doubled(lessons: Sequence[CalendarLesson]) -> list[bool]:
    """Which of the sorted lessons overlap another while both hold their slot."""
    flags = [False] * len(lessons)
    holding = [index for index, lesson in enumerate(lessons) if lesson.status in OCCUPYING]
    reach = 0
    for position, index in enumerate(holding):
        lesson = lessons[index]
        follows = lessons[holding[position + 1]] if position + 1 < len(holding) else None
        flags[index] = (position > 0 and lesson.start_min < reach) or (
            follows is not None and follows.start_min < lesson.end_min
        )
        reach = max(reach, lesson.end_min)
    return flags
