"""Sessions in the keyring: never in a file, and a keyring that fails is no reason to stop."""

from uuid import uuid4

import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail
from keyring.errors import KeyringError, KeyringLocked

from driveflow_desktop import sync_composition
from driveflow_desktop.adapters.session_store import SERVICE, KeyringSessions
from driveflow_desktop.sync.session import KeptSession, MemorySessions

SESSION = KeptSession(uuid4(), "ana@example.org", "a secret token", uuid4())


class Vault(KeyringBackend):
    """A keyring in memory that can be broken."""

    priority = 5  # type: ignore[assignment]

    def __init__(self) -> None:
        self.secrets: dict[tuple[str, str], str] = {}
        self.broken: KeyringError | None = None

    def get_password(self, service: str, username: str) -> str | None:
        if self.broken:
            raise self.broken
        return self.secrets.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.broken:
            raise self.broken
        self.secrets[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.secrets[service, username]


def test_a_session_comes_back_for_its_device_only():
    vault, device = Vault(), uuid4()
    KeyringSessions(vault, device).save(SESSION)
    assert KeyringSessions(vault, device).load() == SESSION
    assert KeyringSessions(vault, uuid4()).load() is None
    KeyringSessions(vault, device).forget()
    KeyringSessions(vault, device).forget()
    assert vault.secrets == {}


def test_a_locked_keyring_means_signing_in():
    vault, device = Vault(), uuid4()
    store = KeyringSessions(vault, device)
    store.save(SESSION)
    vault.broken = KeyringLocked()
    store.save(SESSION)
    store.forget()
    assert store.load() is None


def test_a_damaged_entry_means_signing_in():
    vault, device = Vault(), uuid4()
    vault.secrets[SERVICE, str(device)] = "{"
    assert KeyringSessions(vault, device).load() is None


def test_a_session_shows_no_secret():
    assert "secret" not in repr(SESSION)
    assert "ana" not in repr(SESSION)


def test_without_a_keyring_a_session_ends_with_the_program(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("keyring.get_keyring", fail.Keyring)
    assert isinstance(sync_composition.sessions_of(uuid4()), MemorySessions)
