"""What the rules say about a place under the mouse: at once, from what was loaded with the page. No Qt, no database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from driveflow_desktop.domain.scheduling.loader import Days, load_diaries, load_setting
from driveflow_desktop.domain.scheduling.rules.diary import Booked, Diary, SchoolRules, Slot
from driveflow_desktop.domain.scheduling.rules.verdict import Context, Verdict, VerdictKind, verdict
from driveflow_desktop.kernel.time import Interval
from driveflow_desktop.store.base import Connection
from driveflow_desktop.ui.calendar.snapshot import GhostVerdict
from driveflow_desktop.ui.ports import Desk
from driveflow_desktop.ui.words import tr

NOTHING_KNOWN = GhostVerdict(ok=True, text="")
"""While the rules of a page are still being read, the ghost says nothing; the drop is checked anyway."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    days: Days
    rules: SchoolRules
    diaries: Mapping[UUID, Diary]
    by_student: Mapping[UUID, tuple[Booked, ...]]
    by_id: Mapping[UUID, Booked]


class Verdicts:
    """Knows the diaries of the days shown."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._days: Days | None = None
        self._loaded: _Loaded | None = None

    def load(self, days: Days) -> None:
        """Read what verdicts on these days depend on; until then only the same days as before are judged."""
        self._days = days
        org_id, now = self._desk.session.org_id, self._desk.clock.now()
        self._desk.read("calendar/rules", partial(_read, org_id, days, now), self._keep)

    def judge(self, instructor_id: UUID, span: Interval, lesson_id: UUID | None) -> GhostVerdict:
        """The verdict on a lesson (or a new one) at a place."""
        known = self._loaded
        if known is None or known.days != self._days or instructor_id not in known.diaries:
            return NOTHING_KNOWN
        slot = Slot(instructor_id, *span, ignore=lesson_id)
        booked: tuple[Booked, ...] = ()
        moved = known.by_id.get(lesson_id) if lesson_id is not None else None
        if moved is not None:
            slot = Slot(instructor_id, *span, moved.student_id, moved.pickup, moved.dropoff, lesson_id)
            booked = known.by_student[moved.student_id]
        answer = verdict(slot, Context(known.rules, known.diaries[instructor_id], self._desk.clock.now(), booked))
        return GhostVerdict(answer.ok, answer.hard, verdict_words(answer))

    def _keep(self, found: _Loaded) -> None:
        self._loaded = found


def _read(org_id: UUID, days: Days, now: datetime, connection: Connection) -> _Loaded:
    setting = load_setting(connection, org_id, days)
    diaries = load_diaries(connection, setting, now)
    booked = [each for diary in diaries.values() for each in diary.occupied]
    students: dict[UUID, list[Booked]] = {}
    for each in booked:
        students.setdefault(each.student_id, []).append(each)
    by_student = {key: tuple(rows) for key, rows in students.items()}
    return _Loaded(days, setting.rules, diaries, by_student, {each.id: each for each in booked})


def verdict_words(answer: Verdict) -> str:
    """A verdict in a word or two, for the ghost."""
    return {
        VerdictKind.OK: tr("Calendar", "Free"),
        VerdictKind.SLOT_TAKEN: tr("Calendar", "Taken"),
        VerdictKind.STUDENT_BUSY: tr("Calendar", "Student busy"),
        VerdictKind.HOLIDAY: tr("Calendar", "Holiday"),
        VerdictKind.OUTSIDE_HOURS: tr("Calendar", "Outside hours"),
        VerdictKind.TRAVEL_TOO_TIGHT: tr("Calendar", "Travel too tight"),
        VerdictKind.DAILY_CAP: tr("Calendar", "Daily limit"),
        VerdictKind.NOTICE: tr("Calendar", "Short notice"),
        VerdictKind.HORIZON: tr("Calendar", "Far ahead"),
    }[answer.kind]
