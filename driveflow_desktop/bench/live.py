"""Two desks in step: how soon an edit is seen on the other, what reading costs beside it, and what idling does."""

import contextlib
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

import psycopg

from driveflow_desktop.bench.by_hand import select_stored, taken, takers, upsert
from driveflow_desktop.bench.data import FIRST_INSTRUCTOR, WEEK_ROWS, asked_of
from driveflow_desktop.bench.figures import PERCENT, Figure, elapsed_ms, figure, in_turns
from driveflow_desktop.bench.online import OnlineSchool, Seat
from driveflow_desktop.bench.rates import copied
from driveflow_desktop.composition import default_actor
from driveflow_desktop.domain.identity.queries import school as school_of
from driveflow_desktop.domain.overview.calendar import calendar_week
from driveflow_desktop.domain.scheduling.commands.booking import edit_notes
from driveflow_desktop.domain.tables import METADATA
from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.kernel.errors import Bug
from driveflow_desktop.kernel.time import local_date, zone
from driveflow_desktop.store.replica import connect
from driveflow_desktop.sync.driver import Driver
from driveflow_desktop.sync.status import SyncState
from driveflow_desktop.sync.worker import Listeners

_EDITS: Final = 100
_WEEKS: Final = 40
_IDLE_SECONDS: Final = 10.0
_PATIENCE: Final = 60.0
_LOOK_SECONDS: Final = 0.2
_BOOKINGS: Final = METADATA.tables["bookings"]
_CHANNEL: Final = "driveflow_bench"
_BOOKING: Final = "SELECT id FROM bookings WHERE org_id = ? ORDER BY id DESC LIMIT 1"


def live_figures(school: OnlineSchool, maker: Seat, reader: Seat) -> list[Figure]:
    """`propagation_p50`, `propagation_p95` and `idle_cpu`: both replicas' engines run, and then have nothing to do."""
    seen = _Seen()
    with _running(maker.driver()) as here, _running(reader.driver(Listeners(changed=seen.look))):
        samples = _propagation(school, maker, reader, here, seen)
        used = _percent_of_core()
    return [
        figure("propagation_p50", samples, 50),
        figure("propagation_p95", samples, 95),
        Figure("idle_cpu", used, PERCENT, _looking()),
    ]


def week_figure(seat: Seat) -> Figure:
    """`week_query`: one instructor's week as the calendar reads it; median over weeks up to now."""
    org_id, now = default_actor(seat.replica).org_id, seat.replica.clock.now()
    with (
        seat.replica.reader() as connection,
        contextlib.closing(connect(seat.replica.path, seat.replica.key, read_only=True)) as raw,
    ):
        tz = zone(school_of(connection, org_id).time_zone)
        (key,) = raw.execute(FIRST_INSTRUCTOR, (org_id.bytes,)).fetchone()
        today = local_date(now, tz)
        monday = today - timedelta(days=today.weekday())
        weeks = [monday - timedelta(weeks=back % 4) for back in range(_WEEKS)]
        ours, theirs = iter(weeks), iter(weeks)
        found = in_turns(
            lambda: calendar_week(connection, org_id, UUID(bytes=key), next(ours), now),
            lambda: raw.execute(WEEK_ROWS, (*asked_of(org_id, next(theirs), 7, tz), key)).fetchall(),
            _WEEKS,
        )
    return figure("week_query", found, 50)


class _Seen:
    """Wakes whoever waits for a booking to change at the reader's replica."""

    def __init__(self) -> None:
        self._arrived = threading.Event()
        self._wanted: UUID | None = None

    def expect(self, booking: UUID) -> None:
        """Look out for the next change of a booking."""
        self._arrived.clear()
        self._wanted = booking

    def look(self, changes: Changes) -> None:
        """Told by the reader's engine, on its thread, once rows are written."""
        if self._wanted in changes.ids("bookings"):
            self._arrived.set()

    def wait(self) -> None:
        """Return when it has come."""
        if not self._arrived.wait(_PATIENCE):
            raise Bug("an edit did not arrive")


