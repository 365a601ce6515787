"""Who acts, and whether a booking is theirs to change."""

from dataclasses import dataclass
from uuid import UUID

from driveflow_desktop.domain.identity.queries import role_of
from driveflow_desktop.domain.identity.rules import Action, require
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.queries.instructors import InstructorFacts
from driveflow_desktop.domain.scheduling.facts import require_teacher
from driveflow_desktop.domain.scheduling.queries import BookingFacts, gone, require_booking
from driveflow_desktop.kernel.errors import Bug
from driveflow_desktop.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Held:
    """A booking somebody may change, with who that is."""

    booking: BookingFacts
    role: OrgRole


def acting_role(uow: UnitOfWork, action: Action) -> OrgRole:
    """The role in which the person acts; `forbidden` for strangers and where the role does not allow `action`."""
    role = role_of(uow.connection, uow.org_id, uow.actor.user_id)
    require((role,) if role is not None else (), action)
    if role is None:
        raise Bug("a right was granted to nobody")
    return role


def own_booking(uow: UnitOfWork, booking_id: UUID, action: Action) -> Held:
    """The booking, for somebody who may do `action`; to an instructor, others' bookings are "gone"."""
    role = acting_role(uow, action)
    found = require_booking(uow.connection, uow.org_id, booking_id)
    if role is OrgRole.INSTRUCTOR:
        require_own_diary(uow, role, require_teacher(uow.connection, uow.org_id, found.instructor_id))
    return Held(found, role)


def require_own_diary(uow: UnitOfWork, role: OrgRole, teacher: InstructorFacts) -> None:
    """Refuse an instructor who writes into somebody else's diary."""
    if role is OrgRole.INSTRUCTOR and (teacher.user_id is None or teacher.user_id != uow.actor.user_id):
        raise gone()
