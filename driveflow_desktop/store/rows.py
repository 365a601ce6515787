"""Rows as plain mappings: reading, writing, defaults, limits, and their wire form. The only module that writes rows.

A *row* is `{column name: Python value}` with every column of its table. The desk's unit of work, the sync engine and
the sync service all write rows through a `RowCodec`, on SQLite and PostgreSQL alike, so that a value means the same
wherever it came from.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache, partial
from typing import Final, NamedTuple, TypeAlias, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.kernel.errors import Bug, UserError
from driveflow_desktop.store.base import SERVICE_COLUMNS
from driveflow_desktop.store.types import (
    EnumText,
    Hundredths,
    Id,
    Json,
    JsonDoc,
    Microdegrees,
    UtcDateTime,
    Value,
)

Row: TypeAlias = Mapping[str, Value]
WireRow: TypeAlias = Mapping[str, Json]
Encode: TypeAlias = Callable[[Value], Json]
Decode: TypeAlias = Callable[[Json], Value]

THROUGH_ROWS: Final = "driveflow_through_rows"
"""Execution option that marks a statement as written by this module; the replica refuses all others."""

_MARK: Final = {THROUGH_ROWS: True}
_INT32: Final = 2**31
_INT64: Final = 2**63
_CHUNK: Final = 500
_FOLDED: Final = re.compile(r"coalesce\((\w+),")


class UniqueKey(NamedTuple):
    """A unique key of a table inside the tenant (`org_id` left out)."""

    columns: tuple[str, ...]
    folded: tuple[str, ...] = ()
    """Columns in which null equals null (`coalesce` in the index)."""
    where: str | None = None
    """The condition under which rows count."""


class RowCodec:
    """Everything that depends on one table's columns, worked out once."""

    def __init__(self, table: sa.Table) -> None:
        self.table = table
        self.name = str(table.name)
        self.columns: tuple[str, ...] = tuple(column.name for column in table.columns)
        self.carried: tuple[str, ...] = tuple(name for name in self.columns if name not in SERVICE_COLUMNS | {"id"})
        self._carried_set = frozenset(self.carried)
        self._encode: dict[str, Encode] = {column.name: _encoder(column.type) for column in table.columns}
        self._decode: dict[str, Decode] = {column.name: _decoder(column.type) for column in table.columns}
        self._defaults: dict[str, Callable[[], Value]] = dict(_defaults(table))
        self._required = frozenset(
            column.name
            for column in table.columns
            if not column.nullable and column.name in self._carried_set and column.name not in self._defaults
        )
        self._nullable = frozenset(column.name for column in table.columns if column.nullable)
        self._limits = {
            column.name: column.type.length
            for column in table.columns
            if isinstance(column.type, sa.String) and column.type.length is not None
        }
        # PostgreSQL's integer has 32 bits where SQLite's has 64: what the desk keeps must fit on the service as well.
        self._bounds = {column.name: bound for column in table.columns if (bound := _bound(column.type)) is not None}
        self._documents = frozenset(column.name for column in table.columns if isinstance(column.type, JsonDoc))
        self.unique_keys: tuple[UniqueKey, ...] = tuple(_unique_keys(table))
        self.parents: tuple[tuple[str, str, bool], ...] = tuple(_parents(table))

    # -- values -------------------------------------------------------------------------------------------------

    def complete(self, values: Row) -> dict[str, Value]:
        """`values` with the schema's defaults for what is missing; refuses unknown and missing columns."""
        self._refuse_unknown(values)
        full: dict[str, Value] = {}
        for name in self.carried:
            if name in values:
                full[name] = values[name]
            elif name in self._defaults:
                full[name] = self._defaults[name]()
            else:
                full[name] = None
        for name in self._required:
            if full[name] is None:
                raise UserError("invalid", f"A value for “{name}” is missing.", column=name, table=self.name)
        self.check(full)
        return self._canonical(full)

    def default_values(self) -> dict[str, Value]:
        """What a column holds when an insert omits it; nullable columns without a default hold None."""
        return {name: self._defaults[name]() if name in self._defaults else None for name in self.carried}

    def check(self, values: Row) -> None:
        """Refuse what SQLite would let through: text over its length or with NUL characters, numbers out of range,
        documents that hold such text, nulls in NOT NULL columns.
        """
        for name, value in values.items():
            if value is None:
                if name not in self._nullable:
                    raise UserError("invalid", f"“{name}” cannot be empty.", column=name, table=self.name)
            elif isinstance(value, str):
                self._check_text(name, value)
            elif isinstance(value, int):
                self._check_number(name, value)
            elif name in self._documents:
                self._check_document(name, cast("Json", value))

    def _check_number(self, name: str, value: int) -> None:
        bound = self._bounds.get(name, _INT64)
        if not -bound <= value < bound:
            raise UserError("invalid", f"“{name}” is out of range.", column=name, table=self.name)

    def _check_text(self, name: str, value: str) -> None:
        limit = self._limits.get(name)
        if limit is not None and len(value) > limit:
            raise UserError(
                "invalid", f"That text is too long: at most {limit:,} characters fit.", column=name, table=self.name
            )
        if "\0" in value:
            raise UserError("invalid", "That text holds a character that cannot be kept.", column=name, table=self.name)
        try:
            value.encode()
        except UnicodeEncodeError:
            raise UserError("invalid", "That text is not valid Unicode.", column=name, table=self.name) from None

    def _check_document(self, name: str, value: Json) -> None:
        try:
            JsonDoc.canonical(value)
        except ValueError as problem:
            raise UserError("invalid", f"“{name}”: {problem}.", column=name, table=self.name) from None

    def _canonical(self, values: dict[str, Value]) -> dict[str, Value]:
        """Documents in the form in which both databases give them back; everything else is in it already."""
        for name in self._documents & values.keys():
            if values[name] is not None:
                values[name] = JsonDoc.canonical(cast("Json", values[name]))
        return values

    def _refuse_unknown(self, values: Row) -> None:
        unknown = values.keys() - self._carried_set
        if unknown:
            raise Bug(f"{self.name} has no writable columns {sorted(unknown)}")

    def differences(self, current: Row, wanted: Row) -> dict[str, Value]:
        """The entries of `wanted` whose value differs from the current row; refuses what cannot be stored."""
        self._refuse_unknown(wanted)
        changed = {name: value for name, value in wanted.items() if current[name] != value}
        self.check(changed)
        return self._canonical(changed)

    # -- the wire -----------------------------------------------------------------------------------------------

    def to_wire(self, row: Row) -> dict[str, Json]:
        """JSON form of the given columns."""
        encode = self._encode
        return {name: None if value is None else encode[name](value) for name, value in row.items()}

    def from_wire(self, values: WireRow, *, all_columns: bool = False) -> dict[str, Value]:
        """Python values of JSON columns; `UserError("invalid", column=…)` names the first that does not fit.

        With `all_columns`, the service's own columns (`org_id`, `version`, times) and `id` are allowed too.
        """
        allowed = self._encode.keys() if all_columns else self._carried_set
        found: dict[str, Value] = {}
        for name, value in values.items():
            if name not in allowed:
                raise UserError("invalid", f"{self.name} has no column “{name}”.", column=name, table=self.name)
            try:
                found[name] = None if value is None else self._decode[name](value)
            except (ValueError, TypeError) as problem:
                raise UserError("invalid", f"“{name}”: {problem}.", column=name, table=self.name) from None
        self.check(found)
        return found

    # -- the database -------------------------------------------------------------------------------------------

    def read(self, connection: sa.Connection, org_id: UUID, row_id: UUID) -> dict[str, Value] | None:
        """The row, or None."""
        statement = self._select().where(self.table.c.org_id == org_id, self.table.c.id == row_id)
        found = connection.execute(statement).mappings().one_or_none()
        return None if found is None else cast("dict[str, Value]", dict(found))

    def read_many(self, connection: sa.Connection, org_id: UUID, ids: Iterable[UUID]) -> dict[UUID, dict[str, Value]]:
        """The rows that exist among `ids`, by id."""
        wanted = list(ids)
        found: dict[UUID, dict[str, Value]] = {}
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            statement = self._select().where(self.table.c.org_id == org_id, self.table.c.id.in_(chunk))
            for mapping in connection.execute(statement).mappings():
                row = cast("dict[str, Value]", dict(mapping))
                found[cast("UUID", row["id"])] = row
        return found

    def insert(self, connection: sa.Connection, rows: Sequence[Row]) -> None:
        """Insert full rows."""
        connection.execute(self.table.insert(), [dict(row) for row in rows], execution_options=_MARK)

    def update(self, connection: sa.Connection, org_id: UUID, row_id: UUID, values: Row) -> None:
        """Set columns of one row."""
        where = (self.table.c.org_id == org_id, self.table.c.id == row_id)
        connection.execute(self.table.update().where(*where).values(dict(values)), execution_options=_MARK)

    def update_many(
        self, connection: sa.Connection, org_id: UUID, columns: Sequence[str], rows: Iterable[tuple[UUID, Row]]
    ) -> None:
        """Set the same columns of several rows, given as (id, values)."""
        of_row = self.table.c.id == sa.bindparam("key_of_row", type_=self.table.c.id.type)
        values = {name: sa.bindparam(f"new_{name}", type_=self.table.c[name].type) for name in columns}
        statement = self.table.update().where(self.table.c.org_id == org_id, of_row).values(values)
        entries: list[dict[str, Value]] = [
            {"key_of_row": key, **{f"new_{name}": row[name] for name in columns}} for key, row in rows
        ]
        connection.execute(statement, entries, execution_options=_MARK)

    def delete(self, connection: sa.Connection, org_id: UUID, ids: Sequence[UUID]) -> None:
        """Delete rows by id."""
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            where = (self.table.c.org_id == org_id, self.table.c.id.in_(chunk))
            connection.execute(self.table.delete().where(*where), execution_options=_MARK)

    def find_unique(self, connection: sa.Connection, org_id: UUID, row: Row) -> UUID | None:
        """The id of another row that holds one of `row`'s unique keys, or None."""
        for key in self.unique_keys:
            if any(row.get(name) is None for name in key.columns):
                continue  # nulls are distinct, except where the key folds them
            same = [self.table.c[name] == row[name] for name in key.columns]
            same += [self.table.c[name].is_not_distinct_from(row.get(name)) for name in key.folded]
            if key.where is not None:
                same.append(sa.literal_column(f"({key.where})", sa.Boolean))
            wanted = (self.table.c.org_id == org_id, self.table.c.id != row["id"], *same)
            found = connection.execute(sa.select(self.table.c.id).where(*wanted).limit(1)).scalar_one_or_none()
            if found is not None:
                return cast("UUID", found)
        return None

    def same_key(self, one: Row, other: Row) -> bool:
        """Whether two rows are the same thing by one of the table's unique keys; partial keys do not count."""
        whole = [(*key.columns, *key.folded) for key in self.unique_keys if key.where is None]
        return any(all(one.get(name) == other.get(name) for name in key) for key in whole)

    def _select(self) -> sa.Select[*tuple[object, ...]]:
        return sa.select(*self.table.columns)


