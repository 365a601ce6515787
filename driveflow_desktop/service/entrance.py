"""Sign-in joined to the routes of the schools: the gate that the service stands behind when it is served."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from starlette.routing import Route

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.auth.context import Auth
from driveflow_desktop.service.auth.guard import identify, member_of, touch_device
from driveflow_desktop.service.auth.limits import Network, client_address
from driveflow_desktop.service.auth.routes import auth_routes
from driveflow_desktop.service.auth.tokens import Identity, load_signer
from driveflow_desktop.service.gate import Caller, Gate
from driveflow_desktop.service.members import Member
from driveflow_desktop.service.runtime import Runtime


class Entrance(NamedTuple):
    """What `make_app` needs of sign-in."""

    gate: Gate
    routes: Sequence[Route]


class SignInGate:
    """The gate of `service/auth`, with its limits."""

    def __init__(self, auth: Auth) -> None:
        self._auth = auth

    def identify(self, headers: Mapping[str, str], address: str) -> Identity:
        """Who asks; without a valid token the request counts against the address, with one against the device."""
        auth = self._auth
        try:
            identity = identify(headers, auth.signer, auth.runtime.clock.now())
        except UserError:
            auth.limits.address(client_address(headers, address, auth.trusted_proxies))
            raise
        auth.limits.device(identity.device_id)
        return identity

    def member(self, caller: Caller, org_id: UUID) -> Member:
        """The membership as it stands now."""
        return member_of(self._auth.runtime, Identity(caller.user_id, caller.device_id), org_id)

    def touch(self, connection: sa.Connection, member: Member, acked_seq: int) -> None:
        """Note how far a device has read."""
        touch_device(connection, member, acked_seq)


def open_entrance(runtime: Runtime, environment: Mapping[str, str], proxies: Sequence[Network]) -> Entrance:
    """Sign-in for a process: its keys from the environment or the database. Raises what `load_signer` raises."""
    signer = load_signer(runtime.engine, environment, runtime.clock.now())
    auth = Auth(runtime, signer, trusted_proxies=proxies)
    return Entrance(SignInGate(auth), auth_routes(auth))


def trusted_proxies(given: str) -> Sequence[Network]:
    """The networks of a list like `10.0.0.5, 192.168.1.0/24`. Raises `UserError("trusted_proxy")`."""
    names = [name.strip() for name in given.split(",") if name.strip()]
    try:
        return tuple(ip_network(name) for name in names)
    except ValueError:
        raise UserError(
            "trusted_proxy", f"“{given}” is no list of addresses.", hint="Like 127.0.0.1 or 10.0.0.0/8, with commas."
        ) from None
