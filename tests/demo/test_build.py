"""Making demo schools: the same every time, whole or not at all, on whatever day it is."""

import hashlib
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from driveflow_desktop.adapters.public_holidays import public_holidays
from driveflow_desktop.demo import build
from driveflow_desktop.demo.build import build_demo, read_demo
from driveflow_desktop.demo.cache import CACHE_VARIABLE, cached_demo
from driveflow_desktop.demo.cast import STUDENTS
from driveflow_desktop.demo.compose import compose
from driveflow_desktop.demo.opening import opening_of
from driveflow_desktop.demo.plan import Fate
from driveflow_desktop.demo.scale import SCALES, SYDNEY, DemoSize
from driveflow_desktop.domain.identity.queries import members
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.tables import synced_tables
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import wall_to_utc
from driveflow_desktop.store.log import BASE_ROWS, OUTBOX
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.state import device_id
from driveflow_desktop.store.types import dump_json
from tests.conftest import NOW
from tests.demo.checks import CHECKS
from tests.demo.conftest import MIDDLE, Made, MakeSchool, make

SUNDAY, CHRISTMAS = date(2026, 11, 29), date(2026, 12, 25)
CLOCKS_FORWARD, CLOCKS_BACK, NEW_PRICES = date(2026, 10, 4), date(2027, 4, 4), date(2027, 7, 2)


def digest(made: Made) -> str:
    """One hash over every synced row."""
    found = hashlib.sha256()
    with made.reading() as connection:
        for table in synced_tables():
            wire = codec(table).to_wire
            rows = [dump_json(wire(dict(row))) for row in connection.execute(sa.select(table)).mappings()]
            found.update("\n".join(sorted(rows)).encode())
    return found.hexdigest()


# -- the same every time ------------------------------------------------------------------------------------------


def test_the_same_seed_plays_the_same_school(make_tiny: MakeSchool) -> None:
    assert digest(make_tiny()) == digest(make_tiny())


def test_the_same_seed_loads_the_same_school(middle: Made, tmp_path: Path) -> None:
    again = Made(tmp_path, make(tmp_path, DemoSize.SCHOOL, MIDDLE, NOW))
    assert digest(again) == digest(middle)
    assert again.demo == middle.demo


def test_another_seed_makes_another_school() -> None:
    one, other = (compose(seed, NOW, SCALES[DemoSize.SMALL]) for seed in (1, 2))
    assert [student.name for student in one.students] != [student.name for student in other.students]


def test_holidays_have_the_names_that_a_school_loads_itself() -> None:
    plan = compose(1, NOW, SCALES[DemoSize.SMALL])
    years = range(min(plan.holidays).year, max(plan.holidays).year + 1)
    assert plan.holidays == {day: name for day, name, _region in public_holidays("AU", "NSW", years)}
    assert "Labour Day" in plan.holidays.values()


# -- on whatever day ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", [SUNDAY, CHRISTMAS, CLOCKS_FORWARD, CLOCKS_BACK, NEW_PRICES])
@pytest.mark.parametrize("minute", [5 * 60, 11 * 60 + 21, 23 * 60 + 30])
def test_today_is_a_busy_day_whenever_it_is(day: date, minute: int) -> None:
    plan = compose(3, wall_to_utc(day, minute, SYDNEY), SCALES[DemoSize.SMALL])
    scripted = [lesson for lesson in plan.lessons if lesson.day == day and lesson.student < len(STUDENTS)]
    assert len(scripted) >= sum(member.start >= 0 for member in STUDENTS)
    openings = [opening_of(instructor) for instructor in plan.instructors]
    for lesson in scripted:
        spans = openings[lesson.instructor].on(day, holiday=day in plan.holidays)
        assert any(opens <= lesson.start and lesson.start + lesson.minutes <= closes for opens, closes in spans)
    running = [lesson for lesson in scripted if lesson.fate is Fate.IN_PROGRESS]
    done = [lesson for lesson in scripted if lesson.fate is Fate.COMPLETED]
    assert bool(running) == (minute > 8 * 60)
    assert bool(done) == (minute > 8 * 60)


