"""Instructors, students and guardians, drawn from the data files: the same for the same random source."""

import unicodedata
from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import Final

from driveflow_desktop.demo.cast import (
    ETHAN,
    PHONES,
    STUDENTS,
    CastStudent,
    every_workday,
    instructors,
)
from driveflow_desktop.demo.catalogue import PACK, PACK_LESSONS
from driveflow_desktop.demo.plan import Absence, GuardianPlan, InstructorPlan, Spot, StudentPlan
from driveflow_desktop.demo.scale import DAY, HOUR, MINUTE, Scale, Span, day_start, days
from driveflow_desktop.demo.sources import Suburb, names, street, suburbs, words
from driveflow_desktop.domain.names import is_abn
from driveflow_desktop.domain.people.values import LicenceClass, Transmission

_WANTS: Final = (1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 12)
"""Lessons of a student where five are the average."""
_AREA: Final = 12
"""How many of the nearest suburbs an instructor serves."""
_SHIFTS: Final = (
    every_workday((480, 720), (750, 1020)),
    every_workday((420, 780), (810, 990)),
    (*every_workday((540, 780), (825, 1080)), (6, 540, 780)),
    tuple((day, start, end) for day in (2, 3, 4, 5, 6) for start, end in ((480, 750), (795, 1050))),
    (*every_workday((510, 735), (780, 1035)), (2, 1200, 1320)),
    tuple((day, start, end) for day in (0, 1, 3, 4, 5) for start, end in ((540, 765), (810, 1080))),
)


