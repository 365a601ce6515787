"""Python's garbage, collected on the UI thread only and between two events.

A collection starts wherever an object is made. On a worker it would destroy Qt objects in the wrong thread, and in the
middle of a paint or a drag it costs frames. So the interpreter's own is off while a program runs, and a timer collects.
"""

import gc
from typing import Final

from PySide6.QtCore import QObject, QTimer

EVERY_MS: Final = 1000


class UiCollector(QObject):
    """Collects each second what the interpreter's thresholds ask for, from `start` to `stop`.

    What lives at the start (modules, tables, the window) is taken for permanent and not looked through again.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._was_on = False
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.collect)

    def start(self) -> None:
        """Take over from the interpreter."""
        self._was_on = gc.isenabled()
        gc.disable()
        gc.freeze()
        self._timer.start()

    def stop(self) -> None:
        """Give back to the interpreter what was taken."""
        if not self._timer.isActive():
            return
        self._timer.stop()
        gc.unfreeze()
        if self._was_on:
            gc.enable()

    def collect(self) -> None:
        """Collect the oldest generation that has passed its threshold, if one has."""
        counts = gc.get_count()
        for generation, threshold in reversed(list(enumerate(gc.get_threshold()))):
            if counts[generation] > threshold:
                gc.collect(generation)
                return
