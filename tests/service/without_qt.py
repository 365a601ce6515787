"""The `driveflow` command on a machine without PySide6: importing it fails. `python -m tests.service.without_qt …`."""

import sys

sys.modules["PySide6"] = None

from driveflow_desktop.cli import main  # noqa: E402 - the point is what is missing before

sys.exit(main(sys.argv[1:]))
