"""Instructors without Qt: the list, and the one that is picked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol
from uuid import UUID

from driveflow_desktop.domain.identity.rules import Action, can
from driveflow_desktop.domain.people.commands.instructors import (
    InstructorChanges,
    NewInstructor,
    create_instructor,
    edit_instructor,
)
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date
from driveflow_desktop.store.base import Connection
from driveflow_desktop.store.unit_of_work import Receipt
from driveflow_desktop.ui.editing import Field, Tone
from driveflow_desktop.ui.ports import Desk, OnError
from driveflow_desktop.ui.screens.instructors import words
from driveflow_desktop.ui.screens.instructors.reading import Colleague, InstructorDetail, read_colleagues, read_detail
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.words import tr

_CONTEXT: Final = "Instructors"


@dataclass(frozen=True, slots=True)
class PersonRow:
    """An instructor in the list."""

    id: UUID
    name: str
    subtitle: str
    active: bool
    pill: tuple[str, Tone] | None

    @property
    def spoken(self) -> str:
        """The row as one phrase."""
        return ", ".join(part for part in (self.name, self.subtitle, self.pill[0] if self.pill else "") if part)


@dataclass(frozen=True, slots=True)
class PersonPage:
    """The picked instructor in the side panel; `figures_title` names the fortnight."""

    id: UUID
    name: str
    subtitle: str
    active: bool
    fields: tuple[Field, ...]
    figures: tuple[tuple[str, str], ...]
    figures_note: str
    locked: str


class InstructorsView(Protocol):
    """What the presenter tells the screen."""

    def show_list(self, rows: tuple[PersonRow, ...]) -> None:
        """The list, as it is now."""
        ...

    def show_person(self, page: PersonPage | None) -> None:
        """The picked instructor, or nobody."""
        ...

    def show_detail(self, detail: InstructorDetail) -> None:
        """The hours of the picked instructor."""
        ...


class InstructorsPresenter:
    """Reads the list and one instructor, and changes people."""

    def __init__(self, desk: Desk, view: InstructorsView) -> None:
        self._desk = desk
        self._view = view
        self._picked: UUID | None = None

    @property
    def picked(self) -> UUID | None:
        """Who is picked."""
        return self._picked

    @property
    def locked(self) -> str:
        """Why the person may not add or change instructors, empty when they may."""
        if can(self._desk.session.role, Action.EDIT_INSTRUCTORS):
            return ""
        return tr(_CONTEXT, "Instructors are changed by the front desk.")

    def load(self) -> None:
        """Read the list and the picked instructor again."""
        org_id, today = self._desk.session.org_id, self._today()

        def query(connection: Connection) -> tuple[Colleague, ...]:
            return read_colleagues(connection, org_id, today)

        self._desk.read("instructors/list", query, self._listed)
        self._load_picked()

    def pick(self, instructor_id: UUID | None) -> None:
        """Show an instructor."""
        if instructor_id != self._picked:
            self._picked = instructor_id
            self._load_picked()

    def edit(self, field: str, text: str, done: Callable[[], None], refused: OnError) -> None:
        """Save what was typed into a field of the picked instructor."""
        picked = self._picked
        if picked is None:
            return
        try:
            changes = words.changes(field, text, self._today())
        except UserError as error:
            refused(error)
            return
        self._desk.write(
            _edit_label(field), lambda uow: edit_instructor(uow, picked, changes), lambda _receipt: done(), refused
        )

    def set_active(self, active: bool) -> None:
        """Let the picked instructor teach again, or no longer."""
        picked = self._picked
        if picked is None:
            return
        label = tr(_CONTEXT, "Teaches again") if active else tr(_CONTEXT, "No longer teaches; booked lessons stay")
        self._desk.write(label, lambda uow: edit_instructor(uow, picked, InstructorChanges(active=active)))

    def add(self, name: str, phone: str, email: str, added: Callable[[UUID], None], refused: OnError) -> None:
        """Add an instructor; the school's own buffer and share hold until others are typed."""
        request = NewInstructor(name, phone.strip() or None, email.strip() or None)

        def told(receipt: Receipt[UUID]) -> None:
            added(receipt.value)

        self._desk.write(tr(_CONTEXT, "Instructor added"), lambda uow: create_instructor(uow, request), told, refused)

    def _today(self) -> date:
        return local_date(self._desk.clock.now(), self._desk.session.tz)

    def _load_picked(self) -> None:
        picked, org_id, today = self._picked, self._desk.session.org_id, self._today()
        if picked is None:
            self._view.show_person(None)
            return

        def query(connection: Connection) -> InstructorDetail:
            return read_detail(connection, org_id, picked, today)

        self._desk.read("instructors/detail", query, self._detailed, self._gone)

    def _listed(self, found: tuple[Colleague, ...]) -> None:
        today = self._today()
        self._view.show_list(
            tuple(
                PersonRow(
                    each.facts.id,
                    each.facts.display_name,
                    words.subtitle(each),
                    each.facts.active,
                    words.licence_pill(each.facts, today),
                )
                for each in found
            )
        )

    def _detailed(self, detail: InstructorDetail) -> None:
        session = self._desk.session
        facts, period = detail.facts, detail.fortnight
        since = tr(_CONTEXT, "Instructor since {year}").format(year=facts.created_at.astimezone(session.tz).year)
        note = tr(_CONTEXT, "{first} to {last}").format(
            first=formats.day_short(period.first), last=formats.day_short(period.last)
        )
        page = PersonPage(
            facts.id,
            facts.display_name,
            since if facts.active else tr(_CONTEXT, "No longer teaches"),
            facts.active,
            words.fields(detail, session.role, self._today()),
            words.figures(period, session.currency),
            note,
            self.locked,
        )
        self._view.show_person(page)
        self._view.show_detail(detail)

    def _gone(self, _error: UserError) -> None:
        self._picked = None
        self._view.show_person(None)


def _edit_label(field: str) -> str:
    labels = {
        "display_name": tr(_CONTEXT, "Name changed"),
        "phone": tr(_CONTEXT, "Phone changed"),
        "email": tr(_CONTEXT, "E-mail changed"),
        "license_id": tr(_CONTEXT, "Licence changed"),
        "license_expires_on": tr(_CONTEXT, "Licence changed"),
        "travel_buffer_min": tr(_CONTEXT, "Buffer changed"),
        "max_lessons_per_day": tr(_CONTEXT, "Daily limit changed"),
        "colour": tr(_CONTEXT, "Colour changed"),
        "abn": tr(_CONTEXT, "ABN changed"),
        "gst_registered": tr(_CONTEXT, "GST registration changed"),
        "fee_bp": tr(_CONTEXT, "Share changed; it holds for lessons booked from now on"),
    }
    return labels.get(field, tr(_CONTEXT, "Bank details changed"))
