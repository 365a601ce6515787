"""Changing the day in the calendar of the real window, beside the same rows by raw SQL."""

from typing import Final

from PySide6.QtCore import QEvent, QEventLoop
from PySide6.QtWidgets import QApplication

from driveflow_desktop.bench.data import DAY_ROWS, asked_of
from driveflow_desktop.bench.figures import Figure, elapsed_ms, figure
from driveflow_desktop.desktop_main import make_program
from driveflow_desktop.kernel.errors import Bug
from driveflow_desktop.store.replica import Replica, connect
from driveflow_desktop.ui.program import Program
from driveflow_desktop.ui.screens.calendar.screen import CalendarScreen
from driveflow_desktop.ui.shell.theme import Mode, Theme
from driveflow_desktop.ui.widgets.memory import ForgetfulMemory

_DAYS: Final = 20
_PATIENCE_MS: Final = 60_000


def change_day_figure(app: QApplication, replica: Replica) -> Figure:
    """`change_day`: from the key to the painted page, 20 days in a row; median."""
    program = make_program(replica, ForgetfulMemory(), Theme(app, Mode.LIGHT))
    try:
        program.start()
        program.window.open("calendar")
        screen = program.window.host.current
        if not isinstance(screen, CalendarScreen):
            raise Bug("the calendar did not open")
        return _measure(program, screen, replica)
    finally:
        program.close()
        for _round in range(2):  # a field's list of suggestions goes after its field
            app.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _measure(program: Program, screen: CalendarScreen, replica: Replica) -> Figure:
    session, presenter, loop = program.desk.session, screen.presenter, QEventLoop()
    presenter.step(-_DAYS)
    program.bridge.wait_idle(_PATIENCE_MS)

    def step() -> None:
        before = screen.view.page
        presenter.step(1)
        while screen.view.page is before:
            loop.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        screen.view.viewport().repaint()

    raw = connect(replica.path, replica.key, read_only=True)

    def by_hand() -> None:
        raw.execute(DAY_ROWS, asked_of(session.org_id, presenter.day, 1, session.tz)).fetchall()

    ours, theirs = list[float](), list[float]()
    for _ in range(_DAYS):
        ours.append(elapsed_ms(step))
        # What the page reads after it is shown, for verdicts, belongs to neither.
        program.bridge.wait_idle(_PATIENCE_MS)
        theirs.append(elapsed_ms(by_hand))
    raw.close()
    return figure("change_day", (ours, theirs), 50)
