"""A program that writes bookings as fast as it can and says which are saved, until it is killed."""

import itertools
from multiprocessing.connection import Connection
from pathlib import Path

from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.store.backup import Backups
from driveflow_desktop.store.files import ReplicaFiles
from driveflow_desktop.store.log import BASE_ROWS, OUTBOX
from driveflow_desktop.store.open_replica import open_replica
from driveflow_desktop.store.replica import Replica
from tests.helpers.desk import KEYS, Desk, School, booking_values, setting_of


def write(folder: Path, school: School, first: int, saved: Connection) -> None:
    """Open the replica and write; `saved` gets `(verb, booking id)` once that transaction is durable."""
    files, setting = ReplicaFiles(folder), setting_of()
    desk = Desk(files, open_replica(files, KEYS, setting), school, setting)
    saved.send(("open", None))
    for number in itertools.count(first):
        saved.send(("booked", desk.book(number)))
        _something_else(desk, number, saved)


def _something_else(desk: Desk, number: int, saved: Connection) -> None:
    """What else goes on at a desk: series, changed names, deletions, sync, checkpoints, backups."""
    school = desk.school
    match number % 6:
        case 1:
            rows = [booking_values(school, number) for _ in range(5)]
            for booking in desk.run(lambda unit: unit.bulk(Booking, rows)).value:
                saved.send(("booked", booking))
        case 2:
            name = {"full_name": f"Mia Chen {number}"}
            desk.run(lambda unit: unit.update(Student, school.students[0], name))
        case 3:
            booking = desk.book(number)
            saved.send(("booked", booking))
            saved.send(("deleting", booking))
            desk.run(lambda unit: unit.delete(Booking, booking))
        case 4:
            _sync(desk.replica)
        case 5:
            desk.replica.checkpoint()
            Backups(desk.files, desk.setting.clock).make(desk.replica)


def _sync(replica: Replica) -> None:
    with replica.sync_transaction() as connection:
        connection.execute(OUTBOX.update().values(processed_at=replica.clock.now()))
        connection.execute(BASE_ROWS.delete())
