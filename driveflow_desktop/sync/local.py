"""What the engine's worker does to the replica, in slices of the writer that a person at the desk does not feel."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.identity.tables import User
from driveflow_desktop.domain.tables import synced_tables
from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.store.log import BASE_ROWS, OUTBOX
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.store.state import read_fact, write_fact
from driveflow_desktop.sync.conflicts import open_conflicts
from driveflow_desktop.sync.digest import replica_digest
from driveflow_desktop.sync.happenings import Counts
from driveflow_desktop.sync.outbox import replays_of, to_push, to_replay
from driveflow_desktop.sync.overlay import (
    CURSOR,
    SyncOutcome,
    apply_page,
    apply_results,
    read_cursor,
    take_replayed,
)
from driveflow_desktop.sync.protocol import ChangesPage, CurrentRow, TransactionResult, WireTransaction
from driveflow_desktop.sync.session_protocol import MemberRow
from driveflow_desktop.sync.snapshot_protocol import TableDigest

EPOCH: Final = "epoch"
SCOPE: Final = "scope"
LAST: Final = "last_mutation"
"""Fact: `<seq> <mutation id>` of the log entry at the cursor, by which a service that was restored is found out."""

SLICE_SECONDS: Final = 0.05
"""How long a slice may keep the desk from writing."""
_LEAST_PAGE: Final = 20
_MOST_PAGE: Final = 1_000
_FIRST_PAGE: Final = 100
_RESULTS: Final = 50
_USERS: Final = cast("sa.Table", User.__table__)


@dataclass(frozen=True, slots=True)
class Position:
    """Where the replica stands in which history; `cursor` is None for a replica that holds no school yet."""

    cursor: int | None
    last: UUID | None
    epoch: str | None
    scope: str | None


class LocalReplica:
    """One school in one open replica, as the worker sees it."""

    def __init__(self, replica: Replica, org_id: UUID, seconds: Callable[[], float]) -> None:
        self.replica = replica
        self.org_id = org_id
        self.page_limit = _FIRST_PAGE
        """How many changes a pull asks for: what the last pages say fits into a slice."""
        self._seconds = seconds

    # -- asking -------------------------------------------------------------------------------------------------

    def position(self) -> Position:
        """Where the replica stands."""
        with self.replica.reader() as connection:
            cursor = read_fact(connection, CURSOR)
            last = read_fact(connection, LAST)
            seq, _space, mutation = (last or "").partition(" ")
            at_cursor = UUID(mutation) if mutation and seq == cursor else None
            epoch, scope = read_fact(connection, EPOCH), read_fact(connection, SCOPE)
        return Position(None if cursor is None else int(cursor), at_cursor, epoch, scope)

    def counts(self, user_id: UUID | None) -> Counts:
        """What waits."""
        unjudged = (
            OUTBOX.c.org_id == self.org_id,
            OUTBOX.c.processed_at.is_(None),
            OUTBOX.c.acked_seq.is_(None),
        )
        with self.replica.reader() as connection:
            waiting = connection.execute(_transactions(*unjudged)).scalar_one()
            others = connection.execute(_transactions(*unjudged, OUTBOX.c.actor_user_id != user_id)).scalar_one()
            conflicts = len(open_conflicts(connection, self.org_id))
            replays = 0
            if user_id is not None:
                replays = connection.execute(_transactions(replays_of(self.org_id, user_id))).scalar_one()
                if 0 < others < waiting and not to_push(connection, self.org_id, limit=1, actor_user_id=user_id):
                    others = waiting  # what is mine is built on another member's work
        return Counts(waiting, others, conflicts, replays)

    def next_push(self, user_id: UUID, limit: int, *, replay: bool) -> list[WireTransaction]:
        """The oldest transactions that are to be pushed, or replayed."""
        with self.replica.reader() as connection:
            if replay:
                return to_replay(connection, self.org_id, user_id, limit=limit)
            return to_push(connection, self.org_id, limit=limit, actor_user_id=user_id)

    def digest(self, at: int, stopped: Callable[[], bool]) -> dict[str, TableDigest] | None:
        """What the replica holds at `at`; None when it stands elsewhere, has pending edits, or was stopped."""
        with self.replica.reader() as connection:
            based = connection.execute(sa.select(BASE_ROWS.c.id).limit(1)).first() is not None
            if based or read_cursor(connection) != at:
                return None
            return replica_digest(connection, self.org_id, synced_tables(), stopped)

    # -- taking -------------------------------------------------------------------------------------------------

    def take_page(self, page: ChangesPage, epoch: str | None, asked_at: Position) -> SyncOutcome:
        """Apply a page that was asked for at `asked_at`, and learn how many changes fit into a slice."""
        if (page.next, epoch or asked_at.epoch, page.scope) == (asked_at.cursor, asked_at.epoch, asked_at.scope):
            return SyncOutcome()  # a poll that brought nothing costs no write
        with self.replica.sync_transaction() as connection:
            began = self._seconds()
            stood = read_cursor(connection)
            outcome = apply_page(connection, self.org_id, self.replica.tables, self._now(), page)
            if page.next >= stood:
                self._note_position(connection, page, epoch, moved=page.next > stood)
        self._learn(len(page.changes), self._seconds() - began)
        return outcome

    def _note_position(self, connection: sa.Connection, page: ChangesPage, epoch: str | None, *, moved: bool) -> None:
        if moved:
            last = next((change.mutation_id for change in reversed(page.changes) if change.seq == page.next), None)
            write_fact(connection, LAST, "" if last is None else f"{page.next} {last}")
        write_fact(connection, SCOPE, page.scope)
        if epoch is not None:
            write_fact(connection, EPOCH, epoch)

    def _learn(self, changes: int, seconds: float) -> None:
        """Ask for as much as one slice can take, growing by at most double."""
        if changes < _LEAST_PAGE:
            return
        fitting = int(changes * SLICE_SECONDS / max(seconds, 0.001))
        self.page_limit = max(_LEAST_PAGE, min(_MOST_PAGE, fitting, self.page_limit * 2))

    def take_results(self, results: Sequence[TransactionResult], *, replay: bool) -> SyncOutcome:
        """Take judgements, a slice at a time; a crash between two leaves the rest to be asked again."""
        total = SyncOutcome()
        for start in range(0, len(results), _RESULTS):
            some = results[start : start + _RESULTS]
            with self.replica.sync_transaction() as connection:
                if replay:
                    lost = take_replayed(connection, self.org_id, self._now(), some)
                    outcome = SyncOutcome(set_aside=tuple(lost))
                else:
                    outcome = apply_results(connection, self.org_id, self.replica.tables, self._now(), some)
            total = SyncOutcome(total.changes.merge(outcome.changes), total.set_aside + outcome.set_aside)
        return total

    def set_aside_oldest(self, user_id: UUID, code: str, detail: str, *, replay: bool) -> SyncOutcome:
        """Keep the oldest transaction as a conflict, because it cannot be sent."""
        oldest = self.next_push(user_id, 1, replay=replay)[:1]
        current: tuple[CurrentRow, ...] = ()
        refused = [TransactionResult(one.id, "rejected", code=code, detail=detail, current=current) for one in oldest]
        return self.take_results(refused, replay=replay)

    def take_members(self, members: Sequence[MemberRow]) -> Changes:
        """Keep the names of the school's people; those who left keep theirs, for the history."""
        with self.replica.sync_transaction() as connection:
            return Changes({"users": save_members(connection, members, self._now())})

    def _now(self) -> datetime:
        return self.replica.clock.now()


