"""What a measurement is: a figure, its baseline, and what is allowed between them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from driveflow_desktop.commands.answer import Plain

MS: Final = "ms"
MB: Final = "MB"
SECONDS: Final = "s"
PERCENT: Final = "%"
"""Of one core."""
PER_SECOND: Final = "/s"
"""The one unit of which more is better."""


@dataclass(frozen=True, slots=True)
class Limit:
    """`target` is the absolute budget of the design (shown), where it names one; `ratio` to the baseline decides.

    Both are at least what a rate must reach, and at most what anything else may take.
    """

    target: float | None
    ratio: float


# A PC that is slow, or busy, is so for the baseline as well, so the ratio is what can be judged anywhere. Each ratio is
# the target divided by the baseline on the 2-core reference PC with the `school` size, rounded up; the baseline stands
# beside it. That PC was busy, except where it says idle, which makes baselines longer and ratios stricter than they
# will be when taken anew (docs/benchmarks.md). A smaller school has shorter baselines of SQL, so its ratios say little.
LIMITS: Final = {
    "cold_start": Limit(1200, 10),  # 131 ms
    "memory": Limit(300, 6),  # 54.5 MB
    "change_day": Limit(60, 25),  # 2.45 ms
    "change_week": Limit(60, 110),  # 0.55 ms, idle
    "frame_scroll_p99": Limit(8, 25),  # 0.32 ms, idle
    "frame_drag_p99": Limit(8, 29),  # 0.28 ms, idle
    "search": Limit(30, 80),  # 0.38 ms
    "free_slots": Limit(100, 14),  # 7.2 ms
    "roster_first_rows": Limit(100, 142),  # 0.71 ms
    "roster_scroll_p99": Limit(16.7, 21),  # 0.80 ms
    "local_save_p99": Limit(10, 2),  # 5.6 ms alone on the disk, 18 ms beside other work
    # Of the sync figures the design names the ratios of four: 80, 30 and 60 % of the baseline's speed.
    "first_sync": Limit(None, 1.25),
    "first_sync_wire": Limit(12, 1),
    "first_sync_memory": Limit(200, 4),
    "local_edits": Limit(1000, 0.5),
    "push": Limit(None, 0.3),
    "pull": Limit(None, 0.6),
    "propagation_p50": Limit(15, 2),
    "propagation_p95": Limit(40, 2),
    "week_query": Limit(2, 10),
    "idle_cpu": Limit(0.5, 2),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: `value` and `baseline` in `unit`, measured in turns."""

    name: str
    value: float
    unit: str
    baseline: float

    @property
    def ratio(self) -> float:
        """How many baselines the value is."""
        return self.value / self.baseline if self.baseline else float("inf")

    @property
    def ok(self) -> bool:
        """Whether the ratio is within its budget."""
        return self._within(self.ratio, LIMITS[self.name].ratio)

    @property
    def is_over(self) -> bool:
        """Whether the design names a target, and this misses it."""
        target = LIMITS[self.name].target
        return target is not None and not self._within(self.value, target)

    def _within(self, found: float, limit: float) -> bool:
        return found >= limit if self.unit == PER_SECOND else found <= limit

    def plain(self) -> Plain:
        """The row for a script; `budget` is the ratio allowed, `target` the design's absolute figure."""
        limit = LIMITS[self.name]
        return {
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "baseline": round(self.baseline, 3),
            "ratio": round(self.ratio, 2),
            "budget": limit.ratio,
            "ok": self.ok,
            "target": None if limit.target is None else round(limit.target, 1),
        }


def in_turns(act: Callable[[], object], baseline: Callable[[], object], times: int) -> tuple[list[float], list[float]]:
    """Milliseconds of both, one after the other, so that a busy moment of the PC meets both alike."""
    acts, baselines = [], []
    for _ in range(times):
        acts.append(elapsed_ms(act))
        baselines.append(elapsed_ms(baseline))
    return acts, baselines


def elapsed_ms(act: Callable[[], object]) -> float:
    """How long a call takes."""
    begin = time.perf_counter()
    act()
    return (time.perf_counter() - begin) * 1000


def figure(name: str, samples: tuple[Sequence[float], Sequence[float]], percent: int, unit: str = MS) -> Figure:
    """A row of the same percentile of both."""
    value, baseline = samples
    return Figure(name, percentile(value, percent), unit, percentile(baseline, percent))


def percentile(samples: Sequence[float], percent: int) -> float:
    """The smallest sample that `percent` of all samples do not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def table(figures: Sequence[Figure]) -> tuple[str, ...]:
    """The rows for a person, in columns."""
    cells = [("name", "value", "baseline", "ratio", "budget", "ok", "target")]
    for row in figures:
        limit = LIMITS[row.name]
        cells.append(
            (
                row.name,
                f"{row.value:.2f} {row.unit}",
                f"{row.baseline:.2f} {row.unit}",
                _times(row.ratio),
                _times(limit.ratio),
                "yes" if row.ok else "NO",
                "" if limit.target is None else f"{limit.target:g} {row.unit}{' (over)' if row.is_over else ''}",
            )
        )
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return tuple(_aligned(line, widths) for line in cells)


def _times(ratio: float) -> str:
    return f"{ratio:.2f}×" if ratio < 2 else f"{ratio:.1f}×"


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    padded = zip(line, widths, strict=True)
    name, *rest = (text.rjust(width) if at else text.ljust(width) for at, (text, width) in enumerate(padded))
    return "  ".join((name, *rest)).rstrip()
