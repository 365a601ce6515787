"""Invitations: the one way into a school. A code, told once and kept by its hash, opens one role to one address."""

import base64
import hashlib
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.contacts import clean_email
from driveflow_desktop.domain.identity.queries import role_of, roles_of
from driveflow_desktop.domain.identity.rules import Action, can_invite, require
from driveflow_desktop.domain.identity.tables import Org, UserOrg
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.names import clean_name
from driveflow_desktop.domain.people.tables import Instructor
from driveflow_desktop.kernel.clock import FixedClock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.ids import IdSource, derived_id
from driveflow_desktop.service.auth.accounts import USERS, Account, account_key, find_account, invalid_credentials
from driveflow_desktop.service.auth.context import Auth
from driveflow_desktop.service.auth.passwords import require_good_password
from driveflow_desktop.service.database import as_sign_in, auth_transaction, school_transaction
from driveflow_desktop.service.members import Member
from driveflow_desktop.service.runtime import Runtime
from driveflow_desktop.service.writing import ServiceWrites
from driveflow_desktop.store.service_tables import Invitation
from driveflow_desktop.sync.session_protocol import (
    AcceptInvitationAnswer,
    AcceptInvitationRequest,
    InvitationAnswer,
    InvitationRequest,
)

INVITATION_LIFE: Final = timedelta(days=7)
_INVITATIONS: Final = cast("sa.Table", Invitation.__table__)
_TRIES: Final = 3
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a code opens."""

    org_id: UUID
    org_name: str
    id: UUID
    email: str
    role: OrgRole


class _AccountChanged(Exception):
    """The account is not any more as it was when the password was looked at."""


def invite(runtime: Runtime, member: Member, request: InvitationRequest) -> InvitationAnswer:
    """Invite an address into the member's school. Raises `UserError`: `forbidden`, `invalid`, and what `issue` does."""
    require((member.role,), Action.INVITE)
    role = invited_role(request.role)
    if not can_invite(member.role, role):
        raise UserError("forbidden", "Only an owner invites owners and admins.", hint="Ask the owner of the school.")
    now = runtime.clock.now()
    with school_transaction(runtime.engine, member.org_id) as connection:
        return issue(connection, member.org_id, request.email, role, request.instructor_id, member.user_id, now)


def invited_role(name: str) -> OrgRole:
    """The role called `name`; `UserError("invalid")` when there is none."""
    try:
        return OrgRole(name)
    except ValueError:
        raise UserError("invalid", "There is no such role.", column="role") from None


def issue(
    connection: sa.Connection,
    org_id: UUID,
    email: str,
    role: OrgRole,
    instructor_id: UUID | None,
    invited_by: UUID | None,
    now: datetime,
) -> InvitationAnswer:
    """Make an invitation inside a `school_transaction`; earlier ones of that address into that role are void.

    `invited_by` is None for the operator of the service. Raises `UserError`: `invalid` for what is no address,
    `missing_reference` and `already_exists` for an instructor who is not there or signs in already.
    """
    address = clean_email(email)
    if instructor_id is not None:
        _require_unlinked(connection, org_id, role, instructor_id)
    void = sa.or_(
        sa.and_(_INVITATIONS.c.email == address, _INVITATIONS.c.role == role), _INVITATIONS.c.expires_at <= now
    )
    open_ones = (_INVITATIONS.c.org_id == org_id, _INVITATIONS.c.accepted_at.is_(None))
    connection.execute(_INVITATIONS.delete().where(*open_ones, void))
    code = base64.b32encode(secrets.token_bytes(32)).rstrip(b"=").decode("ascii")
    row_id, expires_at = _new_id(now), now + INVITATION_LIFE
    values: dict[str, object] = {
        "org_id": org_id,
        "id": row_id,
        "code_hash": _hash(code),
        "email": address,
        "role": role.value,
        "instructor_id": instructor_id,
        "invited_by": invited_by,
        "expires_at": expires_at,
    }
    connection.execute(_INVITATIONS.insert(), values)
    return InvitationAnswer(row_id, code, expires_at)