def save_members(connection: sa.Connection, members: Sequence[MemberRow], now: datetime) -> set[UUID]:
    """Write people that are new or have changed; returns their ids."""
    known = {row.id: row for row in connection.execute(sa.select(_USERS.c.id, _USERS.c.email, _USERS.c.full_name))}
    wanted = {member.user_id: member for member in members}
    changed = {
        one: member
        for one, member in wanted.items()
        if one not in known or (known[one].email, known[one].full_name) != (member.email, member.full_name)
    }
    taken = {member.email for member in changed.values()}
    for one, row in known.items():
        if row.email in taken and one != next(m.user_id for m in changed.values() if m.email == row.email):
            # An address passed from one person to another: it must not be held twice meanwhile.
            connection.execute(_USERS.update().where(_USERS.c.id == one).values(email=str(one)))
    for one, member in changed.items():
        values = {"email": member.email, "full_name": member.full_name, "updated_at": now}
        if one in known:
            connection.execute(_USERS.update().where(_USERS.c.id == one).values(values))
        else:
            connection.execute(_USERS.insert(), {"id": one, "created_at": now, **values})
    return set(changed) | _name_the_unknown(connection, now)


def _name_the_unknown(connection: sa.Connection, now: datetime) -> set[UUID]:
    """People that rows refer to and nobody names any more (they left the school) get a row without a name."""
    found: set[UUID] = set()
    for table in synced_tables():
        for column in table.columns:
            if any(key.column.table is _USERS for key in column.foreign_keys):
                nameless = sa.select(column).where(column.is_not(None), column.not_in(sa.select(_USERS.c.id)))
                found |= set(connection.execute(nameless.distinct()).scalars())
    for one in found:
        unnamed = {"id": one, "email": str(one), "full_name": "", "created_at": now, "updated_at": now}
        connection.execute(_USERS.insert(), unnamed)
    return found


def _transactions(*where: sa.ColumnElement[bool]) -> sa.Select[int]:
    return sa.select(sa.func.count(sa.distinct(OUTBOX.c.transaction_id))).where(*where)
