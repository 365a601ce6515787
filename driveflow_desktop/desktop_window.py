"""The window over one open school: one Qt application, the program, and its engine where the school has a service."""

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias
from zoneinfo import ZoneInfo

from PySide6.QtCore import QMetaObject, Qt
from PySide6.QtWidgets import QApplication

from driveflow_desktop.adapters.keyring_store import keys_of
from driveflow_desktop.composition import SERVICE_FACT, default_actor, open_school, setting
from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.domain.identity.queries import role_of, school, user_names
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.backup import Backups
from driveflow_desktop.store.open_replica import read_identity
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.store.restore import restore
from driveflow_desktop.store.state import read_fact
from driveflow_desktop.ui.first_run import ask_passphrase
from driveflow_desktop.ui.ports import Session
from driveflow_desktop.ui.program import Program, ProgramParts
from driveflow_desktop.ui.screens.registry import IMPORTS_AHEAD, all_screens
from driveflow_desktop.ui.shell.theme import Mode, Theme
from driveflow_desktop.ui.widgets.memory import Memory

if TYPE_CHECKING:
    from driveflow_desktop.desktop_sync import DesktopSync

MakeSync: TypeAlias = "Callable[[Replica, DataFolder], DesktopSync | None]"


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


def show(
    app: QApplication,
    folder: DataFolder,
    program_name: str,
    memory: Memory,
    theme: Theme,
    sync_of: "MakeSync | None" = None,
) -> int:
    """Run the window; where the person asked for a backup back, restore it and run the window again."""
    while True:
        with open_school(folder, program_name, ask_passphrase) as replica:
            sync = (sync_of or kept_sync)(replica, folder)
            program = make_program(replica, memory, theme, Backups(folder.replica, replica.clock), sync)
            program.start()
            if sync is not None:
                sync.start(_quit_soon)
            with _ended_by_signals(app):
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


def kept_sync(replica: Replica, folder: DataFolder) -> "DesktopSync | None":
    """The engine of a school that has a service; what it needs is imported for those alone."""
    with replica.reader() as connection:
        if read_fact(connection, SERVICE_FACT) is None:
            return None
    from driveflow_desktop.desktop_sync import DesktopSync

    return DesktopSync(replica, folder)


@contextlib.contextmanager
def _ended_by_signals(app: QApplication) -> Iterator[None]:
    """SIGINT and SIGTERM close the window as a person would: what was begun is finished, and the engine is stopped.

    Python hears a signal when it next runs, which is at the collector's tick at the latest.
    """
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: app.quit()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _quit_soon() -> None:
    """End the event loop, from any thread."""
    QMetaObject.invokeMethod(application(), "quit", Qt.ConnectionType.QueuedConnection)


def kept_theme(app: QApplication, memory: Memory) -> Theme:
    """The theme that this PC was left in."""
    kept = memory.read("theme")
    return Theme(app, Mode(kept) if kept in set(Mode) else Mode.SYSTEM)


def say(line: str) -> None:
    """A line for whoever started the program."""
    print(line, file=sys.stderr)
