"""Bookings with the names, money, travel and conflicts that calendar, agenda and Today show beside them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.catalog.queries import services
from driveflow_desktop.domain.catalog.values import ServiceKind
from driveflow_desktop.domain.finance.queries import money_of_all
from driveflow_desktop.domain.finance.rules.owing import NO_MONEY, BookingAccount, MoneyOf
from driveflow_desktop.domain.finance.values import PaidState
from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.scheduling.loader import Setting, place
from driveflow_desktop.domain.scheduling.rules.diary import occupies
from driveflow_desktop.domain.scheduling.rules.travel import travel_minutes
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.time import local_date
from driveflow_desktop.store.log_tables import NOTICE_CODE, Conflict, Outbox


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """A booking as the calendar shows it; money in cents, travel in minutes.

    `due_cents` is what has still to be paid for it, fees too, `overlaps` says that another booking holds the same
    instructor, `conflict` that an edit of it waits under Sync & conflicts, `live` that it is being driven now.
    """

    id: UUID
    instructor_id: UUID
    student_id: UUID
    service_id: UUID
    start: datetime
    end: datetime
    status: BookingStatus
    student_name: str
    student_alert: str | None
    service_name: str
    service_kind: ServiceKind
    service_colour: str | None
    place: str
    suburb: str
    paid: PaidState
    due_cents: int
    travel_after_min: int
    series_id: UUID | None
    live: bool
    overlaps: bool
    conflict: bool


class EntryRow(NamedTuple):
    """A booking with its student's name, as read."""

    id: UUID
    instructor_id: UUID
    student_id: UUID
    service_id: UUID
    start: datetime
    end: datetime
    status: BookingStatus
    price_cents: int
    pickup_address: str | None
    series_id: UUID | None
    hold_until: datetime | None
    student_name: str
    student_alert: str | None
    pickup: Place | None
    leaves_from: Place | None


def read_rows(
    connection: sa.Connection, where: Sequence[sa.ColumnElement[bool]], limit: int | None = None
) -> list[EntryRow]:
    """Bookings with the names of their students, by start."""
    columns = (
        Booking.id,
        Booking.instructor_id,
        Booking.student_id,
        Booking.service_id,
        Booking.start_at,
        Booking.end_at,
        Booking.status,
        Booking.price_cents,
        Booking.pickup_address,
        Booking.series_id,
        Booking.hold_until,
        Student.full_name,
        Student.alert,
        Booking.pickup_lat,
        Booking.pickup_lng,
        Booking.dropoff_lat,
        Booking.dropoff_lng,
    )
    statement = (
        sa.select(*columns)
        .join(Student, sa.and_(Student.org_id == Booking.org_id, Student.id == Booking.student_id))
        .where(*where)
    )
    if limit is not None:
        statement = statement.order_by(Booking.start_at, Booking.id).limit(limit)
    found = []
    for *facts, lat, lng, off_lat, off_lng in connection.execute(statement):
        pickup = place(lat, lng)
        found.append(EntryRow._make((*facts, pickup, place(off_lat, off_lng) or pickup)))
    # Sorted here: an ORDER BY would tempt SQLite to walk all bookings by start for a handful of ids.
    return sorted(found, key=lambda row: (row.start, row.id))


def entries_of(
    connection: sa.Connection, setting: Setting, rows: Sequence[EntryRow], now: datetime
) -> tuple[CalendarEntry, ...]:
    """Rows sorted by start, with their money, travel and conflicts."""
    ids = [row.id for row in rows]
    money = money_of_all(connection, setting.org_id, ids)
    conflicts = in_conflict(connection, setting.org_id)
    offered = {found.id: found for found in services(connection, setting.org_id)}
    holding = _holding_by_instructor(rows, now)
    travel = _travel_after(holding.values(), setting)
    overlapping = _overlapping(holding.values())
    return tuple(
        CalendarEntry(
            row.id,
            row.instructor_id,
            row.student_id,
            row.service_id,
            row.start,
            row.end,
            row.status,
            row.student_name,
            row.student_alert,
            offered[row.service_id].name,
            offered[row.service_id].kind,
            offered[row.service_id].colour,
            row.pickup_address or "",
            suburb_of(row.pickup_address),
            *_badge(row, money.get(row.id, NO_MONEY)),
            travel.get(row.id, 0),
            row.series_id,
            row.status is BookingStatus.IN_PROGRESS,
            row.id in overlapping,
            row.id in conflicts,
        )
        for row in rows
    )


def _badge(row: EntryRow, money: MoneyOf) -> tuple[PaidState, int]:
    due = BookingAccount(row.status, row.start, row.price_cents, money).due
    return money.state(row.price_cents), due.total_cents


@lru_cache(maxsize=4096)
def suburb_of(address: str | None) -> str:
    """The suburb of an address like "12 King St, Newtown NSW 2042"; the whole when it has no commas."""
    if not address:
        return ""
    last = address.rsplit(",", 1)[-1].split()
    while last and (last[-1].isdigit() or (last[-1].isupper() and 2 <= len(last[-1]) <= 3)):
        last.pop()
    return " ".join(last) or address


def in_conflict(connection: sa.Connection, org_id: UUID) -> frozenset[UUID]:
    """Bookings with an edit of this PC that did not stand and waits for a decision; only a replica has any."""
    if connection.dialect.name != "sqlite":
        return frozenset()
    undecided = (Conflict.org_id == org_id, Conflict.resolved_at.is_(None), Conflict.code != NOTICE_CODE)
    open_conflicts = sa.select(Conflict.transaction_id).where(*undecided)
    transactions = connection.execute(open_conflicts).scalars().all()
    if not transactions:
        return frozenset()
    where = (Outbox.org_id == org_id, Outbox.transaction_id.in_(transactions))
    rows = connection.execute(sa.select(Outbox.table_name, Outbox.row_id).where(*where))
    return frozenset(row_id for table, row_id in rows if table == Booking.__tablename__)


def _travel_after(diaries: Iterable[Sequence[EntryRow]], setting: Setting) -> dict[UUID, int]:
    """Minutes of driving from each lesson to the instructor's next one that day."""
    found = {}
    for own in diaries:
        for before, after in pairwise(own):
            if local_date(before.start, setting.tz) != local_date(after.start, setting.tz):
                continue
            minutes = travel_minutes(before.leaves_from, after.pickup, before.end, setting.tz, setting.rules.travel)
            if minutes:
                found[before.id] = minutes
    return found


def _overlapping(diaries: Iterable[Sequence[EntryRow]]) -> frozenset[UUID]:
    """Occupying bookings that share an instructor and an instant with another."""
    found: set[UUID] = set()
    for own in diaries:
        open_rows: list[EntryRow] = []
        for row in own:
            open_rows = [held for held in open_rows if held.end > row.start]
            if open_rows:
                found.add(row.id)
                found.update(held.id for held in open_rows)
            open_rows.append(row)
    return frozenset(found)


def _holding_by_instructor(rows: Iterable[EntryRow], now: datetime) -> dict[UUID, list[EntryRow]]:
    found: dict[UUID, list[EntryRow]] = {}
    for row in rows:
        if occupies(row.status, row.hold_until, now):
            found.setdefault(row.instructor_id, []).append(row)
    return found
