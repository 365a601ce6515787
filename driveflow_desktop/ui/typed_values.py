"""What people type where a date, a number or a colour is wanted, read for presenters. No Qt here."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.calendar.colours import FAMILIES
from driveflow_desktop.ui.shell.typed_date import parse_date
from driveflow_desktop.ui.words import tr

_CONTEXT: Final = "Typed"


def read_date(text: str, today: date, column: str) -> date | None:
    """The date that was typed, None for an empty text; `UserError` "invalid" otherwise."""
    if not text.strip():
        return None
    found = parse_date(text, today)
    if found is None:
        raise UserError(
            "invalid",
            tr(_CONTEXT, "“{text}” is not a date.").format(text=text.strip()),
            hint=tr(_CONTEXT, "Write it like 3 dec or 24/11/2026."),
            column=column,
        )
    return found


def require_date(text: str, today: date, column: str) -> date:
    """The date that was typed; `UserError` "invalid" also for an empty text."""
    found = read_date(text, today, column)
    if found is None:
        raise UserError("invalid", tr(_CONTEXT, "A date is needed."), column=column)
    return found


def read_number(text: str, column: str) -> int:
    """A whole number, with a word after it or not; `UserError` "invalid" otherwise."""
    digits = text.strip().split(" ")[0]
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise UserError(
            "invalid",
            tr(_CONTEXT, "“{text}” is not a number.").format(text=text.strip()),
            hint=tr(_CONTEXT, "Write it in digits."),
            column=column,
        )
    return int(digits)


def colour_names() -> Mapping[str, str]:
    """The families of colours that services and people choose from, by their stored names."""
    named = {
        "blue": tr(_CONTEXT, "Blue"),
        "teal": tr(_CONTEXT, "Teal"),
        "violet": tr(_CONTEXT, "Violet"),
        "green": tr(_CONTEXT, "Green"),
        "indigo": tr(_CONTEXT, "Indigo"),
        "amber": tr(_CONTEXT, "Amber"),
        "rose": tr(_CONTEXT, "Rose"),
        "slate": tr(_CONTEXT, "Slate"),
    }
    return {name: named.get(name, name.title()) for name in FAMILIES}
