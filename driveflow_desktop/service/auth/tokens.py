"""Access tokens: who somebody is, for 15 minutes, signed with Ed25519. Nothing about rights is in them."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, cast
from uuid import UUID

import jwt
import msgspec
import sqlalchemy as sa
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from driveflow_desktop.kernel.errors import Bug, UserError
from driveflow_desktop.service.database import auth_transaction
from driveflow_desktop.store.service_tables import SigningKey

LIFE: Final = timedelta(minutes=15)
KEY_VARIABLE: Final = "DRIVEFLOW_SIGNING_KEY"
"""The environment's own key, as PEM; line ends may be written as \\n."""
_ISSUER: Final = "driveflow"
_AUDIENCE: Final = "driveflow-service"
_ALGORITHM: Final = "EdDSA"
_REQUIRED: Final = ("iss", "aud", "sub", "dev", "iat", "nbf", "exp")
_SKEW: Final = timedelta(seconds=60)
"""How far the clocks of two processes of the service may stand apart."""
_MAX_LENGTH: Final = 2_000
_ADVISORY_LOCK: Final = 7_236_011_455
_KEYS: Final = cast("sa.Table", SigningKey.__table__)

_Second = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799)]


@dataclass(frozen=True, slots=True)
class Identity:
    """A person at a PC, as a valid token says; `device_id` is the id that the PC gave itself."""

    user_id: UUID
    device_id: UUID


class _Claims(msgspec.Struct, frozen=True):
    sub: UUID
    dev: UUID
    iat: _Second
    nbf: _Second
    exp: _Second


@dataclass(frozen=True, slots=True)
class Key:
    """A signing key; `retired_at` is when it stopped signing."""

    private: Ed25519PrivateKey
    retired_at: datetime | None = None

    @property
    def kid(self) -> str:
        """The key's name: a digest of its public half."""
        public = self.private.public_key().public_bytes_raw()
        return _base64(hashlib.sha256(public).digest()[:12])

    @property
    def refresh_secret(self) -> bytes:
        """What the successors of refresh tokens are made with: as secret as the key, and of no use for signing."""
        return hmac.digest(self.private.private_bytes_raw(), b"driveflow refresh tokens, version 1", "sha256")

    @property
    def pem(self) -> str:
        """The form in which it is stored."""
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        return self.private.private_bytes(encoding, form, serialization.NoEncryption()).decode("ascii")


class TokenSigner:
    """Signs and reads access tokens. The first key signs; the others still verify what they signed."""

    def __init__(self, keys: Sequence[Key]) -> None:
        if not keys:
            raise Bug("no key to sign with")
        self._kid = keys[0].kid
        self._private = keys[0].private
        self._known = {key.kid: (key.private.public_key(), key.retired_at) for key in reversed(keys)}
        self._secrets = tuple(key.refresh_secret for key in keys)

    def mint(self, user_id: UUID, device_id: UUID, now: datetime) -> str:
        """An access token from `now` (to the second) on. The same words give the same token."""
        issued = int(now.timestamp())
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": str(user_id),
            "dev": str(device_id),
            "iat": issued,
            "nbf": issued,
            "exp": issued + int(LIFE.total_seconds()),
        }
        return jwt.encode(claims, self._private, _ALGORITHM, headers={"kid": self._kid, "typ": "at+jwt"})

    def read(self, token: str, now: datetime) -> Identity:
        """Who a token speaks for. Raises `UserError`: `token_expired`, or `unauthorised` for all that is not ours."""
        claims = self._verified(token, now)
        seconds = now.timestamp()
        if seconds >= claims.exp:
            raise UserError("token_expired", "The access token has ended.", hint="Ask for a new one.")
        if max(claims.iat, claims.nbf) > seconds + _SKEW.total_seconds() or claims.exp - claims.iat > LIFE.seconds:
            raise _unauthorised()
        return Identity(claims.sub, claims.dev)

    def successors(self, refresh_token: str, rotation_id: UUID) -> tuple[str, ...]:
        """What a refresh token may turn into, the present key's answer first.

        Made, not drawn: so the same request gets the same answer though only hashes are stored. Nobody makes it
        without the service's key, and a new key changes only what is made from then on.
        """
        words = hashlib.sha256(refresh_token.encode("utf-8", "surrogatepass")).digest() + rotation_id.bytes
        return tuple(_base64(hmac.digest(secret, words, "sha256")) for secret in self._secrets)

    def _verified(self, token: str, now: datetime) -> _Claims:
        if len(token) > _MAX_LENGTH:
            raise _unauthorised()
        try:
            public, retired_at = self._known[str(jwt.get_unverified_header(token).get("kid"))]
            if retired_at is not None and now >= retired_at + LIFE:
                raise _unauthorised()
            # Times are compared with the service's own clock, by `read`.
            options: jwt.types.Options = {
                "require": list(_REQUIRED),
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            }
            claims = jwt.decode(
                token, public, algorithms=[_ALGORITHM], audience=_AUDIENCE, issuer=_ISSUER, options=options
            )
            return msgspec.convert(claims, _Claims)
        except (jwt.PyJWTError, msgspec.ValidationError, KeyError, TypeError, ValueError):
            raise _unauthorised() from None


def load_signer(engine: sa.Engine, environment: Mapping[str, str], now: datetime) -> TokenSigner:
    """The service's keys: the environment's own, or one made once in the database. Processes that start together agree.

    A key of the environment retires those of the database; setting `retired_at` there retires one by hand. Retired keys
    are known for as long as their tokens live. Raises `UserError("signing_key")` for an environment's key that is none.
    """
    given = environment.get(KEY_VARIABLE, "").replace("\\n", "\n").strip()
    own = _private_key(given) if given else None
    with auth_transaction(engine) as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
        if own is not None:
            connection.execute(_KEYS.update().where(_KEYS.c.retired_at.is_(None)).values(retired_at=now))
        stored = _stored_keys(connection, now)
        if own is None and not any(key.retired_at is None for key in stored):
            fresh = Key(Ed25519PrivateKey.generate())
            connection.execute(_KEYS.insert(), {"kid": fresh.kid, "private_key": fresh.pem, "created_at": now})
            stored.insert(0, fresh)
    return TokenSigner(stored if own is None else [Key(own), *stored])


def _stored_keys(connection: sa.Connection, now: datetime) -> list[Key]:
    """The database's keys that still sign or verify, the newest that signs first."""
    alive = sa.or_(_KEYS.c.retired_at.is_(None), _KEYS.c.retired_at > now - LIFE)
    statement = sa.select(_KEYS.c.private_key, _KEYS.c.retired_at).where(alive)
    rows = connection.execute(statement.order_by(_KEYS.c.retired_at.desc().nulls_first(), _KEYS.c.created_at.desc()))
    return [Key(_private_key(row.private_key), row.retired_at) for row in rows]


def _private_key(pem: str) -> Ed25519PrivateKey:
    try:
        found = serialization.load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, Ed25519PrivateKey):
        raise UserError(
            "signing_key",
            f"{KEY_VARIABLE} is not an Ed25519 key.",
            hint="Make one with `openssl genpkey -algorithm ed25519`.",
        )
    return found


def seconds_left(minted_at: datetime, now: datetime) -> int:
    """For how long a token that was minted then is still good, in whole seconds."""
    ends = datetime.fromtimestamp(int(minted_at.timestamp()), UTC) + LIFE
    return max(0, int((ends - now).total_seconds()))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _unauthorised() -> UserError:
    return UserError("unauthorised", "Sign in first.")
