"""A calendar on a window with the day of the design picture."""

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from driveflow_desktop.ui.calendar.snapshot import CalendarPage
from driveflow_desktop.ui.calendar.view import CalendarView
from driveflow_desktop.ui.shell.theme import Theme
from tests.ui.calendar.desk import Desk, MakeDesk
from tests.ui.calendar.pages import picture_day


@pytest.fixture
def make_desk(qtbot: QtBot, theme: Theme) -> Iterator[MakeDesk]:
    """`make_desk(page=picture_day(), width=893, height=820)`: a shown calendar, scrolled to seven."""

    desks: list[Desk] = []

    def make(page: CalendarPage | None = None, width: int = 893, height: int = 820) -> Desk:
        view = CalendarView()
        qtbot.addWidget(view)
        view.set_tokens(theme.tokens)
        view.resize(width, height)
        view.set_page(picture_day() if page is None else page)
        with qtbot.waitExposed(view):
            view.show()
        view.activateWindow()
        view.setFocus()
        qtbot.waitUntil(view.hasFocus)
        view.scroll_to_minute(420)
        desks.append(Desk(view))
        return desks[-1]

    yield make
    for each in desks:
        each.let_go()


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    """The picture's day."""
    return make_desk()
