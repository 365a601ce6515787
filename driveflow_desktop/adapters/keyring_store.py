"""Replica keys in the system's keyring (Windows Credential Manager, macOS Keychain, Secret Service, KWallet)."""

from collections.abc import Callable, Mapping
from typing import Final, cast
from uuid import UUID

import keyring
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.errors import KeyringError, PasswordDeleteError

from driveflow_desktop.kernel.errors import Bug, UserError
from driveflow_desktop.store.cipher import (
    KEY_VARIABLE,
    DemoKeys,
    EnvironmentKeys,
    KeyStore,
    PassphraseKeys,
    parse_key,
    random_key,
)
from driveflow_desktop.store.files import ReplicaFiles
from driveflow_desktop.store.replica import ReplicaKey

SERVICE: Final = "driveflow"

# `keyring` falls back to these without a word: they keep nothing, or keep it in a file that anyone can read.
_UNSAFE_MODULES: Final = ("keyring.backends.null", "keyring.backends.fail", "keyrings.alt")
_UNSAFE_NAMES: Final = ("null", "fail", "plaintext")


class KeyringStore:
    """Keys kept by a keyring under the service `driveflow`, one account a replica.

    Raises `UserError("no_keyring")` where the only back ends are ones that we refuse.
    """

    kind = "keyring"

    def __init__(self, backend: KeyringBackend | None = None) -> None:
        self._backend = safe_backend(backend)

    @property
    def description(self) -> str:
        """The keyring in words."""
        return f"the keyring of this computer ({backend_name(self._backend)})"

    def create(self, replica_id: UUID) -> ReplicaKey:
        """Make a random key and keep it; a key that is there already is never replaced."""
        if self._read(replica_id) is not None:
            raise Bug("a new replica has a key already")
        key = random_key()
        try:
            self._backend.set_password(SERVICE, str(replica_id), key.raw.hex())
        except KeyringError as problem:
            raise self._locked() from problem
        if self._read(replica_id) != key.raw.hex():
            raise UserError("no_keyring", f"{self.description} did not keep the key.", hint="Use a passphrase instead.")
        return key

    def load(self, replica_id: UUID) -> ReplicaKey:
        """The replica's key."""
        found = self._read(replica_id)
        if found is None:
            raise UserError(
                "key_missing",
                f"{self.description} has no key for this replica.",
                hint="Sign in to this computer as the person who joined the school, or join it anew on this PC.",
            )
        try:
            return parse_key(found)
        except ValueError:
            raise UserError(
                "invalid_key", f"The key in {self.description} is damaged.", hint="Join the school anew on this PC."
            ) from None

    def forget(self, replica_id: UUID) -> None:
        """Remove the replica's key."""
        if self._read(replica_id) is None:
            return
        try:
            self._backend.delete_password(SERVICE, str(replica_id))
        except PasswordDeleteError as problem:
            raise self._locked() from problem

    def _read(self, replica_id: UUID) -> str | None:
        try:
            return self._backend.get_password(SERVICE, str(replica_id))
        except KeyringError as problem:
            raise self._locked() from problem

    def _locked(self) -> UserError:
        return UserError("keyring_locked", f"{self.description} did not answer.", hint="Unlock it, then try again.")


def backend_name(backend: KeyringBackend) -> str:
    """Module and class of a back end."""
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


def is_safe(backend: KeyringBackend) -> bool:
    """Whether a back end keeps secrets, and keeps them secret."""
    module, name = type(backend).__module__, type(backend).__qualname__.lower()
    unsafe_module = any(module == unsafe or module.startswith(f"{unsafe}.") for unsafe in _UNSAFE_MODULES)
    return not unsafe_module and not any(unsafe in name for unsafe in _UNSAFE_NAMES)


def safe_backend(backend: KeyringBackend | None = None) -> KeyringBackend:
    """A back end (the system's by default), or the first of a chain that is safe: a chain would pass a secret on to an
    unsafe one. Raises `UserError("no_keyring")` where there is none.
    """
    found = backend or keyring.get_keyring()
    chain = cast("list[KeyringBackend]", found.backends) if isinstance(found, ChainerBackend) else [found]
    for one in chain:
        if is_safe(one):
            return one
    names = ", ".join(map(backend_name, chain)) or backend_name(found)
    raise UserError(
        "no_keyring",
        f"This computer has no keyring that keeps secrets (found: {names}).",
        hint=f"Choose a passphrase instead, or set {KEY_VARIABLE} on a machine without a person.",
    )


def keys_for_new(
    files: ReplicaFiles,
    environment: Mapping[str, str],
    ask_passphrase: Callable[[], str] | None = None,
    backend: KeyringBackend | None = None,
) -> KeyStore:
    """Where the key of a new replica goes: the environment's when given, else the keyring, else a passphrase."""
    if environment.get(KEY_VARIABLE):
        return EnvironmentKeys(environment)
    try:
        return KeyringStore(backend)
    except UserError:
        if ask_passphrase is None:
            raise
        return PassphraseKeys(files.kdf, ask_passphrase)


def keys_of(
    kind: str,
    files: ReplicaFiles,
    environment: Mapping[str, str],
    ask_passphrase: Callable[[], str] | None = None,
    backend: KeyringBackend | None = None,
) -> KeyStore:
    """Where the key of an existing replica is, by the kind that stands beside it (`open_replica.read_identity`)."""
    if kind == DemoKeys.kind:
        return DemoKeys()
    if kind == EnvironmentKeys.kind:
        return EnvironmentKeys(environment)
    if kind == PassphraseKeys.kind:
        if ask_passphrase is None:
            raise UserError("key_missing", "This replica needs its passphrase.", hint="Run this in a terminal.")
        return PassphraseKeys(files.kdf, ask_passphrase)
    if kind == KeyringStore.kind:
        return KeyringStore(backend)
    raise UserError(
        "newer_version",
        f"This replica's key is kept in a way that this version does not know ({kind}).",
        hint="Update DriveFlow on this computer.",
    )
