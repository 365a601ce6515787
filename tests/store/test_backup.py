"""Backups are made in use, checked, rotated; a restore is whole or nothing; an export is plain and complete."""

import contextlib
import shutil
import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlcipher3 import dbapi2 as sqlcipher

from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.kernel.clock import FixedClock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store import copies
from driveflow_desktop.store import restore as restoring
from driveflow_desktop.store.backup import DAYS, HOURS, MIGRATIONS, Backups, Upkeep, keep
from driveflow_desktop.store.cipher import KEY_VARIABLE, EnvironmentKeys
from driveflow_desktop.store.copies import check_whole, copy_replica, count_rows, export_plain
from driveflow_desktop.store.file_checks import look_inside
from driveflow_desktop.store.files import wal_of
from driveflow_desktop.store.log import OUTBOX
from driveflow_desktop.store.open_replica import open_replica
from driveflow_desktop.store.restore import restore
from driveflow_desktop.store.state import device_id
from tests.helpers.desk import KEYS, Desk, booking_values

HOUR = timedelta(hours=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
TIMES = st.sets(st.integers(0, 60 * 86_400).map(lambda seconds: START + timedelta(seconds=seconds)), max_size=200)


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0)


# -- rotation -------------------------------------------------------------------------------------------------------


@given(TIMES)
def test_rotation_keeps_the_newest_of_the_last_hours_and_days_that_have_one(times: set[datetime]) -> None:
    kept = keep(times)
    assert kept <= times
    assert len(kept) <= HOURS + DAYS
    for bucket, count in ((hour_of, HOURS), (datetime.date, DAYS)):
        newest = {bucket(moment): moment for moment in sorted(times)}
        wanted = [newest[name] for name in sorted(newest, reverse=True)[:count]]
        assert set(wanted) <= kept
    assert len(kept) <= len({hour_of(moment) for moment in times})


@given(TIMES)
def test_rotation_is_settled_after_once(times: set[datetime]) -> None:
    assert keep(keep(times)) == keep(times)


@given(TIMES)
def test_rotation_step_by_step_is_rotation_at_once(times: set[datetime]) -> None:
    """Backups that went in the past would not be kept now: removing early loses nothing that is wanted later."""
    standing: set[datetime] = set()
    for moment in sorted(times):
        standing = set(keep({*standing, moment}))
    assert standing == keep(times)


@given(TIMES.filter(bool), st.timedeltas(timedelta(seconds=1), timedelta(days=60)))
def test_a_new_backup_is_always_kept_and_pushes_out_at_most_two(times: set[datetime], later: timedelta) -> None:
    newest = max(times) + timedelta(seconds=int(later.total_seconds()) + 1)
    before, after = keep(times), keep({*times, newest})
    assert newest in after
    assert len(before - after) <= 2


def test_a_day_keeps_24_hours_and_a_week_7_days() -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    hourly = [start + HOUR * number for number in range(24 * 30)]
    kept = keep(hourly)
    last = hourly[-1]
    assert {moment for moment in kept if last - moment < timedelta(days=1)} == set(hourly[-24:])
    assert sorted(moment.date() for moment in kept - set(hourly[-24:])) == [
        (last - timedelta(days=back)).date() for back in range(6, 0, -1)
    ]


# -- making ---------------------------------------------------------------------------------------------------------


def bookings_in(path: Path, desk: Desk) -> set[bytes]:
    with look_inside(path, desk.replica.key) as connection:
        assert check_whole(connection) == 0
        return {row[0] for row in connection.execute("SELECT id FROM bookings")}


def test_a_backup_is_one_encrypted_file_with_every_row(desk: Desk) -> None:
    booked = {desk.book(number, notes="a very particular remark").bytes for number in range(5)}
    backup = Backups(desk.files, desk.setting.clock).make(desk.replica)
    assert [path.name for path in desk.files.backups.iterdir()] == [backup.path.name] == ["replica-20261124T002100Z.db"]
    content = backup.path.read_bytes()
    assert b"SQLite format" not in content
    assert b"particular remark" not in content
    assert bookings_in(backup.path, desk) == booked


