"""The inbox as a person reads it: each edit of this PC that did not stand, beside what stands instead.

Snapshots only. Ids are names here, values are Python's own; words, dates and money are the screen's to write. What
stands is read from today's rows, so that a conflict that waited for a week is not decided on a week-old picture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias, Union
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.identity.queries import user_names
from driveflow_desktop.domain.paging import Page, page_of
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.tables import METADATA
from driveflow_desktop.store.log import OUTBOX
from driveflow_desktop.store.log_tables import Op
from driveflow_desktop.store.rows import Row, codec
from driveflow_desktop.store.types import Json, Value
from driveflow_desktop.sync.conflicts import CONFLICTS, OVERWRITTEN
from driveflow_desktop.sync.kept import KeptRow, Met, clash_of, fold, met_rows, mutations_of, names_of

PAGE: Final = 50
SLOT_CODES: Final = frozenset({"slot_taken", "student_busy"})
_BOOKINGS: Final = Booking.__tablename__
_HOPELESS: Final = frozenset({"too_large"})
_QUIET: Final = frozenset(
    {"overrides", "status_changed_at", "status_changed_by", "platform_fee_cents", "instructor_share_cents", "currency"}
    | {"rate_card_id", "hold_until", "pickup_lat", "pickup_lng", "dropoff_lat", "dropoff_lng", "series_id", "user_id"}
)
_BOOKING_COLUMNS: Final = (
    *("student_id", "start_at", "end_at", "service_id", "instructor_id", "status", "price_cents"),
    *("pickup_address", "dropoff_address", "vehicle_id", "notes"),
)
_TITLES: Final = ("full_name", "display_name", "name")


class Way(StrEnum):
    """A way out that a person may choose."""

    PLACE = "place"
    """Another time or instructor for the kept booking."""
    AGAIN = "again"
    """The kept edit once more, on today's rows."""
    DISCARD = "discard"
    """What stands stays, the kept edit is given up. Of a notice: it was read."""


@dataclass(frozen=True, slots=True)
class Named:
    """A reference to a row, with its name where this PC knows one."""

    id: UUID
    name: str


Shown: TypeAlias = Union[Value, Named]  # noqa: UP007 - `Value` is text until it is checked


@dataclass(frozen=True, slots=True)
class Field:
    """One column on both sides; `differs` where the two are to be told apart."""

    column: str
    mine: Shown
    theirs: Shown
    differs: bool


@dataclass(frozen=True, slots=True)
class Versions:
    """One row of the kept edit beside what stands: the same row, or (`other_id`) the row in its way.

    Without `has_mine` the edit removes the row; without `has_theirs` nothing stands there any more.
    """

    table: str
    row_id: UUID
    op: Op
    other_id: UUID | None
    has_mine: bool
    has_theirs: bool
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a side, and when; the name is empty and the time None where this PC was not told."""

    name: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One transaction in the inbox. `subject` names whom it is about, `start` is the kept booking's.

    `needs` is the conflict that this one cannot stand without; `followers` are those that cannot without this one.
    """

    transaction_id: UUID
    code: str
    detail: str
    topic: str
    created_at: datetime
    mine: Author
    theirs: Author
    versions: tuple[Versions, ...]
    subject: str
    start: datetime | None
    needs: UUID | None
    followers: tuple[UUID, ...]
    ways: frozenset[Way]

    @property
    def is_notice(self) -> bool:
        """Whether the transaction stands, and only some plain value of it was replaced."""
        return self.code == OVERWRITTEN


