"""A way back to the UI thread for answers that come from any other."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal, Slot


class UiThread(QObject):
    """Runs what it is given on the thread it was made on, in order; nothing once closed."""

    _given = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._closed = False
        self._given.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def later(self, act: Callable[[], None]) -> None:
        """Run `act` there; may be called from anywhere."""
        self._given.emit(act)

    def close(self) -> None:
        """Forget what has not run."""
        self._closed = True

    @Slot(object)
    def _run(self, act: Callable[[], None]) -> None:
        if not self._closed:
            act()
