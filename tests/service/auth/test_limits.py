"""Counting requests: by device, by address, by account; in bounded memory and by the real client."""

from ipaddress import ip_network
from uuid import uuid4

import pytest

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.auth.limits import RateLimits, client_address


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def allowed(ask, most: int = 1000) -> int:
    """How often one may ask until refused."""
    count = 0
    while count < most:
        try:
            ask()
        except UserError as problem:
            refused = problem
            break
        count += 1
    else:
        return most
    assert refused.code == "too_many_requests"
    assert 1 <= refused.details["retry_after"] <= 60
    return count


def test_a_device_has_300_at_once_and_100_a_second(seconds):
    limits, device = RateLimits(seconds), uuid4()
    assert allowed(lambda: limits.device(device)) == 300
    assert allowed(lambda: limits.device(uuid4())) == 1000, "other devices do not suffer"
    seconds.now += 1
    assert allowed(lambda: limits.device(device)) == 100
    seconds.now += 3600
    assert allowed(lambda: limits.device(device)) == 300


def test_an_address_has_60_a_minute(seconds):
    limits = RateLimits(seconds)
    assert allowed(lambda: limits.address("192.0.2.1")) == 60
    assert allowed(lambda: limits.address("192.0.2.2")) == 60
    seconds.now += 59
    assert allowed(lambda: limits.address("192.0.2.1")) == 0
    seconds.now += 1
    assert allowed(lambda: limits.address("192.0.2.1")) == 60


def test_an_account_has_10_wrong_passwords_a_minute_from_one_address(seconds):
    limits = RateLimits(seconds)
    assert allowed(lambda: limits.sign_in("jo@example.com", "192.0.2.1")) == 10
    assert allowed(lambda: limits.sign_in("jo@example.com", "192.0.2.2")) == 10
    assert allowed(lambda: limits.sign_in("al@example.com", "192.0.2.1")) == 10
    limits.signed_in("jo@example.com", "192.0.2.1")
    assert allowed(lambda: limits.sign_in("jo@example.com", "192.0.2.1")) == 10
    seconds.now += 60
    assert allowed(lambda: limits.sign_in("\ud800", "192.0.2.1")) == 10


def test_memory_is_bounded_and_the_longest_unseen_go(seconds):
    limits = RateLimits(seconds, entries=100)
    for number in range(1000):
        limits.address("192.0.2.1") if number < 60 else None
        limits.address(f"10.0.{number // 256}.{number % 256}")
        limits.device(uuid4())
        limits.sign_in(f"{number}@example.com", "192.0.2.1")
    assert [len(table) for table in (limits._addresses, limits._devices, limits._failures)] == [100] * 3


@pytest.mark.parametrize(
    ("peer", "said", "trusted", "found"),
    [
        ("192.0.2.1", None, [], "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", [], "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", ["10.0.0.0/8"], "192.0.2.1"),
        ("10.0.0.1", "198.51.100.7", ["10.0.0.0/8"], "198.51.100.7"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.7", ["10.0.0.0/8"], "198.51.100.7"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.7, 10.0.0.9", ["10.0.0.0/8"], "198.51.100.7"),
        ("10.0.0.1", "10.0.0.9", ["10.0.0.0/8"], "10.0.0.9"),
        ("::ffff:10.0.0.1", "198.51.100.7", ["10.0.0.0/8"], "198.51.100.7"),
        ("10.0.0.1", "nonsense", ["10.0.0.0/8"], "unknown"),
        ("2001:db8:1:2:3:4:5:6", None, [], "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", None, [], "192.0.2.1"),
        (None, None, [], "unknown"),
    ],
)
def test_the_address_is_the_clients_and_not_what_it_claims(peer, said, trusted, found):
    headers = {} if said is None else {"x-forwarded-for": said}
    assert client_address(headers, peer, [ip_network(network) for network in trusted]) == found
