from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.kernel.clock import FixedClock
from driveflow_desktop.kernel.ids import IdSource, derived_id

START = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def milliseconds(made: UUID) -> int:
    return made.int >> 80


def test_an_id_is_a_uuid_of_version_7_that_carries_the_clock() -> None:
    made = IdSource(FixedClock(START)).new()
    assert (made.version, made.variant) == (7, RFC_4122)
    assert milliseconds(made) == int(START.timestamp() * 1000)


@given(st.lists(st.integers(-10_000, 10_000), max_size=30))
def test_ids_grow_whatever_the_clock_does(jumps: list[int]) -> None:
    clock = FixedClock(START)
    ids = IdSource(clock)
    made = [ids.new()]
    for jump in jumps:
        clock.advance(timedelta(milliseconds=jump))
        made += [ids.new(), ids.new()]
    assert made == sorted(set(made))
    assert {one.version for one in made} == {7}


@pytest.mark.parametrize("bits", [lambda count: 0, lambda count: (1 << count) - 1])
def test_ids_grow_at_the_edges_of_the_random_bits(bits: object) -> None:
    ids = IdSource(FixedClock(START), random_bits=bits)
    made = [ids.new() for _ in range(5)]
    assert made == sorted(set(made))
    assert all((one.version, one.variant) == (7, RFC_4122) for one in made)


def test_a_restart_with_a_clock_set_back_goes_on_after_the_last_id() -> None:
    last = IdSource(FixedClock(START)).new()
    later = IdSource(FixedClock(START - timedelta(days=400)), after=last)
    assert later.new() > last


@given(st.uuids())
def test_every_id_that_was_seen_is_passed(seen: UUID) -> None:
    """Also those that are no UUIDv7, as far as a larger one exists."""
    ids = IdSource(FixedClock(START))
    seen = UUID(int=seen.int >> 1)
    ids.advance_past(seen)
    made = ids.new()
    assert made > seen
    assert (made.version, made.variant) == (7, RFC_4122)


def test_a_smaller_id_that_was_seen_changes_nothing() -> None:
    ids = IdSource(FixedClock(START))
    first = ids.new()
    ids.advance_past(UUID(int=1))
    assert ids.new() > first


def test_derived_ids_are_the_same_on_every_device() -> None:
    student, guardian = uuid4(), uuid4()
    assert derived_id(student, guardian, "link") == derived_id(student, str(guardian), "link")
    assert derived_id(student, guardian) != derived_id(guardian, student)
    assert derived_id(student).version == 5
