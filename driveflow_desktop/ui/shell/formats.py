"""Money, dates and times in the words of the school's locale (Babel/CLDR)."""

from datetime import date, time, timedelta
from decimal import Decimal

from babel.dates import format_date, format_time
from babel.numbers import format_currency

LOCALE = "en_AU"
_A_SUNDAY = date(2023, 1, 1)


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


def weekday_alone(value: date) -> str:
    """`Tue`, for a day of the week ahead."""
    return format_date(value, "EEE", locale=LOCALE)


def weekday(number: int) -> str:
    """`Monday` for 1; Sunday is 0, as weekly hours are stored."""
    return format_date(_A_SUNDAY + timedelta(days=number), "EEEE", locale=LOCALE)


def duration(minutes: int) -> str:
    """`45 min`, `2 h`, `3 h 22 min`."""
    hours, rest = divmod(abs(minutes), 60)
    parts = ([f"{hours} h"] if hours else []) + ([f"{rest} min"] if rest or not hours else [])
    return ("−" if minutes < 0 else "") + " ".join(parts)


def day_long(value: date) -> str:
    """`Tuesday 24 November`, for headings."""
    return format_date(value, "EEEE d MMMM", locale=LOCALE)


def clock(minute: int) -> str:
    """Minutes since midnight (0 to 1440) as `2:30 pm`."""
    hour, minutes = divmod(minute % 1440, 60)
    return format_time(time(hour, minutes), "h:mm a", locale=LOCALE).replace("\u202f", " ").replace("\xa0", " ")
