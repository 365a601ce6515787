"""The list of students: filtered, sorted, in keyset pages; every page costs its own rows, not the school's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.catalog.tables import Service
from driveflow_desktop.domain.catalog.values import ServiceKind
from driveflow_desktop.domain.contacts import display_phone
from driveflow_desktop.domain.identity.queries import School, school
from driveflow_desktop.domain.overview.accounts import NO_ACCOUNT, Account, accounts
from driveflow_desktop.domain.paging import Page, page_of
from driveflow_desktop.domain.people.rules.licences import logbook_rule
from driveflow_desktop.domain.people.tables import Instructor, Student
from driveflow_desktop.domain.people.values import LicenceClass
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.time import day_interval, local_date, zone

PAGE_SIZE: Final = 100
TEST_DAYS: Final = 14
LICENCE_DAYS: Final = 30
_LONGEST: Final = timedelta(hours=24)
_shown_phone: Final = lru_cache(maxsize=32_768)(display_phone)
"""Working out how a number is written costs more than reading its row."""
UPCOMING: Final = (
    BookingStatus.REQUESTED,
    BookingStatus.PENDING_PAYMENT,
    BookingStatus.CONFIRMED,
    BookingStatus.IN_PROGRESS,
)


class RosterSort(StrEnum):
    """What the list is sorted by; students without a next lesson, or who owe nothing, follow by name."""

    NAME = "name"
    NEXT_LESSON = "next_lesson"
    OWED = "owed"


@dataclass(frozen=True, slots=True)
class RosterFilter:
    """Which students are wanted: all of what is set here holds. `text` is found in names, addresses and phones."""

    text: str = ""
    owing: bool = False
    no_next_lesson: bool = False
    test_soon: bool = False
    """A driving test within 14 days."""
    licence_expiring: bool = False
    """A licence that has run out or will within 30 days."""


EVERYONE: Final = RosterFilter()


@dataclass(frozen=True, slots=True)
class RosterOrder:
    """How the list is sorted."""

    by: RosterSort = RosterSort.NAME
    descending: bool = False


@dataclass(frozen=True, slots=True)
class RosterKey:
    """The last row shown. `rest`: it stands among those without a value to sort by, so `value` is its name."""

    value: str | int | datetime
    id: UUID
    rest: bool = False


@dataclass(frozen=True, slots=True)
class NextLesson:
    """A student's next lesson, or the one being driven now."""

    booking_id: UUID
    start: datetime
    end: datetime
    status: BookingStatus
    service_name: str
    service_kind: ServiceKind
    instructor_name: str


@dataclass(frozen=True, slots=True)
class StudentRow:
    """A student in the list; `phone` as people write it, logbook in minutes (`required` None: nothing is asked)."""

    id: UUID
    full_name: str
    initials: str
    phone: str
    licence_class: LicenceClass | None
    licence_expires_on: date | None
    alert: str | None
    pickup_address: str | None
    logbook_minutes: int
    required_minutes: int | None
    next_lesson: NextLesson | None
    account: Account
    erased: bool


@dataclass(frozen=True, slots=True)
class RosterMoment:
    """As of when, and who owes what: `owing` is `accounts.owing_students`, needed for what is owed only."""

    now: datetime
    owing: Mapping[UUID, int] | None = None


def student_page(
    connection: sa.Connection,
    org_id: UUID,
    moment: RosterMoment,
    *,
    wanted: RosterFilter = EVERYONE,
    order: RosterOrder = RosterOrder(),
    after: RosterKey | None = None,
    limit: int = PAGE_SIZE,
) -> Page[StudentRow, RosterKey]:
    """One page of the list; `after` is the `next_key` of the page before."""
    found = school(connection, org_id)
    query = _Query(connection, found, moment, wanted)
    keys = query.keys(order, after, limit + 1)
    page = page_of(keys, limit, lambda key: key)
    return Page(tuple(read_students(connection, found, [key.id for key in page.rows], moment.now)), page.next_key)


def count_students(
    connection: sa.Connection, org_id: UUID, moment: RosterMoment, wanted: RosterFilter = EVERYONE
) -> int:
    """How many students a filter leaves."""
    conditions = _Query(connection, school(connection, org_id), moment, wanted).conditions
    return connection.execute(sa.select(sa.func.count()).select_from(Student).where(*conditions)).scalar_one()


