"""The sync engine behind the desktop's ports: one thread that syncs, and calls to the service that a screen asks for.

Part of the desktop's composition root; imported only where a school has a service.
"""

import logging
import threading
from collections.abc import Callable
from typing import TypeAlias, TypeVar
from uuid import UUID

from driveflow_desktop.composition import default_actor
from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.kernel.errors import Bug, UserError
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.sync.outcomes import Answer, Failure
from driveflow_desktop.sync.session import Session, SessionStore
from driveflow_desktop.sync.session_protocol import (
    DevicesAnswer,
    InvitationAnswer,
    InvitationRequest,
    SignInRequest,
    SignOutRequest,
)
from driveflow_desktop.sync.status import SyncState, SyncStatus
from driveflow_desktop.sync.worker import Listeners
from driveflow_desktop.sync_composition import device_info, driver_of, error_of, service_of, sessions_of, value_of
from driveflow_desktop.ui.ports import OnError, SyncFacts

log = logging.getLogger(__name__)
T = TypeVar("T")
Entry: TypeAlias = tuple[str, str]
_Listener = Callable[[Changes], None]
_SOME_ROW = (UUID(int=0),)
"""Stands for rows that nobody listed, where a whole table may be another."""


class DesktopSync:
    """One engine over one open replica (`SyncPort` and `ServicePort`), from `start` to `stop`.

    For a school that has a service. `wiped` is true once the person asked for this PC's copy to
    be removed: the composition root does it when the replica is closed. `entry`, e-mail and password, signs in at the
    start where nobody is: for the demo, whose password is public.
    """

    def __init__(
        self, replica: Replica, folder: DataFolder, *, sessions: SessionStore | None = None, entry: Entry | None = None
    ) -> None:
        service = service_of(replica)
        actor = default_actor(replica)
        if service is None or actor.device_id is None:
            raise Bug("this school has no service")
        self.wiped = False
        self._service = service
        self._device = device_info(actor.device_id)
        self._session = Session(sessions or sessions_of(actor.device_id), actor.device_id)
        self._listeners: list[_Listener] = []
        self._lock = threading.Lock()
        self._status = SyncStatus(SyncState.SYNCING if self._session.user_id else SyncState.SIGNED_OUT)
        self._entry = entry
        self._quit: Callable[[], None] = lambda: None
        listeners = Listeners(status=self._shown, changed=self._tell, replaced=self._replaced)
        self._driver = driver_of(replica, folder, service, self._session, listeners)
        self._tables = frozenset(str(name) for name in replica.tables.tables)

    # -- life ---------------------------------------------------------------------------------------------------

    def start(self, quit_program: Callable[[], None]) -> None:
        """Begin to sync; `quit_program` ends the desktop, from any thread."""
        self._quit = quit_program
        self._driver.start()
        if self._entry is not None and self._session.user_id is None:
            self.sign_in(*self._entry, lambda: None, lambda error: log.warning("not signed in: %s", error.code))

    def stop(self) -> None:
        """End it, cutting what is under way."""
        self._driver.stop()
        self._service.close()

    # -- SyncPort -----------------------------------------------------------------------------------------------

    @property
    def status(self) -> SyncStatus:
        """Where the engine stands."""
        return self._status

    @property
    def facts(self) -> SyncFacts:
        """Where this PC syncs, and as what."""
        return SyncFacts(self._service.url, self._device.name, self._session.email or "")

    def changed(self, listener: _Listener) -> Callable[[], None]:
        """Call `listener` after each change, from the engine's thread; returns what ends it."""
        with self._lock:
            self._listeners.append(listener)

        def end() -> None:
            with self._lock:
                self._listeners.remove(listener)

        return end

    def edited(self) -> None:
        """The desk committed something."""
        self._driver.edited()

    def sync_now(self) -> None:
        """Sync at once."""
        self._driver.ask()

    def sign_in(self, email: str, password: str, on_done: Callable[[], None], on_error: OnError) -> None:
        """Sign a person in on this PC, on a thread of its own; one of the two is called there."""

        def ask() -> None:
            try:
                answer = value_of(self._service.sign_in(SignInRequest(email.strip(), password, self._device)))
            except UserError as error:
                on_error(error)
            else:
                self._driver.sign_in(answer)
                on_done()

        threading.Thread(target=ask, name="driveflow-sign-in", daemon=True).start()

    def sign_out(self) -> None:
        """End the session, here and on the service; what waits stays on this PC."""
        token = self._session.refresh_token
        self._driver.sign_out()
        if token is not None:

            def end() -> None:
                failure = self._service.sign_out(SignOutRequest(token))
                if failure is not None:
                    log.info("the service was not told of the sign-out: %s", failure.trouble.value)

            threading.Thread(target=end, name="driveflow-sign-out", daemon=True).start()

    def wipe(self) -> None:
        """Ask for the removal of this PC's copy, and end the program."""
        self.wiped = True
        self.sign_out()
        self._quit()

    # -- ServicePort --------------------------------------------------------------------------------------------

    def invite(self, request: InvitationRequest) -> InvitationAnswer:
        """Invite a person into the school."""
        return self._called(lambda token: self._service.invite(token, request))

    def devices(self) -> DevicesAnswer:
        """The PCs that hold a copy of the school."""
        return self._called(self._service.devices)

    def revoke(self, device_id: UUID) -> None:
        """End a PC's access."""
        failure = self._service.revoke(self._token(), device_id)
        if failure is not None:
            raise error_of(failure)

    def _called(self, call: Callable[[str], Answer[T] | Failure]) -> T:
        return value_of(call(self._token()))

    def _token(self) -> str:
        if not self._session.token:
            raise UserError("offline", "Not connected to the service just now.", hint="Try again when it is synced.")
        return self._session.token

    # -- what the engine tells ----------------------------------------------------------------------------------

    def _shown(self, status: SyncStatus) -> None:
        self._status = status
        self._tell(Changes())

    def _replaced(self) -> None:
        """The replica was fetched anew: every screen asks again."""
        self._tell(Changes(dict.fromkeys(self._tables, _SOME_ROW)))

    def _tell(self, changes: Changes) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(changes)
