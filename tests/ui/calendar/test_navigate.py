"""Where the arrows lead."""

import pytest

from driveflow_desktop.ui.calendar.layout import GridLayout, PagePlan
from driveflow_desktop.ui.calendar.navigate import Direction, first_lesson, step_from
from driveflow_desktop.ui.calendar.snapshot import CalendarPage
from tests.ui.calendar.pages import lesson_id, picture_day

LAYOUT = GridLayout(PagePlan(picture_day()), 836, 66.0, 118)
TITLES = {one.id: one.title for one in LAYOUT.plan.page.lessons}
IDS = {title: key for key, title in TITLES.items()}


@pytest.mark.parametrize(
    ("start", "direction", "end"),
    [
        ("Priya Nair", Direction.EARLIER, "Oliver Tan"),
        ("Oliver Tan", Direction.EARLIER, "Oliver Tan"),
        ("Priya Nair", Direction.LATER, "Jack Moreau"),
        ("Lachlan Hughes", Direction.LATER, "Lachlan Hughes"),
        ("Jack Moreau", Direction.RIGHT, "Noah Sato"),
        ("Noah Sato", Direction.LEFT, "Priya Nair"),
        ("Oliver Tan", Direction.LEFT, "Oliver Tan"),
        ("Kai Morrison", Direction.RIGHT, "Kai Morrison"),
        ("Jack Moreau", Direction.FIRST, "Oliver Tan"),
        ("Jack Moreau", Direction.LAST, "Lachlan Hughes"),
        ("Oliver Tan", Direction.PAGE_LATER, "Jack Moreau"),
        ("Lachlan Hughes", Direction.PAGE_EARLIER, "Jack Moreau"),
    ],
)
def test_steps(start: str, direction: Direction, end: str) -> None:
    found = step_from(LAYOUT, IDS[start], direction)
    assert found is not None
    assert TITLES[found] == end


def test_a_lesson_that_is_not_there_leads_nowhere() -> None:
    assert step_from(LAYOUT, lesson_id(999), Direction.LATER) is None


def test_the_first_is_the_earliest_in_view_else_of_the_page() -> None:
    top = LAYOUT.y_of(12 * 60 + 10)
    seen = first_lesson(LAYOUT, (0, top, 836, top + 400))
    assert seen == IDS["Kai Morrison"]
    nowhere = first_lesson(LAYOUT, (0, 0, 836, 10))
    assert nowhere == IDS["Zara Haddad"]
    assert first_lesson(GridLayout(PagePlan(CalendarPage()), 800, 66.0, 118), (0, 0, 800, 800)) is None
