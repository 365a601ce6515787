"""Times in the plain words of refusals."""

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime


def plain_time(instant: datetime, tz: ZoneInfo) -> str:
    """An instant on the school's wall, like "Sat 3 Oct, 8:00 am"."""
    return format_datetime(instant.astimezone(tz), "EEE d MMM, h:mm a", tzinfo=tz, locale="en_AU")