def test_a_backup_opens_on_a_medium_that_cannot_be_written(desk: Desk, tmp_path: Path) -> None:
    backup = Backups(desk.files, desk.setting.clock).make(desk.replica)
    folder = tmp_path / "stick"
    folder.mkdir()
    copy = shutil.copy(backup.path, folder)
    with look_inside(Path(copy), desk.replica.key) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchall() == [("delete",)]
        assert check_whole(connection) == 0
    assert [path.name for path in folder.iterdir()] == [backup.path.name]


def test_writing_goes_on_while_a_copy_is_made(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy is the state of the moment it began, although commands commit between its steps."""
    desk.run(lambda unit: unit.bulk(Student, [{"full_name": f"Learner {n}", "notes": "x" * 500} for n in range(300)]))
    desk.replica.checkpoint()
    begun = {desk.book(number).bytes for number in range(5)}
    monkeypatch.setattr(copies, "_STEP_PAGES", 5)
    stop, failures = threading.Event(), []

    def writes() -> None:
        number = 100
        while not stop.is_set():
            try:
                desk.book(number)
            except Exception as problem:
                failures.append(problem)
                return
            number += 1

    writer = threading.Thread(target=writes)
    original = copies.count_rows

    def count_then_write(connection: sqlcipher.Connection) -> dict[str, int]:
        counted = original(connection)
        if not writer.ident:
            writer.start()
        return counted

    monkeypatch.setattr(copies, "count_rows", count_then_write)
    report = copy_replica(desk.replica, tmp_path / "copy.db")
    stop.set()
    writer.join(30)
    assert failures == []
    assert report.rows["bookings"] == 5
    assert bookings_in(tmp_path / "copy.db", desk) == begun


def test_a_copy_that_did_not_come_out_whole_is_thrown_away(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "copy.db"
    target.write_bytes(b"the last good one")
    counts = iter([{"bookings": 2}, {"bookings": 1}])
    monkeypatch.setattr(copies, "count_rows", lambda _connection: next(counts))
    with pytest.raises(UserError) as refused:
        copy_replica(desk.replica, target)
    assert refused.value.code == "corrupt"
    assert target.read_bytes() == b"the last good one"
    assert [path.name for path in tmp_path.iterdir() if "copy" in path.name] == ["copy.db"]


@pytest.mark.logs("broken references")
def test_broken_references_are_copied_and_told(desk: Desk, tmp_path: Path) -> None:
    desk.book(1)
    with contextlib.closing(copies.connect(desk.replica.path, desk.replica.key)) as raw:
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute("DELETE FROM services")
    assert copy_replica(desk.replica, tmp_path / "copy.db").broken_references == 1


def test_the_hourly_backup_is_made_when_it_is_due(desk: Desk, clock: FixedClock) -> None:
    backups = Backups(desk.files, clock)
    upkeep = Upkeep(desk.replica, backups)
    made = []
    for _ in range(12):
        made.append(upkeep.tick())
        clock.advance(timedelta(minutes=15))
    assert [backup is not None for backup in made] == [True, False, False, False] * 3
    assert len(backups.all()) == 3
    clock.advance(timedelta(days=40))
    assert upkeep.tick()
    assert len(backups.all()) == 4, "time alone removes nothing"


def test_a_clock_set_back_does_not_stop_backups(desk: Desk, clock: FixedClock) -> None:
    backups = Backups(desk.files, clock)
    clock.advance(timedelta(days=365))
    backups.make(desk.replica)
    clock.advance(-timedelta(days=365))
    assert backups.due()
    backups.make(desk.replica)
    assert not backups.due()


def test_old_backups_and_remains_are_removed_and_strangers_are_not(desk: Desk, clock: FixedClock) -> None:
    backups = Backups(desk.files, clock)
    desk.files.backups.mkdir()
    mine = desk.files.backups / "my own copy.db"
    mine.write_bytes(b"mine")
    (desk.files.backups / "replica-20260101T000000Z.db.partial").write_bytes(b"half")
    for number in range(200):
        moment = clock.now() - HOUR * number
        (desk.files.backups / f"replica-{moment:%Y%m%dT%H%M%SZ}.db").write_bytes(b"old")
    for number in range(5):
        moment = clock.now() - timedelta(days=number)
        (desk.files.backups / f"before-000{number}-{moment:%Y%m%dT%H%M%SZ}.db").write_bytes(b"old")
    backups.make(desk.replica)
    assert mine.read_bytes() == b"mine"
    assert not list(desk.files.backups.glob("*.partial"))
    hourly = [backup for backup in backups.all() if backup.revision is None]
    assert {backup.at for backup in hourly} == keep([clock.now() - HOUR * number for number in range(200)])
    assert [backup.revision for backup in backups.all() if backup.revision] == ["0000", "0001", "0002"][:MIGRATIONS]


# -- going back -----------------------------------------------------------------------------------------------------


def _device(desk: Desk) -> object:
    with desk.replica.reader() as connection:
        return device_id(connection)


def _booked(desk: Desk) -> int:
    with desk.replica.reader() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(Booking)).scalar_one()


def test_a_restore_brings_the_rows_back_as_a_new_device_and_keeps_the_old_file(desk: Desk) -> None:
    desk.book(1)
    old_device = _device(desk)
    backup = Backups(desk.files, desk.setting.clock).make(desk.replica)
    desk.book(2)
    desk.replica.close()
    report = restore(backup.path, desk.files, KEYS, desk.setting)
    desk.replica = open_replica(desk.files, KEYS, desk.setting)
    assert _booked(desk) == 1
    assert _device(desk) == report.device_id != old_device
    assert report.kept_aside is not None
    assert len(bookings_in(report.kept_aside, desk)) == 2
    with look_inside(backup.path, desk.replica.key) as connection:
        assert device_id_of(connection) == str(old_device), "the backup itself stays as it is"
    with desk.replica.reader() as connection:
        last = max(connection.execute(sa.select(OUTBOX.c.id)).scalars())
    desk.book(3)
    with desk.replica.reader() as connection:
        assert max(connection.execute(sa.select(OUTBOX.c.id)).scalars()) > last


def device_id_of(connection: sqlcipher.Connection) -> str:
    (found,) = connection.execute("SELECT value FROM replica_state WHERE key = 'device_id'").fetchone()
    return str(found)


def test_a_restore_over_a_killed_programs_file_keeps_its_log_too(desk: Desk) -> None:
    """Commits that were only in the log are in the file that is kept aside."""
    backup = Backups(desk.files, desk.setting.clock).make(desk.replica)
    desk.book(1)
    saved = {path: path.read_bytes() for path in (desk.files.database, wal_of(desk.files.database))}
    desk.replica.close()
    for path, content in saved.items():
        path.write_bytes(content)
    report = restore(backup.path, desk.files, KEYS, desk.setting)
    assert not wal_of(desk.files.database).exists()
    assert report.kept_aside is not None
    assert len(bookings_in(report.kept_aside, desk)) == 1
    desk.replica = open_replica(desk.files, KEYS, desk.setting)
    assert _booked(desk) == 0


@pytest.mark.parametrize("broken", [b"", b"garbage" * 2000, None])
def test_a_restore_replaces_a_broken_or_missing_file(desk: Desk, broken: bytes | None) -> None:
    desk.book(1)
    backup = Backups(desk.files, desk.setting.clock).make(desk.replica)
    desk.replica.close()
    if broken is None:
        desk.files.database.unlink()
    else:
        desk.files.database.write_bytes(broken)
        wal_of(desk.files.database).write_bytes(b"some log")
    report = restore(backup.path, desk.files, KEYS, desk.setting)
    if broken is None:
        assert report.kept_aside is None
    else:
        assert report.kept_aside is not None
        assert report.kept_aside.read_bytes() == broken
        assert wal_of(report.kept_aside).read_bytes() == b"some log"
    desk.replica = open_replica(desk.files, KEYS, desk.setting)
    assert _booked(desk) == 1


def test_two_restores_at_one_moment_keep_both_files(desk: Desk) -> None:
    backup = Backups(desk.files, desk.setting.clock).make(desk.replica)
    desk.replica.close()
    kept = {restore(backup.path, desk.files, KEYS, desk.setting).kept_aside for _ in range(3)}
    assert len(kept) == 3
    desk.replica = open_replica(desk.files, KEYS, desk.setting)


def _restore_refused(desk: Desk, backup: Path, code: str) -> None:
    before = {path.name: path.read_bytes() for path in desk.files.folder.glob("replica.db*")}
    with pytest.raises(UserError) as refused:
        restore(backup, desk.files, KEYS, desk.setting)
    assert refused.value.code == code
    after = {path.name: path.read_bytes() for path in desk.files.folder.glob("replica.db*")}
    assert {name: content for name, content in after.items() if content} == {
        name: content for name, content in before.items() if content
    }


def test_a_bad_backup_is_refused_and_the_replica_stays(desk: Desk, tmp_path: Path) -> None:
    desk.book(1)
    backup = Backups(desk.files, desk.setting.clock).make(desk.replica).path
    desk.replica.close()
    content = bytearray(backup.read_bytes())
    _restore_refused(desk, tmp_path / "nowhere", "missing")
    cut = tmp_path / "cut.db"
    cut.write_bytes(content[: 4096 * 10])
    _restore_refused(desk, cut, "truncated")
    content[4096 * 9 + 50] ^= 1
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(content)
    _restore_refused(desk, damaged, "corrupt")


def test_a_backup_of_another_key_or_a_newer_version_is_refused(desk: Desk, tmp_path: Path) -> None:
    backup = Backups(desk.files, desk.setting.clock).make(desk.replica).path
    desk.replica.close()
    newer = Path(shutil.copy(backup, tmp_path / "newer.db"))
    with contextlib.closing(copies.connect(newer, desk.replica.key)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    _restore_refused(desk, newer, "newer_version")
    other = tmp_path / "other.db"
    with contextlib.closing(
        copies.connect(other, EnvironmentKeys({KEY_VARIABLE: "cd" * 32}).load(desk.school.org))
    ) as raw:
        raw.execute("CREATE TABLE students (id)")
    _restore_refused(desk, other, "wrong_key")


def test_an_open_replica_is_not_replaced(desk: Desk) -> None:
    backup = Backups(desk.files, desk.setting.clock).make(desk.replica).path
    with pytest.raises(UserError) as refused:
        restore(backup, desk.files, KEYS, desk.setting)
    assert refused.value.code == "replica_in_use"
    desk.book(1)


@pytest.mark.parametrize("step", ["_second_name", "put_in_place", "sync_file", "_prepare"])
def test_a_restore_that_stops_at_any_step_leaves_a_replica_that_opens(
    desk: Desk, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.book(1)
    backup = Backups(desk.files, desk.setting.clock).make(desk.replica).path
    desk.book(2)
    desk.replica.close()

    def stops(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(restoring, step, stops)
    with pytest.raises(KeyboardInterrupt):
        restore(backup, desk.files, KEYS, desk.setting)
    monkeypatch.undo()
    desk.replica = open_replica(desk.files, KEYS, desk.setting)
    assert _booked(desk) == 2


# -- plain ----------------------------------------------------------------------------------------------------------


def test_an_export_opens_with_any_sqlite_and_has_every_row_and_no_machinery(desk: Desk, tmp_path: Path) -> None:
    for number in range(5):
        desk.book(number)
    target = tmp_path / "school's data?.sqlite"
    rows = export_plain(desk.replica, target)
    assert target.read_bytes().startswith(b"SQLite format 3\0")
    assert rows["bookings"] == 5
    with contextlib.closing(sqlite3.connect(target)) as plain:
        kinds = {kind for (kind,) in plain.execute("SELECT DISTINCT type FROM sqlite_master")}
        names = [name for (name,) in plain.execute("SELECT name FROM sqlite_master WHERE name LIKE 'search%'")]
        assert kinds == {"table", "index"}
        assert names == []
        found = plain.execute("SELECT count(*), min(price_cents) FROM bookings JOIN students s ON s.id = student_id")
        assert found.fetchall() == [(5, 9500)]
        assert plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [target.name]
    with contextlib.closing(copies.connect(desk.replica.path, desk.replica.key)) as raw:
        assert count_rows(raw) == rows
    desk.book(9)


def test_an_export_replaces_nothing(desk: Desk, tmp_path: Path) -> None:
    target = tmp_path / "data.sqlite"
    target.write_bytes(b"mine")
    with pytest.raises(UserError) as refused:
        export_plain(desk.replica, target)
    assert refused.value.code == "exists"
    assert target.read_bytes() == b"mine"


def test_an_export_is_one_state(desk: Desk, tmp_path: Path) -> None:
    rows = [booking_values(desk.school, number) for number in range(200)]
    desk.run(lambda unit: unit.bulk(Booking, rows))
    assert export_plain(desk.replica, tmp_path / "a.sqlite")["bookings"] == 200
