"""Column types that mean the same on SQLite (the replica) and PostgreSQL (the sync service).

Each type also knows its wire form (docs/protocol.md, Conventions): `to_wire` makes a JSON value, `from_wire` reads one
and raises `ValueError` on anything that is not exactly that form, so that hostile input never reaches a column.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeAlias, TypeVar, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from driveflow_desktop.kernel.time import from_micros, to_micros

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
Value: TypeAlias = (
    "bool | int | float | str | bytes | date | datetime | UUID | StrEnum | Mapping[str, Json] | Sequence[Json] | None"
)
E = TypeVar("E", bound=StrEnum)

_MAX_JSON_DEPTH: Final = 20
_MAX_JSON_INTEGER: Final = 2**53
"""Beyond it, JSON readers that keep numbers as doubles (RFC 7493) would change an integer."""
# No exponents: "1E+999999999" is short to send and endless to hold.
_DECIMAL: Final = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?", re.ASCII)


class Id(TypeDecorator[UUID]):
    """A UUID: `uuid` on PostgreSQL, 16 bytes on SQLite."""

    impl = sa.LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[UUID] | TypeEngine[bytes]:
        """The column type of the dialect in use."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.UUID(as_uuid=True))
        return dialect.type_descriptor(sa.LargeBinary(16))

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> UUID | bytes | None:
        """UUID to the driver's value."""
        if value is None or dialect.name == "postgresql":
            return value
        return value.bytes

    def process_result_value(self, value: object, dialect: Dialect) -> UUID | None:
        """The driver's value to UUID."""
        if isinstance(value, bytes):
            return UUID(bytes=value)
        return cast("UUID | None", value)

    @staticmethod
    def to_wire(value: Value) -> Json:
        """Canonical UUID string."""
        return str(value)

    @staticmethod
    def from_wire(value: Json) -> Value:
        """A canonical UUID string (dashes optional)."""
        if not isinstance(value, str):
            raise ValueError("an id is a string")
        return UUID(value)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant: `timestamptz` on PostgreSQL, microseconds since 1970 on SQLite. Refuses naive values."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime] | TypeEngine[int]:
        """The column type of the dialect in use."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.DateTime(timezone=True))
        return dialect.type_descriptor(sa.Integer())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | int | None:
        """An aware datetime to the driver's value."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        return value.astimezone(UTC) if dialect.name == "postgresql" else to_micros(value)

    def process_result_value(self, value: object, dialect: Dialect) -> datetime | None:
        """The driver's value to an aware UTC datetime."""
        if isinstance(value, int):
            return from_micros(value)
        return value.astimezone(UTC) if isinstance(value, datetime) else None

    @staticmethod
    def to_wire(value: Value) -> Json:
        """RFC 3339 in UTC with microseconds."""
        if not isinstance(value, datetime):
            raise TypeError(f"not an instant: {value!r}")
        naive = value.astimezone(UTC).replace(tzinfo=None)
        return f"{naive.isoformat(timespec='microseconds')}Z"

    @staticmethod
    def from_wire(value: Json) -> Value:
        """RFC 3339 with an offset, from year 1 to 9999."""
        if not isinstance(value, str):
            raise ValueError("an instant is a string")
        found = datetime.fromisoformat(value)
        if found.tzinfo is None:
            raise ValueError("an instant has an offset")
        try:
            return found.astimezone(UTC)
        except OverflowError:
            raise ValueError("an instant out of range") from None


class _Scaled(TypeDecorator[int]):
    """An exact decimal held as an integer number of its smallest step; `numeric` on PostgreSQL, INTEGER on SQLite."""

    impl = sa.Integer
    cache_ok = True
    precision: int
    places: int

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Decimal] | TypeEngine[int]:
        """The column type of the dialect in use."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.Numeric(self.precision, self.places))
        return dialect.type_descriptor(sa.Integer())

    def process_bind_param(self, value: int | None, dialect: Dialect) -> Decimal | int | None:
        """Steps to the driver's value."""
        if value is None or dialect.name != "postgresql":
            return value
        return Decimal(value).scaleb(-self.places)

    def process_result_value(self, value: object, dialect: Dialect) -> int | None:
        """The driver's value to steps."""
        if isinstance(value, Decimal):
            return int(value.scaleb(self.places))
        return cast("int | None", value)

    @classmethod
    def to_wire(cls, value: Value) -> Json:
        """A decimal string with all its places."""
        if not isinstance(value, int):
            raise TypeError(f"not a scaled integer: {value!r}")
        return f"{Decimal(value).scaleb(-cls.places):.{cls.places}f}"

    @classmethod
    def from_wire(cls, value: Json) -> Value:
        """A decimal string of at most `places` places."""
        if not isinstance(value, str):
            raise ValueError("a decimal is a string")
        if not _DECIMAL.fullmatch(value):
            raise ValueError("not a decimal")
        scaled = Decimal(value).scaleb(cls.places)
        whole = int(scaled)
        if scaled != whole or abs(whole) >= 10**cls.precision:
            raise ValueError("too many places")
        return whole


