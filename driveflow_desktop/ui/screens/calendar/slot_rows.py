"""Free slots for a typed line, as the palette shows them: reading, choosing among them, words. No Qt."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from driveflow_desktop.domain.catalog.queries import ServiceView, services
from driveflow_desktop.domain.overview.places import known_places
from driveflow_desktop.domain.people.queries.instructors import instructors
from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.scheduling.finding import SlotSearch, free_slots
from driveflow_desktop.domain.scheduling.rules.slots import FoundSlot, SlotReason
from driveflow_desktop.kernel.time import local_date, minute_of_day
from driveflow_desktop.store.base import Connection
from driveflow_desktop.ui.ports import Desk
from driveflow_desktop.ui.screens.booking.editor_presenter import reasons_words
from driveflow_desktop.ui.screens.calendar.mapping import short_span
from driveflow_desktop.ui.screens.calendar.wish_line import WishLine
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.shell.palette import PaletteAnswer
from driveflow_desktop.ui.widgets.marks import PillTone
from driveflow_desktop.ui.widgets.results import Result
from driveflow_desktop.ui.words import tr

SHOWN: Final = 8
_ENOUGH: Final = 4
_SEARCHED: Final = SHOWN * 4
_DAYS_ON: Final = 7
_SAID_BY_THE_ROW: Final = frozenset({SlotReason.PREFERRED_TIME, SlotReason.PREFERRED_INSTRUCTOR})
"""What the person asked for and the row shows needs no words."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the school offers, read once for each opening; `names` are the active instructors'."""

    services: tuple[ServiceView, ...]
    places: Mapping[str, Place]
    names: Mapping[UUID, str]

    def called(self, name: str) -> list[UUID] | None:
        """The instructors one of whose names begins with each word of `name`; None where none is meant."""
        wanted = name.casefold().split()
        if not wanted:
            return None
        return [
            key
            for key, full in self.names.items()
            if all(any(part.startswith(word) for part in full.casefold().split()) for word in wanted)
        ]


@dataclass(frozen=True, slots=True)
class Offer:
    """A free slot; `beside` says in words how it is not what was asked for."""

    found: FoundSlot
    beside: str = ""


def read_known(connection: Connection, org_id: UUID) -> Known:
    """Services, suburbs and instructors of the school."""
    people = instructors(connection, org_id, active_only=True)
    return Known(
        services(connection, org_id, active_only=True),
        known_places(connection, org_id),
        {each.id: each.display_name for each in people},
    )


def offers_for(
    connection: Connection, desk: Desk, search: SlotSearch, line: WishLine, now: datetime
) -> tuple[Offer, ...]:
    """Slots in the days and the part of day asked for; where those are few, the days after, then other times."""
    org_id, tz = desk.session.org_id, desk.session.tz
    asked = free_slots(connection, org_id, search, now, _SEARCHED)
    inside, outside = _divided(asked, line, tz)
    found = [Offer(each) for each in inside[:SHOWN]]
    if line.when and len(found) < _ENOUGH:
        later = replace(search, first=line.last + timedelta(days=1), last=line.last + timedelta(days=_DAYS_ON))
        fitting, _others = _divided(free_slots(connection, org_id, later, now, _SEARCHED), line, tz)
        found += [Offer(each, tr("NextFree", "another day")) for each in fitting[:_ENOUGH]]
    if len(found) < _ENOUGH:
        found += [Offer(each, tr("NextFree", "another time")) for each in outside[:_ENOUGH]]
    return tuple(found[:SHOWN])


def _divided(
    slots: Sequence[FoundSlot], line: WishLine, tz: ZoneInfo
) -> tuple[tuple[FoundSlot, ...], tuple[FoundSlot, ...]]:
    """Those that begin in the window asked for, and the others; each in order of rank."""
    if line.window is None:
        return tuple(slots), ()
    start, end = line.window
    inside = tuple(each for each in slots if start <= minute_of_day(each.slot.start, tz) < end)
    return inside, tuple(each for each in slots if each not in inside)


def answer_of(rows: Sequence[Result], chips: Sequence[tuple[str, PillTone]]) -> PaletteAnswer:
    """The rows with how many there are."""
    if not rows:
        note = tr("NextFree", "No free slot in those days")
    else:
        note = tr("NextFree", "1 slot") if len(rows) == 1 else tr("NextFree", "{n} slots").format(n=len(rows))
    return PaletteAnswer(rows, chips, note)


def row_of(offer: Offer, names: Mapping[UUID, str], payload: object, tz: ZoneInfo) -> Result:
    """A slot as a row: when, with whom, why."""
    slot = offer.found.slot
    title = f"{formats.day_short(local_date(slot.start, tz))} · {short_span(slot.start, slot.end, tz)}"
    told = tuple(reason for reason in offer.found.reasons if reason not in _SAID_BY_THE_ROW)
    why = " · ".join(part for part in (offer.beside, reasons_words(replace(offer.found, reasons=told))) if part)
    return Result(title, names.get(slot.instructor_id, ""), why, payload)


def when_chip(line: WishLine, today: date) -> list[tuple[str, PillTone]]:
    """The days and the part of the day that were understood."""
    if not line.when and line.part is None:
        return []
    day = ""
    if line.when:
        day = formats.day_short(line.first)
        if line.last != line.first:
            day = f"{day} – {formats.day_short(line.last)}"
        elif line.first == today:
            day = tr("NextFree", "today")
    words = ", ".join(part for part in (day, line.part or "") if part)
    return [(tr("NextFree", "When: {when}").format(when=words), "info")]


def teacher_chip(name: str, found: Collection[UUID] | None, names: Mapping[UUID, str]) -> list[tuple[str, PillTone]]:
    """The instructors who were understood."""
    if found is None:
        return []
    if not found:
        return [(tr("NextFree", "No instructor called {name}").format(name=name), "warn")]
    words = ", ".join(names[key] for key in found)
    return [(tr("NextFree", "With: {names}").format(names=words), "info")]
