"""What the engine's worker needs of the service: `transport.HttpService` over HTTP, an in-process one in tests."""

import contextlib
from collections.abc import Iterator
from typing import Protocol
from uuid import UUID

from driveflow_desktop.sync.outcomes import Answer, Failure
from driveflow_desktop.sync.protocol import ChangesPage, PushRequest, PushResponse
from driveflow_desktop.sync.session_protocol import MembersAnswer, RefreshAnswer, RefreshRequest
from driveflow_desktop.sync.snapshot_protocol import DigestAnswer


class Lines(Protocol):
    """A snapshot's answer that is being read."""

    @property
    def epoch(self) -> str | None:
        """The epoch in the answer's header."""

    def __iter__(self) -> Iterator[bytes]:
        """The lines as they come. Raises `Interrupted` when the answer is cut or cannot be read."""


class Interrupted(Exception):
    """An answer ended before its end; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.trouble.value)
        self.failure = failure


class Service(Protocol):
    """One school on one service. Every call answers or says its trouble; none raises for what a network does."""

    def push(self, token: str, request: PushRequest) -> Answer[PushResponse] | Failure:
        """Send transactions."""

    def pull(self, token: str, since: int, limit: int, last: UUID | None) -> Answer[ChangesPage] | Failure:
        """The log after `since`."""

    def digest(self, token: str, at: int) -> Answer[DigestAnswer] | Failure:
        """What the replica should hold at the head `at`."""

    def members(self, token: str) -> Answer[MembersAnswer] | Failure:
        """The people of the school."""

    def snapshot(self, token: str, after: str | None) -> contextlib.AbstractContextManager[Lines | Failure]:
        """The school's rows, from `after` on."""

    def refresh(self, request: RefreshRequest) -> Answer[RefreshAnswer] | Failure:
        """A new pair of tokens."""

    def abort(self) -> None:
        """Cut every request that is under way; from any thread."""
