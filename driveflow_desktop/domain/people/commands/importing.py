"""Writing what an import found: students, their guardians and who belongs to whom, all or none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from driveflow_desktop.domain.identity.queries import authorise
from driveflow_desktop.domain.identity.rules import Action
from driveflow_desktop.domain.people.commands.guardians import link_id
from driveflow_desktop.domain.people.import_rules import GuardianKey, ImportRow, Preview, guardian_key
from driveflow_desktop.domain.people.queries.guardians import all_guardians
from driveflow_desktop.domain.people.tables import Guardian, Student, StudentGuardian
from driveflow_desktop.domain.tabular import Progress, advance
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.store.types import Value
from driveflow_desktop.store.unit_of_work import Actor, Receipt, UnitOfWork

MOST_ROWS: Final = 4_500
MOST_CHARACTERS: Final = 3_000_000
"""What one transaction may hold, so that it fits into one push (docs/protocol.md: 5,000 mutations, 8 MiB)."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What was added: students in the order of the rows, and guardians who were not there yet."""

    students: tuple[UUID, ...]
    guardians: tuple[UUID, ...]


def import_students(uow: UnitOfWork, preview: Preview) -> ImportReport:
    """Add every row of the preview in this one transaction; one undo takes all of them back.

    Raises `UserError` "too_large" for more than fits into one push; `import_in_parts` takes any number.
    """
    authorise(uow.connection, uow.actor, Action.EDIT_PEOPLE)
    if len(list(parts(preview))) > 1:
        raise UserError(
            "too_large",
            "That is too much for one step.",
            hint=f"Import about {MOST_ROWS // 3:,} rows at a time.",
            rows=len(preview.rows),
        )
    uow.describe("student.imported")
    students = uow.bulk(Student, (row.values for row in preview.rows))
    guardians, made = _guardians(uow, preview)
    uow.bulk(StudentGuardian, _links(preview, students, guardians))
    return ImportReport(tuple(students), tuple(made))


def import_in_parts(
    replica: Replica, actor: Actor, preview: Preview, *, progress: Progress | None = None
) -> tuple[Receipt[ImportReport], ...]:
    """Import any number of rows, as many transactions as pushing them needs, and return their receipts.

    When a part fails or `progress` answers False, the parts before it are taken back: all or none.
    """
    receipts: list[Receipt[ImportReport]] = []
    done = 0
    try:
        for part in parts(preview):
            advance(progress, done, len(preview.rows))
            receipts.append(replica.execute(partial(import_students, preview=part), actor))
            done += len(part.rows)
    except UserError:
        take_back(replica, actor, receipts)
        raise
    advance(progress, done, len(preview.rows))
    return tuple(receipts)


def take_back(replica: Replica, actor: Actor, receipts: Sequence[Receipt[ImportReport]]) -> None:
    """Undo the parts of an import, the last first."""
    for receipt in reversed(receipts):
        if receipt.inverse is not None:
            replica.execute(partial(UnitOfWork.revert, inverse=receipt.inverse), actor)


def parts(preview: Preview) -> Iterator[Preview]:
    """The rows of a preview in pieces that fit into one push each; a row counts its student, guardian and link."""
    rows: list[ImportRow] = []
    mutations = characters = 0
    for row in preview.rows:
        more = 1 if row.guardian is None else 3
        size = sum(len(str(value)) for value in row.values.values())
        if rows and (mutations + more > MOST_ROWS or characters + size > MOST_CHARACTERS):
            yield Preview(tuple(rows), (), ())
            rows, mutations, characters = [], 0, 0
        rows.append(row)
        mutations += more
        characters += size
    if rows:
        yield Preview(tuple(rows), (), ())


def _guardians(uow: UnitOfWork, preview: Preview) -> tuple[dict[GuardianKey, UUID], list[UUID]]:
    """Guardians by key: who is there already, and one for each that is new."""
    drafts = {row.guardian.key: row.guardian for row in preview.rows if row.guardian is not None}
    if not drafts:
        return {}, []
    known = {
        guardian_key(each.full_name, each.phone, each.email): each.id
        for each in all_guardians(uow.connection, uow.org_id)
    }
    wanted = {key: draft for key, draft in drafts.items() if key not in known}
    rows: list[dict[str, Value]] = [
        {"full_name": draft.full_name, "phone": draft.phone, "email": draft.email} for draft in wanted.values()
    ]
    made = uow.bulk(Guardian, rows)
    return known | dict(zip(wanted, made, strict=True)), made


def _links(preview: Preview, students: list[UUID], guardians: dict[GuardianKey, UUID]) -> Iterator[dict[str, Value]]:
    for student, row in zip(students, preview.rows, strict=True):
        if row.guardian is not None:
            guardian = guardians[row.guardian.key]
            yield {
                "id": link_id(student, guardian),
                "student_id": student,
                "guardian_id": guardian,
                "relation": row.guardian.relation,
            }
