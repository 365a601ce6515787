"""What a PC remembers between runs (window sizes, last screen, theme): one small JSON file."""

import json
import logging
from pathlib import Path
from typing import Final

from driveflow_desktop.store.files import write_durably

log = logging.getLogger(__name__)
_LARGEST: Final = 1_000_000


class SettingsFile:
    """Texts by name in a JSON file. A damaged file is put aside and forgotten: it holds habits, never work."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = self._load()

    def read(self, key: str) -> str | None:
        """What was written last under `key`, or nothing."""
        return self._kept.get(key)

    def write(self, key: str, value: str) -> None:
        """Keep `value` under `key`; a disk that refuses costs the habit, not the work."""
        if self._kept.get(key) == value:
            return
        self._kept[key] = value
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(self._path, json.dumps(self._kept, indent=1, sort_keys=True).encode())
        except OSError as problem:
            log.info("settings were not kept: %s", problem.strerror)

    def _load(self) -> dict[str, str]:
        try:
            if self._path.stat().st_size > _LARGEST:
                raise ValueError("too large")
            found = json.loads(self._path.read_bytes())
            return {key: value for key, value in found.items() if isinstance(key, str) and isinstance(value, str)}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError, RecursionError):
            self._put_aside()
            return {}

    def _put_aside(self) -> None:
        try:
            self._path.replace(self._path.with_suffix(".damaged"))
            log.info("the settings file was damaged and is put aside")
        except OSError:
            log.info("the settings file cannot be read")
