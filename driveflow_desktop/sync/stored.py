"""Wire values straight into the form in which SQLite keeps them: a first sync brings hundreds of thousands of rows.

The long way (`RowCodec.from_wire`, then SQLAlchemy) gives the same values; a test compares.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeAlias, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.kernel.time import to_micros
from driveflow_desktop.store.loading import Stored
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.types import EnumText, Id, Json, JsonDoc, UtcDateTime, dump_json

Keep: TypeAlias = Callable[[Json], Stored]


def keepers(table: sa.Table, columns: Sequence[str]) -> list[Keep]:
    """For each of `columns`, what makes a wire value the stored one; `ValueError` on what does not fit."""
    return [_or_null(_keeper(table, name)) for name in columns]


def _or_null(keep: Keep) -> Keep:
    return lambda value: None if value is None else keep(value)


def _keeper(table: sa.Table, name: str) -> Keep:
    kind = table.columns[name].type
    if isinstance(kind, Id):
        return _id
    if isinstance(kind, UtcDateTime):
        return lambda value: to_micros(cast("datetime", UtcDateTime.from_wire(value)))
    if isinstance(kind, EnumText):
        members: Final = frozenset(member.value for member in kind.enum)
        return lambda value: _one_of(value, members)
    if isinstance(kind, JsonDoc):
        return lambda value: dump_json(cast("Json", JsonDoc.from_wire(value)))
    if isinstance(kind, sa.Date):
        rows = codec(table)
        return lambda value: str(rows.from_wire({name: value}, all_columns=True)[name])
    if isinstance(kind, sa.LargeBinary):
        return lambda value: bytes.fromhex(_text(value))
    if isinstance(kind, sa.String):
        return _text
    if isinstance(kind, sa.Boolean):
        return _flag
    decode = getattr(kind, "from_wire", _number)
    return cast("Keep", decode)


def _id(value: Json) -> Stored:
    return UUID(_text(value)).bytes


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return value


def _one_of(value: Json, members: frozenset[str]) -> str:
    if value not in members:
        raise ValueError("not one of the choices")
    return str(value)


def _flag(value: Json) -> int:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return int(value)


def _number(value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("must be a whole number")
    return value
