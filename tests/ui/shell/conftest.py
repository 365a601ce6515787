"""The whole window, on show and with the focus."""

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from driveflow_desktop.ui.shell.theme import Theme
from tests.ui.shell.rig import RIGHTS, Rig


@pytest.fixture
def rig(qtbot: QtBot, theme: Theme) -> Iterator[Rig]:
    made = Rig()
    made.window.start(RIGHTS, "Mia Petrov", "Front desk · admin")
    with qtbot.waitActive(made.window):
        made.window.show()
        made.window.activateWindow()
    yield made
    made.close()
