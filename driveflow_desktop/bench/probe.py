"""A process that is measured from its start: it opens a school up to Today on screen, or shows an empty window.

`python -m driveflow_desktop.bench.probe STARTED [FOLDER]` prints a JSON object with `ms` since STARTED (seconds since
1970, from the caller, as the system rounds a process's own birth to a second) and `mb` of resident memory. The empty
window imports nothing of ours beyond this module.
"""

import json
import sys
import time
from pathlib import Path

import psutil
from PySide6.QtWidgets import QApplication, QWidget

LOADED_MS = 60_000


def main(started: float, folder: Path | None) -> None:
    """Show what is asked for, and print what it took."""
    if folder is None:
        app = QApplication(["driveflow-bench"])
        window = QWidget()
        window.resize(1440, 900)
        window.show()
        app.processEvents()
        window.repaint()
        _report(started)
    else:
        _open(started, folder)


def _open(started: float, folder: Path) -> None:
    from driveflow_desktop.kernel.collector import collector_paused

    with collector_paused():  # as the `driveflow` command does
        from driveflow_desktop.composition import open_school
        from driveflow_desktop.data_folder import DataFolder
        from driveflow_desktop.desktop_window import application, make_program
        from driveflow_desktop.ui.shell.theme import Mode, Theme
        from driveflow_desktop.ui.widgets.memory import ForgetfulMemory

    app = application()
    theme = Theme(app, Mode.LIGHT)
    with open_school(DataFolder(folder), "the benchmark") as replica:
        program = make_program(replica, ForgetfulMemory(), theme)
        program.start()
        if not program.bridge.wait_idle(LOADED_MS):
            sys.exit("Today did not load")
        program.window.repaint()
        _report(started)
        program.close()


def _report(started: float) -> None:
    ms = (time.time() - started) * 1000
    sys.stdout.write(json.dumps({"ms": ms, "mb": psutil.Process().memory_info().rss / 1e6}))


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
