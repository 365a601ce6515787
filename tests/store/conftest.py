"""A desk with a small school, on a replica file of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from driveflow_desktop.kernel.clock import FixedClock
from tests.helpers.desk import Desk, open_desk


@pytest.fixture
def desk(tmp_path: Path, clock: FixedClock) -> Iterator[Desk]:
    """A new school, open."""
    opened = open_desk(tmp_path / "desk", clock)
    yield opened
    opened.replica.close()
