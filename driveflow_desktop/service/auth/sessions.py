"""Sessions: a password for a pair of tokens, a refresh token for the next pair, and their end.

Everything that touches the tokens of a device first locks its row of `devices`. Without that, revoking a family could
miss the successor that is being made at the same moment.
"""

import hashlib
import logging
import secrets
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.auth.accounts import (
    USERS,
    Account,
    account_key,
    find_account,
    invalid_credentials,
    memberships,
    roles_by_school,
)
from driveflow_desktop.service.auth.context import Auth
from driveflow_desktop.service.auth.guard import device_key, no_desktop
from driveflow_desktop.service.auth.tokens import LIFE, TokenSigner, seconds_left
from driveflow_desktop.service.database import auth_transaction
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.service_tables import Device, RefreshToken
from driveflow_desktop.sync.session_protocol import (
    DeviceInfo,
    RefreshAnswer,
    RefreshRequest,
    SignedInUser,
    SignInAnswer,
    SignInRequest,
)

REFRESH_LIFE: Final = timedelta(days=30)
"""How long a refresh token waits to be used."""
REPEAT_WITHIN: Final = timedelta(seconds=60)
"""For how long a rotation that was answered into the void gets the same answer again."""
_DEVICES: Final = cast("sa.Table", Device.__table__)
_TOKENS: Final = cast("sa.Table", RefreshToken.__table__)
_log: Final = logging.getLogger(__name__)


def sign_in(auth: Auth, request: SignInRequest, address: str) -> SignInAnswer:
    """Begin a session of a person at a PC; it replaces their earlier one there.

    An unknown address takes the same steps as a wrong password. Raises `UserError`: `invalid_credentials`,
    `too_many_requests`, `no_desktop`, `device_revoked`.
    """
    now = auth.runtime.clock.now()
    account = _checked(auth, request, address)
    outdated = account.password_hash is not None and auth.passwords.is_outdated(account.password_hash)
    fresh_hash = auth.passwords.hash(request.password) if outdated else None
    token = secrets.token_urlsafe(32)
    with auth_transaction(auth.runtime.engine) as connection:
        roles = roles_by_school(connection, account.id)
        schools = memberships(roles)
        if roles and not schools:
            raise no_desktop()
        if fresh_hash is not None:
            same = (USERS.c.id == account.id, USERS.c.password_hash == account.password_hash)
            connection.execute(USERS.update().where(*same).values(password_hash=fresh_hash))
        device = _register(connection, account.id, request.device)
        connection.execute(_TOKENS.delete().where(_TOKENS.c.device_id == device))
        _store(connection, token, device, uuid4(), now)
    _log.info("user %s signed in on device %s", account.id, device)
    access = auth.signer.mint(account.id, request.device.id, now)
    user = SignedInUser(account.id, account.email, account.full_name)
    return SignInAnswer(access, int(LIFE.total_seconds()), token, user, schools)


def _checked(auth: Auth, request: SignInRequest, address: str) -> Account:
    """The account, once the password is right. The try is counted before that is known."""
    key = account_key(request.email)
    auth.limits.sign_in(key, address)
    with auth_transaction(auth.runtime.engine) as connection:
        account = find_account(connection, request.email)
    if not auth.passwords.verify(request.password, None if account is None else account.password_hash):
        _log.info("a sign-in was refused")
        raise invalid_credentials()
    if account is None:
        raise invalid_credentials()
    auth.limits.signed_in(key, address)
    return account


def refresh(auth: Auth, request: RefreshRequest) -> RefreshAnswer:
    """The next pair for a refresh token, which dies.

    Raises `UserError`: `unauthorised` for a token that is unknown, has ended, or is another PC's; `device_revoked`;
    `token_reused` for a dead one: it was stolen, or is used by a thief, so the whole family ends.
    """
    now = auth.runtime.clock.now()
    with auth_transaction(auth.runtime.engine) as connection:
        answer = _rotate(connection, auth.signer, request, now)
    if isinstance(answer, UserError):
        # Raised out here, because what was revoked stays revoked.
        raise answer
    return answer


def sign_out(auth: Auth, refresh_token: str) -> None:
    """End the session of a refresh token, dead or alive; of one that is unknown there is nothing to end."""
    now = auth.runtime.clock.now()
    with auth_transaction(auth.runtime.engine) as connection:
        _lock_device_of(connection, refresh_token)
        family = sa.select(_TOKENS.c.family_id).where(_TOKENS.c.token_hash == _hash(refresh_token)).scalar_subquery()
        _revoke(connection, _TOKENS.c.family_id == family, now)


