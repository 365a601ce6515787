"""The desktop's composition root: one Qt application over one school's folder. Imported by nobody but the commands."""

import json
import logging
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from PySide6.QtCore import QMetaObject, Qt
from PySide6.QtWidgets import QApplication

from driveflow_desktop.adapters.keyring_store import keys_of
from driveflow_desktop.adapters.settings_file import SettingsFile
from driveflow_desktop.composition import (
    SERVICE_FACT,
    default_actor,
    new_school,
    open_school,
    setting,
    settle_in,
)
from driveflow_desktop.data_folder import DataFolder, demo_folder
from driveflow_desktop.demo.scale import DemoSize
from driveflow_desktop.domain.identity.commands import NewSchool, create_school
from driveflow_desktop.domain.identity.queries import role_of, school, user_names
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.scheduling.commands.school import seed_policies
from driveflow_desktop.kernel.clock import Clock, ShiftedClock, SystemClock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.ids import IdSource
from driveflow_desktop.kernel.time import local_date, wall_to_utc
from driveflow_desktop.store.backup import Backups
from driveflow_desktop.store.cipher import DemoKeys
from driveflow_desktop.store.open_replica import read_identity
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.store.restore import restore
from driveflow_desktop.store.state import device_id, read_fact
from driveflow_desktop.store.unit_of_work import Actor, UnitOfWork
from driveflow_desktop.ui.first_run import ask_passphrase, choose_school, show_failure
from driveflow_desktop.ui.ports import Session
from driveflow_desktop.ui.program import Program, ProgramParts
from driveflow_desktop.ui.screens.registry import IMPORTS_AHEAD, all_screens
from driveflow_desktop.ui.shell.theme import Mode, Theme
from driveflow_desktop.ui.widgets.memory import ForgetfulMemory, Memory

if TYPE_CHECKING:
    from driveflow_desktop.desktop_sync import DesktopSync

log = logging.getLogger(__name__)
DONE = 0
DEMO_ZONE = ZoneInfo("Australia/Sydney")
TOUR_MINUTE = 11 * 60 + 21
FAILED = 1


def application(arguments: Sequence[str] = ()) -> QApplication:
    """The Qt application, made once."""
    found = QApplication.instance()
    if isinstance(found, QApplication):
        return found
    app = QApplication(["driveflow", *arguments])
    app.setApplicationName("DriveFlow")
    app.setApplicationDisplayName("DriveFlow")
    app.setDesktopFileName("driveflow")
    return app


def run_desktop(folder: DataFolder) -> int:
    """Open the school of a folder, or help to make one; returns the exit status."""
    app = application()
    memory = SettingsFile(folder.settings)
    theme = _theme(app, memory)
    try:
        if not folder.has_school:
            choice = choose_school(IdSource(SystemClock()))
            if choice is None:
                return DONE
            if choice.school is None:
                return run_demo(None, DemoSize.SMALL.value)
            _found(folder, choice.school)
        return _show(app, folder, "DriveFlow", memory, theme)
    except UserError as error:
        log.warning("could not open the school: %s", error.code)
        show_failure(error)
        return FAILED


def _found(folder: DataFolder, request: NewSchool) -> None:
    """Make a replica and open a new school in it."""
    with new_school(folder, "DriveFlow", ask_passphrase) as replica:
        org_id = replica.ids.new()
        with replica.reader() as connection:
            actor = Actor(org_id, request.owner.id, device_id(connection))

        def begin(uow: UnitOfWork) -> None:
            create_school(uow, request)
            seed_policies(uow)

        replica.execute(begin, actor)
        settle_in(replica, org_id, request.owner.id)


def run_demo(
    given: str | None, size: str, *, tour: Path | None = None, fresh: bool = False, as_json: bool = False
) -> int:
    """Open a demo school in its own folder, made now if there is none; with `tour`, play the guided tour instead."""
    folder = demo_folder(given, size)
    if folder.has_school and not _is_demo(folder):
        raise UserError("exists", f"{folder.path} holds a real school.", hint="Choose another folder with --data-dir.")
    clock = SystemClock() if tour is None else _mid_morning()
    if fresh or tour is not None or not folder.has_school:
        _make_demo(folder, DemoSize(size), clock)
    if tour is not None:
        return _play_tour(folder, tour, clock, as_json=as_json)
    app = application()
    memory = SettingsFile(folder.settings)
    _say("This is a demo: its key is public, so keep nothing real in it.")
    return _show(app, folder, "the DriveFlow demo", memory, _theme(app, memory))


