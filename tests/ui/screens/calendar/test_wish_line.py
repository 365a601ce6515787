"""One line of text as a wish for a lesson."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.ui.screens.calendar.wish_line import read_wish

TODAY = date(2026, 11, 24)
PLACES = ("Newtown", "Surry Hills", "Brighton-Le-Sands")


def test_the_line_of_the_picture() -> None:
    wish = read_wish("sam le 60 newtown next wed am", TODAY, PLACES)
    assert (wish.student, wish.minutes, wish.place, wish.part) == ("sam le", 60, "Newtown", "am")
    assert wish.first == wish.last == date(2026, 12, 2)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("next week", date(2026, 11, 30), date(2026, 12, 6)),
        ("this week", TODAY, date(2026, 11, 29)),
        ("fri", date(2026, 11, 27), date(2026, 11, 27)),
        ("3 dec", date(2026, 12, 3), date(2026, 12, 3)),
        ("", TODAY, TODAY + timedelta(days=14)),
    ],
)
def test_days(text: str, first: date, last: date) -> None:
    wish = read_wish(f"ethan {text}", TODAY, PLACES)
    assert (wish.first, wish.last, wish.student) == (first, last, "ethan")


def test_a_suburb_of_two_words_with_near_before_it() -> None:
    wish = read_wish("ethan near surry hills 90 minutes pm", TODAY, PLACES)
    assert (wish.student, wish.place, wish.minutes, wish.part) == ("ethan", "Surry Hills", 90, "pm")
    assert wish.preferred[0].start_minute == 12 * 60


def test_a_past_day_is_no_wish() -> None:
    assert read_wish("ethan yesterday", TODAY, PLACES).first == TODAY


@given(st.text(max_size=80))
def test_any_text_gives_a_wish_that_lies_ahead(text: str) -> None:
    wish = read_wish(text, TODAY, PLACES)
    assert TODAY <= wish.first <= wish.last
    assert wish.minutes is None or 15 <= wish.minutes <= 300
    assert set(wish.student.split()) <= set(text.split())


@pytest.mark.parametrize(
    ("text", "student", "teacher", "window", "minutes"),
    [
        ("sam fri 2pm", "sam", "", (14 * 60, 16 * 60), None),
        ("sam at 9:30 90", "sam", "", (9 * 60 + 30, 12 * 60), 90),
        ("sam le with dana reid pm", "sam le", "dana reid", (12 * 60, 24 * 60), None),
        ("with dana", "", "dana", None, None),
        ("sam 12:15pm 45 min", "sam", "", (12 * 60 + 15, 14 * 60), 45),
    ],
)
def test_times_and_instructors(
    text: str, student: str, teacher: str, window: tuple[int, int] | None, minutes: int | None
) -> None:
    wish = read_wish(text, TODAY, PLACES)
    assert (wish.student, wish.teacher, wish.window, wish.minutes) == (student, teacher, window, minutes)
