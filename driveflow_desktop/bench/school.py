"""The school that is measured: a fresh copy of a demo school in a folder that is thrown away."""

import contextlib
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from driveflow_desktop.composition import open_school, settle_in
from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.demo.cache import cached_demo
from driveflow_desktop.demo.scale import DemoSize


@contextlib.contextmanager
def measured_school(size: DemoSize) -> Iterator[DataFolder]:
    """A copy of today's school of a size, closed; the school it is copied from is kept for the next run."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with tempfile.TemporaryDirectory(prefix="driveflow-bench-") as home:
        folder = DataFolder(Path(home))
        made = cached_demo(folder.replica.folder, size, today)
        with open_school(folder, "the benchmark") as replica:
            settle_in(replica, made.org_id, made.admin_id)
        yield folder
