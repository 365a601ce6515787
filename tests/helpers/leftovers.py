"""A thread, window, timer or pool job that outlives its test fails the test: the next one would trip over it.

Qt is looked at only where a test already loaded it. Things made by module and session fixtures may stay.
"""

import functools
import gc
import sys
import threading
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QWidget

_GRACE_SECONDS = 5.0
_GRACE_MILLISECONDS = 5000
# Qt keeps its one tool-tip window for the next tip.
_KEPT_BY_QT = {"QTipLabel"}


@pytest.fixture(autouse=True)
def no_leftovers() -> Iterator[None]:
    """Fails a test that leaves running what it started."""
    threads = set(threading.enumerate())
    qt = _QtWatch() if _qt_is_up() else None
    yield
    found = _leftover_threads(threads)
    if _qt_is_up():
        found += (qt or _QtWatch(empty=True)).leftovers()
    if found:
        pytest.fail("left running: " + ", ".join(found), pytrace=False)


def _leftover_threads(before: set[threading.Thread]) -> list[str]:
    new = [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]
    for thread in new:
        thread.join(_GRACE_SECONDS)
    return [f"thread {thread.name}" for thread in new if thread.is_alive()]


def _qt_is_up() -> bool:
    widgets = sys.modules.get("PySide6.QtWidgets")
    return widgets is not None and widgets.QApplication.instance() is not None


class _QtWatch:
    """The windows and running timers of one moment, to compare with a later one."""

    def __init__(self, *, empty: bool = False) -> None:
        _record_timers()
        self._windows = set() if empty else {id(window) for window in _windows()}
        self._timers = set() if empty else {id(timer) for timer in _running_timers()}

    def leftovers(self) -> list[str]:
        """What is there now and was not then, in words."""
        from PySide6.QtCore import QCoreApplication, QEvent, QThreadPool

        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        if self._new_windows():
            gc.collect()
        found = [f"window {type(window).__name__} “{window.windowTitle()}”" for window in self._new_windows()]
        found += [f"timer of {type(timer.parent()).__name__}" for timer in self._new_timers()]
        if not QThreadPool.globalInstance().waitForDone(_GRACE_MILLISECONDS):
            found.append("a job of the global thread pool")
        return found

    def _new_windows(self) -> "list[QWidget]":
        return [window for window in _windows() if id(window) not in self._windows]

    def _new_timers(self) -> "list[QTimer]":
        return [timer for timer in _running_timers() if id(timer) not in self._timers]


def _windows() -> "list[QWidget]":
    from PySide6.QtWidgets import QApplication

    return [window for window in QApplication.topLevelWidgets() if type(window).__name__ not in _KEPT_BY_QT]


_started: "weakref.WeakSet[QTimer]" = weakref.WeakSet()


@functools.cache
def _record_timers() -> None:
    """Note every QTimer that Python starts from now on; Qt itself keeps no list of them."""
    from PySide6.QtCore import QTimer

    start = QTimer.start

    @functools.wraps(start)
    def noted(timer: QTimer, *arguments: object) -> None:
        _started.add(timer)
        start(timer, *arguments)

    QTimer.start = noted


def _running_timers() -> "list[QTimer]":
    from shiboken6 import isValid

    return [timer for timer in list(_started) if isValid(timer) and timer.isActive()]
