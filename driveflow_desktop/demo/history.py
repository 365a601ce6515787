"""The life of the small demo school, played through the program's own commands with a clock that moves along.

So its diary, its money, its audit and its outbox are what a real front desk would have left behind, and every rule
has been asked on the way.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from heapq import merge
from itertools import groupby
from operator import attrgetter
from typing import Final
from uuid import UUID

from driveflow_desktop.demo.catalogue import PACK_MINUTES
from driveflow_desktop.demo.founding import Office
from driveflow_desktop.demo.payouts import RunSteps, requested_refunds
from driveflow_desktop.demo.plan import Charge, Fate, LessonPlan, PackPlan, Plan, StudentPlan
from driveflow_desktop.demo.reminders import Reminder, due_reminders
from driveflow_desktop.demo.scale import DAY, HOUR, MINUTE
from driveflow_desktop.domain.communication.tables import Message
from driveflow_desktop.domain.desk.commands import (
    CancelRequest,
    Completion,
    cancel,
    complete,
    no_show,
    start,
    take_payment,
)
from driveflow_desktop.domain.execution.commands import LessonChanges
from driveflow_desktop.domain.finance.commands import NewPayment, refund
from driveflow_desktop.domain.finance.queries import payments_of
from driveflow_desktop.domain.finance.rules.charges import at_the_till
from driveflow_desktop.domain.finance.tables import Package, PackageUse, Payment, Refund
from driveflow_desktop.domain.finance.values import PaymentMethod, PaymentStatus, RefundStatus
from driveflow_desktop.domain.people.commands.guardians import (
    Link,
    NewGuardian,
    create_guardian,
    link_guardian,
)
from driveflow_desktop.domain.people.commands.students import NewStudent, create_student, give_gps_consent
from driveflow_desktop.domain.scheduling.commands.booking import Moving, NewBooking, book, move
from driveflow_desktop.domain.scheduling.commands.waitlist import Wish, add_to_waitlist
from driveflow_desktop.domain.scheduling.values import BookingStatus, CancellationActor
from driveflow_desktop.kernel.ids import derived_id
from driveflow_desktop.kernel.time import from_micros
from driveflow_desktop.store.types import Value
from driveflow_desktop.store.unit_of_work import UnitOfWork

Command = Callable[[UnitOfWork], object]
_FIRST_STATUS: Final = {
    Fate.REQUESTED: BookingStatus.REQUESTED,
    Fate.PENDING_PAYMENT: BookingStatus.PENDING_PAYMENT,
    Fate.DRAFT: BookingStatus.DRAFT,
}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at an instant: a command, by the desk, an instructor or (None) the service."""

    at_us: int
    command: Command
    user_id: UUID | None


