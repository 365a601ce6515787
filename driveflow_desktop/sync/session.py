"""The session of one device: the tokens of whoever is signed in, and where they are kept between two starts."""

import logging
import threading
from typing import Protocol
from uuid import UUID, uuid4

import msgspec

from driveflow_desktop.sync.outcomes import Failure, Trouble
from driveflow_desktop.sync.service_port import Service
from driveflow_desktop.sync.session_protocol import RefreshRequest, SignInAnswer

log = logging.getLogger(__name__)


class KeptSession(msgspec.Struct, frozen=True):
    """What is kept of a session, in the keyring or nowhere.

    `rotation_id` is that of a refresh whose answer has not come: asking again with it is no reuse of a dead token.
    """

    user_id: UUID
    email: str
    refresh_token: str
    rotation_id: UUID | None = None

    def __repr__(self) -> str:
        return f"KeptSession({self.user_id}, …)"


class SessionStore(Protocol):
    """Where a session is kept. Nothing here raises: a keyring that does not answer keeps nothing."""

    def load(self) -> KeptSession | None:
        """The session, or None."""

    def save(self, session: KeptSession) -> None:
        """Keep the session."""

    def forget(self) -> None:
        """Keep it no longer."""


class MemorySessions:
    """Sessions that end with the program: where no keyring keeps secrets, a person signs in at each start."""

    def __init__(self) -> None:
        self._kept: KeptSession | None = None

    def load(self) -> KeptSession | None:
        """The session, or None."""
        return self._kept

    def save(self, session: KeptSession) -> None:
        """Keep the session."""
        self._kept = session

    def forget(self) -> None:
        """Keep it no longer."""
        self._kept = None


class Session:
    """The session in use. Safe from several threads: the worker renews it, the stream reads its token."""

    def __init__(self, store: SessionStore, device_id: UUID) -> None:
        self.device_id = device_id
        self._store = store
        self._lock = threading.Lock()
        self._kept = store.load()
        self._access = ""

    @property
    def user_id(self) -> UUID | None:
        """Who is signed in."""
        return None if self._kept is None else self._kept.user_id

    @property
    def email(self) -> str | None:
        """The address of who is signed in."""
        return None if self._kept is None else self._kept.email

    @property
    def token(self) -> str:
        """The access token; empty before the first refresh."""
        return self._access

    @property
    def refresh_token(self) -> str | None:
        """What `sign-out` ends."""
        return None if self._kept is None else self._kept.refresh_token

    def begin(self, answer: SignInAnswer) -> None:
        """Take the session of someone who has just signed in."""
        with self._lock:
            self._kept = KeptSession(answer.user.id, answer.user.email, answer.refresh_token)
            self._access = answer.access_token
            self._store.save(self._kept)

    def renew(self, service: Service) -> float | Failure:
        """Ask for a new pair; returns the seconds that its access token lives, or the trouble."""
        with self._lock:
            kept = self._kept
            if kept is None:
                return Failure(Trouble.SIGNED_OUT)
            if kept.rotation_id is None:
                # Kept before it is sent: after a crash the same question gets the same answer.
                kept = msgspec.structs.replace(kept, rotation_id=uuid4())
                self._keep(kept)
        request = RefreshRequest(kept.refresh_token, self.device_id, kept.rotation_id or uuid4())
        answer = service.refresh(request)
        if isinstance(answer, Failure):
            return answer
        with self._lock:
            if self._kept is None or self._kept.refresh_token != kept.refresh_token:
                return Failure(Trouble.SIGNED_OUT)  # signed out, or someone else in, meanwhile
            self._keep(msgspec.structs.replace(kept, refresh_token=answer.value.refresh_token, rotation_id=None))
            self._access = answer.value.access_token
        return float(answer.value.expires_in)

    def end(self) -> None:
        """Forget the tokens."""
        with self._lock:
            self._kept, self._access = None, ""
            self._store.forget()

    def _keep(self, kept: KeptSession) -> None:
        self._kept = kept
        self._store.save(kept)
