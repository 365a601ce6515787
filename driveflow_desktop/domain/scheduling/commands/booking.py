"""Making bookings, moving them, and changing what they say."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.catalog.queries import ServiceView
from driveflow_desktop.domain.catalog.rules import Price
from driveflow_desktop.domain.identity.rules import Action
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.queries.instructors import InstructorFacts
from driveflow_desktop.domain.people.queries.students import StudentFacts
from driveflow_desktop.domain.people.rules.licences import is_expired
from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.scheduling.commands.access import acting_role, own_booking, require_own_diary
from driveflow_desktop.domain.scheduling.commands.placing import place_slot
from driveflow_desktop.domain.scheduling.facts import (
    load_price,
    require_learner,
    require_service,
    require_teacher,
    require_vehicle,
)
from driveflow_desktop.domain.scheduling.loader import Setting, microdegrees, place, setting_at
from driveflow_desktop.domain.scheduling.queries import BookingFacts, require_booking
from driveflow_desktop.domain.scheduling.rules.closing import DRAFT_LIFE
from driveflow_desktop.domain.scheduling.rules.diary import Slot
from driveflow_desktop.domain.scheduling.rules.states import Move, check_transition
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import FINAL, BookingStatus
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import Interval, local_date, require_bookable
from driveflow_desktop.store.types import Json, Value
from driveflow_desktop.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Stop:
    """An address, with its point where that is known."""

    address: str | None
    point: Place | None = None


@dataclass(frozen=True, slots=True)
class NewBooking:
    """A lesson to put into the diary.

    Without `end` it lasts as long as its service; without `pickup` it begins at the student's own. `override` books
    against advice (never against an overlap), which the booking then records.
    """

    student_id: UUID
    instructor_id: UUID
    service_id: UUID
    start: datetime
    end: datetime | None = None
    status: BookingStatus = BookingStatus.CONFIRMED
    pickup: Stop | None = None
    dropoff: Stop | None = None
    notes: str | None = None
    vehicle_id: UUID | None = None
    series_id: UUID | None = None
    override: bool = False


@dataclass(frozen=True, slots=True)
class Moving:
    """A new place in the diary for a booking; what is None stays as it is (a new start keeps the length)."""

    booking_id: UUID
    start: datetime | None = None
    end: datetime | None = None
    instructor_id: UUID | None = None
    override: bool = False
    reprice: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A wished-for booking with everything the school knows about it."""

    request: NewBooking
    setting: Setting
    service: ServiceView
    teacher: InstructorFacts
    student: StudentFacts
    pickup: Stop
    slot: Slot


# -- making -------------------------------------------------------------------------------------------------------


def book(uow: UnitOfWork, request: NewBooking) -> UUID:
    """Make a booking and return its id.

    Raises `slot_taken` or `student_busy` for an overlap, the advice's own code without `override` (all with the
    details `blocking` and `alternatives`), `no_price`, `missing_reference`, `invalid`.
    """
    role = acting_role(uow, Action.BOOK)
    draft = drafted(uow.connection, uow.org_id, request)
    require_may_book(uow, role, draft)
    span = Interval(draft.slot.start, draft.slot.end)
    day = local_date(span.start, draft.setting.tz)
    price = load_price(uow.connection, draft.setting, draft.service.id, day, draft.teacher.fee_bp)
    overrides = place_slot(uow, draft.setting, draft.slot, override=request.override)
    advise(uow, draft.setting, draft.student, span, request.vehicle_id)
    uow.describe("booking.created")
    return uow.insert(Booking, booking_values(uow, draft, span, price, overrides))


def drafted(connection: sa.Connection, org_id: UUID, request: NewBooking) -> Draft:
    """Complete a wish from what the school knows; refuses times no lesson can have, and who cannot be booked."""
    service = require_service(connection, org_id, request.service_id)
    end = request.end if request.end is not None else request.start + timedelta(minutes=service.duration_min)
    span = require_bookable(request.start, end)
    setting = setting_at(connection, org_id, *span)
    teacher = require_teacher(connection, org_id, request.instructor_id)
    student = require_learner(connection, org_id, request.student_id)
    _require_offered(teacher, student, service)
    pickup = (
        request.pickup
        if request.pickup is not None
        else Stop(student.pickup_address, place(student.pickup_lat, student.pickup_lng))
    )
    dropoff = request.dropoff.point if request.dropoff is not None else None
    slot = Slot(teacher.id, *span, student.id, pickup.point, dropoff)
    return Draft(request, setting, service, teacher, student, pickup, slot)