def accept(auth: Auth, request: AcceptInvitationRequest, address: str) -> AcceptInvitationAnswer:
    """Take an invitation: a new account with the password, or an existing account whose password it must be.

    The membership is logged, so that it travels. Raises `UserError`: `invitation_gone`, `invalid` for a poor password
    or name, `invalid_credentials` for another than the account's, `too_many_requests`.
    """
    for _ in range(_TRIES):
        with auth_transaction(auth.runtime.engine) as connection:
            offer = _open_offer(connection, request.code, auth.runtime.clock.now())
            account = find_account(connection, offer.email)
        password_hash = _settle_password(auth, request, offer, account, address)
        try:
            user_id = _join(auth.runtime, request, offer, account, password_hash)
        except _AccountChanged:
            continue
        _log.info("user %s joined school %s as %s", user_id, offer.org_id, offer.role.value)
        return AcceptInvitationAnswer(user_id, offer.email, offer.org_id, offer.role.value)
    raise UserError("unavailable", "That account is being changed.", hint="Try again.")


def _open_offer(connection: sa.Connection, code: str, now: datetime) -> Offer:
    columns = (_INVITATIONS.c.org_id, Org.name, _INVITATIONS.c.id, _INVITATIONS.c.email, _INVITATIONS.c.role)
    statement = sa.select(*columns).join(Org, Org.org_id == _INVITATIONS.c.org_id)
    open_ones = (_INVITATIONS.c.accepted_at.is_(None), _INVITATIONS.c.expires_at > now)
    row = connection.execute(statement.where(_INVITATIONS.c.code_hash == _hash(code), *open_ones)).one_or_none()
    if row is None:
        raise _gone()
    return Offer(row.org_id, row.name, row.id, row.email, OrgRole(row.role))


def _settle_password(
    auth: Auth, request: AcceptInvitationRequest, offer: Offer, account: Account | None, address: str
) -> str:
    """The hash that the account has from now on: its own, or a new one."""
    if account is None or account.password_hash is None:
        require_good_password(request.password, (offer.email, offer.org_name, request.full_name))
        return auth.passwords.hash(request.password)
    key = account_key(offer.email)
    auth.limits.sign_in(key, address)
    if not auth.passwords.verify(request.password, account.password_hash):
        raise invalid_credentials()
    auth.limits.signed_in(key, address)
    return account.password_hash


def _join(
    runtime: Runtime, request: AcceptInvitationRequest, offer: Offer, account: Account | None, password_hash: str
) -> UUID:
    """Account, membership, link and the end of the invitation, in one transaction under the school's lock."""
    now = runtime.clock.now()
    with school_transaction(runtime.engine, offer.org_id) as connection:
        with as_sign_in(connection):
            user_id = _write_account(connection, request, offer, account, password_hash, now)
        writes = ServiceWrites(connection, offer.org_id, schema=runtime.schema, now=now, actor_user_id=user_id)
        with writes:
            instructor_id = _take(connection, offer, now)
            if offer.role not in roles_of(connection, offer.org_id, user_id):
                row_id = derived_id("user_orgs", offer.org_id, user_id, offer.role.value)
                writes.insert(UserOrg, row_id, {"user_id": user_id, "role": offer.role}, "member.joined")
            if instructor_id is not None:
                _link(writes, instructor_id, user_id)
    return user_id


