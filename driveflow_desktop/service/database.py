"""Transactions of the sync service on PostgreSQL: inside one school as the app role, or signing in as the auth role."""

import contextlib
from collections.abc import Iterator
from typing import cast
from uuid import UUID

import psycopg
import sqlalchemy as sa

from driveflow_desktop.store.guards import APP_ROLE, AUTH_ROLE, ORG_SETTING


def make_engine(url: str, *, pool_size: int = 8, overflow: int = 16) -> sa.Engine:
    """An engine for a libpq or SQLAlchemy URL, through psycopg 3."""
    _scheme, separator, rest = url.partition("://")
    address = f"postgresql+psycopg{separator}{rest}"
    # An error must not repeat the values it is about: it may end in a log.
    return sa.create_engine(
        address, pool_size=pool_size, max_overflow=overflow, pool_pre_ping=True, hide_parameters=True
    )


@contextlib.contextmanager
def school_transaction(engine: sa.Engine, org_id: UUID, *, read_only: bool = False) -> Iterator[sa.Connection]:
    """A transaction that sees and writes the rows of one school only.

    The role and the school are `SET LOCAL`, so that nothing leaks to the pool's next borrower; row-level security
    stands behind every statement. A read-only transaction is one consistent state (REPEATABLE READ).
    """
    level = "REPEATABLE READ" if read_only else "READ COMMITTED"
    with engine.connect().execution_options(isolation_level=level) as connection, connection.begin():
        connection.exec_driver_sql(f"SET LOCAL ROLE {APP_ROLE}")
        if read_only:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        # In another time zone instants of the years 1 and 9999 would fall outside what Python can hold.
        settings = {ORG_SETTING: str(org_id), "TimeZone": "UTC"}
        connection.execute(sa.select(*(sa.func.set_config(name, value, True) for name, value in settings.items())))
        yield connection


@contextlib.contextmanager
def auth_transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction of sign-in: across schools, over accounts, devices and tokens, and nothing of the schools' data."""
    with engine.connect().execution_options(isolation_level="READ COMMITTED") as connection, connection.begin():
        connection.exec_driver_sql(f"SET LOCAL ROLE {AUTH_ROLE}")
        connection.execute(sa.select(sa.func.set_config("TimeZone", "UTC", True)))
        yield connection


@contextlib.contextmanager
def as_sign_in(connection: sa.Connection) -> Iterator[None]:
    """The auth role for some statements of a `school_transaction`, where an account and a school change together."""
    connection.exec_driver_sql(f"SET LOCAL ROLE {AUTH_ROLE}")
    yield
    # After an error the transaction is lost, and with it the role.
    connection.exec_driver_sql(f"SET LOCAL ROLE {APP_ROLE}")


def is_retryable(problem: BaseException) -> bool:
    """Whether the transaction met another one (deadlock, serialisation) and stands a chance when it is run again."""
    source = problem.orig if isinstance(problem, sa.exc.DBAPIError) else problem
    return isinstance(source, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure)


def is_lost(connection: sa.Connection) -> bool:
    """Whether the connection broke under us."""
    return connection.invalidated or cast("psycopg.Connection", connection.connection.driver_connection).closed


def is_outage(problem: BaseException) -> bool:
    """Whether the database could not be reached, or left us, rather than refused what we asked."""
    if isinstance(problem, sa.exc.TimeoutError):
        return True  # every connection of the pool is at work
    if isinstance(problem, sa.exc.DBAPIError) and problem.connection_invalidated:
        return True
    source = problem.orig if isinstance(problem, sa.exc.DBAPIError) else problem
    if isinstance(source, psycopg.OperationalError | psycopg.InterfaceError):
        return True
    # A savepoint cannot be rolled back on a connection that is gone: the outage stands behind that error.
    behind = problem.__cause__ or problem.__context__
    return behind is not None and is_outage(behind)
