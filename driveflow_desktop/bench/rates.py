"""How fast work moves: made on the desk, pushed with every check, pulled live; beside the same rows by plain SQL."""

import contextlib
import shutil
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final, cast
from uuid import UUID

import psycopg
from sqlcipher3 import dbapi2 as sqlcipher

from driveflow_desktop.bench.by_hand import select_stored, taken, takers, upsert
from driveflow_desktop.bench.data import saves
from driveflow_desktop.bench.figures import PER_SECOND, Figure
from driveflow_desktop.bench.online import OnlineSchool, Seat
from driveflow_desktop.composition import default_actor
from driveflow_desktop.domain.scheduling.commands.booking import edit_notes
from driveflow_desktop.domain.tables import METADATA
from driveflow_desktop.kernel.errors import Bug
from driveflow_desktop.store.loading import quick_writes
from driveflow_desktop.store.replica import Replica, connect
from driveflow_desktop.sync.local import LocalReplica
from driveflow_desktop.sync.outcomes import Answer, Failure
from driveflow_desktop.sync.protocol import MAX_MUTATIONS, PushRequest

EDITS: Final = 10_000
"""Edits that are pushed and pulled, as far as the school has bookings: one each."""
_SAVES: Final = 1_000
_ROWS: Final = 1_000
_BOOKINGS: Final = METADATA.tables["bookings"]
_SOME: Final = "SELECT id FROM bookings WHERE org_id = ? LIMIT ?"
_UPDATE: Final = (
    "UPDATE bookings AS b SET notes = n.notes, updated_at = now(), version = b.version + 1 "
    "FROM unnest(%s::uuid[], %s::text[]) AS n (id, notes) WHERE b.org_id = %s AND b.id = n.id"
)


def local_edits_figure(seat: Seat) -> Figure:
    """`local_edits`: a booking's note with its log and audit rows, one durable transaction each."""
    ours, theirs = saves(seat.replica, default_actor(seat.replica), _SAVES)
    return Figure("local_edits", _SAVES * 1000 / sum(ours), PER_SECOND, _SAVES * 1000 / sum(theirs))


def push_and_pull_figures(school: OnlineSchool, maker: Seat, reader: Seat) -> list[Figure]:
    """`push` and `pull`: notes of up to `EDITS` bookings, made at one replica and taken by another."""
    _settle(maker)
    _settle(reader)
    edited = _edit(maker.replica)
    pushed, judged = _push(maker)
    if judged != len(edited):
        raise Bug(f"{judged} of {len(edited)} edits were applied")
    pulled = _pull(reader)
    by_update = _update_by_hand(school, edited)
    by_upsert = _pull_by_hand(school, reader.replica, edited)
    return [
        Figure("push", len(edited) / pushed, PER_SECOND, len(edited) / by_update),
        Figure("pull", len(edited) / pulled, PER_SECOND, len(edited) / by_upsert),
    ]


def _settle(seat: Seat) -> None:
    status = seat.driver().run_until_settled()
    if status.waiting or status.problem is not None:
        raise Bug(f"the replica did not settle: {status}")


def _edit(replica: Replica) -> list[UUID]:
    """A new note in each booking, in a transaction of its own."""
    actor = default_actor(replica)
    with replica.reader() as connection:
        found = connection.exec_driver_sql(_SOME, (actor.org_id.bytes, EDITS))
        bookings = [UUID(bytes=key) for (key,) in found]
    with quick_writes(replica):
        for number, booking in enumerate(bookings):
            replica.execute(partial(edit_notes, booking_id=booking, notes=f"Measured {number}"), actor)
    return bookings


def _push(seat: Seat) -> tuple[float, int]:
    """Seconds from each request to its results, and how many transactions were applied."""
    local = _local(seat)
    seconds, applied = 0.0, 0
    while transactions := local.next_push(seat.user_id, MAX_MUTATIONS, replay=False):
        request = PushRequest(seat.session.device_id, seat.replica.clock.now(), tuple(transactions))
        began = time.perf_counter()
        answer = seat.service.push(seat.session.token, request)
        seconds += time.perf_counter() - began
        if isinstance(answer, Failure):
            raise Bug(f"the push failed: {answer}")
        applied += sum(result.status == "applied" for result in answer.value.results)
        local.take_results(answer.value.results, replay=False)
    return seconds, applied


def _pull(seat: Seat) -> float:
    """Seconds until the replica stands at the head, asking and applying a page after the other."""
    local = _local(seat)
    began = time.perf_counter()
    while True:
        position = local.position()
        answer = seat.service.pull(seat.session.token, position.cursor or 0, local.page_limit, position.last)
        if not isinstance(answer, Answer):
            raise Bug(f"the pull failed: {answer}")
        local.take_page(answer.value, answer.epoch, position)
        if answer.value.next == answer.value.head:
            return time.perf_counter() - began


def _local(seat: Seat) -> LocalReplica:
    return LocalReplica(seat.replica, default_actor(seat.replica).org_id, time.monotonic)


def _update_by_hand(school: OnlineSchool, bookings: Sequence[UUID]) -> float:
    """Seconds of one set-based UPDATE for each thousand rows."""
    seconds = 0.0
    with psycopg.connect(school.admin_url, autocommit=True) as service:
        for ids in _chunks(bookings):
            notes = [f"By hand {one}" for one in ids]
            began = time.perf_counter()
            service.execute(_UPDATE, (list(ids), notes, school.made.org_id))
            seconds += time.perf_counter() - began
    return seconds


def _pull_by_hand(school: OnlineSchool, replica: Replica, bookings: Sequence[UUID]) -> float:
    """Seconds of SELECT and upsert, durable for each thousand rows, in a copy of the replica."""
    take, statement = takers(_BOOKINGS), upsert(_BOOKINGS)
    select = select_stored(_BOOKINGS, "WHERE org_id = %s AND id = ANY(%s)").encode()
    with copied(replica) as raw, psycopg.connect(school.admin_url, autocommit=True) as service:
        began = time.perf_counter()
        for ids in _chunks(bookings):
            found = service.execute(select, (school.made.org_id, list(ids))).fetchall()
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany(statement, [taken(take, cast("Sequence[str | None]", row)) for row in found])
            raw.execute("COMMIT")
        return time.perf_counter() - began


@contextlib.contextmanager
def copied(replica: Replica) -> Iterator[sqlcipher.Connection]:
    """A copy of a replica's file to work on by hand, with the pages of its tables in reach as those of an open one."""
    with contextlib.closing(connect(replica.path, replica.key)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    path = replica.path.with_name("copy-by-hand.db")
    shutil.copyfile(replica.path, path)
    with contextlib.closing(connect(path, replica.key)) as raw:
        raw.execute("PRAGMA foreign_keys = OFF")
        yield raw


def _chunks(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    return (ids[at : at + _ROWS] for at in range(0, len(ids), _ROWS))
