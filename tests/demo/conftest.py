"""Demo schools to look at: the small one as people see it, and a middle one loaded like the big ones."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from driveflow_desktop.demo.build import SEED, DemoSchool, make_school
from driveflow_desktop.demo.cache import cached_demo
from driveflow_desktop.demo.scale import DemoSize, Scale
from driveflow_desktop.domain.hard_rules import hard_rules
from driveflow_desktop.domain.tables import METADATA
from driveflow_desktop.kernel.clock import FixedClock
from driveflow_desktop.store.cipher import DemoKeys
from driveflow_desktop.store.files import ReplicaFiles
from driveflow_desktop.store.open_replica import Setting, open_replica
from tests.conftest import NOW

MIDDLE = Scale(instructors=12, students=900, days_back=160, days_ahead=20, lessons_each=5)
TINY = Scale(instructors=6, students=32, days_back=16, days_ahead=3, lessons_each=5, every_days=4)


@dataclass(frozen=True)
class Made:
    """A demo school in its folder."""

    folder: Path
    demo: DemoSchool

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A reader on the school, opened as the desktop would."""
        setting = Setting(FixedClock(self.demo.now), METADATA, hard_rules)
        with open_replica(ReplicaFiles(self.folder), DemoKeys(), setting) as replica, replica.reader() as connection:
            yield connection


MakeSchool = Callable[..., Made]


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The small school at 11:21 on Tuesday 24 November 2026."""
    folder = tmp_path_factory.mktemp("small")
    return Made(folder, cached_demo(folder, DemoSize.SMALL, NOW))


@pytest.fixture(scope="session")
def middle(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A school loaded as the big ones are, small enough for every test run."""
    folder = tmp_path_factory.mktemp("middle")
    return Made(folder, make(folder, DemoSize.SCHOOL, MIDDLE, NOW))


@pytest.fixture
def make_tiny(tmp_path: Path) -> MakeSchool:
    """`make_tiny(now=NOW, seed=SEED)`: a few weeks of six instructors, played like the small school."""
    made = iter(range(100))

    def build(now: datetime = NOW, seed: int = SEED) -> Made:
        folder = tmp_path / f"tiny{next(made)}"
        return Made(folder, make(folder, DemoSize.SMALL, TINY, now, seed))

    return build


def make(folder: Path, size: DemoSize, scale: Scale, now: datetime, seed: int = SEED) -> DemoSchool:
    """A school of any scale, straight into its folder."""
    return make_school(ReplicaFiles(folder), size, scale, now, seed, lambda _done, _all: None)
