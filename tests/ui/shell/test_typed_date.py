"""Dates as people type them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.shell.typed_date import parse_date

TUESDAY = date(2026, 11, 24)
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
NAMES = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("today", TUESDAY),
        ("tomorrow", date(2026, 11, 25)),
        ("tom", date(2026, 11, 25)),
        ("yesterday", date(2026, 11, 23)),
        ("fri", date(2026, 11, 27)),
        ("Friday", date(2026, 11, 27)),
        ("tue", date(2026, 12, 1)),
        ("next wed", date(2026, 12, 2)),
        ("next mon", date(2026, 11, 30)),
        ("this mon", date(2026, 11, 23)),
        ("last fri", date(2026, 11, 20)),
        ("last tue", date(2026, 11, 17)),
        ("next week", date(2026, 11, 30)),
        ("+2w", date(2026, 12, 8)),
        ("+ 3 d", date(2026, 11, 27)),
        ("+3", date(2026, 11, 27)),
        ("-1 week", date(2026, 11, 17)),
        ("+3m", date(2027, 2, 24)),
        ("3 dec", date(2026, 12, 3)),
        ("3dec", date(2026, 12, 3)),
        ("Dec 3", date(2026, 12, 3)),
        ("3rd december 2027", date(2027, 12, 3)),
        ("24 sept", date(2027, 9, 24)),
        ("13 nov", date(2026, 11, 13)),
        ("3/12", date(2026, 12, 3)),
        ("3/12/26", date(2026, 12, 3)),
        ("3.12.2026", date(2026, 12, 3)),
        ("2026-12-03", date(2026, 12, 3)),
        ("Tue, 24 Nov 2026", TUESDAY),
        ("29 feb", date(2028, 2, 29)),
        ("31 nov", None),
        ("ethan", None),
        ("fr", None),
        ("mari", None),
        ("60", None),
        ("0412", None),
        ("", None),
        ("+9999m", None),
        ("1/1/1999", None),
        ("3/13", None),
    ],
)
def test_examples(text: str, expected: date | None) -> None:
    assert parse_date(text, TUESDAY) == expected


@given(st.text(max_size=30), DAYS)
def test_anything_typed_is_a_date_of_the_century_or_nothing(text: str, today: date) -> None:
    found = parse_date(text, today)
    assert found is None or date(2000, 1, 1) <= found <= date(2099, 12, 31)


@given(DAYS, DAYS)
def test_what_the_program_writes_it_reads(day: date, today: date) -> None:
    for written in (formats.day(day), day.isoformat(), f"{day.day}/{day.month}/{day.year}"):
        assert parse_date(written, today) == day


@given(st.sampled_from(NAMES), st.dates(date(2000, 2, 1), date(2099, 11, 1)), st.integers(3, 9))
def test_weekdays(name: str, today: date, letters: int) -> None:
    coming = parse_date(name[:letters], today)
    following = parse_date(f"next {name}", today)
    assert coming is not None
    assert following is not None
    assert coming.weekday() == following.weekday() == NAMES.index(name)
    assert 1 <= (coming - today).days <= 7
    assert following.isocalendar()[:2] == (today + timedelta(days=7)).isocalendar()[:2]


@given(st.dates(date(2010, 1, 1), date(2090, 1, 1)), st.integers(0, 400), st.sampled_from("+-"))
def test_offsets(today: date, amount: int, sign: str) -> None:
    days = amount if sign == "+" else -amount
    assert parse_date(f"{sign}{amount}d", today) == today + timedelta(days=days)
    assert parse_date(f"{sign}{amount}w", today) == (
        found if date(2000, 1, 1) <= (found := today + timedelta(days=7 * days)) <= date(2099, 12, 31) else None
    )


@given(st.dates(date(2001, 1, 1), date(2090, 1, 1)), st.integers(-60, 300))
def test_without_a_year_the_near_one_is_meant(today: date, ahead: int) -> None:
    day = today + timedelta(days=ahead)
    if (day.month, day.day) != (2, 29):
        assert parse_date(f"{day.day}/{day.month}", today) == day
