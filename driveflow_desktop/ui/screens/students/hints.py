"""Beside the forms of Students: who may be the same person, or is here already. No Qt."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from driveflow_desktop.domain.contacts import display_phone, normalise_phone
from driveflow_desktop.domain.identity.queries import school
from driveflow_desktop.domain.people.matching import Likeness, Traits, fold_name
from driveflow_desktop.domain.people.queries.guardians import guardians
from driveflow_desktop.domain.people.queries.students import Duplicate, find_duplicates
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.base import Connection
from driveflow_desktop.ui.ports import Desk
from driveflow_desktop.ui.words import tr

_CONTEXT: Final = "Students"
_MOST: Final = 3
_SHORTEST: Final = 3


@dataclass(frozen=True, slots=True)
class GuardianHint:
    """A guardian who is here already, and what is said of them."""

    id: UUID
    words: str


class Hints:
    """Looks up what is being typed; of several questions only the newest is answered."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def students(self, name: str, phone: str, answer: Callable[[tuple[Duplicate, ...]], None]) -> None:
        """Who shares the phone, the likeliest first; nobody while it is no phone yet."""
        org_id = self._desk.session.org_id

        def query(connection: Connection) -> tuple[Duplicate, ...]:
            try:
                number = normalise_phone(phone, school(connection, org_id).country)
            except UserError:
                return ()
            return find_duplicates(connection, org_id, Traits(fold_name(name), number), limit=_MOST)

        self._desk.read("students/hints", query, answer)

    def guardians(self, text: str, answer: Callable[[tuple[GuardianHint, ...]], None]) -> None:
        """Guardians whose name holds the text, once there are a few letters of it."""
        org_id = self._desk.session.org_id

        def query(connection: Connection) -> tuple[GuardianHint, ...]:
            if len(text.strip()) < _SHORTEST:
                return ()
            rows = guardians(connection, org_id, text=text, limit=_MOST).rows
            return tuple(
                GuardianHint(row.guardian.id, _link_words(row.guardian.full_name, row.guardian.phone)) for row in rows
            )

        self._desk.read("students/hints", query, answer)


def duplicate_words(found: Duplicate) -> str:
    """What is said of somebody who may be the same person."""
    if found.likeness is Likeness.PHONE:
        return tr(_CONTEXT, "{name} has the same phone").format(name=found.full_name)
    return tr(_CONTEXT, "{name} is here already").format(name=found.full_name)


def _link_words(name: str, phone: str | None) -> str:
    words = tr(_CONTEXT, "Link {name}").format(name=name)
    return f"{words} · {display_phone(phone)}" if phone else words