@cache
def codec(table: sa.Table) -> RowCodec:
    """The codec of a table, made once."""
    return RowCodec(table)


def cascade_children(metadata: sa.MetaData, table: sa.Table) -> tuple[tuple[sa.Table, str], ...]:
    """The synced tables whose rows go with a row of `table`, each with the column that points at it.

    Trip points are no such rows: they are not in the log, and the databases themselves take them away with their trip.
    """
    found = []
    for other in metadata.sorted_tables:
        if "version" not in other.columns:
            continue
        for column, target, cascade in _parents(other):
            if cascade and target == table.name:
                found.append((other, column))
    return tuple(found)


def _parents(table: sa.Table) -> Iterable[tuple[str, str, bool]]:
    """(column, target table, cascades) of each foreign key inside the tenant."""
    for constraint in table.foreign_key_constraints:
        names = [column.name for column in constraint.columns]
        if len(names) == 2 and names[0] == "org_id":
            yield names[1], str(constraint.referred_table.name), constraint.ondelete == "CASCADE"


def _unique_keys(table: sa.Table) -> Iterable[UniqueKey]:
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint):
            columns = [column.name for column in constraint.columns if column.name != "org_id"]
            if columns:
                yield UniqueKey(tuple(columns))
    for index in table.indexes:
        if index.unique:
            plain = tuple(
                part.name for part in index.expressions if isinstance(part, sa.Column) and part.name != "org_id"
            )
            folded = tuple(match[1] for part in index.expressions if (match := _FOLDED.match(str(part))))
            where = index.dialect_options["sqlite"]["where"]
            yield UniqueKey(plain, folded, None if where is None else str(where))


