"""What every screen is made with."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from driveflow_desktop.store.backup import Backups
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.ui.ports import CallService, Desk
from driveflow_desktop.ui.shell.palette import PaletteMode
from driveflow_desktop.ui.shell.sync_link import SyncLink
from driveflow_desktop.ui.shell.theme import Theme
from driveflow_desktop.ui.widgets.memory import Memory


@dataclass(frozen=True, slots=True)
class ScreenContext:
    """The desk, what this PC remembers, the theme worn, and the replica's upkeep; a factory takes nothing else.

    `restore` closes the window and puts a backup in the replica's place; `open_palette` opens the palette for a
    purpose of the screen's own. `sync` stands for the engine, also where there is none; `service` asks the service
    what only it knows, and is None where the school has none.
    """

    desk: Desk
    memory: Memory
    theme: Theme
    replica: Replica
    backups: Backups | None
    restore: Callable[[Path], None]
    open_palette: Callable[[PaletteMode], None]
    sync: SyncLink
    service: CallService | None
