"""Columns of the palette's answers: in line, and cut only where room is short."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QFont, QFontMetrics
from pytestqt.qtbot import QtBot

from driveflow_desktop.ui.shell.theme import Theme, current_tokens, font
from driveflow_desktop.ui.widgets.results import Result, ResultList, Widths, shared_widths

WIDTHS = st.builds(Widths, *[st.integers(0, 900)] * 3)


@given(st.integers(200, 900), WIDTHS)
def test_columns_fill_the_row_and_are_cut_only_where_room_is_short(width: int, needed: Widths) -> None:
    found = shared_widths(width, needed)
    assert found.title + found.subtitle + found.detail == width
    assert min(found.title, found.subtitle, found.detail) >= 0
    shares = max(needed.title, round(width * 0.28)), max(needed.subtitle, round(width * 0.22)), needed.detail
    if sum(shares) <= width:
        assert (found.title, found.subtitle) == shares[:2]
        assert found.detail >= needed.detail


@pytest.mark.parametrize(
    ("needed", "expected"),
    [
        (Widths(100, 150, 90), Widths(196, 154, 350)),
        (Widths(100, 400, 90), Widths(196, 400, 104)),
        (Widths(300, 150, 90), Widths(300, 154, 246)),
        (Widths(300, 400, 90), Widths(210, 400, 90)),
        (Widths(100, 150, 600), Widths(196, 154, 350)),
    ],
)
def test_the_title_gives_before_the_others(needed: Widths, expected: Widths) -> None:
    assert shared_widths(700, needed) == expected


def test_a_lesson_is_told_whole_beside_a_name_and_a_phone(qtbot: QtBot, theme: Theme) -> None:
    lesson = "Wed 18 Nov 10:15 am · 60 min lesson · Ben Castellano"
    answers = ResultList("Results", numbered=True)
    qtbot.addWidget(answers)
    answers.set_results(
        [Result("Ethan Popescu", lesson, "0412 555 018", icon="student"), Result("Sync", "File", keys="Ctrl+Shift+L")]
    )
    widths = answers.column_widths(818)
    worn = current_tokens()
    assert widths.title >= QFontMetrics(font(worn.font_md, QFont.Weight.DemiBold)).horizontalAdvance("Ethan Popescu")
    assert widths.subtitle > QFontMetrics(font(worn.font_md)).horizontalAdvance(lesson)
    assert widths.detail > QFontMetrics(font(worn.font_sm)).horizontalAdvance("0412 555 018")
