"""A small world for sync tests: one school on a real Postgres, and desks with real replicas, joined in process.

Requests and answers go through JSON, as on the wire; only HTTP is left out.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar, cast
from uuid import UUID, uuid4

import msgspec
import sqlalchemy as sa

from driveflow_desktop.domain.catalog.tables import RateCard, RateCardItem, Service
from driveflow_desktop.domain.hard_rules import hard_rules
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.tables import Instructor, Student
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.domain.tables import METADATA, synced_tables
from driveflow_desktop.kernel.clock import FixedClock
from driveflow_desktop.kernel.ids import IdSource
from driveflow_desktop.kernel.money import split_price
from driveflow_desktop.service.database import make_engine, school_transaction
from driveflow_desktop.service.journal import HEADS
from driveflow_desktop.service.members import Member
from driveflow_desktop.service.pull import pull
from driveflow_desktop.service.push import push
from driveflow_desktop.service.schools import open_school
from driveflow_desktop.store.base import TenantRow
from driveflow_desktop.store.log import BASE_ROWS, OUTBOX
from driveflow_desktop.store.migrate import SCHEMA_REVISION, upgrade
from driveflow_desktop.store.replica import Replica, ReplicaKey
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.types import Json, Value, dump_json
from driveflow_desktop.store.unit_of_work import Actor, Receipt, UnitOfWork
from driveflow_desktop.sync.conflicts import CONFLICTS as CONFLICTS_TABLE
from driveflow_desktop.sync.outbox import to_push
from driveflow_desktop.sync.overlay import SyncOutcome, apply_page, apply_results, read_cursor
from driveflow_desktop.sync.protocol import MAX_MUTATIONS, ChangesPage, PushRequest, PushResponse

T = TypeVar("T")
START = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)


class DeskClock(FixedClock):
    """A PC's own clock, which goes wrong by `skew`."""

    def __init__(self, true: FixedClock, skew: timedelta) -> None:
        super().__init__(true.now())
        self.true = true
        self.skew = skew

    def now(self) -> datetime:
        """What this PC believes the time to be."""
        return self.true.now() + self.skew


@dataclass
class Desk:
    """One PC: a replica and the person at it."""

    world: "World"
    name: str
    replica: Replica
    member: Member
    actor: Actor
    clock: "DeskClock"
    set_aside: list[UUID] = field(default_factory=list)

    def do(self, command: Callable[[UnitOfWork], T]) -> Receipt[T]:
        """Run a command as the desk would."""
        self.world.clock.advance(timedelta(seconds=1))
        return self.replica.execute(command, self.actor)

    def take_push(self, limit: int = MAX_MUTATIONS) -> PushRequest | None:
        """The request the engine would send now."""
        with self.replica.reader() as connection:
            transactions = to_push(connection, self.member.org_id, limit=limit, actor_user_id=self.member.user_id)
        if not transactions:
            return None
        return PushRequest(self.member.device_id, self.clock.now(), tuple(transactions))

    def push(self) -> PushResponse | None:
        """Push once and take the answer."""
        request = self.take_push()
        if request is None:
            return None
        response = self.world.serve_push(self.member, request)
        self.answer(response)
        return response

    def answer(self, response: PushResponse) -> SyncOutcome:
        """Take an answer, as if it had just arrived."""
        with self.replica.sync_transaction() as connection:
            outcome = apply_results(connection, self.member.org_id, METADATA, self.clock.now(), response.results)
        self.set_aside += outcome.set_aside
        return outcome

    def fetch(self, limit: int = 1000) -> ChangesPage:
        """The service's next page, not applied yet."""
        with self.replica.reader() as connection:
            cursor = read_cursor(connection)
        return self.world.serve_pull(self.member, cursor, limit)

    def take(self, page: ChangesPage) -> SyncOutcome:
        """Apply a page, as if it had just arrived."""
        with self.replica.sync_transaction() as connection:
            outcome = apply_page(connection, self.member.org_id, METADATA, self.clock.now(), page)
        self.set_aside += outcome.set_aside
        return outcome

    def pull(self, limit: int = 1000) -> ChangesPage:
        """Pull one page and apply it."""
        page = self.fetch(limit)
        self.take(page)
        return page

    def sync(self) -> None:
        """Push everything, then pull to the head."""
        while self.push() is not None:
            pass
        page = self.pull()
        while page.next < page.head:
            page = self.pull()

    def rows(self, kind: type[TenantRow]) -> dict[UUID, Mapping[str, Value]]:
        """Every row of a table, by id."""
        with self.replica.reader() as connection:
            return read_all(connection, cast("sa.Table", kind.__table__))

    def row(self, kind: type[TenantRow], row_id: UUID) -> Mapping[str, Value]:
        """One row."""
        return self.rows(kind)[row_id]

    def conflicts(self) -> list[sa.Row[*tuple[object, ...]]]:
        """Conflicts that wait for a person."""
        with self.replica.reader() as connection:
            return list(connection.execute(sa.select(CONFLICTS_TABLE).where(CONFLICTS_TABLE.c.resolved_at.is_(None))))

    def waiting(self) -> int:
        """Mutations that are still pending."""
        with self.replica.reader() as connection:
            count = sa.select(sa.func.count()).select_from(OUTBOX).where(OUTBOX.c.processed_at.is_(None))
            return connection.execute(count).scalar_one()

    def base_rows(self) -> int:
        """Service rows kept under pending edits."""
        with self.replica.reader() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(BASE_ROWS)).scalar_one()

    def digest(self) -> dict[str, list[str]]:
        """Canonical JSON of every synced row, by table."""
        with self.replica.reader() as connection:
            return digest(connection)


