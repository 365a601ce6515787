"""What a person's columns may hold, tidied and checked the same way for typing, importing and pushing through commands.

Pure: no database. Every function takes column values and returns them as they are stored; the first that cannot be is
a `UserError` "invalid" that names its column.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Final

from driveflow_desktop.domain.contacts import clean_email, normalise_phone
from driveflow_desktop.domain.names import clean_abn, clean_name
from driveflow_desktop.domain.people.rules.places import Place, check_place
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.money import BASIS_POINTS
from driveflow_desktop.store.types import Value

MICRODEGREES: Final = 1_000_000
MOST_LOGBOOK_MINUTES: Final = 10_000 * 60
_OLDEST_YEARS: Final = 120
_BSB: Final = re.compile(r"(\d{3})[\s-]?(\d{3})")
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}|[a-z][a-z0-9-]{0,19}")

Values = Mapping[str, Value]
_Check = Callable[[Value, str], Value]


class Checker:
    """The checks of one school: its country decides how phones and places are read, `today` what is in the past."""

    def __init__(self, country: str, today: date) -> None:
        self._country = country
        self._today = today
        self._checks: Mapping[str, _Check] = {
            "full_name": _name,
            "display_name": _name,
            "phone": self._phone,
            "email": _email,
            "dob": self._birthday,
            "licence_expires_on": _expiry,
            "license_expires_on": _expiry,
            "logbook_minutes": _logbook,
            "logbook_night_minutes": _logbook,
            "abn": _abn,
            "fee_bp": _between(0, BASIS_POINTS, "A share lies between 0 and 100 %."),
            "travel_buffer_min": _between(0, 60, "The buffer is 0 to 60 minutes."),
            "max_lessons_per_day": _between(1, 30, "The daily limit is 1 to 30 lessons."),
            "bank_bsb": _bsb,
            "bank_account": _account,
            "colour": _colour,
        }

    def clean(self, values: Values) -> dict[str, Value]:
        """Every value as it is stored; text without a check of its own is trimmed, and empty text becomes None."""
        return {column: self._clean(column, value) for column, value in values.items()}

    def _clean(self, column: str, value: Value) -> Value:
        if type(value) is str:  # not an enumeration's member
            value = value.strip() or None
        check = self._checks.get(column)
        return value if check is None or (value is None and column not in _NEEDED) else check(value, column)

    def microdegrees(self, place: Place | None, column: str) -> tuple[int | None, int | None]:
        """A point as two columns hold it; refused outside the school's country."""
        if place is None:
            return None, None
        try:
            found = check_place(place.lat, place.lng, self._country)
        except UserError as problem:
            raise UserError(problem.code, problem.message, hint=problem.hint, column=column) from None
        return round(found.lat * MICRODEGREES), round(found.lng * MICRODEGREES)

    def _phone(self, value: Value, column: str) -> Value:
        return normalise_phone(str(value), self._country, column=column)

    def _birthday(self, value: Value, column: str) -> Value:
        born = _date(value, column)
        if not self._today - timedelta(days=366 * _OLDEST_YEARS) <= born <= self._today:
            raise UserError(
                "invalid", "That cannot be a birth date.", hint="Check the year, and day before month.", column=column
            )
        return born


_NEEDED: Final = frozenset({"full_name", "display_name"})


def check_logbook(values: Values) -> None:
    """Night minutes are part of all minutes; `values` hold both."""
    total, night = values.get("logbook_minutes"), values.get("logbook_night_minutes")
    if isinstance(total, int) and isinstance(night, int) and night > total:
        raise UserError(
            "invalid",
            "There cannot be more night hours than hours in the logbook.",
            hint="The night hours are part of the total.",
            column="logbook_night_minutes",
        )


def _name(value: Value, column: str) -> Value:
    return clean_name(str(value or ""), column=column)


def _email(value: Value, column: str) -> Value:
    return clean_email(str(value), column=column)


def _abn(value: Value, column: str) -> Value:
    return clean_abn(str(value), column=column)


def _date(value: Value, column: str) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise UserError("invalid", "That is not a date.", hint="Write it like 31/12/2007.", column=column)
    return value


def _expiry(value: Value, column: str) -> Value:
    found = _date(value, column)
    if not 1990 <= found.year < 2100:
        raise UserError("invalid", "That expiry date is out of range.", hint="Check the year.", column=column)
    return found


def _logbook(value: Value, column: str) -> Value:
    if not isinstance(value, int) or not 0 <= value <= MOST_LOGBOOK_MINUTES:
        raise UserError("invalid", "Logbook hours lie between 0 and 10,000.", column=column)
    return value


def _between(low: int, high: int, words: str) -> _Check:
    def check(value: Value, column: str) -> Value:
        if not isinstance(value, int) or not low <= value <= high:
            raise UserError("invalid", words, column=column)
        return value

    return check


def _bsb(value: Value, column: str) -> Value:
    match = _BSB.fullmatch(str(value))
    if match is None:
        raise UserError("invalid", "A BSB has six digits.", hint="Write it like 062-000.", column=column)
    return f"{match[1]}-{match[2]}"


def _account(value: Value, column: str) -> Value:
    digits = re.sub(r"[\s-]", "", str(value))
    if not digits.isascii() or not digits.isdigit() or not 4 <= len(digits) <= 20:
        raise UserError("invalid", "An account number is made of 4 to 20 digits.", column=column)
    return digits


def _colour(value: Value, column: str) -> Value:
    if _COLOUR.fullmatch(str(value)) is None:
        raise UserError("invalid", "That is not a colour.", hint="Choose one of the palette.", column=column)
    return value
