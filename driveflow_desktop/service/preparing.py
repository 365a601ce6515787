"""The database that the service and its commands work on: somebody's server, or our own in the data folder."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from driveflow_desktop.adapters.postgres_embedded import EmbeddedPostgres
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.database import make_engine
from driveflow_desktop.store.guards import APP_ROLE
from driveflow_desktop.store.migrate import SCHEMA_REVISION, current_revision, upgrade
from driveflow_desktop.store.provision import examine_login, prepare_database, service_url

URL_VARIABLES: Final = ("DRIVEFLOW_DATABASE_URL", "DATABASE_URL")


@contextlib.contextmanager
def prepared_engine(folder: Path, given: str | None, environment: Mapping[str, str]) -> Iterator[sa.Engine]:
    """An engine on a database at this program's schema, with the login that serves. Raises what `prepared` raises."""
    with database(folder, given, environment) as url:
        engine = make_engine(prepared(url), pool_size=2)
        try:
            yield engine
        finally:
            engine.dispose()


@contextlib.contextmanager
def database(folder: Path, given: str | None, environment: Mapping[str, str]) -> Iterator[str]:
    """The libpq URL of the database to work on: the one that is named, else our own under the folder, which runs as
    long as somebody uses it.
    """
    named = given or next((environment[name] for name in URL_VARIABLES if environment.get(name)), None)
    if not named:
        with EmbeddedPostgres(folder / "postgres") as server:
            yield server.url()
        return
    try:
        url = sa.make_url(named)
    except sa.exc.ArgumentError:
        url = None
    if url is None or url.get_backend_name() not in {"postgresql", "postgres"}:
        raise UserError(
            "database_url", "That is no URL of a PostgreSQL.", hint="postgresql://login:password@host:5432/database"
        )
    yield url.set(drivername="postgresql").render_as_string(hide_password=False)


def prepared(admin_url: str) -> str:
    """Bring a database to this program's schema and return the URL to serve with.

    A login that may not migrate serves a database that stands at our revision already. Raises `UserError`:
    `database_unreachable`, `older_database`, and what `prepare_database`, `upgrade` and `service_url` raise.
    """
    if examine_login(admin_url).migrates:
        prepare_database(admin_url)
        admin = make_engine(admin_url, pool_size=1)
        try:
            upgrade(admin)
        finally:
            admin.dispose()
        return service_url(admin_url)
    url = service_url(admin_url)
    _require_current(url)
    return url


def _require_current(url: str) -> None:
    engine = make_engine(url, pool_size=1)
    try:
        with engine.connect() as connection, connection.begin():
            connection.exec_driver_sql(f"SET LOCAL ROLE {APP_ROLE}")
            found = current_revision(connection)
    finally:
        engine.dispose()
    if found != SCHEMA_REVISION:
        raise UserError(
            "older_database" if (found or "") < SCHEMA_REVISION else "newer_version",
            f"The database stands at revision {found}, this program at {SCHEMA_REVISION}.",
            hint="Start this version once with an administrator's URL, or use the version that made the database.",
        )