class World:
    """The school, its service, its desks."""

    def __init__(self, url: str, folder: Path, seed: int = 0) -> None:
        self.seed = seed
        self.clock = FixedClock(START)
        self.url = url
        self.engine = make_engine(url)
        self.folder = folder
        self.org_id = uuid4()
        self.desks: list[Desk] = []
        with school_transaction(self.engine, self.org_id) as connection:
            open_school(connection, self.org_id, {"name": "Harbour"}, schema=SCHEMA_REVISION, now=self.clock.now())

    def desk(
        self,
        name: str,
        role: OrgRole = OrgRole.OWNER,
        instructor_id: UUID | None = None,
        *,
        user_id: UUID | None = None,
        skew: timedelta = timedelta(),
    ) -> Desk:
        """A new PC, synced to the head; its clock goes wrong by `skew`, its ids are the same in every run."""
        desk = self.blank_desk(name, role, instructor_id, user_id=user_id, skew=skew)
        desk.sync()
        return desk

    def blank_desk(
        self,
        name: str,
        role: OrgRole = OrgRole.OWNER,
        instructor_id: UUID | None = None,
        *,
        user_id: UUID | None = None,
        skew: timedelta = timedelta(),
    ) -> Desk:
        """A new PC that holds no school yet."""
        member = Member(self.org_id, user_id or uuid4(), role, uuid4(), instructor_id)
        clock = DeskClock(self.clock, skew)
        replica = Replica(
            self.folder / f"{name}.db",
            ReplicaKey(bytes(32)),
            clock=clock,
            schema=SCHEMA_REVISION,
            tables=METADATA,
            guard=hard_rules,
        )
        replica.ids = IdSource(clock, random_bits=random.Random(f"{self.seed} {name}").getrandbits)
        with replica.maintenance() as connection:
            upgrade(connection)
        desk = Desk(self, name, replica, member, Actor(self.org_id, member.user_id, member.device_id), clock)
        self.desks.append(desk)
        return desk

    def trim_log(self) -> None:
        """The service forgets its old log."""
        with school_transaction(self.engine, self.org_id) as connection:
            connection.execute(HEADS.update().where(HEADS.c.org_id == self.org_id).values(min_seq=HEADS.c.head_seq))

    def restored_from(self, url: str) -> None:
        """The service goes on from another database, in another epoch."""
        self.engine.dispose()
        self.engine = make_engine(url)
        with school_transaction(self.engine, self.org_id) as connection:
            connection.execute(HEADS.update().where(HEADS.c.org_id == self.org_id).values(epoch=uuid4()))

    def serve_push(self, member: Member, request: PushRequest) -> PushResponse:
        """The service's answer to a push, through JSON both ways."""
        received = msgspec.json.decode(msgspec.json.encode(request), type=PushRequest)
        with school_transaction(self.engine, self.org_id) as connection:
            response = push(connection, member, received, self.clock.now())
        return msgspec.json.decode(msgspec.json.encode(response), type=PushResponse)

    def serve_pull(self, member: Member, since: int, limit: int = 1000) -> ChangesPage:
        """The service's answer to a pull, through JSON."""
        with school_transaction(self.engine, self.org_id, read_only=True) as connection:
            page = pull(connection, member, since, limit)
        return msgspec.json.decode(msgspec.json.encode(page), type=ChangesPage)

    def digest(self) -> dict[str, list[str]]:
        """Canonical JSON of every synced row on the service."""
        with school_transaction(self.engine, self.org_id, read_only=True) as connection:
            return digest(connection)

    def log(self) -> list[sa.Row[*tuple[object, ...]]]:
        """The service's log."""
        with school_transaction(self.engine, self.org_id, read_only=True) as connection:
            return list(connection.execute(sa.select(OUTBOX).order_by(OUTBOX.c.seq)))

    def close(self) -> None:
        """Close every file and connection."""
        for desk in self.desks:
            desk.replica.close()
        self.engine.dispose()

    # -- a school to work with ----------------------------------------------------------------------------------

    def furnish(self, desk: Desk) -> "Furniture":
        """Two instructors, two students, a service and its price, made at a desk and synced."""

        def make(uow: UnitOfWork) -> Furniture:
            service = uow.insert(Service, {"name": "60 min lesson"})
            card = uow.insert(RateCard, {"name": "Standard", "is_default": True})
            uow.insert(RateCardItem, {"rate_card_id": card, "service_id": service, "price_cents": 9500})
            ben = uow.insert(Instructor, {"display_name": "Ben Castellano"})
            dana = uow.insert(Instructor, {"display_name": "Dana Whitlock"})
            ethan = uow.insert(Student, {"full_name": "Ethan Popescu", "phone": "+61412555018"})
            chloe = uow.insert(Student, {"full_name": "Chloe Dubois"})
            return Furniture(service, card, ben, dana, ethan, chloe)

        receipt = desk.do(make)
        desk.sync()
        return receipt.value


