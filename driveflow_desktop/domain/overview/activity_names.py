"""Whom audit entries are about, and what the ids in them name: read in batches, a few queries for a whole page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.identity.queries import user_names
from driveflow_desktop.domain.tables import METADATA
from driveflow_desktop.store.types import Json, UtcDateTime

RowKey: TypeAlias = tuple[str, UUID]
"""A table's name and the id of one of its rows."""

_NAMED: Final = {
    "students": "full_name",
    "guardians": "full_name",
    "instructors": "display_name",
    "services": "name",
    "rate_cards": "name",
    "vehicles": "name",
    "holidays": "name",
    "orgs": "name",
}
"""The column that a person knows a row by."""
_OWNERS: Final = {
    "bookings": ("student_id",),
    "lessons": ("booking_id",),
    "trips": ("lesson_id",),
    "packages": ("student_id",),
    "package_uses": ("booking_id",),
    "payments": ("booking_id", "package_id"),
    "refunds": ("payment_id",),
    "payouts": ("instructor_id",),
    "agreements": ("instructor_id",),
    "instructor_availabilities": ("instructor_id",),
    "availability_exceptions": ("instructor_id",),
    "student_guardians": ("student_id",),
    "waitlist_entries": ("student_id",),
    "rate_card_items": ("service_id",),
    "user_orgs": ("user_id",),
}
"""The columns that say whose a row without a name of its own is, the first that is filled."""
_TABLES: Final = {
    "student_id": "students",
    "guardian_id": "guardians",
    "instructor_id": "instructors",
    "service_id": "services",
    "rate_card_id": "rate_cards",
    "vehicle_id": "vehicles",
    "booking_id": "bookings",
    "rescheduled_from": "bookings",
    "lesson_id": "lessons",
    "package_id": "packages",
    "payment_id": "payments",
    "user_id": "users",
    "approved_by": "users",
}
"""What a column with an id refers to."""
_RELATED: Final = ("related_type", "related_id")
_PLACES: Final = ("bookings", "students", "instructors")
_BATCH: Final = 5_000
"""Ids in one question; SQLite takes 32,766 values."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What an audit entry says of its row: which one, and the values known of it (wire form)."""

    row: RowKey
    values: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Names:
    """The answers for a page."""

    owners: Mapping[RowKey, RowKey]
    words: Mapping[RowKey, str]
    starts: Mapping[UUID, datetime]
    gone: frozenset[RowKey]
    """Rows that were deleted, whose names only the entries know."""

    def subject(self, row: RowKey) -> str:
        """The name of the row or of whom it belongs to; empty where there is none."""
        return next((self.words[each] for each in self._chain(row) if each in self.words), "")

    def lesson_start(self, row: RowKey) -> datetime | None:
        """When the lesson begins, as it stands now, that the row is or belongs to."""
        return next((self.starts[each[1]] for each in self._chain(row) if each[1] in self.starts), None)

    def place(self, row: RowKey) -> RowKey | None:
        """The booking, student or instructor that the row is or belongs to, if it is still there."""
        chain = (each for each in self._chain(row) if each[0] in _PLACES and each not in self.gone)
        return next((each for each in chain if each in self.words or each[1] in self.starts), None)

    def in_words(self, column: str, value: Json) -> Json:
        """An id as the name of what it names (a booking as the instant it starts), None for the unknown.

        Anything else stays as it is.
        """
        table = _TABLES.get(column)
        if table is None or not isinstance(value, str):
            return value
        if table == "bookings":
            start = self.starts.get(UUID(value))
            return None if start is None else UtcDateTime.to_wire(start)
        return self.words.get((table, UUID(value)))

    def _chain(self, row: RowKey) -> Iterator[RowKey]:
        found: RowKey | None = row
        while found is not None:
            yield found
            found = self.owners.get(found)


def read_names(connection: sa.Connection, org_id: UUID, entries: Sequence[Entry]) -> Names:
    """Everything that the entries name, in a number of queries that does not grow with them."""
    owners = _owners(connection, org_id, entries)
    wanted = {*owners, *owners.values(), *(each.row for each in entries), *_references(entries)}
    words = _names(connection, org_id, wanted)
    words |= {("users", user): name for user, name in user_names(connection, _ids(wanted, "users")).items()}
    own = {each.row: name for each in entries if isinstance(name := each.values.get(_NAMED.get(each.row[0], "")), str)}
    gone = frozenset(own.keys() - words.keys())
    return Names(owners, {**own, **words}, _starts(connection, org_id, _ids(wanted, "bookings")), gone)


def _owners(connection: sa.Connection, org_id: UUID, entries: Sequence[Entry]) -> dict[RowKey, RowKey]:
    """Row → whose it is, and so on upwards; from the entry itself, else from the row as it stands now."""
    found = {each.row: owner for each in entries if (owner := _owner(each.row[0], each.values)) is not None}
    level, tried = {each.row for each in entries}, set[RowKey]()
    while level:
        unknown = level - found.keys() - tried
        tried |= unknown
        for table in {row[0] for row in unknown} & {*_OWNERS, "messages", "documents"}:
            columns = _OWNERS.get(table, _RELATED)
            for row in _rows(connection, org_id, table, columns, _ids(unknown, table)):
                owner = _owner(table, row)
                if owner is not None:
                    found[table, cast("UUID", row["id"])] = owner
        level = {found[row] for row in level if row in found}
    return found


def _owner(table: str, values: Mapping[str, object]) -> RowKey | None:
    if table not in _OWNERS:
        kind, related = (values.get(column) for column in _RELATED)
        return (str(kind), _id(related)) if related and (kind in _NAMED or kind in _OWNERS) else None
    filled = (column for column in _OWNERS[table] if values.get(column))
    column = next(filled, None)
    return None if column is None else (_TABLES[column], _id(values[column]))


def _id(value: object) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))


def _references(entries: Sequence[Entry]) -> Iterator[RowKey]:
    for entry in entries:
        for column, table in _TABLES.items():
            value = entry.values.get(column)
            if isinstance(value, str):
                yield table, UUID(value)


def _ids(rows: set[RowKey], table: str) -> list[UUID]:
    return sorted(row_id for kind, row_id in rows if kind == table)


def _names(connection: sa.Connection, org_id: UUID, wanted: set[RowKey]) -> dict[RowKey, str]:
    return {
        (table, cast("UUID", row["id"])): str(row[column])
        for table, column in _NAMED.items()
        for row in _rows(connection, org_id, table, (column,), _ids(wanted, table))
    }


def _starts(connection: sa.Connection, org_id: UUID, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    rows = _rows(connection, org_id, "bookings", ("start_at",), ids)
    return {cast("UUID", row["id"]): cast("datetime", row["start_at"]) for row in rows}


def _rows(
    connection: sa.Connection, org_id: UUID, table: str, columns: Sequence[str], ids: Sequence[UUID]
) -> Iterator[Mapping[str, object]]:
    """The columns of some rows, and their ids."""
    source = METADATA.tables[table]
    picked = (source.c.id, *(source.c[column] for column in columns))
    for first in range(0, len(ids), _BATCH):
        where = (source.c.org_id == org_id, source.c.id.in_(ids[first : first + _BATCH]))
        for row in connection.execute(sa.select(*picked).where(*where)).mappings():
            yield cast("Mapping[str, object]", row)
