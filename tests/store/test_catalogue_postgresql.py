"""What PostgreSQL alone guards: nobody in two lessons at once, months of points, and how a database is prepared."""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy as sa

from driveflow_desktop.domain.scheduling.values import OCCUPYING, BookingStatus
from driveflow_desktop.domain.tables import METADATA
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store import guards, provision
from driveflow_desktop.store.migrate import upgrade
from driveflow_desktop.store.provision import prepare_database
from tests.helpers.databases import Database, MakeDatabase, driver_url, login_url
from tests.helpers.populate import ORG_A, ORG_B, count, light, row, row_id

BOOKINGS: Final = light(METADATA.tables["bookings"])
on_the_service = pytest.mark.parametrize("populated", ["postgresql"], indirect=True)
NINE: Final = datetime(2030, 5, 6, 23, 0, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)


def _book(
    connection: sa.Connection,
    number: int,
    start: datetime,
    *,
    org: UUID = ORG_A,
    instructor: int = 0,
    student: int = 0,
    status: str = "confirmed",
) -> UUID:
    """A lesson of an hour; refused at once when somebody in it is taken."""
    values = row(METADATA.tables["bookings"], org, 1) | {
        "id": row_id("bookings", org, 100 + number),
        "instructor_id": row_id("instructors", org, instructor),
        "student_id": row_id("students", org, student),
        "start_at": start,
        "end_at": start + HOUR,
        "status": status,
    }
    with connection.begin_nested():
        connection.execute(sa.insert(BOOKINGS).values(values))
    return row_id("bookings", org, 100 + number)


@on_the_service
class TestOverlap:
    """The exclusion constraints on bookings."""

    @pytest.mark.parametrize(
        ("instructor", "student", "constraint"),
        [(0, 1, "ex_bookings_instructor_overlap"), (1, 0, "ex_bookings_student_overlap")],
    )
    @pytest.mark.parametrize("shift", [timedelta(0), timedelta(minutes=59), -timedelta(minutes=59)])
    def test_nobody_is_in_two_lessons_at_once(
        self, populated: Database, instructor: int, student: int, constraint: str, shift: timedelta
    ) -> None:
        with populated.rolled_back() as connection:
            _book(connection, 1, NINE)
            with pytest.raises(sa.exc.IntegrityError, match=constraint):
                _book(connection, 2, NINE + shift, instructor=instructor, student=student)

    def test_one_lesson_may_begin_when_another_ends(self, populated: Database) -> None:
        with populated.rolled_back() as connection:
            _book(connection, 1, NINE)
            _book(connection, 2, NINE + HOUR)
            _book(connection, 3, NINE - HOUR)

    def test_others_and_other_schools_are_free(self, populated: Database) -> None:
        with populated.rolled_back() as connection:
            _book(connection, 1, NINE)
            _book(connection, 2, NINE, instructor=1, student=1)
            _book(connection, 3, NINE, org=ORG_B)

    @pytest.mark.parametrize("status", BookingStatus)
    def test_only_occupying_bookings_hold_their_slot(self, populated: Database, status: BookingStatus) -> None:
        with populated.rolled_back() as connection:
            _book(connection, 1, NINE, status=status)
            if status in OCCUPYING:
                with pytest.raises(sa.exc.IntegrityError, match="overlap"):
                    _book(connection, 2, NINE)
            else:
                _book(connection, 2, NINE)

    def test_a_cancelled_booking_cannot_come_back_into_a_taken_slot(self, populated: Database) -> None:
        with populated.rolled_back() as connection:
            cancelled = _book(connection, 1, NINE, status="cancelled")
            _book(connection, 2, NINE)
            with pytest.raises(sa.exc.IntegrityError, match="overlap"):
                connection.execute(sa.update(BOOKINGS).where(BOOKINGS.c.id == cancelled).values(status="confirmed"))

    def test_one_transaction_may_swap_two_lessons(self, populated: Database) -> None:
        with populated.rolled_back() as connection:
            first, second = _book(connection, 1, NINE), _book(connection, 2, NINE + 2 * HOUR)
            connection.exec_driver_sql("SET CONSTRAINTS ALL DEFERRED")
            for booking, start in ((first, NINE + 2 * HOUR), (second, NINE)):
                moved = sa.update(BOOKINGS).where(BOOKINGS.c.id == booking)
                connection.execute(moved.values(start_at=start, end_at=start + HOUR))
            connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")

    def test_the_guard_and_the_rules_mean_the_same_statuses(self, populated: Database) -> None:
        assert set(guards.OCCUPYING_STATUSES) == set(OCCUPYING)


def _months(connection: sa.Connection) -> dict[str, int]:
    """The partitions of the points and how many rows lie in each."""
    query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'trip_points'::regclass"
    names = [str(name) for name in connection.exec_driver_sql(query).scalars()]
    return {name: int(connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()) for name in names}


