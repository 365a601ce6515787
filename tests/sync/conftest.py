"""A world per test: a fresh school on a shared, migrated Postgres database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from driveflow_desktop.store.migrate import upgrade
from driveflow_desktop.store.provision import prepare_database
from tests.helpers.databases import postgresql_database
from tests.helpers.postgres import PostgresDatabases
from tests.helpers.world import World


@pytest.fixture(scope="session")
def service_url(postgres_databases: PostgresDatabases) -> str:
    """One migrated database for all sync tests of a worker; each test has a school of its own in it."""
    url = postgres_databases.fresh()
    prepare_database(url)
    database = postgresql_database(url)
    upgrade(database.engine)
    database.engine.dispose()
    return url


@pytest.fixture
def world(service_url: str, tmp_path: Path) -> Iterator[World]:
    """A school with its service and no desk yet."""
    made = World(service_url, tmp_path)
    yield made
    made.close()
