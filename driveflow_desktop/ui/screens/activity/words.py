"""An audit entry in the desk's words. No Qt."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from typing import Final, cast

from driveflow_desktop.domain.contacts import display_phone
from driveflow_desktop.domain.overview.activity import Activity, Change, Difference
from driveflow_desktop.kernel.time import local_date, minute_of_day
from driveflow_desktop.store.types import Json
from driveflow_desktop.ui.calendar.colours import FAMILIES
from driveflow_desktop.ui.ports import Session
from driveflow_desktop.ui.screens.activity.columns import FACTS, TECHNICAL, Told, choices, columns
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.typed_values import colour_names
from driveflow_desktop.ui.words import tr

NOTHING: Final = "–"
_UNDONE: Final = ".undone"
_TIMES: Final = ("start_at", "end_at")
_WITH_LABEL: Final = ("flag", "number", "points", "percent", "settings")
"""Values that say nothing without the label of their column."""


@dataclass(frozen=True, slots=True)
class Line:
    """A column, before and after, in words; empty where there was nothing."""

    column: str
    label: str
    before: str
    after: str


def column_words(column: str) -> str:
    """A column as a person says it; empty for the program's own."""
    if column in TECHNICAL:
        return ""
    words = column.replace("_", " ")
    return columns().get(column, Told(words[:1].upper() + words[1:])).label


def action_words(action: str) -> str:
    """`booking.moved` → “Booking moved”, `booking.cancelled.undone` → “Cancellation undone”."""
    done = action.removesuffix(_UNDONE)
    words = done.replace(".", " ").replace("_", " ")
    title = _titles().get(done, words[:1].upper() + words[1:])
    if done == action:
        return title
    is_shout = title[:2].isupper()  # GPS
    inner = title if is_shout else title[:1].lower() + title[1:]
    return _undone().get(done) or tr("Activity", "Undone: {act}").format(act=inner)


@cache
def _titles() -> Mapping[str, str]:
    return {
        "booking.no_show": tr("Activity", "No-show"),
        "booking.payment_awaited": tr("Activity", "Booking waits for payment"),
        "student.gps_consent_given": tr("Activity", "GPS consent given"),
        "student.gps_consent_withdrawn": tr("Activity", "GPS consent withdrawn"),
        "lesson.taken_back": tr("Activity", "Lesson record taken back"),
    }


@cache
def _undone() -> Mapping[str, str]:
    return {
        "booking.created": tr("Activity", "Booking undone"),
        "booking.cancelled": tr("Activity", "Cancellation undone"),
        "booking.moved": tr("Activity", "Move undone"),
        "booking.resized": tr("Activity", "New length undone"),
        "booking.no_show": tr("Activity", "No-show undone"),
        "booking.completed": tr("Activity", "Completion undone"),
        "booking.confirmed": tr("Activity", "Confirmation undone"),
        "booking.started": tr("Activity", "Start undone"),
        "booking.edited": tr("Activity", "Change of booking undone"),
        "lesson.started": tr("Activity", "Start of lesson undone"),
        "lesson.ended": tr("Activity", "End of lesson undone"),
        "payment.recorded": tr("Activity", "Payment undone"),
        "refund.recorded": tr("Activity", "Refund undone"),
        "refund.requested": tr("Activity", "Refund undone"),
        "student.created": tr("Activity", "New student undone"),
        "student.edited": tr("Activity", "Change of student undone"),
        "guardian.created": tr("Activity", "New guardian undone"),
        "instructor.created": tr("Activity", "New instructor undone"),
    }


