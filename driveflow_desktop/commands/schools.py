"""`driveflow school create` and `driveflow user invite`: what the operator of a sync service does once."""

import argparse
import os
from uuid import UUID

from driveflow_desktop.commands.answer import Answer
from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.kernel.clock import SystemClock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.auth.invitations import INVITATION_LIFE, invited_role
from driveflow_desktop.service.founding import found_school, invite_by_operator
from driveflow_desktop.service.preparing import prepared_engine
from driveflow_desktop.store.migrate import SCHEMA_REVISION

_ONCE = f"The code is shown only now. It is good for {INVITATION_LIFE.days} days, once."


def school_create(folder: DataFolder, arguments: argparse.Namespace) -> Answer:
    """Open a school on the service, and invite its owner."""
    with prepared_engine(folder.path, arguments.database_url, os.environ) as engine:
        now = SystemClock().now()
        made = found_school(
            engine, arguments.name, arguments.owner_email, arguments.time_zone, schema=SCHEMA_REVISION, now=now
        )
    lines = (f"School {made.org_id} is open.", f"Its owner's invitation: {made.invitation.code}", _ONCE)
    value = {"org_id": str(made.org_id), "owner_id": str(made.owner_id), "invitation": made.invitation.code}
    return Answer(lines, {**value})


def user_invite(folder: DataFolder, arguments: argparse.Namespace) -> Answer:
    """Invite somebody into a school."""
    org_id = _id(arguments.org, "The school")
    instructor = None if arguments.instructor is None else _id(arguments.instructor, "The instructor")
    role = invited_role(arguments.role)
    with prepared_engine(folder.path, arguments.database_url, os.environ) as engine:
        now = SystemClock().now()
        made = invite_by_operator(engine, org_id, arguments.email, role, instructor, now)
    return Answer((f"Invitation: {made.code}", _ONCE), {"invitation": made.code})


def _id(text: str, what: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise UserError("invalid", f"{what} is named by its id.", hint="An id has 32 hexadecimal digits.") from None
