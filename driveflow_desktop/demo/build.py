"""Making a demo school in a folder: an encrypted replica whose key is public, ready to be opened by this program.

A school of the same size, seed, instant and program is the same to the last row, device id and log salts aside.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID

import msgspec

from driveflow_desktop.demo.bulk import load_everything
from driveflow_desktop.demo.bulk_press import Press
from driveflow_desktop.demo.compose import compose
from driveflow_desktop.demo.founding import Office, found_school
from driveflow_desktop.demo.history import History
from driveflow_desktop.demo.plan import Plan
from driveflow_desktop.demo.scale import SCALES, DemoSize, Scale
from driveflow_desktop.domain.hard_rules import find_overlaps
from driveflow_desktop.domain.tables import METADATA
from driveflow_desktop.kernel.clock import FixedClock
from driveflow_desktop.kernel.collector import collector_paused
from driveflow_desktop.kernel.errors import Bug, UserError
from driveflow_desktop.kernel.ids import IdSource
from driveflow_desktop.kernel.time import from_micros
from driveflow_desktop.store.cipher import DemoKeys
from driveflow_desktop.store.files import ReplicaFiles, put_in_place, write_durably
from driveflow_desktop.store.loading import bulk_load, quick_writes, take_as_synced
from driveflow_desktop.store.open_replica import Setting, create_replica
from driveflow_desktop.store.state import device_id

SEED: Final = 2026
NOTE: Final = "demo.json"
"""The file beside the replica that says whose ids are whose."""
_WORKSHOP: Final = "building"

Progress = Callable[[int, int], None]
"""Told how much of how much is done."""


@dataclass(frozen=True, slots=True)
class DemoSchool:
    """A demo school that has been made: its people by their ids, and how much there is of it."""

    size: DemoSize
    seed: int
    now: datetime
    org_id: UUID
    owner_id: UUID
    admin_id: UUID
    instructor_user_ids: tuple[UUID, ...]
    instructor_ids: tuple[UUID, ...]
    students: int
    bookings: int


def build_demo(
    folder: Path, size: DemoSize, now: datetime, *, seed: int = SEED, progress: Progress = lambda _done, _all: None
) -> DemoSchool:
    """Make a demo school as of `now` in `folder`, which must not hold a school yet, and return who is who.

    The small school comes with its whole history, pending for a service that has never seen it. The bigger ones look
    as after a first sync: rows with versions, an empty outbox, and an audit of their founding only. Raises `UserError`:
    `exists`, and what making a replica may raise. A failed or interrupted build leaves no school behind.
    """
    files = ReplicaFiles(folder)
    if files.database.exists():
        raise UserError("exists", "This folder holds a school's data already.", hint="Open it, or choose another.")
    workshop = folder / _WORKSHOP
    shutil.rmtree(workshop, ignore_errors=True)
    try:
        school = make_school(ReplicaFiles(workshop), size, SCALES[size], now, seed, progress)
        _move_in(ReplicaFiles(workshop), files, school)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    return school


def read_demo(folder: Path) -> DemoSchool:
    """Who is who in the demo school of a folder; `UserError("missing")` when there is none."""
    try:
        return msgspec.json.decode((folder / NOTE).read_bytes(), type=DemoSchool)
    except (OSError, msgspec.MsgspecError):
        raise UserError(
            "missing", "There is no demo school in this folder.", hint="Make one with `driveflow demo`."
        ) from None


def _move_in(made: ReplicaFiles, wanted: ReplicaFiles, school: DemoSchool) -> None:
    """Put the finished files in their place, the database last: with it the folder holds a school."""
    write_durably(wanted.folder / NOTE, msgspec.json.encode(school))
    put_in_place(made.identity, wanted.identity)
    put_in_place(made.database, wanted.database)


def make_school(
    files: ReplicaFiles, size: DemoSize, scale: Scale, now: datetime, seed: int, progress: Progress
) -> DemoSchool:
    """Make a school of any scale, its history played when `size` is small, else loaded; for `build_demo` and tests."""
    with collector_paused():
        plan = compose(seed, now, scale)
        clock = FixedClock(from_micros(plan.span.opened_us))
        random = Random(seed)
        # The hard rules are asked of the whole school at the end, instead of at each of thousands of commits.
        with create_replica(files, DemoKeys(), Setting(clock, METADATA)) as replica, quick_writes(replica):
            replica.ids = IdSource(clock, random_bits=random.getrandbits)
            with replica.reader() as connection:
                device = device_id(connection)
            office = Office(replica, clock, replica.ids.new(), device, replica.ids.new(), replica.ids.new())
            found_school(office, plan)
            if size is DemoSize.SMALL:
                History(office, plan).play(progress)
            else:
                version = take_as_synced(replica)
                with bulk_load(replica) as loading:
                    load_everything(loading, Press(office, plan, random, version))
            _require_sound(office, plan)
    return _school(office, plan, size, seed)


def _school(office: Office, plan: Plan, size: DemoSize, seed: int) -> DemoSchool:
    return DemoSchool(
        size,
        seed,
        plan.span.now,
        office.org_id,
        office.owner_id,
        office.admin_id,
        tuple(office.users),
        tuple(office.instructors),
        len(plan.students),
        len(plan.lessons),
    )


def _require_sound(office: Office, plan: Plan) -> None:
    """Nobody is in two lessons at once."""
    if office.bookings:
        with office.replica.reader() as connection:
            if find_overlaps(connection, office.org_id, list(office.bookings.values())):
                raise Bug("the demo school has double bookings")
    else:
        _require_disjoint(plan)


def _require_disjoint(plan: Plan) -> None:
    """The same of a plan, where asking the database for each of 100,000 bookings would take longer than making them."""
    for owner in ("instructor", "student"):
        diaries: dict[int, list[tuple[int, int]]] = {}
        for lesson in plan.lessons:
            if lesson.holds_slot:
                diaries.setdefault(getattr(lesson, owner), []).append((lesson.start_us, lesson.end_us))
        for diary in diaries.values():
            diary.sort()
            if any(before[1] > after[0] for before, after in pairwise(diary)):
                raise Bug(f"the demo school has an {owner} in two lessons at once")