class People:
    """Makes people; one for a school."""

    def __init__(self, random: Random, scale: Scale, span: Span) -> None:
        self._random = random
        self._scale = scale
        self._span = span
        self._names = names()
        cultures = self._names.cultures.values()
        self._cultures = tuple(cultures)
        self._weights = tuple(culture.weight for culture in cultures)
        self._emails: dict[str, int] = {}
        self._made = 0

    # -- instructors -------------------------------------------------------------------------------------------------

    def instructors(self) -> list[InstructorPlan]:
        """The six of the pictures, then as many as the school has."""
        found = instructors(self._span.today)
        places = list(suburbs().values())
        while len(found) < self._scale.instructors:
            found.append(self._instructor(len(found), self._random.choice(places)))
        for instructor in found:
            instructor.abn = instructor.abn or self._abn()
        return found

    def _instructor(self, number: int, base: Suburb) -> InstructorPlan:
        random = self._random
        name = self._name()[0]
        return InstructorPlan(
            name=name,
            email=self._email(name, "harbourdriving.example.com"),
            phone=PHONES[number] if number < len(PHONES) else self._phone(),
            base=Spot(base.name, base.name, base.lat, base.lng),
            weekly=_SHIFTS[number % len(_SHIFTS)],
            cap=random.choice((7, 8, 8)),
            licence=f"ADI {20416 + number}",
            licence_expires=self._span.today + timedelta(days=random.randint(20, 1500)),
            abn="",
            gst=random.random() < 0.5,
            transmissions=random.choice(((Transmission.AUTO,), (Transmission.AUTO, Transmission.MANUAL))),
            bank=(f"062-{random.randint(100, 999)}", f"10{random.randint(0, 999_999):06d}"),
            fee_bp=random.choice((None, None, None, 1200, 1350)),
            stripe_ready=random.random() < 0.9,
            absences=self._absences(),
        )

    def _absences(self) -> list[Absence]:
        """Two weeks of leave a year, some sick days, and some early evenings."""
        random, span = self._random, self._span
        found: dict[date, Absence] = {}
        for day in days(span.first, span.last):
            draw = random.random()
            if draw < 1 / 365:
                for offset in range(10 + random.randint(0, 6)):
                    found[day + timedelta(days=offset)] = Absence(day + timedelta(days=offset), "Leave")
            elif draw < 0.012 and day < span.today:
                found.setdefault(day, Absence(day, "Sick"))
            elif draw < 0.022:
                found.setdefault(day, Absence(day, "School run", start=14 * 60 + 30, end=24 * 60))
        return [found[day] for day in sorted(found)]

    def _abn(self) -> str:
        """Eleven digits that pass the check of a business number."""
        while True:
            digits = f"{self._random.randint(10_000_000_000, 99_999_999_999)}"
            if is_abn(digits):
                return digits

    # -- students ----------------------------------------------------------------------------------------------------

    def students(self, teachers: Sequence[InstructorPlan]) -> list[StudentPlan]:
        """The students of the pictures, then as many as the school has, spread over its instructors."""
        areas = [_nearest(teacher.base) for teacher in teachers]
        found = [self._cast(member, areas) for member in STUDENTS]
        while len(found) < self._scale.students:
            number = len(found)
            instructor = number % len(teachers)
            name, relation_name = self._name()
            suburb = areas[instructor][min(self._random.randrange(_AREA), self._random.randrange(_AREA))]
            student = self._student(name, relation_name, instructor, suburb.house(self._random, street(self._random)))
            student.transmission = self._random.choice(teachers[instructor].transmissions)
            found.append(student)
        for number, name in enumerate(self._names.other_scripts):
            found[-1 - number].name = name
        return found

    def _student(self, name: str, family: str, instructor: int, home: Spot) -> StudentPlan:
        random = self._random
        adult = random.random() < 0.22
        born = self._span.today - timedelta(days=random.randint(7300, 15_000) if adult else random.randint(6000, 7200))
        licence = random.choices(
            (LicenceClass.LEARNER, LicenceClass.PROVISIONAL_1, LicenceClass.OVERSEAS), (88, 4, 8), k=1
        )[0]
        student = StudentPlan(
            name=name,
            phone=self._phone(),
            email=self._email(name, "example.com"),
            born=born,
            licence=licence,
            licence_number=f"{random.randint(10_000_000, 29_999_999)}",
            licence_expires=self._span.today + timedelta(days=random.randint(-10, 1400)),
            transmission=Transmission.AUTO,
            home=home,
            instructor=instructor,
            wants=self._wants(),
            enrolled_us=self._enrolled(),
        )
        if licence is LicenceClass.LEARNER:
            student.logbook = random.randrange(0, 90 * 60, 30)
            student.night = min(student.logbook // 6, 20 * 60) // 15 * 15
        if not adult and random.random() < 0.85:
            student.guardian = self._guardian(family)
        self._add_details(student)
        return student

    def _add_details(self, student: StudentPlan) -> None:
        random = self._random
        if random.random() < 0.4:
            student.consent_us = student.enrolled_us + 5 * MINUTE
            student.consent_by = f"{student.guardian.name} (guardian)" if student.guardian else student.name
        if random.random() < 0.18:
            student.notes = random.choice(words().student_notes)
            if random.random() < 0.15:
                student.notes += f" Goes by “{random.choice(self._names.nicknames)}”."
        if random.random() < 0.03:
            student.alert = random.choice(words().alerts)
        if student.wants >= 8 and random.random() < 0.5:
            student.packages = 1 + student.wants // 16
            student.wants = max(student.wants, PACK_LESSONS * student.packages)
        student.opted_out = random.random() < 0.02

    def _cast(self, member: CastStudent, areas: Sequence[Sequence[Suburb]]) -> StudentPlan:
        random = self._random
        _, _, family = member.name.rpartition(" ")
        suburb = suburbs().get(member.suburb) or areas[member.instructor][0]
        student = self._student(member.name, family, member.instructor, suburb.house(random, street(random)))
        student.licence = member.licence
        student.logbook = round(member.hours * 60)
        student.night = student.logbook // 6
        student.wants = random.randint(3, 8)
        student.packages = 0
        student.enrolled_us = day_start(self._span.first) - random.randint(1, 12) * DAY + 11 * HOUR
        if student.consent_us is not None:
            student.consent_us = student.enrolled_us + 5 * MINUTE
        if member.phone:
            student.phone = f"+61{member.phone[1:]}"
        if member.service == PACK:
            student.packages, student.wants = 1, PACK_LESSONS
        if member.name == ETHAN:
            self._make_ethan(student)
        return student

    def _make_ethan(self, student: StudentPlan) -> None:
        """As the picture of the roster has him."""
        today = self._span.today
        student.born = date(today.year - 17, 2, 11)
        student.licence_number = "4481 772"
        student.email = "ethan.p@example.com"
        student.night = 6 * 60
        student.home = Spot("14 Gray St, Kogarah", "Kogarah", student.home.lat, student.home.lng)
        student.guardian = GuardianPlan("Ioana Popescu", "+61412555018", "ioana.p@example.com", "mother", pays=True)
        student.consent_us, student.consent_by = student.enrolled_us + 10 * MINUTE, "Ioana Popescu (guardian)"
        student.alert = student.notes = None
        student.wants = 6

    def _wants(self) -> int:
        wanted = self._random.choice(_WANTS) * self._scale.lessons_each
        return max(1, (wanted + self._random.randrange(5)) // 5)

    def _enrolled(self) -> int:
        """A weekday morning or afternoon between the school's opening and now; a small school knew most before."""
        random, span = self._random, self._span
        opened = span.opened_us + HOUR
        known_before = 0.5 if self._scale.days_back < 100 else 0.01
        if random.random() < known_before:
            return random.randrange(opened, day_start(span.first), MINUTE)
        midnight = day_start(span.first + timedelta(days=random.randint(0, self._scale.days_back)))
        return min(midnight + random.randrange(9 * 60, 17 * 60) * MINUTE, span.now_us - HOUR)

    def _guardian(self, family: str) -> GuardianPlan:
        random = self._random
        culture = next((each for each in self._cultures if family in each.family), self._cultures[0])
        mother = random.random() < 0.6
        name = f"{random.choice(culture.female if mother else culture.male)} {family}"
        relation = "mother" if mother else "father"
        return GuardianPlan(name, self._phone(), self._email(name, "example.com"), relation, random.random() < 0.8)

    # -- names and numbers -------------------------------------------------------------------------------------------

    def _name(self) -> tuple[str, str]:
        """A full name, and its family name."""
        random = self._random
        culture = random.choices(self._cultures, self._weights, k=1)[0]
        given = random.choice(culture.female if random.random() < 0.5 else culture.male)
        family = random.choice(culture.family)
        return f"{given} {family}", family

    def _phone(self) -> str:
        """04xx 555 xxx: forty thousand of them before one comes again."""
        self._made += 1
        number = self._made * 7919 % 40_000
        return f"+614{number // 1000:02d}555{number % 1000:03d}"

    def _email(self, name: str, domain: str) -> str:
        plain = "".join(
            char for char in _unaccented(name).lower() if char.isascii() and (char.isalnum() or char == " ")
        )
        local = ".".join(plain.split()) or "learner"
        count = self._emails[local] = self._emails.get(local, 0) + 1
        return f"{local}{count if count > 1 else ''}@{domain}"


def _unaccented(name: str) -> str:
    return unicodedata.normalize("NFKD", name.translate(_LETTERS))


_LETTERS: Final = str.maketrans("đĐłŁıøæß", "dDlLioas")


def _nearest(base: Spot) -> list[Suburb]:
    """The suburbs around a place, the nearest first."""

    def distance(suburb: Suburb) -> int:
        # A degree of longitude is five sixths of a degree of latitude here.
        return (suburb.lat - base.lat) ** 2 + ((suburb.lng - base.lng) * 5 // 6) ** 2

    return sorted(suburbs().values(), key=distance)[:_AREA]
