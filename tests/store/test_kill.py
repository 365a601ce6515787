"""A program killed at any moment loses nothing that it had acknowledged and leaves no half of a transaction."""

import contextlib
import multiprocessing
import random
import time
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.kernel.clock import SystemClock
from driveflow_desktop.store.backup import Backups
from driveflow_desktop.store.copies import check_whole
from driveflow_desktop.store.doctor import examine
from driveflow_desktop.store.file_checks import look_inside
from driveflow_desktop.store.log import AUDIT, OUTBOX
from driveflow_desktop.store.log_tables import Op
from tests.helpers.busy_writer import write
from tests.helpers.desk import KEYS, Desk, open_desk

KILLS = 20
MANY_KILLS = 200
PATIENCE = 60.0

# Processes are forked from one that has imported everything, so that each is there in milliseconds.
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.helpers.busy_writer"])


def test_killing_the_writer_20_times_loses_nothing(tmp_path: Path) -> None:
    _kill_again_and_again(tmp_path / "desk", KILLS)


@pytest.mark.long
def test_killing_the_writer_200_times_loses_nothing(tmp_path: Path) -> None:
    _kill_again_and_again(tmp_path / "desk", MANY_KILLS)


def _kill_again_and_again(folder: Path, kills: int) -> None:
    desk = open_desk(folder)
    desk.replica.close()
    chance, booked, deleting = random.Random(), set[UUID](), set[UUID]()
    first = 0
    for _ in range(kills):
        news = _write_until_killed(desk, first, chance)
        booked |= {booking for verb, booking in news if verb == "booked" and booking}
        deleting |= {booking for verb, booking in news if verb == "deleting" and booking}
        first += len(news)
        durable = _look_after(desk, booked - deleting)
        assert len(durable - booked) <= 5, "more than one transaction, of five bookings, was not acknowledged"
        booked |= durable
    assert len(booked) > kills, "the writer wrote"


def _write_until_killed(desk: Desk, first: int, chance: random.Random) -> list[tuple[str, UUID | None]]:
    """Everything that the writer acknowledged before it was killed, at a moment that nobody chose."""
    ours, theirs = _SERVER.Pipe(duplex=False)
    writer = _SERVER.Process(target=write, args=(desk.files.folder, desk.school, first, theirs), daemon=True)
    writer.start()
    theirs.close()
    news = [ours.recv() for _ in range(chance.randrange(1, 30))]
    until = time.perf_counter() + chance.random() * 0.01
    while time.perf_counter() < until:
        pass
    writer.kill()
    writer.join(PATIENCE)
    with contextlib.suppress(EOFError):
        while True:
            news.append(ours.recv())
    ours.close()
    return news


def _look_after(desk: Desk, kept: set[UUID]) -> set[UUID]:
    """Open the replica as the next program does, compare it with what was acknowledged; every booking ever made."""
    problems = [
        check for check in examine(desk.files, KEYS, SystemClock()) if not check.ok and check.check != "backups"
    ]
    assert problems == []
    desk.reopen()
    with desk.replica.reader() as connection:
        rows = set(connection.execute(sa.select(Booking.id)).scalars())
        of_bookings = OUTBOX.c.table_name == "bookings"
        logged = connection.execute(sa.select(OUTBOX.c.id, OUTBOX.c.op, OUTBOX.c.row_id).where(of_bookings)).all()
        audited = connection.execute(sa.select(AUDIT.c.id, AUDIT.c.entity_id).where(AUDIT.c.entity_type == "bookings"))
        assert {(entry.id, entry.row_id) for entry in logged} == {tuple(entry) for entry in audited}
    desk.replica.close()
    inserted = {entry.row_id for entry in logged if entry.op is Op.INSERT}
    deleted = {entry.row_id for entry in logged if entry.op is Op.DELETE}
    assert kept <= rows, "an acknowledged booking is gone"
    assert rows == inserted - deleted, "a row without its log, or a log without its row"
    for backup in Backups(desk.files, desk.setting.clock).all():
        with look_inside(backup.path, desk.replica.key) as connection:
            assert check_whole(connection) == 0
    return inserted
