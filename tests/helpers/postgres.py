"""A PostgreSQL for tests: one server for a whole run, and fresh databases that cost about 30 ms each."""

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from driveflow_desktop.adapters.postgres_embedded import EmbeddedPostgres

# A test database is thrown away, so nothing of it needs to survive a power cut.
FAST_AND_UNSAFE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "120",
}


class PostgresDatabases:
    """Makes databases on one server and drops them at the end."""

    def __init__(self, server_url: str) -> None:
        self.server_url = server_url
        self._templates: dict[str, str] = {}
        self._made: list[str] = []

    def fresh(self, template: str | None = None) -> str:
        """The URL of a new database: empty, or a copy of what `template` prepared."""
        return self._url(self._create(self._templates[template] if template is not None else "template0"))

    def template(self, name: str, prepare: Callable[[str], None]) -> str:
        """Let `prepare(url)` fill a database once, for `fresh(name)` to copy; it must close its connections."""
        if name not in self._templates:
            database = self._create("template0")
            prepare(self._url(database))
            self._templates[name] = database
        return name

    def copy(self, url: str) -> str:
        """The URL of a copy of a database of ours that nobody is connected to."""
        return self._url(self._create(urlsplit(url).path.removeprefix("/")))

    def drop(self, url: str) -> None:
        """Drop a database, and end whoever is still connected to it."""
        self._drop(urlsplit(url).path.removeprefix("/"))

    def drop_all(self) -> None:
        """Drop every database that is left."""
        for name in list(self._made):
            self._drop(name)

    def _create(self, template: str) -> str:
        name = f"test_{secrets.token_hex(6)}"
        # Copying files beats writing a small database through the log only because the tests run without fsync.
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        self._run(statement.format(sql.Identifier(name), sql.Identifier(template)))
        self._made.append(name)
        return name

    def _drop(self, name: str) -> None:
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        self._made.remove(name)

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            connection.execute(statement)

    def _url(self, database: str) -> str:
        return urlunsplit(urlsplit(self.server_url)._replace(path=f"/{database}"))


@pytest.fixture(scope="session")
def postgres_server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A superuser's URL of the server, shared by all workers of a run: the first starts it, the last stops it."""
    given = os.environ.get("DRIVEFLOW_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with EmbeddedPostgres(_run_folder(tmp_path_factory) / "postgres", settings=FAST_AND_UNSAFE) as server:
        yield server.url()


def _run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run's temporary folder; a worker of xdist has its own inside it."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def postgres_databases(postgres_server_url: str) -> Iterator[PostgresDatabases]:
    """Makes databases; they are dropped at the end of the run."""
    databases = PostgresDatabases(postgres_server_url)
    yield databases
    databases.drop_all()


@pytest.fixture(scope="session")
def postgres_url(postgres_databases: PostgresDatabases) -> str:
    """An empty database for the whole run of this worker: share it, and clean up after yourself."""
    return postgres_databases.fresh()


@pytest.fixture(scope="module")
def module_postgres_url(postgres_databases: PostgresDatabases) -> Iterator[str]:
    """An empty database for one test module."""
    url = postgres_databases.fresh()
    yield url
    postgres_databases.drop(url)


@pytest.fixture
def fresh_postgres_url(postgres_databases: PostgresDatabases) -> Iterator[str]:
    """An empty database for one test."""
    url = postgres_databases.fresh()
    yield url
    postgres_databases.drop(url)
