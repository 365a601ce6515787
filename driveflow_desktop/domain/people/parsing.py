"""Cells of other programs' files, read as the values they stand for. Pure; `ValueError` says in words what is wrong."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final, TypeVar

from driveflow_desktop.domain.people.values import LicenceClass, Transmission
from driveflow_desktop.kernel.money import half_up

T = TypeVar("T")

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR_FIRST: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_YEAR_LAST: Final = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})")
_NAMED: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[-/. ]*([a-z]{3,9})\.?[-/., ]*(\d{4}|\d{2})")
_NAMED_FIRST: Final = re.compile(r"([a-z]{3,9})\.? +(\d{1,2})(?:st|nd|rd|th)?[, ]+(\d{4}|\d{2})")
_TIME: Final = re.compile(r"[t ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[ap]m)?(z|[+-]\d{2}:?\d{2})?$")
_CLOCK: Final = re.compile(r"(\d{1,5}):([0-5]\d)(?::[0-5]\d)?")
_HOURS: Final = re.compile(r"(\d{1,5})(?:[.,](\d{1,4}))? ?(?:h|hr|hrs|hour|hours)?")
_HOURS_MINUTES: Final = re.compile(r"(\d{1,5}) ?(?:h|hr|hrs|hours?) ?(\d{1,2}) ?(?:m|min|mins|minutes)?")
_MINUTES: Final = re.compile(r"(\d{1,6}) ?(?:m|min|mins|minutes)")
MONTH_FIRST: Final = frozenset({"US", "PH", "FM", "PW"})
"""Countries that write the month before the day."""

_LICENCES: Final[Mapping[str, LicenceClass]] = {
    "learner": LicenceClass.LEARNER,
    "learners": LicenceClass.LEARNER,
    "l": LicenceClass.LEARNER,
    "ls": LicenceClass.LEARNER,
    "learnerpermit": LicenceClass.LEARNER,
    "provisional": LicenceClass.PROVISIONAL_1,
    "provisional1": LicenceClass.PROVISIONAL_1,
    "provisionalp1": LicenceClass.PROVISIONAL_1,
    "p": LicenceClass.PROVISIONAL_1,
    "p1": LicenceClass.PROVISIONAL_1,
    "redp": LicenceClass.PROVISIONAL_1,
    "provisional2": LicenceClass.PROVISIONAL_2,
    "provisionalp2": LicenceClass.PROVISIONAL_2,
    "p2": LicenceClass.PROVISIONAL_2,
    "greenp": LicenceClass.PROVISIONAL_2,
    "full": LicenceClass.FULL,
    "open": LicenceClass.FULL,
    "overseas": LicenceClass.OVERSEAS,
    "international": LicenceClass.OVERSEAS,
    "foreign": LicenceClass.OVERSEAS,
}
_TRANSMISSIONS: Final[Mapping[str, Transmission]] = {
    "auto": Transmission.AUTO,
    "automatic": Transmission.AUTO,
    "a": Transmission.AUTO,
    "manual": Transmission.MANUAL,
    "man": Transmission.MANUAL,
    "m": Transmission.MANUAL,
    "stick": Transmission.MANUAL,
}


def parse_date(text: str, *, day_first: bool = True, latest: int | None = None) -> date:
    """A date written in figures or with the month's English name; a time after it is left out.

    `latest` is the last year that two figures may mean: 08 is 2008, with `latest` 2026 99 is 1999.
    """
    plain = _TIME.sub("", " ".join(text.lower().split()))
    parts = _parts(plain, day_first)
    if parts is None:
        raise ValueError(f"“{_short(text)}” is not a date; write it like 31/12/2007")
    year, month, day = parts
    if year < 100:
        year += 2000 if latest is None or year + 2000 <= latest else 1900
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"there is no date “{_short(text)}”") from None


def is_day_first(texts: Iterable[str], default: bool) -> bool:
    """Whether a column of dates writes the day before the month, as far as its values tell."""
    for text in texts:
        match = _YEAR_LAST.match(text.strip())
        if match is not None and int(match[1]) > 12:
            return True
        if match is not None and int(match[2]) > 12:
            return False
    return default


def parse_minutes(text: str) -> int:
    """Minutes from hours like 31.5, 31:30, 31 h 30 min or 90 min."""
    plain = " ".join(text.lower().split())
    if match := _CLOCK.fullmatch(plain) or _HOURS_MINUTES.fullmatch(plain):
        return int(match[1]) * 60 + int(match[2])
    if match := _MINUTES.fullmatch(plain):
        return int(match[1])
    if match := _HOURS.fullmatch(plain):
        fraction = (match[2] or "").ljust(4, "0")
        return int(match[1]) * 60 + half_up(int(fraction) * 60, 10_000)
    raise ValueError(f"“{_short(text)}” is not a number of hours; write it like 31.5")


def parse_licence(text: str) -> LicenceClass:
    """A licence stage by any of its usual names."""
    return _choice(text, _LICENCES, "a licence stage", "learner, P1, P2, full or overseas")


def parse_transmission(text: str) -> Transmission:
    """A transmission by any of its usual names."""
    return _choice(text, _TRANSMISSIONS, "a transmission", "auto or manual")


def _choice(text: str, known: Mapping[str, T], what: str, which: str) -> T:
    found = known.get("".join(char for char in text.casefold() if char.isalnum()))
    if found is None:
        raise ValueError(f"“{_short(text)}” is not {what}: {which}")
    return found


def _parts(plain: str, day_first: bool) -> tuple[int, int, int] | None:
    """Year, month and day, unchecked."""
    if match := _YEAR_FIRST.fullmatch(plain):
        return int(match[1]), int(match[2]), int(match[3])
    if match := _YEAR_LAST.fullmatch(plain):
        day, month = (match[1], match[2]) if day_first else (match[2], match[1])
        return int(match[3]), int(month), int(day)
    if (match := _NAMED.fullmatch(plain)) and match[2][:3] in _MONTHS:
        return int(match[3]), _MONTHS.index(match[2][:3]) + 1, int(match[1])
    if (match := _NAMED_FIRST.fullmatch(plain)) and match[1][:3] in _MONTHS:
        return int(match[3]), _MONTHS.index(match[1][:3]) + 1, int(match[2])
    return None


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= 30 else f"{plain[:29]}…"
