"""Rows in their wire form, made by PostgreSQL: the same values as `RowCodec.to_wire`, without a row in Python.

A test holds every type of column against the codec.
"""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON

from driveflow_desktop.kernel.errors import Bug
from driveflow_desktop.store.types import EnumText, Hundredths, Id, JsonDoc, Microdegrees, UtcDateTime

_INSTANT: Final = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
_AS_IT_IS: Final = (sa.Boolean, sa.Integer, sa.String, sa.Date)
"""Types whose JSON form in PostgreSQL is the wire's already."""


def wire_column(column: sa.ColumnElement[object]) -> sa.ColumnElement[object]:
    """An expression whose JSON form (`to_json`) is the column's wire form. The session's time zone must be UTC."""
    kind = column.type
    if isinstance(kind, Id | EnumText | JsonDoc):
        return sa.type_coerce(column, sa.String) if isinstance(kind, EnumText) else column
    if isinstance(kind, UtcDateTime):
        # The session's time zone is UTC: `AT TIME ZONE` would cost a second conversion.
        return sa.func.to_char(column, _INSTANT)
    if isinstance(kind, Microdegrees | Hundredths):
        return sa.cast(column, sa.Text)
    if isinstance(kind, sa.LargeBinary):
        return sa.func.encode(column, "hex")
    if isinstance(kind, _AS_IT_IS):
        return column
    raise Bug(f"no wire form for {kind!r}")


def wire_array(table: sa.Table) -> sa.ColumnElement[object]:
    """A row as a JSON array, in the order of the table's columns."""
    return sa.func.json_build_array(*(wire_column(column) for column in table.columns), type_=JSON)
