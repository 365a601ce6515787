"""The clerk's hands and eyes: keys and clicks on the real window, counted; pictures; waiting until all is quiet."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final, TypeVar, cast

from PySide6.QtCore import QEvent, QEventLoop, QKeyCombination, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QKeySequence, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from driveflow_desktop.kernel.errors import Bug
from driveflow_desktop.store.base import Connection
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.sync.status import SyncState, SyncStatus
from driveflow_desktop.ui.program import Program
from driveflow_desktop.ui.shell.theme import Mode, Theme

T = TypeVar("T")
SIZES: Final = ((1440, 900), (1180, 720))
_PATIENCE_S: Final = 20.0
_STEPS: Final = 8


@dataclass(slots=True)
class Effort:
    """What a task cost."""

    keys: int = 0
    clicks: int = 0
    started: float = field(default_factory=monotonic)
    stopped: float | None = None

    @property
    def spent(self) -> float:
        """Seconds from the beginning of the task to its end (`stop`), or to now."""
        return (self.stopped or monotonic()) - self.started

    def resume(self) -> None:
        """The task goes on after a stop, whose time does not count."""
        if self.stopped is not None:
            self.started += monotonic() - self.stopped
            self.stopped = None

    def stop(self) -> None:
        """The task is done; what follows (checks, pictures) is not the clerk's work."""
        self.stopped = monotonic()


class Driver:
    """Drives one program. Every key press and every mouse press counts for the task that runs."""

    def __init__(self, app: QApplication, program: Program, replica: Replica, theme: Theme, output: Path) -> None:
        self.app = app
        self.program = program
        self.replica = replica
        self.theme = theme
        self.output = output
        self.effort = Effort()
        self.pictures: list[Path] = []

    # -- eyes ---------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Wait until every query and write is answered and painted."""
        deadline = monotonic() + _PATIENCE_S
        for _round in range(3):
            self.app.sendPostedEvents()
            self._spin()
            if not self.program.bridge.wait_idle(int(_PATIENCE_S * 1000)) or monotonic() > deadline:
                raise Bug("the tour waited too long for the program")
        self._spin()

    def await_sync(self) -> SyncStatus:
        """Wait until all of the PC's work is on the service and judged, where there is one; how it stands then."""
        link, loop, clock = self.program.sync, QEventLoop(), QTimer()
        clock.setSingleShot(True)
        clock.timeout.connect(loop.quit)
        link.told.connect(loop.quit)
        clock.start(int(_PATIENCE_S * 1000))
        while (
            link.is_joined and clock.isActive() and (link.status.state is not SyncState.SYNCED or link.status.waiting)
        ):
            loop.exec()
        return link.status

    def query(self, look: Callable[[Connection], T]) -> T:
        """Ask the database, beside the program."""
        with self.replica.reader() as connection:
            return look(connection)

    def picture(self, name: str) -> None:
        """Take the window's picture in light and dark, in both sizes; leaves it as it was. Ends the task's clock."""
        if self.effort.stopped is None:
            self.effort.stop()
        window, focus = self.program.window, self.app.focusWidget()
        size, mode = window.size(), self.theme.mode
        for width, height in SIZES:
            window.resize(width, height)
            for each in (Mode.LIGHT, Mode.DARK):
                self.theme.set_mode(each)
                self.settle()
                path = self.output / f"{name}-{each.value}-{width}x{height}.png"
                if not window.grab().save(str(path)):
                    raise Bug(f"the picture {path} could not be written")
                self.pictures.append(path)
        self.theme.set_mode(mode)
        window.resize(size)
        self.settle()
        if focus is not None and isValid(focus):
            focus.setFocus()

    # -- hands --------------------------------------------------------------------------------------------------

    def key(self, keys: str) -> None:
        """Press one key or combination, in Qt's portable form (`Ctrl+K`, `Return`, `N`)."""
        # PySide6's stubs leave out that a sequence can be indexed.
        combination = cast("Sequence[QKeyCombination]", QKeySequence.fromString(keys))[0]
        self._count(keys=1)
        QTest.keyClick(self._focus(), combination.key(), combination.keyboardModifiers())
        self._spin()

    def type(self, text: str) -> None:
        """Type text into whatever has the focus; each character is a key."""
        for character in text:
            self._count(keys=1)
            QTest.keyClicks(self._focus(), character)
        self._spin()

    def drag(self, widget: QWidget, start: QPoint, end: QPoint, *, drop: bool = True) -> None:
        """Press, move in small steps, release: one click. Without `drop` the button stays down."""
        self._count(clicks=1)
        QTest.mousePress(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
        for step in range(1, _STEPS + 1):
            self._move(widget, start + (end - start) * step / _STEPS)
            self._spin()
        if drop:
            self.drop(widget, end)

    def drop(self, widget: QWidget, at: QPoint) -> None:
        """Release the button of a drag."""
        QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
        self._spin()

    def _move(self, widget: QWidget, at: QPoint) -> None:
        """A move with the button held: QTest's own carries no button."""
        point, button = QPointF(at), Qt.MouseButton.LeftButton
        there = QPointF(widget.mapToGlobal(at))
        no_key = Qt.KeyboardModifier.NoModifier
        move = QMouseEvent(QEvent.Type.MouseMove, point, there, Qt.MouseButton.NoButton, button, no_key)
        self.app.sendEvent(widget, move)

    def _focus(self) -> QWidget:
        return self.app.focusWidget() or self.program.window

    def _count(self, *, keys: int = 0, clicks: int = 0) -> None:
        """Count for the task while its clock runs."""
        if self.effort.stopped is None:
            self.effort.keys += keys
            self.effort.clicks += clicks

    def _spin(self) -> None:
        QTest.qWait(1)


@dataclass(frozen=True, slots=True)
class TaskResult:
    """A task of the desk's day as it was measured; `target` is the page's, in words."""

    task: str
    keys: int
    clicks: int
    seconds: float
    target: str
    ok: bool

    def row(self) -> Mapping[str, str | int | float | bool]:
        """What `--json` prints."""
        return {
            "task": self.task,
            "keys": self.keys,
            "clicks": self.clicks,
            "seconds": round(self.seconds, 2),
            "target": self.target,
            "ok": self.ok,
        }
