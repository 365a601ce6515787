"""Who did what: the audit trail, newest first, with the differences and the names of what they are about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.identity.queries import user_names
from driveflow_desktop.domain.overview.activity_names import Entry, Names, RowKey, read_names
from driveflow_desktop.domain.paging import Page, page_of
from driveflow_desktop.kernel.time import Interval
from driveflow_desktop.store.log import AUDIT
from driveflow_desktop.store.types import Json

PAGE: Final = 100


class Change(StrEnum):
    """What became of the row."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One column before and after, in wire form; None where there was nothing.

    An id stands as the name of what it names, a booking's as the instant at which the booking starts.
    """

    column: str
    before: Json
    after: Json


@dataclass(frozen=True, slots=True)
class Activity:
    """One audit entry.

    `subject` names the row or whom it belongs to, `lesson_start` is when the lesson begins that it is about, and
    `place` is the booking, student or instructor to go to; empty or None where there is none.
    """

    id: UUID
    at: datetime
    actor: str
    action: str
    table: str
    row_id: UUID
    change: Change
    subject: str
    lesson_start: datetime | None
    place: RowKey | None
    differences: tuple[Difference, ...]
    erased: bool


@dataclass(frozen=True, slots=True)
class ActivityFilter:
    """Which entries: of one table, by one person, with some word in the action, written in a span of time."""

    table: str | None = None
    actor_id: UUID | None = None
    word: str = ""
    during: Interval | None = None


Key = tuple[datetime, UUID]


def activity(
    connection: sa.Connection, org_id: UUID, wanted: ActivityFilter, after: Key | None = None, limit: int = PAGE
) -> Page[Activity, Key]:
    """A page of the trail, newest first."""
    where = [AUDIT.c.org_id == org_id, *_filters(wanted)]
    if after is not None:
        where.append(sa.tuple_(AUDIT.c.created_at, AUDIT.c.id) < sa.tuple_(*_bound(after)))
    newest_first = (AUDIT.c.created_at.desc(), AUDIT.c.id.desc())
    rows = connection.execute(sa.select(AUDIT).where(*where).order_by(*newest_first).limit(limit + 1)).all()
    actors = user_names(connection, {row.actor_user_id for row in rows if row.actor_user_id is not None})
    names = read_names(connection, org_id, [each for row in rows for each in _sides(row)])
    found = [_entry(row, actors, names) for row in rows]
    return page_of(found, limit, lambda each: (each.at, each.id))


def _filters(wanted: ActivityFilter) -> list[sa.ColumnElement[bool]]:
    where: list[sa.ColumnElement[bool]] = []
    if wanted.table is not None:
        where.append(AUDIT.c.entity_type == wanted.table)
    if wanted.actor_id is not None:
        where.append(AUDIT.c.actor_user_id == wanted.actor_id)
    if wanted.word:
        where.append(AUDIT.c.action.contains(wanted.word, autoescape=True))
    if wanted.during is not None:
        where += [AUDIT.c.created_at >= wanted.during.start, AUDIT.c.created_at < wanted.during.end]
    return where


def _sides(row: sa.Row[*tuple[object, ...]]) -> list[Entry]:
    key = (row.entity_type, row.entity_id)
    return [Entry(key, row.before or {}), Entry(key, row.after or {})]


def _entry(row: sa.Row[*tuple[object, ...]], actors: Mapping[UUID, str], names: Names) -> Activity:
    key = (row.entity_type, row.entity_id)
    erased = row.salt is None and row.before is None and row.after is None
    return Activity(
        row.id,
        row.created_at,
        actors.get(row.actor_user_id, ""),
        row.action,
        row.entity_type,
        row.entity_id,
        Change.CHANGED if erased else _change(row.before, row.after),
        names.subject(key),
        names.lesson_start(key),
        names.place(key),
        tuple(_differences(row.before or {}, row.after or {}, names)),
        erased,
    )


def _change(before: object, after: object) -> Change:
    if after is None:
        return Change.REMOVED
    return Change.ADDED if before is None else Change.CHANGED


def _bound(key: Key) -> tuple[sa.ColumnElement[datetime], sa.ColumnElement[UUID]]:
    return sa.literal(key[0], AUDIT.c.created_at.type), sa.literal(key[1], AUDIT.c.id.type)


def _differences(old: Mapping[str, Json], new: Mapping[str, Json], names: Names) -> list[Difference]:
    """What really changed; empty values of a new row say nothing, nor does an id that names nothing."""
    found: list[Difference] = []
    for column in {**old, **new}:
        before, after = old.get(column), new.get(column)
        if before == after or all(value in (None, {}) for value in (before, after)):
            continue
        known = Difference(column, names.in_words(column, before), names.in_words(column, after))
        if (known.before is None) == (before is None) and (known.after is None) == (after is None):
            found.append(known)
    return found
