"""The key of a replica file: 32 random bytes, kept in the system's keyring or made from a passphrase, never in a file.

A `KeyStore` is where keys come from. The keyring's is in `adapters.keyring_store`; the others are here.
"""

import hashlib
import hmac
import json
import secrets
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast
from uuid import UUID

from argon2.low_level import Type, hash_secret_raw

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.files import write_durably
from driveflow_desktop.store.replica import ReplicaKey

KEY_VARIABLE: Final = "DRIVEFLOW_REPLICA_KEY"
SHORTEST_PASSPHRASE: Final = 12
PAGE_BYTES: Final = 4096

_HMAC_BYTES: Final = 64
_SALT_BYTES: Final = 16
_HMAC_SALT_MASK: Final = 0x3A
_HMAC_ROUNDS: Final = 2


class KeyStore(Protocol):
    """Where replica keys are kept."""

    @property
    def kind(self) -> str:
        """`keyring`, `passphrase`, `environment` or `demo`: noted beside the replica."""
        ...

    @property
    def description(self) -> str:
        """Where the keys are, in words."""
        ...

    def create(self, replica_id: UUID) -> ReplicaKey:
        """Make and keep the key of a new replica. Raises `UserError` when it cannot be kept."""
        ...

    def load(self, replica_id: UUID) -> ReplicaKey:
        """The key of a replica; `UserError("key_missing")` when there is none."""
        ...

    def forget(self, replica_id: UUID) -> None:
        """Remove the key, which makes the replica unreadable for good; nothing happens when there is none."""
        ...


PUBLIC_DEMO_KEY: Final = ReplicaKey(hashlib.sha256(b"DriveFlow demo school: this key is public").digest())
"""The key of every demo school. It protects nothing: it stands here, in public, for everyone to read."""


class DemoKeys:
    """The demo's one key, which is public."""

    kind = "demo"
    description = "the demo's key, which is public and protects nothing"

    def create(self, replica_id: UUID) -> ReplicaKey:  # noqa: ARG002
        """The public key."""
        return PUBLIC_DEMO_KEY

    def load(self, replica_id: UUID) -> ReplicaKey:  # noqa: ARG002
        """The public key."""
        return PUBLIC_DEMO_KEY

    def forget(self, replica_id: UUID) -> None:
        """Nothing is kept, so nothing is removed."""


class EnvironmentKeys:
    """A key given by `DRIVEFLOW_REPLICA_KEY`, for machines without a person or a keyring."""

    kind = "environment"
    description = f"the environment variable {KEY_VARIABLE}"

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def create(self, replica_id: UUID) -> ReplicaKey:
        """The key of the environment; it is the caller's to keep."""
        return self.load(replica_id)

    def load(self, replica_id: UUID) -> ReplicaKey:  # noqa: ARG002
        """The key of the environment."""
        given = self._environment.get(KEY_VARIABLE, "")
        if not given:
            raise UserError("key_missing", f"{KEY_VARIABLE} is not set.", hint="Set it to the replica's key.")
        try:
            return parse_key(given)
        except ValueError:
            raise UserError(
                "invalid_key", f"{KEY_VARIABLE} is not a key.", hint="A key is 64 hexadecimal digits."
            ) from None

    def forget(self, replica_id: UUID) -> None:
        """Nothing is kept here, so nothing is removed."""


def parse_key(text: str) -> ReplicaKey:
    """A key from its 64 hexadecimal digits; `ValueError` for anything else."""
    raw = bytes.fromhex(text)
    if len(raw) != 32 or len(text) != 64:
        raise ValueError("a key is 64 hexadecimal digits")
    return ReplicaKey(raw)


def random_key() -> ReplicaKey:
    """A new key from the system's random source."""
    return ReplicaKey(secrets.token_bytes(32))


@dataclass(frozen=True, slots=True)
class Argon2Cost:
    """What guessing one passphrase costs: RFC 9106's second recommendation, about 0.1 s on an office PC."""

    time_cost: int = 3
    memory_kib: int = 64 * 1024
    lanes: int = 4


_MOST: Final = Argon2Cost(time_cost=100, memory_kib=2 * 1024 * 1024, lanes=64)


