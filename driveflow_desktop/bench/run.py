"""`driveflow bench`: the groups, their order, and the answer."""

import os
import sys
from collections.abc import Sequence
from typing import Final

from driveflow_desktop.bench.data import free_slots_figure, save_figure, search_figure
from driveflow_desktop.bench.days import calendar_page_figures
from driveflow_desktop.bench.figures import Figure, table
from driveflow_desktop.bench.frames import calendar_frames, roster_figures
from driveflow_desktop.bench.school import measured_school
from driveflow_desktop.bench.start import start_figures
from driveflow_desktop.bench.together import sync_figures
from driveflow_desktop.commands.answer import Answer
from driveflow_desktop.composition import default_actor, open_school
from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.demo.scale import DemoSize
from driveflow_desktop.desktop_window import application
from driveflow_desktop.domain.identity.queries import school
from driveflow_desktop.kernel.collector import collector_paused
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import zone

START: Final = "start"
DESK: Final = "desk"
SYNC: Final = "sync"


def run_bench(groups: Sequence[str], size: str) -> Answer:
    """Measure some groups (none named: all) on a demo school, in a folder that is thrown away; the rows as a table.

    Not `ok` when a row's ratio to its baseline is over its budget. Raises `UserError("usage")` for a group or size that
    there is not.
    """
    unknown = [name for name in groups if name not in _GROUPS]
    if unknown:
        raise UserError("usage", f"There is no group “{unknown[0]}”.", hint=f"Groups: {', '.join(_GROUPS)}.")
    if size not in set(DemoSize):
        raise UserError("usage", f"There is no school “{size}”.", hint=f"Sizes: {', '.join(DemoSize)}.")
    _without_display()
    _say(f"Making a copy of the {size} school …")
    figures: list[Figure] = []
    with measured_school(DemoSize(size)) as folder:
        for name, measure in _GROUPS.items():
            if not groups or name in groups:
                _say(f"Measuring {name} …")
                figures += measure(folder)
    return Answer(table(figures), [row.plain() for row in figures], all(row.ok for row in figures))


def _desk(folder: DataFolder) -> list[Figure]:
    app = application()
    # The program collects garbage between two events (`UiCollector`), so not in the middle of what is measured here.
    with collector_paused(), open_school(folder, "the benchmark") as replica:
        actor, now = default_actor(replica), replica.clock.now()
        with replica.reader() as connection:
            tz = zone(school(connection, actor.org_id).time_zone)
        return [
            *calendar_page_figures(app, replica),
            *calendar_frames(app),
            search_figure(replica, actor.org_id, now),
            free_slots_figure(replica, actor.org_id, now, tz),
            *roster_figures(app, replica, actor.org_id, now),
            save_figure(replica, actor),
        ]


# The last one puts the school on a service, after which its replica is another one.
_GROUPS: Final = {START: start_figures, DESK: _desk, SYNC: sync_figures}


def _without_display() -> None:
    """Draw off screen where there is none, here and in the processes that are started."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
