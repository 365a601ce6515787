"""Changing the day and the week in the calendar of the real window, beside the same rows by raw SQL."""

import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

from PySide6.QtCore import QEvent, QEventLoop
from PySide6.QtWidgets import QApplication

from driveflow_desktop.bench.data import DAY_ROWS, FIRST_INSTRUCTOR, WEEK_ROWS, asked_of
from driveflow_desktop.bench.figures import Figure, elapsed_ms, figure
from driveflow_desktop.desktop_window import make_program
from driveflow_desktop.kernel.errors import Bug
from driveflow_desktop.store.replica import Replica, connect
from driveflow_desktop.ui.program import Program
from driveflow_desktop.ui.screens.calendar.pages import WEEK
from driveflow_desktop.ui.screens.calendar.screen import CalendarScreen
from driveflow_desktop.ui.shell.theme import Mode, Theme
from driveflow_desktop.ui.widgets.memory import ForgetfulMemory

_PAGES: Final = 20
_PATIENCE_MS: Final = 60_000


def calendar_page_figures(app: QApplication, replica: Replica) -> list[Figure]:
    """`change_day` and `change_week`: from the key to the painted page, 20 pages in a row; median.

    A week is one instructor's.
    """
    program = make_program(replica, ForgetfulMemory(), Theme(app, Mode.LIGHT))
    try:
        program.start()
        program.window.open("calendar")
        screen = program.window.host.current
        if not isinstance(screen, CalendarScreen):
            raise Bug("the calendar did not open")
        return [_days(program, screen, replica), _weeks(program, screen, replica)]
    finally:
        program.close()
        for _round in range(2):  # a field's list of suggestions goes after its field
            app.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _days(program: Program, screen: CalendarScreen, replica: Replica) -> Figure:
    with contextlib.closing(connect(replica.path, replica.key, read_only=True)) as raw:
        session, presenter = program.desk.session, screen.presenter

        def by_hand() -> None:
            raw.execute(DAY_ROWS, asked_of(session.org_id, presenter.day, 1, session.tz)).fetchall()

        return figure("change_day", _pages(program, screen, by_hand), 50)


def _weeks(program: Program, screen: CalendarScreen, replica: Replica) -> Figure:
    with contextlib.closing(connect(replica.path, replica.key, read_only=True)) as raw:
        session, presenter = program.desk.session, screen.presenter
        (instructor,) = raw.execute(FIRST_INSTRUCTOR, (session.org_id.bytes,)).fetchone()
        presenter.today()
        presenter.choose_instructor(UUID(bytes=instructor))
        program.bridge.wait_idle(_PATIENCE_MS)
        if presenter.view != WEEK:
            raise Bug("the calendar shows no week")

        def by_hand() -> None:
            monday = presenter.day - timedelta(days=presenter.day.weekday())
            asked = (*asked_of(session.org_id, monday, 7, session.tz), instructor)
            raw.execute(WEEK_ROWS, asked).fetchall()

        return figure("change_week", _pages(program, screen, by_hand), 50)


def _pages(program: Program, screen: CalendarScreen, by_hand: Callable[[], None]) -> tuple[list[float], list[float]]:
    """Milliseconds of the pages that lead up to the present one, and of the same rows by hand."""
    presenter, loop = screen.presenter, QEventLoop()
    presenter.step(-_PAGES)
    program.bridge.wait_idle(_PATIENCE_MS)

    def step() -> None:
        before = screen.view.page
        presenter.step(1)
        while screen.view.page is before:
            loop.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        screen.view.viewport().repaint()

    ours, theirs = list[float](), list[float]()
    for _ in range(_PAGES):
        ours.append(elapsed_ms(step))
        # What the page reads after it is shown, for verdicts, belongs to neither.
        program.bridge.wait_idle(_PATIENCE_MS)
        theirs.append(elapsed_ms(by_hand))
    return ours, theirs
