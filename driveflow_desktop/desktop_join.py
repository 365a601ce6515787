"""Joining a school from the first run: sign-in and first sync on a thread of their own, behind `ui.ports.JoinPort`."""

import logging
import os
import shutil
import threading
from collections.abc import Callable
from uuid import UUID

from driveflow_desktop.adapters.keyring_store import keys_for_new
from driveflow_desktop.composition import new_school
from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.cipher import PassphraseKeys
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.sync.driver import Driver
from driveflow_desktop.sync.session_protocol import AcceptInvitationRequest, Membership, SignInAnswer
from driveflow_desktop.sync.status import SyncState, SyncStatus
from driveflow_desktop.sync.transport import HttpService
from driveflow_desktop.sync.worker import Listeners
from driveflow_desktop.sync_composition import join_school, sign_in_to, value_of
from driveflow_desktop.ui.ports import JoinProgress, JoinRequest, OnError

log = logging.getLogger(__name__)
AskPassphrase = Callable[[], str]


class Joining:
    """Fetches a school into an empty folder. What did not end leaves nothing there."""

    def __init__(self, folder: DataFolder, ask_passphrase: AskPassphrase) -> None:
        self._folder = folder
        self._ask = ask_passphrase
        self._lock = threading.Lock()
        self._driver: Driver | None = None
        self._cancelled = False

    def join(
        self,
        request: JoinRequest,
        on_progress: Callable[[JoinProgress], None],
        on_done: Callable[[], None],
        on_error: OnError,
    ) -> None:
        """Sign in and fetch the school; called on the UI thread, where a passphrase is asked for if one is needed."""
        try:
            passphrase = self._passphrase()
        except UserError as error:
            on_error(error)
            return
        self._cancelled = False

        def run() -> None:
            try:
                self._run(request, passphrase, on_progress)
            except UserError as error:
                self._leave_nothing()
                on_error(error)
            except Exception:
                log.exception("joining failed")
                self._leave_nothing()
                on_error(UserError("internal", "DriveFlow met an error while joining.", hint="Try again."))
            else:
                on_done()

        threading.Thread(target=run, name="driveflow-join", daemon=True).start()

    def cancel(self) -> None:
        """Stop; what was fetched is removed."""
        with self._lock:
            self._cancelled = True
            driver = self._driver
        if driver is not None:
            driver.cancel_snapshot()

    def _run(self, request: JoinRequest, passphrase: str | None, on_progress: Callable[[JoinProgress], None]) -> None:
        def told(status: SyncStatus) -> None:
            if status.progress is not None:
                on_progress(JoinProgress(*status.progress))

        def opened() -> Replica:
            self._require_going_on()
            return new_school(self._folder, "DriveFlow", None if passphrase is None else lambda: passphrase)

        joined = join_school(
            self._folder,
            request.address,
            lambda service, device: _enter(service, request, device),
            opened,
            listeners=Listeners(status=told),
            begun=self._begun,
        )
        self._require_going_on()
        if joined.status.state is not SyncState.SYNCED:
            raise joined.status.problem or UserError(
                "offline", "The school could not be fetched whole.", hint="Check the connection, and try again."
            )

    def _begun(self, driver: Driver) -> None:
        with self._lock:
            self._driver = driver
        self._require_going_on()

    def _require_going_on(self) -> None:
        if self._cancelled:
            raise UserError("cancelled", "Stopped.")

    def _passphrase(self) -> str | None:
        """What the replica's key is made from, where no keyring keeps it."""
        keys = keys_for_new(self._folder.replica, os.environ, self._ask)
        return self._ask() if isinstance(keys, PassphraseKeys) else None

    def _leave_nothing(self) -> None:
        shutil.rmtree(self._folder.replica.folder, ignore_errors=True)


def _enter(service: HttpService, request: JoinRequest, device: UUID) -> tuple[SignInAnswer, Membership]:
    email, org = request.email, None if request.org_id is None else str(request.org_id)
    if request.code:
        invited = AcceptInvitationRequest(request.code, request.full_name, request.password)
        accepted = value_of(service.accept_invitation(invited))
        email, org = accepted.email, str(accepted.org_id)
    return sign_in_to(service, email, request.password, device, org)
