"""The rows of money of a big demo school: packs, payments, refunds, payouts."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from driveflow_desktop.demo.bulk_press import KEPT, Press, Row
from driveflow_desktop.demo.catalogue import PACK_MINUTES
from driveflow_desktop.demo.plan import Charge, LessonPlan, RunPlan
from driveflow_desktop.demo.scale import DAY, MINUTE
from driveflow_desktop.demo.stories import cancellation_of
from driveflow_desktop.domain.finance.rules.charges import Paid, at_the_till, charge_split
from driveflow_desktop.domain.finance.rules.refunds import refund_amount_quote
from driveflow_desktop.domain.finance.values import (
    PaymentKind,
    PaymentMethod,
    PaymentStatus,
    PayoutStatus,
    RefundStatus,
)
from driveflow_desktop.domain.scheduling.rules.cancellation import DEFAULT_POLICY, Money, quote
from driveflow_desktop.kernel.ids import derived_id

PACKAGE: Final = (*KEPT, "student_id", "minutes_bought", "price_cents", "expires_on")
USE: Final = (*KEPT, "package_id", "booking_id", "minutes")
RUN: Final = (*KEPT, "period_start", "period_end", "status", "approved_by", "approved_at")
LINE: Final = (*KEPT, "instructor_id", "booking_id", "payout_run_id", "refund_id", "amount_cents", "status")
PAYMENT: Final = (
    *KEPT,
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
    *KEPT,
    "payment_id",
    "amount_cents",
    "platform_fee_cents",
    "instructor_share_cents",
    "reason",
    "status",
)


class MoneyRows:
    """Rows of money. Refunds and claw-backs are known once the payments have been made."""

    def __init__(self, press: Press) -> None:
        self._press = press
        self._packs = {(pack.student, pack.number): press.id(pack.bought_us) for pack in press.plan.packs}
        self._runs = [press.id(run.at_us) for run in press.plan.runs]
        self.refunds: list[Row] = []
        self._taken_back: dict[int, tuple[bytes, int]] = {}

    def packs(self) -> Iterator[Row]:
        """Packs of lessons."""
        for pack in self._press.plan.packs:
            row_id = self._packs[pack.student, pack.number]
            student_id = self._press.students[pack.student]
            expires = pack.expires.isoformat()
            yield (*self._press.kept(row_id, pack.bought_us), student_id, PACK_MINUTES, pack.cents, expires)

    def uses(self) -> Iterator[Row]:
        """Minutes of packs that bookings use."""
        for booking_id, lesson in zip(self._press.bookings, self._press.plan.lessons, strict=True):
            if lesson.pack is not None:
                row_id = derived_id("package_uses", UUID(bytes=booking_id)).bytes
                pack_id = self._packs[lesson.student, lesson.pack]
                yield (*self._press.kept(row_id, lesson.booked_us), pack_id, booking_id, lesson.minutes)

    def payments(self) -> Iterator[Row]:
        """Payments of packs and bookings; fills `refunds` on the way."""
        for pack in self._press.plan.packs:
            charge = Charge(PaymentKind.FULL, pack.method, pack.cents, pack.bought_us, pack.bought_us)
            row_id = self._press.id(pack.bought_us)
            pack_id = self._packs[pack.student, pack.number]
            yield self._payment(row_id, None, pack_id, charge, pack.fee, PaymentStatus.SUCCEEDED)
        for number, lesson in enumerate(self._press.plan.lessons):
            if lesson.charges:
                yield from self._charge_rows(number, lesson)

    def _charge_rows(self, number: int, lesson: LessonPlan) -> Iterator[Row]:
        booking_id = self._press.bookings[number]
        received: list[Paid] = []
        rows: list[tuple[bytes, Charge, int]] = []
        before = 0
        for charge in lesson.charges:
            is_fee = charge.kind is PaymentKind.FEE
            fee = charge_split(
                charge.cents, Money(lesson.price, lesson.fee, 0 if is_fee else before)
            ).platform_fee_cents
            before += charge.cents
            if charge.declined_us is not None:
                row_id = self._press.id(charge.declined_us)
                first = Charge(charge.kind, charge.method, charge.cents, charge.declined_us - 2 * MINUTE, None)
                yield self._payment(row_id, booking_id, None, first, fee, PaymentStatus.FAILED)
            row_id = self._press.id(charge.asked_us)
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
            *self._press.kept(row_id, charge.asked_us, charge.received_us or charge.asked_us),
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
            cents, at, reason = (
                lesson.price // 2,
                lesson.goodwill_us,
                "The car broke down half-way; half of it refunded.",
            )
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
            row_id = self._press.id(at)
            found[row.payment_id.bytes] = row.amount_cents
            amounts = (row.amount_cents, row.platform_fee_cents, row.instructor_share_cents)
            kept = self._press.kept(row_id, at, at + 6 * MINUTE)
            self.refunds.append((*kept, row.payment_id.bytes, *amounts, reason, RefundStatus.SUCCEEDED.value))
            self._taken_back[number] = (row_id, row.instructor_share_cents)
        return found

    def runs(self) -> Iterator[Row]:
        """Payout runs."""
        for row_id, run in zip(self._runs, self._press.plan.runs, strict=True):
            approved = run.at_us + 40 * MINUTE
            yield (
                *self._press.kept(row_id, run.at_us, approved),
                run.first.isoformat(),
                run.last.isoformat(),
                self._run_status(run),
                self._press.office.owner_id.bytes,
                approved,
            )

    def _run_status(self, run: RunPlan) -> str:
        arrived = run.at_us + 2 * DAY <= self._press.plan.span.now_us
        return (PayoutStatus.PAID if arrived else PayoutStatus.SENT).value

    def lines(self) -> Iterator[Row]:
        """Their lines, claw-backs too."""
        for run_id, run in zip(self._runs, self._press.plan.runs, strict=True):
            status = self._run_status(run)
            for number in run.lessons:
                lesson = self._press.plan.lessons[number]
                yield self._line(run_id, run, number, None, lesson.price - lesson.fee, status)
            for number in run.refunded:
                refund_id, share = self._taken_back[number]
                yield self._line(run_id, run, number, refund_id, -share, status)

    def _line(self, run_id: bytes, run: RunPlan, number: int, refund_id: bytes | None, cents: int, status: str) -> Row:
        kept = self._press.kept(self._press.id(run.at_us), run.at_us)
        instructor = self._press.instructors[self._press.plan.lessons[number].instructor]
        return (*kept, instructor, self._press.bookings[number], run_id, refund_id, cents, status)
