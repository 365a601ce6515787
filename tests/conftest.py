"""What every test stands on: a clock that stands still, ids from a seed, and no leftovers between tests."""

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings

from driveflow_desktop.kernel.clock import Clock, FixedClock
from driveflow_desktop.kernel.ids import IdSource

pytest_plugins = [
    "tests.helpers.logfail",
    "tests.helpers.leftovers",
    "tests.helpers.postgres",
    "tests.helpers.databases",
]

# Tests must pass on a busy machine, so nothing in Hypothesis is timed. Every run tries new examples, CI's too, where
# Hypothesis would by itself repeat the same.
_UNTIMED = settings(deadline=None, derandomize=False, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("ci", _UNTIMED, max_examples=50)
settings.register_profile("long", _UNTIMED, max_examples=2000)
settings.load_profile("ci")

if hasattr(os, "geteuid") and os.geteuid() == 0:
    # Chromium refuses to start as root with its sandbox; containers and CI run as root. Tests only.
    os.environ.setdefault("QTWEBENGINE_DISABLE_SANDBOX", "1")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

NOW = datetime(2026, 11, 24, 0, 21, tzinfo=UTC)

MakeIds = Callable[..., IdSource]


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at 2026-11-24 11:21 in Sydney until it is moved."""
    return FixedClock(NOW)


@pytest.fixture
def make_ids(clock: FixedClock) -> MakeIds:
    """`make_ids(seed=0, *, clock=…, after=None)`: a source of ids that are the same in every run."""

    def make(seed: int = 0, *, clock: Clock = clock, after: UUID | None = None) -> IdSource:
        return IdSource(clock, after=after, random_bits=random.Random(seed).getrandbits)

    return make
