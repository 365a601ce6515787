"""Every screen, in the order of the rail. A screen's modules are imported when it is first opened, or ahead of that."""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from driveflow_desktop.ui.screens.context import ScreenContext
from driveflow_desktop.ui.shell.screen import Screen, ScreenSpec
from driveflow_desktop.ui.words import tr

_Maker: TypeAlias = Callable[[ScreenContext], Screen]


def all_screens(context: ScreenContext) -> Sequence[ScreenSpec]:
    """The screens of the program; each is made when it is first opened."""
    office = tr("Screens", "Office")

    def spec(
        screen_id: str, title: str, icon: str, find: Callable[[], _Maker], section: str = "", permission: str = ""
    ) -> ScreenSpec:
        return ScreenSpec(screen_id, title, icon, section, lambda: find()(context), permission)

    return (
        spec("today", tr("Screens", "Today"), "sun", _today),
        spec("calendar", tr("Screens", "Calendar"), "calendar-blank", _calendar),
        spec("students", tr("Screens", "Students"), "student", _students),
        spec("instructors", tr("Screens", "Instructors"), "car", _instructors),
        spec("services", tr("Screens", "Services & rates"), "tag", _services),
        spec("activity", tr("Screens", "Activity"), "clock-counter-clockwise", _activity, office, "see_audit"),
        spec("sync", tr("Screens", "Sync & conflicts"), "arrows-clockwise", _sync, office, "resolve_conflicts"),
        spec("settings", tr("Screens", "Settings"), "gear-six", _settings, office),
    )


def _today() -> _Maker:
    from driveflow_desktop.ui.screens.today.screen import today_screen

    return today_screen


def _calendar() -> _Maker:
    from driveflow_desktop.ui.screens.calendar.screen import calendar_screen

    return calendar_screen


def _students() -> _Maker:
    from driveflow_desktop.ui.screens.students.screen import students_screen

    return students_screen


def _instructors() -> _Maker:
    from driveflow_desktop.ui.screens.instructors.screen import instructors_screen

    return instructors_screen


def _services() -> _Maker:
    from driveflow_desktop.ui.screens.services.screen import services_screen

    return services_screen


def _activity() -> _Maker:
    from driveflow_desktop.ui.screens.activity.screen import activity_screen

    return activity_screen


def _sync() -> _Maker:
    from driveflow_desktop.ui.screens.sync.screen import sync_screen

    return sync_screen


def _settings() -> _Maker:
    from driveflow_desktop.ui.screens.settings.screen import settings_screen

    return settings_screen


IMPORTS_AHEAD: Final[tuple[Callable[[], object], ...]] = (
    _calendar,
    _students,
    _instructors,
    _services,
    _activity,
    _sync,
    _settings,
)
"""What an idle program does early, so that the first opening of a screen does not wait for its modules."""
