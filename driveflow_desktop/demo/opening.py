"""When the demo's instructors are open: minutes of a day, from weekly hours, absences and public holidays."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final

from driveflow_desktop.adapters import public_holidays as calendars
from driveflow_desktop.demo.cast import STUDENTS
from driveflow_desktop.demo.plan import Absence, InstructorPlan
from driveflow_desktop.kernel.time import MINUTES_PER_DAY, weekday_sunday0

COUNTRY: Final = "AU"
REGION: Final = "NSW"
Minutes = tuple[int, int]


@cache
def public_holidays(first_year: int, last_year: int) -> dict[date, str]:
    """The state's public holidays by date, in the words that Settings loads them with."""
    found = calendars.public_holidays(COUNTRY, REGION, range(first_year, last_year + 1))
    return {day: name for day, name, _region in found}


@dataclass(frozen=True, slots=True)
class Opening:
    """The hours of one instructor."""

    weekly: dict[int, tuple[Minutes, ...]]
    absences: dict[date, list[Absence]]

    def on(self, day: date, *, holiday: bool) -> list[Minutes]:
        """The open spans of a day, sorted and disjoint."""
        spans = [] if holiday else list(self.weekly.get(weekday_sunday0(day), ()))
        changes = self.absences.get(day, ())
        if any(change.start is None and not change.is_available for change in changes):
            return []
        for change in changes:
            if change.start is not None and change.is_available:
                spans.append((change.start, change.end or MINUTES_PER_DAY))
        spans = _joined(spans)
        for change in changes:
            if change.start is not None and not change.is_available:
                spans = _without(spans, change.start, change.end or MINUTES_PER_DAY)
        return spans


def opening_of(instructor: InstructorPlan) -> Opening:
    """An instructor's hours, ready to be asked day by day."""
    weekly: dict[int, tuple[Minutes, ...]] = {}
    for day, start, end in instructor.weekly:
        weekly[day] = (*weekly.get(day, ()), (start, end))
    absences: dict[date, list[Absence]] = {}
    for absence in instructor.absences:
        absences.setdefault(absence.day, []).append(absence)
    return Opening(weekly, absences)


def open_for_today(instructors: list[InstructorPlan], today: date, *, holiday: bool) -> None:
    """See to it that today's lessons of the pictures lie in open hours, on a Sunday or a holiday too."""
    for number, instructor in enumerate(instructors):
        lessons = [member for member in STUDENTS if member.instructor == number and member.start >= 0]
        spans = opening_of(instructor).on(today, holiday=holiday)
        outside = [each for each in lessons if not _fits(spans, each.start, each.start + each.minutes)]
        if outside:
            # The hours of a working day; Monday's stand for all.
            for day, start, end in instructor.weekly:
                if day == 1:
                    instructor.absences.append(Absence(today, "Extra day", is_available=True, start=start, end=end))


def _fits(spans: Iterable[Minutes], start: int, end: int) -> bool:
    return any(opens <= start and end <= closes for opens, closes in spans)


def _joined(spans: Iterable[Minutes]) -> list[Minutes]:
    found: list[Minutes] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _without(spans: Iterable[Minutes], start: int, end: int) -> list[Minutes]:
    found: list[Minutes] = []
    for opens, closes in spans:
        if opens < min(start, closes):
            found.append((opens, min(start, closes)))
        if max(end, opens) < closes:
            found.append((max(end, opens), closes))
    return found
