"""A small school on a replica of its own, and what a front desk does with it; for tests of the store."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from driveflow_desktop.domain.catalog.tables import Service
from driveflow_desktop.domain.identity.tables import Org
from driveflow_desktop.domain.people.tables import Guardian, Instructor, Student, StudentGuardian
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.domain.tables import METADATA
from driveflow_desktop.kernel.clock import Clock, SystemClock
from driveflow_desktop.store.cipher import DemoKeys
from driveflow_desktop.store.files import ReplicaFiles
from driveflow_desktop.store.open_replica import Setting, create_replica, open_replica
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.store.types import Value
from driveflow_desktop.store.unit_of_work import Actor, Command, Receipt, UnitOfWork

T = TypeVar("T")

MONDAY = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
KEYS = DemoKeys()


@dataclass(frozen=True)
class School:
    """The ids of a small school."""

    org: UUID
    instructor: UUID
    service: UUID
    students: tuple[UUID, ...]

    @property
    def actor(self) -> Actor:
        return Actor(self.org, None, None)


@dataclass
class Desk:
    """An open replica with a small school in it."""

    files: ReplicaFiles
    replica: Replica
    school: School
    setting: Setting

    def run(self, command: Command[T]) -> Receipt[T]:
        """Run a command as the school's only person."""
        return self.replica.execute(command, self.school.actor)

    def book(self, number: int, **values: Value) -> UUID:
        """Save the `number`th booking and return its id, once it is durable."""
        booking = booking_values(self.school, number) | values
        return self.replica.execute(lambda unit: unit.insert(Booking, booking), self.school.actor).value

    def reopen(self) -> None:
        """Close the replica and open it again."""
        self.replica.close()
        self.replica = open_replica(self.files, KEYS, self.setting)


def booking_values(school: School, number: int) -> dict[str, Value]:
    """The `number`th booking: half hours after one another, the students in turn."""
    start = MONDAY + timedelta(minutes=30 * number)
    return {
        "student_id": school.students[number % len(school.students)],
        "instructor_id": school.instructor,
        "service_id": school.service,
        "start_at": start,
        "end_at": start + timedelta(minutes=30),
        "status": BookingStatus.CONFIRMED,
        "price_cents": 9500,
        "platform_fee_cents": 1425,
        "instructor_share_cents": 8075,
        "status_changed_at": MONDAY,
        "notes": f"Booking number {number}",
    }


def found_school(unit: UnitOfWork) -> School:
    """The command that founds the school."""
    org = unit.org_id
    unit.insert(Org, {"name": "Kangaroo Driving School"}, row_id=org)
    instructor = unit.insert(Instructor, {"display_name": "Priya Raman", "phone": "+61 412 000 111"})
    service = unit.insert(Service, {"name": "Lesson, 30 minutes", "duration_min": 30})
    names = ("Mia Chen", "José O'Brien", "Anh Nguyễn")
    students = unit.bulk(Student, [{"full_name": name, "phone": f"04{index:08}"} for index, name in enumerate(names)])
    guardian = unit.insert(Guardian, {"full_name": "Wei Chen", "email": "wei.chen@example.com"})
    unit.insert(StudentGuardian, {"student_id": students[0], "guardian_id": guardian, "is_payer": True})
    return School(org, instructor, service, tuple(students))


def setting_of(clock: Clock | None = None) -> Setting:
    """What a test's replica stands on: the real schema, no rules."""
    return Setting(clock or SystemClock(), METADATA)


def open_desk(folder: Path, clock: Clock | None = None, *, found: bool = True) -> Desk:
    """A new replica in `folder` with a small school, unless `found` says that it is still to be founded."""
    files, setting = ReplicaFiles(folder), setting_of(clock)
    replica = create_replica(files, KEYS, setting)
    org = replica.ids.new()
    school = School(org, org, org, ())
    if found:
        school = replica.execute(found_school, school.actor).value
    return Desk(files, replica, school, setting)


def copy_folder(source: ReplicaFiles, target: Path) -> ReplicaFiles:
    """A copy of a closed replica's folder."""
    shutil.copytree(source.folder, target, ignore=shutil.ignore_patterns("*.lock"))
    return ReplicaFiles(target)
