"""S: the next free slot, asked in one line; the palette's mode that finds it and hands it to the editor. No Qt."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from driveflow_desktop.domain.catalog.queries import ServiceView, services
from driveflow_desktop.domain.overview.places import known_places
from driveflow_desktop.domain.people.queries.instructors import instructors
from driveflow_desktop.domain.people.queries.students import StudentFacts, student
from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.scheduling.finding import SlotSearch, free_slots
from driveflow_desktop.domain.scheduling.loader import place
from driveflow_desktop.domain.scheduling.rules.slots import FoundSlot
from driveflow_desktop.kernel.time import local_date
from driveflow_desktop.store.base import Connection
from driveflow_desktop.store.search import find
from driveflow_desktop.ui.ports import Desk
from driveflow_desktop.ui.screens.booking.editor_presenter import reasons_words, service_for
from driveflow_desktop.ui.screens.calendar.mapping import span_words
from driveflow_desktop.ui.screens.calendar.presenter import Wish
from driveflow_desktop.ui.screens.calendar.wish_line import WishLine, read_wish
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.shell.palette import How, PaletteAnswer
from driveflow_desktop.ui.widgets.marks import PillTone
from driveflow_desktop.ui.widgets.results import Result
from driveflow_desktop.ui.words import tr

_SHOWN = 8


@dataclass(frozen=True, slots=True)
class _Known:
    """What the school offers, read once for each opening."""

    services: tuple[ServiceView, ...]
    places: Mapping[str, Place]
    names: Mapping[object, str]


@dataclass(frozen=True, slots=True)
class _Found:
    line: WishLine
    student: StudentFacts | None
    service: ServiceView | None
    slots: tuple[FoundSlot, ...]


class NextFreeMode:
    """Type a line, Enter takes a slot into the editor, Enter there books it."""

    def __init__(self, desk: Desk, edit: Callable[[Wish], None]) -> None:
        self._desk = desk
        self._edit = edit
        self._known: _Known | None = None

    @property
    def placeholder(self) -> str:
        """What to type."""
        return tr("NextFree", "Student, length, suburb, day: sam le 60 newtown next wed am")

    @property
    def footer(self) -> Sequence[tuple[str, str]]:
        """Keys and what they do."""
        return (("↵", tr("NextFree", "take it")), ("↑ ↓", tr("NextFree", "choose")), ("Esc", tr("NextFree", "close")))

    def ask(self, text: str, answer: Callable[[PaletteAnswer], None]) -> None:
        """Free slots for the line, the best first."""
        desk, known = self._desk, self._known
        now, org_id = desk.clock.now(), desk.session.org_id
        today = local_date(now, desk.session.tz)

        def query(connection: Connection) -> tuple[_Known, _Found]:
            school = known or _read_known(connection, desk)
            line = read_wish(text, today, school.places)
            who = _student(connection, desk, line.student)
            service = service_for(school.services, line.minutes)
            pickup = school.places.get(line.place) if line.place is not None else None
            if pickup is None and who is not None:
                pickup = place(who.pickup_lat, who.pickup_lng)
            minutes = line.minutes or (60 if service is None else service.duration_min)
            search = SlotSearch(
                minutes,
                line.first,
                line.last,
                None if who is None else who.id,
                pickup,
                preferred_times=line.preferred,
                transmission=None if who is None else who.transmission,
            )
            slots = free_slots(connection, org_id, search, now, _SHOWN * 4)
            return school, _Found(line, who, service, _in_part(slots, line, desk)[:_SHOWN])

        def found(both: tuple[_Known, _Found]) -> None:
            self._known = both[0]
            answer(self._answer(both[0], both[1], today))

        desk.read("palette/next-free", query, found)

    def choose(self, result: Result, _how: How, /) -> bool:
        """Take the slot into the editor."""
        if isinstance(result.payload, Wish):
            self._edit(result.payload)
        return True

    def _answer(self, known: _Known, found: _Found, today: date) -> PaletteAnswer:
        rows = [self._row(known, found, slot) for slot in found.slots]
        note = tr("NextFree", "{n} slots").format(n=len(rows)) if rows else tr("NextFree", "No free slot in those days")
        return PaletteAnswer(rows, self._chips(found, today), note)

    def _chips(self, found: _Found, today: date) -> list[tuple[str, PillTone]]:
        chips: list[tuple[str, PillTone]] = []
        if found.student is not None:
            chips.append((tr("NextFree", "Student: {name}").format(name=found.student.full_name), "info"))
        elif found.line.student:
            chips.append((tr("NextFree", "Nobody called {name}").format(name=found.line.student), "warn"))
        if found.service is not None:
            chips.append((tr("NextFree", "Lesson: {name}").format(name=found.service.name), "info"))
        if found.line.place is not None:
            chips.append((tr("NextFree", "Near: {place}").format(place=found.line.place), "info"))
        if found.line.when or found.line.part:
            day = formats.day_short(found.line.first)
            if found.line.last != found.line.first:
                day = f"{day} – {formats.day_short(found.line.last)}"
            when = ", ".join(part for part in (day if found.line.first != today else "", found.line.part or "") if part)
            chips.append((tr("NextFree", "When: {when}").format(when=when or day), "info"))
        return chips

    def _row(self, known: _Known, found: _Found, slot: FoundSlot) -> Result:
        tz = self._desk.session.tz
        day = formats.day_short(local_date(slot.slot.start, tz))
        title = f"{day} · {span_words(slot.slot.start, slot.slot.end, tz)}"
        wish = Wish(
            slot.slot.instructor_id,
            slot.slot.start,
            found.line.minutes,
            None if found.student is None else found.student.id,
            None if found.service is None else found.service.id,
        )
        instructor = known.names.get(slot.slot.instructor_id, "")
        return Result(title, instructor, reasons_words(slot, ""), wish, "calendar-blank")


def _read_known(connection: Connection, desk: Desk) -> _Known:
    org_id = desk.session.org_id
    people = instructors(connection, org_id, active_only=True)
    return _Known(
        services(connection, org_id, active_only=True),
        known_places(connection, org_id),
        {each.id: each.display_name for each in people},
    )


def _student(connection: Connection, desk: Desk, name: str) -> StudentFacts | None:
    hits = find(connection, desk.session.org_id, name, now=desk.clock.now(), bookings=0).people
    ids = [hit.row_id for hit in hits if hit.kind == "student"]
    return student(connection, desk.session.org_id, ids[0]) if ids else None


def _in_part(slots: Sequence[FoundSlot], line: WishLine, desk: Desk) -> tuple[FoundSlot, ...]:
    """Only slots in the part of day asked for, where there are any; in order of rank."""
    if not line.preferred:
        return tuple(slots)
    part, tz = line.preferred[0], desk.session.tz
    inside = [each for each in slots if part.start_minute <= each.slot.start.astimezone(tz).hour * 60 < part.end_minute]
    return tuple(inside or slots)
