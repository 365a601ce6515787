"""Garbage goes on the UI thread, on the clock, while a program runs; before and after, as the interpreter does."""

import gc
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from driveflow_desktop.ui.shell import collector
from driveflow_desktop.ui.shell.collector import UiCollector


class _Loop:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def owner(qtbot: QtBot) -> Iterator[QObject]:
    found = QObject()
    yield found
    found.deleteLater()


def _litter() -> "weakref.ref[_Loop]":
    kept = [weakref.ref(_Loop()) for _ in range(gc.get_threshold()[0] + 100)]
    return kept[0]


def test_garbage_waits_for_the_clock_and_then_goes(
    owner: QObject, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "EVERY_MS", 10)
    found = UiCollector(owner)
    found.start()
    try:
        litter = _litter()
        assert not gc.isenabled()
        assert litter() is not None
        qtbot.waitUntil(lambda: litter() is None)
    finally:
        found.stop()
    assert gc.isenabled()


def test_a_collector_that_was_never_started_stops_nothing(owner: QObject) -> None:
    UiCollector(owner).stop()
    assert gc.isenabled()


def test_an_interpreter_that_was_off_stays_off(owner: QObject) -> None:
    found = UiCollector(owner)
    gc.disable()
    try:
        found.start()
        found.stop()
        assert not gc.isenabled()
    finally:
        gc.enable()
