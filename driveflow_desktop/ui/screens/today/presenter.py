"""Today in words: what the read model says, as the screen shows it. No Qt here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from babel.dates import format_date

from driveflow_desktop.domain.contacts import display_phone
from driveflow_desktop.domain.finance.values import PaidState
from driveflow_desktop.domain.overview.entries import CalendarEntry
from driveflow_desktop.domain.overview.standing import undecided
from driveflow_desktop.domain.overview.today import (
    Call,
    Closing,
    Debt,
    InstructorLoad,
    LicenceAlert,
    Today,
    Upcoming,
    today,
)
from driveflow_desktop.domain.scheduling.commands.lifecycle import change_status
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.time import local_date, minute_of_day
from driveflow_desktop.store.base import Connection
from driveflow_desktop.store.unit_of_work import UnitOfWork
from driveflow_desktop.ui.ports import Desk
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.words import tr

if TYPE_CHECKING:
    from driveflow_desktop.sync.inbox import Entry

Tone = Literal["neutral", "accent", "ok", "warn", "bad", "info"]
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Line:
    """A row: something on the left, a remark on the right, and the row it is about."""

    id: UUID
    title: str
    remark: str
    student_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class NextLesson:
    """One of the next lessons."""

    id: UUID
    time: str
    student: str
    what: str
    instructor: str
    pill: str
    tone: Tone

    @property
    def spoken(self) -> str:
        """The row as one phrase."""
        return f"{self.time}, {self.student}, {self.what}, {self.instructor}, {self.pill}"


@dataclass(frozen=True, slots=True)
class Load:
    """An instructor's day in hours."""

    name: str
    figures: str
    done: float
    booked: float
    capacity: float


@dataclass(frozen=True, slots=True)
class TodayPage:
    """The whole screen in words; empty tuples are empty states."""

    greeting: str
    subtitle: str
    clock: str
    lessons: tuple[NextLesson, ...]
    loads: tuple[Load, ...]
    to_close: tuple[Line, ...]
    calls: tuple[Line, ...]
    licences: tuple[str, ...]
    owed: tuple[Line, ...]
    owed_total: str
    decisions: tuple[Line, ...]
    undecided: int


class TodayPresenter:
    """Reads Today and closes lessons; the screen gives it a function to show a page."""

    def __init__(self, desk: Desk, show: Callable[[TodayPage], None]) -> None:
        self._desk = desk
        self._show = show
        self._page: Today | None = None

    def load(self) -> None:
        """Read everything again."""
        org_id, now = self._desk.session.org_id, self._desk.clock.now()

        def query(connection: Connection) -> _Found:
            return _Found(today(connection, org_id, now), _waiting(connection, org_id), undecided(connection, org_id))

        self._desk.read("today", query, self._loaded)

    def open_booking(self, booking_id: UUID) -> None:
        """Show a lesson on the calendar."""
        self._desk.open("calendar", booking_id)

    def open_lesson(self, line: Line) -> None:
        """Show the lesson of a line on the calendar."""
        self.open_booking(line.id)

    def open_person(self, line: Line) -> None:
        """Show the student of a line; a number without a student has nowhere to go."""
        if line.student_id is not None:
            self._desk.open("students", line.student_id)

    def close_all_done(self) -> None:
        """Mark every lesson done that is proposed as done: one step, one undo."""
        page = self._page
        done = [] if page is None else [c.entry.id for c in page.to_close if c.proposal.proposal is _DONE]
        if not done:
            self._desk.say(tr("Today", "Nothing is ready to be closed as done."))
            return

        def close(uow: UnitOfWork) -> int:
            for booking_id in done:
                change_status(uow, booking_id, _DONE)
            return len(done)

        words = tr("Today", "1 lesson done") if len(done) == 1 else tr("Today", "{n} lessons done").format(n=len(done))
        self._desk.write(words, close)

    def open_decision(self, line: Line) -> None:
        """Go to a conflict."""
        self._desk.open("sync", line.id)

    def open_inbox(self) -> None:
        """Go to all of them."""
        self._desk.open("sync")

    def _loaded(self, found: "_Found") -> None:
        self._page = found.today
        self._show(self._in_words(found.today, found.waiting, found.undecided))

    def _in_words(self, found: Today, waiting: "Sequence[Entry]", conflicts: int) -> TodayPage:
        session = self._desk.session
        first_name = session.user_name.split(" ")[0] if session.user_name else ""
        return TodayPage(
            greeting=_greeting(found.at.astimezone(session.tz).hour, first_name),
            subtitle=_subtitle(found),
            clock=self._clock_words(found),
            lessons=tuple(self._lesson(each) for each in found.upcoming[:_SHOWN]),
            loads=tuple(_load(each) for each in found.loads if each.booked or not each.on_leave),
            to_close=tuple(self._closing(each) for each in found.to_close[:_SHOWN]),
            calls=tuple(_call(each) for each in found.calls[:_SHOWN]),
            licences=tuple(_licence(each) for each in found.licences[:_SHOWN]),
            owed=tuple(self._debt(each) for each in found.owed.oldest[:_SHOWN]),
            owed_total=formats.money(found.owed.total_cents, session.currency) if found.owed.total_cents else "",
            decisions=self._decisions(waiting),
            undecided=conflicts,
        )

    def _decisions(self, waiting: "Sequence[Entry]") -> tuple[Line, ...]:
        if not waiting:
            return ()
        from driveflow_desktop.ui.screens.sync.words import ConflictWords

        words = ConflictWords(self._desk.session, self._desk.clock.now())
        rows = [words.row(each) for each in waiting]
        return tuple(Line(row.id, row.title, row.about) for row in rows)

    def _clock_words(self, found: Today) -> str:
        session = self._desk.session
        now = formats.clock(minute_of_day(found.at, session.tz))
        left = sum(1 for each in found.upcoming if local_date(each.entry.start, session.tz) == found.day)
        return tr("Today", "{time} · {n} to come today").format(time=now, n=left)

    def _time(self, instant: datetime) -> str:
        session = self._desk.session
        words = formats.clock(minute_of_day(instant, session.tz))
        today_ = local_date(self._desk.clock.now(), session.tz)
        day = local_date(instant, session.tz)
        return words if day == today_ else f"{format_date(day, 'EEE', locale=session.locale)} {words}"

    def _lesson(self, each: Upcoming) -> NextLesson:
        entry = each.entry
        pill, tone = self._pill(entry)
        what = f"{entry.service_name} · {entry.suburb}" if entry.suburb else entry.service_name
        return NextLesson(entry.id, self._time(entry.start), entry.student_name, what, each.instructor_name, pill, tone)

    def _pill(self, entry: CalendarEntry) -> tuple[str, Tone]:
        if entry.conflict or entry.overlaps:
            return tr("Today", "Conflict"), "bad"
        if entry.live:
            return tr("Today", "In lesson"), "info"
        if entry.status is BookingStatus.REQUESTED:
            return tr("Today", "Requested"), "warn"
        if entry.due_cents > 0:
            return tr("Today", "{money} due").format(money=formats.money(entry.due_cents)), "warn"
        if entry.paid is PaidState.PAID:
            return tr("Today", "Paid"), "ok"
        return tr("Today", "Confirmed"), "neutral"

    def _closing(self, each: Closing) -> Line:
        remark = tr("Today", "done?") if each.proposal.proposal is _DONE else tr("Today", "no-show?")
        entry = each.entry
        return Line(entry.id, f"{entry.student_name} {self._time(entry.start)}", remark, entry.student_id)

    def _debt(self, each: Debt) -> Line:
        session = self._desk.session
        day = local_date(each.start, session.tz)
        today_ = local_date(self._desk.clock.now(), session.tz)
        when = tr("Today", "today") if day == today_ else formats.day_short(day)
        remark = f"{formats.money(each.due_cents, session.currency)} · {when}"
        return Line(each.booking_id, each.student_name, remark, each.student_id)


