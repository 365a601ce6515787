"""R: another time for a lesson, asked in one line ("fri pm", "dana 10:30am"); the palette's mode for it. No Qt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.scheduling.commands.booking import Moving
from driveflow_desktop.domain.scheduling.finding import SlotSearch
from driveflow_desktop.kernel.time import Interval, local_date
from driveflow_desktop.store.base import Connection
from driveflow_desktop.ui.ports import Desk
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


class Movable(Protocol):
    """A lesson that has, or wants, a place in the diary."""

    @property
    def id(self) -> UUID:
        """The booking's."""
        ...

    @property
    def student_id(self) -> UUID:
        """Who learns."""
        ...

    @property
    def instructor_id(self) -> UUID:
        """Who teaches."""
        ...

    @property
    def start(self) -> datetime:
        """When it begins."""
        ...

    @property
    def end(self) -> datetime:
        """When it ends."""
        ...

    @property
    def pickup(self) -> Place | None:
        """Where it begins, when that is known."""
        ...

    @property
    def dropoff(self) -> Place | None:
        """Where it ends, when that is known."""
        ...


@dataclass(frozen=True, slots=True)
class _Found:
    known: Known
    line: WishLine
    teachers: Sequence[UUID] | None
    offers: tuple[Offer, ...]


class NewTimeMode:
    """Enter moves the lesson to the row; without words, the best times with its own instructor come first."""

    def __init__(self, desk: Desk, booking: Movable, who: str, take: Callable[[Moving], None]) -> None:
        self._desk = desk
        self._booking = booking
        self._who = who
        self._take = take
        self._known: Known | None = None

    @property
    def placeholder(self) -> str:
        """What to type."""
        return tr("NewTime", "Another time for {name}: fri pm, next week, dana 10:30am").format(name=self._who)

    @property
    def footer(self) -> Sequence[tuple[str, str]]:
        """Keys and what they do."""
        return (
            ("↵", tr("NewTime", "move it there")),
            ("↑ ↓", tr("NewTime", "choose")),
            ("Esc", tr("NewTime", "close")),
        )

    def ask(self, text: str, answer: Callable[[PaletteAnswer], None]) -> None:
        """Free slots for the line, the best first."""
        desk, booking, known = self._desk, self._booking, self._known
        today = local_date(desk.clock.now(), desk.session.tz)

        def query(connection: Connection) -> _Found:
            return _search(connection, desk, booking, known or read_known(connection, desk.session.org_id), text)

        def found(result: _Found) -> None:
            self._known = result.known
            rows = [self._row(result, offer) for offer in result.offers]
            chips: list[tuple[str, PillTone]] = [(tr("NewTime", "Move: {name}").format(name=self._who), "neutral")]
            chips += teacher_chip(_teacher_words(result.line), result.teachers, result.known.names)
            answer(answer_of(rows, chips + when_chip(result.line, today)))

        desk.read("palette/new-time", query, found)

    def choose(self, result: Result, _how: How, /) -> bool:
        """Move the lesson."""
        if isinstance(result.payload, Moving):
            self._take(result.payload)
        return True

    def _row(self, found: _Found, offer: Offer) -> Result:
        slot = offer.found.slot
        there = Moving(self._booking.id, slot.start, slot.end, slot.instructor_id)
        return row_of(offer, found.known.names, there, self._desk.session.tz)


def _search(connection: Connection, desk: Desk, booking: Movable, known: Known, text: str) -> _Found:
    now = desk.clock.now()
    line = read_wish(text, local_date(now, desk.session.tz), known.places)
    teachers = known.called(_teacher_words(line))
    search = SlotSearch(
        Interval(booking.start, booking.end).minutes,
        line.first,
        line.last,
        booking.student_id,
        booking.pickup,
        booking.dropoff,
        instructor_ids=teachers or None,
        preferred_times=line.preferred,
        preferred_instructor=booking.instructor_id,
        ignore=booking.id,
    )
    found = offers_for(connection, desk, search, line, now)
    elsewhere = tuple(offer for offer in found if not _is_where_it_is(offer, booking))
    return _Found(known, line, teachers, elsewhere)


def _teacher_words(line: WishLine) -> str:
    """Whoever is named: the student is given, so every name left over is an instructor's."""
    return line.teacher or line.student


def _is_where_it_is(offer: Offer, booking: Movable) -> bool:
    slot = offer.found.slot
    return (slot.instructor_id, slot.start) == (booking.instructor_id, booking.start)
