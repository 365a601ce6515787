"""A school's own settings: typed here, stored as the JSON document `orgs.settings`.

Reading is forgiving, because the document may come from an older or newer program: a value that does not fit falls
back to its default. Writing is strict, and keeps the keys this version does not know.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Final, cast, get_type_hints

import msgspec

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.types import Json

Minute = Annotated[int, msgspec.Meta(ge=0, le=1440)]
DayOfWeek = Annotated[int, msgspec.Meta(ge=0, le=6)]


@dataclass(frozen=True, slots=True)
class PeakHours:
    """Slow traffic: weekdays (0 = Sunday) and wall minutes, end exclusive."""

    days: tuple[DayOfWeek, ...]
    start_minute: Minute
    end_minute: Minute


_MONDAY_TO_FRIDAY: Final = (1, 2, 3, 4, 5)
_PEAKS: Final = (PeakHours(_MONDAY_TO_FRIDAY, 420, 540), PeakHours(_MONDAY_TO_FRIDAY, 900, 1080))


@dataclass(frozen=True, slots=True)
class SchoolSettings:
    """Everything a school may tune without a program of its own."""

    notice_min: Annotated[int, msgspec.Meta(ge=0, le=14 * 24 * 60)] = 120
    """Minutes before its start within which a lesson counts as booked at short notice."""
    horizon_days: Annotated[int, msgspec.Meta(ge=1, le=730)] = 180
    """Local days ahead up to which the diary is open."""
    default_buffer_min: Annotated[int, msgspec.Meta(ge=0, le=60)] = 15
    """Minutes between two lessons that a new instructor starts with."""
    peaks: tuple[PeakHours, ...] = _PEAKS
    logbook_region: Annotated[str, msgspec.Meta(max_length=10)] | None = None
    """The state whose logbook hours count, where it is not the school's own region."""
    quiet_from_minute: Minute = 21 * 60
    """No SMS leaves from this wall minute on …"""
    quiet_to_minute: Minute = 8 * 60
    """… until this one."""
    reminder_hours: tuple[Annotated[int, msgspec.Meta(ge=1, le=14 * 24)], ...] = (24,)
    """Hours before a lesson at which its reminder is sent; empty for none."""
    trip_window_months: Annotated[int, msgspec.Meta(ge=1, le=120)] = 12
    """How many months of GPS trips a PC keeps; older ones come on demand."""
    document_footer: Annotated[str, msgspec.Meta(max_length=500)] = ""
    """A line at the foot of invoices and statements (payment terms, bank account)."""


_DEFAULTS: Final = SchoolSettings()
_TYPES: Final = get_type_hints(SchoolSettings, include_extras=True)
_NAMES: Final = tuple(each.name for each in fields(SchoolSettings))


def read_settings(document: Mapping[str, Json]) -> SchoolSettings:
    """The settings in a stored document; missing and misfit values take their defaults."""
    found: dict[str, object] = {}
    for name in _NAMES:
        try:
            found[name] = msgspec.convert(document[name], _TYPES[name])
        except (KeyError, msgspec.ValidationError):
            found[name] = getattr(_DEFAULTS, name)
    return msgspec.convert(found, SchoolSettings)


def write_settings(settings: SchoolSettings, current: Mapping[str, Json]) -> dict[str, Json]:
    """The document to store: the settings over the current document's unknown keys.

    Raises `UserError` "invalid" with the setting's name in `column` when a value is out of range.
    """
    plain = cast("dict[str, Json]", msgspec.to_builtins(settings))
    plain = cast("dict[str, Json]", msgspec.json.decode(msgspec.json.encode(plain)))
    for name, value in plain.items():
        try:
            msgspec.convert(value, _TYPES[name])
        except msgspec.ValidationError as problem:
            raise UserError(
                "invalid", f"That setting does not fit: {problem}.", hint="Choose another value.", column=name
            ) from None
    for peak in settings.peaks:
        if peak.end_minute <= peak.start_minute:
            raise UserError("invalid", "Peak hours must end after they start.", column="peaks")
    return {**{name: value for name, value in current.items() if name not in _TYPES}, **plain}
