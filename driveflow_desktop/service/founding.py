"""A school of its own on the service: its row, the default policy, and the invitation of its owner."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

import sqlalchemy as sa

from driveflow_desktop.domain.contacts import clean_email
from driveflow_desktop.domain.identity.checks import checked_details
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.scheduling.rules.cancellation import DEFAULT_POLICY
from driveflow_desktop.domain.scheduling.tables import CancellationPolicy
from driveflow_desktop.kernel.clock import FixedClock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.ids import IdSource, derived_id
from driveflow_desktop.service.auth.accounts import USERS, find_account
from driveflow_desktop.service.auth.invitations import issue
from driveflow_desktop.service.database import as_sign_in, school_transaction
from driveflow_desktop.service.journal import HEADS
from driveflow_desktop.service.schools import open_school
from driveflow_desktop.service.writing import ServiceWrites
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.types import Value
from driveflow_desktop.sync.session_protocol import InvitationAnswer

DEFAULT_ZONE: Final = "Australia/Sydney"
DEFAULT_COUNTRY: Final = "AU"
"""What the schema gives a school that names none."""


@dataclass(frozen=True, slots=True)
class Founded:
    """A new school; its owner joins by the invitation, and has no role before that."""

    org_id: UUID
    owner_id: UUID
    invitation: InvitationAnswer


def found_school(
    engine: sa.Engine, name: str, owner_email: str, time_zone: str = DEFAULT_ZONE, *, schema: str, now: datetime
) -> Founded:
    """Open a school with what a new one starts with, in one transaction. Raises `UserError("invalid")`."""
    values = checked_details({"name": name, "time_zone": time_zone}, DEFAULT_COUNTRY)
    address = clean_email(owner_email)
    org_id = uuid4()
    with school_transaction(engine, org_id) as connection:
        open_school(connection, org_id, values, schema=schema, now=now)
        with ServiceWrites(connection, org_id, schema=schema, now=now) as writes:
            for row in DEFAULT_POLICY:
                # The ids that a desk gives them (`seed_policies`), so that both make the same rows.
                row_id = derived_id("cancellation_policies", org_id, row.actor, str(row.hours_before_start))
                writes.insert(CancellationPolicy, row_id, dict(row._asdict()), "policy.changed")
        with as_sign_in(connection):
            owner_id = _owner(connection, address, now)
        invitation = issue(connection, org_id, address, OrgRole.OWNER, None, None, now)
    return Founded(org_id, owner_id, invitation)


def invite_by_operator(
    engine: sa.Engine, org_id: UUID, email: str, role: OrgRole, instructor_id: UUID | None, now: datetime
) -> InvitationAnswer:
    """Invite anyone into any role, as the operator of the service may. Raises `UserError`: `not_found`, as `issue`."""
    with school_transaction(engine, org_id) as connection:
        if connection.execute(sa.select(HEADS.c.org_id).where(HEADS.c.org_id == org_id)).first() is None:
            raise UserError("not_found", "There is no such school.", hint="Check its id.")
        return issue(connection, org_id, email, role, instructor_id, None, now)


def _owner(connection: sa.Connection, address: str, now: datetime) -> UUID:
    """The account of an address; a new one takes its name and password from whoever accepts the invitation."""
    account = find_account(connection, address)
    if account is not None:
        return account.id
    values: dict[str, Value] = {"email": address, "full_name": address.partition("@")[0]}
    codec(USERS).check(values)
    user_id = IdSource(FixedClock(now)).new()
    connection.execute(USERS.insert(), {"id": user_id, "created_at": now, "updated_at": now, **values})
    return user_id
