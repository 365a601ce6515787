"""Filling an empty replica with many rows that the service already knows: a first sync's work, and the demo's.

Such rows have a `version` above zero and no log entries. Plain indexes and the search index are dropped first and made
from the finished rows, which is several times quicker than keeping them row by row. It happens whole or not at all.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol, cast

import sqlalchemy as sa

from driveflow_desktop.kernel.errors import Bug
from driveflow_desktop.store import search_index
from driveflow_desktop.store.log import BASE_ROWS, OUTBOX
from driveflow_desktop.store.replica import Replica

Stored = bytes | int | float | str | None
"""A value in the form in which SQLite keeps it: ids 16 bytes, instants microseconds, dates ISO text, flags 0 and 1."""

_CACHE_KIB: Final = 256_000


class Driver(Protocol):
    """What we need of the raw connection."""

    def execute(self, statement: str, parameters: Sequence[Stored] = (), /) -> "Driver":
        """Run a statement."""

    def executemany(self, statement: str, rows: Iterable[Sequence[Stored]], /) -> "Driver":
        """Run a statement for each row."""

    def fetchall(self) -> list[tuple[str, ...]]:
        """The rows of the result."""


class Loading:
    """An open load; tables may be filled in any order, references are checked at the end."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def load_rows(self, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Stored]]) -> None:
        """Insert rows, each with a value for every one of `columns`; the others take the schema's defaults."""
        unknown = set(columns) - set(table.columns.keys())
        if unknown:
            raise Bug(f"{table.name} has no columns {sorted(unknown)}")
        marks = ", ".join("?" * len(columns))
        self._driver.executemany(f'INSERT INTO "{table.name}" ({", ".join(columns)}) VALUES ({marks})', rows)  # noqa: S608


@contextlib.contextmanager
def bulk_load(replica: Replica) -> Iterator[Loading]:
    """One transaction that fills the replica; raises `Bug` when the rows left references to nothing."""
    with replica.maintenance() as connection:
        driver = cast("Driver", connection.connection.driver_connection)
        driver.execute("PRAGMA foreign_keys = OFF")
        driver.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        try:
            with connection.begin():
                search_index.drop(connection)
                indexes = drop_indexes(driver)
                yield Loading(driver)
                for statement in indexes:
                    driver.execute(statement)
                search_index.rebuild(connection)
                _require_whole(driver)
        finally:
            driver.execute("PRAGMA foreign_keys = ON")
            driver.execute("PRAGMA cache_size = -16000")


@contextlib.contextmanager
def quick_writes(replica: Replica) -> Iterator[None]:
    """Do not wait for the disk at each commit, only once at the end; for a file that nobody relies on before.

    A power cut in between may ruin the file.
    """
    _pragma(replica, "synchronous = OFF")
    try:
        yield
    finally:
        _pragma(replica, "synchronous = FULL")
        _pragma(replica, "wal_checkpoint(TRUNCATE)")


def _pragma(replica: Replica, text: str) -> None:
    with replica.maintenance() as connection:
        cast("Driver", connection.connection.driver_connection).execute(f"PRAGMA {text}").fetchall()


def drop_indexes(driver: Driver) -> list[str]:
    """Drop the indexes that are not unique keys, and return the statements that make them again."""
    found = driver.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE 'CREATE INDEX%' ORDER BY name"
    ).fetchall()
    for name, _ in found:
        driver.execute(f'DROP INDEX "{name}"')
    return [statement for _, statement in found]


def broken_references(driver: Driver) -> set[str]:
    """The tables that hold references to nothing."""
    return {row[0] for row in driver.execute("PRAGMA foreign_key_check").fetchall()}


def _require_whole(driver: Driver) -> None:
    broken = broken_references(driver)
    if broken:
        raise Bug(f"the load left references to nothing in {', '.join(sorted(broken))}")


def take_as_synced(replica: Replica) -> int:
    """Treat everything written so far as accepted by the service: versions above zero, nothing pending.

    Returns the highest version given. For demo schools, which have no service to accept anything.
    """
    last = 0
    with replica.maintenance() as connection, connection.begin():
        for table in replica.tables.sorted_tables:
            if "version" in table.columns:
                name = f'"{table.name}"'
                connection.exec_driver_sql(f"UPDATE {name} SET version = rowid + {last}")  # noqa: S608
                highest = connection.exec_driver_sql(f"SELECT max(rowid) FROM {name}").scalar()  # noqa: S608
                last += int(highest or 0)
        for pending in (OUTBOX.name, BASE_ROWS.name):
            connection.exec_driver_sql(f'DELETE FROM "{pending}"')  # noqa: S608
    return last
