"""Whether two copies of a school's rows are the same: a count and a sum of hashes for each table.

The sum is the XOR of the SHA-256 of each row's canonical JSON (RFC 8785), so it needs no order, and PostgreSQL can make
it by itself (`service/digest.py`). Whole numbers are written in full, also beyond what RFC 8785 lets a reader expect.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import NoneType
from typing import Final, TypeAlias, cast
from uuid import UUID

import rfc8785
import sqlalchemy as sa

from driveflow_desktop.store.log import BASE_ROWS
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.types import Json, Value, dump_json
from driveflow_desktop.sync.snapshot_protocol import TableDigest

_SIMPLE: Final = (str, bool, int, NoneType)
"""Of these `dump_json` writes what RFC 8785 asks for."""
_FETCH: Final = 500
_EXACT: Final = 2**53 - 1
"""The largest whole number that RFC 8785's readers keep; the library refuses larger ones."""


class TableSum:
    """The digest of a table, row by row."""

    def __init__(self, rows: int = 0, total: int = 0) -> None:
        self._rows = rows
        self._total = total

    def add(self, row: Mapping[str, Json]) -> None:
        """Count a row, given in wire form."""
        self._rows += 1
        self._total ^= int.from_bytes(hashlib.sha256(canonical_row(row)).digest(), "big")

    def digest(self) -> TableDigest:
        """The sum so far."""
        return TableDigest(self._rows, f"{self._total:064x}")


def canonical_row(row: Mapping[str, Json]) -> bytes:
    """A row's wire form as RFC 8785 JSON."""
    if all(isinstance(value, _SIMPLE) for value in row.values()):
        return dump_json(row).encode()
    return ("{" + ",".join(f'"{name}":{_canonical(row[name])}' for name in sorted(row)) + "}").encode()


def _canonical(value: Json) -> str:
    if isinstance(value, _SIMPLE):
        return dump_json(value)
    return rfc8785.dumps(_readable(value)).decode()


_Plain: TypeAlias = "bool | int | float | str | list[_Plain] | dict[str, _Plain] | None"


def _readable(value: Json) -> _Plain:
    """A document as the library takes it: 2**53 may be in one, and is written the same as a float."""
    if isinstance(value, Mapping):
        return {name: _readable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _EXACT:
        return float(value)
    return cast("_Plain", value)


def replica_digest(
    connection: sa.Connection, org_id: UUID, tables: Iterable[sa.Table], stopped: Callable[[], bool] = lambda: False
) -> dict[str, TableDigest] | None:
    """What the service's rows on a replica add up to, by table: pending edits are left out. None when `stopped`."""
    found: dict[str, TableDigest] = {}
    for table in tables:
        total = TableSum()
        for number, row in enumerate(_service_rows(connection, org_id, table)):
            if number % _FETCH == 0 and stopped():
                return None
            total.add(row)
        found[str(table.name)] = total.digest()
    return found


def _service_rows(connection: sa.Connection, org_id: UUID, table: sa.Table) -> Iterator[Mapping[str, Json]]:
    """Rows without pending edits as they stand, the service's own in the place of the others; in wire form."""
    to_wire = codec(table).to_wire
    of_table = (BASE_ROWS.c.org_id == org_id, BASE_ROWS.c.table_name == table.name)
    edited = sa.exists().where(*of_table, BASE_ROWS.c.id == table.c.id)
    rows = sa.select(table).where(table.c.org_id == org_id, ~edited).execution_options(yield_per=_FETCH)
    for row in connection.execute(rows).mappings():
        yield to_wire(cast("Mapping[str, Value]", row))
    for base in connection.execute(sa.select(BASE_ROWS.c.row).where(*of_table, BASE_ROWS.c.row.is_not(None))).scalars():
        yield cast("Mapping[str, Json]", base)
