"""Believable, linked rows for every table of the schema, made from the metadata alone: the same in every run."""

import functools
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

import sqlalchemy as sa

from driveflow_desktop.domain.tables import METADATA, tables_for
from driveflow_desktop.store.types import EnumText, Hundredths, Id, JsonDoc, Microdegrees, UtcDateTime

ORG_A: Final = UUID("0192f000-0000-7000-8000-00000000000a")
ORG_B: Final = UUID("0192f000-0000-7000-8000-00000000000b")
ORGS: Final = (ORG_A, ORG_B)

_FEWEST: Final = 3
_START: Final = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)
_DAY: Final = date(2026, 3, 3)
_PLACES: Final = ((-33_868_820, 151_209_296), (-33_914_217, 151_241_692), (-33_796_923, 150_924_420))
_NAMES: Final = ("Zoë Nguyen", "Ada O’Brien", "Mihi Te Whare", "Łukasz Smith", "Priya Rao", "Jo 李")

Row = dict[str, object]


@functools.cache
def light(table: sa.Table, columns: frozenset[str] | None = None) -> sa.TableClause:
    """The table without Python-side defaults, so that an insert shows what the database itself fills in."""
    chosen = table.columns.keys() if columns is None else columns
    return sa.table(table.name, *(sa.column(c.name, c.type) for c in table.columns if c.name in chosen))


def count(table: sa.Table) -> int:
    """How many rows a school has in a table: always one more than any table that points at it needs."""
    return _FEWEST + _height(table)


def populate(connection: sa.Connection, orgs: Sequence[UUID] = ORGS) -> None:
    """Fill every table that stands in the database (with the columns it has there) for each school."""
    inspector = sa.inspect(connection)
    standing = set(inspector.get_table_names())
    for table in tables_for(connection.dialect.name):
        if table.name in standing:
            columns = frozenset(column["name"] for column in inspector.get_columns(table.name))
            rows = [row(table, org, n) for org in orgs for n in range(count(table))]
            kept = [{name: value for name, value in found.items() if name in columns} for found in unique(table, rows)]
            connection.execute(sa.insert(light(table, columns)), kept)


def unique(table: sa.Table, rows: Iterable[Row]) -> list[Row]:
    """Each primary key once: `orgs` and `sync_heads` have one row a school."""
    keys = [column.name for column in table.primary_key]
    return list({tuple(row[key] for key in keys): row for row in rows}.values())


def row(table: sa.Table, org: UUID, n: int) -> Row:
    """The `n`-th row of a school in a table. Every third row leaves null what may be null."""
    sparse = n % 3 == 2
    made = {c.name: _value(table, c, org, n) for c in table.columns if not (sparse and c.nullable)}
    made.update({c.name: None for c in table.columns if c.name not in made})
    _fit(table.name, made, org, n)
    return made


def required(table: sa.Table, org: UUID, n: int) -> Row:
    """The same row with only what the database cannot fill in itself."""
    full = row(table, org, n)
    kept = {c.name: full[c.name] for c in table.columns if not c.nullable and c.server_default is None}
    return kept | ({"booking_id": full["booking_id"]} if table.name == "payments" else {})


def row_id(table: str, org: UUID, n: int) -> UUID:
    """The id of the `n`-th row."""
    if table == "orgs":
        return org
    return uuid5(org, f"{table}:{n}")


def contents(connection: sa.Connection) -> dict[str, list[Row]]:
    """Every row of every table of the schema that stands, in a canonical order."""
    inspector = sa.inspect(connection)
    found = {}
    for name in sorted(set(inspector.get_table_names()) & set(METADATA.tables)):
        columns = frozenset(column["name"] for column in inspector.get_columns(name))
        rows = connection.execute(sa.select(light(METADATA.tables[name], columns))).mappings()
        found[name] = sorted((dict(row) for row in rows), key=lambda row: str(sorted(row.items(), key=str)))
    return found


def _height(table: sa.Table) -> int:
    children = [
        other
        for other in METADATA.sorted_tables
        if other is not table and table in {fk.column.table for fk in other.foreign_keys}
    ]
    return 1 + max(map(_height, children)) if children else 0


