"""Starting the program, beside starting an empty window."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Final

import msgspec

from driveflow_desktop.bench.figures import MB, Figure, figure
from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.kernel.errors import Bug

_RUNS: Final = 5


class _Probed(msgspec.Struct):
    ms: float
    mb: float


def start_figures(folder: DataFolder) -> list[Figure]:
    """`cold_start` and `memory`, medians of new processes; the system has the files in its cache."""
    program, empty = [str(folder.path)], list[str]()
    _probe(program), _probe(empty)
    found = [(_probe(program), _probe(empty)) for _ in range(_RUNS)]
    times = [ours.ms for ours, _ in found], [base.ms for _, base in found]
    memory = [ours.mb for ours, _ in found], [base.mb for _, base in found]
    return [figure("cold_start", times, 50), figure("memory", memory, 50, MB)]


def _probe(arguments: Sequence[str]) -> _Probed:
    command = [sys.executable, "-m", "driveflow_desktop.bench.probe", repr(time.time()), *arguments]
    # An installed program has its bytecode beside it; where the variable keeps Python from writing that, each start
    # would compile a thousand modules, which takes longer than all the rest.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603 - ourselves
    if done.returncode:
        raise Bug(f"the probe failed: {done.stderr[-2000:]}")
    return msgspec.json.decode(done.stdout, type=_Probed)