InboxKey: TypeAlias = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many conflicts wait for a decision, and how many notices were not read."""

    conflicts: int
    notices: int


def counts(connection: sa.Connection, org_id: UUID) -> Counts:
    """The size of the inbox."""
    notice = CONFLICTS.c.code == OVERWRITTEN
    rows = connection.execute(
        sa.select(notice, sa.func.count()).where(CONFLICTS.c.org_id == org_id, _unresolved()).group_by(notice)
    ).all()
    found = {bool(is_notice): number for is_notice, number in rows}
    return Counts(found.get(False, 0), found.get(True, 0))


def inbox(
    connection: sa.Connection,
    org_id: UUID,
    *,
    notices: bool = False,
    after: InboxKey | None = None,
    limit: int = PAGE,
) -> Page[Entry, InboxKey]:
    """A page of what waits, newest first: conflicts, or the notices."""
    kind = CONFLICTS.c.code == OVERWRITTEN
    where = [CONFLICTS.c.org_id == org_id, _unresolved(), kind if notices else ~kind]
    if after is not None:
        bound = (
            sa.literal(after[0], CONFLICTS.c.created_at.type),
            sa.literal(after[1], CONFLICTS.c.transaction_id.type),
        )
        where.append(sa.tuple_(CONFLICTS.c.created_at, CONFLICTS.c.transaction_id) < sa.tuple_(*bound))
    newest = (CONFLICTS.c.created_at.desc(), CONFLICTS.c.transaction_id.desc())
    rows = connection.execute(sa.select(CONFLICTS).where(*where).order_by(*newest).limit(limit + 1)).all()
    entries = [_entry(connection, org_id, row) for row in rows]
    return page_of(entries, limit, lambda entry: (entry.created_at, entry.transaction_id))


def entry_of(connection: sa.Connection, org_id: UUID, transaction_id: UUID) -> Entry | None:
    """One open entry, or None when it was decided."""
    where = (CONFLICTS.c.org_id == org_id, CONFLICTS.c.transaction_id == transaction_id, _unresolved())
    row = connection.execute(sa.select(CONFLICTS).where(*where)).one_or_none()
    return None if row is None else _entry(connection, org_id, row)


def followers_of(connection: sa.Connection, org_id: UUID, transaction_id: UUID) -> list[UUID]:
    """Open conflicts that cannot stand without this one, directly or through others, oldest first."""
    waiting = sa.select(CONFLICTS.c.transaction_id, CONFLICTS.c.mine).where(
        CONFLICTS.c.org_id == org_id, _unresolved(), CONFLICTS.c.code == "missing_reference"
    )
    candidates = {row.transaction_id: row.mine for row in connection.execute(waiting)}
    own = connection.execute(
        sa.select(CONFLICTS.c.mine).where(CONFLICTS.c.org_id == org_id, CONFLICTS.c.transaction_id == transaction_id)
    ).scalar_one()
    found: set[UUID] = set()
    made = _made(own)
    while made:
        more = {one for one, mine in candidates.items() if one not in found and _uses(mine, made)} - {transaction_id}
        found |= more
        made = {row for one in more for row in _made(candidates[one])}
    return sorted(found)


def _unresolved() -> sa.ColumnElement[bool]:
    return CONFLICTS.c.resolved_at.is_(None)


def _made(mine: Mapping[str, Json]) -> set[str]:
    return {str(one["id"]) for one in mutations_of(mine) if one["op"] == Op.INSERT.value}


def _uses(mine: Mapping[str, Json], rows: set[str]) -> bool:
    for one in mutations_of(mine):
        values = one["values"]
        referred = values.values() if isinstance(values, Mapping) else ()
        if str(one["id"]) in rows or any(isinstance(value, str) and value in rows for value in referred):
            return True
    return False


# -- one entry ----------------------------------------------------------------------------------------------------


def _entry(connection: sa.Connection, org_id: UUID, row: sa.Row[*tuple[object, ...]]) -> Entry:
    kept = fold(connection, org_id, row.mine)
    met = met_rows(connection, org_id, row.theirs)
    first = connection.execute(
        sa.select(OUTBOX.c.actor_user_id, OUTBOX.c.occurred_at, OUTBOX.c.topic)
        .where(OUTBOX.c.org_id == org_id, OUTBOX.c.transaction_id == row.transaction_id)
        .order_by(OUTBOX.c.id)
        .limit(1)
    ).one_or_none()
    pairs = _pairs(row.code, kept, met)
    names = names_of(connection, org_id, [image for one, other in pairs for image in _images(one, other)], kept)
    versions = tuple(_versions(one, other, names, notice=row.code == OVERWRITTEN) for one, other in pairs)
    subject, start = _about(pairs, names)
    needs = _needs(connection, org_id, row.transaction_id, row.mine) if row.code == "missing_reference" else None
    actor = None if first is None else first.actor_user_id
    people = user_names(connection, {one for one in (actor, *(each.by for each in met)) if one is not None})
    return Entry(
        transaction_id=row.transaction_id,
        code=row.code,
        detail=row.detail or "",
        topic="" if first is None else first.topic,
        created_at=row.created_at,
        mine=Author("" if actor is None else people.get(actor, ""), None if first is None else first.occurred_at),
        theirs=_their_author(met, people),
        versions=versions,
        subject=subject,
        start=start,
        needs=needs,
        followers=tuple(followers_of(connection, org_id, row.transaction_id)),
        ways=_ways(row.code, kept, needs),
    )


def _pairs(code: str, kept: Sequence[KeptRow], met: Sequence[Met]) -> list[tuple[KeptRow, Met | None]]:
    """Each kept row with the row in its way, those that met one first."""
    found: list[tuple[KeptRow, Met | None]] = []
    for one in kept:
        others = [other for other in met if other.table == one.table and other.row_id != one.row_id]
        if code in SLOT_CODES:
            others = [other for other in others if clash_of(one, other)]
        elif code != "already_exists" or one.op is not Op.INSERT:
            others = []
        found.append((one, others[0] if others else None))
    return sorted(found, key=lambda pair: pair[1] is None)


def _images(one: KeptRow, other: Met | None) -> list[tuple[str, Row]]:
    images = (one.mine, one.today, None if other is None else other.image)
    return [(one.table, image) for image in images if image is not None]


def _versions(one: KeptRow, other: Met | None, names: Mapping[UUID, str], *, notice: bool) -> Versions:
    theirs = one.today if other is None else other.image
    both = one.mine is not None and theirs is not None
    fields = []
    for column in _columns(one, other, notice=notice):
        mine_value, their_value = (None if side is None else side.get(column) for side in (one.mine, theirs))
        if mine_value in (None, "") and their_value in (None, ""):
            continue
        differs = both and mine_value != their_value
        fields.append(Field(column, _shown(mine_value, names), _shown(their_value, names), differs))
    other_id = None if other is None else other.row_id
    return Versions(one.table, one.row_id, one.op, other_id, one.mine is not None, theirs is not None, tuple(fields))


def _columns(one: KeptRow, other: Met | None, *, notice: bool) -> list[str]:
    """What to show: of a booking all that a person books, of other rows what the edit is about and who it is."""
    if one.table == _BOOKINGS and not notice:
        return list(_BOOKING_COLUMNS)
    rows = codec(METADATA.tables[one.table])
    spoken = [name for name in rows.carried if name not in _QUIET]
    if one.op is not Op.UPDATE:
        defaults = rows.default_values()
        side = one.mine or one.today or {}
        return [name for name in spoken if side.get(name) != defaults.get(name) or other is not None]
    titles = [name for name in spoken if name in _TITLES]
    return titles + [name for name in spoken if name in one.values and name not in titles]


def _shown(value: Value, names: Mapping[UUID, str]) -> Shown:
    return Named(value, names.get(value, "")) if isinstance(value, UUID) else value


def _about(pairs: Sequence[tuple[KeptRow, Met | None]], names: Mapping[UUID, str]) -> tuple[str, datetime | None]:
    """Whom the first row is about, and when it starts: a booking is an instructor's time, others are a person's."""
    if not pairs:
        return "", None
    image = pairs[0][0].mine or pairs[0][0].today or {}
    start = image.get("start_at")
    for column in (
        ("instructor_id", "student_id") if pairs[0][0].table == _BOOKINGS else ("student_id", "instructor_id")
    ):
        value = image.get(column)
        if isinstance(value, UUID) and names.get(value):
            return names[value], start if isinstance(start, datetime) else None
    title = next((str(image[name]) for name in _TITLES if image.get(name)), "")
    return title, start if isinstance(start, datetime) else None


def _their_author(met: Sequence[Met], people: Mapping[UUID, str]) -> Author:
    for one in met:
        if one.by is not None or one.at is not None:
            return Author("" if one.by is None else people.get(one.by, ""), one.at)
    changed = next((one.image for one in met if one.image is not None), None)
    at = None if changed is None else changed.get("updated_at")
    return Author("", at if isinstance(at, datetime) else None)


def _needs(connection: sa.Connection, org_id: UUID, transaction_id: UUID, mine: Mapping[str, Json]) -> UUID | None:
    """The open conflict that inserted a row which this one touches or refers to."""
    for one in mutations_of(mine):
        table = METADATA.tables[str(one["table"])]
        values = one["values"] if isinstance(one["values"], Mapping) else {}
        wanted = [(str(table.name), str(one["id"]))]
        wanted += [(target, str(values[name])) for name, target, _cascades in codec(table).parents if values.get(name)]
        for target, row_id in wanted:
            found = connection.execute(_maker(org_id, transaction_id, target, UUID(row_id))).scalar_one_or_none()
            if found is not None:
                return found
    return None


def _maker(org_id: UUID, transaction_id: UUID, table: str, row_id: UUID) -> sa.Select[UUID]:
    same = sa.and_(CONFLICTS.c.org_id == OUTBOX.c.org_id, CONFLICTS.c.transaction_id == OUTBOX.c.transaction_id)
    return (
        sa.select(OUTBOX.c.transaction_id)
        .join(CONFLICTS, same)
        .where(OUTBOX.c.org_id == org_id, OUTBOX.c.table_name == table, OUTBOX.c.row_id == row_id)
        .where(OUTBOX.c.op == Op.INSERT, OUTBOX.c.transaction_id != transaction_id, _unresolved())
        .limit(1)
    )


def _ways(code: str, kept: Sequence[KeptRow], needs: UUID | None) -> frozenset[Way]:
    if needs is not None or code in _HOPELESS or any(one.op is Op.UPDATE and one.today is None for one in kept):
        return frozenset({Way.DISCARD})
    if code in SLOT_CODES and any(one.table == _BOOKINGS for one in kept):
        return frozenset(Way)
    return frozenset({Way.AGAIN, Way.DISCARD})
