"""A sync engine that does what a test says, and remembers what it was asked."""

from collections.abc import Callable
from dataclasses import dataclass, field

from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.sync.status import SyncState, SyncStatus
from driveflow_desktop.ui.ports import OnError, SyncFacts

SYNCED = SyncStatus(SyncState.SYNCED)
FACTS = SyncFacts("https://sync.harbour.example", "Front desk PC", "mia@example.com")


@dataclass
class FakeSync:
    """Implements `SyncPort`; the password that signs in is "right horse battery"."""

    status: SyncStatus = SYNCED
    facts: SyncFacts = FACTS
    asked: list[str] = field(default_factory=list)
    edits: int = 0
    listeners: list[Callable[[Changes], None]] = field(default_factory=list)

    def changed(self, listener: Callable[[Changes], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def become(self, status: SyncStatus, changes: Changes | None = None) -> None:
        """Another state, told to whoever listens."""
        self.status = status
        for listener in list(self.listeners):
            listener(changes or Changes())

    def edited(self) -> None:
        """Count what was committed."""
        self.edits += 1

    def sync_now(self) -> None:
        self.asked.append("sync")

    def sign_in(self, email: str, password: str, on_done: Callable[[], None], on_error: OnError) -> None:
        self.asked.append(f"sign in {email}")
        if password == "right horse battery":
            self.become(SyncStatus(SyncState.SYNCED))
            on_done()
        else:
            on_error(UserError("invalid_credentials", "E-mail or password is wrong.", hint="Try again."))

    def sign_out(self) -> None:
        self.asked.append("sign out")

    def wipe(self) -> None:
        self.asked.append("wipe")
