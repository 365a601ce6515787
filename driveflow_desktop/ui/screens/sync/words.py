"""A conflict in the desk's words: what happened, both sides, and what each way out does. No Qt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from driveflow_desktop.domain.contacts import display_phone
from driveflow_desktop.domain.scheduling.rules.slots import FoundSlot
from driveflow_desktop.kernel.time import local_date, minute_of_day
from driveflow_desktop.store.log_tables import Op
from driveflow_desktop.sync.inbox import Author, Entry, Field, Named, Shown, Versions, Way
from driveflow_desktop.ui.ports import Session
from driveflow_desktop.ui.screens.activity.columns import choices
from driveflow_desktop.ui.screens.activity.words import column_words
from driveflow_desktop.ui.screens.calendar.mapping import span_words
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.widgets.marks import PillTone
from driveflow_desktop.ui.words import tr

NOTHING: Final = "–"
_BOOKINGS: Final = "bookings"


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as it is listed."""

    id: UUID
    title: str
    about: str
    pill: str
    tone: PillTone

    @property
    def spoken(self) -> str:
        """The row as one phrase."""
        return ", ".join(part for part in (self.title, self.about, self.pill) if part)


@dataclass(frozen=True, slots=True)
class Fact:
    """A column of one side; `marked` where the sides differ."""

    name: str
    value: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Side:
    """One version."""

    title: str
    author: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Detail:
    """An entry in full. Empty words of a way out mean that it is not offered; `gives_up` that discarding loses work."""

    id: UUID
    title: str
    explanation: str
    theirs: Side
    mine: Side
    more: tuple[str, ...]
    decide: str
    again: str
    discard: str
    gives_up: bool
    places: bool


