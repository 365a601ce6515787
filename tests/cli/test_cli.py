"""The `driveflow` command as a script sees it: exit status, one JSON line, plain words."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from driveflow_desktop.cli import main
from driveflow_desktop.composition import default_actor, open_school, settle_in
from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.demo.build import build_demo
from driveflow_desktop.demo.scale import DemoSize
from driveflow_desktop.kernel.clock import SystemClock
from driveflow_desktop.store.cipher import PUBLIC_DEMO_KEY
from driveflow_desktop.store.replica import connect


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo school in a data folder."""
    folder = DataFolder(tmp_path_factory.mktemp("data"))
    made = build_demo(folder.replica.folder, DemoSize.SMALL, SystemClock().now())
    with open_school(folder, "tests") as replica:
        settle_in(replica, made.org_id, made.admin_id)
    return folder.path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(arguments)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_help_and_version_answer_at_once() -> None:
    for argument in ("--help", "--version"):
        command = [sys.executable, "-m", "driveflow_desktop.cli", argument]
        found = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "driveflow" in found.stdout


def test_wrong_usage_is_status_2() -> None:
    with pytest.raises(SystemExit) as problem:
        main(["nonsense"])
    assert problem.value.code == 2


def test_backup_and_restore(school: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "copy.db"
    status, out, _err = run(capsys, "backup", str(target), "--data-dir", str(school), "--json")
    assert status == 0
    assert json.loads(out.splitlines()[-1])["rows"] > 1000
    assert not target.read_bytes().startswith(b"SQLite format 3"), "a backup is encrypted"
    status, out, err = run(capsys, "backup", str(target), "--data-dir", str(school), "--json")
    assert status == 1
    assert json.loads(out.splitlines()[-1])["error"] == "exists"
    assert "overwritten" in err
    status, out, _err = run(capsys, "restore", str(target), "--data-dir", str(school), "--json")
    assert status == 0
    assert Path(json.loads(out.splitlines()[-1])["replaced"]).exists()
    with open_school(DataFolder(school), "tests") as replica:
        assert default_actor(replica).user_id is not None


def test_export_is_a_plain_database(school: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "plain.sqlite"
    status, out, _err = run(capsys, "export", str(target), "--data-dir", str(school), "--json")
    assert status == 0
    assert json.loads(out.splitlines()[-1])["rows"]["students"] == 120
    assert target.read_bytes().startswith(b"SQLite format 3")


def test_doctor_finds_all_in_order_then_a_changed_audit(school: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _err = run(capsys, "doctor", "--data-dir", str(school), "--json")
    rows = json.loads(out.splitlines()[-1])
    wrong = [row for row in rows if not row["ok"] and row["check"] != "backups"]
    assert wrong == []
    assert status == (0 if all(row["ok"] for row in rows) else 1)
    assert run(capsys, "audit", "verify", "--data-dir", str(school))[0] == 0
    raw = connect(DataFolder(school).replica.database, PUBLIC_DEMO_KEY)
    raw.execute("DROP TRIGGER IF EXISTS audit_log_keeps")
    triggers = raw.execute("SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='audit_log'").fetchall()
    for (name,) in triggers:
        raw.execute(f'DROP TRIGGER "{name}"')
    raw.execute("UPDATE audit_log SET after = '{\"x\":1}' WHERE id = (SELECT max(id) FROM audit_log)")
    raw.close()
    status, out, _err = run(capsys, "audit", "verify", "--data-dir", str(school), "--json")
    assert status == 1
    assert len(json.loads(out.splitlines()[-1])["tampered"]) == 1


def test_a_folder_without_a_school_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "doctor", "--data-dir", str(tmp_path / "none"), "--json")
    assert status == 1
    assert json.loads(out.splitlines()[-1])["error"] == "missing"
    assert "There is no school" in err


def test_a_demo_never_takes_a_real_schools_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "DRIVEFLOW_REPLICA_KEY", "ab" * 32)
    from driveflow_desktop.composition import new_school

    new_school(DataFolder(tmp_path), "tests").close()
    status, _out, err = run(capsys, "demo", "--fresh", "--data-dir", str(tmp_path))
    assert status == 1
    assert "real school" in err
    assert DataFolder(tmp_path).replica.database.exists()
