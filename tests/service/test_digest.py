"""The digest: PostgreSQL's sum, the replica's sum, and RFC 8785 as a library writes it, are the same."""

import asyncio
import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import reduce
from operator import xor
from uuid import uuid4

import msgspec
import pytest
import rfc8785
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.tables import synced_tables
from driveflow_desktop.service.database import make_engine, school_transaction
from driveflow_desktop.service.digest import school_digest
from driveflow_desktop.service.members import Member
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.types import Json, Value
from driveflow_desktop.sync.digest import canonical_row, replica_digest
from driveflow_desktop.sync.local import LocalReplica
from driveflow_desktop.sync.snapshot_protocol import DigestAnswer, TableDigest
from tests.helpers.databases import Database
from tests.helpers.populate import ORG_A
from tests.helpers.service import service_of
from tests.helpers.world import Desk, World, read_all

pytestmark = pytest.mark.postgres

plain = (
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(exclude_categories=["Cs"]))
)
documents = st.recursive(
    plain | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["a", "org_id", "Z", "name"]), plain | st.lists(documents, max_size=3)))
def test_a_row_is_written_as_rfc_8785_says(row: dict[str, Json]) -> None:
    assert canonical_row(row) == rfc8785.dumps(row)


def expected(connection: sa.Connection, table: sa.Table) -> TableDigest:
    """The definition, by the library."""
    rows = [codec(table).to_wire(row) for row in read_all(connection, table).values()]
    hashes = [int.from_bytes(hashlib.sha256(rfc8785.dumps(row)).digest(), "big") for row in rows]
    return TableDigest(len(rows), f"{reduce(xor, hashes, 0):064x}")


def test_postgresql_sums_up_every_table_by_the_definition(populated_once: Callable[[str], Database]) -> None:
    engine = make_engine(populated_once("postgresql").url)
    with school_transaction(engine, ORG_A, read_only=True) as connection:
        found = school_digest(connection, Member(ORG_A, uuid4(), OrgRole.OWNER, uuid4()))
        assert found == {str(table.name): expected(connection, table) for table in synced_tables()}
    engine.dispose()
    assert all(found[name].rows for name in ("bookings", "students", "lessons", "payments"))


def replicas_sum(desk: Desk) -> dict[str, TableDigest]:
    with desk.replica.reader() as connection:
        return replica_digest(connection, desk.member.org_id, synced_tables())


def engines_sum(desk: Desk) -> dict[str, TableDigest] | None:
    """What the sync engine compares with the service's."""
    local = LocalReplica(desk.replica, desk.member.org_id, time.monotonic)
    return local.digest(local.position().cursor or 0, lambda: False)


def services_sum(world: World, member: Member) -> dict[str, TableDigest]:
    with school_transaction(world.engine, world.org_id, read_only=True) as connection:
        return school_digest(connection, member)


def test_a_replica_sums_up_the_services_rows_below_its_pending_edits(world: World) -> None:
    office = world.desk("office")
    things = world.furnish(office)
    edge: dict[str, Value] = {
        "full_name": '"\\ \x01\x1f\x7f\u2028 Zoë 李 🚗',
        "contact_opt_out": {"b": 1e-7, "a": [1.5, -0.0, 2**53, "\x01é"], "é": None},
        "dob": datetime(2009, 3, 1, tzinfo=UTC).date(),
        "pickup_lat": -33_868_820,
    }
    student = office.do(lambda uow: uow.insert(Student, edge)).value
    office.sync()
    ben = world.desk("ben", OrgRole.INSTRUCTOR, things.ben)
    for desk in (office, ben):
        assert replicas_sum(desk) == services_sum(world, desk.member)
        assert engines_sum(desk) == services_sum(world, desk.member)
    before = replicas_sum(office)
    office.do(lambda uow: uow.update(Student, student, {"phone": "+61412555018"}))
    office.do(lambda uow: uow.update(Student, things.chloe, {"phone": "+61412555019"}))
    office.do(lambda uow: uow.insert(Student, {"full_name": "Not pushed yet"}))
    assert replicas_sum(office) == before
    office.sync()
    assert replicas_sum(office) != before
    assert replicas_sum(office) == services_sum(world, office.member)


def test_over_http_only_at_the_head(world: World) -> None:
    office = world.desk("office")
    service = service_of(world)

    async def fetch(at: int) -> tuple[int, bytes]:
        async with service.client() as client:
            response = await client.get(service.path(f"digest?at={at}"), headers=service.headers(office))
            return response.status_code, response.content

    status, body = asyncio.run(fetch(1))
    assert status == 200
    assert msgspec.json.decode(body, type=DigestAnswer).tables == replicas_sum(office)
    assert asyncio.run(fetch(0))[0] == 409
