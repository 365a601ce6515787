"""What the rows of a big demo school have in common: ids, times, versions, and where everything is."""

from random import Random
from typing import Final

from driveflow_desktop.demo.founding import Office
from driveflow_desktop.demo.plan import Plan
from driveflow_desktop.store.loading import Stored

Row = tuple[Stored, ...]
KEPT: Final = ("org_id", "id", "created_at", "updated_at", "version")


class Press:
    """Stamps rows; one for a school. Ids stand at the position of what they belong to in the plan."""

    def __init__(self, office: Office, plan: Plan, random: Random, version: int) -> None:
        self.office = office
        self.plan = plan
        self._random = random
        self._version = version
        self._org = office.org_id.bytes
        self.instructors = [each.bytes for each in office.instructors]
        self.services = [each.bytes for each in office.services]
        self.cards = [each.bytes for each in office.cards]
        self.students = [self.id(student.enrolled_us) for student in plan.students]
        self.bookings = [self.id(lesson.booked_us) for lesson in plan.lessons]

    def kept(self, row_id: bytes, created: int, updated: int | None = None) -> Row:
        """The values of `KEPT`: the next version, and times not after now."""
        self._version += 1
        now = self.plan.span.now_us
        return self._org, row_id, min(created, now), min(updated or created, now), self._version

    def id(self, micros: int) -> bytes:
        """A UUIDv7 of that instant."""
        bits = self._random.getrandbits(74)
        value = (micros // 1000 << 80) | (7 << 76) | (bits >> 62 << 64) | (2 << 62) | (bits & (1 << 62) - 1)
        return value.to_bytes(16, "big")
