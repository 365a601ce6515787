"""The sync engine on the UI thread: what its port tells from any thread arrives here as signals."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.sync.status import SyncState, SyncStatus
from driveflow_desktop.ui.ports import OnError, SyncFacts, SyncPort
from driveflow_desktop.ui.shell.ui_thread import UiThread

_LOCAL = SyncStatus(SyncState.LOCAL)
_NOWHERE = SyncFacts("", "", "")


class SyncLink(QObject):
    """One engine, or none: then the school lives on this PC alone and every request does nothing."""

    told = Signal(object)
    """The `SyncStatus` is another one."""
    rows_changed = Signal(object)
    """The engine changed rows: a `Changes`, for the screens."""

    def __init__(self, port: SyncPort | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._port = port
        self._ui = UiThread(self)
        self._end = None if port is None else port.changed(self._arrived)

    @property
    def is_joined(self) -> bool:
        """Whether there is a service."""
        return self._port is not None

    @property
    def status(self) -> SyncStatus:
        """Where the engine stands now."""
        return _LOCAL if self._port is None else self._port.status

    @property
    def facts(self) -> SyncFacts:
        """Where this PC syncs, and as what."""
        return _NOWHERE if self._port is None else self._port.facts

    @Slot()
    def edited(self) -> None:
        """The desk committed something."""
        if self._port is not None:
            self._port.edited()

    def sync_now(self) -> None:
        """Sync at once."""
        if self._port is not None:
            self._port.sync_now()

    def sign_in(self, email: str, password: str, on_done: Callable[[], None], on_error: OnError) -> None:
        """Sign a person in; the answer comes on this thread."""
        if self._port is not None:
            later = self._ui.later
            self._port.sign_in(email, password, lambda: later(on_done), lambda error: later(partial(on_error, error)))

    def sign_out(self) -> None:
        """End the session."""
        if self._port is not None:
            self._port.sign_out()

    def wipe(self) -> None:
        """Remove this PC's copy for good."""
        if self._port is not None:
            self._port.wipe()

    def close(self) -> None:
        """Hear no more of the engine."""
        self._ui.close()
        if self._end is not None:
            self._end()
            self._end = None

    def _arrived(self, changes: Changes) -> None:
        self._ui.later(partial(self._take, changes))

    def _take(self, changes: Changes) -> None:
        self.told.emit(self.status)
        if changes:
            self.rows_changed.emit(changes)
