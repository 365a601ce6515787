"""Services and rate cards in words, and what people type about them read back. No Qt here."""

import re
from collections.abc import Mapping
from typing import Final

from driveflow_desktop.domain.catalog.queries import CardView, ServiceView
from driveflow_desktop.domain.catalog.values import ServiceKind
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.money import half_up
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.words import tr

_CONTEXT: Final = "Services"
_DURATION: Final = re.compile(
    r"(?:(\d{1,2})\s*h(?:ours?|rs?)?)?\s*(?:(\d{1,4})\s*(?:m|min|mins|minutes?)?)?", re.IGNORECASE
)
_PERCENT: Final = re.compile(r"([+-]?)\s*(\d{1,4})(?:[.,](\d{1,2}))?\s*%?")


def kind_words() -> Mapping[ServiceKind, str]:
    """Every kind of service as people call it."""
    return {
        ServiceKind.LESSON: tr(_CONTEXT, "Lesson"),
        ServiceKind.TEST_PREP: tr(_CONTEXT, "Test preparation"),
        ServiceKind.DRIVING_TEST: tr(_CONTEXT, "Driving test"),
        ServiceKind.HIGHWAY: tr(_CONTEXT, "Highway"),
        ServiceKind.NIGHT: tr(_CONTEXT, "Night"),
        ServiceKind.THEORY: tr(_CONTEXT, "Theory"),
        ServiceKind.PACKAGE_LESSON: tr(_CONTEXT, "Package lesson"),
    }


def duration(minutes: int) -> str:
    """`90 min`."""
    return tr(_CONTEXT, "{n} min").format(n=minutes)


def read_duration(text: str) -> int:
    """Minutes for `60`, `90 min`, `1 h 30`, `2h`; `UserError` "invalid" otherwise."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or not (match[1] or match[2]):
        raise UserError(
            "invalid",
            tr(_CONTEXT, "“{text}” is not a duration.").format(text=text.strip()),
            hint=tr(_CONTEXT, "Write it like 60, 90 min or 1 h 30."),
            column="duration_min",
        )
    return int(match[1] or 0) * 60 + int(match[2] or 0)


def validity(card: CardView) -> str:
    """When a card holds: `1 Dec 2026 to 28 Feb 2027`, `from …`, `until …`, or that it always does."""
    first, last = card.valid_from, card.valid_to
    if first is not None and last is not None:
        return tr(_CONTEXT, "{first} to {last}").format(first=formats.day(first), last=formats.day(last))
    if first is not None:
        return tr(_CONTEXT, "from {first}").format(first=formats.day(first))
    if last is not None:
        return tr(_CONTEXT, "until {last}").format(last=formats.day(last))
    return tr(_CONTEXT, "no dates")


def read_percent(text: str) -> int:
    """Basis points for `+3.5 %`, `-10`, `0`; `UserError` "invalid" otherwise."""
    match = _PERCENT.fullmatch(text.strip().replace("−", "-"))
    if match is None:
        raise UserError(
            "invalid",
            tr(_CONTEXT, "“{text}” is not a percentage.").format(text=text.strip()),
            hint=tr(_CONTEXT, "Write it like +5, -10 or 3.5."),
            column="change_bp",
        )
    points = int(match[2]) * 100 + int((match[3] or "0").ljust(2, "0"))
    return -points if match[1] == "-" else points


def hourly(service: ServiceView, cents: int, currency: str) -> str:
    """What a price comes to per hour, for comparing."""
    return tr(_CONTEXT, "{money} an hour").format(
        money=formats.money(half_up(cents * 60, service.duration_min), currency)
    )
