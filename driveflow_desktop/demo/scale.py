"""How big a demo school is, and the days it spans."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from driveflow_desktop.kernel.time import local_date, to_micros, wall_to_utc

SYDNEY: Final = ZoneInfo("Australia/Sydney")
MINUTE: Final = 60_000_000
"""A minute in microseconds, the unit of every instant in a plan."""
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


class DemoSize(StrEnum):
    """The three schools that can be generated."""

    SMALL = "small"
    SCHOOL = "school"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class Scale:
    """People and days of a school; a student takes `lessons_each` lessons on average, one every `every_days`."""

    instructors: int
    students: int
    days_back: int
    days_ahead: int
    lessons_each: int
    every_days: int = 7


SCALES: Final = {
    DemoSize.SMALL: Scale(instructors=6, students=120, days_back=42, days_ahead=16, lessons_each=16, every_days=4),
    DemoSize.SCHOOL: Scale(instructors=50, students=20_000, days_back=700, days_ahead=30, lessons_each=5),
    DemoSize.LARGE: Scale(instructors=100, students=100_000, days_back=1795, days_ahead=30, lessons_each=5),
}


@dataclass(frozen=True, slots=True)
class Span:
    """The days of a school around one instant, with the instant in microseconds."""

    now: datetime
    today: date
    first: date
    last: date

    @property
    def now_us(self) -> int:
        """The present in microseconds since 1970."""
        return to_micros(self.now)

    @property
    def opened_us(self) -> int:
        """When the school was set up: the morning two weeks before its first day."""
        return day_start(self.first - timedelta(days=14)) + 9 * HOUR


def span_at(now: datetime, scale: Scale) -> Span:
    """The days of a school of that scale, seen from `now`."""
    today = local_date(now, SYDNEY)
    return Span(now, today, today - timedelta(days=scale.days_back), today + timedelta(days=scale.days_ahead))


@lru_cache(maxsize=4096)
def day_start(day: date) -> int:
    """Microseconds from which wall minutes of `day` count; right from 3 am on, also when the clocks change."""
    return to_micros(wall_to_utc(day, 12 * 60, SYDNEY)) - 12 * HOUR


def days(first: date, last: date) -> list[date]:
    """Every date from first to last, both included."""
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