class ConflictWords:
    """Says entries in the school's zone and money, seen from `now`."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session = session
        self._now = now

    def row(self, entry: Entry) -> Row:
        """The entry in the list."""
        about = " · ".join(part for part in (entry.subject, self._start(entry)) if part)
        pill, tone = _pill(entry.code)
        return Row(entry.transaction_id, self.title(entry), about, pill, tone)

    def title(self, entry: Entry) -> str:
        """What happened, in a few words."""
        changed = _changed(entry)
        if changed and entry.code in ("version_conflict", "overwritten"):
            what = tr("Conflicts", "Lesson") if entry.versions[0].table == _BOOKINGS else _label(changed)
            return tr("Conflicts", "{what} changed twice").format(what=what)
        return _titles().get(entry.code, tr("Conflicts", "A change that did not stand"))

    def detail(self, entry: Entry) -> Detail:
        """The entry in full."""
        first = entry.versions[0] if entry.versions else None
        theirs, mine = self._sides(entry, first)
        return Detail(
            entry.transaction_id,
            self.title(entry),
            self._explanation(entry),
            theirs,
            mine,
            tuple(self._also(each) for each in entry.versions[1:]),
            self._decide(entry, first),
            self._again(entry),
            _discard(entry, first),
            not entry.is_notice,
            Way.PLACE in entry.ways,
        )

    def moment(self, at: datetime) -> str:
        """“9:02 am” today, else with its day."""
        clock = formats.clock(minute_of_day(at, self._session.tz))
        return clock if self._day_of(at) == self._today else f"{formats.day_short(self._day_of(at))} {clock}"

    def place(self, found: FoundSlot, names: Mapping[UUID, str]) -> str:
        """“Dana · today 3:30 pm”."""
        slot = found.slot
        who = names.get(slot.instructor_id, "").split(" ")[0]
        clock = formats.clock(minute_of_day(slot.start, self._session.tz))
        return f"{who} · {self._near_day(self._day_of(slot.start))} {clock}"

    def place_title(self, entry: Entry, booking_id: UUID) -> str:
        """“Place Amir’s lesson”."""
        for each in entry.versions:
            student = next((field.mine for field in each.fields if field.column == "student_id"), None)
            if each.row_id == booking_id and isinstance(student, Named) and student.name:
                return tr("Conflicts", "Place {name}’s lesson").format(name=student.name.split(" ")[0])
        return tr("Conflicts", "Place the lesson")

    # -- sides --------------------------------------------------------------------------------------------------

    def _sides(self, entry: Entry, first: Versions | None) -> tuple[Side, Side]:
        their_title = tr("Conflicts", "What stands")
        my_title = tr("Conflicts", "Yours, replaced") if entry.is_notice else tr("Conflicts", "Yours, not applied")
        if first is not None and first.table == _BOOKINGS and first.other_id is not None:
            their_title, my_title = tr("Conflicts", "On the calendar"), tr("Conflicts", "Yours, not placed")
        theirs, mine = self._facts(first) if first is not None else ((), ())
        return Side(their_title, self._author(entry.theirs), theirs), Side(my_title, self._author(entry.mine), mine)

    def _facts(self, versions: Versions) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
        by_column = {field.column: field for field in versions.fields}
        mine, theirs = [], []
        for field in versions.fields:
            if field.column == "end_at" and "start_at" in by_column:
                continue
            end = by_column.get("end_at") if field.column == "start_at" else None
            marked = field.differs or (end is not None and end.differs)
            name = tr("Conflicts", "Time") if end is not None else _label(field.column)
            mine.append(Fact(name, self._side_value(field, end, mine=True), marked))
            theirs.append(Fact(name, self._side_value(field, end, mine=False), marked))
        gone = (Fact("", tr("Conflicts", "No longer there"), marked=False),)
        removed = (Fact("", tr("Conflicts", "Deleted"), marked=True),)
        return tuple(theirs) if versions.has_theirs else gone, tuple(mine) if versions.has_mine else removed

    def _side_value(self, field: Field, end: Field | None, *, mine: bool) -> str:
        value = field.mine if mine else field.theirs
        until = None if end is None else end.mine if mine else end.theirs
        if isinstance(value, datetime) and isinstance(until, datetime):
            return f"{formats.day_short(self._day_of(value))}, {span_words(value, until, self._session.tz)}"
        return self._value(field.column, value)

    def _value(self, column: str, value: Shown) -> str:
        if value is None or value == "":
            return NOTHING
        tellers: tuple[tuple[type, Callable[[object], str]], ...] = (
            (Named, lambda one: getattr(one, "name", "") or "…"),
            (bool, lambda one: tr("Conflicts", "yes") if one else tr("Conflicts", "no")),
            (datetime, lambda one: self.moment(one) if isinstance(one, datetime) else ""),
            (date, lambda one: formats.day(one) if isinstance(one, date) else ""),
            (StrEnum, lambda one: choices().get(str(one)) or str(one).replace("_", " ")),
        )
        for kind, tell in tellers:
            if isinstance(value, kind):
                return tell(value)
        return self._plain(column, value)

    def _plain(self, column: str, value: Shown) -> str:
        if isinstance(value, int):
            if column.endswith("_cents"):
                return formats.money(value, self._session.currency)
            if column in ("start_minute", "end_minute"):
                return formats.clock(value)
            if column == "day_of_week":
                return formats.weekday(value)
        return display_phone(str(value)) if column == "phone" else str(value)

    def _author(self, author: Author) -> str:
        name = author.name or tr("Conflicts", "Another PC")
        return name if author.at is None else f"{name} · {self.moment(author.at)}"

    # -- sentences ----------------------------------------------------------------------------------------------

    def _explanation(self, entry: Entry) -> str:
        words = _explanations().get(entry.code, tr("Conflicts", "The school did not take this change: {detail}"))
        told = words.format(who=entry.subject or tr("Conflicts", "them"), detail=entry.detail)
        if entry.needs is not None:
            told = tr("Conflicts", "It needs another change that waits for your decision. Decide about that one first.")
        if entry.followers:
            count = len(entry.followers)
            one = tr("Conflicts", "1 later change needs it and goes with it.")
            many = tr("Conflicts", "{n} later changes need it and go with it.").format(n=count)
            told = f"{told} {one if count == 1 else many}"
        return told

    def _also(self, versions: Versions) -> str:
        what = _tables().get(versions.table, versions.table.replace("_", " "))
        verb = {
            Op.INSERT: tr("Conflicts", "new"),
            Op.UPDATE: tr("Conflicts", "changed"),
            Op.DELETE: tr("Conflicts", "deleted"),
        }[versions.op]
        _theirs, mine = self._facts(versions)
        told = ", ".join(fact.value for fact in mine[:3] if fact.value != NOTHING)
        return f"{what} ({verb}): {told}"

    def _decide(self, entry: Entry, first: Versions | None) -> str:
        if entry.is_notice:
            return tr("Conflicts", "A later edit replaced yours")
        booking = first is not None and first.table == _BOOKINGS
        return tr("Conflicts", "What about your booking?") if booking else tr("Conflicts", "What about your change?")

    def _again(self, entry: Entry) -> str:
        if Way.AGAIN not in entry.ways:
            return ""
        return tr("Conflicts", "Write mine again") if entry.is_notice else tr("Conflicts", "Apply mine again")

    def _start(self, entry: Entry) -> str:
        if entry.start is None:
            return ""
        clock = formats.clock(minute_of_day(entry.start, self._session.tz))
        return f"{formats.day_short(self._day_of(entry.start))} {clock}"

    def _near_day(self, day: date) -> str:
        ahead = (day - self._today).days
        named = {0: tr("Conflicts", "today"), 1: tr("Conflicts", "tomorrow")}
        return named.get(ahead) or (formats.weekday_alone(day) if 1 < ahead < 7 else formats.day_short(day))

    def _day_of(self, at: datetime) -> date:
        return local_date(at, self._session.tz)

    @property
    def _today(self) -> date:
        return self._day_of(self._now)


def _changed(entry: Entry) -> str:
    """The first column in which the sides differ."""
    return next((field.column for each in entry.versions for field in each.fields if field.differs), "")


def _label(column: str) -> str:
    named = {
        "phone": tr("Conflicts", "Phone number"),
        "service_id": tr("Conflicts", "Lesson"),
        "student_id": tr("Conflicts", "Student"),
        "instructor_id": tr("Conflicts", "Instructor"),
        "price_cents": tr("Conflicts", "Price"),
    }
    return named.get(column) or column_words(column) or column.removesuffix("_id").replace("_", " ").capitalize()


def _discard(entry: Entry, first: Versions | None) -> str:
    if entry.is_notice:
        return tr("Conflicts", "Keep theirs")
    if first is not None and first.table == _BOOKINGS and first.op is Op.INSERT:
        return tr("Conflicts", "Discard my booking")
    return tr("Conflicts", "Discard my change")


def _titles() -> Mapping[str, str]:
    return {
        "slot_taken": tr("Conflicts", "Two lessons, one slot"),
        "student_busy": tr("Conflicts", "One student, two lessons"),
        "version_conflict": tr("Conflicts", "Changed twice"),
        "overwritten": tr("Conflicts", "Replaced by a later edit"),
        "already_exists": tr("Conflicts", "Entered twice"),
        "gone": tr("Conflicts", "Changed after it was deleted"),
        "in_use": tr("Conflicts", "Deleted while in use"),
        "missing_reference": tr("Conflicts", "Something it needs is missing"),
        "state_transition": tr("Conflicts", "A step that is no longer possible"),
        "immutable": tr("Conflicts", "Money cannot be changed"),
        "forbidden": tr("Conflicts", "Not allowed to this role"),
        "no_price": tr("Conflicts", "No price for it"),
        "no_consent": tr("Conflicts", "No consent for GPS"),
        "invalid": tr("Conflicts", "Not accepted"),
        "too_large": tr("Conflicts", "Too large to send"),
    }


def _explanations() -> Mapping[str, str]:
    return {
        "slot_taken": tr(
            "Conflicts",
            "While this PC was offline, another PC booked {who} at the same time. Theirs arrived first and stands. "
            "Yours is kept here until you decide.",
        ),
        "student_busy": tr(
            "Conflicts",
            "Another PC booked the student elsewhere at the same time. Theirs arrived first and stands. "
            "Yours is kept here until you decide.",
        ),
        "version_conflict": tr(
            "Conflicts",
            "Another PC changed the same thing first, and that stands. Yours is kept here until you decide.",
        ),
        "overwritten": tr("Conflicts", "Your edit was saved, and a later one from another PC took its place."),
        "already_exists": tr("Conflicts", "Another PC entered one like this first. Yours is kept here."),
        "gone": tr("Conflicts", "Another PC deleted it before your change arrived, so there is nothing to change."),
        "in_use": tr("Conflicts", "Something new belongs to it, so it was not deleted."),
        "missing_reference": tr("Conflicts", "It refers to something that another PC has removed."),
        "state_transition": tr("Conflicts", "The lesson has moved on since, so this step no longer fits."),
        "immutable": tr("Conflicts", "What was paid stays as it was written. Record a correction instead."),
        "forbidden": tr("Conflicts", "The school did not allow this change. {detail}"),
        "too_large": tr("Conflicts", "This change is too large to travel. Enter it in smaller parts."),
    }


def _tables() -> Mapping[str, str]:
    return {
        "bookings": tr("Conflicts", "Lesson"),
        "students": tr("Conflicts", "Student"),
        "lessons": tr("Conflicts", "Lesson record"),
        "payments": tr("Conflicts", "Payment"),
        "refunds": tr("Conflicts", "Refund"),
        "guardians": tr("Conflicts", "Guardian"),
        "instructors": tr("Conflicts", "Instructor"),
        "services": tr("Conflicts", "Service"),
        "rate_card_items": tr("Conflicts", "Price"),
    }


def _pill(code: str) -> tuple[str, PillTone]:
    """What kind of conflict it is, in two words."""
    named: Mapping[str, tuple[str, PillTone]] = {
        "slot_taken": (tr("Conflicts", "Slot taken"), "bad"),
        "student_busy": (tr("Conflicts", "Student busy"), "bad"),
        "version_conflict": (tr("Conflicts", "Same field"), "warn"),
        "overwritten": (tr("Conflicts", "Replaced"), "info"),
        "already_exists": (tr("Conflicts", "Entered twice"), "warn"),
        "missing_reference": (tr("Conflicts", "Missing"), "warn"),
        "gone": (tr("Conflicts", "Gone"), "warn"),
        "in_use": (tr("Conflicts", "In use"), "warn"),
    }
    return named.get(code, (tr("Conflicts", "Refused"), "bad"))
