"""The whole program, once: the demo is made and the tour plays to its end, every step checked."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.timeout(600)
def test_the_tour_plays_to_its_end(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "driveflow_desktop.cli", "demo", "--tour", str(tmp_path / "out"), "--json"]
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    command += ["--data-dir", str(tmp_path / "data")]
    found = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=590, check=False)
    assert found.returncode == 0, found.stderr[-3000:]
    rows = json.loads(found.stdout.splitlines()[-1])
    assert all(row["ok"] for row in rows), rows
    assert {row["task"] for row in rows} >= {"next free slot, booked", "cancel with the refund shown first", "no-show"}
    assert len(list((tmp_path / "out").glob("*.png"))) >= 40
