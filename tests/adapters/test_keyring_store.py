"""Replica keys in the system's keyring, and which back ends are refused."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.backends.chainer import ChainerBackend
from keyring.errors import KeyringError, KeyringLocked, PasswordDeleteError

from driveflow_desktop.adapters.keyring_store import SERVICE, KeyringStore, is_safe, keys_for_new, keys_of
from driveflow_desktop.kernel.errors import Bug, UserError
from driveflow_desktop.store.cipher import KEY_VARIABLE
from driveflow_desktop.store.files import ReplicaFiles


class Vault(KeyringBackend):
    """A keyring as `keyring` defines it, in memory."""

    priority = 5  # type: ignore[assignment]

    def __init__(self) -> None:
        self.secrets: dict[tuple[str, str], str] = {}
        self.broken: KeyringError | None = None
        self.forgetful = False

    def _answer(self) -> None:
        if self.broken:
            raise self.broken

    def get_password(self, service: str, username: str) -> str | None:
        self._answer()
        return self.secrets.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._answer()
        if not self.forgetful:
            self.secrets[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._answer()
        if (service, username) not in self.secrets:
            raise PasswordDeleteError
        del self.secrets[service, username]


class PlaintextKeyring(Vault):
    """Named like the one of `keyrings.alt` that writes to a file."""


class AltStore(Vault):
    """As `keyrings.alt` installs it."""


AltStore.__module__ = "keyrings.alt.file"


class Chain(ChainerBackend):
    """A chain of given back ends."""

    def __init__(self, *members: KeyringBackend) -> None:
        self.members = members

    @property
    def backends(self) -> list[KeyringBackend]:
        return list(self.members)


def refused(act: object, *arguments: object) -> UserError:
    assert callable(act)
    with pytest.raises(UserError) as found:
        act(*arguments)
    return found.value


def test_a_key_is_kept_under_our_service_by_replica() -> None:
    vault, replica_id = Vault(), uuid4()
    store = KeyringStore(vault)
    key = store.create(replica_id)
    assert vault.secrets == {(SERVICE, str(replica_id)): key.raw.hex()}
    assert SERVICE == "driveflow"
    assert KeyringStore(vault).load(replica_id) == key
    assert KeyringStore(vault).create(uuid4()) != key


def test_a_key_is_never_replaced() -> None:
    vault, replica_id = Vault(), uuid4()
    store = KeyringStore(vault)
    store.create(replica_id)
    kept = dict(vault.secrets)
    with pytest.raises(Bug):
        store.create(replica_id)
    assert vault.secrets == kept


def test_forgetting_may_be_repeated() -> None:
    vault, replica_id = Vault(), uuid4()
    store = KeyringStore(vault)
    store.create(replica_id)
    store.forget(replica_id)
    store.forget(replica_id)
    assert refused(store.load, replica_id).code == "key_missing"


@pytest.mark.parametrize("backend", [null.Keyring(), fail.Keyring(), PlaintextKeyring(), AltStore()])
def test_a_back_end_that_keeps_nothing_secret_is_refused_by_name(backend: KeyringBackend) -> None:
    assert not is_safe(backend)
    for found in (backend, Chain(backend), Chain(null.Keyring(), backend)):
        problem = refused(KeyringStore, found)
        assert problem.code == "no_keyring"
        assert type(backend).__qualname__ in problem.message
        assert KEY_VARIABLE in problem.hint


def test_an_empty_chain_is_refused() -> None:
    assert refused(KeyringStore, Chain()).code == "no_keyring"


def test_of_a_chain_only_the_safe_member_is_used() -> None:
    plain, vault, replica_id = PlaintextKeyring(), Vault(), uuid4()
    store = KeyringStore(Chain(plain, vault))
    store.create(replica_id)
    assert not plain.secrets
    assert len(vault.secrets) == 1
    assert "Vault" in store.description


def test_a_keyring_that_forgets_at_once_is_refused() -> None:
    vault = Vault()
    vault.forgetful = True
    assert refused(KeyringStore(vault).create, uuid4()).code == "no_keyring"


@pytest.mark.parametrize("verb", ["create", "load", "forget"])
def test_a_locked_keyring_says_so(verb: str) -> None:
    vault = Vault()
    store = KeyringStore(vault)
    vault.broken = KeyringLocked()
    assert refused(getattr(store, verb), uuid4()).code == "keyring_locked"


def test_a_damaged_entry_is_no_key() -> None:
    vault, replica_id = Vault(), uuid4()
    vault.secrets[SERVICE, str(replica_id)] = "not a key"
    assert refused(KeyringStore(vault).load, replica_id).code == "invalid_key"


# -- which store --------------------------------------------------------------------------------------------------


def test_a_new_replicas_key_goes_to_the_best_place_there_is(tmp_path: Path) -> None:
    files, given = ReplicaFiles(tmp_path), {KEY_VARIABLE: "ab" * 32}
    assert keys_for_new(files, given, backend=Vault()).kind == "environment"
    assert keys_for_new(files, {}, backend=Vault()).kind == "keyring"
    assert keys_for_new(files, {}, lambda: "a long passphrase", null.Keyring()).kind == "passphrase"
    assert refused(keys_for_new, files, {}, None, null.Keyring()).code == "no_keyring"


@pytest.mark.parametrize("kind", ["keyring", "passphrase", "environment", "demo"])
def test_an_existing_replicas_key_is_looked_for_where_it_was_put(tmp_path: Path, kind: str) -> None:
    keys = keys_of(kind, ReplicaFiles(tmp_path), {}, lambda: "a long passphrase", Vault())
    assert keys.kind == kind


def test_a_passphrase_needs_someone_to_ask_and_an_unknown_place_a_newer_program(tmp_path: Path) -> None:
    files = ReplicaFiles(tmp_path)
    assert refused(keys_of, "passphrase", files, {}).code == "key_missing"
    assert refused(keys_of, "hardware-token", files, {}).code == "newer_version"


def test_ids_are_accounts() -> None:
    vault = Vault()
    replica_id = UUID(int=1)
    KeyringStore(vault).create(replica_id)
    assert (SERVICE, "00000000-0000-0000-0000-000000000001") in vault.secrets
