"""The session of a device in the system's keyring; it is never in a file."""

import logging
from typing import Final
from uuid import UUID

import msgspec
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError

from driveflow_desktop.sync.session import KeptSession

log = logging.getLogger(__name__)

SERVICE: Final = "driveflow-session"


class KeyringSessions:
    """A device's session under the service `driveflow-session`, one account a device.

    `backend` keeps secrets, and keeps them secret (`keyring_store.safe_backend`). A keyring that is locked, or does
    not answer, keeps nothing: the session lasts until the program ends then.
    """

    def __init__(self, backend: KeyringBackend, device_id: UUID) -> None:
        self._backend = backend
        self._account = str(device_id)

    def load(self) -> KeptSession | None:
        """The session, or None."""
        try:
            found = self._backend.get_password(SERVICE, self._account)
        except KeyringError:
            log.info("the keyring did not answer; a person signs in")
            return None
        try:
            return None if found is None else msgspec.json.decode(found, type=KeptSession)
        except msgspec.DecodeError:
            log.info("the kept session cannot be read; a person signs in")
            return None

    def save(self, session: KeptSession) -> None:
        """Keep the session."""
        try:
            self._backend.set_password(SERVICE, self._account, msgspec.json.encode(session).decode())
        except KeyringError:
            log.info("the keyring did not keep the session")

    def forget(self) -> None:
        """Keep it no longer."""
        try:
            if self._backend.get_password(SERVICE, self._account) is not None:
                self._backend.delete_password(SERVICE, self._account)
        except KeyringError:
            log.info("the keyring did not forget the session")
