"""What a measurement is: a figure, its baseline, and what is allowed between them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from driveflow_desktop.commands.answer import Plain

MS: Final = "ms"
MB: Final = "MB"


@dataclass(frozen=True, slots=True)
class Limit:
    """`target` is the absolute budget of the design (shown); `ratio` to the baseline is what decides."""

    target: float
    ratio: float


# A PC that is slow, or busy, is so for the baseline as well, so the ratio is what can be judged anywhere. Each ratio is
# the target divided by the baseline on the 2-core reference PC with the `school` size, rounded up; the baseline stands
# beside it. That PC was busy, except where it says idle, which makes baselines longer and ratios stricter than they
# will be when taken anew (docs/benchmarks.md). A smaller school has shorter baselines of SQL, so its ratios say little.
LIMITS: Final = {
    "cold_start": Limit(1200, 5),  # 266 ms
    "memory": Limit(300, 6),  # 55.4 MB
    "change_day": Limit(60, 26),  # 2.31 ms
    "change_week": Limit(60, 110),  # 0.55 ms, idle
    "frame_scroll_p99": Limit(8, 25),  # 0.32 ms, idle
    "frame_drag_p99": Limit(8, 29),  # 0.28 ms, idle
    "search": Limit(30, 34),  # 0.90 ms
    "free_slots": Limit(100, 9),  # 12.0 ms
    "roster_first_rows": Limit(100, 163),  # 0.61 ms
    "roster_scroll_p99": Limit(1000 / 60, 21),  # 0.80 ms
    "local_save_p99": Limit(10, 1),  # 15.4 ms
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
        return self.ratio <= LIMITS[self.name].ratio

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
            "target": round(limit.target, 1),
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
                f"{row.ratio:.1f}×",
                f"{limit.ratio:.0f}×",
                "yes" if row.ok else "NO",
                f"{limit.target:.0f} {row.unit}{'' if row.value <= limit.target else ' (over)'}",
            )
        )
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return tuple(_aligned(line, widths) for line in cells)


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    padded = zip(line, widths, strict=True)
    name, *rest = (text.rjust(width) if at else text.ljust(width) for at, (text, width) in enumerate(padded))
    return "  ".join((name, *rest)).rstrip()
