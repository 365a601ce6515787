"""What the calendar shows and does: pages, verdicts under the mouse, drops into commands. No Qt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final, Protocol
from uuid import UUID

from driveflow_desktop.domain.overview.calendar import CalendarData, calendar_day, calendar_week
from driveflow_desktop.domain.scheduling.commands.booking import Moving, move
from driveflow_desktop.domain.scheduling.loader import Days, load_diaries, load_setting
from driveflow_desktop.domain.scheduling.queries import require_booking
from driveflow_desktop.domain.scheduling.rules.diary import Booked, Diary, SchoolRules, Slot
from driveflow_desktop.domain.scheduling.rules.verdict import Context, Verdict, VerdictKind, verdict
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date, minute_of_day
from driveflow_desktop.store.base import Connection
from driveflow_desktop.ui.calendar.snapshot import CalendarPage, GhostVerdict, Proposal, ProposalKind
from driveflow_desktop.ui.ports import Desk
from driveflow_desktop.ui.screens.booking.ways_out import WayOut, ways_out
from driveflow_desktop.ui.screens.calendar.mapping import Axis, axis_of, page_of
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.words import tr

DAY: Final = "day"
WEEK: Final = "week"
ADVICE: Final = frozenset(kind.value for kind in VerdictKind) - {"slot_taken", "student_busy", "ok"}
"""Refusals that the desk may overrule."""


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
    """What is known of a new booking when the editor opens."""

    instructor_id: UUID | None = None
    start: datetime | None = None
    minutes: int | None = None
    student_id: UUID | None = None
    service_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused drop: `anyway` overrules advice, `instead` are free times (words, and the act that takes the time)."""

    error: UserError
    anyway: Callable[[], None] | None
    instead: tuple[tuple[str, Callable[[], None]], ...] = ()


@dataclass(frozen=True, slots=True)
class _Rules:
    """What verdicts on this page depend on."""

    rules: SchoolRules
    diaries: Mapping[UUID, Diary]
    by_student: Mapping[UUID, tuple[Booked, ...]]
    by_id: Mapping[UUID, Booked]


