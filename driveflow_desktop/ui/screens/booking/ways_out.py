"""The free times that a refused booking offers instead, in words. No Qt."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from driveflow_desktop.domain.scheduling.rules.diary import Slot
from driveflow_desktop.domain.scheduling.rules.slots import FoundSlot
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date, minute_of_day
from driveflow_desktop.ui.shell import formats


@dataclass(frozen=True, slots=True)
class WayOut:
    """A free time instead of the one that was refused."""

    key: str
    words: str
    slot: Slot


def ways_out(error: UserError, tz: ZoneInfo) -> tuple[WayOut, ...]:
    """The times that `place_slot` found when it refused, the best first; none where time is not the matter."""
    found = error.details.get("alternatives", ())
    slots: Sequence[object] = found if isinstance(found, list | tuple) else ()
    return tuple(_way_out(each.slot, tz) for each in slots if isinstance(each, FoundSlot))


def _way_out(slot: Slot, tz: ZoneInfo) -> WayOut:
    day = formats.day_short(local_date(slot.start, tz))
    words = f"{day} · {formats.clock(minute_of_day(slot.start, tz))}"
    return WayOut(f"{slot.instructor_id}{slot.start.isoformat()}", words, slot)
