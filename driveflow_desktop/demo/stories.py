"""What becomes of each planned lesson until now: when it was booked, given, cancelled, and how it was paid."""

from collections.abc import Iterable
from random import Random
from typing import Final

from driveflow_desktop.demo.cast import ETHAN, RUBY, STUDENTS, CastStudent, Due
from driveflow_desktop.demo.catalogue import PACK, PriceBook
from driveflow_desktop.demo.plan import Charge, Fate, InstructorPlan, LessonPlan, StudentPlan
from driveflow_desktop.demo.scale import DAY, HOUR, MINUTE, Span, day_start
from driveflow_desktop.demo.sources import words
from driveflow_desktop.domain.finance.values import PaymentKind, PaymentMethod
from driveflow_desktop.domain.scheduling.rules.cancellation import DEFAULT_POLICY, Cancellation, Money, quote
from driveflow_desktop.domain.scheduling.values import CancellationActor
from driveflow_desktop.kernel.time import from_micros

DEPOSIT: Final = 3_000
SERIES_LENGTH: Final = 4
_NOTICE: Final = 3 * HOUR
_FRESH: Final = 7 * DAY
"""How long ago lessons were still started and ended one by one; older ones were closed in the evening."""
_LONG_OWED: Final = 30 * DAY


class Stories:
    """Gives lessons their lives; one for a school."""

    def __init__(
        self,
        random: Random,
        span: Span,
        instructors: list[InstructorPlan],
        students: list[StudentPlan],
        book: PriceBook,
    ) -> None:
        self._random = random
        self._now = span.now_us
        self._span = span
        self._instructors = instructors
        self._students = students
        self._book = book

    def tell(self, lessons: Iterable[LessonPlan]) -> None:
        """Fill in every lesson."""
        by_student: dict[int, list[LessonPlan]] = {}
        for lesson in lessons:
            by_student.setdefault(lesson.student, []).append(lesson)
        for student, own in by_student.items():
            own.sort(key=lambda lesson: lesson.start_us)
            self._tell_student(student, own)

    def _tell_student(self, number: int, lessons: list[LessonPlan]) -> None:
        member = STUDENTS[number] if number < len(STUDENTS) else None
        in_series = member is None and self._random.random() < 0.2
        previous: LessonPlan | None = None
        for place, lesson in enumerate(lessons):
            price = self._book.price(lesson.service, lesson.day, self._instructors[lesson.instructor].fee_bp)
            lesson.price, lesson.fee, lesson.card = price.price_cents, price.platform_fee_cents, price.rate_card_id.int
            if in_series and previous is not None and place % SERIES_LENGTH:
                lesson.booked_us = previous.booked_us
                lesson.series = previous.series = number * 1000 + place // SERIES_LENGTH
            else:
                lesson.booked_us = self._booked(lesson, previous)
            scripted = member is not None and lesson.day == self._span.today and member.start >= 0
            if member is not None and scripted:
                self._play_today(lesson, member)
            else:
                self._decide(lesson, member)
                self._pay(lesson, is_cast=member is not None)
            if self._random.random() < 0.12 and lesson.notes is None:
                lesson.notes = self._random.choice(words().booking_notes)
            previous = lesson
        if member is not None:
            self._finish_cast(member, lessons)

    # -- booking -----------------------------------------------------------------------------------------------------

    def _booked(self, lesson: LessonPlan, previous: LessonPlan | None) -> int:
        """At the end of the lesson before, or by telephone some days ahead."""
        random = self._random
        earliest = self._students[lesson.student].enrolled_us + random.randint(6, 20) * MINUTE
        latest = min(lesson.start_us - _NOTICE, self._now - 10 * MINUTE)
        after_last = previous.end_us + random.randint(1, 9) * MINUTE if previous is not None else 0
        if earliest <= after_last <= latest and random.random() < 0.55:
            return after_last
        by_phone = day_start(lesson.day) - random.randint(1, 10) * DAY + random.randint(510, 1050) * MINUTE
        return max(earliest, min(by_phone, latest))

    # -- what happens ------------------------------------------------------------------------------------------------

    def _decide(self, lesson: LessonPlan, member: CastStudent | None) -> None:
        draw = self._random.random() if member is None else 0.5
        if draw < 0.075 and self._cancel(lesson):
            return
        if lesson.start_us > self._now:
            far = lesson.start_us - self._now > 2 * DAY
            lesson.fate = Fate.REQUESTED if draw > 0.97 and far else Fate.CONFIRMED
        elif lesson.end_us + 6 * MINUTE > self._now:
            self._begin(lesson)
        elif draw > 0.975:
            lesson.fate = Fate.NO_SHOW
        else:
            self._complete(lesson)

    def _begin(self, lesson: LessonPlan) -> None:
        began = lesson.start_us + self._random.randint(-4, 4) * MINUTE
        if began <= self._now:
            lesson.fate, lesson.began_us = Fate.IN_PROGRESS, began

    def _complete(self, lesson: LessonPlan) -> None:
        random = self._random
        lesson.fate = Fate.COMPLETED
        lesson.began_us, lesson.ended_us = lesson.start_us, lesson.end_us
        if self._now - lesson.end_us < _FRESH:
            lesson.began_us += random.randint(-4, 6) * MINUTE
            lesson.ended_us += random.randint(-6, 5) * MINUTE
        else:
            lesson.ended_by_desk = True
        lesson.metres = lesson.minutes * random.randint(220, 460)
        if random.random() < 0.45:
            lesson.rating = random.choice((3, 4, 4, 4, 5, 5))
        if random.random() < 0.35:
            lesson.lesson_note = random.choice(words().lesson_notes)

    def _cancel(self, lesson: LessonPlan) -> bool:
        """Cancel it, if there was time for that between its booking and now."""
        random = self._random
        actor, hours, reason = self._why_cancelled(lesson)
        at = lesson.start_us - hours * HOUR - random.randint(0, 50) * MINUTE
        if not lesson.booked_us + HOUR < at < self._now - 20 * MINUTE:
            return False
        self._cancelled(lesson, at, actor, reason)
        return True

    def _why_cancelled(self, lesson: LessonPlan) -> tuple[CancellationActor, int, str]:
        """By whom, how many hours before, and why."""
        random, known = self._random, words()
        draw = random.random()
        if draw > 0.92:
            return CancellationActor.ADMIN, random.randint(2, 40), random.choice(known.cancel_admin)
        if draw > 0.72:
            return CancellationActor.INSTRUCTOR, random.randint(2, 20), random.choice(known.cancel_instructor)
        has_guardian = self._students[lesson.student].guardian is not None
        actor = CancellationActor.GUARDIAN if has_guardian and draw < 0.4 else CancellationActor.STUDENT
        return actor, random.choice((30, 50, 26, 75, 40, 20, 12, 5, 1)), random.choice(known.cancel_student)

    @staticmethod
    def _cancelled(lesson: LessonPlan, at: int, actor: CancellationActor, reason: str) -> None:
        lesson.fate, lesson.cancelled_us, lesson.cancelled_by, lesson.reason = Fate.CANCELLED, at, actor, reason
        lesson.pack = None

    # -- money -------------------------------------------------------------------------------------------------------

    def _pay(self, lesson: LessonPlan, *, is_cast: bool) -> None:
        if lesson.service == PACK or lesson.fate is Fate.REQUESTED:
            return
        draw = self._random.random()
        if draw < 0.03 and not is_cast and lesson.fate is Fate.COMPLETED:
            self._pay_in_parts(lesson)
        elif draw < 0.55:
            self._pay_by_card(lesson)
        elif lesson.fate in {Fate.COMPLETED, Fate.NO_SHOW}:
            self._pay_after(lesson, draw, is_cast=is_cast)
        elif lesson.fate is Fate.CANCELLED:
            self._charge_fee(lesson)

    def _pay_by_card(self, lesson: LessonPlan) -> None:
        """By the link in the confirmation; a card that is declined is tried once more."""
        random = self._random
        declined = lesson.booked_us + 4 * MINUTE if random.random() < 0.015 else None
        asked = lesson.booked_us + (9 if declined else 1) * MINUTE
        received: int | None = asked + random.randint(2, 90) * MINUTE
        # Whoever has not paid by the lesson pays at its end.
        latest = lesson.cancelled_us or min(self._now, lesson.start_us + 30 * MINUTE)
        if received is not None and received >= latest:
            if lesson.fate is Fate.CANCELLED:
                return
            received = None if lesson.start_us > self._now - HOUR else latest - MINUTE
        if asked < self._now and (received is None or received > asked):
            self._charge(lesson, PaymentMethod.CARD, asked, received, declined)

    def _pay_after(self, lesson: LessonPlan, draw: float, *, is_cast: bool) -> None:
        end = lesson.ended_us or lesson.end_us + 40 * MINUTE
        if draw < 0.72 or is_cast:
            method, received = PaymentMethod.EFTPOS, end + MINUTE
        elif draw < 0.86:
            method, received = PaymentMethod.CASH, end + MINUTE
        elif draw < 0.955:
            method, received = PaymentMethod.BANK_TRANSFER, end + self._random.randint(16, 90) * HOUR
        else:
            method, received = PaymentMethod.BANK_TRANSFER, end + _LONG_OWED
        if received < self._now:
            self._charge(lesson, method, received, received)

    def _pay_in_parts(self, lesson: LessonPlan) -> None:
        asked, end = lesson.booked_us + MINUTE, lesson.ended_us or lesson.end_us
        if asked + HOUR < min(lesson.start_us, self._now) and end + MINUTE < self._now:
            received = asked + 20 * MINUTE
            lesson.charges = [
                Charge(PaymentKind.DEPOSIT, PaymentMethod.CARD, DEPOSIT, asked, received),
                Charge(PaymentKind.BALANCE, PaymentMethod.CASH, lesson.price - DEPOSIT, end + MINUTE, end + MINUTE),
            ]

    def _charge_fee(self, lesson: LessonPlan, *, unpaid: bool = False) -> None:
        """What the policy leaves to pay of a lesson that was called off late, asked for by link."""
        if lesson.cancelled_us is None or lesson.cancelled_by in {None, CancellationActor.ADMIN}:
            return
        owed = quote(cancellation_of(lesson), Money(lesson.price, lesson.fee), DEFAULT_POLICY).still_owed_cents
        asked = lesson.cancelled_us + 3 * MINUTE
        received: int | None = asked + self._random.randint(1, 60) * HOUR
        if unpaid or (received is not None and received >= self._now):
            received = None
        if owed and asked < self._now:
            lesson.charges = [Charge(PaymentKind.FEE, PaymentMethod.CARD, owed, asked, received)]

    @staticmethod
    def _charge(
        lesson: LessonPlan, method: PaymentMethod, asked: int, received: int | None, declined: int | None = None
    ) -> None:
        lesson.charges = [Charge(PaymentKind.FULL, method, lesson.price, asked, received, declined)]

    # -- the pictures ------------------------------------------------------------------------------------------------

    def _play_today(self, lesson: LessonPlan, member: CastStudent) -> None:
        """Today's lesson of somebody in the pictures, as far as the day has come."""
        lesson.notes = member.notes
        if member.name == ETHAN:
            morning = day_start(lesson.day) + (9 * 60 + 12) * MINUTE
            if morning < min(self._now, lesson.start_us - _NOTICE):
                lesson.booked_us = morning
        if lesson.end_us + 6 * MINUTE <= self._now:
            if not member.forgotten:
                self._complete(lesson)
            elif member.name != RUBY:
                self._begin(lesson)
        elif lesson.start_us <= self._now:
            lesson.fate, lesson.began_us = Fate.IN_PROGRESS, min(self._now, lesson.start_us + 2 * MINUTE)
        if member.due is Due.CARD:
            asked = lesson.booked_us + MINUTE
            self._charge(lesson, PaymentMethod.CARD, asked, min(asked + 9 * MINUTE, self._now - MINUTE))
        elif member.due is Due.DUE and lesson.fate is Fate.COMPLETED and lesson.ended_us is not None:
            at = min(lesson.ended_us + MINUTE, self._now)
            self._charge(lesson, PaymentMethod.EFTPOS, at, at)

    def _finish_cast(self, member: CastStudent, lessons: list[LessonPlan]) -> None:
        past = [lesson for lesson in lessons if lesson.day < self._span.today]
        if not past:
            return
        last = past[-1]
        if member.name == RUBY:
            last.charges, last.began_us, last.ended_us, last.ended_by_desk = [], None, None, False
            last.rating = last.metres = last.lesson_note = None
            at = last.start_us - 5 * HOUR
            last.booked_us = min(last.booked_us, at - DAY)
            self._cancelled(last, at, CancellationActor.GUARDIAN, "Sick today.")
            self._charge_fee(last, unpaid=True)
        elif member.name == ETHAN:
            last.rating, last.metres = 4, 21_400
            last.lesson_note = words().lesson_notes[1]


def cancellation_of(lesson: LessonPlan) -> Cancellation:
    """The wish to cancel, as the rules take it; the school's own cancellations give everything back."""
    by_school = lesson.cancelled_by is CancellationActor.ADMIN
    return Cancellation(
        lesson.cancelled_by or CancellationActor.ADMIN,
        from_micros(lesson.cancelled_us or lesson.start_us),
        from_micros(lesson.start_us),
        chosen_percent=100 if by_school else None,
        reason=lesson.reason or "",
    )
