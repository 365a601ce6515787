"""The whole demo school as a plan: people, diary, lives of lessons, packs, payouts, and a few loose ends."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from driveflow_desktop.demo.cast import ETHAN, STUDENTS
from driveflow_desktop.demo.catalogue import ORG_FEE_BP, PACK, PACK_LESSONS, SERVICES, PriceBook, rate_cards
from driveflow_desktop.demo.opening import Opening, open_for_today, opening_of, public_holidays
from driveflow_desktop.demo.people import People
from driveflow_desktop.demo.plan import Charge, Fate, LessonPlan, PackPlan, Plan, RunPlan
from driveflow_desktop.demo.planner import Planner
from driveflow_desktop.demo.scale import DAY, HOUR, MINUTE, SYDNEY, Scale, day_start, span_at
from driveflow_desktop.demo.stories import Stories
from driveflow_desktop.domain.catalog.rules import effective_fee_bp
from driveflow_desktop.domain.finance.values import PaymentKind, PaymentMethod
from driveflow_desktop.domain.people.values import LicenceClass
from driveflow_desktop.kernel.money import split_price
from driveflow_desktop.kernel.time import from_micros, local_date

FORTNIGHT: Final = timedelta(days=14)
_MOVED: Final = 14
_CLEAR: Final = 60
"""Minutes that a lesson which was moved away had free around it."""


def compose(seed: int, now: datetime, scale: Scale) -> Plan:
    """The plan of a school: the same for the same seed, instant and scale."""
    random = Random(seed)
    span = span_at(now, scale)
    people = People(random, scale, span)
    instructors = people.instructors()
    students = people.students(instructors)
    holidays = public_holidays(span.first.year, span.last.year + 1)
    open_for_today(instructors, span.today, holiday=span.today in holidays)
    cards = rate_cards(span.first, span.today)
    book = PriceBook(cards)
    lessons = Planner(random, scale, span, instructors, students, holidays).lessons()
    Stories(random, span, instructors, students, book).tell(lessons)
    plan = Plan(span, instructors, students, cards, holidays, lessons)
    _leave_ends_open(plan)
    plan.packs = list(_packs(plan, random, book))
    plan.runs = list(_runs(plan, random))
    _count_logbooks(plan)
    if scale.days_back < 100:
        _move_some(plan, random)
    return plan


# -- loose ends -----------------------------------------------------------------------------------------------------


def _leave_ends_open(plan: Plan) -> None:
    """One lesson waits for its payment, one is still a draft: both begun minutes ago at the desk."""
    now = plan.span.now_us
    free = [
        lesson
        for lesson in plan.lessons
        if lesson.start_us > now + 2 * DAY
        and lesson.fate is Fate.CONFIRMED
        and not lesson.charges
        and lesson.pack is None
        and lesson.series is None
        and lesson.student >= len(STUDENTS)
    ]
    for lesson, fate, minutes in zip(free, (Fate.PENDING_PAYMENT, Fate.DRAFT), (8, 17), strict=False):
        lesson.fate, lesson.booked_us = fate, now - minutes * MINUTE
        if fate is Fate.PENDING_PAYMENT:
            asked = lesson.booked_us + MINUTE
            lesson.charges = [Charge(PaymentKind.FULL, PaymentMethod.CARD, lesson.price, asked, None)]


def _count_logbooks(plan: Plan) -> None:
    """Add lessons to logbooks: in NSW an hour with an instructor counts three, up to ten hours of them."""
    driven = [0] * len(plan.students)
    for lesson in plan.lessons:
        if lesson.fate is Fate.COMPLETED:
            driven[lesson.student] += lesson.minutes
    for number, student in enumerate(plan.students):
        if student.licence is LicenceClass.LEARNER and number >= len(STUDENTS):
            minutes = driven[number]
            student.logbook += 3 * min(minutes, 600) + max(0, minutes - 600)


# -- packs ----------------------------------------------------------------------------------------------------------


def _packs(plan: Plan, random: Random, book: PriceBook) -> Iterator[PackPlan]:
    """A pack is bought with the first of its lessons."""
    first: dict[tuple[int, int], LessonPlan] = {}
    for lesson in plan.lessons:
        if lesson.pack is not None:
            key = (lesson.student, lesson.pack)
            if key not in first or lesson.booked_us < first[key].booked_us:
                first[key] = lesson
    for (student, number), lesson in sorted(first.items()):
        bought = lesson.booked_us - MINUTE
        day = local_date(from_micros(bought), SYDNEY)
        fee_bp = plan.instructors[lesson.instructor].fee_bp
        cents = PACK_LESSONS * book.price(PACK, day, fee_bp).price_cents
        fee = split_price(cents, effective_fee_bp(ORG_FEE_BP, fee_bp)).platform_fee_cents
        method = random.choice((PaymentMethod.EFTPOS, PaymentMethod.BANK_TRANSFER, PaymentMethod.CASH))
        yield PackPlan(student, number, bought, cents, fee, method, day + timedelta(days=365))


# -- payouts --------------------------------------------------------------------------------------------------------


def _runs(plan: Plan, random: Random) -> Iterator[RunPlan]:
    """Fortnights that end on a Sunday; the last full one has not been run yet. Who pays late is in a later run."""
    last_sunday = plan.span.today - timedelta(days=plan.span.today.isoweekday() % 7 or 7)
    count = (last_sunday - plan.span.first) // FORTNIGHT
    waiting = [
        (paid_us, number)
        for number, lesson in enumerate(plan.lessons)
        if lesson.fate is Fate.COMPLETED and (paid_us := _paid_us(lesson)) is not None
    ]
    refunded: tuple[int, ...] = ()
    for back in range(count, 0, -1):
        end = last_sunday - back * FORTNIGHT
        closes = day_start(end + timedelta(days=1))
        at = closes + 10 * HOUR
        due = [number for paid_us, number in waiting if paid_us < at and plan.lessons[number].start_us < closes]
        counted = frozenset(due)
        waiting = [entry for entry in waiting if entry[1] not in counted]
        yield RunPlan(end - FORTNIGHT + timedelta(days=1), end, at, tuple(due), refunded)
        refunded = _give_back_one(plan, random, due, at) if back > 1 else ()


def _paid_us(lesson: LessonPlan) -> int | None:
    """When a lesson was given and paid in full; None while it is not."""
    if lesson.pack is not None:
        return lesson.end_us
    times = [charge.received_us for charge in lesson.charges]
    if sum(charge.cents for charge in lesson.charges if charge.received_us is not None) < lesson.price:
        return None
    return max(lesson.end_us, *(time for time in times if time is not None))


def _give_back_one(plan: Plan, random: Random, lines: list[int], at: int) -> tuple[int, ...]:
    """Somebody complains after the payout: half of the price goes back, and the next run takes the share back."""
    whole = [number for number in lines if len(plan.lessons[number].charges) == 1 and plan.lessons[number].price]
    if not whole:
        return ()
    number = random.choice(whole)
    plan.lessons[number].goodwill_us = at + 3 * DAY + 4 * HOUR
    return (number,)


# -- lessons that were moved ----------------------------------------------------------------------------------------


def _move_some(plan: Plan, random: Random) -> None:
    """Some lessons stood on another day first; Ethan's of last week on the day before."""
    openings = [opening_of(instructor) for instructor in plan.instructors]
    ethan = next(number for number, member in enumerate(STUDENTS) if member.name == ETHAN)
    last_week = plan.span.today - timedelta(days=7)
    movable = [lesson for lesson in plan.lessons if lesson.series is None and lesson.goodwill_us is None]
    chosen = [lesson for lesson in movable if (lesson.student, lesson.day) == (ethan, last_week)]
    chosen += random.sample(movable, len(movable))
    used: set[tuple[int, date]] = set()
    for lesson in chosen:
        if len(used) == _MOVED:
            return
        for offset in (-1, 1, 2, -2):
            day = lesson.day + timedelta(days=offset)
            if (lesson.instructor, day) in used or not _was_free(plan, openings[lesson.instructor], lesson, day):
                continue
            if _move_from(plan, lesson, day):
                used.add((lesson.instructor, day))
                break


