"""Demo schools kept for tests and benchmarks, so that they are not made anew in every run.

One is kept in the user's cache folder for each size, seed, instant and state of the program that makes it; a change of
any module below the demo, of the data files or of the schema makes another, and the one before is removed.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from filelock import FileLock
from platformdirs import user_cache_path

import driveflow_desktop
from driveflow_desktop.demo.build import NOTE, SEED, DemoSchool, build_demo, read_demo
from driveflow_desktop.demo.scale import DemoSize
from driveflow_desktop.domain.tables import METADATA
from driveflow_desktop.kernel.clock import FixedClock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.ids import IdSource
from driveflow_desktop.kernel.resources import bundled
from driveflow_desktop.store.cipher import PUBLIC_DEMO_KEY
from driveflow_desktop.store.files import ReplicaFiles
from driveflow_desktop.store.open_replica import Setting, bare_replica
from driveflow_desktop.store.state import become_new_device

_MADE_OF: Final = ("kernel", "store", "domain", "adapters", "demo")
_KEPT_SECONDS: Final = 7 * 24 * 3600
CACHE_VARIABLE: Final = "DRIVEFLOW_DEMO_CACHE"
"""Chooses another folder for the kept schools."""


def cached_demo(folder: Path, size: DemoSize, now: datetime, *, seed: int = SEED) -> DemoSchool:
    """A copy, in `folder`, of the kept demo school; it is made first where none is kept. Raises what making may raise.

    The copy is a device of its own. Processes that want the same school at once make it once.
    """
    files = ReplicaFiles(folder)
    if files.database.exists():
        raise UserError("exists", "This folder holds a school's data already.", hint="Open it, or choose another.")
    with _kept(size, now, seed) as kept:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (NOTE, files.identity.name, files.database.name):
            shutil.copyfile(kept / name, folder / name)
    clock = FixedClock(datetime.now(UTC))
    with (
        bare_replica(files.database, PUBLIC_DEMO_KEY, Setting(clock, METADATA)) as replica,
        replica.maintenance() as connection,
        connection.begin(),
    ):
        become_new_device(connection, IdSource(clock))
    return read_demo(folder)


@contextlib.contextmanager
def _kept(size: DemoSize, now: datetime, seed: int) -> Iterator[Path]:
    """The folder of the kept school, which stays while it is used."""
    home = Path(os.environ.get(CACHE_VARIABLE) or user_cache_path("driveflow") / "demo")
    home.mkdir(parents=True, exist_ok=True)
    family = f"{size.value}-{seed}-"
    wanted = home / f"{family}{now.astimezone(UTC):%Y%m%dT%H%M}-{_fingerprint()}"
    with FileLock(home / f"{family[:-1]}.lock"):
        if not (wanted / NOTE).exists():
            _forget_old(home, family)
            making = Path(tempfile.mkdtemp(dir=home))
            try:
                build_demo(making, size, now, seed=seed)
                making.rename(wanted)
            finally:
                shutil.rmtree(making, ignore_errors=True)
        yield wanted


def _forget_old(home: Path, family: str) -> None:
    """Remove the schools that an earlier state of the program made, and those of other weeks."""
    week_ago = time.time() - _KEPT_SECONDS
    for old in home.glob(f"{family}2*"):
        if not old.name.endswith(_fingerprint()) or old.stat().st_mtime < week_ago:
            shutil.rmtree(old, ignore_errors=True)


@cache
def _fingerprint() -> str:
    """Changes with every source and data file that has a part in making a school."""
    package = Path(driveflow_desktop.__file__).parent
    folders = [package / name for name in _MADE_OF] + [bundled("resources") / "demo", bundled("migrations")]
    found = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                found.update(path.name.encode())
                found.update(path.read_bytes())
    return found.hexdigest()[:16]
