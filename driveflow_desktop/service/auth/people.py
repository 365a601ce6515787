"""The people and the devices of one school, for those who run it."""

from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.identity import queries
from driveflow_desktop.domain.identity.rules import Action, can
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.auth.accounts import USERS
from driveflow_desktop.service.auth.sessions import end_device
from driveflow_desktop.service.database import auth_transaction, school_transaction
from driveflow_desktop.service.members import Member
from driveflow_desktop.service.runtime import Runtime
from driveflow_desktop.store.service_tables import Device, DeviceOrg
from driveflow_desktop.sync.session_protocol import DeviceRow, DevicesAnswer, MemberRow, MembersAnswer

_DEVICES: Final = cast("sa.Table", Device.__table__)
_DEVICE_ORGS: Final = cast("sa.Table", DeviceOrg.__table__)


def members(runtime: Runtime, member: Member) -> MembersAnswer:
    """Everyone with a role, with the strongest one; instructors are not told of students' accounts."""
    with school_transaction(runtime.engine, member.org_id, read_only=True) as connection:
        found = queries.members(connection, member.org_id)
    told = (each for each in found if member.sees_all or each.role is not OrgRole.STUDENT)
    return MembersAnswer(tuple(MemberRow(each.user_id, each.email, each.full_name, each.role.value) for each in told))


def devices(runtime: Runtime, member: Member) -> DevicesAnswer:
    """The devices that read the school, ended ones too; to a member who may not manage them, their own."""
    columns = (
        _DEVICES.c.id,
        _DEVICES.c.name,
        _DEVICES.c.platform,
        _DEVICES.c.user_id,
        USERS.c.full_name,
        _DEVICE_ORGS.c.acked_seq,
        _DEVICE_ORGS.c.last_seen_at,
        _DEVICES.c.revoked_at,
    )
    # Who left the school is no longer shown to it by name; their device is.
    statement = (
        sa.select(*columns)
        .join(_DEVICE_ORGS, _DEVICE_ORGS.c.device_id == _DEVICES.c.id)
        .outerjoin(USERS, USERS.c.id == _DEVICES.c.user_id)
        .where(_DEVICE_ORGS.c.org_id == member.org_id)
        .order_by(_DEVICE_ORGS.c.last_seen_at.desc().nulls_last(), _DEVICES.c.id)
    )
    if not can(member.role, Action.MANAGE_DEVICES):
        statement = statement.where(_DEVICES.c.user_id == member.user_id)
    with school_transaction(runtime.engine, member.org_id, read_only=True) as connection:
        rows = connection.execute(statement).all()
    return DevicesAnswer(
        tuple(
            DeviceRow(
                row.id,
                row.name,
                row.platform,
                row.user_id,
                row.full_name or "",
                row.acked_seq,
                row.last_seen_at,
                row.revoked_at,
            )
            for row in rows
        )
    )


def end_use(runtime: Runtime, member: Member, device_row: UUID) -> None:
    """End a device that reads the school: its tokens die and every request of it is refused, in every school.

    A device is one copy of one school's replica, so there is nothing else to it. Raises `UserError`: `forbidden` for
    another person's unless the member manages devices; `not_found`.
    """
    own_or_managed = can(member.role, Action.MANAGE_DEVICES)
    reads = (_DEVICE_ORGS.c.org_id == member.org_id, _DEVICE_ORGS.c.device_id == device_row)
    statement = sa.select(_DEVICES.c.user_id).join(_DEVICE_ORGS, _DEVICE_ORGS.c.device_id == _DEVICES.c.id)
    with school_transaction(runtime.engine, member.org_id) as connection:
        found = connection.execute(statement.where(*reads)).one_or_none()
    if found is not None and (own_or_managed or found.user_id == member.user_id):
        with auth_transaction(runtime.engine) as connection:
            end_device(connection, device_row, runtime.clock.now())
        return
    if own_or_managed:
        raise UserError("not_found", "There is no such device.")
    raise UserError("forbidden", "Only the office ends other people's devices.")
