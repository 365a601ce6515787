"""The 15-minute grid on which lessons are offered, in whole minutes since 1970 so that searching stays cheap."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from driveflow_desktop.kernel.time import EPOCH, MINUTES_PER_DAY, day_interval, minute_of_day, weekday_sunday0

STEP_MIN = 15
_MINUTE = timedelta(minutes=1)


def floor_minute(instant: datetime) -> int:
    """Whole minutes since 1970, rounded down."""
    return (instant - EPOCH) // _MINUTE


def ceil_minute(instant: datetime) -> int:
    """Whole minutes since 1970, rounded up."""
    return -((EPOCH - instant) // _MINUTE)


def from_minute(minute: int) -> datetime:
    """The instant `minute` minutes after 1970."""
    return EPOCH + minute * _MINUTE


class Grid:
    """Every quarter of an hour of some local days, as cells numbered from the first day's midnight.

    The offsets of all zones since 2000 are whole quarters, so one even grid of elapsed time is the local quarter-hour
    grid on every day, also on those of 23, 23.5, 24.5 or 25 hours.
    """

    __slots__ = ("day_of", "days", "first_cell", "origin", "wall_minute", "weekday")

    def __init__(self, first: date, last: date, tz: ZoneInfo) -> None:
        self.days: list[date] = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
        self.weekday: list[int] = [weekday_sunday0(day) for day in self.days]
        self.first_cell: list[int] = [0]
        """The first cell of each day, and one past the last cell of all."""
        self.wall_minute: list[int] = []
        self.day_of: list[int] = []
        self.origin = floor_minute(day_interval(first, tz).start) if self.days else 0
        for index, day in enumerate(self.days):
            minutes = _wall_minutes(day, tz)
            self.wall_minute.extend(minutes)
            self.day_of.extend([index] * len(minutes))
            self.first_cell.append(len(self.wall_minute))

    def __len__(self) -> int:
        return len(self.wall_minute)

    def start(self, cell: int) -> int:
        """The minute since 1970 at which a cell begins."""
        return self.origin + cell * STEP_MIN

    def at_or_after(self, minute: int) -> int:
        """The first cell that begins at `minute` or later; may lie outside the grid."""
        return -((self.origin - minute) // STEP_MIN)

    def at_or_before(self, minute: int) -> int:
        """The last cell that begins at `minute` or earlier; may lie outside the grid."""
        return (minute - self.origin) // STEP_MIN

    def day_index(self, minute: int) -> int:
        """The day that contains a minute since 1970, -1 outside the grid."""
        cell = self.at_or_before(minute)
        return self.day_of[cell] if 0 <= cell < len(self) else -1


def _wall_minutes(day: date, tz: ZoneInfo) -> Sequence[int]:
    """The wall minute of each quarter of an hour of a local day."""
    span = day_interval(day, tz)
    if span.minutes == MINUTES_PER_DAY:
        return range(0, MINUTES_PER_DAY, STEP_MIN)
    return [minute_of_day(span.start + offset * _MINUTE, tz) for offset in range(0, span.minutes, STEP_MIN)]
