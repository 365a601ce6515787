"""What the routes of signing in work with."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from driveflow_desktop.service.auth.limits import Network, RateLimits
from driveflow_desktop.service.auth.passwords import Passwords
from driveflow_desktop.service.auth.tokens import TokenSigner
from driveflow_desktop.service.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Auth:
    """One process's means to let people in; `trusted_proxies` may say whom they speak for (`client_address`)."""

    runtime: Runtime
    signer: TokenSigner
    passwords: Passwords = field(default_factory=Passwords)
    limits: RateLimits = field(default_factory=RateLimits)
    trusted_proxies: Sequence[Network] = ()
