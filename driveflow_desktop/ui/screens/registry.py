"""Every screen, in the order of the rail."""

from collections.abc import Sequence
from functools import partial

from driveflow_desktop.ui.screens.calendar.screen import calendar_screen
from driveflow_desktop.ui.screens.context import ScreenContext
from driveflow_desktop.ui.screens.settings.screen import settings_screen
from driveflow_desktop.ui.screens.today.screen import today_screen
from driveflow_desktop.ui.shell.screen import ScreenSpec
from driveflow_desktop.ui.words import tr


def all_screens(context: ScreenContext) -> Sequence[ScreenSpec]:
    """The screens of the program; each is made when it is first opened."""
    office = tr("Screens", "Office")
    return (
        ScreenSpec("today", tr("Screens", "Today"), "sun", "", partial(today_screen, context)),
        ScreenSpec("calendar", tr("Screens", "Calendar"), "calendar-blank", "", partial(calendar_screen, context)),
        ScreenSpec("settings", tr("Screens", "Settings"), "gear-six", office, partial(settings_screen, context)),
    )
