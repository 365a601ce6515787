"""S: the next free slot, asked in one line; the palette's mode that finds it and hands it to the editor. No Qt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from driveflow_desktop.domain.catalog.queries import ServiceView
from driveflow_desktop.domain.people.queries.students import StudentFacts, student
from driveflow_desktop.domain.scheduling.finding import SlotSearch
from driveflow_desktop.domain.scheduling.loader import place
from driveflow_desktop.domain.scheduling.rules.diary import Slot
from driveflow_desktop.kernel.time import local_date
from driveflow_desktop.store.base import Connection
from driveflow_desktop.store.search import find
from driveflow_desktop.ui.ports import Desk
from driveflow_desktop.ui.screens.booking.editor_presenter import service_for
from driveflow_desktop.ui.screens.calendar.presenter import Wish
from driveflow_desktop.ui.screens.calendar.slot_rows import (
    Known,
    Offer,
    answer_of,
    offers_for,
    read_known,
    row_of,
    teacher_chip,
    when_chip,
)
from driveflow_desktop.ui.screens.calendar.wish_line import WishLine, read_wish
from driveflow_desktop.ui.shell.palette import How, PaletteAnswer
from driveflow_desktop.ui.widgets.marks import PillTone
from driveflow_desktop.ui.widgets.results import Result
from driveflow_desktop.ui.words import tr


@dataclass(frozen=True, slots=True)
class _Found:
    known: Known
    line: WishLine
    student: StudentFacts | None
    service: ServiceView | None
    teachers: Sequence[UUID] | None
    offers: tuple[Offer, ...]

    @property
    def newcomer(self) -> str:
        """The name that was typed where nobody here is called so, as names are written; empty otherwise."""
        name = "" if self.student is not None else self.line.student
        return " ".join(word[:1].upper() + word[1:] for word in name.split()) if name.islower() else name


class NextFreeMode:
    """Type a line, Enter takes a slot into the editor, Enter there books it."""

    def __init__(self, desk: Desk, edit: Callable[[Wish], None]) -> None:
        self._desk = desk
        self._edit = edit
        self._known: Known | None = None

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
        today = local_date(desk.clock.now(), desk.session.tz)

        def query(connection: Connection) -> _Found:
            return _search(connection, desk, known or read_known(connection, desk.session.org_id), text)

        def found(result: _Found) -> None:
            self._known = result.known
            rows = [self._row(result, offer) for offer in result.offers]
            plain = answer_of(rows, _chips(result, today))
            answer(replace(plain, results=[*self._newcomer(result, rows), *rows]))

        desk.read("palette/next-free", query, found)

    def choose(self, result: Result, _how: How, /) -> bool:
        """Take the slot into the editor."""
        if isinstance(result.payload, Wish):
            self._edit(result.payload)
        return True

    def _newcomer(self, found: _Found, rows: Sequence[Result]) -> list[Result]:
        """Somebody nobody here is called: a new student, with the best of the times."""
        name = found.newcomer
        if not name:
            return []
        # The name stands alone in its column, where the palette would cut a longer title.
        kind = tr("NextFree", "New student")
        if rows:
            return [Result(name, kind, f"{rows[0].title} · {rows[0].subtitle}", rows[0].payload, "user-plus")]
        return [Result(name, kind, payload=self._wish(found, None), icon="user-plus")]

    def _row(self, found: _Found, offer: Offer) -> Result:
        return row_of(offer, found.known.names, self._wish(found, offer.found.slot), self._desk.session.tz)

    def _wish(self, found: _Found, slot: Slot | None) -> Wish:
        return Wish(
            None if slot is None else slot.instructor_id,
            None if slot is None else slot.start,
            found.line.minutes,
            None if found.student is None else found.student.id,
            None if found.service is None else found.service.id,
            found.newcomer,
            found.line.place or "" if found.newcomer else "",
        )


def _search(connection: Connection, desk: Desk, known: Known, text: str) -> _Found:
    now = desk.clock.now()
    line = read_wish(text, local_date(now, desk.session.tz), known.places)
    who = _student(connection, desk, line.student)
    service = service_for(known.services, line.minutes)
    pickup = known.places.get(line.place) if line.place is not None else None
    if pickup is None and who is not None:
        pickup = place(who.pickup_lat, who.pickup_lng)
    teachers = known.called(line.teacher)
    search = SlotSearch(
        line.minutes or (60 if service is None else service.duration_min),
        line.first,
        line.last,
        None if who is None else who.id,
        pickup,
        instructor_ids=teachers or None,
        preferred_times=line.preferred,
        transmission=None if who is None else who.transmission,
    )
    return _Found(known, line, who, service, teachers, offers_for(connection, desk, search, line, now))


def _student(connection: Connection, desk: Desk, name: str) -> StudentFacts | None:
    hits = find(connection, desk.session.org_id, name, now=desk.clock.now(), bookings=0).people
    ids = [hit.row_id for hit in hits if hit.kind == "student"]
    return student(connection, desk.session.org_id, ids[0]) if ids else None


def _chips(found: _Found, today: date) -> list[tuple[str, PillTone]]:
    chips: list[tuple[str, PillTone]] = []
    if found.student is not None:
        chips.append((tr("NextFree", "Student: {name}").format(name=found.student.full_name), "info"))
    elif found.line.student:
        chips.append((tr("NextFree", "Nobody called {name}").format(name=found.line.student), "warn"))
    if found.service is not None:
        chips.append((tr("NextFree", "Lesson: {name}").format(name=found.service.name), "info"))
    if found.line.place is not None:
        chips.append((tr("NextFree", "Near: {place}").format(place=found.line.place), "info"))
    chips += teacher_chip(found.line.teacher, found.teachers, found.known.names)
    return chips + when_chip(found.line, today)
