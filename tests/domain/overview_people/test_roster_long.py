"""The list of a school of 20,000 students: a page costs its own rows, counted in steps of SQLite's machine."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import pytest
import sqlalchemy as sa

from driveflow_desktop.demo.cache import cached_demo
from driveflow_desktop.demo.scale import DemoSize
from driveflow_desktop.domain.overview.accounts import owing_students
from driveflow_desktop.domain.overview.students import (
    RosterFilter,
    RosterKey,
    RosterMoment,
    RosterOrder,
    RosterSort,
    StudentRow,
    student_page,
)
from driveflow_desktop.domain.overview.timeline import timeline
from driveflow_desktop.domain.paging import Page
from driveflow_desktop.domain.tables import METADATA
from driveflow_desktop.kernel.clock import FixedClock
from driveflow_desktop.store.cipher import PUBLIC_DEMO_KEY
from driveflow_desktop.store.files import ReplicaFiles
from driveflow_desktop.store.open_replica import Setting, bare_replica

pytestmark = pytest.mark.long

NOW = datetime(2026, 11, 24, 0, 21, tzinfo=UTC)
GRAIN = 100
PAGE_STEPS, LIST_STEPS = 150_000, 1_000_000
"""A page of 100 takes about 50,000 steps, a look at every student 300,000, at every booking's money 4,000,000."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[UUID, sa.Connection]]:
    folder = tmp_path_factory.mktemp("demo") / "school"
    demo = cached_demo(folder, DemoSize.SCHOOL, NOW)
    setting = Setting(FixedClock(NOW), METADATA)
    with bare_replica(ReplicaFiles(folder).database, PUBLIC_DEMO_KEY, setting) as replica, replica.reader() as reader:
        yield demo.org_id, reader


def steps_of(connection: sa.Connection, query: Callable[[], object]) -> int:
    """How many steps SQLite's machine takes for a query, to the nearest hundred."""
    taken = [0]

    def count() -> int:
        taken[0] += GRAIN
        return 0

    driver = connection.connection.driver_connection
    driver.set_progress_handler(count, GRAIN)
    try:
        query()
    finally:
        driver.set_progress_handler(None, GRAIN)
    return taken[0]


@pytest.fixture(scope="module")
def moment(office: tuple[UUID, sa.Connection]) -> RosterMoment:
    org_id, connection = office
    return RosterMoment(NOW, owing_students(connection, org_id, NOW))


@pytest.mark.parametrize("by", list(RosterSort))
@pytest.mark.parametrize("descending", [False, True])
def test_every_page_of_every_order_costs_its_own_rows(office, moment, by: RosterSort, descending: bool):
    org_id, connection = office
    order, after = RosterOrder(by, descending), None
    for _ in range(30):
        found: list[Page[StudentRow, RosterKey]] = []
        question = partial(student_page, connection, org_id, moment, order=order, after=after)
        assert steps_of(connection, lambda ask=question, into=found: into.append(ask())) < PAGE_STEPS
        after = found[0].next_key


@pytest.mark.parametrize(
    "wanted",
    [
        RosterFilter(owing=True),
        RosterFilter(no_next_lesson=True),
        RosterFilter(test_soon=True),
        RosterFilter(licence_expiring=True),
        RosterFilter(text="0412"),
        RosterFilter(text="nobody at all"),
    ],
)
def test_a_filter_looks_at_students_not_at_their_history(office, moment, wanted: RosterFilter):
    org_id, connection = office
    assert steps_of(connection, lambda: student_page(connection, org_id, moment, wanted=wanted)) < LIST_STEPS


def test_one_student_costs_one_student(office):
    org_id, connection = office
    student = student_page(connection, org_id, RosterMoment(NOW)).rows[50].id
    assert steps_of(connection, lambda: timeline(connection, org_id, student)) < PAGE_STEPS


def test_looking_at_everything_is_told_from_that(office):
    """The control: what a page must not cost."""
    org_id, connection = office
    assert steps_of(connection, lambda: owing_students(connection, org_id, NOW)) > LIST_STEPS
