"""The world of the sync tests, for what a stranger's client may send."""

from tests.sync.conftest import service_url, world

__all__ = ["service_url", "world"]
