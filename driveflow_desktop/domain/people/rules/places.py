"""Where people live and are picked up: WGS 84 degrees, six decimals."""

from collections.abc import Mapping
from typing import NamedTuple

from driveflow_desktop.kernel.errors import UserError

COORDINATE_DECIMALS = 6


class Place(NamedTuple):
    """A point in WGS 84 degrees."""

    lat: float
    lng: float


class _Box(NamedTuple):
    south: float
    north: float
    west: float
    east: float


_WORLD = _Box(-90.0, 90.0, -180.0, 180.0)
# Generous boxes that catch swapped or mistyped coordinates. Australia's reaches from Cocos to Norfolk Island.
_COUNTRIES: Mapping[str, _Box] = {"AU": _Box(-44.0, -9.0, 96.0, 168.5)}


def check_place(lat: float, lng: float, country: str = "AU") -> Place:
    """The point rounded to six decimals; `UserError` "invalid" when it cannot be in `country` (ISO 3166 alpha-2).

    Countries without a known box are only checked against the globe. 0/0 is what a failed GPS fix looks like and is
    refused everywhere.
    """
    box = _COUNTRIES.get(country, _WORLD)
    inside = box.south <= lat <= box.north and box.west <= lng <= box.east
    if not inside or (lat == 0 and lng == 0):
        raise UserError(
            "invalid",
            "That point is not on this country's map.",
            hint="Check that latitude and longitude are not swapped, or pick the address again.",
            column="lat",
        )
    return Place(round(lat, COORDINATE_DECIMALS), round(lng, COORDINATE_DECIMALS))
