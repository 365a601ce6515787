"""How well a typed text fits a command's name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.ui.shell.matching import fit


@pytest.mark.parametrize(
    ("text", "label"),
    [("new b", "New booking…"), ("book new", "New booking…"), ("nb", "New booking…"), ("no show", "No-show"),
     ("light", "Light, dark or system colours"), ("print", "Print…"), ("serv rat", "Services & rates")],
)  # fmt: skip
def test_meant(text: str, label: str) -> None:
    assert fit(text, label) is not None


@pytest.mark.parametrize("text", ["", "ethan", "booking newer", "n b c", "bn", "oking"])
def test_not_meant(text: str) -> None:
    assert fit(text, "New booking…") is None


def test_order() -> None:
    starts, words, initials = (
        fit("next", "Next free slot…"),
        fit("slot next", "Next free slot…"),
        fit("nfs", "Next free slot…"),
    )
    assert starts is not None
    assert words is not None
    assert initials is not None
    assert starts > words > initials
    shorter, longer = fit("print", "Print"), fit("print", "Print run-sheets")
    assert shorter is not None
    assert longer is not None
    assert shorter > longer


@given(st.text(max_size=20), st.text(max_size=40))
def test_any_text(text: str, label: str) -> None:
    score = fit(text, label)
    assert score is None or 1 <= score <= 100