def require_may_book(uow: UnitOfWork, role: OrgRole, draft: Draft) -> None:
    """Refuse a first status that the role may not give, and others' diaries to an instructor."""
    check_transition(
        Move(None, draft.request.status, role, uow.now, draft.slot.start, draft.slot.end, draft.setting.tz)
    )
    require_own_diary(uow, role, draft.teacher)


def booking_values(
    uow: UnitOfWork, draft: Draft, span: Interval, price: Price, overrides: Mapping[str, Json]
) -> dict[str, Value]:
    """The row of a new booking at `span`."""
    request = draft.request
    return {
        "student_id": draft.student.id,
        "instructor_id": draft.teacher.id,
        "service_id": draft.service.id,
        "start_at": span.start,
        "end_at": span.end,
        "status": request.status,
        "hold_until": uow.now + DRAFT_LIFE if request.status is BookingStatus.DRAFT else None,
        **_stop_values("pickup", draft.pickup),
        **_stop_values("dropoff", request.dropoff),
        **price_values(price),
        "notes": request.notes,
        "series_id": request.series_id,
        "vehicle_id": request.vehicle_id,
        "overrides": overrides,
        "status_changed_at": uow.now,
        "status_changed_by": uow.actor.user_id,
    }


def _require_offered(teacher: InstructorFacts, student: StudentFacts, service: ServiceView) -> None:
    if not teacher.active:
        raise UserError(
            "invalid", "That instructor no longer teaches.", hint="Choose another one.", column="instructor_id"
        )
    if not service.active:
        raise UserError(
            "invalid", "That service is no longer offered.", hint="Choose another one.", column="service_id"
        )
    if student.erased_at is not None:
        raise UserError("invalid", "That student's data has been erased.", hint="Enter them anew.", column="student_id")


def advise(uow: UnitOfWork, setting: Setting, student: StudentFacts, span: Interval, vehicle_id: UUID | None) -> None:
    """Warn of what stands against the student or the car, not against the slot."""
    if is_expired(student.licence_expires_on, local_date(span.start, setting.tz)):
        uow.warn("The student's licence will have expired by then.")
    if vehicle_id is not None:
        offers = require_vehicle(uow.connection, uow.org_id, vehicle_id).transmission
        if student.transmission is not None and student.transmission is not offers:
            uow.warn(f"The car is {offers.value}, the student drives {student.transmission.value}.")


def _stop_values(name: str, stop: Stop | None) -> dict[str, Value]:
    lat, lng = microdegrees(stop.point if stop is not None else None)
    address = stop.address if stop is not None else None
    return {f"{name}_address": address, f"{name}_lat": lat, f"{name}_lng": lng}


def price_values(price: Price) -> dict[str, Value]:
    """A price as a booking copies it."""
    return {
        "rate_card_id": price.rate_card_id,
        "currency": price.currency,
        "price_cents": price.price_cents,
        "platform_fee_cents": price.platform_fee_cents,
        "instructor_share_cents": price.instructor_share_cents,
    }


# -- changing -----------------------------------------------------------------------------------------------------


def move(uow: UnitOfWork, request: Moving) -> bool:
    """Move or resize a booking, or give it to another instructor; returns whether anything changed.

    The price stays unless `reprice`. Refused like `book`, and with `state_transition` once the lesson has begun.
    """
    held = own_booking(uow, request.booking_id, Action.MOVE_BOOKING)
    booking = held.booking
    _require_open(booking)
    span = _moved_span(booking, request)
    instructor_id = request.instructor_id or booking.instructor_id
    changes = _change_of_place(booking, span, instructor_id)
    if changes is None and not request.reprice:
        return False
    teacher = require_teacher(uow.connection, uow.org_id, instructor_id)
    require_own_diary(uow, held.role, teacher)
    if instructor_id != booking.instructor_id and not teacher.active:
        raise UserError("invalid", "That instructor no longer teaches.", column="instructor_id")
    setting = setting_at(uow.connection, uow.org_id, *span)
    values: dict[str, Value] = {}
    if changes is not None:
        overrides = place_slot(uow, setting, slot_of(booking, span, teacher.id), override=request.override)
        values = {"start_at": span.start, "end_at": span.end, "instructor_id": teacher.id, "overrides": overrides}
    if request.reprice:
        day = local_date(span.start, setting.tz)
        values |= price_values(load_price(uow.connection, setting, booking.service_id, day, teacher.fee_bp))
    uow.describe(changes or "booking.repriced")
    return uow.update(Booking, booking.id, values)


