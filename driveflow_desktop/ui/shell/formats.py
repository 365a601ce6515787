"""Money, dates and times in the words of the school's locale (Babel/CLDR)."""

from datetime import date, time
from decimal import Decimal

from babel.dates import format_date, format_time
from babel.numbers import format_currency

LOCALE = "en_AU"


def money(cents: int, currency: str = "AUD") -> str:
    """`9500` → `$95.00`; negative amounts carry a real minus sign."""
    return format_currency(Decimal(cents) / 100, currency, locale=LOCALE).replace("-", "−")


def day(value: date) -> str:
    """`Tue 24 Nov 2026`."""
    return format_date(value, "EEE d MMM y", locale=LOCALE)


def day_short(value: date) -> str:
    """`Tue 24 Nov`, where the year is plain from the context."""
    return format_date(value, "EEE d MMM", locale=LOCALE)


def weekday_short(value: date) -> str:
    """`Tue 24`, where the month is plain from the context."""
    return format_date(value, "EEE d", locale=LOCALE)


def day_long(value: date) -> str:
    """`Tuesday 24 November`, for headings."""
    return format_date(value, "EEEE d MMMM", locale=LOCALE)


def clock(minute: int) -> str:
    """Minutes since midnight (0 to 1440) as `2:30 pm`."""
    hour, minutes = divmod(minute % 1440, 60)
    return format_time(time(hour, minutes), "h:mm a", locale=LOCALE).replace("\u202f", " ").replace("\xa0", " ")
