"""Words for lessons and trips."""

from enum import StrEnum


class TripSource(StrEnum):
    """How a trip's points came in."""

    LIVE = "live"
    IMPORT = "import"
    OWNTRACKS = "owntracks"
    OSMAND = "osmand"
