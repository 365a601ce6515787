"""Times and amounts as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.widgets.typed import parse_cents, parse_time


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("2:30pm", 14 * 60 + 30),
        ("2:30 PM", 14 * 60 + 30),
        ("1430", 14 * 60 + 30),
        ("230", 14 * 60 + 30),
        ("9", 9 * 60),
        ("9.15", 9 * 60 + 15),
        ("0915", 9 * 60 + 15),
        ("6", 18 * 60),
        ("7", 7 * 60),
        ("0630", 6 * 60 + 30),
        ("6am", 6 * 60),
        ("12", 12 * 60),
        ("12am", 0),
        ("12pm", 12 * 60),
        ("2p", 14 * 60),
        ("noon", 12 * 60),
        ("midnight", 0),
        ("2:30 p.m.", 14 * 60 + 30),
    ],
)
def test_times(text: str, minutes: int) -> None:
    assert parse_time(text) == minutes


@pytest.mark.parametrize("text", ["", "25", "2460", "13pm", "0am", "9:5", "9:60", "ethan", "1:2:3", "12345"])
def test_no_times(text: str) -> None:
    with pytest.raises(UserError, match="is not a time"):
        parse_time(text)


@given(st.integers(0, 1439))
def test_a_written_time_is_read_back(minutes: int) -> None:
    assert parse_time(formats.clock(minutes)) == minutes
    assert parse_time(f"{minutes // 60:02}{minutes % 60:02}") == minutes


@pytest.mark.parametrize(
    ("text", "cents"),
    [("95", 9500), ("95.5", 9550), ("95.05", 9505), ("$1,234.50", 123450), ("-20", -2000), ("0", 0), (" $ 7 ", 700)],
)
def test_amounts(text: str, cents: int) -> None:
    assert parse_cents(text) == cents


@pytest.mark.parametrize("text", ["", "95.005", "1,23", "ninety", "1.", ".5", "1e3", "--1", "95 dollars"])
def test_no_amounts(text: str) -> None:
    with pytest.raises(UserError, match="is not an amount"):
        parse_cents(text)


@given(st.integers(-10_000_000, 10_000_000))
def test_a_written_amount_is_read_back(cents: int) -> None:
    assert parse_cents(formats.money(cents)) == cents
