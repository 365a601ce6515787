"""Passwords: which are good enough, and their Argon2id hashes."""

import functools
import secrets
import threading
import unicodedata
from collections.abc import Callable, Iterable
from typing import Final, Protocol, TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.resources import bundled

T = TypeVar("T")

SHORTEST: Final = 12
LONGEST: Final = 1_000
_FEWEST_KINDS: Final = 5
"""Different characters that a password has at least."""
_OWN_CHARACTERS: Final = 8
"""Characters that are left of a password at least when the words that everyone knows of its owner are taken out."""
_LONGEST_UNIT: Final = 7
"""Characters of a unit that does not get better by being repeated."""
_ROWS: Final = ("abcdefghijklmnopqrstuvwxyz", "0123456789", "1234567890", "qwertyuiopasdfghjklzxcvbnm", "azertyuiop")

# OWASP's password storage cheat sheet: Argon2id with 19 MiB, 2 passes, 1 lane.
_MEMORY_KIB: Final = 19 * 1024
_AT_ONCE: Final = 4
_IN_THE_ROOM: Final = 16


class Hasher(Protocol):
    """What we need of `argon2.PasswordHasher`."""

    def hash(self, password: bytes, /) -> str:
        """The encoded hash, with a salt of its own."""
        ...

    def verify(self, stored: str, password: bytes, /) -> bool:
        """Raises `VerificationError` when it is another's."""
        ...

    def check_needs_rehash(self, stored: str, /) -> bool:
        """Whether it was made with other parameters."""
        ...


def argon2id() -> Hasher:
    """The hasher of the service."""
    return argon2.PasswordHasher(time_cost=2, memory_cost=_MEMORY_KIB, parallelism=1, hash_len=32, salt_len=16)


class Passwords:
    """Hashes and compares, a few at a time: each holds 19 MiB, and a flood must not take the rest of the memory.

    Whoever would wait behind more than a short queue is sent away instead, so that sign-ins never hold every thread of
    the service.
    """

    def __init__(
        self, hasher: Hasher | None = None, *, at_once: int = _AT_ONCE, in_the_room: int = _IN_THE_ROOM
    ) -> None:
        self._hasher = hasher or argon2id()
        self._at_once = threading.BoundedSemaphore(at_once)
        self._room = threading.BoundedSemaphore(in_the_room)
        self._nobodys = self._hasher.hash(_bytes(secrets.token_urlsafe(32)))

    def hash(self, password: str) -> str:
        """What is stored of a password. Raises `UserError("too_many_requests")` when too many are being hashed."""
        return self._in_turn(lambda: self._hasher.hash(_bytes(password)))

    def verify(self, password: str, stored: str | None) -> bool:
        """Whether it is the one that was stored; for an account without one it takes as long, and is not.

        Raises like `hash`.
        """
        return self._in_turn(lambda: self._matches(password, stored))

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash was made with other parameters than ours, and should be made anew at this sign-in."""
        return self._hasher.check_needs_rehash(stored)

    def _matches(self, password: str, stored: str | None) -> bool:
        try:
            self._hasher.verify(self._nobodys if stored is None else stored, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    def _in_turn(self, act: Callable[[], T]) -> T:
        if not self._room.acquire(blocking=False):
            raise UserError("too_many_requests", "Many people sign in just now.", retry_after=1)
        try:
            with self._at_once:
                return act()
        finally:
            self._room.release()


def require_good_password(password: str, known: Iterable[str]) -> None:
    """Refuse (`invalid`) a password that is short, common, or made of what is `known` of its owner: names, address."""
    text = unicodedata.normalize("NFKC", password)
    if len(text) < SHORTEST:
        raise _refused(f"A password has {SHORTEST} characters or more.", "A few words in a row are easy to remember.")
    if len(text) > LONGEST:
        raise _refused(f"A password has {LONGEST:,} characters at most.", "Shorten it.")
    folded = text.casefold()
    if len(set(folded)) < _FEWEST_KINDS or _is_repetition(folded) or _is_walk(folded) or folded in _common():
        raise _refused("That password is among the first that anyone would try.", "Take a few unrelated words.")
    if len(_without(folded, known)) < _OWN_CHARACTERS:
        raise _refused("That password is made of names that others know.", "Take a few unrelated words.")


@functools.cache
def _common() -> frozenset[str]:
    lines = (bundled("resources") / "auth" / "common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _is_repetition(text: str) -> bool:
    """`abc123abc123`: a short unit, several times."""
    unit = (text + text).find(text, 1)
    return unit < len(text) and unit <= _LONGEST_UNIT


def _is_walk(text: str) -> bool:
    """`abcdefghijkl`, `0987654321098`: along the alphabet or a row of keys."""
    return any(text in row * (len(text) // len(row) + 2) for line in _ROWS for row in (line, line[::-1]))


def _without(text: str, known: Iterable[str]) -> str:
    """A password without punctuation and the words of `known`, the longest taken out first."""
    words = {word for phrase in (*known, "driveflow") for word in _words(phrase) if len(word) >= 4}
    rest = "".join(char for char in text if char.isalnum() or not char.isascii())
    for word in sorted(words, key=lambda word: (-len(word), word)):
        rest = rest.replace(word, "")
    return rest


def _words(phrase: str) -> set[str]:
    folded = unicodedata.normalize("NFKC", phrase).casefold()
    spaced = "".join(char if char.isalnum() else " " for char in folded)
    return {*spaced.split(), spaced.replace(" ", "")}


def _bytes(password: str) -> bytes:
    # NFKC, so that the same keys pressed on another system are the same password.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _refused(message: str, hint: str) -> UserError:
    return UserError("invalid", message, hint=hint, column="password")
