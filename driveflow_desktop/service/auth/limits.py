"""How often somebody may ask: counters in the memory of one process, of bounded size.

A school behind several processes gets the limits once per process; that is still far from what guessing a password or
flooding the service needs.
"""

import hashlib
import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias
from uuid import UUID

from driveflow_desktop.kernel.errors import UserError

Network: TypeAlias = IPv4Network | IPv6Network

DEVICE_RATE: Final = 100.0
"""Requests a second of one device in the long run."""
DEVICE_BURST: Final = 300
ADDRESS_PER_MINUTE: Final = 60
"""Requests of one address for which no one is signed in."""
FAILURES_PER_MINUTE: Final = 10
"""Wrong passwords for one account from one address."""
_MINUTE: Final = 60.0
_ENTRIES: Final = 10_000


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class RateLimits:
    """Every limit of one process; safe to use from many threads. `clock` counts seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, entries: int = _ENTRIES) -> None:
        """At most `entries` devices, addresses and accounts are remembered; the longest unseen are forgotten."""
        self._clock = clock
        self._entries = entries
        self._lock = threading.Lock()
        self._devices: OrderedDict[UUID, _Bucket] = OrderedDict()
        self._addresses: OrderedDict[Hashable, deque[float]] = OrderedDict()
        self._failures: OrderedDict[Hashable, deque[float]] = OrderedDict()

    def device(self, device_id: UUID) -> None:
        """Count a request of a signed-in device. Raises `UserError("too_many_requests")` with `retry_after`."""
        with self._lock:
            now = self._clock()
            bucket = self._devices.setdefault(device_id, _Bucket(DEVICE_BURST, now))
            self._keep(self._devices, device_id)
            bucket.left = min(DEVICE_BURST, bucket.left + (now - bucket.at) * DEVICE_RATE)
            bucket.at = now
            if bucket.left < 1:
                raise _too_many((1 - bucket.left) / DEVICE_RATE)
            bucket.left -= 1

    def address(self, address: str) -> None:
        """Count a request of someone who is not signed in. Raises like `device`."""
        self._count(self._addresses, address, ADDRESS_PER_MINUTE)

    def sign_in(self, account: str, address: str) -> None:
        """Count a password as wrong, before it is looked at: a flood in parallel gets no more tries than one in a row.

        Raises like `device`.
        """
        self._count(self._failures, _account_key(account, address), FAILURES_PER_MINUTE)

    def signed_in(self, account: str, address: str) -> None:
        """Forget the count of an account: its password was right."""
        with self._lock:
            self._failures.pop(_account_key(account, address), None)

    def _count(self, table: OrderedDict[Hashable, deque[float]], key: Hashable, limit: int) -> None:
        with self._lock:
            now = self._clock()
            seen = table.setdefault(key, deque())
            self._keep(table, key)
            while seen and seen[0] <= now - _MINUTE:
                seen.popleft()
            if len(seen) >= limit:
                raise _too_many(seen[0] + _MINUTE - now)
            seen.append(now)

    def _keep(self, table: OrderedDict[Hashable, deque[float]] | OrderedDict[UUID, _Bucket], key: Hashable) -> None:
        """Keep `key` as the one seen last, and no more of them than fit."""
        table.move_to_end(key)  # type: ignore[arg-type]  # the key is the table's own
        if len(table) > self._entries:
            table.popitem(last=False)


def client_address(headers: Mapping[str, str], peer: str | None, trusted: Sequence[Network]) -> str:
    """Who asks, as a key for limits: the peer, or whom a trusted proxy says it speaks for.

    `X-Forwarded-For` is read from its end, and only as long as proxies of `trusted` wrote it: what a client sends
    itself counts for nothing. IPv6 counts by its /64, which is one customer.
    """
    address = peer or ""
    said = [part.strip() for part in headers.get("x-forwarded-for", "").split(",") if part.strip()]
    while said and _within(address, trusted):
        address = said.pop()
    return _network_of(address)


def _within(address: str, trusted: Sequence[Network]) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in trusted)


def _network_of(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        # No address (a Unix socket, a proxy's "unknown"): all of those share one count.
        return "unknown"
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(IPv6Network((int(found) >> 64 << 64, 64)))
    return str(found)


def _account_key(account: str, address: str) -> tuple[bytes, str]:
    """A hash: of the accounts that strangers name, no list is kept in memory."""
    return hashlib.sha256(account.encode("utf-8", "surrogatepass")).digest(), address


def _too_many(wait: float) -> UserError:
    seconds = max(1, math.ceil(wait))
    return UserError(
        "too_many_requests", "Too many requests.", hint=f"Try again in {seconds} seconds.", retry_after=seconds
    )
