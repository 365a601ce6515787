"""What the rules know of a school's diary: frozen inputs that loaders fill from SQLite or Postgres."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.people.values import Transmission
from driveflow_desktop.domain.scheduling.rules.travel import DEFAULT_TRAVEL, TravelRules
from driveflow_desktop.domain.scheduling.values import OCCUPYING, BookingStatus
from driveflow_desktop.kernel.time import Interval

DEFAULT_BUFFER_MIN = 15
DEFAULT_NOTICE_MIN = 120
DEFAULT_HORIZON_DAYS = 180
OVERNIGHT_MIN = 12 * 60


class Booked(NamedTuple):
    """A booking that occupies its slot."""

    id: UUID
    instructor_id: UUID
    student_id: UUID
    start: datetime
    end: datetime
    pickup: Place | None = None
    dropoff: Place | None = None

    @property
    def leaves_from(self) -> Place | None:
        """Where the instructor is afterwards: the drop-off, else the pickup."""
        return self.dropoff or self.pickup


class Slot(NamedTuple):
    """A place in the diary that somebody would like to book; `ignore` is the booking being moved there."""

    instructor_id: UUID
    start: datetime
    end: datetime
    student_id: UUID | None = None
    pickup: Place | None = None
    dropoff: Place | None = None
    ignore: UUID | None = None

    @property
    def leaves_from(self) -> Place | None:
        """Where the instructor is afterwards: the drop-off, else the pickup."""
        return self.dropoff or self.pickup


@dataclass(frozen=True, slots=True)
class SchoolRules:
    """A school's own settings for its diary."""

    tz: ZoneInfo
    notice_min: int = DEFAULT_NOTICE_MIN
    """Minutes before its start within which a lesson is booked at short notice."""
    horizon_days: int = DEFAULT_HORIZON_DAYS
    """Local days ahead up to which the diary is open."""
    travel: TravelRules = DEFAULT_TRAVEL
    closed_holidays: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Diary:
    """One instructor's days: when open, and what occupies them."""

    instructor_id: UUID
    open: tuple[Interval, ...]
    """Sorted and disjoint, as `availability.expand` makes them."""
    occupied: tuple[Booked, ...]
    """Sorted by start; whole local days, so that the daily cap can be counted."""
    buffer_min: int = DEFAULT_BUFFER_MIN
    daily_cap: int | None = None
    base: Place | None = None
    transmissions: frozenset[Transmission] = field(default_factory=frozenset)
    """What the instructor's cars offer; empty when unknown."""


def occupies(status: BookingStatus, hold_until: datetime | None, now: datetime) -> bool:
    """Whether a booking holds its slot: an occupying status, or a draft whose hold has not run out."""
    if status is BookingStatus.DRAFT:
        return hold_until is not None and now < hold_until
    return status in OCCUPYING


def first_overlap(
    start: datetime, end: datetime, booked: Iterable[Booked], ignore: UUID | None = None
) -> Booked | None:
    """The first of `booked` that shares an instant with [start, end), leaving out the booking `ignore`."""
    for other in booked:
        if other.start < end and start < other.end and other.id != ignore:
            return other
    return None


def needed_gap(buffer_min: int, drive_min: int | None) -> int:
    """Minutes to leave between two lessons: the longer of buffer and drive, the buffer where the drive is unknown.

    Never more than half a day: whoever has a night between two lessons is not kept from the second by the first.
    """
    return buffer_min if drive_min is None else max(buffer_min, min(drive_min, OVERNIGHT_MIN))


def whole_minutes(span: timedelta) -> int:
    """Elapsed minutes, rounded down."""
    return span // timedelta(minutes=1)
