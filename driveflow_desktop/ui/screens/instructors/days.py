"""What is different on dates, as rows: leave as ranges, parts of days, extra days, holidays. No Qt here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal
from uuid import UUID

from driveflow_desktop.domain.scheduling.queries import ExceptionRow, HolidayRow
from driveflow_desktop.ui.screens.instructors.reading import InstructorDetail
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.words import tr

_CONTEXT: Final = "Instructors"
DayKind = Literal["leave", "part", "open", "holiday"]


@dataclass(frozen=True, slots=True)
class DayRow:
    """A line of the table. `ids` are the stored rows behind it; `closed` is what a holiday is."""

    id: UUID
    kind: DayKind
    first: date
    last: date
    when: str
    hours: str
    reason: str
    ids: tuple[UUID, ...]
    closed: bool = True


def day_rows(detail: InstructorDetail) -> tuple[DayRow, ...]:
    """Everything ahead that is different for an instructor, by date."""
    rows = [*_leaves(detail.exceptions), *_others(detail.exceptions), *(_holiday(each) for each in detail.holidays)]
    return tuple(sorted(rows, key=lambda row: (row.first, row.kind, row.id)))


def range_words(first: date, last: date) -> str:
    """`Wed 25 Nov 2026`, `4–15 Jan 2027`, `28 Dec 2026 – 3 Jan 2027`."""
    if first == last:
        return formats.day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{_short(last)}"
    return f"{_short(first)} – {_short(last)}"


def _short(day: date) -> str:
    return formats.day(day).split(" ", 1)[1]


def _leaves(exceptions: Iterable[ExceptionRow]) -> list[DayRow]:
    """Closed whole days that follow each other for the same reason, as one row."""
    runs: list[list[ExceptionRow]] = []
    for row in exceptions:
        if row.is_available or row.start_minute is not None:
            continue
        if runs and runs[-1][-1].day + timedelta(days=1) == row.day and runs[-1][-1].note == row.note:
            runs[-1].append(row)
        else:
            runs.append([row])
    return [_leave(run) for run in runs]


def _leave(run: list[ExceptionRow]) -> DayRow:
    first, last, note = run[0].day, run[-1].day, run[0].note
    reason = note or tr(_CONTEXT, "Leave")
    if len(run) > 1:
        reason = tr(_CONTEXT, "{reason}, {n} days").format(reason=reason, n=len(run))
    ids = tuple(row.id for row in run)
    return DayRow(run[0].id, "leave", first, last, range_words(first, last), tr(_CONTEXT, "Off"), reason, ids)


def _others(exceptions: Iterable[ExceptionRow]) -> list[DayRow]:
    return [_other(row) for row in exceptions if row.is_available or row.start_minute is not None]


def _other(row: ExceptionRow) -> DayRow:
    kind: DayKind = "open" if row.is_available else "part"
    reason = row.note or (tr(_CONTEXT, "Extra day") if row.is_available else "")
    return DayRow(row.id, kind, row.day, row.day, formats.day(row.day), _hours(row), reason, (row.id,))


def _hours(row: ExceptionRow) -> str:
    start, end = row.start_minute or 0, 24 * 60 if row.end_minute is None else row.end_minute
    if row.start_minute is None:
        return tr(_CONTEXT, "Open")
    if row.is_available:
        return tr(_CONTEXT, "Open {start} – {end}").format(start=formats.clock(start), end=formats.clock(end))
    if end == 24 * 60:
        return tr(_CONTEXT, "Off from {start}").format(start=formats.clock(start))
    if start == 0:
        return tr(_CONTEXT, "Off until {end}").format(end=formats.clock(end))
    return tr(_CONTEXT, "Off {start} – {end}").format(start=formats.clock(start), end=formats.clock(end))


def _holiday(row: HolidayRow) -> DayRow:
    reason = (
        row.name if row.region is None else tr(_CONTEXT, "{name}, {region}").format(name=row.name, region=row.region)
    )
    hours = tr(_CONTEXT, "Closed") if row.closed else tr(_CONTEXT, "Lessons are given")
    return DayRow(row.id, "holiday", row.day, row.day, formats.day(row.day), hours, reason, (row.id,), row.closed)
