"""The snapshot: every row in the scope, in wire form, in one state; PostgreSQL's own JSON is held against the codec."""

import asyncio
import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from uuid import UUID, uuid4

import msgspec
import pytest
import sqlalchemy as sa

from driveflow_desktop.domain.catalog.tables import Service as ServiceRow
from driveflow_desktop.domain.execution.tables import Lesson, Trip
from driveflow_desktop.domain.finance.tables import Payment, Payout, Refund
from driveflow_desktop.domain.finance.values import PaymentStatus, RefundStatus
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.tables import Guardian, Student, StudentGuardian
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.domain.tables import synced_tables
from driveflow_desktop.service import snapshot as snapshot_module
from driveflow_desktop.service.database import make_engine, school_transaction
from driveflow_desktop.service.epochs import read_head
from driveflow_desktop.service.members import Member
from driveflow_desktop.service.scope import ScopeReader, may_see
from driveflow_desktop.service.snapshot import Place, Snapshot
from driveflow_desktop.service.visible import visible_rows
from driveflow_desktop.store.migrate import SCHEMA_REVISION
from driveflow_desktop.store.rows import Row, codec
from driveflow_desktop.store.types import Value
from driveflow_desktop.sync.snapshot_protocol import SnapshotHeader
from tests.helpers.databases import Database
from tests.helpers.populate import ORG_A
from tests.helpers.service import served, service_of
from tests.helpers.world import World, read_all

pytestmark = pytest.mark.postgres

Document = dict[str, object]


def lines_of(engine: sa.Engine, member: Member, after: Place | None = None) -> list[Document]:
    """The whole snapshot, line by line."""
    found = Snapshot(engine, member, SCHEMA_REVISION, after)
    try:
        return [json.loads(line) for line in found.begin(lambda connection: read_head(connection, member.org_id))]
    finally:
        found.close()


def rows_of(lines: list[Document]) -> dict[str, dict[str, Document]]:
    """Rows by table and id."""
    found: dict[str, dict[str, Document]] = {}
    for line in lines[1:-1]:
        columns = cast("list[str]", line["columns"])
        for row in cast("list[list[object]]", line["rows"]):
            document = dict(zip(columns, row, strict=True))
            found.setdefault(cast("str", line["table"]), {})[cast("str", document["id"])] = document
    return found


def owner(org_id: UUID) -> Member:
    return Member(org_id, uuid4(), OrgRole.OWNER, uuid4())


@pytest.fixture(scope="module")
def full(populated_once: Callable[[str], Database]) -> Iterator[sa.Engine]:
    """A database with rows in every table."""
    engine = make_engine(populated_once("postgresql").url)
    yield engine
    engine.dispose()


def wanted_rows(engine: sa.Engine, org_id: UUID) -> dict[str, dict[str, Document]]:
    """Every row of a school as the codec sends it."""
    with school_transaction(engine, org_id, read_only=True) as connection:
        return {
            str(table.name): {
                str(key): cast("Document", codec(table).to_wire(row))
                for key, row in read_all(connection, table).items()
            }
            for table in synced_tables()
        }


def test_every_type_of_column_has_the_codecs_form(full: sa.Engine) -> None:
    assert rows_of(lines_of(full, owner(ORG_A))) == wanted_rows(full, ORG_A)


EDGES: list[tuple[str, dict[str, Value]]] = [
    (
        "students",
        {
            "full_name": '"\\ \x01\x1f\x7f\u2028 Zoë 李 🚗',
            "notes": "a\nb\tc",
            "contact_opt_out": {"é": ["\x01", 1.5, 1e-7, 1.7976931348623157e-308]},
        },
    ),
    ("students", {"full_name": "x", "pickup_lat": 0, "pickup_lng": -1, "contact_opt_out": {}}),
    ("students", {"full_name": "y", "pickup_lat": -33_868_820, "pickup_lng": 179_999_999}),
    (
        "documents",
        {
            "related_type": "students",
            "related_id": UUID(int=7),
            "name": "n",
            "media_type": "text/plain",
            "sha256": bytes(range(32)),
            "size_bytes": 2**62,
        },
    ),
    ("orgs", {"name": "Far", "settings": {"deep": [[], {}, None, True, 0.1, -0.0, 10**15]}}),
]


