from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.domain.execution.rules import DrivenMinutes, logbook_credit
from driveflow_desktop.domain.people.rules.licences import logbook_rule
from driveflow_desktop.kernel.errors import UserError

NSW, VIC = (logbook_rule(region, date(2026, 11, 24)) for region in ("NSW", "VIC"))


@pytest.mark.parametrize(
    ("day", "night", "before", "expected"),
    [
        (60, 0, 0, (180, 0)),
        (0, 60, 0, (180, 60)),
        (60, 0, 600, (60, 0)),
        (90, 0, 570, (150, 0)),
        (60, 0, 700, (60, 0)),
        (0, 0, 0, (0, 0)),
    ],
)
def test_an_hour_counts_three_up_to_ten_hours_and_the_bonus_is_day(
    day: int, night: int, before: int, expected: tuple[int, int]
) -> None:
    assert logbook_credit(DrivenMinutes(day, night), NSW, before) == expected


def test_elsewhere_a_minute_is_a_minute() -> None:
    assert logbook_credit(DrivenMinutes(50, 10), VIC) == (60, 10)
    assert logbook_credit(DrivenMinutes(50, 10), None) == (60, 10)


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), max_size=20))
def test_the_bonus_of_all_lessons_together_is_that_of_one_long_lesson(lessons: list[tuple[int, int]]) -> None:
    earned = before = 0
    for day, night in lessons:
        credit = logbook_credit(DrivenMinutes(day, night), NSW, before)
        assert credit.night_minutes == night
        earned += credit.minutes
        before += day + night
    assert earned == logbook_credit(DrivenMinutes(before), NSW).minutes
    assert earned <= before + 1200


def test_negative_minutes_are_refused() -> None:
    with pytest.raises(UserError):
        logbook_credit(DrivenMinutes(-1), NSW)
