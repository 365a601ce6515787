"""The rows of a big demo school, loaded as a first sync would: with versions, without log entries.

School, staff, prices and hours come from the same commands as the small school's; what follows here is everything
that there are thousands of. Rows are tuples in the form in which SQLite keeps them.
"""

from collections.abc import Iterable, Iterator
from random import Random
from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.demo.catalogue import PACK_MINUTES
from driveflow_desktop.demo.founding import Office
from driveflow_desktop.demo.plan import Charge, Fate, LessonPlan, Plan, RunPlan, StudentPlan
from driveflow_desktop.demo.reminders import due_reminders
from driveflow_desktop.demo.scale import DAY, HOUR, MINUTE
from driveflow_desktop.demo.stories import cancellation_of
from driveflow_desktop.domain.communication.tables import Message
from driveflow_desktop.domain.execution.commands import lesson_id_of
from driveflow_desktop.domain.execution.tables import Lesson
from driveflow_desktop.domain.finance.rules import Paid, at_the_till, charge_split, refund_amount_quote
from driveflow_desktop.domain.finance.tables import Package, PackageUse, Payment, Payout, PayoutRun, Refund
from driveflow_desktop.domain.finance.values import (
    PaymentKind,
    PaymentMethod,
    PaymentStatus,
    PayoutStatus,
    RefundStatus,
)
from driveflow_desktop.domain.people.commands.guardians import link_id
from driveflow_desktop.domain.people.tables import Guardian, Student, StudentGuardian
from driveflow_desktop.domain.scheduling.rules.cancellation import DEFAULT_POLICY, Money, quote
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.kernel.ids import derived_id
from driveflow_desktop.store.base import TenantRow
from driveflow_desktop.store.loading import Loading, Stored

Row = tuple[Stored, ...]
_KEPT: Final = ("org_id", "id", "created_at", "updated_at", "version")
_PERSON: Final = ("full_name", "phone", "email")
STUDENT: Final = (
    *_KEPT,
    *_PERSON,
    "dob",
    "notes",
    "alert",
    "licence_number",
    "licence_class",
    "licence_expires_on",
    "transmission",
    "pickup_address",
    "pickup_lat",
    "pickup_lng",
    "logbook_minutes",
    "logbook_night_minutes",
    "gps_consent_at",
    "gps_consent_by",
    "contact_opt_out",
)
BOOKING: Final = (
    *_KEPT,
    "student_id",
    "instructor_id",
    "service_id",
    "start_at",
    "end_at",
    "status",
    "pickup_address",
    "pickup_lat",
    "pickup_lng",
    "price_cents",
    "platform_fee_cents",
    "instructor_share_cents",
    "notes",
    "series_id",
    "rate_card_id",
    "hold_until",
    "vehicle_id",
    "cancelled_by",
    "cancelled_at",
    "cancellation_reason",
    "status_changed_at",
    "status_changed_by",
)
LESSON: Final = (
    *_KEPT,
    "booking_id",
    "instructor_id",
    "student_id",
    "started_at",
    "ended_at",
    "rating",
    "notes",
    "distance_meters",
    "duration_sec",
)
PAYMENT: Final = (
    *_KEPT,
    "booking_id",
    "package_id",
    "kind",
    "status",
    "amount_cents",
    "platform_fee_cents",
    "instructor_share_cents",
    "method",
    "rounding_cents",
    "received_at",
    "stripe_payment_intent_id",
)
REFUND: Final = (
    *_KEPT,
    "payment_id",
    "amount_cents",
    "platform_fee_cents",
    "instructor_share_cents",
    "reason",
    "status",
)


