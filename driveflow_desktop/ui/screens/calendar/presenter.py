"""What the calendar shows and does: pages, verdicts under the mouse, drops into commands. No Qt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Final, Protocol
from uuid import UUID

from driveflow_desktop.domain.scheduling.commands.booking import Moving, move
from driveflow_desktop.domain.scheduling.queries import require_booking
from driveflow_desktop.domain.scheduling.rules.verdict import HARD, VerdictKind
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date, minute_of_day
from driveflow_desktop.ui.calendar.snapshot import CalendarPage, GhostVerdict, Proposal, ProposalKind
from driveflow_desktop.ui.ports import Desk
from driveflow_desktop.ui.screens.booking.ways_out import WayOut, ways_out
from driveflow_desktop.ui.screens.calendar.mapping import Axis, axis_of, note_of, page_of, title_of
from driveflow_desktop.ui.screens.calendar.pages import DAY, WEEK, Contents, Pages, Place
from driveflow_desktop.ui.screens.calendar.verdicts import NOTHING_KNOWN, Verdicts
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.words import tr

ADVICE: Final = frozenset(kind.value for kind in VerdictKind) - {kind.value for kind in HARD} - {VerdictKind.OK.value}
"""Refusals that the desk may overrule."""
_VIEW, _INSTRUCTOR = "calendar/view", "calendar/instructor"


class Memory(Protocol):
    """What the presenter remembers between runs."""

    def read(self, key: str) -> str | None:
        """What was written last under `key`."""
        ...

    def write(self, key: str, value: str) -> None:
        """Keep `value` under `key`."""
        ...


class Surface(Protocol):
    """The screen, as the presenter sees it."""

    def show_page(self, page: CalendarPage, title: str, note: str) -> None:
        """Show another page, or the same one refreshed."""
        ...

    def show_instructors(self, names: tuple[tuple[UUID, str], ...], chosen: UUID | None) -> None:
        """Offer the instructors of the week view."""
        ...

    def show_failure(self, error: UserError) -> None:
        """Say that the page could not be read, and offer to try again."""
        ...

    def show_lesson(self, booking_id: UUID) -> None:
        """Select a lesson and bring it into view."""
        ...

    def refuse_drop(self, refusal: "Refusal") -> None:
        """Say why a drop was refused, and offer the ways out."""
        ...

    def edit_new(self, wish: "Wish") -> None:
        """Open the editor for a new booking."""
        ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What is known of a new booking when the editor opens; `name` and `suburb` are a new student's."""

    instructor_id: UUID | None = None
    start: datetime | None = None
    minutes: int | None = None
    student_id: UUID | None = None
    service_id: UUID | None = None
    name: str = ""
    suburb: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused drop: `anyway` overrules advice, `instead` are free times (words, and the act that takes the time)."""

    error: UserError
    anyway: Callable[[], None] | None
    instead: tuple[tuple[str, Callable[[], None]], ...] = ()


class CalendarPresenter:
    """One page at a time; the newest question is answered, older answers are dropped."""

    def __init__(self, desk: Desk, memory: Memory, surface: Surface) -> None:
        self._desk = desk
        self._memory = memory
        self._surface = surface
        self._pages = Pages(desk)
        self._verdicts = Verdicts(desk)
        view = WEEK if memory.read(_VIEW) == WEEK else DAY
        self._place = Place(view, self._today(), _uuid(memory.read(_INSTRUCTOR)) or desk.session.instructor_id)
        self._axis: Axis | None = None
        self._names: Mapping[UUID, str] = {}
        self._pending_lesson: UUID | None = None

    @property
    def view(self) -> str:
        """`day` or `week`."""
        return self._place.view

    @property
    def day(self) -> date:
        """The day shown, or a day of the week shown."""
        return self._place.day

    # -- going places -------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Show the page, from what is kept or read anew."""
        place = self._place
        self._pages.ask(place, partial(self._loaded, place), partial(self._failed, place))

    def refresh(self) -> None:
        """Something changed, or time went by: read the page again."""
        self._pages.forget()
        self.load()

    def go(self, day: date) -> None:
        """Show a day, or its week."""
        self._show(replace(self._place, day=day))

    def today(self) -> None:
        """Show today."""
        self.go(self._today())

    def step(self, by: int) -> None:
        """Go days or weeks forward or back."""
        self._show(self._place.stepped(by))

    def set_view(self, view: str) -> None:
        """Day or week."""
        self._show(replace(self._place, view=view))

    def choose_instructor(self, instructor_id: UUID) -> None:
        """Show an instructor's week."""
        self._memory.write(_INSTRUCTOR, str(instructor_id))
        self._show(replace(self._place, view=WEEK, instructor_id=instructor_id))

    def choose_nth(self, number: int) -> None:
        """The n-th instructor's week, counted from 1."""
        names = list(self._names)
        if 0 < number <= len(names):
            self.choose_instructor(names[number - 1])

    def open_booking(self, booking_id: UUID) -> None:
        """Go to the day of a booking and select it."""
        org_id = self._desk.session.org_id

        def found(start: datetime) -> None:
            self._pending_lesson = booking_id
            self._show(replace(self._place, view=DAY, day=local_date(start, self._desk.session.tz)))

        self._desk.read("calendar/open", lambda c: require_booking(c, org_id, booking_id).start, found)

    def _show(self, place: Place) -> None:
        if place.view != self._place.view:
            self._memory.write(_VIEW, place.view)
        self._place = place
        self.load()

    def _loaded(self, place: Place, found: Contents) -> None:
        if place != self._place:  # another page was shown meanwhile, from what is kept
            return
        data, now = found.data, self._desk.clock.now()
        self._names = dict(found.names)
        self._axis = axis_of(data, week=place.week)
        shown = data.columns[0].instructor_id if place.week and data.columns else None
        self._surface.show_instructors(found.names, shown)
        page = page_of(data, self._axis, now, week=place.week)
        self._surface.show_page(page, title_of(data, week=place.week), note_of(data, week=place.week))
        if self._pending_lesson is not None:
            self._surface.show_lesson(self._pending_lesson)
            self._pending_lesson = None
        self._verdicts.load(data.days)
        self._pages.look_ahead(place)

    def _failed(self, place: Place, error: UserError) -> None:
        if place == self._place:
            self._surface.show_failure(error)

    def _today(self) -> date:
        return local_date(self._desk.clock.now(), self._desk.session.tz)

    # -- gestures -----------------------------------------------------------------------------------------------

    def verdict(self, proposal: Proposal) -> GhostVerdict:
        """What the rules say about a place under the mouse; at once, from what is loaded."""
        axis = self._axis
        if axis is None or proposal.column_key not in axis.instructors:
            return NOTHING_KNOWN
        span = axis.span(proposal.column_key, proposal.start_min, proposal.end_min)
        return self._verdicts.judge(axis.instructors[proposal.column_key], span, proposal.lesson)

    def drop(self, proposal: Proposal) -> None:
        """Turn a finished gesture into a command, or open the editor on it."""
        axis = self._axis
        if axis is None:
            return
        span = axis.span(proposal.column_key, proposal.start_min, proposal.end_min)
        instructor = axis.instructors[proposal.column_key]
        if proposal.kind is ProposalKind.CREATE or proposal.lesson is None:
            self._surface.edit_new(Wish(instructor, span.start, span.minutes))
            return
        resized = proposal.kind is ProposalKind.RESIZE
        words = tr("Calendar", "Lesson length changed") if resized else tr("Calendar", "Lesson moved")
        self.move(words, Moving(proposal.lesson, span.start, span.end, instructor))

    def move(self, words: str, request: Moving) -> None:
        """Move a lesson; advice can be overruled, an overlap cannot."""

        def refused(error: UserError) -> None:
            anyway = partial(self.move, words, replace(request, override=True)) if error.code in ADVICE else None
            moved, instead = tr("Calendar", "Lesson moved"), []
            for way in ways_out(error, self._desk.session.tz):
                place = Moving(request.booking_id, way.slot.start, way.slot.end, way.slot.instructor_id)
                instead.append((self._way_words(way, request.instructor_id), partial(self.move, moved, place)))
            self._surface.refuse_drop(Refusal(error, anyway, tuple(instead)))

        self._desk.write(words, lambda uow: move(uow, request), on_error=refused)

    def new_at(self, column_key: str, minute: int) -> None:
        """Open the editor for an empty place."""
        if self._axis is not None:
            span = self._axis.span(column_key, minute, minute + 60)
            self._surface.edit_new(Wish(self._axis.instructors[column_key], span.start))

    def clock_text(self, column_key: str, minute: int) -> str:
        """The wall time of a place, for the ghost."""
        if self._axis is None or column_key not in self._axis.days:
            return ""
        instant = self._axis.span(column_key, minute, minute + 1).start
        return formats.clock(minute_of_day(instant, self._axis.tz)).rsplit(" ", 1)[0]

    def _way_words(self, way: WayOut, wished: UUID | None) -> str:
        """When, and with whom where that is somebody else."""
        name = self._names.get(way.slot.instructor_id, "") if way.slot.instructor_id != wished else ""
        return " · ".join(part for part in (way.words, name) if part)


def _uuid(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        return None
