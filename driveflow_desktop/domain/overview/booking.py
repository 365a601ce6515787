"""What the side panel shows of one booking, across contexts."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.catalog.queries import ServiceView, service
from driveflow_desktop.domain.execution.queries import Driven, LessonFacts, driven, lesson_of
from driveflow_desktop.domain.finance.queries import PaymentFacts, money_of, payments_of, payout_paid
from driveflow_desktop.domain.finance.rules.owing import BookingAccount, Due, MoneyOf
from driveflow_desktop.domain.finance.values import PaidState
from driveflow_desktop.domain.identity.queries import School, role_of, school, user_names
from driveflow_desktop.domain.overview.entries import in_conflict
from driveflow_desktop.domain.people.rules.licences import (
    LogbookProgress,
    is_expired,
    logbook_progress,
    logbook_rule,
)
from driveflow_desktop.domain.people.tables import Guardian, Instructor, Student, StudentGuardian, Vehicle
from driveflow_desktop.domain.scheduling.finding import NEXT_FREE_DAYS, SlotSearch, next_free
from driveflow_desktop.domain.scheduling.queries import BookingFacts, require_booking
from driveflow_desktop.domain.scheduling.rules.diary import Slot
from driveflow_desktop.domain.scheduling.rules.states import Move, possible_targets
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.money import gst_inside
from driveflow_desktop.kernel.time import local_date, zone


@dataclass(frozen=True, slots=True)
class StudentCard:
    """The student beside a booking; logbook minutes as the student reported them."""

    id: UUID
    name: str
    phone: str | None
    email: str | None
    alert: str | None
    licence_expires_on: date | None
    logbook_minutes: int
    logbook_night_minutes: int
    gps_consent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Payer:
    """The guardian who pays (else the first one)."""

    id: UUID
    name: str
    phone: str | None
    email: str | None
    relation: str | None
    is_payer: bool


@dataclass(frozen=True, slots=True)
class BookingDetail:
    """Everything about one booking; money in cents, `gst_cents` is inside the price.

    `logbook` is None where the state's rule is not known. `possible` are the statuses that the person who looks
    could choose now.
    """

    booking: BookingFacts
    student: StudentCard
    guardian: Payer | None
    instructor_name: str
    service: ServiceView
    vehicle_name: str | None
    gst_cents: int
    money: MoneyOf
    paid: PaidState
    due: Due
    payments: tuple[PaymentFacts, ...]
    lesson: LessonFacts | None
    driven: Driven
    logbook: LogbookProgress | None
    licence_expired: bool
    changed_by: str | None
    conflict: bool
    possible: frozenset[BookingStatus]


def booking_detail(
    connection: sa.Connection, org_id: UUID, booking_id: UUID, user_id: UUID | None, now: datetime
) -> BookingDetail:
    """The booking as `user_id` sees it; `UserError` "gone" when there is none."""
    found = require_booking(connection, org_id, booking_id)
    home = school(connection, org_id)
    student = _student(connection, org_id, found.student_id)
    money = money_of(connection, org_id, booking_id)
    day = local_date(found.start, zone(home.time_zone))
    rule = logbook_rule(home.logbook_region, day)
    changed_by = found.status_changed_by
    return BookingDetail(
        booking=found,
        student=student,
        guardian=_guardian(connection, org_id, found.student_id),
        instructor_name=_name(connection, org_id, Instructor.display_name, found.instructor_id) or "",
        service=service(connection, org_id, found.service_id),
        vehicle_name=_name(connection, org_id, Vehicle.name, found.vehicle_id),
        gst_cents=gst_inside(found.price_cents) if home.gst_registered else 0,
        money=money,
        paid=money.state(found.price_cents),
        due=BookingAccount(found.status, found.start, found.price_cents, money).due,
        payments=payments_of(connection, org_id, booking_id),
        lesson=lesson_of(connection, org_id, booking_id),
        driven=driven(connection, org_id, found.student_id),
        logbook=None
        if rule is None
        else logbook_progress(rule, student.logbook_minutes, student.logbook_night_minutes),
        licence_expired=is_expired(student.licence_expires_on, day),
        changed_by=user_names(connection, {changed_by}).get(changed_by) if changed_by is not None else None,
        conflict=booking_id in in_conflict(connection, org_id),
        possible=_possible(connection, home, found, user_id, now),
    )


def next_free_for(
    connection: sa.Connection, org_id: UUID, booking_id: UUID, now: datetime, limit: int = 3
) -> tuple[Slot, ...]:
    """The next free times with the booking's instructor to move it to, one a day."""
    found = require_booking(connection, org_id, booking_id)
    tz = zone(school(connection, org_id).time_zone)
    first = local_date(now, tz)
    search = SlotSearch(
        (found.end - found.start) // timedelta(minutes=1),
        first,
        first + timedelta(days=NEXT_FREE_DAYS),
        found.student_id,
        found.pickup,
        found.dropoff,
        ignore=found.id,
    )
    return next_free(connection, org_id, found.instructor_id, search, now, limit)


def _possible(
    connection: sa.Connection, home: School, found: BookingFacts, user_id: UUID | None, now: datetime
) -> frozenset[BookingStatus]:
    role = role_of(connection, home.id, user_id)
    if role is None:
        return frozenset()
    waiting = found.status is BookingStatus.PENDING_PAYMENT
    return possible_targets(
        Move(
            found.status,
            found.status,
            role,
            now,
            found.start,
            found.end,
            zone(home.time_zone),
            hold_until=found.hold_until,
            pending_since=found.status_changed_at if waiting else None,
            payout_paid=payout_paid(connection, home.id, found.id),
        )
    )


def _student(connection: sa.Connection, org_id: UUID, student_id: UUID) -> StudentCard:
    columns = (
        Student.id,
        Student.full_name,
        Student.phone,
        Student.email,
        Student.alert,
        Student.licence_expires_on,
        Student.logbook_minutes,
        Student.logbook_night_minutes,
        Student.gps_consent_at,
    )
    where = (Student.org_id == org_id, Student.id == student_id)
    return StudentCard(*connection.execute(sa.select(*columns).where(*where)).one())


def _guardian(connection: sa.Connection, org_id: UUID, student_id: UUID) -> Payer | None:
    link = StudentGuardian
    statement = (
        sa.select(Guardian.id, Guardian.full_name, Guardian.phone, Guardian.email, link.relation, link.is_payer)
        .join(link, sa.and_(link.org_id == Guardian.org_id, link.guardian_id == Guardian.id))
        .where(link.org_id == org_id, link.student_id == student_id)
        .order_by(link.is_payer.desc(), Guardian.full_name, Guardian.id)
        .limit(1)
    )
    row = connection.execute(statement).one_or_none()
    return None if row is None else Payer(*row)


def _name(
    connection: sa.Connection, org_id: UUID, column: sa.orm.InstrumentedAttribute[str], row_id: UUID | None
) -> str | None:
    if row_id is None:
        return None
    kind = column.class_
    return connection.execute(sa.select(column).where(kind.org_id == org_id, kind.id == row_id)).scalar_one_or_none()
