"""Times and amounts as people type them. Pure: no Qt."""

import re

from driveflow_desktop.kernel.errors import UserError

_TIME = re.compile(r"(\d{1,2})(?:[:. ]?(\d{2}))? ?(a|am|p|pm)?")
_AMOUNT = re.compile(r"(-?)\$? ?(\d{1,3}(?:,\d{3})+|\d{1,9})(?:\.(\d{1,2}))?")
# Nobody drives at 2 am: an hour below this without "am" and without a leading zero means the afternoon.
_EARLIEST_HOUR = 7


def parse_time(text: str) -> int:
    """Minutes since midnight for `2:30pm`, `1430`, `9`, `9.15`, `noon`, `midday`, `midnight`.

    Without am or pm, hours 1 to 6 mean the afternoon unless they are written with a leading zero (`0630`).
    Raises `UserError` (`invalid`) for anything else.
    """
    words = " ".join(text.lower().replace(".m.", "m").split())
    if words in {"noon", "midday", "midnight"}:
        return 0 if words == "midnight" else 12 * 60
    match = _TIME.fullmatch(words)
    if match is None:
        raise _bad_time(text)
    hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "")[:1]
    if half:
        if not 1 <= hour <= 12:
            raise _bad_time(text)
        hour = hour % 12 + (12 if half == "p" else 0)
    elif 1 <= hour < _EARLIEST_HOUR and not match[1].startswith("0"):
        hour += 12
    if hour > 23 or minute > 59:
        raise _bad_time(text)
    return hour * 60 + minute


def parse_cents(text: str) -> int:
    """Cents for `95`, `95.5`, `$1,234.50`, `-20`; `UserError` (`invalid`) for anything else."""
    match = _AMOUNT.fullmatch(text.strip().replace("−", "-"))
    if match is None:
        raise UserError("invalid", f"“{text.strip()}” is not an amount.", hint="Write it like 95 or 95.50.")
    cents = int(match[2].replace(",", "")) * 100 + int((match[3] or "0").ljust(2, "0"))
    return -cents if match[1] else cents


def _bad_time(text: str) -> UserError:
    return UserError("invalid", f"“{text.strip()}” is not a time.", hint="Write it like 2:30pm or 1430.")
