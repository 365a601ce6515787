"""The open replica: who may write, in which order, and what each connection is."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.kernel.errors import Bug, UserError
from driveflow_desktop.store.log import AUDIT, OUTBOX
from driveflow_desktop.store.replica import WriterLock, require_safe_sqlite, written_table
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.types import Value
from driveflow_desktop.store.unit_of_work import Actor, UnitOfWork
from tests.helpers.desk import Desk, booking_values

WAIT = 30.0

DISGUISES = [
    "INSERT INTO students (org_id, id, full_name) VALUES (x'00', x'00', 'X')",
    "insert or replace into students (org_id, id, full_name) VALUES (x'00', x'00', 'X')",
    "REPLACE INTO students (org_id, id, full_name) VALUES (x'00', x'00', 'X')",
    "UPDATE students SET full_name = 'X'",
    "UPDATE OR IGNORE students SET full_name = 'X'",
    "DELETE FROM students",
    "\n  -- a remark\n  DELETE /* all */ FROM students",
    'DELETE FROM main."students"',
    "DELETE FROM [students]",
    "DELETE FROM `STUDENTS`",
    "WITH all_of AS (SELECT id FROM students) DELETE FROM students WHERE id IN (SELECT id FROM all_of)",
    "WITH remark AS (SELECT '--') UPDATE students SET full_name = 'X'",
    "INSERT/**/INTO students (org_id, id, full_name) VALUES (x'00', x'00', 'X')",
]


def names(desk: Desk) -> list[str]:
    with desk.replica.reader() as connection:
        return sorted(connection.execute(sa.select(Student.full_name)).scalars())


@pytest.mark.parametrize("statement", DISGUISES)
@pytest.mark.parametrize("where", ["in a command", "in a sync transaction", "outside"])
def test_a_stray_write_raises_at_the_writer(desk: Desk, statement: str, where: str) -> None:
    before = names(desk)

    def in_a_command() -> None:
        desk.run(lambda unit: unit.connection.exec_driver_sql(statement))

    def in_a_sync_transaction() -> None:
        with desk.replica.sync_transaction() as connection:
            connection.exec_driver_sql(statement)

    def outside() -> None:
        with desk.replica._writer_engine.begin() as connection:
            connection.exec_driver_sql(statement)

    act = {"in a command": in_a_command, "in a sync transaction": in_a_sync_transaction, "outside": outside}[where]
    with pytest.raises(Bug, match="students is written through the unit of work only"):
        act()
    assert names(desk) == before
    desk.book(1)


@pytest.mark.parametrize("statement", DISGUISES)
def test_a_stray_write_raises_at_a_reader(desk: Desk, statement: str) -> None:
    with pytest.raises(UserError) as refused, desk.replica.reader() as connection:
        connection.exec_driver_sql(statement)
    assert refused.value.code == "read_only"


def test_an_orm_write_raises_as_well(desk: Desk) -> None:
    with pytest.raises(Bug), sa.orm.Session(desk.replica._writer_engine) as session:
        session.execute(sa.update(Student).values(full_name="X"))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 'DELETE FROM students' AS words",
        "-- DELETE FROM students\nSELECT 1",
        "PRAGMA table_info(students)",
        "WITH x AS (SELECT 1) SELECT * FROM x",
    ],
)
def test_reading_is_no_write(statement: str) -> None:
    assert written_table(statement) is None


def test_only_rows_may_write_synced_tables_and_the_log_stays_open_to_sync(desk: Desk) -> None:
    booking = desk.book(1)
    with desk.replica.sync_transaction() as connection:
        connection.execute(OUTBOX.update().values(acked_seq=5))
        codec(Booking.__table__).update(connection, desk.school.org, booking, {"version": 5})
    with desk.replica.reader() as connection:
        assert connection.execute(sa.select(Booking.version)).scalar_one() == 5


def test_the_log_cannot_be_rewritten_by_the_desk_but_by_sync(desk: Desk) -> None:
    desk.book(1)

    def forge(unit: UnitOfWork) -> None:
        unit.connection.execute(AUDIT.update().values(action="nothing.happened"))

    def replace(unit: UnitOfWork) -> None:
        columns = ", ".join(column.name for column in AUDIT.columns)
        unit.connection.exec_driver_sql(f"REPLACE INTO audit_log ({columns}) SELECT {columns} FROM audit_log")

    for act in (forge, replace):
        with pytest.raises(UserError) as refused:
            desk.run(act)
        assert refused.value.code == "immutable"
    with desk.replica.sync_transaction() as connection:
        connection.execute(AUDIT.update().values(prev_hash=b"\0" * 32, hash=b"\1" * 32))


def test_the_file_is_encrypted_and_every_connection_is_durable(desk: Desk) -> None:
    desk.book(1, notes="a very particular remark")
    with desk.replica._writer_engine.connect() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers", "wal_autocheckpoint")
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in pragmas}
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "wal_autocheckpoint": 8000,
    }
    desk.replica.checkpoint()
    for path in desk.files.folder.glob("replica.db*"):
        content = path.read_bytes()
        assert b"SQLite format" not in content
        assert b"particular remark" not in content
        assert b"CREATE TABLE" not in content


def test_a_checkpoint_moves_the_log_into_the_file(desk: Desk) -> None:
    before = desk.files.database.stat().st_size
    desk.run(lambda unit: unit.bulk(Student, [{"full_name": "x" * 100} for _ in range(500)]))
    desk.replica.checkpoint()
    assert desk.files.database.stat().st_size > before


def test_the_key_does_not_show(desk: Desk) -> None:
    assert desk.replica.key.raw.hex() not in repr(desk.replica.key)


def test_a_write_inside_a_write_is_our_bug_not_a_deadlock(desk: Desk) -> None:
    with pytest.raises(Bug, match="inside another"):
        desk.run(lambda unit: desk.book(1))
    desk.book(2)


def test_a_closed_replica_refuses(desk: Desk) -> None:
    desk.replica.close()
    with pytest.raises(UserError) as refused:
        desk.book(1)
    assert refused.value.code == "closed"
    desk.replica.close()


def test_a_reader_sees_one_state(desk: Desk) -> None:
    with desk.replica.reader() as connection:
        count = sa.select(sa.func.count()).select_from(Booking)
        assert connection.execute(count).scalar_one() == 0
        desk.book(1)
        assert connection.execute(count).scalar_one() == 0
    with desk.replica.reader() as connection:
        assert connection.execute(count).scalar_one() == 1


def test_an_old_sqlite_is_refused() -> None:
    with pytest.raises(UserError) as refused:
        require_safe_sqlite((3, 51, 2))
    assert refused.value.code == "unsafe_sqlite"
    require_safe_sqlite((3, 51, 3))


# -- threads --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def threads(*targets: Callable[[], None]) -> Iterator[list[threading.Thread]]:
    running = [threading.Thread(target=target) for target in targets]
    yield running
    for thread in running:
        thread.join(WAIT)
        assert not thread.is_alive()


def test_the_desk_goes_before_sync_whenever_both_wait() -> None:
    lock, order = WriterLock(), []
    held, release = threading.Event(), threading.Event()

    def holder() -> None:
        with lock.sync():
            held.set()
            assert release.wait(WAIT)

    def sync() -> None:
        with lock.sync():
            order.append("sync")

    def desk() -> None:
        with lock.desk():
            order.append("desk")

    with threads(holder, sync, sync, desk, desk, desk) as running:
        running[0].start()
        assert held.wait(WAIT)
        for thread in running[1:]:
            thread.start()
        while lock._desk_waiting < 3:
            time.sleep(0)
        release.set()
    assert order == ["desk"] * 3 + ["sync"] * 2


def _count(connection: sa.Connection, *where: sa.ColumnElement[bool], table: type | sa.Table = Booking) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one()


def test_many_threads_write_and_read_without_losing_anything(desk: Desk) -> None:
    replica, per_thread = desk.replica, 25
    of_bookings = OUTBOX.c.table_name == "bookings"

    def front_desk(number: int) -> None:
        for index in range(per_thread):
            desk.book(number * per_thread + index)

    def sync() -> None:
        for _ in range(per_thread):
            with replica.sync_transaction() as connection:
                connection.execute(OUTBOX.update().where(OUTBOX.c.attempts < 3).values(attempts=1))

    def reads() -> None:
        for _ in range(per_thread * 2):
            with replica.reader() as connection:
                assert _count(connection) == _count(connection, of_bookings, table=OUTBOX)

    with ThreadPoolExecutor(max_workers=7) as pool:
        jobs = [pool.submit(front_desk, number) for number in range(4)]
        jobs += [pool.submit(act) for act in (sync, reads, reads)]
        for job in jobs:
            job.result(WAIT)
    with replica.reader() as connection:
        assert _count(connection) == 4 * per_thread
        ids = connection.execute(sa.select(OUTBOX.c.id).order_by(sa.text("rowid"))).scalars().all()
    assert ids == sorted(ids), "the outbox is in the order of its commits"


def test_a_failed_command_lets_the_next_one_write(desk: Desk) -> None:
    def fails(unit: UnitOfWork) -> None:
        unit.insert(Booking, booking_values(desk.school, 1))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        desk.run(fails)
    desk.book(1)


def test_another_schools_rows_are_out_of_reach(desk: Desk) -> None:
    stranger = Actor(desk.replica.ids.new(), None, None)
    values: dict[str, Value] = {"full_name": "X"}
    with pytest.raises(UserError) as refused:
        desk.replica.execute(lambda unit: unit.update(Student, desk.school.students[0], values), stranger)
    assert refused.value.code == "gone"