def initials_of(name: str) -> str:
    """The first letters of the first and last word."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


# -- which students -----------------------------------------------------------------------------------------------


class _Query:
    """One list: its conditions, and the keys that stand in its order."""

    def __init__(self, connection: sa.Connection, found: School, moment: RosterMoment, wanted: RosterFilter) -> None:
        self._connection = connection
        self._org_id = found.id
        self._now = moment.now
        self._owing = moment.owing or {}
        self._tz = zone(found.time_zone)
        self.conditions = self._conditions(wanted)

    def keys(self, order: RosterOrder, after: RosterKey | None, limit: int) -> list[RosterKey]:
        """The keys that follow `after`: those with a value first, then the rest by name."""
        if order.by is RosterSort.NAME:
            return self._by_name((), order.descending, after, limit, rest=False)
        found: list[RosterKey] = []
        if after is None or not after.rest:
            found = self._by_value(order, after, limit)
            after = None
        if len(found) < limit:
            without = self._without_lesson() if order.by is RosterSort.NEXT_LESSON else self._owes_nothing()
            found += self._by_name((without,), False, after, limit - len(found), rest=True)
        return found

    def _by_name(
        self,
        also: Sequence[sa.ColumnElement[bool]],
        descending: bool,
        after: RosterKey | None,
        limit: int,
        *,
        rest: bool,
    ) -> list[RosterKey]:
        statement = sa.select(Student.full_name, Student.id).where(*self.conditions, *also)
        if after is not None:
            statement = statement.where(_beyond(Student.full_name, after, descending))
        statement = statement.order_by(*_ordered(Student.full_name, descending)).limit(limit)
        return [RosterKey(row.full_name, row.id, rest) for row in self._connection.execute(statement)]

    def _by_value(self, order: RosterOrder, after: RosterKey | None, limit: int) -> list[RosterKey]:
        if order.by is RosterSort.NEXT_LESSON:
            return self._by_next_lesson(order.descending, after, limit)
        sign = -1 if order.descending else 1
        listed = sorted((sign * cents, student) for student, cents in self._matching_owing().items())
        if after is not None:
            listed = [entry for entry in listed if entry > (sign * int(str(after.value)), after.id)]
        return [RosterKey(sign * cents, student) for cents, student in listed[:limit]]

    def _matching_owing(self) -> dict[UUID, int]:
        """Who owes, as far as the filter leaves them."""
        statement = sa.select(Student.id).where(*self.conditions, Student.id.in_(self._owing))
        return {student: self._owing[student] for student in self._connection.execute(statement).scalars()}

    def _by_next_lesson(self, descending: bool, after: RosterKey | None, limit: int) -> list[RosterKey]:
        earlier = sa.orm.aliased(Booking)
        is_first = sa.not_(
            sa.select(earlier.id)
            .where(
                earlier.org_id == Booking.org_id,
                earlier.student_id == Booking.student_id,
                earlier.start_at > self._now - _LONGEST,
                earlier.start_at < Booking.start_at,
                earlier.end_at > self._now,
                earlier.status.in_(UPCOMING),
            )
            .correlate(Booking)
            .exists()
        )
        statement = (
            sa.select(Booking.start_at, Student.id)
            .join(Student, sa.and_(Student.org_id == Booking.org_id, Student.id == Booking.student_id))
            .where(*_is_upcoming(self._org_id, self._now), is_first, *self.conditions)
        )
        if after is not None:
            statement = statement.where(_beyond(Booking.start_at, after, descending))
        statement = statement.order_by(*_ordered(Booking.start_at, descending)).limit(limit)
        return [RosterKey(row.start_at, row.id) for row in self._connection.execute(statement)]

    def _conditions(self, wanted: RosterFilter) -> tuple[sa.ColumnElement[bool], ...]:
        found: list[sa.ColumnElement[bool]] = [Student.org_id == self._org_id]
        if wanted.text.strip():
            found.append(_holds(wanted.text))
        if wanted.owing:
            found.append(Student.id.in_(self._owing))
        if wanted.no_next_lesson:
            found.append(self._without_lesson())
        if wanted.test_soon:
            found.append(Student.id.in_(self._with_test_soon()))
        if wanted.licence_expiring:
            found.append(Student.licence_expires_on <= local_date(self._now, self._tz) + timedelta(days=LICENCE_DAYS))
        return tuple(found)

    def _without_lesson(self) -> sa.ColumnElement[bool]:
        lesson = sa.select(Booking.id).where(Booking.student_id == Student.id, *_is_upcoming(self._org_id, self._now))
        return sa.not_(lesson.correlate(Student).exists())

    def _owes_nothing(self) -> sa.ColumnElement[bool]:
        return Student.id.not_in(self._owing)

    def _with_test_soon(self) -> sa.Select[UUID]:
        last = local_date(self._now, self._tz) + timedelta(days=TEST_DAYS)
        return (
            sa.select(Booking.student_id)
            .join(Service, sa.and_(Service.org_id == Booking.org_id, Service.id == Booking.service_id))
            .where(
                *_is_upcoming(self._org_id, self._now),
                Booking.start_at < day_interval(last, self._tz).end,
                Service.kind == ServiceKind.DRIVING_TEST,
            )
        )


def _is_upcoming(org_id: UUID, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """SQL for a lesson that runs or is to come; its start is bounded, so that an index by start serves."""
    return (
        Booking.org_id == org_id,
        Booking.start_at > now - _LONGEST,
        Booking.end_at > now,
        Booking.status.in_(UPCOMING),
    )


def _holds(text: str) -> sa.ColumnElement[bool]:
    """SQL for a student whose name, address, e-mail or phone holds the text; digits find any part of a phone."""
    wanted = _pattern(text.strip().lower())
    fields = (Student.full_name, Student.pickup_address, Student.email)
    found = [sa.func.lower(column).like(wanted, escape="\\") for column in fields]
    digits = "".join(char for char in text if char.isdigit())
    if digits and not any(char.isalpha() for char in text):
        # Stored as +61412…, typed as 0412… or by its last digits.
        found.append(Student.phone.like(_pattern(digits.removeprefix("0") or digits), escape="\\"))
    return sa.or_(*found)


def _pattern(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _beyond(
    column: sa.orm.InstrumentedAttribute[str] | sa.orm.InstrumentedAttribute[datetime],
    after: RosterKey,
    descending: bool,
) -> sa.ColumnElement[bool]:
    """SQL for rows behind a key; the first half alone lets an index find the place."""
    value = sa.literal(after.value, column.type)
    if descending:
        return sa.and_(column <= value, sa.or_(column < value, Student.id < after.id))
    return sa.and_(column >= value, sa.or_(column > value, Student.id > after.id))


def _ordered(
    column: sa.orm.InstrumentedAttribute[str] | sa.orm.InstrumentedAttribute[datetime], descending: bool
) -> tuple[sa.UnaryExpression[str] | sa.UnaryExpression[datetime], sa.UnaryExpression[UUID]]:
    return (column.desc(), Student.id.desc()) if descending else (column.asc(), Student.id.asc())


# -- their rows ---------------------------------------------------------------------------------------------------


def read_students(connection: sa.Connection, found: School, ids: Sequence[UUID], now: datetime) -> list[StudentRow]:
    """The rows of some students, in the order of `ids`; those that are gone are left out. A fixed number of queries."""
    today = local_date(now, zone(found.time_zone))
    rule = logbook_rule(found.logbook_region, today)
    columns = (
        Student.id,
        Student.full_name,
        Student.phone,
        Student.licence_class,
        Student.licence_expires_on,
        Student.alert,
        Student.pickup_address,
        Student.logbook_minutes,
        Student.erased_at,
    )
    rows = connection.execute(sa.select(*columns).where(Student.org_id == found.id, Student.id.in_(ids)))
    lessons = next_lessons(connection, found.id, ids, now)
    money = accounts(connection, found.id, ids, now, today)
    by_id = {
        row.id: StudentRow(
            row.id,
            row.full_name,
            initials_of(row.full_name),
            _shown_phone(row.phone, found.country) if row.phone else "",
            row.licence_class,
            row.licence_expires_on,
            row.alert,
            row.pickup_address,
            row.logbook_minutes,
            rule.total_minutes if rule is not None and _keeps_logbook(row.licence_class) else None,
            lessons.get(row.id),
            money.get(row.id, NO_ACCOUNT),
            row.erased_at is not None,
        )
        for row in rows
    }
    return [by_id[key] for key in ids if key in by_id]


def _keeps_logbook(licence: LicenceClass | None) -> bool:
    return licence in (None, LicenceClass.LEARNER)


def next_lessons(
    connection: sa.Connection, org_id: UUID, student_ids: Sequence[UUID], now: datetime
) -> dict[UUID, NextLesson]:
    """Each student's next lesson, one that runs now included."""
    statement = (
        sa.select(
            Booking.student_id,
            Booking.id,
            Booking.start_at,
            Booking.end_at,
            Booking.status,
            Service.name.label("service"),
            Service.kind,
            Instructor.display_name,
        )
        .join(Service, sa.and_(Service.org_id == Booking.org_id, Service.id == Booking.service_id))
        .join(Instructor, sa.and_(Instructor.org_id == Booking.org_id, Instructor.id == Booking.instructor_id))
        .where(Booking.student_id.in_(student_ids), *_is_upcoming(org_id, now))
    )
    found: dict[UUID, NextLesson] = {}
    # Compared here: an ORDER BY would tempt SQLite to walk all bookings by start.
    for row in connection.execute(statement):
        if row.student_id not in found or row.start_at < found[row.student_id].start:
            found[row.student_id] = NextLesson(
                row.id, row.start_at, row.end_at, row.status, row.service, row.kind, row.display_name
            )
    return found
