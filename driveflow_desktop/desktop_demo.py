"""The demo: a school of its own with its own service, the guided tour, and a second window beside the first."""

import contextlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from driveflow_desktop.adapters.postgres_embedded import EmbeddedPostgres
from driveflow_desktop.adapters.settings_file import SettingsFile
from driveflow_desktop.composition import SERVICE_FACT, default_actor, open_school, setting, settle_in
from driveflow_desktop.data_folder import DataFolder, demo_folder
from driveflow_desktop.demo.build import build_demo, read_demo
from driveflow_desktop.demo.scale import DemoSize
from driveflow_desktop.desktop_window import application, kept_theme, make_program, say, show
from driveflow_desktop.domain.identity.queries import user_email
from driveflow_desktop.kernel.clock import Clock, ShiftedClock, SystemClock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date, wall_to_utc
from driveflow_desktop.store.cipher import DemoKeys
from driveflow_desktop.store.open_replica import create_replica, read_identity
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.store.state import write_fact
from driveflow_desktop.ui.shell.theme import Mode, Theme
from driveflow_desktop.ui.widgets.memory import ForgetfulMemory

if TYPE_CHECKING:
    from driveflow_desktop.desktop_sync import DesktopSync

DONE: Final = 0
FAILED: Final = 1
DEMO_ZONE: Final = ZoneInfo("Australia/Sydney")
TOUR_MINUTE: Final = 11 * 60 + 21


def run_demo(
    given: str | None,
    size: str,
    *,
    tour: Path | None = None,
    fresh: bool = False,
    second: str | None = None,
    as_json: bool = False,
) -> int:
    """Open a demo school in its own folder, made now if there is none; with `tour`, play the guided tour instead.

    Its service runs beside it while the window is open. `second` opens another window on another replica, for the
    owner or an instructor: what is done in one shows in the other.
    """
    folder = demo_folder(given, size)
    if folder.has_school and not _is_demo(folder):
        raise UserError("exists", f"{folder.path} holds a real school.", hint="Choose another folder with --data-dir.")
    clock = SystemClock() if tour is None else _mid_morning()
    if fresh or tour is not None or not folder.has_school:
        _make_demo(folder, DemoSize(size), clock)
    if tour is not None:
        return _play_tour(folder, tour, clock, as_json=as_json)
    say("This is a demo: its key and its passwords are public, so keep nothing real in it.")
    with _service(folder) as url, contextlib.ExitStack() as stack:
        if second is not None:
            stack.enter_context(_beside(folder, url, second))
        return _window(folder, "the DriveFlow demo")


def run_second(folder: Path, url: str, role: str, email: str) -> int:
    """The second window of a demo: another replica of the same school, fetched from its service at each start."""
    from driveflow_desktop.demo.online import PASSWORD
    from driveflow_desktop.sync.session import MemorySessions
    from driveflow_desktop.sync.status import SyncState
    from driveflow_desktop.sync_composition import join_school, sign_in_to

    home = DataFolder(folder / f"second-{role}")
    # It holds nothing that the service does not.
    shutil.rmtree(home.path, ignore_errors=True)
    joined = join_school(
        home,
        url,
        lambda service, device: sign_in_to(service, email, PASSWORD, device),
        lambda: create_replica(home.replica, DemoKeys(), setting("the second window")),
        sessions=MemorySessions(),
    )
    if joined.status.state is not SyncState.SYNCED:
        raise joined.status.problem or UserError("offline", "The demo's service did not answer.")
    return _window(home, "the second window")


def _window(folder: DataFolder, program: str) -> int:
    app, memory = application(), SettingsFile(folder.settings)
    return show(app, folder, program, memory, kept_theme(app, memory), _signed_in)


