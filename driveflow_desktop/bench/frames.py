"""Frames: how long the calendar and a long list take to draw a step, beside an empty widget of the same size."""

import random
from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from driveflow_desktop.bench.figures import Figure, elapsed_ms, figure, in_turns
from driveflow_desktop.domain.overview.students import RosterKey, RosterMoment, StudentRow, student_page
from driveflow_desktop.kernel.errors import Bug
from driveflow_desktop.store.replica import Replica, connect
from driveflow_desktop.ui.calendar.snapshot import CalendarColumn, CalendarLesson, CalendarPage, GhostVerdict, Proposal
from driveflow_desktop.ui.calendar.view import CalendarView
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.widgets.memory import ForgetfulMemory
from driveflow_desktop.ui.widgets.roster_model import PAGE_ROWS, Column, Page, PageRequest, RosterModel
from driveflow_desktop.ui.widgets.roster_view import RosterView

_SIZE: Final = (1200, 840)
_COLUMNS, _EACH = 50, 60
_STEPS: Final = 400
_LOADED_PAGES: Final = 10
_FAMILIES: Final = ("blue", "teal", "violet", "green", "indigo", "amber")


def calendar_frames(app: QApplication) -> list[Figure]:
    """`frame_scroll_p99` and `frame_drag_p99` on 50 columns of 60 lessons."""
    view, empty = CalendarView(), QWidget()
    view.set_page(crowded_page())
    for widget in (view, empty):
        widget.resize(*_SIZE)
        widget.show()
    app.processEvents()
    found = [_scrolling(view, empty), _dragging(view, empty)]
    for widget in (view, empty):
        widget.close()
        widget.deleteLater()
    return found


def crowded_page() -> CalendarPage:
    """Fifty instructors with a lesson in every 24 minutes of the day."""
    pick = random.Random(1)
    length = 1440 // _EACH
    keys = [f"c{number}" for number in range(_COLUMNS)]
    heads = tuple(CalendarColumn(key, f"Instructor {key}", "", "IN", open=((420, 1080),)) for key in keys)
    lessons = tuple(
        CalendarLesson(
            UUID(int=number + 1),
            keys[number // _EACH],
            number % _EACH * length,
            (number % _EACH + 1) * length,
            f"Student {number}",
            place="Marrickville",
            service="60 min lesson",
            badge="paid",
            badge_tone="ok",
            palette=pick.choice(_FAMILIES),
            past=pick.random() < 0.3,
        )
        for number in range(_COLUMNS * _EACH)
    )
    hours = tuple((hour * 60, f"{hour}") for hour in range(24))
    return CalendarPage("Crowded", heads, lessons, hour_labels=hours, now_min=681, now_columns=frozenset(keys))


def _scrolling(view: CalendarView, empty: QWidget) -> Figure:
    bars = (view.verticalScrollBar(), view.horizontalScrollBar())
    places = iter(range(1, 2 * _STEPS))

    def step() -> None:
        at = next(places)
        for bar, by in zip(bars, (12, 25), strict=True):
            bar.setValue(at * by % max(1, bar.maximum()))
        view.viewport().repaint()

    return figure("frame_scroll_p99", in_turns(step, empty.repaint, _STEPS), 99)


def _dragging(view: CalendarView, empty: QWidget) -> Figure:
    for bar in (view.verticalScrollBar(), view.horizontalScrollBar()):
        bar.setValue(0)

    def overlaps(_proposal: Proposal) -> None:
        view.set_verdict(GhostVerdict(ok=False, hard=True, text="Taken"))

    view.proposed.connect(overlaps)
    surface, left, none = view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    grip = QPoint(60, 40)
    QTest.mousePress(surface, left, none, grip)
    places = iter(range(1, 2 * _STEPS))

    def step() -> None:
        at = next(places)
        QTest.mouseMove(surface, QPoint(60 + at * 7 % 900, 60 + at * 11 % 600))
        surface.repaint()

    found = in_turns(step, empty.repaint, _STEPS)
    if view.proposal is None:
        raise Bug("nothing was dragged")
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.mouseRelease(surface, left, none, grip)
    return figure("frame_drag_p99", found, 99)


_BASELINE_ROWS: Final = "SELECT id, full_name, phone FROM students WHERE org_id = ? ORDER BY full_name, id LIMIT ?"


class _Roster:
    """The list of students, its pages read at once."""

    def __init__(self, replica: Replica, org_id: UUID, now: datetime) -> None:
        self._replica, self._org_id, self._moment = replica, org_id, RosterMoment(now)
        columns: tuple[Column[StudentRow], ...] = (
            Column("name", "Name", lambda row: row.full_name, 200, "person", stretch=True),
            Column("phone", "Phone", lambda row: row.phone, 140, "muted"),
            Column("place", "Place", lambda row: row.pickup_address or "", 220),
            Column("next", "Next", lambda row: formats.day_long(row.next_lesson.start) if row.next_lesson else "", 200),
            Column("owed", "Owes", lambda row: f"{row.account.owed_cents / 100:.2f}", 90, "number"),
        )
        self.model = RosterModel(columns, self._pages)
        self.view = RosterView(self.model, ForgetfulMemory(), "bench", "Students")

    def _pages(self, request: PageRequest, answer: Callable[[Page[StudentRow]], None]) -> None:
        after = request.after if isinstance(request.after, RosterKey) else None
        with self._replica.reader() as connection:
            page = student_page(connection, self._org_id, self._moment, after=after, limit=request.limit)
        answer(Page(page.rows, page.next_key))

    def first_rows(self) -> None:
        self.model.restart()
        self.view.viewport().repaint()


def roster_figures(app: QApplication, replica: Replica, org_id: UUID, now: datetime) -> list[Figure]:
    """`roster_first_rows`: query and first paint. `roster_scroll_p99`: frames over 2,000 rows that are loaded."""
    roster, empty = _Roster(replica, org_id, now), QWidget()
    view = roster.view
    for widget in (view, empty):
        widget.resize(*_SIZE)
        widget.show()
    app.processEvents()
    raw = connect(replica.path, replica.key, read_only=True)
    asked = (org_id.bytes, PAGE_ROWS)
    elapsed_ms(roster.first_rows)
    first = in_turns(roster.first_rows, lambda: raw.execute(_BASELINE_ROWS, asked).fetchall(), 20)
    raw.close()
    for _ in range(_LOADED_PAGES):
        if roster.model.canFetchMore(view.rootIndex()):
            roster.model.fetchMore(view.rootIndex())
    bar = view.verticalScrollBar()
    # Not to the end, where the next page would be read: in the program that happens off the UI thread.
    places = iter(range(1, 2 * _STEPS))

    def step() -> None:
        bar.setValue(next(places) * 97 % max(1, bar.maximum() - 1))
        view.viewport().repaint()

    frames = in_turns(step, empty.repaint, _STEPS)
    for widget in (view, empty):
        widget.close()
        widget.deleteLater()
    return [figure("roster_first_rows", first, 50), figure("roster_scroll_p99", frames, 99)]
