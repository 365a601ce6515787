"""The worker against the in-process service: pushing, pulling, snapshots, restores, and what goes wrong with each."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.sync.happenings import Asked
from driveflow_desktop.sync.status import SyncState
from tests.helpers.postgres import PostgresDatabases
from tests.helpers.station import Station
from tests.helpers.world import World

pytestmark = pytest.mark.postgres


def test_an_edit_reaches_the_other_pc(world: World):
    office, back = world.desk("office"), world.desk("back", OrgRole.ADMIN)
    things = world.furnish(office)
    one, two = Station(office), Station(back)
    one.settle()
    two.settle()
    assert one.status.state is two.status.state is SyncState.SYNCED
    office.do(lambda uow: uow.update(Student, things.ethan, {"phone": "+61412555019"}))
    one.edited()
    assert one.status.state is SyncState.SYNCING
    one.settle()
    assert one.status.state is SyncState.SYNCED
    two.wake(999)
    two.settle()
    assert back.row(Student, things.ethan)["phone"] == "+61412555019"
    assert any(things.ethan in changes.ids("students") for changes in two.heard.changes)


def test_a_lost_answer_is_asked_again_by_time_alone(world: World):
    office = world.desk("office")
    things = world.furnish(office)
    station = Station(office)
    station.settle()
    office.do(lambda uow: uow.update(Student, things.ethan, {"phone": "+61412555019"}))
    station.line.faults.no_way_in = True
    station.edited()
    station.settle()
    assert office.waiting() == 1
    station.line.faults.heal()
    station.run_for(30)
    assert office.waiting() == 0
    assert station.status.state is SyncState.SYNCED
    assert office.digest() == world.digest()


def test_a_partition_is_told_and_heals(world: World):
    office = world.desk("office")
    things = world.furnish(office)
    station = Station(office)
    station.settle()
    station.line.faults.no_way_out = True
    office.do(lambda uow: uow.update(Student, things.ethan, {"phone": "+61412555019"}))
    station.edited()
    station.run_for(60)
    assert station.status.state is SyncState.OFFLINE
    assert station.status.waiting == 1
    station.line.faults.heal()
    station.run_for(15)
    assert station.status.state is SyncState.SYNCED


def test_a_new_pc_takes_a_snapshot_and_agrees(world: World):
    office = world.desk("office")
    things = world.furnish(office)
    fresh = world.blank_desk("fresh", OrgRole.ADMIN)
    station = Station(fresh)
    assert station.status.state is SyncState.FIRST_SYNC
    station.settle()
    assert station.status.state is SyncState.SYNCED
    assert fresh.digest() == world.digest()
    assert station.heard.replaced == 1
    assert not station.desk.replica.path.with_suffix(".snapshot").exists()
    # It is an ordinary replica: it writes, pushes, searches, and opens again.
    fresh.do(lambda uow: uow.update(Student, things.ethan, {"phone": "+61412555019"}))
    station.edited()
    station.settle()
    station.restart()
    station.settle()
    assert station.status.state is SyncState.SYNCED
    assert fresh.digest() == world.digest()


@pytest.mark.parametrize("step", [1, 2])
def test_a_snapshot_that_is_cut_goes_on_and_meets_what_changed_meanwhile(world: World, step: int):
    office = world.desk("office")
    things = world.furnish(office)
    fresh = world.blank_desk("fresh", OrgRole.ADMIN)
    station = Station(fresh, rng=None)
    body = station.line.snapshot_body()
    station.line.cut_snapshots_at = list(range(300, len(body), 700))
    for number in range(200):
        if station.status.state is SyncState.SYNCED:
            break
        office.do(lambda uow, number=number: uow.update(Student, things.ethan, {"phone": f"+6141255{number:04}"}))
        office.sync()
        station.run_for(5 * step)
    assert station.status.state is SyncState.SYNCED
    station.run_for(60)
    assert fresh.digest() == world.digest()
    resumed = [call for call in station.line.calls if call.startswith("snapshot") and not call.endswith("None")]
    assert resumed


def test_the_outbox_outlives_a_snapshot(world: World):
    office = world.desk("office")
    things = world.furnish(office)
    station = Station(office)
    station.settle()
    station.line.faults.no_way_out = True
    office.do(lambda uow: uow.update(Student, things.ethan, {"phone": "+61412555019"}))
    office.do(lambda uow: uow.insert(Student, {"full_name": "Mia Novak"}))
    station.edited()
    station.settle()
    world.trim_log()
    station.line.faults.heal()
    office.replica.execute(lambda uow: uow.update(Student, things.chloe, {"phone": "+61412555020"}), office.actor)
    set_cursor_back(station)
    station.tell(Asked())
    station.run_for(60)
    assert station.heard.replaced == 1
    assert station.status.state is SyncState.SYNCED
    assert office.waiting() == 0
    assert office.digest() == world.digest()
    assert office.row(Student, things.ethan)["phone"] == "+61412555019"


def test_a_restored_service_gets_back_what_it_had_acknowledged(world: World, postgres_databases: PostgresDatabases):
    world.engine.dispose()
    own = postgres_databases.copy(world.url)  # a database of its own, to be copied while others use theirs
    world.restored_from(own)
    office = world.desk("office")
    things = world.furnish(office)
    station = Station(office)
    station.settle()
    world.engine.dispose()
    backup = postgres_databases.copy(own)
    office.do(lambda uow: uow.update(Student, things.ethan, {"phone": "+61412555019"}))
    made = office.do(lambda uow: uow.insert(Student, {"full_name": "Mia Novak"})).value
    station.edited()
    station.settle()
    assert office.waiting() == 0
    world.restored_from(backup)
    station.tell(Asked())
    station.run_for(60)
    assert station.heard.replaced == 1
    assert station.status.state is SyncState.SYNCED
    assert office.digest() == world.digest()
    assert office.row(Student, things.ethan)["phone"] == "+61412555019"
    assert made in office.rows(Student)
    assert station.line.replays


def test_a_changed_scope_takes_what_is_no_longer_ours_from_the_disk(world: World):
    office = world.desk("office")
    things = world.furnish(office)
    office.do(lambda uow: uow.insert(Student, {"full_name": "Zoltan Unseen"}))
    office.sync()
    back = world.desk("back", OrgRole.ADMIN)
    station = Station(back)
    station.settle()
    assert len(back.rows(Student)) == 3
    station.line.member = replace(back.member, role=OrgRole.INSTRUCTOR, instructor_id=things.ben)
    station.tell(Asked())
    station.run_for(30)
    assert station.heard.replaced == 1
    assert back.rows(Student) == {}
    back.replica.checkpoint()
    assert station.status.state is SyncState.SYNCED


def set_cursor_back(station: Station) -> None:
    """This PC was off for months."""
    with station.desk.replica.sync_transaction() as connection:
        connection.execute(sa.text("UPDATE replica_state SET value = '1' WHERE key = 'cursor'"))
