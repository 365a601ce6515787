"""Qt tests run without a display unless one is asked for, in the program's own look."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from driveflow_desktop.ui.shell.theme import Mode, Theme


@pytest.fixture(scope="session")
def _session_theme(qapp: QApplication) -> Theme:
    return Theme(qapp, Mode.LIGHT)


@pytest.fixture
def theme(_session_theme: Theme) -> Iterator[Theme]:
    """The application dressed in the light theme; whatever a test changes is undone after it."""
    _session_theme.set_mode(Mode.LIGHT)
    yield _session_theme
    _session_theme.set_mode(Mode.LIGHT)