@pytest.mark.parametrize("day", [SUNDAY, CLOCKS_FORWARD + timedelta(days=3)])
def test_every_rule_holds_on_other_days(make_tiny: MakeSchool, day: date) -> None:
    made = make_tiny(wall_to_utc(day, 15 * 60, SYDNEY))
    with made.reading() as connection:
        assert [(check.__name__, *check(connection, made.demo)) for check in CHECKS] == [
            (check.__name__,) for check in CHECKS
        ]


# -- whole or not at all --------------------------------------------------------------------------------------------


def test_an_interrupted_build_leaves_no_school(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "found_school", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build_demo(tmp_path, DemoSize.SMALL, NOW)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UserError) as refused:
        read_demo(tmp_path)
    assert refused.value.code == "missing"


@pytest.mark.parametrize("again", [build_demo, cached_demo])
def test_a_school_that_is_there_is_not_replaced(tmp_path: Path, again: Callable[..., object]) -> None:
    (tmp_path / "replica.db").write_bytes(b"somebody's school")
    with pytest.raises(UserError) as refused:
        again(tmp_path, DemoSize.SMALL, NOW)
    assert refused.value.code == "exists"
    assert (tmp_path / "replica.db").read_bytes() == b"somebody's school"


# -- who is who -----------------------------------------------------------------------------------------------------


def test_the_note_names_the_staff(small: Made) -> None:
    demo = read_demo(small.folder)
    assert demo == small.demo
    with small.reading() as connection:
        staff = {member.user_id: member for member in members(connection, demo.org_id)}
    assert (staff[demo.owner_id].full_name, staff[demo.owner_id].role) == ("Jo Hart", OrgRole.OWNER)
    assert (staff[demo.admin_id].full_name, staff[demo.admin_id].role) == ("Mia Petrov", OrgRole.ADMIN)
    taught = [staff[user].full_name for user in demo.instructor_user_ids]
    assert taught[:2] == ["Aroha Ngata", "Ben Castellano"]
    assert len(staff) == 2 + len(taught)


def test_a_loaded_school_looks_as_after_a_first_sync(middle: Made) -> None:
    with middle.reading() as connection:
        for table in (OUTBOX, BASE_ROWS):
            assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 0
        versions = []
        for table in synced_tables():
            versions += connection.execute(sa.select(table.c.version)).scalars()
        indexes = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'index'").scalars().all())
    assert min(versions) > 0
    assert len(versions) == len(set(versions))
    wanted = {str(index.name) for table in synced_tables() for index in table.indexes}
    assert wanted <= indexes


# -- kept schools ---------------------------------------------------------------------------------------------------


def test_a_kept_school_is_made_once_and_each_copy_is_a_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def once(folder: Path, size: DemoSize, now: datetime, *, seed: int) -> object:
        made.append(folder)
        demo = make(folder, size, MIDDLE, now, seed)
        (folder / build.NOTE).write_bytes(build.msgspec.json.encode(demo))
        return demo

    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr("driveflow_desktop.demo.cache.build_demo", once)
    copies = []
    for name in ("one", "two"):
        demo = cached_demo(tmp_path / name, DemoSize.SCHOOL, NOW)
        copies.append(Made(tmp_path / name, demo))
    assert len(made) == 1
    devices = set()
    for copy in copies:
        with copy.reading() as connection:
            devices.add(device_id(connection))
    assert len(devices - {None}) == 2
    assert digest(copies[0]) == digest(copies[1])


# -- the big one ----------------------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_school_has_the_size_it_promises(tmp_path: Path) -> None:
    made = Made(tmp_path, cached_demo(tmp_path, DemoSize.SCHOOL, NOW))
    with made.reading() as connection:
        count = connection.execute(sa.select(sa.func.count()).select_from(Booking)).scalar_one()
        assert 95_000 <= count <= 105_000
        assert made.demo.bookings == count
        assert made.demo.students == 20_000
        assert len(made.demo.instructor_ids) == 50
        first = connection.execute(sa.select(sa.func.min(Booking.start_at))).scalar_one()
        assert NOW - first > timedelta(days=690)
        for check in CHECKS:
            assert list(check(connection, made.demo)) == []


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_small_school_is_the_same_every_time(small: Made, tmp_path: Path) -> None:
    again = Made(tmp_path, build_demo(tmp_path, DemoSize.SMALL, NOW))
    assert digest(again) == digest(small)
    assert again.demo == small.demo
