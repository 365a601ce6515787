"""The roster kit: keyset pages, differences, order, widths, twenty thousand rows."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

import pytest
import shiboken6
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QAbstractItemModelTester, QSignalSpy
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from driveflow_desktop.ui.shell.theme import Theme, current_tokens
from driveflow_desktop.ui.widgets.memory import ForgetfulMemory
from driveflow_desktop.ui.widgets.roster_model import PAGE_ROWS, Column, Page, PageRequest, RosterModel
from driveflow_desktop.ui.widgets.roster_view import RosterView

KEY = Qt.Key


@dataclass(frozen=True)
class Student:
    id: UUID
    name: str
    owes: int


class School:
    """A page provider over a list; holds its answers back when told to."""

    def __init__(self, count: int) -> None:
        self.students = [Student(UUID(int=n), f"Student {n:05}", n % 7) for n in range(count)]
        self.requests: list[PageRequest] = []
        self.held: list[Callable[[], None]] = []
        self.hold = False

    def pages(self, request: PageRequest, answer: Callable[[Page[Student]], None]) -> None:
        self.requests.append(request)

        def run() -> None:
            key = (lambda s: (s.owes, s.id)) if request.sort == "owes" else (lambda s: (s.name, s.id))
            rows = sorted(self.students, key=key, reverse=request.descending)
            start = 0 if request.after is None else next(i for i, s in enumerate(rows) if s.id == request.after) + 1
            page = rows[start : start + request.limit]
            more = start + request.limit < len(rows)
            answer(Page(page, page[-1].id if more else None, len(rows)))

        self.held.append(run) if self.hold else run()


COLUMNS: list[Column[Student]] = [
    Column("name", "Student", lambda s: s.name, kind="person", sort="name", stretch=True),
    Column("owes", "Owes", lambda s: f"${s.owes}.00", 90, kind="number", sort="owes"),
    Column("state", "State", lambda s: "Paid up" if s.owes == 0 else "Owes", 110, kind="pill",
           tone=lambda s: "ok" if s.owes == 0 else "warn"),
]  # fmt: skip


def model_of(school: School) -> RosterModel[Student]:
    model = RosterModel(COLUMNS, school.pages, sort="name")
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    tester.setUseFetchMore(False)  # these tests say themselves when a page is asked for
    return model


def view_of(qtbot: QtBot, model: RosterModel[Student], memory: ForgetfulMemory | None = None) -> RosterView[Student]:
    view = RosterView(model, memory or ForgetfulMemory(), "students", "Students")
    view.resize(700, 500)
    qtbot.addWidget(view)
    with qtbot.waitActive(view):
        view.show()
        view.activateWindow()
    return view


@pytest.fixture
def school(theme: Theme) -> School:
    return School(1000)


def names(model: RosterModel[Student]) -> list[str]:
    return [row.name for row in model.rows]


def test_pages_come_as_the_view_scrolls(school: School, qtbot: QtBot) -> None:
    model = model_of(school)
    view = view_of(qtbot, model)
    model.restart()
    assert (len(model.rows), model.total) == (PAGE_ROWS, 1000)
    view.scrollToBottom()
    assert len(model.rows) == 2 * PAGE_ROWS
    assert school.requests[-1].after == model.rows[PAGE_ROWS - 1].id
    while model.canFetchMore(view.rootIndex()):
        view.scrollToBottom()
    assert names(model) == [student.name for student in school.students]


def test_the_end_key_reaches_the_loaded_end(school: School, qtbot: QtBot) -> None:
    model = model_of(school)
    view = view_of(qtbot, model)
    model.restart()
    view.setFocus()
    qtbot.keyClick(view, KEY.Key_End, Qt.KeyboardModifier.ControlModifier)
    assert view.current_row == model.rows[PAGE_ROWS - 1]


def test_one_page_is_asked_for_at_a_time(school: School, qtbot: QtBot) -> None:
    school.hold = True
    model = model_of(school)
    model.restart()
    assert not model.canFetchMore(model.index(-1, -1))
    assert model.is_loading
    model.restart()
    *_, first, second = school.held
    second()
    first()
    assert len(model.rows) == PAGE_ROWS, "the answer to the older question is dropped"
    assert model.canFetchMore(model.index(-1, -1))


def test_a_refresh_announces_only_what_differs(school: School, qtbot: QtBot) -> None:
    model = model_of(school)
    view = view_of(qtbot, model)
    model.restart()
    view.pick(UUID(int=10))
    resets, removed = QSignalSpy(model.modelReset), QSignalSpy(model.rowsRemoved)
    inserted, changed = QSignalSpy(model.rowsInserted), QSignalSpy(model.dataChanged)
    school.students[3] = replace(school.students[3], owes=9)
    del school.students[5]
    school.students.append(Student(UUID(int=5000), "Student 00007b", 1))
    model.refresh()
    assert (resets.count(), removed.count(), changed.count()) == (0, 1, 1)
    assert (changed.at(0)[0].row(), removed.at(0)[1]) == (3, 5)
    assert "Student 00007b" in names(model)
    assert inserted.count() == 1
    assert names(model) == sorted(names(model))
    assert model.texts(3)[1] == "$9.00"
    assert view.current_row is not None
    assert view.current_row.id == UUID(int=10)


def test_a_refresh_that_changes_nothing_says_nothing(school: School) -> None:
    model = model_of(school)
    model.restart()
    spies = [QSignalSpy(s) for s in (model.modelReset, model.rowsRemoved, model.rowsInserted, model.dataChanged)]
    model.refresh()
    assert [spy.count() for spy in spies] == [0, 0, 0, 0]


def test_data_never_asks_the_provider_and_makes_texts_once(school: School) -> None:
    calls: list[str] = []

    def text(student: Student) -> str:
        calls.append(student.name)
        return student.name

    model = RosterModel([Column("name", "Student", text)], school.pages)
    model.restart()
    asked = len(school.requests)
    for _ in range(3):
        assert model.data(model.index(4, 0)) == "Student 00004"
    assert calls == ["Student 00004"]
    assert len(school.requests) == asked


def test_order_by_header_and_by_menu(school: School, qtbot: QtBot) -> None:
    model = model_of(school)
    view = view_of(qtbot, model)
    model.restart()
    view.pick(UUID(int=21))
    header = view.horizontalHeader()
    spot = QPoint(header.sectionViewportPosition(1) + 20, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert (model.sort_name, model.descending) == ("owes", False)
    assert view.current_row is not None
    assert view.current_row.id == UUID(int=21), "the picked row stays picked"
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert (model.descending, model.rows[0].owes) == (True, 6)
    menu = view.order_menu()
    assert [entry.text() for entry in menu.actions()] == ["Sort by Student", "Sort by Owes"]
    menu.actions()[0].trigger()
    assert (model.sort_name, model.descending, model.rows[0].name) == ("name", False, "Student 00000")
    assert header.sortIndicatorSection() == 0
    menu.deleteLater()


def test_widths_are_remembered(school: School, qtbot: QtBot) -> None:
    memory = ForgetfulMemory()
    view = view_of(qtbot, model_of(school), memory)
    view.setColumnWidth(1, 133)
    assert json.loads(memory.read("table/students") or "")["owes"] == 133
    assert view_of(qtbot, model_of(school), memory).columnWidth(1) == 133


def test_a_stretching_column_takes_what_is_left_but_stays_readable(school: School, qtbot: QtBot) -> None:
    view = view_of(qtbot, model_of(school))
    least = COLUMNS[0].width
    assert view.horizontalHeader().length() == view.viewport().width()
    view.setColumnWidth(1, 150)
    assert view.horizontalHeader().length() == view.viewport().width()
    view.resize(300, 500)
    assert view.columnWidth(0) == least
    assert view.horizontalScrollBar().maximum() > 0


NARROW: list[Column[Student]] = [
    Column("name", "Student", lambda s: s.name, 200, kind="person", stretch=True, least=150),
    Column("owes", "Owes", lambda s: f"${s.owes}.00", 100, kind="number", least=80),
    Column("day", "Day", lambda _s: "Mon", 100, least=60),
    Column("state", "State", lambda _s: "Paid up", 100, kind="pill"),
]


@pytest.mark.parametrize(
    ("room", "widths"),
    [
        (560, [260, 100, 100, 100]),  # what is over goes to the name
        (500, [200, 100, 100, 100]),
        (470, [170, 100, 100, 100]),  # the name gives way first
        (420, [150, 90, 80, 100]),  # then those who can, in proportion
        (390, [150, 80, 60, 100]),
        (300, [150, 80, 60, 100]),  # no further: the table scrolls
    ],
)
def test_columns_give_way_before_the_table_scrolls(school: School, qtbot: QtBot, room: int, widths: list[int]) -> None:
    view = view_of(qtbot, RosterModel(NARROW, school.pages))
    view.resize(room + view.width() - view.viewport().width(), 500)
    assert [view.columnWidth(at) for at in range(4)] == widths
    assert (view.horizontalScrollBar().maximum() > 0) == (room < sum(widths))


def test_a_width_that_the_person_chose_is_kept_even_if_the_table_scrolls(school: School, qtbot: QtBot) -> None:
    memory = ForgetfulMemory()
    view = view_of(qtbot, RosterModel(NARROW, school.pages), memory)
    view.resize(390 + view.width() - view.viewport().width(), 500)
    assert memory.read("table/students") is None, "fitting is not choosing"
    view.setColumnWidth(2, 120)
    view.setColumnWidth(0, 170)
    assert [view.columnWidth(at) for at in range(4)] == [170, 80, 120, 100]
    qtbot.waitUntil(lambda: view.horizontalScrollBar().maximum() > 0)
    assert json.loads(memory.read("table/students") or "") == {"day": 120, "name": 170}


@pytest.mark.parametrize("kept", ["{", "[]", '{"owes": "wide"}', "3"])
def test_spoilt_widths_are_ignored(school: School, qtbot: QtBot, kept: str) -> None:
    memory = ForgetfulMemory()
    memory.write("table/students", kept)
    assert view_of(qtbot, model_of(school), memory).columnWidth(1) == 90


def test_keys_pick_and_open(school: School, qtbot: QtBot) -> None:
    model = model_of(school)
    view = view_of(qtbot, model)
    model.restart()
    view.setFocus()
    picked, opened = QSignalSpy(view.picked), QSignalSpy(view.opened)
    qtbot.keyClick(view, KEY.Key_Down)
    qtbot.keyClick(view, KEY.Key_Right)
    qtbot.keyClick(view, KEY.Key_Return)
    assert [picked.at(at)[0].name for at in range(picked.count())] == ["Student 00001"]
    assert [opened.at(at)[0].name for at in range(opened.count())] == ["Student 00001"]


def test_an_empty_list_says_what_belongs_here(qtbot: QtBot, theme: Theme) -> None:
    school = School(0)
    school.hold = True
    model = model_of(school)
    view = view_of(qtbot, model)
    empty = QLabel("No students yet")
    model.restart()
    view.set_empty(empty)
    assert not empty.isVisible(), "not while the first page is on its way"
    school.held.pop()()
    assert empty.isVisible()
    school.students = School(3).students
    school.hold = False
    model.restart()
    assert not empty.isVisible()


def test_a_dead_model_gets_no_answer(school: School) -> None:
    school.hold = True
    model = RosterModel(COLUMNS, school.pages)
    model.restart()
    shiboken6.delete(model)
    school.held.pop()()


def test_only_visible_rows_make_texts_of_twenty_thousand(qtbot: QtBot, theme: Theme) -> None:
    school = School(20_000)
    made: list[str] = []

    def text(student: Student) -> str:
        made.append(student.name)
        return student.name

    model = RosterModel([Column("name", "Student", text, stretch=True)], school.pages, sort="name")
    view = view_of(qtbot, model)
    model.restart()
    while model.canFetchMore(view.rootIndex()):
        model.fetchMore(view.rootIndex())
    assert len(model.rows) == 20_000
    made.clear()
    view.scrollTo(model.index(19_000, 0))
    view.grab()
    assert 5 <= len(set(made)) <= 40


def test_the_picked_row_and_the_pills_are_painted(school: School, qtbot: QtBot) -> None:
    model = model_of(school)
    view = view_of(qtbot, model)
    model.restart()
    view.pick(UUID(int=1))
    view.setFocus()
    picture = view.viewport().grab().toImage()
    row, tokens = view.visualRect(model.index(1, 0)), current_tokens()

    def colour(x: int, y: int) -> str:
        return picture.pixelColor(x, y).name().upper()

    assert colour(row.right() - 4, row.center().y()) == tokens.accent_weak
    assert colour(row.right() - 4, row.top() + 1) == tokens.focus
    above = view.visualRect(model.index(0, 2))
    assert colour(above.left() + 18, above.center().y() - 7) == tokens.ok_weak
