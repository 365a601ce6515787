"""A desk with a small school, on a replica file of its own."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from driveflow_desktop.kernel.clock import FixedClock
from tests.helpers.desk import Desk, open_desk

_MEMORY = Path("/dev/shm")


@pytest.fixture(scope="module")
def fast_folder() -> Iterator[Path]:
    """A folder in memory where there is one: these tests wait for the disk thousands of times."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture
def desk(fast_folder: Path, clock: FixedClock) -> Iterator[Desk]:
    """A new school, open."""
    opened = open_desk(Path(tempfile.mkdtemp(dir=fast_folder)) / "desk", clock)
    yield opened
    opened.replica.close()
