"""The two databases, empty or migrated and populated, behind one face: an encrypted SQLite file and PostgreSQL."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql
from sqlcipher3 import dbapi2 as sqlcipher

from driveflow_desktop.store.guards import APP_ROLE, AUTH_ROLE
from driveflow_desktop.store.migrate import upgrade
from driveflow_desktop.store.provision import prepare_database
from driveflow_desktop.store.replica import DOOR_SHUT, DOOR_SYNC, ReplicaKey, connect
from tests.helpers.populate import populate
from tests.helpers.postgres import PostgresDatabases

KEY: Final = ReplicaKey(bytes(range(32)))
ROLE_PASSWORD: Final = "only-for-tests"
BOTH: Final = ("sqlite", "postgresql")


@dataclass
class Database:
    """One of the two databases, seen by someone who may do everything."""

    engine: sa.Engine
    url: str = ""
    door: int = DOOR_SHUT

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextlib.contextmanager
    def rolled_back(self) -> Iterator[sa.Connection]:
        """A connection whose work leaves no trace."""
        with self.engine.connect() as connection:
            yield connection
            connection.rollback()

    @contextlib.contextmanager
    def open_door(self, connection: sa.Connection) -> Iterator[None]:
        """The only way through immutability: the sync engine's on a replica, erasure on the service."""
        if self.dialect == "postgresql":
            connection.exec_driver_sql("SET LOCAL driveflow.door = 'erasure'")
        self.door = DOOR_SYNC
        try:
            yield
        finally:
            self.door = DOOR_SHUT


def driver_url(url: str) -> str:
    """A libpq URL as SQLAlchemy wants it."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def sqlite_database(path: Path) -> Database:
    """An encrypted file with the connection that replicas have, and a door to open."""
    found = Database(sa.create_engine("sqlite://", creator=lambda: _connect(path, found), module=sqlcipher))
    sa.event.listen(found.engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return found


def _connect(path: Path, database: Database) -> sqlcipher.Connection:
    connection = connect(path, KEY)
    connection.create_function("driveflow_door", 0, lambda: database.door)
    return connection


def postgresql_database(url: str) -> Database:
    """A PostgreSQL database, seen by its superuser."""
    return Database(sa.create_engine(driver_url(url)), url)


def _prepare_postgresql(url: str, *, filled: bool) -> None:
    prepare_database(url)
    database = postgresql_database(url)
    upgrade(database.engine)
    if filled:
        with database.engine.begin() as connection:
            populate(connection)
    database.engine.dispose()


MakeDatabase = Callable[..., Database]


@pytest.fixture
def make_database(tmp_path: Path, postgres_databases: PostgresDatabases) -> Iterator[MakeDatabase]:
    """`make_database(dialect, state)`: a database of one's own; `state` is empty, migrated or populated."""
    made: list[Database] = []

    def make(dialect: str, state: str = "populated") -> Database:
        if dialect == "sqlite":
            database = sqlite_database(tmp_path / f"school{len(made)}.db")
            if state != "empty":
                upgrade(database.engine)
            if state == "populated":
                with database.engine.begin() as connection:
                    populate(connection)
        else:
            database = postgresql_database(_fresh_postgresql(postgres_databases, state))
        made.append(database)
        return database

    yield make
    for database in made:
        database.engine.dispose()
        if database.url:
            postgres_databases.drop(database.url)


def _fresh_postgresql(databases: PostgresDatabases, state: str) -> str:
    if state == "empty":
        url = databases.fresh()
        prepare_database(url)
        return url
    template = databases.template(f"schema {state}", lambda url: _prepare_postgresql(url, filled=state == "populated"))
    return databases.fresh(template)


@pytest.fixture(scope="module")
def populated_once(
    tmp_path_factory: pytest.TempPathFactory, postgres_databases: PostgresDatabases
) -> Iterator[Callable[[str], Database]]:
    """Makes each of the two populated databases when a module first asks for it."""
    made: dict[str, Database] = {}

    def find(dialect: str) -> Database:
        if dialect not in made:
            if dialect == "sqlite":
                made[dialect] = sqlite_database(tmp_path_factory.mktemp("populated") / "school.db")
                upgrade(made[dialect].engine)
                with made[dialect].engine.begin() as connection:
                    populate(connection)
            else:
                made[dialect] = postgresql_database(_fresh_postgresql(postgres_databases, "populated"))
        return made[dialect]

    yield find
    for database in made.values():
        database.engine.dispose()
        if database.url:
            postgres_databases.drop(database.url)


@pytest.fixture(params=BOTH)
def populated(request: pytest.FixtureRequest, populated_once: Callable[[str], Database]) -> Database:
    """Each of the two databases, migrated and populated, shared by a module: leave it as it was (`rolled_back`)."""
    return populated_once(request.param)


@pytest.fixture(scope="module")
def served(postgres_databases: PostgresDatabases) -> Iterator[dict[str, str]]:
    """The populated PostgreSQL as its three parties log in: URLs by `admin`, `app`, `auth`."""
    url = _fresh_postgresql(postgres_databases, "populated")
    yield {"admin": url, "app": _login(url, APP_ROLE), "auth": _login(url, AUTH_ROLE)}
    postgres_databases.drop(url)


def _login(url: str, role: str) -> str:
    """The URL for a real login as `role`; roles belong to the whole server, so other workers may do the same."""
    with psycopg.connect(url, autocommit=True) as connection, contextlib.suppress(psycopg.errors.InternalError_):
        statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(ROLE_PASSWORD))
        connection.execute(statement)
    return login_url(url, role, ROLE_PASSWORD)


def login_url(url: str, login: str, password: str) -> str:
    """The URL with another login."""
    parts = urlsplit(url)
    host = parts.netloc.rsplit("@", 1)[-1]
    return urlunsplit(parts._replace(netloc=f"{login}:{password}@{host}"))
