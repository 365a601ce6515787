"""Sign-in as the other routes of the service see it: who asks, what they are, how far they have read."""

from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.auth.context import Auth
from driveflow_desktop.service.auth.guard import identify, member_of, touch_device
from driveflow_desktop.service.auth.tokens import Identity
from driveflow_desktop.service.members import Member


class Doorkeeper:
    """The guard with the rates: a request with a valid token counts for its device, any other for its address."""

    def __init__(self, auth: Auth) -> None:
        self._auth = auth

    def identify(self, headers: Mapping[str, str], address: str) -> Identity:
        """Who asks. Raises `UserError`: `unauthorised`, `token_expired`, `too_many_requests` (`retry_after`)."""
        try:
            identity = identify(headers, self._auth.signer, self._auth.runtime.clock.now())
        except UserError:
            self._auth.limits.address(address)
            raise
        self._auth.limits.device(identity.device_id)
        return identity

    def member(self, caller: Identity, org_id: UUID) -> Member:
        """The membership as it stands now; blocks on the database. Raises what `member_of` does."""
        return member_of(self._auth.runtime, caller, org_id)

    def touch(self, connection: sa.Connection, member: Member, acked_seq: int) -> None:
        """Note how far a device has read, inside the school's transaction."""
        touch_device(connection, member, acked_seq)