def _defaults(table: sa.Table) -> Iterable[tuple[str, Callable[[], Value]]]:
    for column in table.columns:
        default = column.default
        if isinstance(default, sa.ColumnDefault):
            if default.is_callable:
                yield column.name, dict
            else:
                yield column.name, partial(_same_value, cast("Value", default.arg))


def _same_value(value: Value) -> Value:
    return value


def _same(value: Value) -> Json:
    return cast("Json", value)


def _bound(kind: sa.types.TypeEngine[object]) -> int | None:
    """One more than the largest number that PostgreSQL holds in a column of this type."""
    if isinstance(kind, Microdegrees | Hundredths):
        return int(10**kind.precision)
    if isinstance(kind, sa.BigInteger):
        return _INT64
    return _INT32 if isinstance(kind, sa.Integer) else None


def _encoder(kind: sa.types.TypeEngine[object]) -> Encode:
    if isinstance(kind, Id | UtcDateTime | Microdegrees | Hundredths | EnumText | JsonDoc):
        return kind.to_wire
    if isinstance(kind, sa.Date):
        return lambda value: cast("date", value).isoformat()
    if isinstance(kind, sa.LargeBinary):
        return lambda value: cast("bytes", value).hex()
    return _same


def _decoder(kind: sa.types.TypeEngine[object]) -> Decode:
    if isinstance(kind, Id | UtcDateTime | Microdegrees | Hundredths | EnumText | JsonDoc):
        return kind.from_wire
    for known, decode in _PLAIN_DECODERS:
        if isinstance(kind, known):
            return decode
    raise Bug(f"no wire form for {kind!r}")


def _decode_date(value: Json) -> Value:
    if not isinstance(value, str) or len(value) != 10:
        raise ValueError("a date is YYYY-MM-DD")
    found = date.fromisoformat(value)
    if found.isoformat() != value:
        raise ValueError("a date is YYYY-MM-DD")
    return found


def _decode_bool(value: Json) -> Value:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _decode_int(value: Json) -> Value:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("must be a whole number")
    return value


def _decode_text(value: Json) -> Value:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return value


def _decode_bytes(value: Json) -> Value:
    if not isinstance(value, str):
        raise ValueError("must be hexadecimal text")
    return bytes.fromhex(value)


_PLAIN_DECODERS: Final[tuple[tuple[type[sa.types.TypeEngine[object]], Decode], ...]] = cast(
    "tuple[tuple[type[sa.types.TypeEngine[object]], Decode], ...]",
    (
        (sa.Boolean, _decode_bool),
        (sa.Integer, _decode_int),
        (sa.Date, _decode_date),
        (sa.String, _decode_text),
        (sa.LargeBinary, _decode_bytes),
    ),
)
