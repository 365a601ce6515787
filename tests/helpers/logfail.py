"""A warning that nobody expected fails the test that logged it.

`@pytest.mark.logs(r"pattern")` on a test, or `allow_logs(r"pattern")` inside it, allows lines that match.
"""

import logging
import re
from collections.abc import Callable, Iterator

import pytest

PACKAGE_LOGGER = "driveflow_desktop"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "logs(*patterns): allows log lines of WARNING and above that match")


class _Recorder(logging.Handler):
    """Keeps the lines of WARNING and above, formatted as they are logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {record.name}: {record.getMessage()}")


class LogWatch:
    """What a test logged and what it may log."""

    def __init__(self) -> None:
        self.recorder = _Recorder()
        self._allowed: list[re.Pattern[str]] = []

    def allow(self, pattern: str) -> None:
        """Allow lines in which `pattern` is found."""
        self._allowed.append(re.compile(pattern))

    @property
    def unexpected(self) -> list[str]:
        """The lines that no pattern allows."""
        return [line for line in self.recorder.lines if not any(allowed.search(line) for allowed in self._allowed)]


@pytest.fixture(autouse=True)
def log_watch(request: pytest.FixtureRequest) -> Iterator[LogWatch]:
    """Fails a test that logs a warning or worse, unless the line is allowed."""
    watch = LogWatch()
    for marker in request.node.iter_markers("logs"):
        for pattern in marker.args:
            watch.allow(pattern)
    logger = logging.getLogger(PACKAGE_LOGGER)
    logger.addHandler(watch.recorder)
    yield watch
    logger.removeHandler(watch.recorder)
    if watch.unexpected:
        pytest.fail("unexpected log lines:\n" + "\n".join(watch.unexpected), pytrace=False)


@pytest.fixture
def allow_logs(log_watch: LogWatch) -> Callable[[str], None]:
    """Allows, from inside a test, log lines in which a pattern is found."""
    return log_watch.allow
