"""What a member's replica should hold, as `sync.digest` sums it up; almost all of it is done by PostgreSQL."""

from collections.abc import Iterable
from typing import Final, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BIT, JSONB

from driveflow_desktop.domain.tables import synced_tables
from driveflow_desktop.service.members import Member
from driveflow_desktop.service.visible import visible_rows
from driveflow_desktop.service.wire_sql import wire_column
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.types import Json, JsonDoc, Value
from driveflow_desktop.sync.digest import TableSum
from driveflow_desktop.sync.snapshot_protocol import TableDigest

_EMPTY: Final = ("{}", "[]")
_FETCH: Final = 1_000


def school_digest(connection: sa.Connection, member: Member) -> dict[str, TableDigest]:
    """The digest of every table in a member's scope; the session's time zone must be UTC."""
    return {str(table.name): _of_table(connection, table, visible_rows(table, member)) for table in synced_tables()}


def _of_table(connection: sa.Connection, table: sa.Table, where: sa.ColumnElement[bool]) -> TableDigest:
    """PostgreSQL writes a document's JSON in an order and with spaces of its own, so rows with one are summed here."""
    documents = [column for column in table.columns if isinstance(column.type, JsonDoc)]
    plain = sa.and_(sa.true(), *(_is_empty(column) for column in documents))
    summed = sa.cast(sa.func.bit_xor(_hash(table), type_=BIT(256)), sa.Text)
    count, bits = connection.execute(sa.select(sa.func.count(), summed).select_from(table).where(where, plain)).one()
    found = TableSum(count, int(cast("str | None", bits) or "0", 2))
    if documents:
        to_wire = codec(table).to_wire
        rest = sa.select(table).where(where, sa.not_(plain)).execution_options(yield_per=_FETCH)
        for row in connection.execute(rest).mappings():
            found.add(to_wire(cast("dict[str, Value]", row)))
    return found.digest()


def _is_empty(column: sa.ColumnElement[Json]) -> sa.ColumnElement[bool]:
    return sa.or_(column.is_(sa.null()), sa.cast(sa.cast(column, JSONB), sa.Text).in_(_EMPTY))


def _hash(table: sa.Table) -> sa.ColumnElement[str]:
    """The SHA-256 of each row's canonical JSON, as bits."""
    text = sa.func.convert_to(_concatenated(_pieces(table)), "UTF8")
    return sa.cast(sa.literal("x").concat(sa.func.encode(sa.func.sha256(text), "hex")), BIT(256))


def _pieces(table: sa.Table) -> Iterable[sa.ColumnElement[str]]:
    opening = "{"
    for name in sorted(table.columns.keys()):
        yield sa.literal(f'{opening}"{name}":')
        value = sa.cast(sa.func.to_json(wire_column(table.columns[name])), sa.Text)
        yield sa.func.coalesce(value, "null")
        opening = ","
    yield sa.literal("}")


def _concatenated(pieces: Iterable[sa.ColumnElement[str]]) -> sa.ColumnElement[str]:
    first, *rest = pieces
    for piece in rest:
        first = first.concat(piece)
    return first