def test_values_at_the_edge_have_the_codecs_form(world: World) -> None:
    instants = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)]
    tables = {str(table.name): table for table in synced_tables()}
    with school_transaction(world.engine, world.org_id) as connection:
        for n, (name, values) in enumerate(EDGES):
            if name == "orgs":
                codec(tables[name]).update(connection, world.org_id, world.org_id, values)
                continue
            stamps: dict[str, Value] = {"created_at": instants[n % 2], "updated_at": instants[(n + 1) % 2]}
            own: dict[str, Value] = {"org_id": world.org_id, "id": uuid4(), "version": 2**53}
            codec(tables[name]).insert(connection, [{**codec(tables[name]).complete(values), **own, **stamps}])
    assert rows_of(lines_of(world.engine, owner(world.org_id))) == {
        table: rows for table, rows in wanted_rows(world.engine, world.org_id).items() if rows
    }


def test_batches_and_resuming_lose_and_repeat_nothing(full: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_module, "BATCH", 2)
    member = owner(ORG_A)
    whole = lines_of(full, member)
    header = msgspec.convert(whole[0], SnapshotHeader)
    rows = rows_of(whole)
    assert header.tables == {str(table.name): len(rows.get(str(table.name), {})) for table in synced_tables()}
    assert whole[-1] == {"end": True, "rows": sum(header.tables.values())}
    names = [line["table"] for line in whole[1:-1]]
    order = [str(table.name) for table in synced_tables()]
    assert names == sorted(names, key=order.index), "parents first"
    batches = whole[1:-1]
    cut = len(batches) // 2
    last = batches[cut]
    place = Place(cast("str", last["table"]), UUID(cast("list[list[str]]", last["rows"])[-1][1]))
    assert cast("list[str]", last["columns"])[1] == "id"
    rest = lines_of(full, member, place)
    assert rest[1:-1] == batches[cut + 1 :]
    remaining = msgspec.convert(rest[0], SnapshotHeader).tables
    assert sum(remaining.values()) == rest[-1]["rows"]


def random_school(world: World, seed: int) -> list[UUID]:
    """Bookings of every status, with lessons, trips, money and guardians at random; returns its instructors."""
    dice = random.Random(seed)
    office = world.desk(f"office{seed}")
    things = world.furnish(office)

    def fill(uow) -> None:
        students = [uow.insert(Student, {"full_name": f"Student {n}"}) for n in range(6)]
        guardians = [uow.insert(Guardian, {"full_name": f"Guardian {n}"}) for n in range(4)]
        for student in students:
            for guardian in dice.sample(guardians, dice.randrange(3)):
                uow.insert(StudentGuardian, {"student_id": student, "guardian_id": guardian})
        for n in range(14):
            student, instructor = dice.choice(students), dice.choice((things.ben, things.dana))
            status = dice.choice(
                (BookingStatus.DRAFT, BookingStatus.DRAFT, BookingStatus.CONFIRMED, BookingStatus.CANCELLED)
            )
            booking = uow.insert(Booking, things.booking(student, instructor, 24 + 2 * n, status=status))
            if status is not BookingStatus.DRAFT and dice.random() < 0.6:
                people = {"booking_id": booking, "instructor_id": instructor, "student_id": student}
                lesson = uow.insert(Lesson, people)
                uow.insert(Trip, {"lesson_id": lesson, "started_at": datetime(2026, 11, 24, tzinfo=UTC)})
            if dice.random() < 0.5:
                money = {"amount_cents": 1000, "platform_fee_cents": 150, "instructor_share_cents": 850}
                payment = uow.insert(Payment, {"booking_id": booking, "status": PaymentStatus.SUCCEEDED, **money})
                refund = uow.insert(
                    Refund, {"payment_id": payment, "status": RefundStatus.SUCCEEDED, "reason": "x", **money}
                )
                if dice.random() < 0.6:
                    uow.insert(Payout, {"instructor_id": instructor, "refund_id": refund, "amount_cents": -850})

    office.do(fill)
    office.sync()
    assert office.conflicts() == []
    with school_transaction(world.engine, world.org_id) as connection:
        # Lessons that were given stay seen when their booking becomes a draft again.
        given = sa.select(Lesson.booking_id).where(Lesson.org_id == world.org_id).order_by(Lesson.id).limit(2)
        connection.execute(sa.update(Booking).where(Booking.id.in_(given)).values(status=BookingStatus.DRAFT))
    return [things.ben, things.dana]