class Microdegrees(_Scaled):
    """A latitude or longitude as an integer number of millionths of a degree."""

    precision, places = 9, 6
    cache_ok = True


class Hundredths(_Scaled):
    """A speed as an integer number of hundredths of km/h."""

    precision, places = 6, 2
    cache_ok = True


class EnumText(TypeDecorator[E]):
    """A `StrEnum` stored as text; `Base` adds the CHECK constraint, so a new value is an ordinary migration."""

    impl = sa.String
    cache_ok = True

    def __init__(self, enum: type[E]) -> None:
        super().__init__(32)
        self.enum = enum
        self._members = {member.value: member for member in enum}

    def process_bind_param(self, value: E | str | None, dialect: Dialect) -> str | None:
        """A member (or its value) to text."""
        return None if value is None else self.enum(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:
        """Text to the member."""
        return None if value is None else self._members[value]

    @staticmethod
    def to_wire(value: Value) -> Json:
        """The member's value."""
        return str(value)

    def from_wire(self, value: Json) -> Value:
        """One of the members' values."""
        if not isinstance(value, str):
            raise ValueError("a choice is a string")
        return self.enum(value)


class JsonDoc(TypeDecorator[Json]):
    """A JSON document: `jsonb` on PostgreSQL, canonical text on SQLite. None is SQL NULL."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[object]:
        """The column type of the dialect in use."""
        if dialect.name == "postgresql":
            return cast("TypeEngine[object]", postgresql.JSONB(none_as_null=True))
        return cast("TypeEngine[object]", sa.Text())

    def process_bind_param(self, value: Json, dialect: Dialect) -> Json:
        """A document to the driver's value."""
        if value is None or dialect.name == "postgresql":
            return value
        return dump_json(value)

    def process_result_value(self, value: object, dialect: Dialect) -> Json:
        """The driver's value to a document."""
        if isinstance(value, str) and dialect.name != "postgresql":
            return cast("Json", json.loads(value))
        return cast("Json", value)

    @staticmethod
    def to_wire(value: Value) -> Json:
        """As it is."""
        return cast("Json", value)

    @staticmethod
    def from_wire(value: Json) -> Value:
        """An object or a list that both databases give back as it was."""
        return JsonDoc.canonical(value)

    @staticmethod
    def canonical(value: Json) -> Json:
        """The document as both databases give it back; `ValueError` for what one of them could not hold.

        A whole number is an integer however it was written: PostgreSQL keeps no difference between 1e2 and 100.
        """
        if not isinstance(value, Mapping | list | tuple):
            raise ValueError("a document is an object or a list")
        if _depth(value) > _MAX_JSON_DEPTH:
            raise ValueError("a document too deep")
        return _canonical(value)


def _canonical(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {_json_text(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, str):
        return _json_text(value)
    return value if value is None or isinstance(value, bool) else _json_number(value)


def _json_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a document's keys are text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("a document's text is not valid Unicode") from None
    if "\0" in value:
        raise ValueError("a document's text holds a character that cannot be kept")
    return str(value)


def _json_number(value: object) -> int | float:
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a document holds plain JSON values only")
    if value != int(value):
        return value
    if abs(value) > _MAX_JSON_INTEGER:
        raise ValueError("a document's number is too large")
    return int(value)


def dump_json(value: Json) -> str:
    """Compact JSON with sorted keys, UTF-8 kept, NaN refused: equal documents give equal text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)


def _depth(value: Json) -> int:
    level, layer = 0, [value]
    while layer and level <= _MAX_JSON_DEPTH:
        level += 1
        following: list[Json] = []
        for item in layer:
            if isinstance(item, Mapping):
                following.extend(item.values())
            elif isinstance(item, list | tuple):
                following.extend(item)
        layer = following
    return level
