"""Every rule of docs/rules.md that a demo school must keep, as a list of what breaks it: empty when all is well."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.demo.build import DemoSchool
from driveflow_desktop.domain.catalog.queries import price_book
from driveflow_desktop.domain.catalog.rules import price_for
from driveflow_desktop.domain.contacts import clean_email, normalise_phone
from driveflow_desktop.domain.execution.tables import Lesson
from driveflow_desktop.domain.finance.tables import Package, PackageUse, Payment, Payout, PayoutRun, Refund
from driveflow_desktop.domain.finance.values import PaymentKind, PaymentMethod, PaymentStatus, RefundStatus
from driveflow_desktop.domain.hard_rules import find_overlaps
from driveflow_desktop.domain.identity.queries import school
from driveflow_desktop.domain.names import clean_name, is_abn
from driveflow_desktop.domain.people.tables import Guardian, Instructor, Student
from driveflow_desktop.domain.scheduling.loader import Days, load_diaries, load_setting
from driveflow_desktop.domain.scheduling.queries import active_policy
from driveflow_desktop.domain.scheduling.rules.cancellation import Cancellation, Money, quote
from driveflow_desktop.domain.scheduling.rules.diary import Diary, SchoolRules, needed_gap
from driveflow_desktop.domain.scheduling.rules.travel import travel_minutes
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus, CancellationActor
from driveflow_desktop.kernel.money import cash_rounding, split_price
from driveflow_desktop.kernel.time import Interval, local_date
from driveflow_desktop.store import search_index

Check = Callable[[sa.Connection, DemoSchool], Iterator[str]]
Rows = list[sa.Row[tuple[object, ...]]]
_RECEIVED: Final = (PaymentStatus.SUCCEEDED, PaymentStatus.REFUNDED)


def all_rows(connection: sa.Connection, kind: type) -> Rows:
    """Every row of a table."""
    return list(connection.execute(sa.select(kind.__table__)))


def overlaps(connection: sa.Connection, demo: DemoSchool) -> Iterator[str]:
    ids = list(connection.execute(sa.select(Booking.id)).scalars())
    yield from map(str, find_overlaps(connection, demo.org_id, ids))


def references(connection: sa.Connection, demo: DemoSchool) -> Iterator[str]:
    yield from map(str, connection.exec_driver_sql("PRAGMA foreign_key_check").all())
    if connection.exec_driver_sql("PRAGMA integrity_check").scalar() != "ok":
        yield "integrity"
    yield from search_index.drift(connection)


def prices(connection: sa.Connection, demo: DemoSchool) -> Iterator[str]:
    """Each price is the rate card's for the local date, and divides as it should."""
    cards, setting = price_book(connection, demo.org_id), _setting(connection, demo)
    fees = dict(connection.execute(sa.select(Instructor.id, Instructor.fee_bp)).all())
    for row in all_rows(connection, Booking):
        day = local_date(row.start_at, setting.tz)
        fee_bp = fees[row.instructor_id]
        org_fee = setting.school.platform_fee_bp
        price = price_for(row.service_id, day, cards, org_fee_bp=org_fee, instructor_fee_bp=fee_bp)
        if (row.rate_card_id, row.price_cents) != (price.rate_card_id, price.price_cents):
            yield f"{row.id} costs {row.price_cents}, not {price.price_cents}"
        split = split_price(row.price_cents, org_fee if fee_bp is None else fee_bp)
        if (row.platform_fee_cents, row.instructor_share_cents) != split:
            yield f"{row.id} is split otherwise"


def diaries(connection: sa.Connection, demo: DemoSchool) -> Iterator[str]:
    """Lessons lie in open hours, leave time to drive, and respect the daily cap."""
    setting = _setting(connection, demo)
    for diary in load_diaries(connection, setting, demo.now).values():
        yield from _hours(diary)
        yield from _gaps(diary, setting.rules)
        per_day = Counter(local_date(booked.start, setting.tz) for booked in diary.occupied)
        if diary.daily_cap is not None and max(per_day.values(), default=0) > diary.daily_cap:
            yield f"{diary.instructor_id} has a day above the cap"


def _hours(diary: Diary) -> Iterator[str]:
    starts = [span.start for span in diary.open]
    for booked in diary.occupied:
        at = bisect_right(starts, booked.start) - 1
        if at < 0 or not diary.open[at].contains(Interval(booked.start, booked.end)):
            yield f"{booked.id} at {booked.start} is outside the hours of {diary.instructor_id}"


