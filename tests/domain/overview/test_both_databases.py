"""Loader, queries and read models say the same on SQLite and on PostgreSQL, and stay on their indexes."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from driveflow_desktop.domain.catalog.queries import price_book
from driveflow_desktop.domain.desk.queries import quote_cancellation
from driveflow_desktop.domain.execution import queries as lessons
from driveflow_desktop.domain.finance import queries as finance
from driveflow_desktop.domain.identity.tables import User
from driveflow_desktop.domain.overview.booking import booking_detail, next_free_for
from driveflow_desktop.domain.overview.calendar import calendar_day, calendar_week
from driveflow_desktop.domain.overview.today import today
from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.scheduling import queries
from driveflow_desktop.domain.scheduling.finding import SlotSearch, alternatives_to, free_slots, verdict_at
from driveflow_desktop.domain.scheduling.loader import Days, load_contexts, load_setting, load_taught
from driveflow_desktop.domain.scheduling.rules.diary import Slot
from driveflow_desktop.domain.scheduling.rules.travel import Peak
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus, CancellationActor
from driveflow_desktop.domain.tables import synced_tables
from driveflow_desktop.store.rows import codec
from tests.helpers.busy_week import live_through
from tests.helpers.school import DANA, DESK, ETHAN, MIA, MONDAY, NOAH, ORG, School, at

WEEK = Days(MONDAY, MONDAY + timedelta(days=6))
Query = Callable[[sa.Connection], object]


@pytest.fixture
def busy(school: School) -> School:
    """The school after a busy week."""
    live_through(school)
    return school


def everything(school: School) -> dict[str, Query]:
    """Every query of scheduling, execution, finance, desk and overview, by name."""
    now = school.clock.now()
    bookings = school.rows_by_start()
    ids = [row["id"] for row in bookings]
    series = next(row["series_id"] for row in bookings if row["series_id"])
    evenings = (Peak(frozenset(range(7)), 900, 1080),)
    search = SlotSearch(60, WEEK.first, WEEK.last, MIA, Place(-33.89, 151.2), preferred_times=evenings)
    slot = Slot(DANA, at(9.5), at(10.5), NOAH, Place(-33.89, 151.2))
    last = (bookings[-1]["start_at"], ids[-1])
    return {
        "contexts": lambda c: load_contexts(c, load_setting(c, ORG, WEEK), now, None, MIA),
        "one context": lambda c: load_contexts(c, load_setting(c, ORG, WEEK), now, [ETHAN], NOAH),
        "taught": lambda c: load_taught(c, ORG, MIA),
        "prices": lambda c: price_book(c, ORG),
        "verdict": lambda c: verdict_at(c, ORG, slot, now),
        "free slots": lambda c: free_slots(c, ORG, search, now),
        "alternatives": lambda c: alternatives_to(c, load_setting(c, ORG, WEEK), slot, now),
        "next free": lambda c: next_free_for(c, ORG, ids[4], now),
        "booking": lambda c: queries.booking(c, ORG, ids[0]),
        "of instructor": lambda c: queries.bookings_of_instructor(c, ORG, DANA, limit=3),
        "of instructor, on": lambda c: queries.bookings_of_instructor(c, ORG, DANA, before=last, limit=2),
        "series": lambda c: queries.series(c, ORG, series),
        "held": lambda c: queries.held(c, ORG),
        "week": lambda c: queries.weekly_hours(c, ORG, DANA),
        "exceptions": lambda c: queries.exceptions(c, ORG, ETHAN, date(2026, 1, 1), date(2027, 1, 1)),
        "holidays": lambda c: queries.holidays(c, ORG, date(2026, 1, 1), date(2027, 1, 1)),
        "policies": lambda c: queries.policies(c, ORG),
        "waitlist": lambda c: queries.waitlist(c, ORG),
        "quote": lambda c: quote_cancellation(c, ORG, ids[1], CancellationActor.STUDENT, now),
        "lesson": lambda c: lessons.lesson_of(c, ORG, ids[0]),
        "lessons": lambda c: lessons.lessons_of(c, ORG, ids),
        "driven": lambda c: lessons.driven(c, ORG, MIA),
        "money": lambda c: finance.money_of_all(c, ORG, ids),
        "payments": lambda c: finance.payments_of(c, ORG, ids[1]),
        "payout": lambda c: finance.has_payout_line(c, ORG, ids[0]),
        "day": lambda c: calendar_day(c, ORG, MONDAY, now, with_cancelled=True),
        "instructor's week": lambda c: calendar_week(c, ORG, DANA, MONDAY, now),
        "today": lambda c: today(c, ORG, now),
        "detail": lambda c: booking_detail(c, ORG, ids[1], DESK, now),
    }


def copy_everything(school: School, target: sa.Connection) -> None:
    """Carry every row of the replica into another database."""
    users = school.read(lambda c: [dict(row) for row in c.execute(sa.select(User.__table__)).mappings()])
    target.execute(sa.insert(User.__table__), users)
    for table in synced_tables():
        rows = school.read(lambda c, table=table: [dict(row) for row in c.execute(sa.select(table)).mappings()])
        if rows:
            codec(table).insert(target, rows)


@pytest.mark.postgres
def test_both_databases_say_the_same(busy, make_database):
    service = make_database("postgresql", "migrated")
    with service.engine.begin() as target:
        copy_everything(busy, target)
        for name, query in everything(busy).items():
            here = busy.read(query)
            assert here or name == "payout", name
            assert query(target) == here, name


def test_the_busy_week_has_something_of_everything(busy):
    found = {name: busy.read(query) for name, query in everything(busy).items()}
    assert {row["status"] for row in busy.rows(Booking)} == set(BookingStatus) - {BookingStatus.PENDING_PAYMENT}
    screen = found["today"]
    for part in (screen.upcoming, screen.to_close, screen.owed.oldest, screen.calls, screen.licences):
        assert part
    assert len(found["money"]) == 3


# -- plans --------------------------------------------------------------------------------------------------------

GROWING = {
    "bookings",
    "students",
    "payments",
    "refunds",
    "lessons",
    "package_uses",
    "payouts",
    "messages",
    "outbox",
    "availability_exceptions",
}
"""Tables that get long; the others hold what a person can read through."""
_STEP = re.compile(r"^(?P<how>SCAN|SEARCH) (?P<table>\w+)(?: AS \w+)?(?: USING .*?\((?P<terms>.*)\))?")


@pytest.fixture
def plans(busy: School) -> Iterator[Callable[[Query], list[str]]]:
    """`plans(query)`: SQLite's plan of every statement that a query runs."""
    with busy.replica.reader() as connection:
        cursor = connection.connection.cursor()
        steps: list[str] = []

        def explain(_c, _cursor, statement, parameters, _context, _many):
            steps.extend(row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

        def run(query: Query) -> list[str]:
            steps.clear()
            query(connection)
            return list(steps)

        sa.event.listen(connection.engine, "before_cursor_execute", explain)
        yield run
        sa.event.remove(connection.engine, "before_cursor_execute", explain)


def is_long_walk(step: str) -> bool:
    """Whether a step walks all rows a school has in a table that grows."""
    found = _STEP.match(step)
    if found is None or found["table"] not in GROWING:
        return False
    return found["how"] == "SCAN" or " AND " not in (found["terms"] or "")


@pytest.mark.parametrize(
    ("step", "long"),
    [
        ("SCAN bookings", True),
        ("SEARCH bookings USING INDEX ix_bookings_org_id_start_at (org_id=?)", True),
        ("SEARCH bookings USING INDEX ix_bookings_org_id_start_at (org_id=? AND start_at>? AND start_at<?)", False),
        ("SEARCH package_uses USING COVERING INDEX x (org_id=? AND booking_id=?)", False),
        ("SCAN services", False),
        ("USE TEMP B-TREE FOR ORDER BY", False),
    ],
)
def test_long_walks_are_told_from_short_ones(step, long):
    assert is_long_walk(step) is long


def test_no_query_walks_through_a_table_that_grows(busy, plans):
    """SQLite plans without statistics, so the plans of a small school are those of a large one."""
    walks = {name: [step for step in plans(query) if is_long_walk(step)] for name, query in everything(busy).items()}
    assert {name: steps for name, steps in walks.items() if steps} == {}


def test_reading_more_instructors_and_days_takes_no_more_queries(busy):
    def count(days: Days, instructors: list | None) -> int:
        statements = []
        with busy.replica.reader() as connection:
            note = lambda *event: statements.append(event[2])  # noqa: E731
            setting = load_setting(connection, ORG, days)
            sa.event.listen(connection.engine, "before_cursor_execute", note)
            load_contexts(connection, setting, busy.clock.now(), instructors, MIA)
            sa.event.remove(connection.engine, "before_cursor_execute", note)
        return len(statements)

    assert count(Days(MONDAY, MONDAY), [DANA]) == count(WEEK, None) == 5
