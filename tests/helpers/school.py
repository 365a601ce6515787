"""A small driving school on a real, encrypted, migrated replica, with the hard rules on guard."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from driveflow_desktop.domain.catalog.tables import RateCard, RateCardItem, Service
from driveflow_desktop.domain.hard_rules import hard_rules
from driveflow_desktop.domain.identity.tables import Org, User, UserOrg
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.tables import Instructor, Student, Vehicle
from driveflow_desktop.domain.people.values import Transmission
from driveflow_desktop.domain.scheduling.tables import Booking, InstructorAvailability
from driveflow_desktop.domain.tables import METADATA
from driveflow_desktop.kernel.clock import FixedClock
from driveflow_desktop.kernel.time import wall_to_utc
from driveflow_desktop.store.log_tables import AuditLog, Outbox
from driveflow_desktop.store.migrate import SCHEMA_REVISION, upgrade
from driveflow_desktop.store.replica import Replica, ReplicaKey
from driveflow_desktop.store.unit_of_work import Actor, Receipt, UnitOfWork

T = TypeVar("T")
SYDNEY = ZoneInfo("Australia/Sydney")
KEY = ReplicaKey(bytes(range(32)))
ORG, OTHER_ORG = UUID(int=1), UUID(int=2)
OWNER, DESK, DANA_USER, STRANGER = UUID(int=11), UUID(int=12), UUID(int=13), UUID(int=14)
DANA, ETHAN = UUID(int=21), UUID(int=22)
MIA, NOAH, ZOE = UUID(int=31), UUID(int=32), UUID(int=33)
LESSON, HIGHWAY = UUID(int=41), UUID(int=42)
CARD, AUTO_CAR, MANUAL_CAR = UUID(int=51), UUID(int=52), UUID(int=53)
THEIR_STUDENT, THEIR_INSTRUCTOR, THEIR_SERVICE = UUID(int=61), UUID(int=62), UUID(int=63)
NEWTOWN, BONDI = (-33_897_600, 151_179_300), (-33_891_500, 151_276_700)
MONDAY = date(2026, 11, 30)
NOW = wall_to_utc(date(2026, 11, 24), 11 * 60, SYDNEY)
PRICE, FEE = 9500, 1425


def at(hour: float, day: date = MONDAY) -> datetime:
    """The instant of a wall-clock hour in Sydney."""
    return wall_to_utc(day, round(hour * 60), SYDNEY)


@dataclass
class School:
    """The replica with the people of the tests; `run` is a command by the front desk."""

    replica: Replica
    clock: FixedClock
    receipts: list[Receipt[object]] = field(default_factory=list)

    def run(self, command: Callable[[UnitOfWork], T], user: UUID | None = DESK, org: UUID = ORG) -> Receipt[T]:
        """Execute a command; the clock moves on by a second, as it does between two acts of a person."""
        self.clock.advance(timedelta(seconds=1))
        receipt = self.replica.execute(command, Actor(org, user, UUID(int=99)))
        self.receipts.append(receipt)
        return receipt

    def undo(self, receipt: Receipt[T]) -> Receipt[None]:
        """Take a receipt back."""
        assert receipt.inverse is not None
        inverse = receipt.inverse
        return self.run(lambda uow: uow.revert(inverse))

    def read(self, query: Callable[[sa.Connection], T]) -> T:
        """Run a query on a reader."""
        with self.replica.reader() as connection:
            return query(connection)

    def rows(self, kind: type) -> list[dict[str, object]]:
        """All rows of a table, by id."""
        table = kind.__table__
        return self.read(lambda c: [dict(row) for row in c.execute(sa.select(table).order_by(table.c.id)).mappings()])

    def rows_by_start(self) -> list[dict[str, object]]:
        """All bookings by start."""
        return sorted(self.rows(Booking), key=lambda row: (row["start_at"], row["id"]))

    def log_sizes(self) -> tuple[int, int]:
        """How many entries outbox and audit hold."""
        count = sa.select(sa.func.count())
        return self.read(
            lambda c: (
                c.execute(count.select_from(Outbox)).scalar_one(),
                c.execute(count.select_from(AuditLog)).scalar_one(),
            )
        )


def seed(uow: UnitOfWork) -> None:
    """The school: two instructors, three students, two services with prices, two cars."""
    uow.insert(Org, {"name": "Harbour Driving", "region": "NSW", "gst_registered": True}, row_id=ORG)
    for user, role in ((OWNER, OrgRole.OWNER), (DESK, OrgRole.ADMIN), (DANA_USER, OrgRole.INSTRUCTOR)):
        uow.insert(UserOrg, {"user_id": user, "role": role})
    uow.insert(Instructor, {"display_name": "Dana Reid", "user_id": DANA_USER}, row_id=DANA)
    uow.insert(Instructor, {"display_name": "Ethan Cole", "fee_bp": 2000}, row_id=ETHAN)
    for student, name, place in ((MIA, "Mia Tran", NEWTOWN), (NOAH, "Noah Li", BONDI), (ZOE, "Zoe Hart", None)):
        lat, lng = place or (None, None)
        values = {"full_name": name, "pickup_address": f"{name}’s home", "pickup_lat": lat, "pickup_lng": lng}
        uow.insert(Student, values, row_id=student)
    uow.insert(Service, {"name": "Lesson 60", "duration_min": 60}, row_id=LESSON)
    uow.insert(Service, {"name": "Highway 90", "duration_min": 90}, row_id=HIGHWAY)
    uow.insert(RateCard, {"name": "Standard", "is_default": True}, row_id=CARD)
    for service, cents in ((LESSON, PRICE), (HIGHWAY, 14000)):
        uow.insert(RateCardItem, {"rate_card_id": CARD, "service_id": service, "price_cents": cents})
    uow.insert(Vehicle, {"name": "Corolla", "transmission": Transmission.AUTO}, row_id=AUTO_CAR)
    uow.insert(Vehicle, {"name": "Swift", "transmission": Transmission.MANUAL}, row_id=MANUAL_CAR)
    for instructor in (DANA, ETHAN):
        for day in range(1, 6):
            hours = {"instructor_id": instructor, "day_of_week": day, "start_minute": 540, "end_minute": 1080}
            uow.insert(InstructorAvailability, hours)


def seed_other_school(uow: UnitOfWork) -> None:
    """A second school on the same database, whose ids must never work in the first."""
    uow.insert(Org, {"name": "Other School"}, row_id=OTHER_ORG)
    uow.insert(Student, {"full_name": "Theirs"}, row_id=THEIR_STUDENT)
    uow.insert(Instructor, {"display_name": "Theirs"}, row_id=THEIR_INSTRUCTOR)
    uow.insert(Service, {"name": "Theirs"}, row_id=THEIR_SERVICE)


def open_school_file(path: Path, clock: FixedClock) -> Replica:
    """The replica in a file, with the hard rules."""
    return Replica(path, KEY, clock=clock, schema=SCHEMA_REVISION, tables=METADATA, guard=hard_rules)


@pytest.fixture(scope="session")
def school_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seeded replica file, to be copied."""
    path = tmp_path_factory.mktemp("school") / "template.db"
    with open_school_file(path, FixedClock(NOW)) as replica:
        with replica.maintenance() as connection:
            upgrade(connection)
            with connection.begin():
                people = [
                    {"id": user, "email": f"{user.int}@example.com", "full_name": f"User {user.int}"}
                    for user in (OWNER, DESK, DANA_USER, STRANGER)
                ]
                connection.execute(sa.insert(User), people)
        replica.execute(seed, Actor(ORG, None, None))
        replica.execute(seed_other_school, Actor(OTHER_ORG, None, None))
    return path


@pytest.fixture
def school(school_template: Path, tmp_path: Path) -> Iterator[School]:
    """A fresh copy of the school; the clock stands at 11:00 on Tuesday 24 November 2026 in Sydney."""
    clock = FixedClock(NOW)
    path = tmp_path / "school.db"
    shutil.copy(school_template, path)
    with open_school_file(path, clock) as replica:
        yield School(replica, clock)