def _signed_in(replica: Replica, folder: DataFolder) -> "DesktopSync":
    """The engine of a demo replica, signed in with the public password."""
    from driveflow_desktop.demo.online import PASSWORD
    from driveflow_desktop.desktop_sync import DesktopSync
    from driveflow_desktop.sync.session import MemorySessions

    actor = default_actor(replica)
    with replica.reader() as connection:
        email = None if actor.user_id is None else user_email(connection, actor.user_id)
    return DesktopSync(replica, folder, sessions=MemorySessions(), entry=(email or "", PASSWORD))


@contextlib.contextmanager
def _service(folder: DataFolder) -> Iterator[str]:
    """The demo's service, which knows the school; the replica follows it."""
    from driveflow_desktop.demo.service_process import serving

    home = folder.path / "service"
    say("Starting the demo's sync service …")
    bring_online(folder, home)
    with serving(home) as url:
        with (
            open_school(folder, "the DriveFlow demo") as replica,
            replica.maintenance() as connection,
            connection.begin(),
        ):
            write_fact(connection, SERVICE_FACT, url)
        say(f"The service answers at {url}.")
        yield url


def bring_online(folder: DataFolder, home: Path) -> None:
    """Make the PostgreSQL of a demo's service in `home`, with the folder's school in it."""
    from driveflow_desktop.demo.online import is_on_service, put_on_service
    from driveflow_desktop.service.preparing import prepared_engine

    made = read_demo(folder.replica.folder)
    with EmbeddedPostgres(home / "postgres") as server:
        with prepared_engine(home, None, {}):
            pass
        if not is_on_service(server.url(), made.org_id):
            with open_school(folder, "the DriveFlow demo") as replica:
                put_on_service(replica, server.url(), made)


@contextlib.contextmanager
def _beside(folder: DataFolder, url: str, role: str) -> Iterator[None]:
    from driveflow_desktop.demo.service_process import driveflow_command

    made = read_demo(folder.replica.folder)
    person = made.owner_id if role == "owner" else made.instructor_user_ids[0]
    with open_school(folder, "the second window") as replica, replica.reader() as connection:
        email = user_email(connection, person) or ""
    place = ("--data-dir", str(folder.path), "--beside", url)
    command = driveflow_command("demo", *place, "--second", role, "--email", email)
    process = subprocess.Popen(command)  # noqa: S603 - ourselves
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _is_demo(folder: DataFolder) -> bool:
    """Whether the school in a folder is a demo, which may be made anew; a real one is never touched."""
    return read_identity(folder.replica).key_kind == DemoKeys.kind


def _mid_morning() -> Clock:
    """Today's clock, moved so that the tour begins in the middle of the school's busy morning."""
    now = SystemClock().now()
    begin = wall_to_utc(local_date(now, DEMO_ZONE), TOUR_MINUTE, DEMO_ZONE)
    return ShiftedClock(SystemClock(), begin - now)


def _make_demo(folder: DataFolder, size: DemoSize, clock: Clock) -> None:
    say(f"Making the demo school in {folder.path} …")
    shutil.rmtree(folder.replica.folder, ignore_errors=True)
    shutil.rmtree(folder.path / "service", ignore_errors=True)  # it knows the school of before
    made = build_demo(folder.replica.folder, size, clock.now())
    with open_school(folder, "the DriveFlow demo") as replica:
        settle_in(replica, made.org_id, made.admin_id)
    say(f"{made.students:,} students, {made.bookings:,} bookings.")


def _play_tour(folder: DataFolder, output: Path, clock: Clock, *, as_json: bool) -> int:
    from driveflow_desktop.demo.tour.play import play

    app = application()
    with _service(folder), open_school(folder, "the DriveFlow tour", clock=clock) as replica:
        theme = Theme(app, Mode.LIGHT)
        sync = _signed_in(replica, folder)
        sync.start(app.quit)
        try:
            report = play(
                app, theme, lambda: make_program(replica, ForgetfulMemory(), theme, sync=sync), replica, output
            )
        finally:
            sync.stop()
    for line in report.lines:
        say(line)
    say(f"Screenshots and the report are in {output}.")
    if as_json:
        print(json.dumps(report.rows))
    return DONE if report.ok else FAILED