def _is_demo(folder: DataFolder) -> bool:
    """Whether the school in a folder is a demo, which may be made anew; a real one is never touched."""
    return read_identity(folder.replica).key_kind == DemoKeys.kind


def _mid_morning() -> Clock:
    """Today's clock, moved so that the tour begins in the middle of the school's busy morning."""
    now = SystemClock().now()
    begin = wall_to_utc(local_date(now, DEMO_ZONE), TOUR_MINUTE, DEMO_ZONE)
    return ShiftedClock(SystemClock(), begin - now)


def _make_demo(folder: DataFolder, size: DemoSize, clock: Clock) -> None:
    # Its data and generators are for the demo alone; a school's start does not wait for them.
    from driveflow_desktop.demo.build import build_demo

    _say(f"Making the demo school in {folder.path} …")
    shutil.rmtree(folder.replica.folder, ignore_errors=True)
    made = build_demo(folder.replica.folder, size, clock.now())
    with open_school(folder, "the DriveFlow demo") as replica:
        settle_in(replica, made.org_id, made.admin_id)
    _say(f"{made.students:,} students, {made.bookings:,} bookings.")


def make_program(
    replica: Replica, memory: Memory, theme: Theme, backups: Backups | None = None, sync: "DesktopSync | None" = None
) -> Program:
    """The program over an open school, for the person who sits here by default; `sync` is its engine, if it has one."""
    actor = default_actor(replica)
    with replica.reader() as connection:
        found = school(connection, actor.org_id)
        role = role_of(connection, actor.org_id, actor.user_id) or OrgRole.INSTRUCTOR
        name = "" if actor.user_id is None else user_names(connection, [actor.user_id]).get(actor.user_id, "")
    if actor.user_id is None:
        raise UserError("no_person", "Nobody has signed in on this PC.", hint="Join the school anew on this PC.")
    session = Session(
        actor.org_id, found.name, actor.user_id, name, role, ZoneInfo(found.time_zone), currency=found.currency
    )
    return Program(
        ProgramParts(replica, session, actor, memory, theme, all_screens, backups, IMPORTS_AHEAD, sync, sync)
    )


def _show(app: QApplication, folder: DataFolder, program_name: str, memory: Memory, theme: Theme) -> int:
    """Run the window; where the person asked for a backup back, restore it and run the window again."""
    while True:
        with open_school(folder, program_name, ask_passphrase) as replica:
            sync = _sync_of(replica, folder)
            program = make_program(replica, memory, theme, Backups(folder.replica, replica.clock), sync)
            program.start()
            if sync is not None:
                sync.start(_quit_soon)
            status = app.exec()
            if sync is not None:
                sync.stop()
            program.close()
        if sync is not None and sync.wiped:
            shutil.rmtree(folder.replica.folder)
            return status
        if program.restore_from is None:
            return status
        files = folder.replica
        keys = keys_of(read_identity(files).key_kind, files, os.environ, ask_passphrase)
        restore(program.restore_from, files, keys, setting(program_name))


def _sync_of(replica: Replica, folder: DataFolder) -> "DesktopSync | None":
    """The engine of a school that has a service; what it needs is imported for those alone."""
    with replica.reader() as connection:
        if read_fact(connection, SERVICE_FACT) is None:
            return None
    from driveflow_desktop.desktop_sync import DesktopSync

    return DesktopSync(replica, folder)


def _quit_soon() -> None:
    """End the event loop, from any thread."""
    QMetaObject.invokeMethod(application(), "quit", Qt.ConnectionType.QueuedConnection)


def _play_tour(folder: DataFolder, output: Path, clock: Clock, *, as_json: bool) -> int:
    from driveflow_desktop.demo.tour.play import play

    app = application()
    with open_school(folder, "the DriveFlow tour", clock=clock) as replica:
        theme = Theme(app, Mode.LIGHT)
        report = play(app, theme, lambda: make_program(replica, ForgetfulMemory(), theme), replica, output)
    for line in report.lines:
        _say(line)
    _say(f"Screenshots and the report are in {output}.")
    if as_json:
        print(json.dumps(report.rows))
    return DONE if report.ok else FAILED


def _theme(app: QApplication, memory: Memory) -> Theme:
    kept = memory.read("theme")
    return Theme(app, Mode(kept) if kept in set(Mode) else Mode.SYSTEM)


def _say(line: str) -> None:
    print(line, file=sys.stderr)
