"""The demo schools keep every rule that the program knows."""

import pytest

from tests.demo.checks import CHECKS, Check
from tests.demo.conftest import Made


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_small_school(small: Made, check: Check) -> None:
    with small.reading() as connection:
        assert list(check(connection, small.demo)) == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_middle_school(middle: Made, check: Check) -> None:
    with middle.reading() as connection:
        assert list(check(connection, middle.demo)) == []