def _write_account(
    connection: sa.Connection,
    request: AcceptInvitationRequest,
    offer: Offer,
    account: Account | None,
    password_hash: str,
    now: datetime,
) -> UUID:
    """The account's id, once it is as `account` saw it and has the hash. Raises `_AccountChanged`."""
    current = find_account(connection, offer.email)
    if current != account:
        raise _AccountChanged
    if account is not None and account.password_hash is not None:
        return account.id
    values = {"full_name": clean_name(request.full_name), "password_hash": password_hash, "updated_at": now}
    if account is not None:
        _require_nothing_else(connection, account.id, offer)
        without = (USERS.c.id == account.id, USERS.c.password_hash.is_(None))
        changed = connection.execute(USERS.update().where(*without).values(values)).rowcount
        if changed != 1:
            raise _AccountChanged
        return account.id
    user_id = _new_id(now)
    try:
        with connection.begin_nested():
            connection.execute(USERS.insert(), {"id": user_id, "email": offer.email, "created_at": now, **values})
    except sa.exc.IntegrityError:
        raise _AccountChanged from None
    return user_id


def _require_nothing_else(connection: sa.Connection, user_id: UUID, offer: Offer) -> None:
    """Refuse to give a password to an account without one that is worth more than the invitation.

    Whoever invites an address may know the code. It must not open what others have given to that address.
    """
    same = sa.and_(UserOrg.org_id == offer.org_id, UserOrg.role == offer.role)
    other = sa.select(UserOrg.id).where(UserOrg.user_id == user_id, sa.not_(same)).limit(1)
    if connection.execute(other).first() is not None:
        raise UserError("forbidden", "This address has another invitation, which comes first.")


def _take(connection: sa.Connection, offer: Offer, now: datetime) -> UUID | None:
    """Use the invitation up, and return the instructor it links. Raises `invitation_gone` when it is no longer open.

    An invitation is worth what its author is worth now: one by somebody who lost the right to invite opens nothing.
    """
    where = (_INVITATIONS.c.org_id == offer.org_id, _INVITATIONS.c.id == offer.id)
    open_ones = (_INVITATIONS.c.accepted_at.is_(None), _INVITATIONS.c.expires_at > now)
    columns = (_INVITATIONS.c.instructor_id, _INVITATIONS.c.invited_by)
    row = connection.execute(sa.select(*columns).where(*where, *open_ones).with_for_update()).one_or_none()
    if row is None:
        raise _gone()
    if row.invited_by is not None:
        author = role_of(connection, offer.org_id, row.invited_by)
        if author is None or not can_invite(author, offer.role):
            raise _gone()
    # The link is the instructor's from here on; kept here it would keep the instructor from ever being deleted.
    connection.execute(_INVITATIONS.update().where(*where).values(accepted_at=now, instructor_id=None))
    return cast("UUID | None", row.instructor_id)


def _link(writes: ServiceWrites, instructor_id: UUID, user_id: UUID) -> None:
    instructor = writes.read(Instructor, instructor_id)
    if instructor is None or instructor["user_id"] not in {None, user_id}:
        raise _gone()
    writes.update(Instructor, instructor_id, {"user_id": user_id}, "instructor.linked")


def _require_unlinked(connection: sa.Connection, org_id: UUID, role: OrgRole, instructor_id: UUID) -> None:
    if role is OrgRole.STUDENT:
        raise UserError("invalid", "A student is no instructor.", column="instructor_id")
    where = (Instructor.org_id == org_id, Instructor.id == instructor_id)
    found = connection.execute(sa.select(Instructor.user_id).where(*where)).one_or_none()
    if found is None:
        raise UserError("missing_reference", "There is no such instructor.", column="instructor_id")
    if found.user_id is not None:
        raise UserError("already_exists", "That instructor signs in already.", column="instructor_id")


def _new_id(now: datetime) -> UUID:
    return IdSource(FixedClock(now)).new()


def _hash(code: str) -> bytes:
    """Of a code as people copy it: without spaces, in either case."""
    return hashlib.sha256("".join(code.split()).upper().encode("utf-8", "surrogatepass")).digest()


def _gone() -> UserError:
    return UserError("invitation_gone", "This invitation was used, or has ended.", hint="Ask for a new one.")
