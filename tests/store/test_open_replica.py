"""Each way in which opening can fail: its own code, a way out, and not a byte changed."""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlcipher3 import dbapi2 as sqlcipher

from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.kernel.clock import FixedClock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store import file_checks, migrate
from driveflow_desktop.store.backup import Backups
from driveflow_desktop.store.cipher import KEY_VARIABLE, DemoKeys, EnvironmentKeys, PassphraseKeys
from driveflow_desktop.store.file_checks import require_sound
from driveflow_desktop.store.files import ReplicaFiles, wal_of
from driveflow_desktop.store.open_replica import create_replica, open_replica, read_identity
from driveflow_desktop.store.replica import connect
from driveflow_desktop.store.state import device_id
from tests.helpers.desk import KEYS, Desk, booking_values, open_desk, setting_of
from tests.helpers.processes import PATIENCE, python

IGNORED = {"replica.lock", "replica.holder.json", "replica.db-shm"}
OTHER_KEY = EnvironmentKeys({KEY_VARIABLE: "cd" * 32})


def folder_of(files: ReplicaFiles) -> dict[str, bytes]:
    """Every file's bytes; SQLite's empty log and the lock's files do not count."""
    found = {path.name: path.read_bytes() for path in files.folder.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if name not in IGNORED and content}


@pytest.fixture
def closed(desk: Desk) -> Desk:
    desk.book(1)
    desk.replica.close()
    return desk


def refusal(desk: Desk, keys: DemoKeys | EnvironmentKeys | PassphraseKeys = KEYS) -> UserError:
    """The refusal, after which the folder is as it was and the lock is free."""
    before = folder_of(desk.files)
    with pytest.raises(UserError) as refused:
        open_replica(desk.files, keys, desk.setting)
    assert folder_of(desk.files) == before
    assert not desk.files.holder.exists()
    assert refused.value.message
    assert refused.value.hint
    return refused.value


def _spoil(desk: Desk, change: Callable[[bytes], bytes]) -> None:
    desk.files.database.write_bytes(change(desk.files.database.read_bytes()))


def _plain(desk: Desk) -> None:
    desk.files.database.unlink()
    with sqlcipher.connect(str(desk.files.database)) as connection:
        connection.execute("CREATE TABLE students (id)")
    connection.close()


def _document(desk: Desk) -> None:
    with zipfile.ZipFile(desk.files.database, "w") as archive:
        archive.writestr("letter.txt", "Dear school, " * 2000)


def _flip(content: bytes, page: int) -> bytes:
    spoiled = bytearray(content)
    spoiled[page * 4096 + 100] ^= 0xFF
    return bytes(spoiled)


def _empty_note(desk: Desk) -> None:
    desk.files.identity.write_text("{}", "utf-8")


