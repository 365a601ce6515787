"""The data folders are found in a checkout and in a frozen program, and their absence is told."""

import sys
from pathlib import Path

import pytest

from driveflow_desktop.kernel import resources
from driveflow_desktop.kernel.errors import Bug


def test_checkout_has_both() -> None:
    assert (resources.bundled("resources") / "theme" / "tokens.json").is_file()
    assert resources.bundled("migrations").is_dir()


def test_frozen_program_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "resources").mkdir()
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert resources.bundled("resources") == tmp_path / "resources"


def test_wheel_layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "driveflow_desktop" / "_migrations"
    inside.mkdir(parents=True)
    monkeypatch.setattr(resources.package_files, "files", lambda _name: inside.parent)
    assert resources.bundled("migrations") == inside


def test_missing_is_a_bug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources.package_files, "files", lambda _name: tmp_path / "driveflow_desktop")
    with pytest.raises(Bug, match="migrations"):
        resources.bundled("migrations")