def _gaps(diary: Diary, rules: SchoolRules) -> Iterator[str]:
    for before, after in pairwise(diary.occupied):
        drive = travel_minutes(before.leaves_from, after.pickup, before.end, rules.tz, rules.travel)
        if after.start - before.end < timedelta(minutes=needed_gap(diary.buffer_min, drive)):
            yield f"{before.id} to {after.id}: {after.start - before.end}, {drive} minutes' drive"


def states(connection: sa.Connection, demo: DemoSchool) -> Iterator[str]:
    """What is over has a record, what is to come has none; bookings come after their student and before their time."""
    lessons = {row.booking_id: row for row in all_rows(connection, Lesson)}
    enrolled = dict(connection.execute(sa.select(Student.id, Student.created_at)).all())
    for row in all_rows(connection, Booking):
        lesson = lessons.get(row.id)
        if row.status is BookingStatus.COMPLETED:
            if lesson is None or lesson.ended_at is None or not 0 < lesson.duration_sec < 4 * 3600:
                yield f"{row.id} is completed without a record"
        elif row.status is BookingStatus.IN_PROGRESS:
            if lesson is None or lesson.started_at is None or lesson.ended_at is not None:
                yield f"{row.id} runs without a beginning"
        elif lesson is not None:
            yield f"{row.id} is {row.status} and has a record"
        if not enrolled[row.student_id] < row.created_at < row.start_at or row.created_at > demo.now:
            yield f"{row.id} was booked at {row.created_at}"
        if row.start_at > demo.now and row.status in {BookingStatus.COMPLETED, BookingStatus.NO_SHOW}:
            yield f"{row.id} is over before it began"
        if (row.status is BookingStatus.CANCELLED) != (row.cancelled_at is not None):
            yield f"{row.id} is cancelled without a time"


def payments(connection: sa.Connection, demo: DemoSchool) -> Iterator[str]:
    """Full payments are the price, parts add up to it, cash is rounded, and everything divides."""
    bookings = {row.id: row for row in all_rows(connection, Booking)}
    full: dict[UUID, int] = defaultdict(int)
    for row in all_rows(connection, Payment):
        rounding = cash_rounding(row.amount_cents) if row.method is PaymentMethod.CASH else 0
        if row.rounding_cents != rounding:
            yield f"{row.id} is rounded by {row.rounding_cents}"
        if (row.received_at is not None) != (row.status in _RECEIVED):
            yield f"{row.id} is {row.status} at {row.received_at}"
        if row.received_at is not None and row.received_at > demo.now:
            yield f"{row.id} came in the future"
        if row.booking_id is not None and row.status in _RECEIVED and row.kind is not PaymentKind.FEE:
            full[row.booking_id] += row.amount_cents
        if row.kind is PaymentKind.FEE and bookings[row.booking_id].status is not BookingStatus.CANCELLED:
            yield f"{row.id} is a fee for a lesson that stands"
    for booking_id, cents in full.items():
        if cents not in {bookings[booking_id].price_cents, 3_000}:
            yield f"{booking_id} costs {bookings[booking_id].price_cents}, {cents} were paid"


def refunds(connection: sa.Connection, demo: DemoSchool) -> Iterator[str]:
    """A cancellation gives back what the policy says."""
    policy = active_policy(connection, demo.org_id)
    paid: dict[UUID, int] = defaultdict(int)
    back: dict[UUID, int] = defaultdict(int)
    owners = {}
    for row in all_rows(connection, Payment):
        if row.booking_id is not None and row.status in _RECEIVED and row.kind is not PaymentKind.FEE:
            paid[row.booking_id] += row.amount_cents
        owners[row.id] = row.booking_id
    for row in all_rows(connection, Refund):
        back[owners[row.payment_id]] += row.amount_cents
        if row.status is not RefundStatus.SUCCEEDED and row.created_at < demo.now - timedelta(hours=1):
            yield f"{row.id} is {row.status}"
    for row in all_rows(connection, Booking):
        if row.status is not BookingStatus.CANCELLED or not paid[row.id]:
            continue
        by_school = row.cancelled_by is CancellationActor.ADMIN
        wish = Cancellation(
            row.cancelled_by,
            row.cancelled_at,
            row.start_at,
            chosen_percent=100 if by_school else None,
            reason=row.cancellation_reason,
        )
        due = quote(wish, Money(row.price_cents, row.platform_fee_cents, paid[row.id]), policy).refund_cents
        if due != back[row.id]:
            yield f"{row.id}: {back[row.id]} went back instead of {due}"


