"""The school's rows moved by hand, without sync, checks or log: what the sync figures are measured against."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, cast

import psycopg
import sqlalchemy as sa

from driveflow_desktop.domain.tables import synced_tables
from driveflow_desktop.store.loading import Driver, Stored, drop_indexes
from driveflow_desktop.store.types import EnumText, Hundredths, Id, JsonDoc, Microdegrees, UtcDateTime

_SCALES: Final = ((Microdegrees, 1_000_000), (Hundredths, 100))
_ROWS: Final = 1_000
Take = Callable[[str], Stored]


def select_stored(table: sa.Table, where: str = "") -> str:
    """SQL that reads rows of a table as SQLite will keep them: ids in hex, instants in microseconds."""
    columns = ", ".join(_stored(column) for column in table.columns)
    return f"SELECT {columns} FROM {table.name} {where}"  # noqa: S608 - our own names


def takers(table: sa.Table) -> list[Take]:
    """For each column what makes its text the stored value."""
    return [_taker(column) for column in table.columns]


def taken(take: Sequence[Take], row: Sequence[str | None]) -> list[Stored]:
    """A row of texts in its stored form."""
    return [None if value is None else one(value) for one, value in zip(take, row, strict=True)]


def upsert(table: sa.Table) -> str:
    """SQL that writes a row of a table over whatever stands under its id."""
    names = [column.name for column in table.columns]
    into = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608
    return f"{into} ON CONFLICT (org_id, id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in names)}"


def copy_school(admin_url: str, driver: Driver) -> int:
    """Every synced row out of PostgreSQL into a replica's empty tables: the bytes that COPY sent.

    Plain indexes are made after the rows; there is no search index, no check of references, no log.
    """
    size = 0
    driver.execute("PRAGMA foreign_keys = OFF")
    driver.execute("BEGIN IMMEDIATE")
    indexes = drop_indexes(driver)
    with psycopg.connect(admin_url) as service:
        for table in synced_tables():
            marks = ", ".join("?" * len(table.columns))
            insert = f"INSERT INTO {table.name} VALUES ({marks})"  # noqa: S608 - our own name
            for rows, sent in _copied(service, table):
                driver.executemany(insert, rows)
                size += sent
    for statement in indexes:
        driver.execute(statement)
    driver.execute("COMMIT")
    driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return size


def _copied(service: psycopg.Connection, table: sa.Table) -> Iterator[tuple[list[list[Stored]], int]]:
    take = takers(table)
    statement = f"COPY ({select_stored(table)}) TO STDOUT".encode()
    with service.cursor().copy(statement) as copy:
        rows: list[list[Stored]] = []
        sent = 0
        for row in copy.rows():
            texts = cast("tuple[str | None, ...]", row)
            sent += sum(1 if text is None else len(text) + 1 for text in texts)
            rows.append(taken(take, texts))
            if len(rows) == _ROWS:
                yield rows, sent
                rows, sent = [], 0
        yield rows, sent


def _stored(column: sa.Column[object]) -> str:
    name, kind = column.name, column.type
    if isinstance(kind, Id):
        return f"replace({name}::text, '-', '')"
    if isinstance(kind, UtcDateTime):
        return f"(extract(epoch FROM {name}) * 1000000)::bigint::text"
    if isinstance(kind, sa.Boolean):
        return f"{name}::int::text"
    if isinstance(kind, sa.LargeBinary):
        return f"encode({name}, 'hex')"
    for scaled, factor in _SCALES:
        if isinstance(kind, scaled):
            return f"({name} * {factor})::int::text"
    return f"{name}::text"


def _taker(column: sa.Column[object]) -> Take:
    kind = column.type
    if isinstance(kind, Id | sa.LargeBinary):
        return bytes.fromhex
    if isinstance(kind, EnumText | JsonDoc | sa.String | sa.Date):
        return str
    return int
