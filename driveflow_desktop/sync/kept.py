"""What a conflict keeps, as rows: this PC's version, today's row, and the rows that stood in its way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.tables import METADATA
from driveflow_desktop.store.log_tables import Op
from driveflow_desktop.store.rows import Row, RowCodec, codec
from driveflow_desktop.store.types import Json, UtcDateTime, Value

_NAMES: Final = {
    "students": "full_name",
    "guardians": "full_name",
    "instructors": "display_name",
    "services": "name",
    "rate_cards": "name",
    "vehicles": "name",
}


@dataclass(frozen=True, slots=True)
class KeptRow:
    """One row of a kept edit: what the edit sets and had seen, the row as it wanted it, and today's row."""

    table: str
    row_id: UUID
    op: Op
    values: Row
    before: Row
    mine: Row | None
    today: Row | None


@dataclass(frozen=True, slots=True)
class Met:
    """A row that the service named in its refusal, as it stands today; `by` and `at` say who wrote it, and when."""

    table: str
    row_id: UUID
    image: Row | None
    by: UUID | None
    at: datetime | None


def mutations_of(mine: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    """The kept mutations, in their order."""
    return [cast("Mapping[str, Json]", one) for one in cast("Sequence[Json]", mine.get("mutations", ()))]


def decoded(one: Mapping[str, Json]) -> tuple[RowCodec, UUID, Op, Row, Row]:
    """A kept mutation: table, row, verb, and the two sides as values."""
    rows = codec(METADATA.tables[str(one["table"])])
    values, before = (cast("Mapping[str, Json]", one[side]) for side in ("values", "before"))
    return rows, UUID(str(one["id"])), Op(str(one["op"])), rows.from_wire(values), rows.from_wire(before)


def fold(connection: sa.Connection, org_id: UUID, mine: Mapping[str, Json]) -> list[KeptRow]:
    """The kept mutations by row, in the order in which they first touch it."""
    found: dict[tuple[str, UUID], KeptRow] = {}
    for one in mutations_of(mine):
        rows, row_id, op, values, before = decoded(one)
        key = (rows.name, row_id)
        earlier = found.get(key)
        if earlier is None:
            today = rows.read(connection, org_id, row_id)
            found[key] = _kept(rows, row_id, op, values, before, today)
        elif op is Op.DELETE:
            found[key] = _kept(rows, row_id, op, {}, {**before, **earlier.before}, earlier.today)
        else:
            merged = {**earlier.values, **values}
            found[key] = _kept(rows, row_id, earlier.op, merged, {**before, **earlier.before}, earlier.today)
    return list(found.values())


def _kept(rows: RowCodec, row_id: UUID, op: Op, values: Row, before: Row, today: Row | None) -> KeptRow:
    mine: Row | None = None
    if op is Op.INSERT:
        mine = {**rows.default_values(), **values}
    elif op is Op.UPDATE:
        mine = {**(before if today is None else today), **values}
    return KeptRow(rows.name, row_id, op, values, before, mine, today)


def met_rows(connection: sa.Connection, org_id: UUID, theirs: Mapping[str, Json]) -> list[Met]:
    """The rows named in a refusal, each once."""
    found: dict[tuple[str, UUID], Met] = {}
    for item in cast("Sequence[Json]", theirs.get("current", ())):
        one = cast("Mapping[str, Json]", item)
        rows, row_id = codec(METADATA.tables[str(one["table"])]), UUID(str(one["id"]))
        image: Row | None = rows.read(connection, org_id, row_id)
        sent = one.get("row")
        if image is None and isinstance(sent, Mapping):
            image = rows.from_wire(sent, all_columns=True)
        by, at = one.get("by"), one.get("at")
        when = cast("datetime", UtcDateTime.from_wire(at)) if at is not None else None
        found[(rows.name, row_id)] = Met(rows.name, row_id, image, None if by is None else UUID(str(by)), when)
    return list(found.values())


def clash_of(one: KeptRow, other: Met) -> bool:
    """Whether a kept booking and the one in its way share an instant and a person."""
    if one.mine is None or other.image is None:
        return False
    mine, theirs = one.mine, other.image
    same = any(mine.get(name) == theirs.get(name) for name in ("instructor_id", "student_id"))
    start, end, their_start, their_end = (
        cast("datetime", side[name]) for side in (mine, theirs) for name in ("start_at", "end_at")
    )
    return same and start < their_end and their_start < end


def names_of(
    connection: sa.Connection, org_id: UUID, images: Iterable[tuple[str, Row]], kept: Iterable[KeptRow]
) -> dict[UUID, str]:
    """Names of everything that the rows refer to; also of what the kept edit itself would have made."""
    wanted: dict[str, set[UUID]] = {}
    for table, image in images:
        for column, target, _cascades in codec(METADATA.tables[table]).parents:
            value = image.get(column)
            if isinstance(value, UUID) and target in _NAMES:
                wanted.setdefault(target, set()).add(value)
    found: dict[UUID, str] = {}
    for one in kept:
        if one.mine is not None and one.table in _NAMES:
            found[one.row_id] = str(one.mine.get(_NAMES[one.table], ""))
    for target, ids in wanted.items():
        there = METADATA.tables[target]
        named = sa.select(there.c.id, there.c[_NAMES[target]]).where(there.c.org_id == org_id, there.c.id.in_(ids))
        found |= {row[0]: row[1] for row in connection.execute(named)}
    return found


def given(rows: RowCodec, values: Row) -> dict[str, Value]:
    """What an insert has an opinion on: the columns that are not at their defaults."""
    defaults = rows.default_values()
    return {name: value for name, value in values.items() if value != defaults[name]}
