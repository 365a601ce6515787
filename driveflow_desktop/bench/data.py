"""Reading and saving through the program's own queries and commands, beside raw SQL on the same file."""

import contextlib
import shutil
from datetime import date, datetime, timedelta
from itertools import count
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlcipher3 import dbapi2 as sqlcipher

from driveflow_desktop.bench.figures import Figure, figure, in_turns
from driveflow_desktop.domain.overview.found import search
from driveflow_desktop.domain.scheduling.commands.booking import edit_notes
from driveflow_desktop.domain.scheduling.finding import SlotSearch, free_slots
from driveflow_desktop.kernel.time import day_interval, local_date, to_micros
from driveflow_desktop.store.replica import Replica, connect
from driveflow_desktop.store.unit_of_work import Actor

_PREFIXES: Final = 50
_SAVES: Final = 300
_SLOT_SEARCHES: Final = 15
_SLOT_DAYS: Final = 14
_HITS: Final = (
    "SELECT d.kind, d.row_id, d.name FROM search_people_fts AS f JOIN search_people AS d ON d.doc = f.rowid "
    "WHERE search_people_fts MATCH ? AND d.org_id = ? LIMIT 8"
)
_LAST_BOOKING: Final = "SELECT id FROM bookings WHERE org_id = ? ORDER BY start_at DESC LIMIT 1"
FIRST_INSTRUCTOR: Final = "SELECT id FROM instructors WHERE org_id = ? AND active ORDER BY id LIMIT 1"
_BOOKED: Final = "SELECT * FROM bookings WHERE org_id = ? AND start_at >= ? AND start_at < ?"
_ROWS: Final = (
    "SELECT b.*, s.full_name, i.display_name, v.name FROM bookings AS b "
    "JOIN students AS s ON s.org_id = b.org_id AND s.id = b.student_id "
    "JOIN instructors AS i ON i.org_id = b.org_id AND i.id = b.instructor_id "
    "JOIN services AS v ON v.org_id = b.org_id AND v.id = b.service_id "
    "WHERE b.org_id = ? AND b.start_at >= ? AND b.start_at < ?"
)
DAY_ROWS: Final = f"{_ROWS} ORDER BY b.start_at"
WEEK_ROWS: Final = f"{_ROWS} AND b.instructor_id = ? ORDER BY b.start_at"


def asked_of(org_id: UUID, first: date, days: int, tz: ZoneInfo) -> tuple[bytes, int, int]:
    """The parameters of a query over some local days."""
    last = first + timedelta(days=days - 1)
    return org_id.bytes, to_micros(day_interval(first, tz).start), to_micros(day_interval(last, tz).end)


def search_figure(replica: Replica, org_id: UUID, now: datetime) -> Figure:
    """`search`: people and bookings found by the first 2, 3 and 4 letters of names, as they are typed; p95."""
    raw = connect(replica.path, replica.key, read_only=True)
    rows = raw.execute("SELECT full_name FROM students WHERE org_id = ? ORDER BY id LIMIT 200", (org_id.bytes,))
    names = [str(row[0]) for row in rows]
    typed = [names[at * 7 % len(names)][: 2 + at % 3].strip() for at in range(_PREFIXES)]
    ours, theirs = iter(typed), iter(typed)
    with replica.reader() as connection:
        found = in_turns(
            lambda: search(connection, org_id, next(ours), now),
            lambda: raw.execute(_HITS, (f'"{next(theirs)}" *', org_id.bytes)).fetchall(),
            len(typed),
        )
    raw.close()
    return figure("search", found, 95)


def free_slots_figure(replica: Replica, org_id: UUID, now: datetime, tz: ZoneInfo) -> Figure:
    """`free_slots`: the best hour of all instructors in 14 days, everything read anew; median."""
    first = local_date(now, tz)
    wish = SlotSearch(60, first, first + timedelta(days=_SLOT_DAYS - 1))
    raw = connect(replica.path, replica.key, read_only=True)
    asked = asked_of(org_id, first, _SLOT_DAYS, tz)
    with replica.reader() as connection:
        found = in_turns(
            lambda: free_slots(connection, org_id, wish, now),
            lambda: raw.execute(_BOOKED, asked).fetchall(),
            _SLOT_SEARCHES,
        )
    raw.close()
    return figure("free_slots", found, 50)


def save_figure(replica: Replica, actor: Actor) -> Figure:
    """`local_save_p99`: a booking's note, with its log and audit rows, durable; beside the same rows by hand."""
    return figure("local_save_p99", saves(replica, actor, _SAVES), 99)


def saves(replica: Replica, actor: Actor, times: int) -> tuple[list[float], list[float]]:
    """Milliseconds of saving a booking's note with its log and audit rows, durable, and of the same rows by hand.

    By hand in a copy of the file: a second writer of one file empties the first one's cache with each save, which no
    program of ours does to another.
    """
    with contextlib.closing(connect(replica.path, replica.key, read_only=True)) as connection:
        (booking,) = connection.execute(_LAST_BOOKING, (actor.org_id.bytes,)).fetchone()
    numbers = count()

    def save() -> None:
        note = f"Note {next(numbers)}"
        replica.execute(lambda uow: edit_notes(uow, UUID(bytes=booking), note), actor)

    save()
    copy = replica.path.with_name("by-hand.db")
    with contextlib.closing(connect(replica.path, replica.key)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    shutil.copyfile(replica.path, copy)
    raw = connect(copy, replica.key)
    logs = [_copy_of_last(raw, table) for table in _LOGS]

    def by_hand() -> None:
        raw.execute("BEGIN IMMEDIATE")
        change = "UPDATE bookings SET notes = ?, updated_at = updated_at + 1 WHERE org_id = ? AND id = ?"
        raw.execute(change, (f"Hand {next(numbers)}", actor.org_id.bytes, booking))
        for log in logs:
            raw.execute(log, (replica.ids.new().bytes,))
        raw.execute("COMMIT")

    found = in_turns(save, by_hand, times)
    raw.close()
    return found


_LOGS: Final = ("outbox", "audit_log")


def _copy_of_last(raw: sqlcipher.Connection, table: str) -> str:
    """SQL that writes the table's last row again under another id."""
    columns = [row[1] for row in raw.execute(f"PRAGMA table_info({table})")]
    values = ", ".join("?" if name == "id" else name for name in columns)
    (last,) = raw.execute(f"SELECT max(id) FROM {table}").fetchone()  # noqa: S608 - our own name
    into = f"INSERT INTO {table} ({', '.join(columns)})"
    return f"{into} SELECT {values} FROM {table} WHERE id = x'{last.hex()}'"  # noqa: S608 - our own names
