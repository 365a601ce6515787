"""What presenters may ask of the program, without a Qt type: reading, writing with undo, words, and going places."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.kernel.clock import Clock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.base import Connection
from driveflow_desktop.store.unit_of_work import Command, Receipt

T = TypeVar("T")
OnError: TypeAlias = Callable[[UserError], None]


@dataclass(frozen=True, slots=True)
class Session:
    """Who sits at the desk, in which school."""

    org_id: UUID
    org_name: str
    user_id: UUID
    user_name: str
    role: OrgRole
    tz: ZoneInfo
    currency: str = "AUD"
    locale: str = "en_AU"
    instructor_id: UUID | None = None


class Desk(Protocol):
    """The program as a presenter sees it. Everything is called on the UI thread and answers there, later."""

    @property
    def session(self) -> Session:
        """Who sits here."""
        ...

    @property
    def clock(self) -> Clock:
        """Where "now" comes from."""
        ...

    def read(
        self,
        key: str,
        query: Callable[[Connection], T],
        on_result: Callable[[T], None],
        on_error: OnError | None = None,
    ) -> None:
        """Run a query off the UI thread; a newer read with the same key replaces an older one."""
        ...

    def write(
        self,
        label: str,
        command: Command[T],
        on_done: Callable[[Receipt[T]], None] | None = None,
        on_error: OnError | None = None,
    ) -> None:
        """Run a command; then remember its inverse, refresh the screens that show what changed, and say `label`.

        `label` is what happened, as a person would say it ("Lesson moved"); it stands in the toast and in Undo. Without
        `on_error` a refusal is said in a toast.
        """
        ...

    def say(self, text: str) -> None:
        """Show a short message."""
        ...

    def open(self, screen_id: str, argument: object = None) -> None:
        """Go to a screen, to show `argument` there (usually an id)."""
        ...
