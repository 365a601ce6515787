"""What presenters may ask of the program, without a Qt type: reading, writing with undo, words, and going places."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.kernel.clock import Clock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.base import Connection
from driveflow_desktop.store.unit_of_work import Command, Receipt
from driveflow_desktop.sync.status import SyncStatus

if TYPE_CHECKING:  # the wire's types would make every start wait for msgspec
    from driveflow_desktop.sync.session_protocol import DevicesAnswer, InvitationAnswer, InvitationRequest

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


@dataclass(frozen=True, slots=True)
class SyncFacts:
    """Where this PC syncs, and as what: the service's address, this device's name, the e-mail signed in last."""

    address: str
    device: str
    email: str


class SyncPort(Protocol):
    """The sync engine as the program sees it. Nothing here waits; a school on this PC alone has none."""

    @property
    def status(self) -> SyncStatus:
        """Where the engine stands."""
        ...

    @property
    def facts(self) -> SyncFacts:
        """What stays the same from one state to the next."""
        ...

    def changed(self, listener: Callable[[Changes], None]) -> Callable[[], None]:
        """Call `listener` after each change, with the rows that a pull or an answer changed here (none: only the
        status did); from whatever thread. Returns what ends it.
        """
        ...

    def edited(self) -> None:
        """The desk committed something, which may be sent."""
        ...

    def sync_now(self) -> None:
        """Sync at once, and not by and by."""
        ...

    def sign_in(self, email: str, password: str, on_done: Callable[[], None], on_error: OnError) -> None:
        """Sign a person in on this PC; one of the two is called, from whatever thread."""
        ...

    def sign_out(self) -> None:
        """End the session; what waits stays on this PC."""
        ...

    def wipe(self) -> None:
        """Remove this PC's copy of the school for good, and end the program."""
        ...


class ServicePort(Protocol):
    """What only the service can do. Every call blocks until it answers, and raises `UserError`: never on the UI thread.

    `ScreenContext.service` runs them off it.
    """

    def invite(self, request: "InvitationRequest") -> "InvitationAnswer":
        """Invite a person into the school."""
        ...

    def devices(self) -> "DevicesAnswer":
        """The PCs that hold a copy of the school."""
        ...

    def revoke(self, device_id: UUID) -> None:
        """End a PC's access; it locks when it next asks."""
        ...


class CallService(Protocol):
    """Runs calls to the service off the UI thread, and answers on it."""

    def __call__(
        self, key: str, call: Callable[[ServicePort], T], on_result: Callable[[T], None], on_error: OnError
    ) -> None:
        """Run `call`; a newer one with the same key replaces an older one."""
        ...


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """A school to join: with the e-mail of an account, or (`code`) with an invitation and a name for the new one.

    `org_id` picks one of several schools.
    """

    address: str
    password: str
    email: str = ""
    code: str = ""
    full_name: str = ""
    org_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class JoinProgress:
    """How far the first sync is: rows taken, of rows in all (0: not known yet)."""

    taken: int
    total: int


class JoinPort(Protocol):
    """Joining a school and fetching it whole, before there is a program. The callbacks may come from any thread."""

    def join(
        self,
        request: JoinRequest,
        on_progress: Callable[[JoinProgress], None],
        on_done: Callable[[], None],
        on_error: OnError,
    ) -> None:
        """Sign in and fetch the school. `UserError("several_schools")` carries `memberships` to choose from."""
        ...

    def cancel(self) -> None:
        """Stop; `on_error` is called with "cancelled", and nothing of the school is left here."""
        ...
