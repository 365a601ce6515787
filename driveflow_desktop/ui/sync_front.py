"""The sync as the window shows it: the line at the foot, F5, signing in, and the lock."""

from typing import Final

from PySide6.QtCore import QObject, QTimer

from driveflow_desktop.kernel.clock import Clock
from driveflow_desktop.sync.status import SyncState, SyncStatus
from driveflow_desktop.ui.shell.sync_link import SyncLink
from driveflow_desktop.ui.shell.sync_words import sync_words
from driveflow_desktop.ui.shell.window import MainWindow
from driveflow_desktop.ui.sign_in import LockScreen, SignInDialog
from driveflow_desktop.ui.widgets.memory import Memory

PULSE_MS: Final = 1_000


class SyncFront(QObject):
    """Keeps the window true to the engine's state. Its clock reads no database: “12 s ago” only counts on."""

    def __init__(self, link: SyncLink, window: MainWindow, memory: Memory, clock: Clock, school: str) -> None:
        super().__init__(window)
        self._link, self._window, self._memory, self._clock, self._school = link, window, memory, clock, school
        self._locked = False
        self._pulse = QTimer(self)
        self._pulse.setInterval(PULSE_MS)
        self._pulse.timeout.connect(self.say)
        link.told.connect(self._told)
        window.status.sign_in_asked.connect(self.ask_sign_in)
        if link.is_joined:
            window.actions_.handle("sync.now", self.sync_now)

    def start(self) -> None:
        """Show the state, and keep it true."""
        self._told(self._link.status)
        if self._link.is_joined:
            self._pulse.start()

    def stop(self) -> None:
        """No clock any more."""
        self._pulse.stop()

    def say(self) -> None:
        """Write the line at the foot anew."""
        status = self._link.status
        self._window.status.set_sync(sync_words(status, self._clock.now()), status.waiting)

    def sync_now(self) -> None:
        """Sync at once, where somebody is signed in; else ask who it is."""
        if self._link.status.state is SyncState.SIGNED_OUT:
            self.ask_sign_in()
        else:
            self._link.sync_now()

    def ask_sign_in(self) -> None:
        """Open the sign-in."""
        if self._window.findChild(SignInDialog) is None:
            SignInDialog(self._link, self._memory, self._window).open()

    def _told(self, status: SyncStatus) -> None:
        self.say()
        locked = status.state is SyncState.LOCKED
        if locked and not self._locked:
            self._window.lock(LockScreen(self._link, self._memory, self._school))
        elif self._locked and not locked:
            self._window.unlock()
        self._locked = locked
