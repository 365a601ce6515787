"""Reading one line of text as a wish for a lesson: "sam le 60 newtown next wed am". Pure: no Qt, no database.

Every word is tried as a time, a part of day, a length, a date (up to three words), a place that the school knows; of
what is left, the words after "with" are the instructor's name and the others the student's.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from driveflow_desktop.domain.scheduling.rules.travel import Peak
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.shell.typed_date import parse_date
from driveflow_desktop.ui.widgets.typed import parse_time

_DAYS: Final = tuple(range(7))
_PARTS: Final[Mapping[str, tuple[int, int]]] = {
    "am": (0, 12 * 60),
    "morning": (0, 12 * 60),
    "pm": (12 * 60, 24 * 60),
    "afternoon": (12 * 60, 17 * 60),
    "evening": (17 * 60, 24 * 60),
}
_TIME: Final = re.compile(r"(1[0-2]|0?[1-9])([:.][0-5]\d)?(am|pm)|([01]?\d|2[0-3]):[0-5]\d")
_AROUND_MIN: Final = 60
"""How much later than the time asked for a lesson may begin and still fit."""
_USUAL_MIN: Final = 60
_LENGTHS: Final = range(15, 301)
_MOST_DATE_WORDS: Final = 3


@dataclass(frozen=True, slots=True)
class WishLine:
    """What the line says. `first` and `last` are local dates, both included; `part` is the word for a part of day.

    `window` are the wall minutes of a day between which the lesson is to lie, of the part of day or around the time.
    """

    student: str
    minutes: int | None
    place: str | None
    first: date
    last: date
    part: str | None
    when: str
    """The words of the date as typed, empty when there were none."""
    teacher: str = ""
    window: tuple[int, int] | None = None

    @property
    def preferred(self) -> tuple[Peak, ...]:
        """The part of the day, as the slot search takes it."""
        return () if self.window is None else (Peak(frozenset(_DAYS), *self.window),)


def read_wish(text: str, today: date, places: Collection[str], *, horizon_days: int = 14) -> WishLine:
    """The wish in `text`. `places` are the suburbs the school knows, in any case; nothing typed is an error."""
    known = {place.casefold(): place for place in places}
    words = text.split()
    time, words = _take_time(words)
    minutes, words = _take_length(words)
    part, words = _take_part(words)
    span, when, words = _take_date(words, today, horizon_days)
    place, words = _take_place(words, known)
    student, teacher = _take_teacher(words)
    window = None if part is None else _PARTS[part]
    if time is not None:
        part, window = formats.clock(time), (time, time + (minutes or _USUAL_MIN) + _AROUND_MIN)
    return WishLine(student, minutes, place, *span, part, when, teacher, window)


def _take_time(words: Sequence[str]) -> tuple[int | None, list[str]]:
    """A time with am, pm or a colon; a bare number is a length. A leading "at" goes with it."""
    for index, word in enumerate(words):
        if _TIME.fullmatch(word.casefold()):
            start = index - 1 if index and words[index - 1].casefold() == "at" else index
            return parse_time(word), [*words[:start], *words[index + 1 :]]
    return None, list(words)


def _take_teacher(words: Sequence[str]) -> tuple[str, str]:
    """Who learns, and who teaches."""
    lower = [word.casefold() for word in words]
    if "with" not in lower:
        return " ".join(words), ""
    at = lower.index("with")
    return " ".join(words[:at]), " ".join(words[at + 1 :])


def _take_length(words: Sequence[str]) -> tuple[int | None, list[str]]:
    for index, word in enumerate(words):
        digits = word.casefold().removesuffix("min").removesuffix("m")
        if digits.isdecimal() and len(digits) <= 3 and int(digits) in _LENGTHS:
            rest = [*words[:index], *words[index + 1 :]]
            if index < len(rest) and rest[index].casefold() in {"min", "mins", "minutes"}:
                del rest[index]
            return int(digits), rest
    return None, list(words)


def _take_part(words: Sequence[str]) -> tuple[str | None, list[str]]:
    for index, word in enumerate(words):
        if word.casefold() in _PARTS:
            return word.casefold(), [*words[:index], *words[index + 1 :]]
    return None, list(words)


def _take_date(words: Sequence[str], today: date, horizon_days: int) -> tuple[tuple[date, date], str, list[str]]:
    """The longest run of words that is a date; "next week" and "this week" are their days that lie ahead."""
    for length in range(_MOST_DATE_WORDS, 0, -1):
        for index in range(len(words) - length + 1):
            typed = " ".join(words[index : index + length])
            span = _week(typed.casefold(), today) or _one_day(typed, today)
            if span is not None:
                return span, typed, [*words[:index], *words[index + length :]]
    return (today, today + timedelta(days=horizon_days)), "", list(words)


def _week(typed: str, today: date) -> tuple[date, date] | None:
    monday = today - timedelta(days=today.weekday())
    if typed == "this week":
        return today, monday + timedelta(days=6)
    if typed == "next week":
        return monday + timedelta(days=7), monday + timedelta(days=13)
    return None


def _one_day(typed: str, today: date) -> tuple[date, date] | None:
    # A bare number is a length or a house number, never a day.
    found = None if typed.isdecimal() else parse_date(typed, today)
    return None if found is None or found < today else (found, found)


def _take_place(words: Sequence[str], known: Mapping[str, str]) -> tuple[str | None, list[str]]:
    """The longest run of words at the end of which a known suburb stands; a leading "near" goes with it."""
    for length in range(min(3, len(words)), 0, -1):
        for index in range(len(words) - length, -1, -1):
            place = known.get(" ".join(words[index : index + length]).casefold())
            if place is not None:
                start = index - 1 if index and words[index - 1].casefold() in {"near", "in"} else index
                return place, [*words[:start], *words[index + length :]]
    return None, list(words)
