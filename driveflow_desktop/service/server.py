"""uvicorn as the service runs it: our own logs, streams that end before it waits for requests to finish."""

import socket
import threading
from collections.abc import Callable
from typing import Final

import uvicorn
from starlette.applications import Starlette

from driveflow_desktop.service.heads import Heads

GRACE_SECONDS: Final = 30
"""Time for requests under way when the service stops."""
_KEEP_ALIVE_SECONDS: Final = 75


class Server:
    """One process's HTTP server around an application of `make_app`. SIGTERM and SIGINT stop it in peace."""

    def __init__(self, app: Starlette, *, on_ready: Callable[[], None] | None = None) -> None:
        """`on_ready` is called once connections are accepted."""
        config = uvicorn.Config(
            app,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            # Whom a proxy speaks for is decided where it counts, by whoever knows which proxies to trust.
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        self._ready = threading.Event()
        self._on_ready = on_ready
        self._server = _Uvicorn(config, app.state.heads, self._started)

    def run(self, sockets: list[socket.socket]) -> bool:
        """Serve until told to stop; returns whether it came up at all."""
        self._server.run(sockets)
        return self._server.started

    def stop(self) -> None:
        """Stop in peace; from any thread."""
        self._server.should_exit = True

    def wait_until_ready(self, seconds: float) -> bool:
        """Wait, in another thread, until connections are accepted."""
        return self._ready.wait(seconds)

    def _started(self) -> None:
        self._ready.set()
        if self._on_ready is not None:
            self._on_ready()


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, heads: Heads, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._heads = heads
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._tell()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._heads.end_waiting()
        await super().shutdown(sockets)