@contextlib.contextmanager
def _running(driver: Driver) -> Iterator[Driver]:
    driver.start()
    try:
        end = time.monotonic() + _PATIENCE
        while driver.status is None or driver.status.state is not SyncState.SYNCED:
            if time.monotonic() > end:
                raise Bug(f"the engine did not settle: {driver.status}")
            time.sleep(0.05)
        time.sleep(0.5)  # until it listens to the stream
        yield driver
    finally:
        driver.stop()


def _propagation(
    school: OnlineSchool, maker: Seat, reader: Seat, driver: Driver, seen: _Seen
) -> tuple[list[float], list[float]]:
    """Milliseconds from a commit at the maker to the row at the reader; by hand from UPDATE to upsert over NOTIFY."""
    actor = default_actor(maker.replica)
    with maker.replica.reader() as connection:
        booking = UUID(bytes=connection.exec_driver_sql(_BOOKING, (actor.org_id.bytes,)).scalar_one())
    ours, theirs = list[float](), list[float]()
    with _relay(school, reader, booking) as by_hand:
        for number in range(_EDITS):
            maker.replica.execute(partial(edit_notes, booking_id=booking, notes=f"Seen {number}"), actor)

            def arrive() -> None:
                driver.edited()
                seen.wait()

            seen.expect(booking)
            ours.append(elapsed_ms(arrive))
            theirs.append(by_hand.send())
    return ours, theirs


class _Relay:
    """The same way by hand: UPDATE and NOTIFY on one connection; LISTEN, SELECT and a durable upsert on a thread."""

    def __init__(self, service: psycopg.Connection, org_id: UUID, booking: UUID) -> None:
        self._service = service
        self._key = (org_id, booking)
        self.arrived = threading.Event()

    def send(self) -> float:
        """Milliseconds until the row has been written at the other end."""
        self.arrived.clear()

        def act() -> None:
            with self._service.transaction():
                self._service.execute("UPDATE bookings SET updated_at = now() WHERE org_id = %s AND id = %s", self._key)
                self._service.execute(f"NOTIFY {_CHANNEL}")
            if not self.arrived.wait(_PATIENCE):
                raise Bug("a row did not arrive by hand")

        return elapsed_ms(act)


@contextlib.contextmanager
def _relay(school: OnlineSchool, reader: Seat, booking: UUID) -> Iterator[_Relay]:
    with (
        psycopg.connect(school.admin_url, autocommit=True) as service,
        psycopg.connect(school.admin_url, autocommit=True) as other,
        copied(reader.replica) as raw,
    ):
        relay = _Relay(service, school.made.org_id, booking)
        other.execute(f"LISTEN {_CHANNEL}")
        select = select_stored(_BOOKINGS, "WHERE org_id = %s AND id = %s").encode()
        take, statement = takers(_BOOKINGS), upsert(_BOOKINGS)

        ended = threading.Event()

        def hear() -> None:
            while not ended.is_set():
                # Not asked inside the loop over it: the generator holds the connection.
                if list(other.notifies(timeout=_LOOK_SECONDS, stop_after=1)):
                    row = other.execute(select, (school.made.org_id, booking)).fetchone()
                    raw.execute(statement, taken(take, row or ()))
                    relay.arrived.set()

        thread = threading.Thread(target=hear, name="bench-relay", daemon=True)
        thread.start()
        yield relay
        ended.set()
        thread.join(_PATIENCE)


def _looking() -> float:
    """What two threads use that look for work ten times a second."""
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.1):
            pass

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    used = _percent_of_core()
    ended.set()
    for thread in threads:
        thread.join()
    return used


def _percent_of_core() -> float:
    before = time.process_time()
    time.sleep(_IDLE_SECONDS)
    return (time.process_time() - before) / _IDLE_SECONDS * 100