def balance(connection: sa.Connection, demo: DemoSchool) -> Iterator[str]:
    """Σ paid − Σ refunded = Σ platform + Σ instructors, to the cent."""
    came = [row for row in all_rows(connection, Payment) if row.status in _RECEIVED]
    went = [row for row in all_rows(connection, Refund) if row.status is not RefundStatus.FAILED]
    paid, gone = (sum(row.amount_cents for row in rows) for rows in (came, went))
    platform = sum(row.platform_fee_cents for row in came) - sum(row.platform_fee_cents for row in went)
    instructors = sum(row.instructor_share_cents for row in came) - sum(row.instructor_share_cents for row in went)
    if paid - gone != platform + instructors or paid <= gone:
        yield f"{paid} − {gone} ≠ {platform} + {instructors}"


def payouts(connection: sa.Connection, demo: DemoSchool) -> Iterator[str]:
    """Each lesson is paid out once, with its share; refunds after that are taken back; periods do not meet."""
    bookings = {row.id: row for row in all_rows(connection, Booking)}
    back = {row.id: row for row in all_rows(connection, Refund)}
    runs = sorted(all_rows(connection, PayoutRun), key=lambda row: row.period_start)
    for before, after in pairwise(runs):
        if before.period_end + timedelta(days=1) != after.period_start:
            yield f"the run of {after.period_start} does not follow"
    seen: Counter[UUID] = Counter()
    for row in all_rows(connection, Payout):
        booking = bookings[row.booking_id]
        if row.refund_id is not None:
            if row.amount_cents != -back[row.refund_id].instructor_share_cents:
                yield f"{row.id} takes back {row.amount_cents}"
            continue
        seen[row.booking_id] += 1
        if booking.status is not BookingStatus.COMPLETED or row.instructor_id != booking.instructor_id:
            yield f"{row.id} pays for {booking.status}"
        if row.amount_cents != booking.instructor_share_cents:
            yield f"{row.id} pays {row.amount_cents}"
    yield from (f"{booking} is paid out twice" for booking, times in seen.items() if times > 1)


def packs(connection: sa.Connection, demo: DemoSchool) -> Iterator[str]:
    """No pack is used up twice, by somebody else, or for a lesson that was called off."""
    bookings = {row.id: row for row in all_rows(connection, Booking)}
    held = {row.id: row for row in all_rows(connection, Package)}
    used: Counter[UUID] = Counter()
    for row in all_rows(connection, PackageUse):
        used[row.package_id] += row.minutes
        booking = bookings[row.booking_id]
        if booking.status is BookingStatus.CANCELLED or booking.student_id != held[row.package_id].student_id:
            yield f"{row.id} is used wrongly"
    yield from (f"{pack} is overdrawn" for pack, minutes in used.items() if minutes > held[pack].minutes_bought)


def people(connection: sa.Connection, demo: DemoSchool) -> Iterator[str]:
    """Names, phones, addresses and numbers are as the program stores them; mail goes nowhere."""
    for kind, column in ((Student, "full_name"), (Guardian, "full_name"), (Instructor, "display_name")):
        for row in all_rows(connection, kind):
            name = getattr(row, column)
            if clean_name(name) != name or normalise_phone(row.phone) != row.phone:
                yield f"{name} {row.phone}"
            if clean_email(row.email) != row.email or not row.email.endswith("example.com"):
                yield f"{name} {row.email}"
    for row in all_rows(connection, Instructor):
        if not is_abn(row.abn):
            yield f"{row.display_name} {row.abn}"
    found = school(connection, demo.org_id)
    if not is_abn(found.abn or "") or "ictional" not in found.settings.document_footer:
        yield "the school's own numbers"
    box = (Student.pickup_lat.between(-34_150_000, -33_550_000), Student.pickup_lng.between(150_600_000, 151_400_000))
    yield from (f"{lost} lives elsewhere" for lost in connection.execute(sa.select(Student.id).where(~sa.and_(*box))))


def _setting(connection: sa.Connection, demo: DemoSchool):
    first, last = connection.execute(sa.select(sa.func.min(Booking.start_at), sa.func.max(Booking.start_at))).one()
    return load_setting(connection, demo.org_id, Days(first.date(), last.date()))


CHECKS: Final[tuple[Check, ...]] = (
    overlaps,
    references,
    prices,
    diaries,
    states,
    payments,
    refunds,
    balance,
    payouts,
    packs,
    people,
)