def _move_from(plan: Plan, lesson: LessonPlan, day: date) -> bool:
    """Let it have stood on `day` from its booking until it was moved, where there was time for that."""
    old = day_start(day) + lesson.start * MINUTE
    latest = min(old, lesson.start_us, plan.span.now_us, lesson.cancelled_us or plan.span.now_us) - 4 * HOUR
    if latest <= lesson.booked_us + 3 * HOUR:
        return False
    lesson.moved_us = max(lesson.booked_us + 2 * HOUR, latest - 3 * DAY)
    lesson.moved_from_us = old
    return True


def _was_free(plan: Plan, opening: Opening, lesson: LessonPlan, day: date) -> bool:
    """Whether the instructor was open at that time on `day`, with an hour clear around, and the student had nothing."""
    start, end = lesson.start, lesson.start + SERVICES[lesson.service].minutes
    spans = opening.on(day, holiday=day in plan.holidays)
    if day == plan.span.today or not any(opens <= start and end <= closes for opens, closes in spans):
        return False
    for other in plan.lessons:
        if other.day != day:
            continue
        near = other.instructor == lesson.instructor and other.start < end + _CLEAR and start < other.start + 180
        if near or other.student == lesson.student:
            return False
    return sum(other.day == day and other.instructor == lesson.instructor for other in plan.lessons) < 7
