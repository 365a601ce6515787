"""Writing what an import found: all students in one step, or none."""

from collections.abc import Sequence
from uuid import UUID

from driveflow_desktop.domain.identity.queries import authorise
from driveflow_desktop.domain.identity.rules import Action
from driveflow_desktop.domain.people.importing import Candidate
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.store.unit_of_work import UnitOfWork


def import_students(uow: UnitOfWork, candidates: Sequence[Candidate]) -> list[UUID]:
    """Add the checked rows as students and return their ids; one undo takes all of them back."""
    authorise(uow.connection, uow.actor, Action.EDIT_PEOPLE)
    uow.describe("student.imported")
    return uow.bulk(Student, (candidate.values for candidate in candidates))
