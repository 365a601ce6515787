"""Frozen snapshots of the school, its members and their roles."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.identity.rules import Action, require
from driveflow_desktop.domain.identity.settings import SchoolSettings, read_settings
from driveflow_desktop.domain.identity.tables import Org, User, UserOrg
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.types import Json
from driveflow_desktop.store.unit_of_work import Actor

STRONGEST_FIRST: Final = (OrgRole.OWNER, OrgRole.ADMIN, OrgRole.INSTRUCTOR, OrgRole.STUDENT)


@dataclass(frozen=True, slots=True)
class School:
    """A school's own facts."""

    id: UUID
    name: str
    abn: str | None
    time_zone: str
    currency: str
    country: str
    region: str | None
    platform_fee_bp: int
    gst_registered: bool
    address: str | None
    phone: str | None
    email: str | None
    settings: SchoolSettings

    @property
    def logbook_region(self) -> str | None:
        """The state whose logbook hours count."""
        return self.settings.logbook_region or self.region


@dataclass(frozen=True, slots=True)
class Member:
    """A person with at least one role in the school; `roles` are strongest first."""

    user_id: UUID
    full_name: str
    email: str
    phone: str | None
    roles: tuple[OrgRole, ...]

    @property
    def role(self) -> OrgRole:
        """The strongest role."""
        return self.roles[0]


def school(connection: sa.Connection, org_id: UUID) -> School:
    """The school; `UserError` "gone" when this database does not hold it."""
    columns = (
        Org.id,
        Org.name,
        Org.abn,
        Org.time_zone,
        Org.currency,
        Org.country,
        Org.region,
        Org.platform_fee_bp,
        Org.gst_registered,
        Org.address,
        Org.phone,
        Org.email,
        Org.settings,
    )
    row = connection.execute(sa.select(*columns).where(Org.org_id == org_id)).mappings().one_or_none()
    if row is None:
        raise UserError("gone", "That school is not on this computer.", hint="Join it first.")
    return School(**{**row, "settings": read_settings(cast("Mapping[str, Json]", row["settings"]))})


def roles_of(connection: sa.Connection, org_id: UUID, user_id: UUID | None) -> tuple[OrgRole, ...]:
    """All roles of a person in the school, strongest first; empty for strangers and for nobody."""
    if user_id is None:
        return ()
    statement = sa.select(UserOrg.role).where(UserOrg.org_id == org_id, UserOrg.user_id == user_id)
    return tuple(sorted(connection.execute(statement).scalars(), key=STRONGEST_FIRST.index))


def role_of(connection: sa.Connection, org_id: UUID, user_id: UUID | None) -> OrgRole | None:
    """The strongest role of a person in the school, None for strangers and for nobody."""
    roles = roles_of(connection, org_id, user_id)
    return roles[0] if roles else None


def members(connection: sa.Connection, org_id: UUID) -> tuple[Member, ...]:
    """Everyone with a role, by name; a person with several roles once."""
    statement = (
        sa.select(UserOrg.user_id, UserOrg.role, User.full_name, User.email, User.phone)
        .join(User, User.id == UserOrg.user_id)
        .where(UserOrg.org_id == org_id)
        .order_by(sa.func.lower(User.full_name), UserOrg.user_id)
    )
    found: dict[UUID, Member] = {}
    for row in connection.execute(statement):
        earlier = found.get(row.user_id)
        roles = tuple(sorted((row.role, *(earlier.roles if earlier else ())), key=STRONGEST_FIRST.index))
        found[row.user_id] = Member(row.user_id, row.full_name, row.email, row.phone, roles)
    return tuple(found.values())


def authorise(connection: sa.Connection, actor: Actor, action: Action) -> None:
    """Raise `UserError` "forbidden" unless one of the actor's roles allows `action`; nobody may do nothing."""
    require(roles_of(connection, actor.org_id, actor.user_id), action)


def user_email(connection: sa.Connection, user_id: UUID) -> str | None:
    """The address that a person signs in with; None when the person is not known here."""
    return connection.execute(sa.select(User.email).where(User.id == user_id)).scalar_one_or_none()


def user_names(connection: sa.Connection, ids: Collection[UUID]) -> dict[UUID, str]:
    """Names of people who sign in, by id; the unknown are left out."""
    if not ids:
        return {}
    rows = connection.execute(sa.select(User.id, User.full_name).where(User.id.in_(ids)))
    return {row.id: row.full_name for row in rows}
