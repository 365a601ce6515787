"""The service's routes, put together."""

import contextlib
import secrets
from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus
from ipaddress import ip_address

import msgspec
import sqlalchemy as sa
from anyio import to_thread
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.envelope import Envelope, reraise
from driveflow_desktop.service.gate import Gate
from driveflow_desktop.service.heads import Heads
from driveflow_desktop.service.metrics import Metrics
from driveflow_desktop.service.runtime import Runtime
from driveflow_desktop.service.school_routes import SchoolRoutes
from driveflow_desktop.store.guards import APP_ROLE
from driveflow_desktop.store.migrate import current_revision

THREADS = 24
"""Requests of one process that may be at the database at once; the pool has as many connections to spare."""


def make_app(
    runtime: Runtime,
    gate: Gate,
    *,
    routes: Sequence[BaseRoute] = (),
    metrics_token: str | None = None,
) -> Starlette:
    """The ASGI application; `routes` are those of sign-in. `app.state.heads` ends the streams when the server stops.

    `/metrics` answers on this machine, and elsewhere to whoever brings `metrics_token`.
    """
    metrics = Metrics()
    heads = Heads(_conninfo(runtime.engine))
    status = _Status(runtime, metrics, metrics_token)
    app = Starlette(
        routes=[*SchoolRoutes(runtime, gate, heads, metrics).routes(), *routes, *status.routes()],
        middleware=[Middleware(Envelope, schema=runtime.schema, metrics=metrics)],
        exception_handlers={HTTPException: reraise},
        lifespan=_lifespan,
    )
    app.state.heads = heads
    app.router.redirect_slashes = False
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    to_thread.current_default_thread_limiter().total_tokens = THREADS
    heads: Heads = app.state.heads
    heads.start()
    try:
        yield
    finally:
        heads.end_waiting()
        await to_thread.run_sync(heads.stop)


def _conninfo(engine: sa.Engine) -> str:
    """The engine's URL in libpq's form."""
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


class _Status:
    """Whether the process lives, whether it can serve, and what it counted."""

    def __init__(self, runtime: Runtime, metrics: Metrics, token: str | None) -> None:
        self._runtime = runtime
        self._metrics = metrics
        self._token = token

    def routes(self) -> list[Route]:
        """Routes for whoever watches over the service."""
        return [
            Route("/healthz", self.health, methods=["GET"]),
            Route("/readyz", self.readiness, methods=["GET"]),
            Route("/metrics", self.figures, methods=["GET"]),
        ]

    async def health(self, _request: Request) -> Response:
        """The process answers."""
        return Response(b'{"status":"ok"}', media_type="application/json")

    async def readiness(self, _request: Request) -> Response:
        """The database answers too, at the revision that we serve."""
        found = await to_thread.run_sync(self._revision)
        if found != self._runtime.schema:
            raise UserError("unavailable", "The database stands at another revision of the schema.")
        return Response(msgspec.json.encode({"status": "ready", "schema": found}), media_type="application/json")

    def _revision(self) -> str | None:
        with self._runtime.engine.connect() as connection, connection.begin():
            connection.exec_driver_sql(f"SET LOCAL ROLE {APP_ROLE}")
            return current_revision(connection)

    async def figures(self, request: Request) -> Response:
        """Prometheus' page."""
        if not self._may_read(request):
            raise UserError("not_found", "There is nothing here.")
        return Response(self._metrics.page(), HTTPStatus.OK, media_type=CONTENT_TYPE_LATEST)

    def _may_read(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if self._token and scheme.lower() == "bearer":
            return secrets.compare_digest(given.strip().encode(), self._token.encode())
        # Behind a proxy that nobody told us to trust, everyone seems to come from this machine.
        if "x-forwarded-for" in request.headers or "forwarded" in request.headers or request.client is None:
            return False
        with contextlib.suppress(ValueError):
            return ip_address(request.client.host).is_loopback
        return False
