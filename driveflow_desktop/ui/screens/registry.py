"""Every screen, in the order of the rail."""

from collections.abc import Sequence
from functools import partial

from driveflow_desktop.ui.screens.activity.screen import activity_screen
from driveflow_desktop.ui.screens.calendar.screen import calendar_screen
from driveflow_desktop.ui.screens.context import ScreenContext
from driveflow_desktop.ui.screens.instructors.screen import instructors_screen
from driveflow_desktop.ui.screens.services.screen import services_screen
from driveflow_desktop.ui.screens.settings.screen import settings_screen
from driveflow_desktop.ui.screens.students.screen import students_screen
from driveflow_desktop.ui.screens.today.screen import today_screen
from driveflow_desktop.ui.shell.screen import ScreenSpec
from driveflow_desktop.ui.words import tr


def all_screens(context: ScreenContext) -> Sequence[ScreenSpec]:
    """The screens of the program; each is made when it is first opened."""
    office = tr("Screens", "Office")
    return (
        ScreenSpec("today", tr("Screens", "Today"), "sun", "", partial(today_screen, context)),
        ScreenSpec("calendar", tr("Screens", "Calendar"), "calendar-blank", "", partial(calendar_screen, context)),
        ScreenSpec("students", tr("Screens", "Students"), "student", "", partial(students_screen, context)),
        ScreenSpec("instructors", tr("Screens", "Instructors"), "car", "", partial(instructors_screen, context)),
        ScreenSpec("services", tr("Screens", "Services & rates"), "tag", "", partial(services_screen, context)),
        ScreenSpec(
            "activity",
            tr("Screens", "Activity"),
            "clock-counter-clockwise",
            office,
            partial(activity_screen, context),
            "see_audit",
        ),
        ScreenSpec("settings", tr("Screens", "Settings"), "gear-six", office, partial(settings_screen, context)),
    )
