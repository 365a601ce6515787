"""The desktop's composition root: one Qt application over one school's folder. Imported by nobody but the commands."""

import logging
from typing import Final

from driveflow_desktop.adapters.settings_file import SettingsFile
from driveflow_desktop.composition import new_school, settle_in
from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.desktop_window import application, kept_theme, show
from driveflow_desktop.domain.identity.commands import NewSchool, create_school
from driveflow_desktop.domain.scheduling.commands.school import seed_policies
from driveflow_desktop.kernel.clock import SystemClock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.ids import IdSource
from driveflow_desktop.store.state import device_id
from driveflow_desktop.store.unit_of_work import Actor, UnitOfWork
from driveflow_desktop.ui.first_run import ask_passphrase, choose_school, show_failure

log = logging.getLogger(__name__)
DONE: Final = 0
FAILED: Final = 1


def run_desktop(folder: DataFolder) -> int:
    """Open the school of a folder, or help to make one; returns the exit status."""
    app = application()
    memory = SettingsFile(folder.settings)
    theme = kept_theme(app, memory)
    try:
        if not folder.has_school:
            # The engine and its HTTP take a moment to import, which only a first run waits for.
            from driveflow_desktop.desktop_join import Joining

            choice = choose_school(IdSource(SystemClock()), Joining(folder, ask_passphrase))
            if choice is None:
                return DONE
            if choice.school is None and not choice.joined:
                # Its data and generators are for the demo alone; a school's start does not wait for them.
                from driveflow_desktop.desktop_demo import run_demo

                return run_demo(None, "small")
            if choice.school is not None:
                _found(folder, choice.school)
        return show(app, folder, "DriveFlow", memory, theme)
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
