"""Identifiers: UUIDv7 made on the device that makes the row (RFC 9562), UUIDv5 where two devices must agree."""

import secrets
import threading
from collections.abc import Callable
from uuid import UUID, uuid5

from driveflow_desktop.kernel.clock import Clock

_RAND_B_BITS = 62
_NAMESPACE = UUID("6f1d1c2e-8a5b-5c0e-9a4e-3d6f7e0d9b11")

RandomBits = Callable[[int], int]


class IdSource:
    """Makes UUIDv7 that strictly grow, whatever the clock does.

    The outbox is pushed in the order of its ids, so an id must never be smaller than one made before it on the same
    replica, even after a restart with a clock set back: start it with `after`, the largest id already stored.
    """

    def __init__(self, clock: Clock, *, after: UUID | None = None, random_bits: RandomBits = secrets.randbits) -> None:
        self._clock = clock
        self._random_bits = random_bits
        self._last = after.int if after is not None else 0
        self._lock = threading.Lock()

    def new(self) -> UUID:
        """The next id: 48 bits of Unix milliseconds, then random bits, larger than every earlier one."""
        milliseconds = int(self._clock.now().timestamp() * 1000)
        with self._lock:
            value = self._compose(milliseconds, self._random_bits(12), self._random_bits(_RAND_B_BITS))
            if value <= self._last:
                value = self._successor(self._last)
            self._last = value
        return UUID(int=value)

    def advance_past(self, seen: UUID) -> None:
        """Make every later id larger than `seen`."""
        with self._lock:
            self._last = max(self._last, seen.int)

    @staticmethod
    def _compose(milliseconds: int, rand_a: int, rand_b: int) -> int:
        return (milliseconds << 80) | (0x7 << 76) | (rand_a << 64) | (0b10 << 62) | rand_b

    def _successor(self, last: int) -> int:
        rand_b = (last & ((1 << _RAND_B_BITS) - 1)) + 1 + self._random_bits(16)
        rand_a = (last >> 64) & 0xFFF
        milliseconds = last >> 80
        if rand_b >> _RAND_B_BITS:
            rand_b &= (1 << _RAND_B_BITS) - 1
            rand_a += 1
        if rand_a >> 12:
            rand_a = 0
            milliseconds += 1
        value = self._compose(milliseconds, rand_a, rand_b)
        # `last` may be a foreign id that is no UUIDv7; its version and variant bits may outweigh ours.
        return value if value > last else self._compose(milliseconds + 1, rand_a, rand_b)


def derived_id(*parts: UUID | str) -> UUID:
    """The UUIDv5 of a natural key, for one-per-parent rows that two PCs may make at once (protocol: Deletes)."""
    return uuid5(_NAMESPACE, ":".join(str(part) for part in parts))
