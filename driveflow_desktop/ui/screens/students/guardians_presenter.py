"""The list of guardians without Qt: its pages, and what is typed into its cells."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from driveflow_desktop.domain.contacts import display_phone
from driveflow_desktop.domain.identity.rules import Action, can
from driveflow_desktop.domain.paging import Page
from driveflow_desktop.domain.people.commands.guardians import GuardianChanges, delete_guardian, edit_guardian
from driveflow_desktop.domain.people.queries.guardians import GuardianKey, GuardianRow, Ward, guardians
from driveflow_desktop.store.base import Connection
from driveflow_desktop.ui.editing import Cell
from driveflow_desktop.ui.ports import Desk, OnError
from driveflow_desktop.ui.words import tr

_CONTEXT: Final = "Guardians"


@dataclass(frozen=True, slots=True)
class GuardianEntry:
    """A guardian in the list; `first_student` is whom to show when the entry is opened."""

    id: UUID
    name: str
    phone: str
    email: str
    students: str
    first_student: UUID | None


class GuardiansPresenter:
    """Reads guardians by name and changes them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def page(
        self,
        text: str,
        after: GuardianKey | None,
        limit: int,
        answer: Callable[[Page[GuardianEntry, GuardianKey]], None],
    ) -> None:
        """A page of the guardians whose name, phone or e-mail holds a text."""
        org_id = self._desk.session.org_id

        def query(connection: Connection) -> Page[GuardianEntry, GuardianKey]:
            found = guardians(connection, org_id, text=text, after=after, limit=limit)
            return Page(tuple(_entry(row) for row in found.rows), found.next_key)

        self._desk.read("students/guardians", query, answer)

    def cell(self, entry: GuardianEntry, column: str) -> Cell | None:
        """What can be typed in a cell."""
        lock = "" if self._may else tr(_CONTEXT, "Guardians are changed by the front desk.")
        cells = {
            "name": Cell(tr(_CONTEXT, "Name"), entry.name, locked=lock),
            "phone": Cell(tr(_CONTEXT, "Phone"), entry.phone, locked=lock),
            "email": Cell(tr(_CONTEXT, "E-mail"), entry.email, locked=lock),
        }
        return cells.get(column)

    def save(self, entry: GuardianEntry, column: str, text: str, done: Callable[[], None], refused: OnError) -> None:
        """Keep a cell as typed."""
        given = text.strip() or None
        changes = {
            "name": GuardianChanges(full_name=text),
            "phone": GuardianChanges(phone=given),
            "email": GuardianChanges(email=given),
        }[column]
        self._desk.write(
            tr(_CONTEXT, "Guardian changed"),
            lambda uow: edit_guardian(uow, entry.id, changes),
            lambda _receipt: done(),
            refused,
        )

    def remove(self, entry: GuardianEntry) -> None:
        """Remove a guardian from every student and from the list."""
        if self._may:
            self._desk.write(tr(_CONTEXT, "Guardian removed"), lambda uow: delete_guardian(uow, entry.id))

    @property
    def _may(self) -> bool:
        return can(self._desk.session.role, Action.EDIT_PEOPLE)


def _entry(row: GuardianRow) -> GuardianEntry:
    facts = row.guardian
    return GuardianEntry(
        facts.id,
        facts.full_name,
        display_phone(facts.phone) if facts.phone else "",
        facts.email or "",
        ", ".join(_ward(ward) for ward in row.wards),
        row.wards[0].student_id if row.wards else None,
    )


def _ward(ward: Ward) -> str:
    words = f"{ward.full_name} ({ward.relation})" if ward.relation else ward.full_name
    return tr(_CONTEXT, "{student} · pays").format(student=words) if ward.is_payer else words
