"""Guardians: who answers for which student, and who pays."""

from dataclasses import dataclass
from uuid import UUID

from driveflow_desktop.domain.identity.queries import authorise
from driveflow_desktop.domain.identity.rules import Action
from driveflow_desktop.domain.partial import UNSET, UnsetType, given
from driveflow_desktop.domain.people.commands.students import checker_of
from driveflow_desktop.domain.people.queries.guardians import guardians_of
from driveflow_desktop.domain.people.tables import Guardian, Student, StudentGuardian
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.ids import derived_id
from driveflow_desktop.store.types import Value
from driveflow_desktop.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class NewGuardian:
    """An adult who answers for students."""

    full_name: str
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class GuardianChanges:
    """What to change of a guardian."""

    full_name: str | UnsetType = UNSET
    phone: str | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET


@dataclass(frozen=True, slots=True)
class Link:
    """Who is what to whom; `relation` in the family's own word (mother, uncle)."""

    student_id: UUID
    guardian_id: UUID
    relation: str | None = None
    is_payer: bool = False


def link_id(student_id: UUID, guardian_id: UUID) -> UUID:
    """The id of the one link between the two, the same on every PC."""
    return derived_id("student_guardians", student_id, guardian_id)


def create_guardian(uow: UnitOfWork, request: NewGuardian) -> UUID:
    """Add a guardian and return the id."""
    authorise(uow.connection, uow.actor, Action.EDIT_PEOPLE)
    uow.describe("guardian.created")
    return uow.insert(Guardian, checker_of(uow).clean(given(request)))


def edit_guardian(uow: UnitOfWork, guardian_id: UUID, changes: GuardianChanges) -> bool:
    """Change a guardian; returns whether anything differed."""
    authorise(uow.connection, uow.actor, Action.EDIT_PEOPLE)
    uow.describe("guardian.edited")
    return uow.update(Guardian, guardian_id, checker_of(uow).clean(given(changes)))


def delete_guardian(uow: UnitOfWork, guardian_id: UUID) -> None:
    """Remove a guardian and every link to students."""
    authorise(uow.connection, uow.actor, Action.EDIT_PEOPLE)
    uow.describe("guardian.deleted")
    uow.delete(Guardian, guardian_id)


def link_guardian(uow: UnitOfWork, link: Link) -> UUID:
    """Let a guardian answer for a student, or change how; a new payer takes over from the old one."""
    authorise(uow.connection, uow.actor, Action.EDIT_PEOPLE)
    uow.require(Student, link.student_id)
    uow.require(Guardian, link.guardian_id)
    uow.describe("guardian.linked")
    if link.is_payer:
        _release_payers(uow, link)
    found = link_id(link.student_id, link.guardian_id)
    values: dict[str, Value] = {"relation": (link.relation or "").strip() or None, "is_payer": link.is_payer}
    if uow.get(StudentGuardian, found) is not None:
        uow.update(StudentGuardian, found, values)
        return found
    ends: dict[str, Value] = {"student_id": link.student_id, "guardian_id": link.guardian_id}
    return uow.insert(StudentGuardian, {**ends, **values}, row_id=found)


def unlink_guardian(uow: UnitOfWork, student_id: UUID, guardian_id: UUID) -> None:
    """End a link; the guardian stays, also for no student at all."""
    authorise(uow.connection, uow.actor, Action.EDIT_PEOPLE)
    uow.describe("guardian.unlinked")
    uow.delete(StudentGuardian, link_id(student_id, guardian_id))


def set_payer(uow: UnitOfWork, student_id: UUID, guardian_id: UUID | None) -> None:
    """Say which guardian pays for a student; None when the student pays."""
    authorise(uow.connection, uow.actor, Action.EDIT_PEOPLE)
    linked = guardians_of(uow.connection, uow.org_id, student_id)
    if guardian_id is not None and guardian_id not in {each.guardian.id for each in linked}:
        raise UserError("gone", "That guardian does not answer for this student.", hint="Link them first.")
    uow.describe("guardian.payer_set")
    for each in linked:
        row = link_id(student_id, each.guardian.id)
        uow.update(StudentGuardian, row, {"is_payer": each.guardian.id == guardian_id})


def _release_payers(uow: UnitOfWork, link: Link) -> None:
    for each in guardians_of(uow.connection, uow.org_id, link.student_id):
        if each.is_payer and each.guardian.id != link.guardian_id:
            uow.update(StudentGuardian, link_id(link.student_id, each.guardian.id), {"is_payer": False})