def _target(column: sa.Column[object]) -> str | None:
    """The table a column points at."""
    return next((fk.column.table.name for fk in column.foreign_keys if column.name != "org_id"), None)


def _value(table: sa.Table, column: sa.Column[object], org: UUID, n: int) -> object:
    if column.name == "org_id":
        return org
    if column.name == "id":
        return row_id(table.name, org, n)
    target = _target(column)
    if target == table.name:
        return row_id(target, org, n - 1) if n else None
    if target is not None:
        return row_id(target, org, n % count(METADATA.tables[target]))
    return _plain(table.name, column, org, n)


def _plain(table: str, column: sa.Column[object], org: UUID, n: int) -> object:
    kind = column.type
    if isinstance(kind, EnumText):
        return list(kind.enum)[n % len(kind.enum)]
    for found, make in _BY_TYPE.items():
        if isinstance(kind, found):
            return make(table, column.name, org, n)
    raise AssertionError(f"populate has no values for {kind!r}")


def _text(table: str, name: str, org: UUID, n: int) -> str:
    school = org.hex[-1]
    if name.endswith("email") or name == "to_address":
        return f"person{n}@{school}.example"
    if "name" in name and name not in {"table_name"}:
        return f"{_NAMES[n % len(_NAMES)]} {n}"
    fixed = {"currency": "AUD", "country": "AU", "region": "NSW", "language": "en", "time_zone": "Australia/Sydney"}
    fixed |= {"phone": f"+6141234567{n}", "abn": "51824753556", "bank_bsb": "062-000", "table_name": "bookings"}
    fixed |= {"ip": "203.0.113.7", "colour": "#2f6f4f", "related_type": "bookings", "entity_type": "bookings"}
    length = METADATA.tables[table].c[name].type.length  # type: ignore[attr-defined]
    return fixed.get(name, f"{n}{school} {table} {name}"[:length])


def _number(_table: str, name: str, _org: UUID, n: int) -> int:
    fixed = {"amount_cents": 9500, "price_cents": 9500, "platform_fee_cents": 1425, "instructor_share_cents": 8075}
    fixed |= {"start_minute": 540, "end_minute": 1020, "duration_min": 60, "rating": 1 + n % 5, "n": 0, "fee_bp": 1500}
    return fixed.get(name, n + 1)


def _instant(table: str, name: str, _org: UUID, n: int) -> datetime:
    late = timedelta(hours=1) if name.startswith("end") else timedelta()
    return _START + timedelta(hours=3 * n, microseconds=n) + late


def _place(_table: str, name: str, _org: UUID, n: int) -> int:
    return _PLACES[n % len(_PLACES)][1 if name.endswith("lng") else 0]


def _document(table: str, name: str, _org: UUID, n: int) -> object:
    return ["*"] if name in {"audience_before", "audience_after", "topics"} else {"n": n, "who": _NAMES[n % 6]}


_BY_TYPE: Final = {
    Id: lambda table, name, org, n: uuid5(org, f"{table}.{name}:{n}"),
    UtcDateTime: _instant,
    Microdegrees: _place,
    Hundredths: lambda table, name, org, n: 4_250 + n,
    JsonDoc: _document,
    sa.Boolean: lambda table, name, org, n: n % 2 == 0,
    sa.Date: lambda table, name, org, n: _DAY + timedelta(days=n + (7 if name.endswith(("end", "_to")) else 0)),
    sa.LargeBinary: lambda table, name, org, n: uuid5(org, f"{table}.{name}:{n}").bytes,
    sa.Integer: _number,
    sa.String: _text,
}


def _fit(table: str, made: Row, org: UUID, n: int) -> None:
    """What no single column knows."""
    if table == "users":
        # Users are global: those of both schools lie side by side.
        made["id"] = row_id("users", org, n)
    if table == "payments":
        by_booking = n % 2 == 0
        made["booking_id"] = row_id("bookings", org, n) if by_booking else None
        made["package_id"] = None if by_booking else row_id("packages", org, n % 4)
