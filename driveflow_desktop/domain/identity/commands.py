"""Opening a school, and changing what it says about itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.contacts import clean_email, normalise_phone
from driveflow_desktop.domain.identity.checks import checked_details
from driveflow_desktop.domain.identity.queries import authorise, school
from driveflow_desktop.domain.identity.rules import Action
from driveflow_desktop.domain.identity.settings import SchoolSettings, write_settings
from driveflow_desktop.domain.identity.tables import Org, User, UserOrg
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.names import clean_name
from driveflow_desktop.domain.partial import UNSET, UnsetType, given
from driveflow_desktop.kernel.ids import derived_id
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.types import Json, Value
from driveflow_desktop.store.unit_of_work import UnitOfWork

_USERS: Final = cast("sa.Table", User.__table__)


@dataclass(frozen=True, slots=True)
class NewUser:
    """A person who signs in; `id` as the sync service knows them."""

    id: UUID
    email: str
    full_name: str
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class NewSchool:
    """A school and its first owner. Country and currency are ISO codes, `region` the state without its country."""

    name: str
    owner: NewUser
    time_zone: str = "Australia/Sydney"
    currency: str = "AUD"
    country: str = "AU"
    region: str | None = None
    platform_fee_bp: int = 1500
    gst_registered: bool = False
    abn: str | None = None
    settings: SchoolSettings = field(default_factory=SchoolSettings)


@dataclass(frozen=True, slots=True)
class SchoolChanges:
    """What to change of the school's details; amounts of bookings that exist never change with it."""

    name: str | UnsetType = UNSET
    abn: str | UnsetType | None = UNSET
    time_zone: str | UnsetType = UNSET
    region: str | UnsetType | None = UNSET
    platform_fee_bp: int | UnsetType = UNSET
    gst_registered: bool | UnsetType = UNSET
    address: str | UnsetType | None = UNSET
    phone: str | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET


def create_school(uow: UnitOfWork, request: NewSchool) -> UUID:
    """Open the unit of work's school with its owner, and return the owner's membership id.

    Used where a school begins (the demo, a first school of one PC); everywhere else schools come by sync. The owner's
    row of `users` is written as the service's copy would be, without a log entry.
    """
    values = _details(request)
    owner = _checked_person(request.owner, request.country)
    uow.describe("school.opened")
    uow.not_undoable()
    uow.insert(Org, {**values, "settings": write_settings(request.settings, {})}, row_id=uow.org_id)
    return _insert_member(uow, owner, OrgRole.OWNER)


def check_new_school(request: NewSchool) -> None:
    """Refuse what `create_school` would refuse, before there is a database to create it in."""
    _details(request)
    _checked_person(request.owner, request.country)


def _details(request: NewSchool) -> dict[str, Value]:
    values: dict[str, Value] = {
        "name": request.name,
        "abn": request.abn,
        "time_zone": request.time_zone,
        "currency": request.currency,
        "country": request.country,
        "region": request.region,
        "platform_fee_bp": request.platform_fee_bp,
        "gst_registered": request.gst_registered,
    }
    return checked_details(values, request.country)


def _checked_person(person: NewUser, country: str) -> NewUser:
    """The person as stored; `UserError` "invalid" names the first column that cannot be."""
    phone = (person.phone or "").strip()
    return replace(
        person,
        full_name=clean_name(person.full_name),
        email=clean_email(person.email),
        phone=normalise_phone(phone, country) if phone else None,
    )


def add_member(uow: UnitOfWork, person: NewUser, role: OrgRole) -> UUID:
    """Give a person a role in the school, and return the membership's id; for the demo's own staff.

    In a served school people join by invitation instead, and the service writes the membership.
    """
    authorise(uow.connection, uow.actor, Action.MANAGE_ROLES)
    uow.describe("member.added")
    return _insert_member(uow, person, role)


def _insert_member(uow: UnitOfWork, person: NewUser, role: OrgRole) -> UUID:
    known = uow.connection.execute(sa.select(User.id).where(User.id == person.id)).first()
    if known is None:
        columns: dict[str, Value] = {"email": person.email, "full_name": person.full_name, "phone": person.phone}
        row = {**codec(_USERS).complete(columns), "id": person.id, "created_at": uow.now, "updated_at": uow.now}
        codec(_USERS).insert(uow.connection, [row])
    values: dict[str, Value] = {"user_id": person.id, "role": role}
    return uow.insert(UserOrg, values, row_id=derived_id("user_orgs", uow.org_id, person.id, role.value))


def edit_school(uow: UnitOfWork, changes: SchoolChanges) -> None:
    """Change the school's details. Fees and zone hold for what is booked from now on.

    Raises `UserError` "invalid" with the column that cannot be: an ABN, phone or e-mail address that is none, an empty
    name, a share outside 0 to 100 %.
    """
    authorise(uow.connection, uow.actor, Action.EDIT_ORG)
    uow.describe("school.edited")
    country = school(uow.connection, uow.org_id).country
    uow.update(Org, uow.org_id, checked_details(given(changes), country))


def edit_settings(uow: UnitOfWork, settings: SchoolSettings) -> None:
    """Replace the school's settings; keys of other program versions stay as they are."""
    authorise(uow.connection, uow.actor, Action.EDIT_ORG)
    current = cast("Mapping[str, Json]", uow.require(Org, uow.org_id)["settings"])
    uow.describe("school.settings_edited")
    uow.update(Org, uow.org_id, {"settings": write_settings(settings, current)})
