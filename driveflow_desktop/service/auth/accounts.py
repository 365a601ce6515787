"""People's accounts, as only the sign-in role of the database sees them."""

from dataclasses import dataclass
from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.contacts import clean_email
from driveflow_desktop.domain.identity.queries import STRONGEST_FIRST
from driveflow_desktop.domain.identity.tables import Org, User, UserOrg
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.sync.session_protocol import Membership

USERS: Final = cast("sa.Table", User.__table__)


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may sign in; without a hash they never accepted an invitation."""

    id: UUID
    email: str
    full_name: str
    password_hash: str | None


def find_account(connection: sa.Connection, email: str) -> Account | None:
    """The account of an address, which need not be a proper one."""
    try:
        address = clean_email(email)
    except UserError:
        return None
    columns = (USERS.c.id, USERS.c.email, USERS.c.full_name, USERS.c.password_hash)
    row = connection.execute(sa.select(*columns).where(USERS.c.email == address)).one_or_none()
    return None if row is None else Account(row.id, row.email, row.full_name, row.password_hash)


def account_key(email: str) -> str:
    """Under which name the tries for an address are counted."""
    return email.strip().casefold()


def roles_by_school(connection: sa.Connection, user_id: UUID) -> dict[UUID, tuple[str, OrgRole]]:
    """The name of each school that a person is in, and their strongest role there."""
    statement = sa.select(Org.org_id, Org.name, UserOrg.role).join(UserOrg, UserOrg.org_id == Org.org_id)
    found: dict[UUID, tuple[str, OrgRole]] = {}
    for row in connection.execute(statement.where(UserOrg.user_id == user_id).order_by(Org.name, Org.org_id)):
        _, earlier = found.get(row.org_id, ("", row.role))
        found[row.org_id] = (row.name, min(earlier, row.role, key=STRONGEST_FIRST.index))
    return found


def memberships(roles: dict[UUID, tuple[str, OrgRole]]) -> tuple[Membership, ...]:
    """The schools that a person runs or teaches at; students have no desktop."""
    kept = ((org_id, name, role) for org_id, (name, role) in roles.items() if role is not OrgRole.STUDENT)
    return tuple(Membership(org_id, name, role.value) for org_id, name, role in kept)


def invalid_credentials() -> UserError:
    """The one answer to a wrong password and to an unknown address."""
    return UserError("invalid_credentials", "The e-mail address or the password is wrong.")