def test_a_month_takes_its_points_out_of_the_default_partition(make_database: MakeDatabase) -> None:
    database = make_database("postgresql")
    points = METADATA.tables["trip_points"]
    stray = row(points, ORG_A, 1) | {"ts": datetime(2026, 4, 1, 0, 0, tzinfo=UTC)}
    last = row(points, ORG_A, 1) | {"ts": datetime(2026, 3, 31, 23, 59, 59, 999_999, tzinfo=UTC)}
    with database.engine.begin() as connection:
        connection.execute(sa.insert(light(points)), [stray, last])
        before = connection.execute(sa.select(points).order_by(*points.primary_key)).all()
    add = sa.text("SELECT driveflow_add_trip_points_month(:day)")
    for _again in range(2):
        # The serving role has this right, and nothing else, over partitions.
        with database.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL ROLE driveflow_app")
            connection.exec_driver_sql("SET LOCAL TIME ZONE 'Australia/Sydney'")
            assert connection.execute(add, {"day": date(2026, 3, 31)}).scalar_one() == "trip_points_2026_03"
            assert connection.execute(add, {"day": date(2026, 5, 1)}).scalar_one() == "trip_points_2026_05"
        with database.engine.connect() as connection:
            expected = {"trip_points_default": 1, "trip_points_2026_03": len(before) - 1, "trip_points_2026_05": 0}
            assert _months(connection) == expected
            assert connection.execute(sa.select(points).order_by(*points.primary_key)).all() == before


def test_a_months_points_are_as_guarded_as_any(make_database: MakeDatabase) -> None:
    database = make_database("postgresql")
    with database.engine.begin() as connection:
        connection.exec_driver_sql("SELECT driveflow_add_trip_points_month('2026-03-01')")
    for table in ("trip_points", "trip_points_2026_03"):
        for change in (f"UPDATE {table} SET lat = 0", f"DELETE FROM {table}"):
            with (
                database.rolled_back() as connection,
                pytest.raises(sa.exc.IntegrityError, match="immutable: trip_points"),
            ):
                connection.exec_driver_sql(change)
    points = METADATA.tables["trip_points"]
    strange = row(points, ORG_A, 0) | {"trip_id": row_id("trips", ORG_B, 0)}
    with database.rolled_back() as connection:
        with pytest.raises(sa.exc.IntegrityError, match="fk_trip_points"), connection.begin_nested():
            connection.execute(sa.insert(light(points)).values(strange))
        connection.exec_driver_sql("SET LOCAL ROLE driveflow_app")
        connection.execute(sa.text("SELECT set_config('driveflow.org_id', :org, true)"), {"org": str(ORG_A)})
        assert connection.execute(sa.select(sa.func.count()).select_from(points)).scalar_one() == count(points)
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            connection.exec_driver_sql("SELECT * FROM trip_points_2026_03")


def test_the_app_lets_points_go_with_their_trip(make_database: MakeDatabase) -> None:
    database = make_database("postgresql")
    trip = row_id("trips", ORG_A, 1)
    points, trips = METADATA.tables["trip_points"], METADATA.tables["trips"]
    with database.rolled_back() as connection:
        connection.exec_driver_sql("SET LOCAL ROLE driveflow_app")
        connection.execute(sa.text("SELECT set_config('driveflow.org_id', :org, true)"), {"org": str(ORG_A)})
        mine = sa.select(sa.func.count()).select_from(points).where(points.c.trip_id == trip)
        assert connection.execute(mine).scalar_one() == 1
        connection.execute(sa.delete(trips).where(trips.c.id == trip))
        assert connection.execute(mine).scalar_one() == 0


def test_preparing_may_be_repeated(fresh_postgres_url: str) -> None:
    for _again in range(2):
        prepare_database(fresh_postgres_url)
    with psycopg.connect(fresh_postgres_url) as connection:
        extension = connection.execute("SELECT count(*) FROM pg_extension WHERE extname = 'btree_gist'").fetchone()
        assert extension == (1,)
        rights = "SELECT has_schema_privilege(%s, 'public', 'CREATE'), has_schema_privilege(%s, 'public', 'USAGE')"
        for role, may_create in ((guards.OWNER_ROLE, True), (guards.APP_ROLE, False), (guards.AUTH_ROLE, False)):
            assert connection.execute(rights, (role, role)).fetchone() == (may_create, True)


def test_a_member_may_ask_for_what_is_ready(fresh_postgres_url: str) -> None:
    prepare_database(fresh_postgres_url)
    with psycopg.connect(fresh_postgres_url, autocommit=True) as connection:
        login, password = f"member_{uuid4().hex}", "only-for-tests"
        connection.execute(f"CREATE ROLE {login} LOGIN PASSWORD '{password}'")
        try:
            url = login_url(fresh_postgres_url, login, password)
            with pytest.raises(UserError) as refused:
                prepare_database(url)
            assert refused.value.code == "no_admin_rights"
            connection.execute(f"GRANT driveflow_owner, driveflow_app, driveflow_auth TO {login}")
            prepare_database(url)
            engine = sa.create_engine(driver_url(url), poolclass=sa.NullPool)
            upgrade(engine)
        finally:
            connection.execute(f"DROP ROLE {login}")


def test_preparing_needs_an_administrator(served: dict[str, str]) -> None:
    with pytest.raises(UserError) as refused:
        prepare_database(served["app"])
    assert refused.value.code == "no_admin_rights"
    engine = sa.create_engine(driver_url(served["app"]), poolclass=sa.NullPool)
    with engine.connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        connection.exec_driver_sql("SET ROLE driveflow_owner")


def test_an_old_server_is_refused(fresh_postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provision, "OLDEST_POSTGRESQL", 99)
    with pytest.raises(UserError) as refused:
        prepare_database(fresh_postgres_url)
    assert refused.value.code == "postgres_version"
