"""`driveflow import students` with the files that real schools bring."""

import json
from pathlib import Path

import pytest

from driveflow_desktop.cli import main
from driveflow_desktop.composition import open_school, settle_in
from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.domain.identity.commands import NewSchool, NewUser, create_school
from driveflow_desktop.store.unit_of_work import Actor


@pytest.fixture
def school(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty school with its owner."""
    monkeypatch.setenv("DRIVEFLOW_REPLICA_KEY", "ab" * 32)
    from driveflow_desktop.composition import new_school

    folder = DataFolder(tmp_path / "data")
    with new_school(folder, "tests") as replica:
        org, owner = replica.ids.new(), replica.ids.new()
        request = NewSchool("Bay Driving", NewUser(owner, "jo@example.com", "Jo Hart"))
        replica.execute(lambda uow: create_school(uow, request), Actor(org, owner, None))
        settle_in(replica, org, owner)
    return folder.path


def run(school: Path, capsys: pytest.CaptureFixture[str], file: Path, *more: str) -> tuple[int, dict[str, object]]:
    status = main(["import", "students", str(file), "--data-dir", str(school), "--json", *more])
    return status, json.loads(capsys.readouterr().out.splitlines()[-1])


def names(school: Path) -> list[str]:
    with open_school(DataFolder(school), "tests") as replica, replica.reader() as connection:
        return [row[0] for row in connection.exec_driver_sql("SELECT full_name FROM students ORDER BY id")]


GOOD = (
    "First Name;Surname;Mobile;DOB;Suburb\nZoë;Nguyễn;0412 345 678;3/12/2007;Newtown\nمريم;علي;0412 345 679;;Auburn\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_spreadsheet_comes_in_whole(
    school: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str
) -> None:
    file = tmp_path / "students.csv"
    file.write_bytes(GOOD.encode(encoding))
    status, report = run(school, capsys, file)
    assert (status, report["imported"]) == (0, 2)
    assert names(school) == ["Zoë Nguyễn", "مريم علي"]
    status, report = run(school, capsys, file)
    assert report["imported"] == 0
    assert len(report["duplicates"]) == 2  # type: ignore[arg-type]


def test_one_wrong_row_imports_nothing_unless_told_so(
    school: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "students.csv"
    file.write_text("Name,Phone,Date of birth\nAnn Lee,12,1/1/2008\n<b>Bob</b>,0412 345 680,31/2/2008\nCy 🚗,,\n")
    status, report = run(school, capsys, file)
    assert (status, report["imported"]) == (1, 0)
    assert [(p["row"], p["column"]) for p in report["problems"]] == [(2, "Phone"), (3, "Date of birth")]  # type: ignore[attr-defined]
    assert names(school) == []
    status, report = run(school, capsys, file, "--skip-errors")
    assert (status, report["imported"]) == (0, 1)
    assert names(school) == ["Cy 🚗"]


def test_a_dry_run_and_a_mapping_of_ones_own(school: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "students.csv"
    file.write_text("Wer,Wo\nAnn Lee,Newtown\n")
    status, report = run(school, capsys, file)
    assert (status, report["error"]) == (1, "invalid")
    status, report = run(school, capsys, file, "--map", "Wer=full_name", "--map", "Wo=pickup_address", "--dry-run")
    assert (status, report["ready"], report["imported"]) == (0, 1, 0)
    assert names(school) == []


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"Name\n" + b"x" * 10_000_000])
def test_hostile_files_get_a_clear_answer(
    school: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    file = tmp_path / "students.csv"
    file.write_bytes(content)
    status, report = run(school, capsys, file)
    assert status == 1
    assert report.get("error") or report["problems"]
    assert names(school) == []
