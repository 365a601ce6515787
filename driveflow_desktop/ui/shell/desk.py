"""The desk of a real window: commands through the bridge, inverses onto the undo stack, changes to the screens."""

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.kernel.clock import Clock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.base import Connection
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.store.unit_of_work import Actor, Command, Receipt, Revert, UnitOfWork
from driveflow_desktop.ui.ports import OnError, Session
from driveflow_desktop.ui.shell.bridge import Bridge
from driveflow_desktop.ui.shell.undo import Outcome, UndoStack

T = TypeVar("T")


class WindowDesk(QObject):
    """Implements `ui.ports.Desk` over one open replica."""

    changed = Signal(object)
    """Rows changed here: a `Changes`, for the screens that show them."""
    said = Signal(str, bool)
    """Words for a toast, and whether Undo belongs beside them."""
    asked_for = Signal(str, object)
    """A screen to open, and what it shows."""

    def __init__(
        self,
        replica: Replica,
        session: Session,
        actor: Actor,
        bridge: Bridge,
        undo: UndoStack,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._replica = replica
        self._session = session
        self._bridge = bridge
        self._undo = undo
        self._actor = actor

    @property
    def session(self) -> Session:
        """Who sits here."""
        return self._session

    @property
    def clock(self) -> Clock:
        """Where "now" comes from."""
        return self._replica.clock

    def read(
        self,
        key: str,
        query: Callable[[Connection], T],
        on_result: Callable[[T], None],
        on_error: OnError | None = None,
    ) -> None:
        """Run a query on a reader thread; a newer read with the same key replaces an older one."""
        replica = self._replica

        def run() -> T:
            with replica.reader() as connection:
                return query(connection)

        self._bridge.read(key, run, on_result, on_error)

    def write(
        self,
        label: str,
        command: Command[T],
        on_done: Callable[[Receipt[T]], None] | None = None,
        on_error: OnError | None = None,
    ) -> None:
        """Run a command on the writer thread, then remember, refresh and say it."""
        replica, actor = self._replica, self._actor

        def run() -> Receipt[T]:
            return replica.execute(command, actor)

        def done(receipt: Receipt[T]) -> None:
            if receipt.inverse is not None:
                self._undo.push(label, _step(replica, actor, receipt.inverse))
            if receipt.changes:
                self.changed.emit(receipt.changes)
                self.said.emit(" · ".join((label, *receipt.warnings)), receipt.inverse is not None)
            if on_done is not None:
                on_done(receipt)

        self._bridge.write(run, done, on_error or self.refuse)

    def say(self, text: str) -> None:
        """Show a short message."""
        self.said.emit(text, False)

    def refuse(self, error: UserError) -> None:
        """Say a refusal."""
        self.say(str(error))

    def open(self, screen_id: str, argument: object = None) -> None:
        """Go to a screen."""
        self.asked_for.emit(screen_id, argument)


def _step(replica: Replica, actor: Actor, inverse: Revert) -> Callable[[], Outcome]:
    """An undo step: the inverse command, whose own inverse is the redo."""

    def run() -> Outcome:
        receipt = replica.execute(lambda uow: _revert(uow, inverse), actor)
        back = receipt.inverse
        return Outcome(receipt.changes, None if back is None else _step(replica, actor, back))

    return run


def _revert(uow: UnitOfWork, inverse: Revert) -> Changes | None:
    uow.revert(inverse)
    return None
