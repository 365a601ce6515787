"""Dates as people type them: "fri", "next wed", "+2w", "3 dec", "24/11". Pure, in Australian order (day first)."""

import calendar
import re
from collections.abc import Callable
from datetime import date, timedelta

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = tuple(name.lower() for name in calendar.month_name[1:])
_WORDS = {"today": 0, "tod": 0, "tomorrow": 1, "tom": 1, "tmr": 1, "yesterday": -1}
_FIRST, _LAST = date(2000, 1, 1), date(2099, 12, 31)
# Without a year the coming date is meant, but the desk looks at last month more often than ten months ahead.
_LOOK_BACK = timedelta(days=60)

_OFFSET = re.compile(r"([+-]) ?(\d{1,4}) ?(d|days?|w|weeks?|m|months?)?")
_WEEKDAY = re.compile(r"(?:(this|next|last) )?([a-z]{3,9})")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_NUMBERS = re.compile(r"(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}|\d{2}))?")
_DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)? ?([a-z]{3,9})(?: (\d{4}|\d{2}))?")
_MONTH_DAY = re.compile(r"([a-z]{3,9}) (\d{1,2})(?:st|nd|rd|th)?(?: (\d{4}|\d{2}))?")


def parse_date(text: str, today: date) -> date | None:
    """The date meant by `text` when said on `today`, or nothing when it is no date between 2000 and 2099.

    A weekday is the next one after today, "next wed" the Wednesday of the coming week (weeks begin on Monday). A
    date without a year is the coming one, or the last one if that was at most 60 days ago. A leading weekday before
    a full date ("tue 24 nov") is ignored.
    """
    words = " ".join(text.lower().replace(",", " ").split())
    for attempt in (words, _without_weekday(words)):
        for reader in _READERS:
            found = reader(attempt, today) if attempt else None
            if found is not None:
                return found if _FIRST <= found <= _LAST else None
    return None


def _without_weekday(words: str) -> str:
    first, _, rest = words.partition(" ")
    return rest if _prefix_of(first, _DAYS) is not None else ""


def _prefix_of(word: str, names: tuple[str, ...]) -> int | None:
    if len(word) < 3:
        return None
    return next((index for index, name in enumerate(names) if name.startswith(word)), None)


def _shift(day: date, days: int) -> date | None:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def _make(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _words(words: str, today: date) -> date | None:
    if words == "next week":
        return _shift(today, 7 - today.weekday())
    return _shift(today, _WORDS[words]) if words in _WORDS else None


def _offset(words: str, today: date) -> date | None:
    match = _OFFSET.fullmatch(words)
    if match is None:
        return None
    amount = int(match[2]) * (1 if match[1] == "+" else -1)
    unit = (match[3] or "d")[0]
    if unit == "m":
        months = today.year * 12 + today.month - 1 + amount
        year, month = divmod(months, 12)
        if not _FIRST.year <= year <= _LAST.year:
            return None
        return date(year, month + 1, min(today.day, calendar.monthrange(year, month + 1)[1]))
    return _shift(today, amount * (7 if unit == "w" else 1))


def _weekday(words: str, today: date) -> date | None:
    match = _WEEKDAY.fullmatch(words)
    wanted = _prefix_of(match[2], _DAYS) if match else None
    if match is None or wanted is None:
        return None
    ahead = (wanted - today.weekday() - 1) % 7 + 1
    match match[1]:
        case "next":
            return _shift(today, 7 - today.weekday() + wanted)
        case "last":
            return _shift(today, ahead - 7 if ahead != 7 else -7)
        case "this":
            return _shift(today, wanted - today.weekday())
        case _:
            return _shift(today, ahead)


def _iso(words: str, _today: date) -> date | None:
    match = _ISO.fullmatch(words)
    return _make(int(match[1]), int(match[2]), int(match[3])) if match else None


def _numbers(words: str, today: date) -> date | None:
    match = _NUMBERS.fullmatch(words)
    return _with_year(int(match[1]), int(match[2]), match[3], today) if match else None


def _named(words: str, today: date) -> date | None:
    if match := _DAY_MONTH.fullmatch(words):
        day, name, year = match[1], match[2], match[3]
    elif match := _MONTH_DAY.fullmatch(words):
        name, day, year = match[1], match[2], match[3]
    else:
        return None
    month = _prefix_of(name, _MONTHS)
    return None if month is None else _with_year(int(day), month + 1, year, today)


def _with_year(day: int, month: int, year: str | None, today: date) -> date | None:
    if year is not None:
        return _make(int(year) + (2000 if len(year) == 2 else 0), month, day)
    # 29 February may be up to eight years away (2096 to 2104), so look further than next year.
    years = range(today.year - 1, min(today.year + 9, date.max.year + 1))
    made = (_make(each, month, day) for each in years if each >= date.min.year)
    return next((each for each in made if each is not None and each >= today - _LOOK_BACK), None)


_READERS: tuple[Callable[[str, date], date | None], ...] = (_words, _offset, _weekday, _iso, _numbers, _named)