class BulkRows:
    """Turns a plan into rows; one for a school."""

    def __init__(self, office: Office, plan: Plan, random: Random, version: int) -> None:
        self._office = office
        self._plan = plan
        self._random = random
        self._version = version
        self._org = office.org_id.bytes
        self._instructors = [each.bytes for each in office.instructors]
        self._services = [each.bytes for each in office.services]
        self._cards = [each.bytes for each in office.cards]
        self._students = [self._id(student.enrolled_us) for student in plan.students]
        self._bookings = [self._id(lesson.booked_us) for lesson in plan.lessons]
        self._packs = {(pack.student, pack.number): self._id(pack.bought_us) for pack in plan.packs}
        self._runs = [self._id(run.at_us) for run in plan.runs]
        self._refunds: list[Row] = []
        self._taken_back: dict[int, tuple[bytes, int]] = {}

    def load(self, loading: Loading) -> None:
        """Load everything, parents first."""
        for kind, columns, rows in (
            (Student, STUDENT, self._student_rows()),
            (Guardian, (*_KEPT, *_PERSON), self._guardian_rows()),
            (StudentGuardian, (*_KEPT, "student_id", "guardian_id", "relation", "is_payer"), self._link_rows()),
            (Booking, BOOKING, self._booking_rows()),
            (Lesson, LESSON, self._lesson_rows()),
            (Package, (*_KEPT, "student_id", "minutes_bought", "price_cents", "expires_on"), self._pack_rows()),
            (PackageUse, (*_KEPT, "package_id", "booking_id", "minutes"), self._use_rows()),
            (Payment, PAYMENT, self._payment_rows()),
            (Refund, REFUND, self._refunds),
            (PayoutRun, (*_KEPT, "period_start", "period_end", "status", "approved_by", "approved_at"), self._run_rows()),
            (Payout, (*_KEPT, "instructor_id", "booking_id", "payout_run_id", "refund_id", *_LINE), self._lines()),
            (Message, _MESSAGE, self._message_rows()),
        ):
            _load(loading, kind, columns, rows)

    # -- people -------------------------------------------------------------------------------------------------------

    def _student_rows(self) -> Iterator[Row]:
        for row_id, student in zip(self._students, self._plan.students, strict=True):
            yield (
                *self._kept(row_id, student.enrolled_us),
                student.name,
                student.phone,
                student.email,
                student.born.isoformat(),
                student.notes,
                student.alert,
                student.licence_number,
                student.licence.value,
                student.licence_expires.isoformat(),
                student.transmission.value,
                student.home.address,
                student.home.lat,
                student.home.lng,
                student.logbook,
                student.night,
                student.consent_us,
                student.consent_by,
                '{"sms":true}' if student.opted_out else "{}",
            )

    def _with_guardian(self) -> Iterator[tuple[bytes, bytes, StudentPlan]]:
        """Student id, guardian id (drawn from the student's, so that both passes agree), student."""
        for row_id, student in zip(self._students, self._plan.students, strict=True):
            if student.guardian is not None:
                yield row_id, derived_id("demo guardian", UUID(bytes=row_id)).bytes, student

    def _guardian_rows(self) -> Iterator[Row]:
        for _, guardian_id, student in self._with_guardian():
            if student.guardian is not None:
                found = student.guardian
                yield (*self._kept(guardian_id, student.enrolled_us), found.name, found.phone, found.email)

    def _link_rows(self) -> Iterator[Row]:
        for student_id, guardian_id, student in self._with_guardian():
            if student.guardian is not None:
                row_id = link_id(UUID(bytes=student_id), UUID(bytes=guardian_id)).bytes
                yield (
                    *self._kept(row_id, student.enrolled_us),
                    student_id,
                    guardian_id,
                    student.guardian.relation,
                    int(student.guardian.pays),
                )

    # -- the diary ----------------------------------------------------------------------------------------------------

    def _booking_rows(self) -> Iterator[Row]:
        series: dict[int, bytes] = {}
        desk = self._office.admin_id.bytes
        for row_id, lesson in zip(self._bookings, self._plan.lessons, strict=True):
            student = self._plan.students[lesson.student]
            car = self._office.vehicles[lesson.instructor].get(student.transmission)
            if lesson.series is not None and lesson.series not in series:
                series[lesson.series] = self._id(lesson.booked_us)
            changed = _changed_us(lesson)
            yield (
                *self._kept(row_id, lesson.booked_us, changed),
                self._students[lesson.student],
                self._instructors[lesson.instructor],
                self._services[lesson.service],
                lesson.start_us,
                lesson.end_us,
                lesson.fate.name.lower(),
                student.home.address,
                student.home.lat,
                student.home.lng,
                lesson.price,
                lesson.fee,
                lesson.price - lesson.fee,
                lesson.notes,
                series[lesson.series] if lesson.series is not None else None,
                self._cards[lesson.card],
                lesson.booked_us + HOUR if lesson.fate is Fate.DRAFT else None,
                car.bytes if car is not None else None,
                lesson.cancelled_by.value if lesson.cancelled_by is not None else None,
                lesson.cancelled_us,
                lesson.reason,
                changed,
                desk,
            )

    def _lesson_rows(self) -> Iterator[Row]:
        for booking_id, lesson in zip(self._bookings, self._plan.lessons, strict=True):
            if lesson.began_us is None:
                continue
            ended = lesson.ended_us
            yield (
                *self._kept(lesson_id_of(UUID(bytes=booking_id)).bytes, lesson.began_us, ended or lesson.began_us),
                booking_id,
                self._instructors[lesson.instructor],
                self._students[lesson.student],
                lesson.began_us,
                ended,
                lesson.rating,
                lesson.lesson_note,
                lesson.metres,
                (ended - lesson.began_us) // 1_000_000 if ended is not None else None,
            )

    # -- money --------------------------------------------------------------------------------------------------------

    def _pack_rows(self) -> Iterator[Row]:
        for pack in self._plan.packs:
            row_id = self._packs[pack.student, pack.number]
            student_id = self._students[pack.student]
            expires = pack.expires.isoformat()
            yield (*self._kept(row_id, pack.bought_us), student_id, PACK_MINUTES, pack.cents, expires)

    def _use_rows(self) -> Iterator[Row]:
        for booking_id, lesson in zip(self._bookings, self._plan.lessons, strict=True):
            if lesson.pack is not None:
                row_id = derived_id("package_uses", UUID(bytes=booking_id)).bytes
                pack_id = self._packs[lesson.student, lesson.pack]
                yield (*self._kept(row_id, lesson.booked_us), pack_id, booking_id, lesson.minutes)

    def _payment_rows(self) -> Iterator[Row]:
        for pack in self._plan.packs:
            charge = Charge(PaymentKind.FULL, pack.method, pack.cents, pack.bought_us, pack.bought_us)
            row_id = self._id(pack.bought_us)
            pack_id = self._packs[pack.student, pack.number]
            yield self._payment(row_id, None, pack_id, charge, pack.fee, PaymentStatus.SUCCEEDED)
        for number, lesson in enumerate(self._plan.lessons):
            if lesson.charges:
                yield from self._charge_rows(number, lesson)

    def _charge_rows(self, number: int, lesson: LessonPlan) -> Iterator[Row]:
        booking_id = self._bookings[number]
        received: list[Paid] = []
        rows: list[tuple[bytes, Charge, int]] = []
        before = 0
        for charge in lesson.charges:
            is_fee = charge.kind is PaymentKind.FEE
            fee = charge_split(charge.cents, Money(lesson.price, lesson.fee, 0 if is_fee else before)).platform_fee_cents
            before += charge.cents
            if charge.declined_us is not None:
                row_id = self._id(charge.declined_us)
                first = Charge(charge.kind, charge.method, charge.cents, charge.declined_us - 2 * MINUTE, None)
                yield self._payment(row_id, booking_id, None, first, fee, PaymentStatus.FAILED)
            row_id = self._id(charge.asked_us)
            rows.append((row_id, charge, fee))
            if charge.received_us is not None:
                paid = Paid(UUID(bytes=row_id), charge.kind, PaymentStatus.SUCCEEDED, charge.cents)
                received.append(paid)
        returned = self._give_back(number, lesson, received) if received else {}
        for row_id, charge, fee in rows:
            status = PaymentStatus.SUCCEEDED if charge.received_us is not None else PaymentStatus.INTENT_CREATED
            if returned.get(row_id) == charge.cents:
                status = PaymentStatus.REFUNDED
            yield self._payment(row_id, booking_id, None, charge, fee, status)

    def _payment(
        self,
        row_id: bytes,
        booking_id: bytes | None,
        pack_id: bytes | None,
        charge: Charge,
        fee: int,
        status: PaymentStatus,
    ) -> Row:
        by_card = charge.method is PaymentMethod.CARD
        answered = by_card and status is not PaymentStatus.INTENT_CREATED
        return (
            *self._kept(row_id, charge.asked_us, charge.received_us or charge.asked_us),
            booking_id,
            pack_id,
            charge.kind.value,
            status.value,
            charge.cents,
            fee,
            charge.cents - fee,
            charge.method.value,
            at_the_till(charge.cents, charge.method).rounding_cents,
            charge.received_us,
            f"pi_demo_{row_id.hex()}" if answered else None,
        )

    def _give_back(self, number: int, lesson: LessonPlan, received: list[Paid]) -> dict[bytes, int]:
        """Write the refunds of a lesson, and return what went back by payment."""
        if lesson.goodwill_us is not None:
            cents, at, reason = lesson.price // 2, lesson.goodwill_us, "The car broke down half-way; half of it refunded."
        elif lesson.cancelled_us is not None:
            paid = sum(payment.amount_cents for payment in received if payment.kind is not PaymentKind.FEE)
            money = Money(lesson.price, lesson.fee, paid)
            cents = quote(cancellation_of(lesson), money, DEFAULT_POLICY).refund_cents if paid else 0
            at, reason = lesson.cancelled_us, lesson.reason or "The lesson was cancelled."
        else:
            return {}
        if not cents:
            return {}
        found: dict[bytes, int] = {}
        for row in refund_amount_quote(lesson.price, lesson.fee, received, cents).rows:
            row_id = self._id(at)
            found[row.payment_id.bytes] = row.amount_cents
            amounts = (row.amount_cents, row.platform_fee_cents, row.instructor_share_cents)
            kept = self._kept(row_id, at, at + 6 * MINUTE)
            self._refunds.append((*kept, row.payment_id.bytes, *amounts, reason, RefundStatus.SUCCEEDED.value))
            self._taken_back[number] = (row_id, row.instructor_share_cents)
        return found

    # -- payouts ------------------------------------------------------------------------------------------------------

    def _run_rows(self) -> Iterator[Row]:
        for row_id, run in zip(self._runs, self._plan.runs, strict=True):
            approved = run.at_us + 40 * MINUTE
            yield (
                *self._kept(row_id, run.at_us, approved),
                run.first.isoformat(),
                run.last.isoformat(),
                self._run_status(run),
                self._office.owner_id.bytes,
                approved,
            )

    def _run_status(self, run: RunPlan) -> str:
        arrived = run.at_us + 2 * DAY <= self._plan.span.now_us
        return (PayoutStatus.PAID if arrived else PayoutStatus.SENT).value

    def _lines(self) -> Iterator[Row]:
        for run_id, run in zip(self._runs, self._plan.runs, strict=True):
            status = self._run_status(run)
            for number in run.lessons:
                lesson = self._plan.lessons[number]
                yield self._line(run_id, run, number, None, lesson.price - lesson.fee, status)
            for number in run.refunded:
                refund_id, share = self._taken_back[number]
                yield self._line(run_id, run, number, refund_id, -share, status)

    def _line(
        self, run_id: bytes, run: RunPlan, number: int, refund_id: bytes | None, cents: int, status: str
    ) -> Row:
        kept = self._kept(self._id(run.at_us), run.at_us)
        instructor = self._instructors[self._plan.lessons[number].instructor]
        return (*kept, instructor, self._bookings[number], run_id, refund_id, cents, status)

    # -- messages -----------------------------------------------------------------------------------------------------

    def _message_rows(self) -> Iterator[Row]:
        for reminder in due_reminders(self._plan):
            yield (
                *self._kept(self._id(reminder.at_us), reminder.at_us),
                reminder.to_address,
                reminder.channel.value,
                reminder.template_key,
                reminder.body,
                reminder.status.value,
                reminder.error,
                "bookings",
                self._bookings[reminder.lesson],
            )

    # -- what every row has -------------------------------------------------------------------------------------------

    def _kept(self, row_id: bytes, created: int, updated: int | None = None) -> Row:
        self._version += 1
        now = self._plan.span.now_us
        return self._org, row_id, min(created, now), min(updated or created, now), self._version

    def _id(self, micros: int) -> bytes:
        """A UUIDv7 of that instant."""
        bits = self._random.getrandbits(74)
        value = (micros // 1000 << 80) | (7 << 76) | (bits >> 62 << 64) | (2 << 62) | (bits & (1 << 62) - 1)
        return value.to_bytes(16, "big")


_LINE: Final = ("amount_cents", "status")
_MESSAGE: Final = (
    *_KEPT,
    "to_address",
    "channel",
    "template_key",
    "body",
    "status",
    "error",
    "related_type",
    "related_id",
)


def _changed_us(lesson: LessonPlan) -> int:
    """When a booking took the status it has."""
    if lesson.fate is Fate.NO_SHOW:
        return lesson.end_us + 4 * MINUTE
    return lesson.cancelled_us or lesson.ended_us or lesson.began_us or lesson.booked_us


def _load(loading: Loading, kind: type[TenantRow], columns: tuple[str, ...], rows: Iterable[Row]) -> None:
    loading.load_rows(cast("sa.Table", kind.__table__), columns, rows)
