"""The demo's own sync service, as a process beside the desktop."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from driveflow_desktop.kernel.errors import UserError

_STOP_SECONDS: Final = 20


def driveflow_command(*arguments: str) -> list[str]:
    """What starts a further process of ours; a frozen program is its own command."""
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "driveflow_desktop.cli"]
    return [*program, *arguments]


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A service on its own PostgreSQL in `folder`, on a free port of this PC; its URL, while it runs.

    Raises `UserError("service")` when it does not start; why is in `service.log` in the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "service.log"
    command = driveflow_command("serve", "--host", "127.0.0.1", "--port", "0", "--data-dir", str(folder))
    with log.open("ab") as kept:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=kept)  # noqa: S603 - ourselves
        try:
            yield _url(process, log)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _url(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """What the line of readiness says; the line ends, empty, when the process does."""
    line = b"" if process.stdout is None else process.stdout.readline()
    try:
        return str(json.loads(line)["url"])
    except (ValueError, KeyError, TypeError):
        raise UserError("service", "The demo's sync service did not start.", hint=f"The reason is in {log}.") from None
