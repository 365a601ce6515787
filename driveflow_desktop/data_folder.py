"""Which folder of this PC a school lies in."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

from driveflow_desktop.store.files import ReplicaFiles

DATA_DIR_VARIABLE: Final = "DRIVEFLOW_DATA_DIR"


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The folder of one school on this PC."""

    path: Path

    @property
    def replica(self) -> ReplicaFiles:
        """Where its replica lies."""
        return ReplicaFiles(self.path / "replica")

    @property
    def settings(self) -> Path:
        """Where this PC's habits are kept."""
        return self.path / "settings.json"

    @property
    def has_school(self) -> bool:
        """Whether a school was created, joined or demonstrated here."""
        return self.replica.database.exists() or self.replica.identity.exists()


def data_folder(given: str | None, environment: Mapping[str, str] = os.environ) -> DataFolder:
    """`--data-dir`, else `DRIVEFLOW_DATA_DIR`, else the system's own place for a user's program data."""
    chosen = given or environment.get(DATA_DIR_VARIABLE)
    return DataFolder(Path(chosen).expanduser() if chosen else Path(platformdirs.user_data_dir("DriveFlow", False)))


def demo_folder(given: str | None, size: str, environment: Mapping[str, str] = os.environ) -> DataFolder:
    """A folder of its own for the demo, so that it never meets a real school."""
    chosen = given or environment.get(DATA_DIR_VARIABLE)
    if chosen:
        return DataFolder(Path(chosen).expanduser())
    return DataFolder(Path(platformdirs.user_data_dir("DriveFlow", False)) / f"demo-{size}")
