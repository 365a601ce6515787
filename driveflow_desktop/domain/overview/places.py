"""The suburbs that a school's students are picked up in, each with its middle."""

from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.overview.entries import suburb_of
from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.scheduling.loader import MICRODEGREES


def known_places(connection: sa.Connection, org_id: UUID) -> Mapping[str, Place]:
    """Suburb → the middle of its pick-up points; one pass over the students who have one."""
    where = (Student.org_id == org_id, Student.pickup_lat.is_not(None), Student.pickup_address.is_not(None))
    rows = connection.execute(sa.select(Student.pickup_address, Student.pickup_lat, Student.pickup_lng).where(*where))
    sums: dict[str, tuple[int, int, int]] = {}
    for address, lat, lng in rows:
        suburb = suburb_of(address)
        if suburb and lat is not None and lng is not None:
            count, north, east = sums.get(suburb, (0, 0, 0))
            sums[suburb] = (count + 1, north + lat, east + lng)
    return {
        suburb: Place(north / count / MICRODEGREES, east / count / MICRODEGREES)
        for suburb, (count, north, east) in sums.items()
    }
