"""Who may come in: what the routes ask of sign-in, so that they can be tested without it."""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.service.members import Member


class Caller(Protocol):
    """Who an access token names."""

    @property
    def user_id(self) -> UUID:
        """The person."""
        ...

    @property
    def device_id(self) -> UUID:
        """The PC."""
        ...


class Gate(Protocol):
    """Sign-in, as the routes of a school see it. Every method may block, and runs off the event loop."""

    def identify(self, headers: Mapping[str, str], address: str) -> Caller:
        """Who asks. Raises `UserError`: `unauthorised`, `token_expired`, `too_many_requests` (`retry_after`)."""
        ...

    def member(self, caller: Caller, org_id: UUID) -> Member:
        """The membership as it stands now. Raises `UserError`: `forbidden`, `device_revoked`, `not_found`."""
        ...

    def touch(self, connection: sa.Connection, member: Member, acked_seq: int) -> None:
        """Note how far a device has read, inside the school's transaction."""
        ...
