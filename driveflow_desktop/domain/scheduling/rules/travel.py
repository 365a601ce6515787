"""How long it takes to drive between two lessons, estimated without any network."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import asin, ceil, cos, radians, sin, sqrt
from typing import NamedTuple
from zoneinfo import ZoneInfo

from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.kernel.time import minute_of_day, weekday_sunday0

EARTH_RADIUS_KM = 6371.0088
_WEEKDAYS = frozenset({1, 2, 3, 4, 5})
# Keeps 15.000000000000002 minutes of floating point from becoming 16.
_ROUNDING_SLACK = 1e-9


class Peak(NamedTuple):
    """A part of the day with slow traffic: weekdays (0 = Sunday) and wall minutes, end exclusive."""

    days: frozenset[int]
    start_minute: int
    end_minute: int


DEFAULT_PEAKS: tuple[Peak, ...] = (Peak(_WEEKDAYS, 7 * 60, 9 * 60), Peak(_WEEKDAYS, 15 * 60, 18 * 60))


@dataclass(frozen=True, slots=True)
class TravelRules:
    """How a school estimates travel: straight line × detour at a speed, slower in the peaks."""

    speed_kph: float = 35.0
    detour: float = 1.3
    peak_factor: float = 1.2
    peaks: Sequence[Peak] = DEFAULT_PEAKS


DEFAULT_TRAVEL = TravelRules()


class Travel(NamedTuple):
    """Whole minutes of a drive, off the peak and in it."""

    normal_min: int
    peak_min: int


def haversine_km(origin: Place, goal: Place) -> float:
    """Great-circle distance in kilometres."""
    lat_a, lat_b = radians(origin.lat), radians(goal.lat)
    half_lat = sin((lat_b - lat_a) / 2)
    half_lng = sin(radians(goal.lng - origin.lng) / 2)
    square = half_lat * half_lat + cos(lat_a) * cos(lat_b) * half_lng * half_lng
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, square)))


def travel_between(origin: Place, goal: Place, rules: TravelRules = DEFAULT_TRAVEL) -> Travel:
    """Minutes from one place to the other, rounded up."""
    minutes = haversine_km(origin, goal) * rules.detour / rules.speed_kph * 60
    return Travel(ceil(minutes - _ROUNDING_SLACK), ceil(minutes * max(1.0, rules.peak_factor) - _ROUNDING_SLACK))


def is_peak_minute(day_of_week: int, minute: int, rules: TravelRules = DEFAULT_TRAVEL) -> bool:
    """Whether a wall minute of a weekday (0 = Sunday) lies in a peak."""
    return any(day_of_week in peak.days and peak.start_minute <= minute < peak.end_minute for peak in rules.peaks)


def is_peak(instant: datetime, tz: ZoneInfo, rules: TravelRules = DEFAULT_TRAVEL) -> bool:
    """Whether an instant lies in a peak on the school's wall."""
    return is_peak_minute(weekday_sunday0(instant.astimezone(tz).date()), minute_of_day(instant, tz), rules)


def travel_minutes(
    origin: Place | None,
    goal: Place | None,
    departure: datetime,
    tz: ZoneInfo,
    rules: TravelRules = DEFAULT_TRAVEL,
) -> int | None:
    """Minutes of a drive that leaves at `departure`; None when either end is unknown."""
    if origin is None or goal is None:
        return None
    travel = travel_between(origin, goal, rules)
    if travel.normal_min == travel.peak_min:
        return travel.normal_min
    return travel.peak_min if is_peak(departure, tz, rules) else travel.normal_min