def end_device(connection: sa.Connection, device_row: UUID, now: datetime) -> None:
    """End a person's use of a PC, inside an `auth_transaction`: no token of it is good from the commit on."""
    alive = (_DEVICES.c.id == device_row, _DEVICES.c.revoked_at.is_(None))
    connection.execute(_DEVICES.update().where(*alive).values(revoked_at=now))
    _revoke(connection, _TOKENS.c.device_id == device_row, now)


def _rotate(
    connection: sa.Connection, signer: TokenSigner, request: RefreshRequest, now: datetime
) -> RefreshAnswer | UserError:
    _lock_device_of(connection, request.refresh_token)
    columns = (*_TOKENS.columns, _DEVICES.c.user_id, _DEVICES.c.revoked_at.label("device_revoked_at"))
    statement = sa.select(*columns).join(_DEVICES, _DEVICES.c.id == _TOKENS.c.device_id)
    found = connection.execute(statement.where(_TOKENS.c.token_hash == _hash(request.refresh_token))).one_or_none()
    if found is None or device_key(found.user_id, request.device_id) != found.device_id:
        return _sign_in_again()
    if found.device_revoked_at is not None:
        return UserError("device_revoked", "The use of this computer was ended by the school.")
    if found.used_at is not None:
        same = found.rotation_id == request.rotation_id and now - found.used_at <= REPEAT_WITHIN
        if same and found.revoked_at is None:
            return _repeat(connection, signer, request, found.user_id, found.used_at, now)
        _revoke(connection, _TOKENS.c.family_id == found.family_id, now)
        _log.warning("a dead refresh token was used on device %s: its session is ended", found.device_id)
        return UserError("token_reused", "This session was ended, because its token was used twice.")
    if found.revoked_at is not None or found.expires_at <= now:
        return _sign_in_again()
    successor = signer.successors(request.refresh_token, request.rotation_id)[0]
    used = {"used_at": now, "rotation_id": request.rotation_id}
    connection.execute(_TOKENS.update().where(_TOKENS.c.token_hash == found.token_hash).values(used))
    ended = (_TOKENS.c.device_id == found.device_id, _TOKENS.c.expires_at <= now)
    connection.execute(_TOKENS.delete().where(*ended))
    _store(connection, successor, found.device_id, found.family_id, now)
    access = signer.mint(found.user_id, request.device_id, now)
    return RefreshAnswer(access, int(LIFE.total_seconds()), successor)


def _repeat(
    connection: sa.Connection,
    signer: TokenSigner,
    request: RefreshRequest,
    user_id: UUID,
    used_at: datetime,
    now: datetime,
) -> RefreshAnswer | UserError:
    """The answer that was given: made again from the same words, by whichever key made it."""
    candidates = {_hash(token): token for token in signer.successors(request.refresh_token, request.rotation_id)}
    known = sa.select(_TOKENS.c.token_hash).where(_TOKENS.c.token_hash.in_(candidates))
    given = connection.execute(known).scalar_one_or_none()
    if given is None:
        return _sign_in_again()
    access = signer.mint(user_id, request.device_id, used_at)
    return RefreshAnswer(access, seconds_left(used_at, now), candidates[bytes(given)])


def _register(connection: sa.Connection, user_id: UUID, device: DeviceInfo) -> UUID:
    """The row of a person at a PC, locked. Raises `UserError("device_revoked")`: only a new replica may come back."""
    key = device_key(user_id, device.id)
    told = {"name": device.name[:120], "platform": device.platform[:60]}
    codec(_DEVICES).check(told)
    insert = postgresql.insert(_DEVICES).values({"id": key, "user_id": user_id, **told})
    upsert = insert.on_conflict_do_update(index_elements=[_DEVICES.c.id], set_=told)
    if connection.execute(upsert.returning(_DEVICES.c.revoked_at)).scalar_one() is not None:
        raise UserError("device_revoked", "The use of this computer was ended by the school.")
    return key


def _lock_device_of(connection: sa.Connection, refresh_token: str) -> None:
    """Lock the device of a token; a statement of its own, so that the next one sees what was committed meanwhile."""
    device = sa.select(_TOKENS.c.device_id).where(_TOKENS.c.token_hash == _hash(refresh_token)).scalar_subquery()
    connection.execute(sa.select(_DEVICES.c.id).where(_DEVICES.c.id == device).with_for_update())


def _store(connection: sa.Connection, token: str, device: UUID, family: UUID, now: datetime) -> None:
    values = {"device_id": device, "family_id": family, "expires_at": now + REFRESH_LIFE}
    connection.execute(_TOKENS.insert(), {"token_hash": _hash(token), **values})


def _revoke(connection: sa.Connection, which: sa.ColumnElement[bool], now: datetime) -> None:
    connection.execute(_TOKENS.update().where(which, _TOKENS.c.revoked_at.is_(None)).values(revoked_at=now))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _sign_in_again() -> UserError:
    return UserError("unauthorised", "Sign in again.")