@dataclass(frozen=True, slots=True)
class _Found:
    today: Today
    waiting: "Sequence[Entry]"
    undecided: int


_DONE = BookingStatus.COMPLETED
_DECISIONS = 4


def _waiting(connection: Connection, org_id: UUID) -> "Sequence[Entry]":
    """The newest conflicts. The start of a school without any does not wait for the inbox's modules."""
    if not undecided(connection, org_id):
        return ()
    from driveflow_desktop.sync.inbox import inbox

    return inbox(connection, org_id, limit=_DECISIONS).rows


def _greeting(hour: int, name: str) -> str:
    if hour < 12:
        words = tr("Today", "Good morning")
    elif hour < 18:
        words = tr("Today", "Good afternoon")
    else:
        words = tr("Today", "Good evening")
    return f"{words}, {name}" if name else words


def _subtitle(found: Today) -> str:
    working = [each for each in found.loads if not each.on_leave]
    away = [each.name.split(" ")[0] for each in found.loads if each.on_leave]
    lessons = sum(each.booked for each in found.loads)
    parts = [
        formats.day_long(found.day),
        tr("Today", "1 lesson") if lessons == 1 else tr("Today", "{n} lessons").format(n=lessons),
        tr("Today", "{n} instructors on").format(n=len(working)),
    ]
    if away:
        parts.append(tr("Today", "{names} on leave").format(names=", ".join(away)))
    return f"{parts[0]} · {', '.join(parts[1:])}"


def _load(each: InstructorLoad) -> Load:
    hours = each.minutes / 60
    done = hours * each.done / each.booked if each.booked else 0.0
    capacity = max(each.open_minutes / 60, hours)
    figures = tr("Today", "{booked:g} of {open:g} h").format(booked=round(hours, 2), open=round(capacity, 2))
    return Load(each.name, figures, done, hours, capacity)


def _call(each: Call) -> Line:
    who = each.student_name or display_phone(each.to_address)
    return Line(each.message_id, who, each.error or tr("Today", "not delivered"), each.student_id)


def _licence(each: LicenceAlert) -> str:
    if each.warning.days_left < 0:
        return tr("Today", "{name}: licence expired").format(name=each.name)
    return tr("Today", "{name}: licence until {day}").format(
        name=each.name, day=formats.day_short(each.warning.expires_on)
    )
