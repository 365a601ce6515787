"""The benchmark: its rows on the small school, and how a row is judged. No figure is asserted."""

import json

import pytest

from driveflow_desktop.bench.figures import LIMITS, Figure, figure, percentile, table
from driveflow_desktop.bench.run import run_bench
from driveflow_desktop.kernel.errors import UserError

GROUPS = {
    "start": ["cold_start", "memory"],
    "desk": [
        "change_day",
        "change_week",
        "frame_scroll_p99",
        "frame_drag_p99",
        "search",
        "free_slots",
        "roster_first_rows",
        "roster_scroll_p99",
        "local_save_p99",
    ],
    "sync": [
        "first_sync",
        "first_sync_wire",
        "first_sync_memory",
        "local_edits",
        "push",
        "pull",
        "propagation_p50",
        "propagation_p95",
        "idle_cpu",
        "week_query",
    ],
}
UNITS = {
    **dict.fromkeys(("memory", "first_sync_wire", "first_sync_memory"), "MB"),
    **dict.fromkeys(("local_edits", "push", "pull"), "/s"),
    "first_sync": "s",
    "idle_cpu": "%",
}


@pytest.mark.parametrize(
    "group", ["start", "desk", pytest.param("sync", marks=[pytest.mark.postgres, pytest.mark.long])]
)
def test_a_group_has_its_rows_each_beside_a_baseline(group: str) -> None:
    answer = run_bench([group], "small")
    rows = json.loads(json.dumps(answer.value))
    assert [row["name"] for row in rows] == GROUPS[group]
    for row in rows:
        assert set(row) == {"name", "value", "unit", "baseline", "ratio", "budget", "ok", "target"}
        assert min(row["value"], row["baseline"]) > 0
        assert row["budget"] == LIMITS[row["name"]].ratio
        assert row["unit"] == UNITS.get(row["name"], "ms")
    assert answer.ok == all(row["ok"] for row in rows)
    assert len(answer.lines) == len(rows) + 1


def test_an_unknown_group_or_size_is_refused() -> None:
    for groups, size in ((["desk", "moon"], "small"), ([], "moon")):
        with pytest.raises(UserError, match="moon") as refused:
            run_bench(groups, size)
        assert refused.value.code == "usage"


def test_the_ratio_decides_and_the_absolute_figure_is_shown() -> None:
    allowed = LIMITS["search"]
    slow_pc = Figure("search", allowed.target * 10, "ms", allowed.target * 10 / allowed.ratio)
    slow_program = Figure("search", allowed.target / 2, "ms", allowed.target / 2 / (allowed.ratio + 1))
    assert (slow_pc.ok, slow_program.ok) == (True, False)
    _, first, second = table([slow_pc, slow_program])
    assert ("(over)" in first, " yes " in first) == (True, True)
    assert ("(over)" in second, " NO " in second) == (False, True)


def test_a_rate_must_reach_its_limits() -> None:
    slow = Figure("local_edits", 400, "/s", 4000)
    quick = Figure("local_edits", 1200, "/s", 1500)
    assert [(row.ok, row.is_over) for row in (slow, quick)] == [(False, True), (True, False)]
    unnamed = Figure("push", 1, "/s", 2)
    assert (unnamed.ok, unnamed.is_over, unnamed.plain()["target"]) == (True, False, None)


def test_percentiles_are_samples() -> None:
    samples = [float(number) for number in range(100, 0, -1)]
    assert [percentile(samples, percent) for percent in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([7.0], 99) == 7
    assert figure("search", ([1, 2, 9], [3, 3, 1]), 50) == Figure("search", 2, "ms", 3)