def _change_of_place(booking: BookingFacts, span: Interval, instructor_id: UUID) -> str | None:
    """The topic of a move, None when the booking stays where it is; once the lesson has begun only its end may move."""
    if (span.start, instructor_id) != (booking.start, booking.instructor_id):
        if booking.status is BookingStatus.IN_PROGRESS:
            raise UserError("state_transition", "The lesson has begun.", hint="Only its end can still be changed.")
        return "booking.moved"
    return "booking.resized" if span.end != booking.end else None


def slot_of(booking: BookingFacts, span: Interval, instructor_id: UUID) -> Slot:
    """The place a booking takes, or would take, in a diary."""
    return Slot(instructor_id, *span, booking.student_id, booking.pickup, booking.dropoff, booking.id)


def _moved_span(booking: BookingFacts, request: Moving) -> Interval:
    start = request.start if request.start is not None else booking.start
    if request.end is not None:
        return require_bookable(start, request.end)
    if request.start is None:
        return Interval(booking.start, booking.end)
    return require_bookable(start, start + (booking.end - booking.start))


def _require_open(booking: BookingFacts) -> None:
    if booking.status in FINAL:
        raise UserError(
            "state_transition",
            "That lesson is over, so it cannot be moved or changed.",
            hint="Correct its status first.",
            column="status",
        )


def change_service(uow: UnitOfWork, booking_id: UUID, service_id: UUID, *, reprice: bool = False) -> bool:
    """Give a booking another service at the same time; its price stays unless `reprice`."""
    booking = own_booking(uow, booking_id, Action.MOVE_BOOKING).booking
    _require_open(booking)
    service = require_service(uow.connection, uow.org_id, service_id)
    if not service.active:
        raise UserError("invalid", "That service is no longer offered.", column="service_id")
    values: dict[str, Value] = {"service_id": service.id}
    if reprice:
        setting = setting_at(uow.connection, uow.org_id, booking.start, booking.end)
        teacher = require_teacher(uow.connection, uow.org_id, booking.instructor_id)
        day = local_date(booking.start, setting.tz)
        values |= price_values(load_price(uow.connection, setting, service.id, day, teacher.fee_bp))
    uow.describe("booking.service_changed")
    return uow.update(Booking, booking.id, values)


def edit_notes(uow: UnitOfWork, booking_id: UUID, notes: str | None) -> bool:
    """Change the desk's notes."""
    booking = own_booking(uow, booking_id, Action.MOVE_BOOKING).booking
    uow.describe("booking.edited")
    return uow.update(Booking, booking.id, {"notes": notes or None})


def keep_reason(uow: UnitOfWork, booking_id: UUID, what: str, reason: str) -> None:
    """Keep why something about a booking was decided, under the key `what` of its `overrides`, and so in the audit.

    The caller describes the change and has asked for the right. Raises `UserError` "invalid" without a reason.
    """
    if not reason.strip():
        raise UserError("invalid", "Why is that?", hint="Give a reason.", column="reason")
    booking = require_booking(uow.connection, uow.org_id, booking_id)
    uow.update(Booking, booking.id, {"overrides": {**booking.overrides, what: reason.strip()}})


def edit_stops(uow: UnitOfWork, booking_id: UUID, *, pickup: Stop, dropoff: Stop | None) -> bool:
    """Change where a lesson begins and ends; travel that becomes too tight is a warning."""
    booking = own_booking(uow, booking_id, Action.MOVE_BOOKING).booking
    _require_open(booking)
    uow.describe("booking.edited")
    changed = uow.update(Booking, booking.id, {**_stop_values("pickup", pickup), **_stop_values("dropoff", dropoff)})
    if changed:
        setting = setting_at(uow.connection, uow.org_id, booking.start, booking.end)
        after = dropoff.point if dropoff is not None else None
        slot = Slot(
            booking.instructor_id, booking.start, booking.end, booking.student_id, pickup.point, after, booking.id
        )
        place_slot(uow, setting, slot, override=True)
    return changed


def assign_vehicle(uow: UnitOfWork, booking_id: UUID, vehicle_id: UUID | None) -> bool:
    """Choose the car, or none."""
    booking = own_booking(uow, booking_id, Action.MOVE_BOOKING).booking
    _require_open(booking)
    student = require_learner(uow.connection, uow.org_id, booking.student_id)
    setting = setting_at(uow.connection, uow.org_id, booking.start, booking.end)
    advise(uow, setting, student, Interval(booking.start, booking.end), vehicle_id)
    uow.describe("booking.edited")
    return uow.update(Booking, booking.id, {"vehicle_id": vehicle_id})
