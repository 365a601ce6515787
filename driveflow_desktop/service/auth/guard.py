"""Who asks, and what they are in a school at this moment: looked up at each request, so that an end is an end."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from driveflow_desktop.domain.identity.queries import STRONGEST_FIRST
from driveflow_desktop.domain.identity.tables import UserOrg
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.tables import Instructor
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.ids import derived_id
from driveflow_desktop.service.auth.tokens import Identity, TokenSigner
from driveflow_desktop.service.database import auth_transaction, school_transaction
from driveflow_desktop.service.members import Member
from driveflow_desktop.service.runtime import Runtime
from driveflow_desktop.store.service_tables import Device, DeviceOrg

_DEVICES: Final = cast("sa.Table", Device.__table__)
_DEVICE_ORGS: Final = cast("sa.Table", DeviceOrg.__table__)
_SEEN_EVERY: Final = timedelta(minutes=1)
"""How often it is worth a write that a device was here."""


def device_key(user_id: UUID, device_id: UUID) -> UUID:
    """The id in `devices` of a person at a PC.

    A PC may be shared; each of its people has a row of their own there, with tokens and an end of its own. So it does
    no harm either when somebody signs in with the id of another's PC.
    """
    return derived_id("device", device_id, user_id)


def identify(headers: Mapping[str, str], signer: TokenSigner, now: datetime) -> Identity:
    """Who sends a request, by its bearer token. Raises `UserError`: `unauthorised`, `token_expired`.

    `headers` has its names in lower case, or does not mind (Starlette's).
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise UserError("unauthorised", "Sign in first.")
    return signer.read(token.strip(), now)


def member_of(runtime: Runtime, identity: Identity, org_id: UUID) -> Member:
    """The person's membership of a school as it stands now; of several roles the strongest counts.

    Raises `UserError`: `device_revoked`; `forbidden` for a school that they are not in and for one that does not exist
    alike; `no_desktop` for students.
    """
    device = device_key(identity.user_id, identity.device_id)
    with school_transaction(runtime.engine, org_id) as connection:
        row = connection.execute(_LOOK_UP, {"org": org_id, "user": identity.user_id, "device": device}).one()
        if row.device_user is not None:
            _require_alive(row.device_user, row.revoked_at, identity)
            return _member(identity, org_id, row.roles, row.instructor_id)
    # A school sees only devices that have read it. This one reads it for the first time, or is not let in.
    with auth_transaction(runtime.engine) as connection:
        columns = (_DEVICES.c.user_id, _DEVICES.c.revoked_at)
        found = connection.execute(sa.select(*columns).where(_DEVICES.c.id == device)).one_or_none()
    if found is None:
        raise UserError("unauthorised", "This computer is not signed in.")
    _require_alive(found.user_id, found.revoked_at, identity)
    member = _member(identity, org_id, row.roles, row.instructor_id)
    with school_transaction(runtime.engine, org_id) as connection:
        touch_device(connection, member, 0)
    return member


def touch_device(connection: sa.Connection, member: Member, acked_seq: int) -> None:
    """Note, inside a `school_transaction`, that a device is here and has read the log up to `acked_seq`."""
    values = {
        "org_id": member.org_id,
        "device_id": device_key(member.user_id, member.device_id),
        "acked_seq": acked_seq,
        "last_seen_at": sa.func.now(),
    }
    insert = postgresql.insert(_DEVICE_ORGS).values(values)
    stale = _DEVICE_ORGS.c.last_seen_at < sa.func.now() - _SEEN_EVERY
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=[_DEVICE_ORGS.c.org_id, _DEVICE_ORGS.c.device_id],
            set_={"acked_seq": insert.excluded.acked_seq, "last_seen_at": insert.excluded.last_seen_at},
            where=sa.or_(
                _DEVICE_ORGS.c.acked_seq != insert.excluded.acked_seq, _DEVICE_ORGS.c.last_seen_at.is_(None), stale
            ),
        )
    )


def _require_alive(device_user: UUID, revoked_at: datetime | None, identity: Identity) -> None:
    if device_user != identity.user_id:
        raise UserError("unauthorised", "Sign in first.")
    if revoked_at is not None:
        raise UserError(
            "device_revoked", "The use of this computer was ended by the school.", hint="Ask the owner of the school."
        )


def _member(identity: Identity, org_id: UUID, roles: list[str] | None, instructor_id: UUID | None) -> Member:
    if not roles:
        raise UserError("forbidden", "You are not a member of that school.")
    role = min((OrgRole(role) for role in roles), key=STRONGEST_FIRST.index)
    if role is OrgRole.STUDENT:
        raise no_desktop()
    return Member(org_id, identity.user_id, role, identity.device_id, instructor_id)


def no_desktop() -> UserError:
    """What students are told."""
    return UserError("no_desktop", "DriveFlow Desktop is for the people who run the school.")


def _look_up() -> sa.Select[*tuple[object, ...]]:
    org, user = sa.bindparam("org", type_=UserOrg.org_id.type), sa.bindparam("user", type_=UserOrg.user_id.type)
    device = sa.bindparam("device", type_=_DEVICES.c.id.type)
    roles = sa.select(sa.func.array_agg(UserOrg.role)).where(UserOrg.org_id == org, UserOrg.user_id == user)
    teaches = sa.select(Instructor.id).where(Instructor.org_id == org, Instructor.user_id == user)
    # One instructor a person; should a school have linked two, the one that works, then the older one.
    first = teaches.order_by(Instructor.active.desc(), Instructor.id).limit(1)
    one = sa.select(sa.literal(1)).subquery()
    return sa.select(
        _DEVICES.c.user_id.label("device_user"),
        _DEVICES.c.revoked_at,
        sa.cast(roles.scalar_subquery(), postgresql.ARRAY(sa.Text)).label("roles"),
        first.scalar_subquery().label("instructor_id"),
    ).select_from(one.outerjoin(_DEVICES, _DEVICES.c.id == device))


_LOOK_UP: Final = _look_up()