class PassphraseKeys:
    """Keys made from a passphrase by Argon2id; salt and cost lie in a side file, the passphrase and key nowhere."""

    kind = "passphrase"
    description = "a passphrase that is asked for"

    def __init__(self, side_file: Path, ask: Callable[[], str], cost: Argon2Cost | None = None) -> None:
        self._side_file = side_file
        self._ask = ask
        self._cost = cost or Argon2Cost()

    def create(self, replica_id: UUID) -> ReplicaKey:
        """Ask for a passphrase, and write the side file that makes its key again."""
        if self._side_file.exists():
            raise UserError("exists", "There is a passphrase for this replica already.", hint="Open it with that one.")
        passphrase = self._ask()
        if len(passphrase) < SHORTEST_PASSPHRASE:
            raise UserError(
                "invalid",
                f"A passphrase needs at least {SHORTEST_PASSPHRASE} characters.",
                hint="Four unusual words are easy to remember and hard to guess.",
            )
        salt = secrets.token_bytes(16)
        note = {"replica_id": str(replica_id), "kdf": "argon2id", "salt": salt.hex(), **asdict(self._cost)}
        write_durably(self._side_file, json.dumps(note, indent=1).encode())
        return _stretch(passphrase, salt, self._cost)

    def load(self, replica_id: UUID) -> ReplicaKey:
        """Ask for the passphrase and make the key from it; a wrong passphrase shows when the file does not open."""
        salt, cost = self._read_side_file(replica_id)
        return _stretch(self._ask(), salt, cost)

    def forget(self, replica_id: UUID) -> None:  # noqa: ARG002
        """Remove the salt, without which no passphrase makes the key."""
        self._side_file.unlink(missing_ok=True)

    def _read_side_file(self, replica_id: UUID) -> tuple[bytes, Argon2Cost]:
        lost = UserError(
            "key_missing",
            f"The file {self._side_file.name}, which turns your passphrase into the key, is missing or damaged.",
            hint="Bring it back from a copy of this folder, or join the school anew on this PC.",
        )
        try:
            note = cast("dict[str, object]", json.loads(self._side_file.read_bytes()))
            salt = bytes.fromhex(str(note["salt"]))
            cost = Argon2Cost(*(int(str(note[name])) for name in ("time_cost", "memory_kib", "lanes")))
            known = note["kdf"] == "argon2id" and UUID(str(note["replica_id"])) == replica_id
        except (OSError, ValueError, KeyError, TypeError):
            raise lost from None
        if not known or len(salt) < 16 or not _reasonable(cost):
            raise lost
        return salt, cost


def _reasonable(cost: Argon2Cost) -> bool:
    """Whether a cost read from a file is one we would wait for."""
    return (
        1 <= cost.time_cost <= _MOST.time_cost
        and 8 * cost.lanes <= cost.memory_kib <= _MOST.memory_kib
        and 1 <= cost.lanes <= _MOST.lanes
    )


def _stretch(passphrase: str, salt: bytes, cost: Argon2Cost) -> ReplicaKey:
    # The same words typed on a Mac and on Windows may differ in composition (é as one character or as two).
    words = unicodedata.normalize("NFKC", passphrase).encode("utf-8", "surrogatepass")
    raw = hash_secret_raw(words, salt, cost.time_cost, cost.memory_kib, cost.lanes, hash_len=32, type=Type.ID)
    return ReplicaKey(raw)


def key_fits(file: BinaryIO, size: int, key: ReplicaKey) -> bool:
    """Whether `key` opens an encrypted file, asked of the bytes alone.

    SQLite is not asked, because closing a file that did not open still moves its log: with a wrong key that would
    change the folder. SQLCipher signs every page (HMAC-SHA512, sqlcipher.net/design); any page signed by this key
    proves it. More than the first is looked at, because a power cut may have torn one that the log repairs.
    """
    pages = size // PAGE_BYTES
    candidates = [number for number in (1, 2, 3, pages // 2, pages) if 1 <= number <= pages]
    signing = _signing_key(file, key)
    return any(_is_signed(file, number, signing) for number in candidates)


def every_page_fits(file: BinaryIO, size: int, key: ReplicaKey) -> bool:
    """Whether every page that is there was written with `key` and is whole."""
    signing = _signing_key(file, key)
    return all(_is_signed(file, number, signing) for number in range(1, size // PAGE_BYTES + 1))


def _signing_key(file: BinaryIO, key: ReplicaKey) -> bytes:
    file.seek(0)
    salt = bytes(byte ^ _HMAC_SALT_MASK for byte in file.read(_SALT_BYTES))
    return hashlib.pbkdf2_hmac("sha512", key.raw, salt, _HMAC_ROUNDS, 32)


def _is_signed(file: BinaryIO, number: int, signing: bytes) -> bool:
    file.seek((number - 1) * PAGE_BYTES)
    page = file.read(PAGE_BYTES)
    body, signature = page[:-_HMAC_BYTES], page[-_HMAC_BYTES:]
    if number == 1:
        body = body[_SALT_BYTES:]
    expected = hmac.new(signing, body + number.to_bytes(4, "little"), "sha512").digest()
    return hmac.compare_digest(expected, signature)
