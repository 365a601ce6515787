"""How concurrent edits of one row meet: which columns belong together, and which give way (docs/protocol.md, Conflict).

Everything that is not named here is *guarded*, so that a new column is safe until someone decides otherwise.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


class ColumnClass(StrEnum):
    """What happens when two PCs change the same column."""

    PLAIN = "plain"
    """The later edit stands; the earlier one is kept as a notice."""
    TEXT = "text"
    """Merged line by line; both kept when that fails."""
    GUARDED = "guarded"
    """The second edit is refused, with the current row."""


_CONTACT: Final = frozenset({"phone", "email"})

_PLAIN: Final[Mapping[str, frozenset[str]]] = {
    "orgs": _CONTACT | {"address"},
    "instructors": _CONTACT | {"colour"},
    "students": _CONTACT | {"alert", "contact_opt_out", "pickup_address", "pickup_lat", "pickup_lng"},
    "guardians": _CONTACT,
    "student_guardians": frozenset({"relation"}),
    "services": frozenset({"description", "colour"}),
    "waitlist_entries": frozenset({"preferences"}),
    "availability_exceptions": frozenset({"note"}),
    "message_templates": frozenset({"subject", "body"}),
}

_TEXT: Final[Mapping[str, frozenset[str]]] = {
    "students": frozenset({"notes"}),
    "bookings": frozenset({"notes"}),
    "lessons": frozenset({"notes"}),
}

_PICKUP: Final = ("pickup_address", "pickup_lat", "pickup_lng")
_DROPOFF: Final = ("dropoff_address", "dropoff_lat", "dropoff_lng")
_SPAN: Final = ("start_minute", "end_minute")

_GROUPS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "bookings": (
        (
            "start_at",
            "end_at",
            "instructor_id",
            "student_id",
            "service_id",
            "status",
            "price_cents",
            "platform_fee_cents",
            "instructor_share_cents",
            "currency",
        ),
        _PICKUP,
        _DROPOFF,
    ),
    "students": (_PICKUP,),
    "instructor_availabilities": (("day_of_week", *_SPAN, "effective_from", "effective_to"),),
    "availability_exceptions": (("date", "is_available", *_SPAN),),
}


def class_of(table: str, column: str) -> ColumnClass:
    """The class of a column."""
    if column in _PLAIN.get(table, ()):
        return ColumnClass.PLAIN
    if column in _TEXT.get(table, ()):
        return ColumnClass.TEXT
    return ColumnClass.GUARDED


def groups_of(table: str, columns: Iterable[str]) -> list[tuple[str, ...]]:
    """The given columns by group: those that conflict together stand together, every other column stands alone."""
    left = list(columns)
    found: list[tuple[str, ...]] = []
    for group in _GROUPS.get(table, ()):
        members = tuple(column for column in left if column in group)
        if members:
            found.append(members)
            left = [column for column in left if column not in members]
    return found + [(column,) for column in left]
