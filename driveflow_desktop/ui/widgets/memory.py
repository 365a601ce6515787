"""The port through which the window and its tables remember sizes; the composition root gives it a settings file."""

from typing import Protocol


class Memory(Protocol):
    """Keeps small texts by name between runs."""

    def read(self, key: str) -> str | None:
        """What was written last under `key`, or nothing."""
        ...

    def write(self, key: str, value: str) -> None:
        """Keep `value` under `key`."""
        ...


class ForgetfulMemory:
    """Remembers for as long as it lives: where nothing should stay behind (tests, the demo's tour)."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def read(self, key: str) -> str | None:
        """What was written last under `key`, or nothing."""
        return self._kept.get(key)

    def write(self, key: str, value: str) -> None:
        """Keep `value` under `key`."""
        self._kept[key] = value
