"""The inbox at the desk: reading it, choosing an entry, and the ways out. No Qt."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Protocol
from uuid import UUID

from driveflow_desktop.domain.people.queries.instructors import instructors
from driveflow_desktop.domain.people.rules.places import Place as Point
from driveflow_desktop.domain.scheduling.commands.booking import Moving
from driveflow_desktop.domain.scheduling.rules.slots import FoundSlot
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.base import Connection
from driveflow_desktop.store.unit_of_work import Receipt, UnitOfWork
from driveflow_desktop.sync.deciding import Place, Placing, accept, apply_again, discard, place_elsewhere, placing
from driveflow_desktop.sync.inbox import Entry, InboxKey, Way, inbox
from driveflow_desktop.ui.ports import Desk
from driveflow_desktop.ui.screens.booking.ways_out import ways_out
from driveflow_desktop.ui.screens.calendar.new_time import NewTimeMode
from driveflow_desktop.ui.screens.calendar.presenter import ADVICE
from driveflow_desktop.ui.screens.sync.words import ConflictWords, Detail, Row
from driveflow_desktop.ui.shell.palette import PaletteMode
from driveflow_desktop.ui.words import tr

OTHERS: Final = 3
_FIRST: Final = 50


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Both lists, and whether there are more conflicts than are listed."""

    conflicts: tuple[Row, ...]
    notices: tuple[Row, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Places:
    """Free places for the kept booking that has no room; without `title` its own place is free again."""

    title: str
    choices: tuple[str, ...]


class InboxSurface(Protocol):
    """The screen, as its presenter sees it."""

    def show_page(self, page: InboxPage, chosen: UUID | None) -> None:
        """List what waits, `chosen` being current."""
        ...

    def show_detail(self, detail: Detail | None) -> None:
        """Show an entry, or that nothing needs a decision."""
        ...

    def show_places(self, places: Places) -> None:
        """Offer free places."""
        ...

    def refuse(self, error: UserError, instead: Sequence[tuple[str, Callable[[], None]]]) -> None:
        """Say why a way out was refused; `instead` are words and what they do."""
        ...


@dataclass(frozen=True, slots=True)
class _Found:
    conflicts: tuple[Entry, ...]
    notices: tuple[Entry, ...]
    next_key: InboxKey | None


@dataclass(frozen=True, slots=True)
class _Kept:
    """The kept booking, as the palette for another time asks about it."""

    id: UUID
    student_id: UUID
    instructor_id: UUID
    start: datetime
    end: datetime
    pickup: Point | None
    dropoff: Point | None


class InboxPresenter:
    """Holds the entries on show and which of them is chosen; nothing is decided without a person's act."""

    def __init__(self, desk: Desk, surface: InboxSurface, open_palette: Callable[[PaletteMode], None]) -> None:
        self._desk = desk
        self._surface = surface
        self._open_palette = open_palette
        self._entries: dict[UUID, Entry] = {}
        self._chosen: UUID | None = None
        self._limit = _FIRST
        self._placing: Placing | None = None
        self._placed: list[Place] = []
        self._names: Mapping[UUID, str] = {}

    @property
    def chosen(self) -> Entry | None:
        """The entry on show."""
        return None if self._chosen is None else self._entries.get(self._chosen)

    @property
    def can_place(self) -> bool:
        """Whether free places are offered."""
        return self._placing is not None and bool(self._placing.free)

    def load(self) -> None:
        """Read the inbox again."""
        org_id, limit = self._desk.session.org_id, self._limit

        def query(connection: Connection) -> _Found:
            waiting = inbox(connection, org_id, limit=limit)
            return _Found(waiting.rows, inbox(connection, org_id, notices=True).rows, waiting.next_key)

        self._desk.read("sync/inbox", query, self._loaded)

    def more(self) -> None:
        """List older conflicts too."""
        self._limit += _FIRST
        self.load()

    def choose(self, transaction_id: UUID) -> None:
        """Show an entry; until it is read, it is the one to choose when it is."""
        self._chosen = transaction_id
        self._show_chosen()

    # -- ways out -----------------------------------------------------------------------------------------------

    def discard(self) -> None:
        """Give up the kept edit; of a notice, say that it was read."""
        entry = self.chosen
        if entry is None:
            return
        if entry.is_notice:
            self._write(tr("Conflicts", "Theirs kept"), lambda uow: accept(uow, [entry.transaction_id]))
        else:
            self._write(tr("Conflicts", "Change discarded"), lambda uow: discard(uow, entry.transaction_id))

    def keep_all(self) -> None:
        """Say of every notice listed that it was read."""
        ids = [key for key, entry in self._entries.items() if entry.is_notice]
        if ids:
            self._write(tr("Conflicts", "All kept as they are"), lambda uow: accept(uow, ids))

    def again(self) -> None:
        """Make the kept edit again on today's rows."""
        entry = self.chosen
        if entry is not None and Way.AGAIN in entry.ways:
            self._write(tr("Conflicts", "Applied again"), lambda uow: apply_again(uow, entry.transaction_id))

    def place(self, number: int) -> None:
        """Put the kept booking at a free place offered."""
        found = self._placing
        if found is not None and number < len(found.free):
            self._place(_place_of(found.booking_id, found.free[number]))

    def find(self) -> None:
        """Ask for another time in one line, and put the kept booking there."""
        entry, found = self.chosen, self._placing
        if entry is None or found is None or found.wanted.student_id is None:
            return
        wanted = found.wanted
        kept = _Kept(
            found.booking_id,
            found.wanted.student_id,
            wanted.instructor_id,
            wanted.start,
            wanted.end,
            wanted.pickup,
            wanted.dropoff,
        )
        who = next(
            (
                getattr(field.mine, "name", "")
                for each in entry.versions
                if each.row_id == found.booking_id
                for field in each.fields
                if field.column == "student_id"
            ),
            "",
        )
        self._open_palette(NewTimeMode(self._desk, kept, who, self._take))

    def _take(self, moving: Moving) -> None:
        if moving.start is not None and moving.end is not None and moving.instructor_id is not None:
            self._place(Place(moving.booking_id, moving.start, moving.end, moving.instructor_id))

    def _place(self, chosen: Place) -> None:
        """With several kept bookings without room, each gets its place before all are written as one."""
        entry = self.chosen
        if entry is None:
            return
        places = [*(one for one in self._placed if one.booking_id != chosen.booking_id), chosen]
        org_id, now = self._desk.session.org_id, self._desk.clock.now()

        def query(connection: Connection) -> Placing | None:
            return placing(connection, org_id, entry.transaction_id, now, places)

        def found(left: Placing | None) -> None:
            if left is None:
                self._write_places(entry, places)
            else:
                self._placed = places
                self._show_places(entry, left, self._names)

        self._desk.read("sync/next-place", query, found)

    def _write_places(self, entry: Entry, places: Sequence[Place]) -> None:
        words = tr("Conflicts", "Lesson placed")

        def refused(error: UserError) -> None:
            instead: list[tuple[str, Callable[[], None]]] = []
            if error.code in ADVICE:
                forced = [_overruled(one) for one in places]
                instead.append((tr("Conflicts", "Place it anyway"), partial(self._write_places, entry, forced)))
            for way in ways_out(error, self._desk.session.tz):
                other = Place(places[-1].booking_id, way.slot.start, way.slot.end, way.slot.instructor_id)
                instead.append((way.words, partial(self._place, other)))
            self._refused(entry, error, instead)

        self._desk.write(words, lambda uow: place_elsewhere(uow, entry.transaction_id, places), self._done, refused)

    def _write(self, words: str, command: Callable[[UnitOfWork], int]) -> None:
        entry = self.chosen

        def refused(error: UserError) -> None:
            self._refused(entry, error, [])

        self._desk.write(words, command, self._done, refused)

    def _done(self, _receipt: Receipt[int]) -> None:
        self._placed = []
        self.load()

    def _refused(
        self, entry: Entry | None, error: UserError, instead: Sequence[tuple[str, Callable[[], None]]]
    ) -> None:
        if entry is not None and self._chosen == entry.transaction_id:
            self._surface.refuse(error, instead)
        else:
            self._desk.say(str(error))

    # -- showing ------------------------------------------------------------------------------------------------

    def _loaded(self, found: _Found) -> None:
        before = list(self._entries)
        self._entries = {entry.transaction_id: entry for entry in (*found.conflicts, *found.notices)}
        if self._chosen not in self._entries:
            self._chosen = self._nearest(before)
        words = self._words()
        conflicts, notices = (tuple(words.row(entry) for entry in each) for each in (found.conflicts, found.notices))
        self._surface.show_page(InboxPage(conflicts, notices, found.next_key is not None), self._chosen)
        self._show_chosen()

    def _nearest(self, before: Sequence[UUID]) -> UUID | None:
        """What stands where the decided entry stood, so that one after the other can be decided."""
        left = list(self._entries)
        at = before.index(self._chosen) if self._chosen in before else 0
        return left[min(at, len(left) - 1)] if left else None

    def _show_chosen(self) -> None:
        entry = self.chosen
        self._placing, self._placed = None, []
        self._surface.show_detail(None if entry is None else self._words().detail(entry))
        if entry is None or Way.PLACE not in entry.ways:
            return
        org_id, now, transaction_id = self._desk.session.org_id, self._desk.clock.now(), entry.transaction_id

        def query(connection: Connection) -> tuple[Placing | None, Mapping[UUID, str]]:
            names = {each.id: each.display_name for each in instructors(connection, org_id)}
            return placing(connection, org_id, transaction_id, now), names

        def found(answer: tuple[Placing | None, Mapping[UUID, str]]) -> None:
            if self._chosen == transaction_id:
                self._show_places(entry, *answer)

        self._desk.read("sync/places", query, found)

    def _show_places(self, entry: Entry, found: Placing | None, names: Mapping[UUID, str]) -> None:
        self._placing, self._names = found, names
        words = self._words()
        if found is None:
            self._surface.show_places(Places("", ()))
        else:
            choices = tuple(words.place(each, names) for each in found.free[:OTHERS])
            self._surface.show_places(Places(words.place_title(entry, found.booking_id), choices))

    def _words(self) -> ConflictWords:
        return ConflictWords(self._desk.session, self._desk.clock.now())


def _place_of(booking_id: UUID, found: FoundSlot) -> Place:
    return Place(booking_id, found.slot.start, found.slot.end, found.slot.instructor_id)


def _overruled(one: Place) -> Place:
    return Place(one.booking_id, one.start, one.end, one.instructor_id, override=True)
