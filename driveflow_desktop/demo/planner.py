"""The diary of the demo school: who drives with whom, when. Days are planned in whole minutes of local time.

Each instructor's day is filled from morning to evening. A lesson begins on the quarter hour, after the longer of the
buffer and the drive from the lesson before; a student has one lesson a day at most, so nobody is in two at once.
"""

from bisect import insort
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Final

from driveflow_desktop.demo.cast import BEN, ETHAN, STUDENTS
from driveflow_desktop.demo.catalogue import (
    HIGHWAY_60,
    HIGHWAY_90,
    LESSON,
    LONG,
    NIGHT,
    PACK,
    PACK_LESSONS,
    SERVICES,
    TEST,
    TEST_PREP,
)
from driveflow_desktop.demo.opening import Minutes, Opening, opening_of
from driveflow_desktop.demo.plan import InstructorPlan, LessonPlan, Spot, StudentPlan, drive_minutes
from driveflow_desktop.demo.scale import MINUTE, Scale, Span, day_start, days
from driveflow_desktop.domain.scheduling.rules.travel import is_peak_minute
from driveflow_desktop.kernel.time import weekday_sunday0

BUFFER: Final = 15
_QUARTER: Final = 15
_CHOICES: Final = 6
"""How many of the students who have waited longest are weighed by distance."""
_DARK_FROM: Final = 20 * 60
_SETTLED_DAYS: Final = 4
"""Days ahead whose diary is as full as usual; after them it thins out."""


@dataclass(slots=True)
class _Pool:
    """The students of one instructor: those to come, by when they enrolled, and those who take lessons, by due day."""

    coming: list[tuple[int, int]]
    due: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class _Progress:
    taken: int = 0
    left: int = 0


