"""Logs of a service process: one JSON object a line, on standard error.

Of an exception they name the kinds and the places, never its words: those of a database quote the values of a row.
"""

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import TextIO

from driveflow_desktop.kernel.errors import Bug, UserError


class JsonLines(logging.Formatter):
    """A record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; `fields` of a record stand beside time and level, in the place of a message."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        fields = getattr(record, "fields", None)
        line |= fields if isinstance(fields, dict) else {"message": record.getMessage()}
        if record.exc_info is not None and record.exc_info[1] is not None:
            line["exception"] = _described(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def log_json_lines(stream: TextIO) -> None:
    """Send every log of this process to `stream` as JSON lines, in the place of whatever was set up before."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for noisy in ("uvicorn", "alembic", "httpx"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _described(error: BaseException) -> list[dict[str, object]]:
    """The chain of an exception, the newest first."""
    found: list[dict[str, object]] = []
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        frames = traceback.extract_tb(following.__traceback__)
        one: dict[str, object] = {
            "kind": f"{type(following).__module__}.{type(following).__qualname__}",
            "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        }
        if isinstance(following, Bug | UserError):
            one["message"] = str(following)
        if sqlstate := getattr(following, "sqlstate", None):
            one["sqlstate"] = str(sqlstate)
        found.append(one)
        following = following.__cause__ or following.__context__
    return found
