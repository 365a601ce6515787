"""The model tells views what differs, and nothing else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester, QSignalSpy

from driveflow_desktop.ui.calendar.model import LessonModel, LessonRole
from driveflow_desktop.ui.calendar.snapshot import CalendarLesson
from driveflow_desktop.ui.widgets.text import plain_tip
from tests.ui.calendar.pages import lesson, lesson_id

pytestmark = pytest.mark.usefixtures("qapp")


def lessons(*numbers: int) -> tuple[CalendarLesson, ...]:
    return tuple(lesson(number, "a", number * 30, number * 30 + 30) for number in numbers)


def model_of(*numbers: int) -> LessonModel:
    model = LessonModel()
    model.replace(lessons(*numbers))
    return model


def test_a_tool_tip_is_never_markup() -> None:
    model = LessonModel()
    model.replace((replace(lesson(1, "a", 30, 60), spoken="<b>x</b><img src=x>"),))
    tip = model.data(model.index_of(lesson_id(1)), Qt.ItemDataRole.ToolTipRole)
    assert tip == plain_tip("<b>x</b><img src=x>")
    assert "<img" not in str(tip)


def test_roles() -> None:
    model = model_of(1, 2)
    index = model.index_of(lesson_id(2))
    assert model.data(index) == "Student 2"
    assert model.data(index, Qt.ItemDataRole.AccessibleTextRole) == "1:00–1:30, Student 2".replace("–", " to ")
    assert model.data(index, Qt.ItemDataRole.ToolTipRole) == "1:00 to 1:30, Student 2"
    assert model.data(index, LessonRole.ID) == lesson_id(2)
    assert model.data(index, LessonRole.LESSON) == lessons(2)[0]
    assert model.data(index, Qt.ItemDataRole.DecorationRole) is None
    assert model.data(QModelIndex()) is None
    assert not model.index_of(lesson_id(9)).isValid()
    assert model.rowCount(index) == 0


def test_a_moved_lesson_is_one_changed_row() -> None:
    model = model_of(1, 2, 3)
    changed, reset = QSignalSpy(model.dataChanged), QSignalSpy(model.modelReset)
    one, two, three = lessons(1, 2, 3)
    model.replace((one, replace(two, start_min=600, end_min=660, column_key="b"), three))
    assert changed.count() == 1
    assert changed.at(0)[0].row() == changed.at(0)[1].row() == 1
    assert reset.count() == 0


def test_the_same_lessons_again_say_nothing() -> None:
    model = model_of(1, 2, 3)
    spies = [
        QSignalSpy(signal) for signal in (model.dataChanged, model.rowsInserted, model.rowsRemoved, model.modelReset)
    ]
    model.replace(lessons(1, 2, 3))
    assert [spy.count() for spy in spies] == [0, 0, 0, 0]


def test_neighbours_come_and_go_together() -> None:
    model = model_of(1, 2, 3, 4, 5)
    removed, inserted = QSignalSpy(model.rowsRemoved), QSignalSpy(model.rowsInserted)
    model.replace(lessons(1, 5, 6, 7))
    assert [tuple(removed.at(0)[1:])] == [(1, 3)]
    assert [tuple(inserted.at(0)[1:])] == [(2, 3)]
    assert [model.lesson(row).id for row in range(model.rowCount())] == [lesson_id(number) for number in (1, 5, 6, 7)]


def test_a_page_with_nothing_in_common_is_one_reset() -> None:
    model = model_of(1, 2)
    reset, removed = QSignalSpy(model.modelReset), QSignalSpy(model.rowsRemoved)
    model.replace(lessons(8, 9))
    assert (reset.count(), removed.count(), model.rowCount()) == (1, 0, 2)


numbers = st.lists(st.integers(0, 12), unique=True, max_size=12)


@given(st.lists(st.tuples(numbers, st.integers(0, 3)), min_size=1, max_size=6))
def test_any_sequence_of_pages_ends_in_the_last_one(pages: list[tuple[list[int], int]]) -> None:
    model = LessonModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for wanted, shift in pages:
        model.replace(
            tuple(
                replace(one, start_min=one.start_min + shift * (index % 2))
                for index, one in enumerate(lessons(*wanted))
            )
        )
        expected = {one.id for one in lessons(*wanted)}
        shown = [model.lesson(row) for row in range(model.rowCount())]
        assert {one.id for one in shown} == expected
        assert len(shown) == len(expected)
        assert all(model.index_of(one.id).row() == row for row, one in enumerate(shown))
    del tester