@dataclass(frozen=True)
class Furniture:
    """Ids of a furnished school."""

    service: UUID
    card: UUID
    ben: UUID
    dana: UUID
    ethan: UUID
    chloe: UUID

    def booking(
        self,
        student: UUID,
        instructor: UUID,
        hour: float,
        *,
        status: BookingStatus = BookingStatus.CONFIRMED,
        minutes: int = 60,
    ) -> dict[str, Value]:
        """Values of a booking that starts `hour` hours after the world's first midnight UTC."""
        split = split_price(9500, 1500)
        start = START + timedelta(hours=hour)
        return {
            "student_id": student,
            "instructor_id": instructor,
            "service_id": self.service,
            "start_at": start,
            "end_at": start + timedelta(minutes=minutes),
            "status": status,
            "price_cents": 9500,
            "platform_fee_cents": split.platform_fee_cents,
            "instructor_share_cents": split.instructor_share_cents,
            "rate_card_id": self.card,
            "status_changed_at": START,
        }


def read_all(connection: sa.Connection, table: sa.Table) -> dict[UUID, Mapping[str, Value]]:
    """Every row of a table, by id."""
    return {
        row["id"]: cast("Mapping[str, Value]", dict(row)) for row in connection.execute(sa.select(table)).mappings()
    }


def digest(connection: sa.Connection) -> dict[str, list[str]]:
    """Canonical JSON of every synced row, sorted, by table."""
    found: dict[str, list[str]] = {}
    for table in synced_tables():
        rows = read_all(connection, table).values()
        found[str(table.name)] = sorted(dump_json(cast("Json", codec(table).to_wire(row))) for row in rows)
    return found
