"""Where "now" comes from: injected everywhere, so that tests and the simulated weeks of the sync engine own time."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of the current instant."""

    def now(self) -> datetime:
        """The current instant, aware and in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The current instant, aware and in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("a clock needs an aware instant")
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """The instant the clock was last set to."""
        return self._at

    def set(self, at: datetime) -> None:
        """Move the clock to `at`, forwards or backwards."""
        self._at = at.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        """Move the clock by a duration."""
        self._at += by


class ShiftedClock:
    """Another clock's time, moved by a constant: the demo's tour plays at mid-morning whenever it is started."""

    def __init__(self, base: Clock, shift: timedelta) -> None:
        self._base = base
        self._shift = shift

    def now(self) -> datetime:
        """The base clock's instant plus the shift."""
        return self._base.now() + self._shift
