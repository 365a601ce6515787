"""The database that the service and its commands work on: somebody's server, or our own in the data folder."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from driveflow_desktop.adapters.postgres_embedded import EmbeddedPostgres
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.database import make_engine
from driveflow_desktop.store.migrate import upgrade
from driveflow_desktop.store.provision import prepare_database

URL_VARIABLES: Final = ("DRIVEFLOW_DATABASE_URL", "DATABASE_URL")


@contextlib.contextmanager
def prepared_engine(folder: Path, given: str | None, environment: Mapping[str, str]) -> Iterator[sa.Engine]:
    """An engine on a database at this program's schema.

    The database is the one of the URL `given` or of the environment, else our own in `folder`, which runs as long as
    somebody uses it. Raises `UserError`: `database_url`, `database_unreachable`, and what `prepare_database`,
    `upgrade` and `EmbeddedPostgres` raise.
    """
    named = given or next((environment[name] for name in URL_VARIABLES if environment.get(name)), None)
    with _database(folder, named) as url:
        engine = make_engine(url, pool_size=2)
        try:
            _bring_up(url, engine)
            yield engine
        finally:
            engine.dispose()


def _bring_up(url: str, engine: sa.Engine) -> None:
    try:
        with engine.connect():
            pass
    except sa.exc.OperationalError:
        # What the driver says may repeat the URL, and with it the password.
        raise UserError(
            "database_unreachable", "The database does not answer.", hint="Check its URL, and that it runs."
        ) from None
    prepare_database(url)
    upgrade(engine)


@contextlib.contextmanager
def _database(folder: Path, named: str | None) -> Iterator[str]:
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