class History:
    """Plays a plan into an office; one for a school."""

    def __init__(self, office: Office, plan: Plan) -> None:
        self._office = office
        self._plan = plan
        self._desk = office.admin_id
        self._packs = {(pack.student, pack.number): pack for pack in plan.packs}
        self._series_ids: dict[int, UUID] = {}

    def play(self, progress: Callable[[int, int], None]) -> None:
        """Let everything happen in its order; `progress` is told how many events of all are done."""
        sources = (
            self._students(),
            self._bookings(),
            self._lessons(),
            self._closings(),
            self._money(),
            self._payouts(),
            self._reminders(),
            self._waiting(),
        )
        # Of one instant, what the earlier source says comes first: a student before a booking, that before its payment.
        now = self._plan.span.now_us
        events = [
            event
            for event in merge(
                *(sorted(source, key=attrgetter("at_us")) for source in sources), key=attrgetter("at_us")
            )
            if event.at_us <= now
        ]
        for number, event in enumerate(events):
            self._office.at(event.at_us)
            self._office.do(event.command, event.user_id)
            if number % 50 == 0:
                progress(number, len(events))

    # -- people ------------------------------------------------------------------------------------------------------

    def _students(self) -> Iterator[Event]:
        for number, student in enumerate(self._plan.students):
            yield Event(student.enrolled_us, partial(self._enrol, number, student), self._desk)
            if student.consent_us is not None:
                yield Event(student.consent_us, partial(self._consent, number, student), self._desk)

    def _enrol(self, number: int, student: StudentPlan, uow: UnitOfWork) -> None:
        student_id = create_student(uow, new_student(student))
        self._office.students[number] = student_id
        guardian = student.guardian
        if guardian is not None:
            guardian_id = create_guardian(uow, NewGuardian(guardian.name, guardian.phone, guardian.email))
            link_guardian(uow, Link(student_id, guardian_id, guardian.relation, guardian.pays))

    def _consent(self, number: int, student: StudentPlan, uow: UnitOfWork) -> None:
        give_gps_consent(uow, self._office.students[number], student.consent_by or student.name)

    def _waiting(self) -> Iterator[Event]:
        """Three students of today's call list would take an earlier slot."""
        at = self._plan.span.now_us - 2 * DAY
        for offset, number in enumerate((2, 11, 21)):
            yield Event(at + offset * HOUR, partial(self._wait, number, offset), self._desk)

    def _wait(self, number: int, service: int, uow: UnitOfWork) -> None:
        wish = Wish(days=(1, 2, 3, 4, 5), start_minute=9 * 60, end_minute=15 * 60, note="Any cancellation will do.")
        add_to_waitlist(uow, self._office.students[number], self._office.services[service], wish)

    # -- the diary ---------------------------------------------------------------------------------------------------

    def _bookings(self) -> Iterator[Event]:
        together: dict[int, list[int]] = {}
        for number, lesson in enumerate(self._plan.lessons):
            if lesson.series is None:
                yield Event(lesson.booked_us, partial(self._book, number), self._desk)
            else:
                together.setdefault(lesson.series, []).append(number)
            if lesson.moved_from_us is not None:
                yield Event(lesson.moved_us, partial(self._move, number), self._desk)
        for numbers in together.values():
            at = max(self._plan.lessons[number].booked_us for number in numbers)
            yield Event(at, partial(self._book_all, numbers), self._desk)

    def _book_all(self, numbers: list[int], uow: UnitOfWork) -> None:
        series_id = uow.new_id()
        for number in numbers:
            self._book(number, uow, series_id if len(numbers) > 1 else None)

    def _book(self, number: int, uow: UnitOfWork, series_id: UUID | None = None) -> None:
        lesson, office = self._plan.lessons[number], self._office
        pack_id = self._pack_of(uow, lesson)
        transmission = self._plan.students[lesson.student].transmission
        cars = office.vehicles[lesson.instructor]
        booking_id = book(
            uow,
            NewBooking(
                office.students[lesson.student],
                office.instructors[lesson.instructor],
                office.services[lesson.service],
                from_micros(lesson.moved_from_us if lesson.moved_from_us is not None else lesson.start_us),
                status=_FIRST_STATUS.get(lesson.fate, BookingStatus.CONFIRMED),
                notes=lesson.notes,
                vehicle_id=cars.get(transmission),
                series_id=series_id,
            ),
        )
        office.bookings[number] = booking_id
        if pack_id is not None:
            uow.describe("package.used")
            use: dict[str, Value] = {
                "package_id": pack_id,
                "booking_id": booking_id,
                "minutes": lesson.minutes,
            }
            uow.insert(PackageUse, use, row_id=derived_id("package_uses", booking_id))

    def _move(self, number: int, uow: UnitOfWork) -> None:
        move(uow, Moving(self._office.bookings[number], from_micros(self._plan.lessons[number].start_us)))

    def _lessons(self) -> Iterator[Event]:
        """What happened to each lesson: begun, done, missed, called off."""
        for number, lesson in enumerate(self._plan.lessons):
            teacher = self._office.users[lesson.instructor]
            if lesson.cancelled_us is not None:
                yield Event(lesson.cancelled_us, partial(self._cancel, number), self._desk)
                yield Event(lesson.cancelled_us + 6 * MINUTE, partial(self._refunds_done, number), None)
            elif lesson.fate is Fate.NO_SHOW:
                yield Event(lesson.end_us + 4 * MINUTE, partial(self._missed, number), teacher)
            elif lesson.began_us is not None and not lesson.ended_by_desk:
                yield Event(lesson.began_us, partial(self._start, number), teacher)
                if lesson.ended_us is not None:
                    yield Event(lesson.ended_us, partial(self._complete, number), teacher)

    def _closings(self) -> Iterator[Event]:
        """In the evening an instructor closes the day's lessons that were not ended one by one."""
        evenings: dict[tuple[int, int], list[int]] = {}
        for number, lesson in enumerate(self._plan.lessons):
            if lesson.ended_by_desk:
                evenings.setdefault((lesson.day.toordinal(), lesson.instructor), []).append(number)
        for (_, instructor), numbers in evenings.items():
            last = max(self._plan.lessons[number].end_us for number in numbers)
            yield Event(last, partial(self._close, numbers), self._office.users[instructor])

    def _close(self, numbers: list[int], uow: UnitOfWork) -> None:
        for number in numbers:
            self._complete(number, uow)

    def _start(self, number: int, uow: UnitOfWork) -> None:
        start(uow, self._office.bookings[number])

    def _complete(self, number: int, uow: UnitOfWork) -> None:
        lesson = self._plan.lessons[number]
        record = LessonChanges(rating=lesson.rating, notes=lesson.lesson_note, distance_meters=lesson.metres)
        complete(uow, Completion(self._office.bookings[number], record=record))

    def _missed(self, number: int, uow: UnitOfWork) -> None:
        no_show(uow, self._office.bookings[number])

    def _cancel(self, number: int, uow: UnitOfWork) -> None:
        lesson = self._plan.lessons[number]
        actor = lesson.cancelled_by or CancellationActor.ADMIN
        percent = 100 if actor is CancellationActor.ADMIN else None
        cancel(uow, CancelRequest(self._office.bookings[number], actor, lesson.reason or "", percent))

    # -- money -------------------------------------------------------------------------------------------------------

    def _pack_of(self, uow: UnitOfWork, lesson: LessonPlan) -> UUID | None:
        """The pack a lesson uses, sold now if it is the first to use it."""
        if lesson.pack is None:
            return None
        key = (lesson.student, lesson.pack)
        if key not in self._office.packs:
            self._office.packs[key] = self._sell(uow, self._packs[key])
        return self._office.packs[key]

    def _sell(self, uow: UnitOfWork, pack: PackPlan) -> UUID:
        uow.describe("package.sold")
        student_id = self._office.students[pack.student]
        values: dict[str, Value] = {"student_id": student_id, "minutes_bought": PACK_MINUTES, "price_cents": pack.cents}
        package_id = uow.insert(Package, {**values, "expires_on": pack.expires})
        uow.describe("payment.recorded")
        uow.insert(
            Payment,
            {
                "package_id": package_id,
                "status": PaymentStatus.SUCCEEDED,
                "amount_cents": pack.cents,
                "platform_fee_cents": pack.fee,
                "instructor_share_cents": pack.cents - pack.fee,
                "method": pack.method,
                "rounding_cents": at_the_till(pack.cents, pack.method).rounding_cents,
                "received_at": uow.now,
            },
        )
        return package_id

    def _money(self) -> Iterator[Event]:
        for number, lesson in enumerate(self._plan.lessons):
            for charge in lesson.charges:
                yield from self._charge_events(number, charge)
            if lesson.goodwill_us is not None:
                yield Event(lesson.goodwill_us, partial(self._goodwill, number), self._desk)
                yield Event(lesson.goodwill_us + 6 * MINUTE, partial(self._refunds_done, number), None)

    def _charge_events(self, number: int, charge: Charge) -> Iterator[Event]:
        ask = partial(self._ask, number, charge)
        if charge.declined_us is not None:
            yield Event(charge.declined_us - 2 * MINUTE, ask, self._desk)
            yield Event(charge.declined_us, partial(self._settle, number, PaymentStatus.FAILED), None)
        yield Event(charge.asked_us, ask, self._desk)
        if charge.method is PaymentMethod.CARD and charge.received_us is not None:
            yield Event(charge.received_us, partial(self._settle, number, PaymentStatus.SUCCEEDED), None)

    def _ask(self, number: int, charge: Charge, uow: UnitOfWork) -> None:
        take_payment(uow, NewPayment(self._office.bookings[number], charge.method, charge.cents, charge.kind))

    def _settle(self, number: int, status: PaymentStatus, uow: UnitOfWork) -> None:
        """What the service writes when the payment provider answers."""
        for payment in payments_of(uow.connection, uow.org_id, self._office.bookings[number]):
            if payment.status is PaymentStatus.INTENT_CREATED:
                uow.describe("payment.succeeded" if status is PaymentStatus.SUCCEEDED else "payment.failed")
                values: dict[str, Value] = {"stripe_payment_intent_id": f"pi_demo_{payment.id.hex}", "status": status}
                if status is PaymentStatus.SUCCEEDED:
                    values["received_at"] = uow.now
                uow.update(Payment, payment.id, values)

    def _goodwill(self, number: int, uow: UnitOfWork) -> None:
        half = self._plan.lessons[number].price // 2
        refund(uow, self._office.bookings[number], half, "The car broke down half-way; half of it refunded.")

    def _refunds_done(self, number: int, uow: UnitOfWork) -> None:
        """What the service writes when card refunds have gone through."""
        for payment in payments_of(uow.connection, uow.org_id, self._office.bookings[number]):
            for refund_id in requested_refunds(uow, payment.id):
                uow.describe("refund.succeeded")
                uow.update(Refund, refund_id, {"status": RefundStatus.SUCCEEDED})
                if payment.refunded_cents == payment.amount_cents:
                    uow.describe("payment.refunded")
                    uow.update(Payment, payment.id, {"status": PaymentStatus.REFUNDED})

    def _payouts(self) -> Iterator[Event]:
        for run in self._plan.runs:
            steps = RunSteps(self._office, self._plan, run)
            yield Event(run.at_us, steps.prepare, self._desk)
            yield Event(run.at_us + 40 * MINUTE, steps.approve, self._office.owner_id)
            yield Event(run.at_us + 50 * MINUTE, steps.send, None)
            yield Event(run.at_us + 2 * DAY, steps.arrive, None)

    # -- messages ----------------------------------------------------------------------------------------------------

    def _reminders(self) -> Iterator[Event]:
        for at, evening in groupby(due_reminders(self._plan), attrgetter("at_us")):
            yield Event(at, partial(self._remind, tuple(evening)), None)

    def _remind(self, evening: tuple[Reminder, ...], uow: UnitOfWork) -> None:
        uow.describe("message.sent")
        uow.bulk(Message, [self._message(reminder) for reminder in evening])

    def _message(self, reminder: Reminder) -> dict[str, Value]:
        return {
            "to_address": reminder.to_address,
            "channel": reminder.channel,
            "template_key": reminder.template_key,
            "body": reminder.body,
            "status": reminder.status,
            "error": reminder.error,
            "related_type": "bookings",
            "related_id": self._office.bookings[reminder.lesson],
        }


def new_student(student: StudentPlan) -> NewStudent:
    """A student as people takes them."""
    return NewStudent(
        full_name=student.name,
        phone=student.phone,
        email=student.email,
        dob=student.born,
        notes=student.notes,
        alert=student.alert,
        licence_number=student.licence_number,
        licence_class=student.licence,
        licence_expires_on=student.licence_expires,
        transmission=student.transmission,
        pickup_address=student.home.address,
        pickup_place=student.home.place,
        logbook_minutes=student.logbook,
        logbook_night_minutes=student.night,
        contact_opt_out={"sms": True} if student.opted_out else {},
    )
