"""What every screen is made with."""

from dataclasses import dataclass

from driveflow_desktop.ui.ports import Desk
from driveflow_desktop.ui.shell.theme import Theme
from driveflow_desktop.ui.widgets.memory import Memory


@dataclass(frozen=True, slots=True)
class ScreenContext:
    """The desk, what this PC remembers, and the theme worn; a screen's factory takes nothing else."""

    desk: Desk
    memory: Memory
    theme: Theme