class CalendarPresenter:
    """One page at a time; the newest question is answered, older answers are dropped."""

    def __init__(self, desk: Desk, memory: Memory, surface: Surface) -> None:
        self._desk = desk
        self._memory = memory
        self._surface = surface
        self._view = memory.read("calendar/view") or DAY
        self._day = local_date(desk.clock.now(), desk.session.tz)
        self._instructor = _uuid(memory.read("calendar/instructor"))
        self._axis: Axis | None = None
        self._rules: _Rules | None = None
        self._names: Mapping[UUID, str] = {}
        self._pending_lesson: UUID | None = None

    @property
    def view(self) -> str:
        """`day` or `week`."""
        return self._view

    @property
    def day(self) -> date:
        """The day shown, or a day of the week shown."""
        return self._day

    # -- going places -------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Read the page shown, and then what verdicts on it depend on."""
        org_id, now, week = self._desk.session.org_id, self._desk.clock.now(), self._view == WEEK
        first = self._day - timedelta(days=self._day.weekday()) if week else self._day
        chosen = self._instructor

        def query(connection: Connection) -> tuple[CalendarData, tuple[tuple[UUID, str], ...]]:
            day = calendar_day(connection, org_id, first, now)
            names = tuple((column.instructor_id, column.name) for column in day.columns)
            if not week or not names:
                return day, names
            instructor = chosen if chosen in dict(names) else names[0][0]
            return calendar_week(connection, org_id, instructor, first, now), names

        self._desk.read("calendar/page", query, partial(self._loaded, now, week))

    def go(self, day: date) -> None:
        """Show a day, or its week."""
        self._day = day
        self.load()

    def today(self) -> None:
        """Show today."""
        self.go(local_date(self._desk.clock.now(), self._desk.session.tz))

    def step(self, by: int) -> None:
        """Go days or weeks forward or back."""
        self.go(self._day + timedelta(days=by * (7 if self._view == WEEK else 1)))

    def set_view(self, view: str) -> None:
        """Day or week."""
        self._view = view
        self._memory.write("calendar/view", view)
        self.load()

    def choose_instructor(self, instructor_id: UUID) -> None:
        """Whose week is shown."""
        self._instructor = instructor_id
        self._memory.write("calendar/instructor", str(instructor_id))
        if self._view == WEEK:
            self.load()

    def choose_nth(self, number: int) -> None:
        """The n-th instructor's week, counted from 1."""
        names = list(self._axis.instructors.values()) if self._axis is not None and self._view == DAY else []
        if 0 < number <= len(names):
            self._view = WEEK
            self.choose_instructor(names[number - 1])

    def open_booking(self, booking_id: UUID) -> None:
        """Go to the day of a booking and select it."""
        org_id = self._desk.session.org_id

        def found(start: datetime) -> None:
            self._pending_lesson = booking_id
            self._view = DAY
            self.go(local_date(start, self._desk.session.tz))

        self._desk.read("calendar/open", lambda c: require_booking(c, org_id, booking_id).start, found)

    def _loaded(self, now: datetime, week: bool, found: tuple[CalendarData, tuple[tuple[UUID, str], ...]]) -> None:
        data, names = found
        self._names = dict(names)
        self._axis = axis_of(data, week=week)
        shown = data.columns[0].instructor_id if week and data.columns else None
        self._surface.show_instructors(names, shown)
        self._surface.show_page(page_of(data, self._axis, now, week=week), self._title(data, week), _note(data))
        if self._pending_lesson is not None:
            self._surface.show_lesson(self._pending_lesson)
            self._pending_lesson = None
        self._read_rules(data.days, now)

    def _title(self, data: CalendarData, week: bool) -> str:
        if not week:
            return formats.day_long(data.days.first)
        first, last = data.days.first, data.days.last
        start = str(first.day) if first.month == last.month else formats.day_long(first).split(" ", 1)[1]
        return f"{start} – {formats.day_long(last).split(' ', 1)[1]}"

    def _read_rules(self, days: Days, now: datetime) -> None:
        org_id = self._desk.session.org_id

        def query(connection: Connection) -> _Rules:
            setting = load_setting(connection, org_id, days)
            diaries = load_diaries(connection, setting, now)
            booked = [each for diary in diaries.values() for each in diary.occupied]
            students: dict[UUID, list[Booked]] = {}
            for each in booked:
                students.setdefault(each.student_id, []).append(each)
            by_student = {key: tuple(rows) for key, rows in students.items()}
            return _Rules(setting.rules, diaries, by_student, {each.id: each for each in booked})

        def loaded(rules: _Rules) -> None:
            self._rules = rules

        self._desk.read("calendar/rules", query, loaded)

    # -- gestures -----------------------------------------------------------------------------------------------

    def verdict(self, proposal: Proposal) -> GhostVerdict:
        """What the rules say about a place under the mouse; at once, from what is loaded."""
        slot = self._slot(proposal)
        rules = self._rules
        if slot is None or rules is None or slot.instructor_id not in rules.diaries:
            return GhostVerdict(ok=True, text="")
        booked = rules.by_student.get(slot.student_id, ()) if slot.student_id is not None else ()
        context = Context(rules.rules, rules.diaries[slot.instructor_id], self._desk.clock.now(), booked)
        answer = verdict(slot, context)
        return GhostVerdict(answer.ok, answer.hard, verdict_words(answer))

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
            again = Moving(request.booking_id, request.start, request.end, request.instructor_id, override=True)
            anyway = partial(self.move, words, again) if error.code in ADVICE else None
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

    def _slot(self, proposal: Proposal) -> Slot | None:
        axis, rules = self._axis, self._rules
        if axis is None or proposal.column_key not in axis.instructors:
            return None
        span = axis.span(proposal.column_key, proposal.start_min, proposal.end_min)
        moved = None if rules is None or proposal.lesson is None else rules.by_id.get(proposal.lesson)
        instructor = axis.instructors[proposal.column_key]
        if moved is None:
            return Slot(instructor, *span, ignore=proposal.lesson)
        return Slot(instructor, *span, moved.student_id, moved.pickup, moved.dropoff, proposal.lesson)


def verdict_words(answer: Verdict) -> str:
    """A verdict in a word or two, for the ghost."""
    return {
        VerdictKind.OK: tr("Calendar", "Free"),
        VerdictKind.SLOT_TAKEN: tr("Calendar", "Taken"),
        VerdictKind.STUDENT_BUSY: tr("Calendar", "Student busy"),
        VerdictKind.HOLIDAY: tr("Calendar", "Holiday"),
        VerdictKind.OUTSIDE_HOURS: tr("Calendar", "Outside hours"),
        VerdictKind.TRAVEL_TOO_TIGHT: tr("Calendar", "Travel too tight"),
        VerdictKind.DAILY_CAP: tr("Calendar", "Daily limit"),
        VerdictKind.NOTICE: tr("Calendar", "Short notice"),
        VerdictKind.HORIZON: tr("Calendar", "Far ahead"),
    }[answer.kind]


def _note(data: CalendarData) -> str:
    return ", ".join(data.holidays.values())


def _uuid(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        return None
