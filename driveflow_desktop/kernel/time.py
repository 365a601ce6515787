"""Instants, wall times and dates. Stored instants are aware UTC; a school's days are dates in its own zone."""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from driveflow_desktop.kernel.errors import UserError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTES_PER_DAY = 24 * 60
_MICROSECOND = timedelta(microseconds=1)
# Bookings outside this range are typing mistakes; inside it every zone conversion is safe from overflow.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


class Interval(NamedTuple):
    """A half-open span of instants: `start` belongs to it, `end` does not."""

    start: datetime
    end: datetime

    def overlaps(self, other: "Interval") -> bool:
        """Whether the two spans share an instant."""
        return self.start < other.end and other.start < self.end

    def contains(self, other: "Interval") -> bool:
        """Whether `other` lies wholly inside this span."""
        return self.start <= other.start and other.end <= self.end

    @property
    def minutes(self) -> int:
        """Elapsed whole minutes."""
        return int((self.end - self.start) / timedelta(minutes=1))


def to_micros(instant: datetime) -> int:
    """Microseconds since 1970 of an aware instant, exact."""
    if instant.tzinfo is None:
        raise ValueError("a naive datetime has no place on the time line")
    return (instant - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC instant `micros` microseconds after 1970, exact."""
    return EPOCH + timedelta(microseconds=micros)


def zone(name: str) -> ZoneInfo:
    """The IANA zone called `name`; refuses unknown names as a `UserError`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UserError(
            "invalid", f"“{name}” is not a known time zone.", hint="Use a name like Australia/Sydney."
        ) from None


def local_date(instant: datetime, tz: ZoneInfo) -> date:
    """The calendar date of an instant on the school's wall."""
    return instant.astimezone(tz).date()


def wall_to_utc(day: date, minute: int, tz: ZoneInfo, *, is_end: bool = False) -> datetime:
    """The instant of `minute` minutes after local midnight of `day` (0 to 1440; 1440 is the next midnight).

    A wall time that daylight saving skips moves to the first valid one after the gap. One that happens twice takes
    the first pass as a start and the second as an end (`is_end`), so that opening hours cover both.
    """
    carry, minute = divmod(minute, MINUTES_PER_DAY)
    naive = datetime.combine(day + timedelta(days=carry), time(minute // 60, minute % 60))
    before = naive.replace(tzinfo=tz, fold=0)
    after = naive.replace(tzinfo=tz, fold=1)
    if before.utcoffset() == after.utcoffset():
        return before.astimezone(UTC)
    if before.astimezone(UTC).astimezone(tz).replace(tzinfo=None) != naive:
        return _gap_end(naive, tz)
    return (after if is_end else before).astimezone(UTC)


def _gap_end(naive: datetime, tz: ZoneInfo) -> datetime:
    """The instant at which the clocks jump over `naive`: the first valid wall time after the gap."""
    offset_before = naive.replace(tzinfo=tz, fold=0).utcoffset()
    if offset_before is None:  # pragma: no cover - a ZoneInfo always has an offset
        raise ValueError("zone without an offset")
    low = (naive - timedelta(hours=3)).replace(tzinfo=tz).astimezone(UTC)
    high = (naive + timedelta(hours=3)).replace(tzinfo=tz).astimezone(UTC)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(tz).utcoffset() == offset_before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def day_interval(day: date, tz: ZoneInfo) -> Interval:
    """The whole local day as instants: 23, 24 or 25 hours (or 23.5 and 24.5 on Lord Howe)."""
    return Interval(wall_to_utc(day, 0, tz), wall_to_utc(day, MINUTES_PER_DAY, tz))


def minute_of_day(instant: datetime, tz: ZoneInfo) -> int:
    """Wall-clock minutes since local midnight."""
    local = instant.astimezone(tz)
    return local.hour * 60 + local.minute


def weekday_sunday0(day: date) -> int:
    """Day of week with Sunday as 0, as `instructor_availabilities.day_of_week` stores it."""
    return day.isoweekday() % 7


def require_bookable(start: datetime, end: datetime) -> Interval:
    """A booking's span, or a `UserError`: naive, reversed, empty, over a day long, or outside 2000–2100."""
    if start.tzinfo is None or end.tzinfo is None:
        raise UserError("invalid", "The lesson's time has no zone.", column="start_at")
    if end <= start:
        raise UserError("invalid", "A lesson must end after it starts.", hint="Choose a later end.", column="end_at")
    if start < EARLIEST or end > LATEST:
        raise UserError(
            "invalid", "That date is out of range.", hint="Choose a date between 2000 and 2099.", column="start_at"
        )
    if end - start > timedelta(hours=24):
        raise UserError("invalid", "A lesson cannot be longer than a day.", hint="Check the end time.", column="end_at")
    return Interval(start.astimezone(UTC), end.astimezone(UTC))
