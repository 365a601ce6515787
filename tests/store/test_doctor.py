"""The doctor finds what is wrong, says it in words, and changes nothing."""

import contextlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2 as sqlcipher

from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.kernel.clock import FixedClock
from driveflow_desktop.store.audit import audit_verify
from driveflow_desktop.store.backup import Backups
from driveflow_desktop.store.doctor import Check, examine
from driveflow_desktop.store.replica import connect
from tests.helpers.desk import KEYS, Desk

ALL = [
    "sqlite", "lock", "disk space", "backups", "file", "key", "opens", "cipher", "integrity", "references", "schema",
    "triggers", "outbox", "base rows", "audit", "search",
]  # fmt: skip


@pytest.fixture
def healthy(desk: Desk) -> Desk:
    """A closed replica in order."""
    booking = desk.book(1)
    desk.book(2)
    desk.run(lambda unit: unit.update(Student, desk.school.students[0], {"full_name": "Mia Chang"}))
    assert booking
    Backups(desk.files, desk.setting.clock).make(desk.replica)
    desk.replica.close()
    return desk


def findings(desk: Desk) -> dict[str, Check]:
    return {check.check: check for check in examine(desk.files, KEYS, desk.setting.clock)}


def wrong(desk: Desk) -> list[str]:
    return [name for name, check in findings(desk).items() if not check.ok]


def tamper(desk: Desk, *statements: str) -> None:
    """Change the file behind the program's back: no triggers, no keys."""
    with contextlib.closing(connect(desk.files.database, desk.replica.key)) as raw:
        raw.execute("PRAGMA foreign_keys = OFF")
        for statement in statements:
            raw.execute(statement)


def test_a_healthy_replica_has_nothing_wrong(healthy: Desk) -> None:
    found = findings(healthy)
    assert list(found) == ALL
    assert [check for check in found.values() if not check.ok] == []
    assert all(check.detail for check in found.values())
    assert "public" in found["key"].detail


def test_looking_changes_nothing(healthy: Desk) -> None:
    def folder() -> dict[Path, bytes]:
        found = {path: path.read_bytes() for path in healthy.files.folder.rglob("*") if path.is_file()}
        return {path: content for path, content in found.items() if content and path.suffix != ".db-shm"}

    before = folder()
    findings(healthy)
    assert folder() == before


def test_an_open_replica_may_be_looked_over(healthy: Desk) -> None:
    healthy.reopen()
    healthy.book(3)
    found = findings(healthy)
    assert [check for check in found.values() if not check.ok] == []
    assert "open in DriveFlow" in found["lock"].detail
    healthy.book(4)


def test_an_erased_audit_entry_is_erased_not_tampered(healthy: Desk) -> None:
    tamper(
        healthy,
        "DROP TRIGGER audit_log_immutable_update",
        "UPDATE audit_log SET before = NULL, after = NULL, salt = NULL",
    )
    found = findings(healthy)
    assert found["audit"].ok
    assert "erased" in found["audit"].detail
    healthy.reopen()
    report = audit_verify(healthy.replica)
    assert report.ok
    assert report.entries == report.erased > 5


_NO_GUARD = "DROP TRIGGER audit_log_immutable_update"
_NO_DELETE = "DROP TRIGGER audit_log_immutable_delete"

DAMAGE: dict[str, tuple[set[str], tuple[str, ...]]] = {
    "audit after": ({"audit", "triggers"}, (_NO_GUARD, "UPDATE audit_log SET after = replace(after, '9500', '9900')")),
    "audit not json": ({"audit", "triggers"}, (_NO_GUARD, "UPDATE audit_log SET after = 'x' WHERE after NOTNULL")),
    "audit salt only": ({"audit", "triggers"}, (_NO_GUARD, "UPDATE audit_log SET salt = NULL")),
    "audit entry gone": (
        {"outbox", "triggers"},
        (_NO_DELETE, "DELETE FROM audit_log WHERE id = (SELECT max(id) FROM audit_log)"),
    ),
    "outbox entries gone": ({"base rows"}, ("DELETE FROM outbox WHERE table_name = 'bookings'",)),
    "base row gone": ({"base rows"}, ("DELETE FROM base_rows WHERE table_name = 'bookings'",)),
    "a reference": (
        {"references", "search", "triggers"},
        ("DROP TRIGGER search_students_deleted", "DELETE FROM students"),
    ),
    "a foreign trigger": (
        {"triggers"},
        ("CREATE TRIGGER mine AFTER INSERT ON bookings BEGIN SELECT 1; END",),
    ),
    "a missing trigger": ({"triggers"}, ("DROP TRIGGER search_bookings_updated",)),
    "search left behind": (
        {"triggers", "search"},
        ("DROP TRIGGER search_students_updated", "UPDATE students SET phone = '0499999999'"),
    ),
    "search not indexed": ({"search"}, ("DELETE FROM search_people_fts_docsize",)),
    "older schema": ({"schema"}, ("UPDATE alembic_version SET version_num = '0001'",)),
    "newer schema": ({"schema"}, ("UPDATE alembic_version SET version_num = '9999'",)),
    "a table gone": ({"base rows"}, ("DROP TABLE base_rows",)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_wrong_is_found(healthy: Desk, damage: str) -> None:
    expected, statements = DAMAGE[damage]
    tamper(healthy, *statements)
    assert set(wrong(healthy)) == expected


def test_an_index_that_does_not_match_its_rows_is_found(healthy: Desk) -> None:
    tamper(
        healthy,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'start_at)', 'end_at)') "
        "WHERE name = 'ix_bookings_org_id_start_at'",
        "PRAGMA writable_schema = RESET",
    )
    assert wrong(healthy) == ["integrity"]


@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        (lambda desk: desk.files.database.unlink(), "file"),
        (lambda desk: desk.files.database.write_bytes(b""), "file"),
        (lambda desk: desk.files.identity.unlink(), "key"),
        (lambda desk: _damage(desk, 0), "opens"),
        (lambda desk: desk.files.database.write_bytes(desk.files.database.read_bytes()[: 4096 * 20]), "opens"),
    ],
)
def test_a_file_that_does_not_open_ends_the_examination(
    healthy: Desk, spoil: Callable[[Desk], object], check: str
) -> None:
    spoil(healthy)
    found = examine(healthy.files, KEYS, healthy.setting.clock)
    assert found[-1].check == check
    assert not found[-1].ok


def _damage(desk: Desk, page: int) -> None:
    content = bytearray(desk.files.database.read_bytes())
    content[4096 * page + 99] ^= 1
    desk.files.database.write_bytes(content)


def test_a_damaged_page_is_found_and_the_other_checks_go_on(healthy: Desk) -> None:
    _damage(healthy, 9)
    found = wrong(healthy)
    assert {"cipher", "integrity"} <= set(found)
    assert "schema" not in found


def test_old_and_missing_backups_are_told(healthy: Desk, clock: FixedClock) -> None:
    clock.advance(timedelta(days=3))
    found = findings(healthy)["backups"]
    assert not found.ok
    assert "3 days old" in found.detail
    for path in healthy.files.backups.iterdir():
        path.unlink()
    assert not findings(healthy)["backups"].ok


def test_a_program_that_did_not_close_is_told(healthy: Desk) -> None:
    healthy.files.holder.write_text("left behind", "utf-8")
    assert "not closed" in findings(healthy)["lock"].detail


def test_the_driver_is_ours(healthy: Desk) -> None:
    assert sqlcipher.sqlite_version in findings(healthy)["sqlite"].detail
    assert "SQLCipher" in findings(healthy)["cipher"].detail
