"""One program at a time on a replica, whatever becomes of the programs."""

import contextlib
import os
import socket
import subprocess

import pytest

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.files import ReplicaFiles
from driveflow_desktop.store.open_replica import open_replica
from driveflow_desktop.store.replica_lock import ReplicaLock, held_by, read_note
from tests.helpers.desk import KEYS, Desk, setting_of
from tests.helpers.processes import PATIENCE, python


def says(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_second_program_is_refused_by_name_and_may_come_after(desk: Desk) -> None:
    desk.replica.close()
    with python("tests.helpers.lock_holder", desk.files.folder) as other:
        assert says(other) == "open"
        with pytest.raises(UserError) as refused:
            open_replica(desk.files, KEYS, desk.setting)
        assert refused.value.code == "replica_in_use"
        assert refused.value.details["pid"] == other.pid
        for word in ("DriveFlow", str(other.pid), socket.gethostname()):
            assert word in refused.value.message
        assert held_by(desk.files) is not None
        assert other.stdin is not None
        other.stdin.write("close\n")
        other.stdin.flush()
        assert says(other) == "closed"
        open_replica(desk.files, KEYS, desk.setting).close()


def test_after_kill_9_the_replica_opens_at_once_and_is_checked(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.replica.close()
    with python("tests.helpers.lock_holder", desk.files.folder) as other:
        assert says(other) == "open"
        other.kill()
        other.wait(PATIENCE)
    assert held_by(desk.files) is None
    assert desk.files.holder.exists()
    with caplog.at_level("INFO"):
        desk.replica = open_replica(desk.files, KEYS, desk.setting)
    assert "not closed last time" in caplog.text
    caplog.clear()
    with caplog.at_level("INFO"):
        desk.reopen()
    assert "not closed last time" not in caplog.text


def test_the_same_process_cannot_open_it_twice(desk: Desk) -> None:
    with pytest.raises(UserError) as refused:
        open_replica(desk.files, KEYS, setting_of())
    assert refused.value.details["pid"] == os.getpid()
    desk.book(1)


@pytest.mark.parametrize("note", [b"", b"{", b"[]", b'{"pid": "x"}', b"\xff\xfe"])
def test_a_damaged_note_still_refuses_in_words(desk: Desk, note: bytes) -> None:
    desk.files.holder.write_bytes(note)
    assert read_note(desk.files) is None
    assert held_by(desk.files) == "another program"
    with pytest.raises(UserError, match="another program"):
        open_replica(desk.files, KEYS, desk.setting)


def test_looking_who_holds_it_changes_nothing(desk: Desk) -> None:
    desk.replica.close()

    def folder() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in desk.files.folder.iterdir() if path.is_file()}

    before = folder()
    assert held_by(desk.files) is None
    assert folder() == before
    empty = ReplicaFiles(desk.files.folder / "nothing")
    assert held_by(empty) is None
    assert not empty.folder.exists()


def test_a_failed_block_gives_the_lock_back_and_keeps_the_note_of_a_killed_program(desk: Desk) -> None:
    desk.replica.close()
    desk.files.holder.write_text("left behind", "utf-8")
    lock = ReplicaLock(desk.files, program="Test", clock=desk.setting.clock)
    with contextlib.suppress(RuntimeError), lock.unless_kept():
        assert lock.left_behind
        assert held_by(desk.files) is not None
        raise RuntimeError
    assert held_by(desk.files) is None
    assert desk.files.holder.exists()
    with lock.unless_kept():
        assert lock.left_behind
        lock.release()
    assert not desk.files.holder.exists()
