"""Which passwords are taken, and that looking one up says nothing about the account."""

import threading

import argon2
import pytest

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.auth.passwords import Passwords, argon2id, require_good_password

QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
KNOWN = ("jo.hart@harbour.example", "Jo Hart-Whitlock", "Harbour Driving School")


@pytest.mark.parametrize(
    "password",
    [
        "correct zebra battery",
        "tulpen-im-november",
        "🚗🚕🚙🛻🚌🚎🏎️🚓🚑🚒🚐🛵",
        "пароль-из-четырёх-слов",
        "x9#kQ2!pLm7v",
        "Harbour has nine boats",
    ],
)
def test_good_passwords(password):
    require_good_password(password, KNOWN)


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "eleven chrs",
        "aaaaaaaaaaaaaaaa",
        "121212121212",
        "abc123abc123abc123",
        "hellohellohello",
        "abcdefghijklm",
        "zyxwvutsrqpon",
        "1234567890123",
        "qwertyuiopas",
        "Password1234",
        "CorrectHorseBatteryStaple",
        "jo.hart@harbour.example",
        "Hart-Whitlock-2026",
        "harbour driving 12",
        "driveflow2026!",
        "x" * 1001,
        "ﬁﬁﬁﬁﬁﬁ",
    ],
)
def test_bad_passwords(password):
    with pytest.raises(UserError) as refused:
        require_good_password(password, KNOWN)
    assert (refused.value.code, refused.value.column) == ("invalid", "password")
    assert password not in str(refused.value)


def test_a_hash_is_of_one_password_and_made_with_todays_parameters():
    passwords = Passwords()
    stored = passwords.hash("correct zebra battery")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert len(stored) <= 200
    assert passwords.verify("correct zebra battery", stored)
    assert not passwords.verify("correct zebra batterx", stored)
    assert not passwords.is_outdated(stored)
    assert passwords.is_outdated(QUICK.hash("x"))


def test_the_same_keys_on_another_system_are_the_same_password():
    passwords = Passwords(QUICK)
    assert passwords.verify("Cafe\u0301 am See 12", passwords.hash("Caf\u00e9 am See 12"))


@pytest.mark.parametrize("stored", [None, "", "plain", "$argon2id$nonsense"])
def test_an_account_without_a_password_takes_none(stored):
    assert not Passwords(QUICK).verify("anything at all", stored)


class Gate:
    """A hasher that waits until it is let go, and counts who is in."""

    def __init__(self) -> None:
        self.inside = 0
        self.most = 0
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Semaphore(0)
        self._lock = threading.Lock()

    def hash(self, password: bytes, /) -> str:
        return "hash"

    def verify(self, stored: str, password: bytes, /) -> bool:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.entered.release()
        assert self.open.wait(30)
        with self._lock:
            self.inside -= 1
        return True

    def check_needs_rehash(self, stored: str, /) -> bool:
        return False


def test_a_few_at_once_a_few_wait_and_the_rest_is_sent_away():
    gate = Gate()
    passwords = Passwords(gate, at_once=2, in_the_room=3)
    gate.open.clear()
    threads = [threading.Thread(target=passwords.verify, args=("x", "hash")) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert gate.entered.acquire(timeout=30)
    waiting = threading.Thread(target=passwords.verify, args=("x", "hash"))
    waiting.start()
    refused = None
    while refused is None:  # until the third has taken its place in the room
        if not passwords._room.acquire(blocking=False):
            with pytest.raises(UserError) as refused:
                passwords.verify("x", "hash")
        else:
            passwords._room.release()
    assert refused.value.details["retry_after"] == 1
    gate.open.set()
    for thread in (*threads, waiting):
        thread.join(30)
    assert gate.most == 2
    assert passwords.verify("x", "hash"), "the room is free again"


def test_the_services_hasher_is_argon2id():
    assert argon2id().hash(b"x").startswith("$argon2id$")