class ActivityWords:
    """Says entries in the school's money, zone and calendar, seen from today (for the year)."""

    def __init__(self, session: Session, today: date) -> None:
        self._session = session
        self._today = today

    def moment(self, at: datetime) -> str:
        """`Wed 25 Nov 2:00 pm`, with the year where it is another one."""
        return f"{self._day(local_date(at, self._session.tz))} {self._clock(at)}"

    def about(self, found: Activity) -> str:
        """Whom it is about, and which lesson where the entry does not tell that itself."""
        if found.lesson_start is None or any(each.column == "start_at" for each in found.differences):
            return found.subject
        return " · ".join(part for part in (found.subject, self.moment(found.lesson_start)) if part)

    def lines(self, found: Activity) -> tuple[Line, ...]:
        """Every column that says something to a person, what matters most first."""
        return tuple(self._line(each, found) for each in _told(found))

    def summary(self, found: Activity, lines: Sequence[Line]) -> str:
        """The entry in one line: what is there now, or what became of what."""
        if found.erased:
            return tr("Activity", "Erased on request")
        if found.change is Change.CHANGED:
            return "; ".join(self._changed(found, lines))
        return " · ".join(_facts(found, lines))

    def _changed(self, found: Activity, lines: Sequence[Line]) -> list[str]:
        shown = [each for each in lines if each.after] or list(lines)
        if _same_length(found.differences):
            shown = [each for each in shown if each.column != "end_at"]
        raw = {each.column: each for each in found.differences}
        return [self._arrow(each, raw[each.column]) for each in shown]

    def _arrow(self, line: Line, raw: Difference) -> str:
        if not line.before:
            return f"{line.label}: {_one_line(line.after)}"
        before, after = _one_line(line.before), _one_line(line.after or NOTHING)
        if line.column not in _TIMES:
            return f"{line.label}: {before} → {after}"
        was, now = (datetime.fromisoformat(str(value)) for value in (raw.before, raw.after))
        day = local_date(was, self._session.tz)
        if day == local_date(now, self._session.tz):
            before, after = f"{self._day(day)}, {self._clock(was)}", self._clock(now)
        return f"{before} → {after}" if line.column == "start_at" else f"{line.label}: {before} → {after}"

    def _line(self, difference: Difference, found: Activity) -> Line:
        told = columns()[difference.column]
        before, after = difference.before, difference.after
        if told.kind == "settings":
            before, after = _differing(before, after), _differing(after, before)
        tell = partial(self._value, told, found.table)
        return Line(difference.column, told.label, tell(before), tell(after))

    def _value(self, told: Told, table: str, value: Json) -> str:
        if value is None or value == {}:
            return ""
        if isinstance(value, bool):
            return tr("Activity", "yes") if value else tr("Activity", "no")
        if isinstance(value, int):
            return self._number(told, value)
        if isinstance(value, str):
            return self._text(told, table, value)
        return _settings_words(value)

    def _number(self, told: Told, value: int) -> str:
        tellers: Mapping[str, Callable[[int], str]] = {
            "money": lambda cents: formats.money(cents, self._session.currency),
            "minutes": formats.duration,
            "seconds": lambda seconds: formats.duration(round(seconds / 60)),
            "metres": lambda metres: tr("Activity", "{km} km").format(km=f"{metres / 1000:.1f}"),
            "clock": formats.clock,
            "weekday": formats.weekday,
            "points": lambda points: f"{points / 100:g} %",
            "percent": lambda percent: f"{percent} %",
        }
        return tellers.get(told.kind, str)(value)

    def _text(self, told: Told, table: str, value: str) -> str:
        match told.kind:
            case "instant":
                return self.moment(datetime.fromisoformat(value))
            case "day":
                return self._day(date.fromisoformat(value))
            case "choice":
                known = choices()
                return known.get(f"{table}:{value}") or known.get(value) or value.replace("_", " ")
            case "phone":
                return display_phone(value)
            case "colour":
                return _colour_words(value)
            case _:
                return value

    def _day(self, day: date) -> str:
        return formats.day_short(day) if day.year == self._today.year else formats.day(day)

    def _clock(self, at: datetime) -> str:
        return formats.clock(minute_of_day(at, self._session.tz))


def _told(found: Activity) -> list[Difference]:
    """The differences a person cares for, in the order of `columns`; zeros and noes of a new row are no news."""
    by_column = {each.column: each for each in found.differences}
    told = [by_column[column] for column in columns() if column in by_column]
    if found.change is Change.CHANGED:
        return told
    quiet = (0, "", False, None)
    return [each for each in told if each.before not in quiet or each.after not in quiet]


def _facts(found: Activity, lines: Sequence[Line]) -> list[str]:
    known = {each.column: each for each in lines}
    wanted = FACTS.get(found.table)
    shown = list(lines) if wanted is None else [known[column] for column in wanted if column in known]
    with_label = wanted is None
    return [_fact(each, with_label=with_label or columns()[each.column].kind in _WITH_LABEL) for each in shown]


def _fact(line: Line, *, with_label: bool) -> str:
    value = _one_line(line.after or line.before)
    return f"{line.label}: {value}" if with_label else value


def _same_length(differences: Sequence[Difference]) -> bool:
    """Whether a lesson was moved as it is."""
    raw = {each.column: each for each in differences}
    if any(column not in raw or None in (raw[column].before, raw[column].after) for column in _TIMES):
        return False
    shifts = {
        datetime.fromisoformat(str(raw[column].after)) - datetime.fromisoformat(str(raw[column].before))
        for column in _TIMES
    }
    return len(shifts) == 1


def _differing(value: Json, other: Json) -> Json:
    """What of a document differs from another."""
    if not isinstance(value, Mapping):
        return None
    there = other if isinstance(other, Mapping) else {}
    return cast("Json", {name: each for name, each in value.items() if there.get(name) != each})


def _settings_words(value: Json) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    parts = (
        name.replace("_", " ") if each is True else f"{name.replace('_', ' ')}: {each}" for name, each in value.items()
    )
    return ", ".join(parts)


def _colour_words(value: str) -> str:
    family = next((name for name, each in FAMILIES.items() if value in (name, each.light_edge)), "")
    return colour_names().get(family, value)


def _one_line(words: str) -> str:
    return " ".join(words.split()).removesuffix(".")