class Planner:
    """Fills the diary; one for a school."""

    def __init__(
        self,
        random: Random,
        scale: Scale,
        span: Span,
        instructors: list[InstructorPlan],
        students: list[StudentPlan],
        holidays: dict[date, str],
    ) -> None:
        self._random = random
        self._span = span
        self._every_days = scale.every_days
        self._instructors = instructors
        self._students = students
        self._holidays = holidays
        self._openings: list[Opening] = [opening_of(each) for each in instructors]
        self._progress = [_Progress(left=student.wants) for student in students]
        self._last_day = [date.min.toordinal()] * len(students)
        self._pools = [_Pool([]) for _ in instructors]
        for number, student in enumerate(students):
            self._pools[student.instructor].coming.append((student.enrolled_us, number))
        for pool in self._pools:
            pool.coming.sort(reverse=True)
        self._lessons: list[LessonPlan] = []
        self._wishes = self._scripted_wishes()

    def lessons(self) -> list[LessonPlan]:
        """Every lesson from the first day to the last, in the order of days, not yet with a life of its own."""
        for day in days(self._span.first, self._span.last):
            ordinal = day.toordinal()
            if day == self._span.today:
                self._play_today(day)
            holiday = day in self._holidays
            for number, opening in enumerate(self._openings):
                spans = opening.on(day, holiday=holiday)
                if spans and not (day == self._span.today and self._is_scripted(number)):
                    self._admit(number, day, ordinal)
                    self._fill(number, day, ordinal, spans)
        return self._lessons

    # -- today, as in the pictures -----------------------------------------------------------------------------------

    def _scripted_wishes(self) -> dict[tuple[int, date], list[tuple[int, int]]]:
        """Ethan's lesson of a week ago, which the picture of the roster tells of."""
        ethan = next(number for number, member in enumerate(STUDENTS) if member.name == ETHAN)
        return {(BEN, self._span.today - timedelta(days=7)): [(ethan, LESSON)]}

    def _is_scripted(self, instructor: int) -> bool:
        return any(member.instructor == instructor and member.start >= 0 for member in STUDENTS)

    def _play_today(self, day: date) -> None:
        for number, member in enumerate(STUDENTS):
            if member.start >= 0:
                self._add(number, member.instructor, member.service, day, member.start)

    # -- one instructor's day ----------------------------------------------------------------------------------------

    def _admit(self, instructor: int, day: date, ordinal: int) -> None:
        """Students who have enrolled by the day before begin to wait for their first lesson."""
        pool = self._pools[instructor]
        begins = day_start(day)
        while pool.coming and pool.coming[-1][0] < begins:
            _, student = pool.coming.pop()
            insort(pool.due, (ordinal + self._random.randint(0, 4), student))

    def _fill(self, instructor: int, day: date, ordinal: int, spans: list[Minutes]) -> None:
        room = sum(end - start for start, end in spans)
        wanted = min(self._instructors[instructor].cap, self._how_many(room, day))
        day_of_week = weekday_sunday0(day)
        held: list[tuple[int, int]] = []
        wishes = self._wishes.get((instructor, day), [])
        last_end, last_home = -1, None
        spare = max(0, room - wanted * 80)
        for opens, closes in spans:
            at = opens
            while wanted > 0:
                at += self._pause(spare)
                choice = wishes.pop() if wishes else self._choose(instructor, ordinal, last_home, held)
                if choice is None:
                    break
                student, service = choice
                start = self._earliest(at, last_end, last_home, self._students[student].home, day_of_week)
                service = self._fitting(service, start, closes)
                if start + SERVICES[service].minutes > closes:
                    held.append((ordinal, student))
                    break
                self._add(student, instructor, service, day, start)
                last_end, last_home = start + SERVICES[service].minutes, self._students[student].home
                at = last_end
                wanted -= 1
        for back in held:
            insort(self._pools[instructor].due, back)

    def _how_many(self, room: int, day: date) -> int:
        """How many lessons an instructor would give: a day is rarely full, and the future thins out."""
        full = room // 80
        ahead = (day - self._span.today).days
        usual = self._random.randint(full * 2 // 3, full)
        if ahead <= _SETTLED_DAYS:
            return usual
        thinned = usual * 12 // (12 + ahead)
        return max(0, thinned + self._random.randint(-1, 1))

    def _pause(self, spare: int) -> int:
        """Idle minutes before a lesson, in quarters."""
        if spare < _QUARTER or self._random.random() < 0.45:
            return 0
        return self._random.randrange(0, min(spare, 90) + 1, _QUARTER)

    def _choose(
        self, instructor: int, ordinal: int, from_home: Spot | None, held: list[tuple[int, int]]
    ) -> tuple[int, int] | None:
        """Of those who have waited longest, the nearest; with what they learn next. None when nobody waits."""
        due = self._pools[instructor].due
        best, best_distance = -1, 0
        for index in range(min(_CHOICES, len(due))):
            wanted_on, student = due[index]
            if wanted_on > ordinal:
                break
            if self._last_day[student] == ordinal or any(student == each for _, each in held):
                continue
            home = self._students[student].home
            distance = 0
            if from_home is not None:
                distance = (home.lat - from_home.lat) ** 2 + ((home.lng - from_home.lng) * 5 // 6) ** 2
            if best < 0 or distance < best_distance:
                best, best_distance = index, distance
        if best < 0:
            return None
        _, student = due.pop(best)
        return student, self._next_service(student)

    def _next_service(self, student: int) -> int:
        """Packs first; the last two lessons are for the test; some are longer, or on the highway."""
        progress, draw = self._progress[student], self._random.random()
        if progress.taken < self._students[student].packages * PACK_LESSONS:
            return PACK
        if progress.left == 1 and progress.taken >= 3 and draw < 0.6:
            return TEST
        if progress.left == 2 and progress.taken >= 2 and draw < 0.7:
            return TEST_PREP
        if progress.taken >= 2 and draw < 0.18:
            return HIGHWAY_90 if draw < 0.1 else HIGHWAY_60
        return LONG if draw > 0.93 else LESSON

    def _earliest(self, at: int, last_end: int, last_home: Spot | None, home: Spot, day_of_week: int) -> int:
        """The first quarter hour from `at` on that leaves time to get there."""
        ready = at
        if last_home is not None:
            drive = drive_minutes(last_home, home, peak=is_peak_minute(day_of_week, last_end))
            ready = max(at, last_end + max(BUFFER, drive))
        return -(-ready // _QUARTER) * _QUARTER

    @staticmethod
    def _fitting(service: int, start: int, closes: int) -> int:
        """The service, or an hour where it is too long; after dark a night lesson."""
        if start >= _DARK_FROM:
            return NIGHT
        if service != PACK and start + SERVICES[service].minutes > closes:
            return LESSON
        return service

    def _add(self, student: int, instructor: int, service: int, day: date, start: int) -> None:
        progress = self._progress[student]
        lesson = LessonPlan(
            student=student,
            instructor=instructor,
            service=service,
            day=day,
            start=start,
            minutes=SERVICES[service].minutes,
            start_us=day_start(day) + start * MINUTE,
            number=progress.taken,
        )
        if service == PACK:
            lesson.pack = progress.taken // PACK_LESSONS
        self._lessons.append(lesson)
        self._last_day[student] = day.toordinal()
        progress.taken += 1
        progress.left -= 1
        if progress.left > 0:
            self._wait_again(student, day)

    def _wait_again(self, student: int, day: date) -> None:
        """Most come again after as long as usual, some sooner or later."""
        pool = self._pools[self._students[student].instructor]
        pool.due = [entry for entry in pool.due if entry[1] != student]
        usual = self._every_days
        pause = usual if self._random.random() < 0.6 else self._random.randint(3, 2 * usual)
        insort(pool.due, (day.toordinal() + pause, student))