@pytest.mark.parametrize("seed", range(3))
def test_the_condition_in_sql_means_what_the_scope_says(world: World, seed: int) -> None:
    ids: list[UUID | None] = [*random_school(world, seed), None]
    with school_transaction(world.engine, world.org_id, read_only=True) as connection:
        scope = ScopeReader(connection, world.org_id)
        for table in synced_tables():
            rows: dict[UUID, Row] = dict(read_all(connection, table))
            audiences = scope.audiences(str(table.name), rows)
            for instructor in ids:
                member = Member(world.org_id, uuid4(), OrgRole.INSTRUCTOR, uuid4(), instructor)
                seen = set(connection.execute(sa.select(table.c.id).where(visible_rows(table, member))).scalars())
                assert seen == {key for key in rows if may_see(audiences[key], instructor)}, table.name


def test_every_table_means_the_same_in_sql_and_in_the_scope(full: sa.Engine) -> None:
    with school_transaction(full, ORG_A, read_only=True) as connection:
        scope = ScopeReader(connection, ORG_A)
        instructors = list(read_all(connection, sa.inspect(Booking).local_table).values())
        for instructor in {cast("UUID", row["instructor_id"]) for row in instructors}:
            member = Member(ORG_A, uuid4(), OrgRole.INSTRUCTOR, uuid4(), instructor)
            for table in synced_tables():
                rows: dict[UUID, Row] = dict(read_all(connection, table))
                audiences = scope.audiences(str(table.name), rows)
                seen = set(connection.execute(sa.select(table.c.id).where(visible_rows(table, member))).scalars())
                assert seen == {key for key in rows if may_see(audiences[key], instructor)}, table.name


@pytest.mark.parametrize("encoding", ["zstd", "gzip", "identity"])
def test_over_http_in_every_encoding(world: World, encoding: str) -> None:
    office = world.desk("office")
    things = world.furnish(office)
    ben = world.desk("ben", OrgRole.INSTRUCTOR, things.ben)
    service = service_of(world)

    async def fetch(end: str) -> tuple[int, str, bytes]:
        async with service.client() as client:
            headers = {**service.headers(ben), "Accept-Encoding": encoding}
            response = await client.get(service.path(end), headers=headers)
            return response.status_code, response.headers.get("content-encoding", "identity"), response.content

    status, found, body = asyncio.run(fetch("snapshot"))
    assert (status, found) == (200, encoding)
    lines = [json.loads(line) for line in body.splitlines()]
    assert lines[0]["scope"] == f"instructor:{things.ben}"
    assert lines[0]["head"] == world.log()[-1].seq
    assert rows_of(lines).keys() == {"orgs", "instructors", "services", "rate_cards", "rate_card_items"}
    assert asyncio.run(fetch("snapshot?after=outbox:1"))[0] == 422
    resumed = asyncio.run(fetch(f"snapshot?after=services:{things.service}"))[2].splitlines()
    assert json.loads(resumed[0])["tables"]["services"] == 0


def test_a_client_that_leaves_lets_the_connection_go(world: World, tmp_path: Path) -> None:
    """More snapshots are cut off than may be open at once, and the next one still comes."""
    office = world.desk("office")

    def fill(uow) -> None:
        for n in range(3_000):
            uow.insert(ServiceRow, {"name": f"Service {n}", "description": "x" * 1_500})

    office.do(fill)
    office.sync()
    import httpx

    with served(service_of(world)) as service:
        headers = {**service.headers(office), "Accept-Encoding": "identity"}
        for _ in range(6):
            with (
                httpx.Client(timeout=60) as client,
                client.stream("GET", service.path("snapshot"), headers=headers) as cut,
            ):
                assert next(cut.iter_lines()).startswith('{"head"')
        whole = httpx.get(service.path("snapshot"), headers=headers, timeout=60)
        assert json.loads(whole.text.splitlines()[-1])["end"] is True


def test_changes_meanwhile_are_not_in_it(world: World) -> None:
    office = world.desk("office")
    found = Snapshot(world.engine, office.member, SCHEMA_REVISION, None)
    lines = found.begin(lambda connection: read_head(connection, world.org_id))
    first = json.loads(next(lines))
    office.do(lambda uow: uow.insert(Student, {"full_name": "Too late"}))
    office.sync()
    rest = [json.loads(line) for line in lines]
    found.close()
    assert first["head"] == 1
    assert "Too late" not in json.dumps(rest)