SPOILED: dict[str, tuple[str, Callable[[Desk], None]]] = {
    "missing": ("missing", lambda desk: desk.files.database.unlink()),
    "a folder": ("missing", lambda desk: (desk.files.database.unlink(), desk.files.database.mkdir())[1]),
    "zero bytes": ("empty", lambda desk: _spoil(desk, lambda _: b"")),
    "half a page": ("truncated", lambda desk: _spoil(desk, lambda content: content[:2048])),
    "cut inside a page": ("truncated", lambda desk: _spoil(desk, lambda content: content[: len(content) // 2 + 77])),
    "cut between pages": ("truncated", lambda desk: _spoil(desk, lambda content: content[: 4096 * 20])),
    "text": ("not_a_replica", lambda desk: _spoil(desk, lambda _: b"Monday: Mia, 9 am\n" * 5000)),
    "zeros": ("not_a_replica", lambda desk: _spoil(desk, lambda _: bytes(8192))),
    "a document": ("not_a_replica", _document),
    "plain SQLite": ("not_encrypted", _plain),
    "random": ("wrong_key", lambda desk: _spoil(desk, lambda _: secrets.token_bytes(8192))),
    "a damaged first page": ("corrupt", lambda desk: _spoil(desk, lambda content: _flip(content, 0))),
    "no note of the key": ("key_missing", lambda desk: desk.files.identity.unlink()),
    "a damaged note of the key": ("key_missing", _empty_note),
}


@pytest.mark.parametrize("what", SPOILED)
def test_a_file_that_cannot_be_opened_is_refused_in_its_own_words(closed: Desk, what: str) -> None:
    code, spoil = SPOILED[what]
    spoil(closed)
    assert refusal(closed).code == code


def test_a_wrong_key_is_refused_and_says_where_it_came_from(closed: Desk) -> None:
    problem = refusal(closed, OTHER_KEY)
    assert problem.code == "wrong_key"
    assert KEY_VARIABLE in problem.message


def _kill_a_desk(desk: Desk) -> None:
    """Leave the folder as a killed program leaves it: with commits in the log only."""
    with python("tests.helpers.lock_holder", desk.files.folder) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        other.kill()
        other.wait(PATIENCE)
    key, log = KEYS.load(read_identity(desk.files).replica_id), wal_of(desk.files.database)
    with contextlib.closing(connect(desk.files.database, key)) as connection:
        connection.execute("INSERT INTO replica_state VALUES ('in the log', 'yes')")
        saved = {path: path.read_bytes() for path in (desk.files.database, log)}
    for path, content in saved.items():
        path.write_bytes(content)


def test_a_wrong_key_does_not_touch_a_log_that_still_holds_commits(closed: Desk) -> None:
    _kill_a_desk(closed)
    note = closed.files.holder.read_bytes()
    before = folder_of(closed.files)
    assert before["replica.db-wal"]
    with pytest.raises(UserError) as refused:
        open_replica(closed.files, OTHER_KEY, closed.setting)
    assert refused.value.code == "wrong_key"
    assert folder_of(closed.files) == before
    assert closed.files.holder.exists(), note
    with open_replica(closed.files, KEYS, closed.setting) as replica, replica.reader() as connection:
        found = connection.exec_driver_sql("SELECT value FROM replica_state WHERE key = 'in the log'").scalar_one()
    assert found == "yes"


@pytest.mark.parametrize("page", [3, 9, 17])
def test_damage_inside_is_found_after_an_unclean_stop_and_changes_nothing(closed: Desk, page: int) -> None:
    _kill_a_desk(closed)
    _spoil(closed, lambda content: _flip(content, page))
    before = folder_of(closed.files)
    with pytest.raises(UserError) as refused:
        open_replica(closed.files, KEYS, closed.setting)
    assert refused.value.code == "corrupt"
    assert "backup" in refused.value.hint
    assert folder_of(closed.files) == before
    assert closed.files.holder.exists(), "the next try must check again"


def test_a_newer_version_is_refused_before_anything_is_written(closed: Desk) -> None:
    with connect(closed.files.database, KEYS.load(read_identity(closed.files).replica_id)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    problem = refusal(closed)
    assert problem.code == "newer_version"
    assert "Update" in problem.hint
    assert not closed.files.backups.exists()


def test_an_encrypted_file_without_our_tables_is_no_replica(closed: Desk) -> None:
    closed.files.database.unlink()
    with connect(closed.files.database, KEYS.load(read_identity(closed.files).replica_id)) as connection:
        connection.execute("CREATE TABLE recipes (id)")
    connection.close()
    assert refusal(closed).code == "not_a_replica"


def test_an_older_schema_is_backed_up_then_migrated(closed: Desk) -> None:
    key = KEYS.load(read_identity(closed.files).replica_id)
    engine = sa.create_engine("sqlite://", creator=lambda: connect(closed.files.database, key), module=sqlcipher)
    migrate.downgrade(engine, "0001")
    engine.dispose()
    with open_replica(closed.files, KEYS, closed.setting) as replica, replica.reader() as connection:
        assert migrate.current_revision(connection) == migrate.SCHEMA_REVISION
        assert connection.execute(sa.select(sa.func.count()).select_from(Booking)).scalar_one() == 1
        names = connection.exec_driver_sql("SELECT name FROM search_people ORDER BY name").scalars().all()
    assert "Mia Chen" in names
    (backup,) = Backups(closed.files, closed.setting.clock).all()
    assert backup.revision == "0001"
    with connect(backup.path, key) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
    copy.close()


def test_a_failed_migration_leaves_the_old_schema_and_its_backup(closed: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    key = KEYS.load(read_identity(closed.files).replica_id)
    engine = sa.create_engine("sqlite://", creator=lambda: connect(closed.files.database, key), module=sqlcipher)
    migrate.downgrade(engine, "0001")
    engine.dispose()

    def fails(*_: object) -> None:
        raise RuntimeError("no such luck")

    monkeypatch.setattr(migrate, "upgrade", fails)
    with pytest.raises(RuntimeError):
        open_replica(closed.files, KEYS, closed.setting)
    monkeypatch.undo()
    assert len(Backups(closed.files, closed.setting.clock).all()) == 1
    open_replica(closed.files, KEYS, closed.setting).close()


# -- making ---------------------------------------------------------------------------------------------------------


def test_a_new_replica_has_a_device_id_and_nothing_else_beside_it(tmp_path: Path, clock: FixedClock) -> None:
    files = ReplicaFiles(tmp_path / "deep" / "folder")
    with create_replica(files, KEYS, setting_of(clock)) as replica, replica.reader() as connection:
        assert device_id(connection) is not None
    assert {path.name for path in files.folder.iterdir()} == {"replica.db", "replica.json", "replica.lock"}
    assert json.loads(files.identity.read_bytes())["key"] == "demo"


def test_a_replica_is_never_made_over_another(closed: Desk) -> None:
    before = folder_of(closed.files)
    with pytest.raises(UserError) as refused:
        create_replica(closed.files, KEYS, closed.setting)
    assert refused.value.code == "exists"
    assert folder_of(closed.files) == before


def test_making_begins_again_after_it_was_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, setting = ReplicaFiles(tmp_path), setting_of()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(migrate, "upgrade", interrupted)
    with pytest.raises(KeyboardInterrupt):
        create_replica(files, KEYS, setting)
    monkeypatch.undo()
    assert not files.database.exists()
    identity = read_identity(files)
    create_replica(files, KEYS, setting).close()
    assert read_identity(files) == identity
    open_replica(files, KEYS, setting).close()


def test_a_moved_database_keeps_its_identity(closed: Desk, tmp_path: Path) -> None:
    """A folder that lost its database and gets a new one still says which key opens the old."""
    identity = closed.files.identity.read_bytes()
    shutil.move(closed.files.database, tmp_path / "aside.db")
    create_replica(closed.files, KEYS, closed.setting).close()
    assert closed.files.identity.read_bytes() == identity


def test_a_passphrase_opens_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    files, setting = ReplicaFiles(tmp_path), setting_of()
    create_replica(files, PassphraseKeys(files.kdf, lambda: "correct horse battery"), setting).close()
    assert read_identity(files).key_kind == "passphrase"
    with pytest.raises(UserError) as refused:
        open_replica(files, PassphraseKeys(files.kdf, lambda: "wrong horse battery"), setting)
    assert refused.value.code == "wrong_key"
    open_replica(files, PassphraseKeys(files.kdf, lambda: "correct horse battery"), setting).close()


# -- the disk -------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB, which only an administrator can make."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("no right to mount a file system here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_read_only_disk_is_refused(small_disk: Path) -> None:
    desk = open_desk(small_disk / "desk")
    desk.replica.close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(UserError) as refused:
        open_replica(desk.files, KEYS, desk.setting)
    assert refused.value.code == "read_only"
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    open_replica(desk.files, KEYS, desk.setting).close()


@pytest.mark.parametrize("name", ["replica.db", "."])
def test_what_may_not_be_written_is_refused(closed: Desk, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An administrator may write everything, so who asks is told as the system would tell an ordinary user."""
    path = closed.files.folder / name
    mode = path.stat().st_mode
    path.chmod(0o500 if path.is_dir() else 0o400)
    if os.geteuid() == 0:
        monkeypatch.setattr(file_checks.os, "access", lambda asked, _mode: Path(asked) != path)
    try:
        assert refusal(closed).code == "read_only"
    finally:
        path.chmod(mode)


def test_a_full_disk_is_refused_and_opens_when_there_is_room(small_disk: Path) -> None:
    desk = open_desk(small_disk / "desk")
    desk.book(1)
    desk.replica.close()
    filler = small_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    before = folder_of(desk.files)
    with pytest.raises(UserError) as refused:
        open_replica(desk.files, KEYS, desk.setting)
    assert refused.value.code == "disk_full"
    assert folder_of(desk.files) == before
    filler.unlink()
    desk.replica = open_replica(desk.files, KEYS, desk.setting)
    desk.book(2)
    desk.replica.close()


def test_a_disk_that_fills_up_while_working_loses_nothing(small_disk: Path) -> None:
    desk = open_desk(small_disk / "desk")
    saved: list[object] = []

    def fill() -> None:
        for number in range(10_000):
            saved.append(desk.book(number, notes="x" * 5_000))  # noqa: PERF401 - it ends by an error

    with pytest.raises(UserError) as refused:
        fill()
    assert refused.value.code == "disk_full"
    assert len(saved) > 20
    _rows_are_exactly(desk, saved)
    with pytest.raises(UserError) as again:
        desk.book(10_000, notes="x" * 5_000)
    assert again.value.code == "disk_full"
    _rows_are_exactly(desk, saved)
    # A bigger disk stands for one with room again.
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    saved.append(desk.book(10_001, notes="x" * 5_000))
    _rows_are_exactly(desk, saved)
    desk.reopen()
    _rows_are_exactly(desk, saved)
    desk.replica.close()


def test_a_file_that_may_not_grow_refuses_whole_commands(desk: Desk) -> None:
    """The same where no file system can be mounted: SQLite reports its own limit as a full disk."""
    saved: list[object] = [desk.book(1)]
    with desk.replica.maintenance() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    with pytest.raises(UserError) as refused:
        desk.run(lambda unit: unit.bulk(Booking, [booking_values(desk.school, n) for n in range(2, 400)]))
    assert refused.value.code == "disk_full"
    _rows_are_exactly(desk, saved)
    with desk.replica.maintenance() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    saved.append(desk.book(2))
    _rows_are_exactly(desk, saved)


def test_a_backup_onto_a_full_disk_says_so_and_leaves_no_remains(small_disk: Path) -> None:
    desk = open_desk(small_disk / "desk")

    def fill() -> None:
        for number in range(10_000):
            desk.book(number, notes="x" * 5_000)
            if number % 20 == 0:
                desk.replica.checkpoint()
                Backups(desk.files, desk.setting.clock).make(desk.replica)

    with pytest.raises(UserError) as refused:
        fill()
    assert refused.value.code == "disk_full"
    assert not list(desk.files.backups.glob("*.partial*"))
    desk.replica.close()


def _rows_are_exactly(desk: Desk, saved: list[object]) -> None:
    with desk.replica.reader() as connection:
        found = set(connection.execute(sa.select(Booking.id)).scalars())
        query = "SELECT count(*) FROM {} WHERE {} = 'bookings'"
        outbox = connection.exec_driver_sql(query.format("outbox", "table_name")).scalar_one()
        audit = connection.exec_driver_sql(query.format("audit_log", "entity_type")).scalar_one()
    # On a connection of its own: one that checked before judges FTS5's index by what it remembers of it.
    require_sound(desk.files.database, desk.replica.key)
    assert found == set(saved)
    assert outbox == audit == len(saved)
