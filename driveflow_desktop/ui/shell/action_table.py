"""The program's actions. The keys are those of the front desk's day; every one stands in a menu as well."""

from PySide6.QtCore import QCoreApplication

from driveflow_desktop.ui.shell.actions import ActionSpec
from driveflow_desktop.ui.shell.sync_actions import sync_actions

BOOK = "bookings.write"
PAY = "payments.write"
INSTRUCTOR_KEYS = range(1, 10)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Actions", text)


def action_table() -> tuple[ActionSpec, ...]:
    """Every action, in menu order, in the language of the application at the time of the call."""
    return (*_file(), *_edit(), *_go(), *_booking(), *_lesson(), *_calendar(), *sync_actions(), *_help())


def _file() -> tuple[ActionSpec, ...]:
    menu = _tr("&File")
    return (ActionSpec("quit", _tr("Quit"), "Ctrl+Q", "", menu, "sign-out"),)


def _edit() -> tuple[ActionSpec, ...]:
    menu = _tr("&Edit")
    return (
        ActionSpec("undo", _tr("Undo"), "Ctrl+Z", "", menu, "arrow-counter-clockwise"),
        ActionSpec("redo", _tr("Redo"), "Ctrl+Y, Ctrl+Shift+Z", "", menu, "arrow-clockwise"),
    )


def _go() -> tuple[ActionSpec, ...]:
    menu = _tr("&Go")
    return (
        ActionSpec("palette", _tr("Search and commands…"), "Ctrl+K", "", menu, "magnifying-glass"),
        ActionSpec("rail.fold", _tr("Fold the side bar"), "Ctrl+B", "", menu, "columns"),
        ActionSpec("menu.show", _tr("Show or hide the menu"), "F10", "", menu, "list"),
        ActionSpec("screen.next", _tr("Next screen"), "Ctrl+PgDown", "", menu, "caret-down"),
        ActionSpec("screen.previous", _tr("Previous screen"), "Ctrl+PgUp", "", menu, "caret-up"),
        ActionSpec("theme.next", _tr("Light, dark or system colours"), "Ctrl+Shift+L", "", menu, "moon"),
    )


def _booking() -> tuple[ActionSpec, ...]:
    menu = _tr("&Booking")
    return (
        ActionSpec("booking.new", _tr("New booking…"), "N", BOOK, menu, "plus"),
        ActionSpec("booking.next_free", _tr("Next free slot…"), "S", BOOK, menu, "magnifying-glass"),
        ActionSpec("booking.reschedule", _tr("Reschedule…"), "R", BOOK, menu, "calendar-blank"),
        ActionSpec("booking.cancel", _tr("Cancel lesson…"), "X", BOOK, menu, "x-circle"),
        ActionSpec("booking.earlier", _tr("Move earlier"), "Alt+Up", BOOK, menu),
        ActionSpec("booking.later", _tr("Move later"), "Alt+Down", BOOK, menu),
        ActionSpec("booking.left", _tr("Move one column left"), "Alt+Left", BOOK, menu),
        ActionSpec("booking.right", _tr("Move one column right"), "Alt+Right", BOOK, menu),
        ActionSpec("booking.shorter", _tr("Make shorter"), "Alt+Shift+Up", BOOK, menu),
        ActionSpec("booking.longer", _tr("Make longer"), "Alt+Shift+Down", BOOK, menu),
    )


def _lesson() -> tuple[ActionSpec, ...]:
    menu = _tr("&Lesson")
    return (
        ActionSpec("lesson.start", _tr("Start"), "A", BOOK, menu, "play"),
        ActionSpec("lesson.done", _tr("Done"), "D", BOOK, menu, "check"),
        ActionSpec("lesson.no_show", _tr("No-show"), "Shift+N", BOOK, menu, "prohibit"),
        ActionSpec("payment.take", _tr("Take payment…"), "P", PAY, menu, "currency-dollar"),
    )


def _calendar() -> tuple[ActionSpec, ...]:
    menu = _tr("&Calendar")
    instructors = f"{menu}/{_tr('Instructor')}"
    return (
        ActionSpec("calendar.today", _tr("Today"), "T", "", menu, "calendar-blank"),
        ActionSpec("calendar.back", _tr("Day or week back"), "[", "", menu, "caret-left"),
        ActionSpec("calendar.forward", _tr("Day or week forward"), "]", "", menu, "caret-right"),
        ActionSpec("calendar.day", _tr("Day view"), "Ctrl+1", "", menu),
        ActionSpec("calendar.week", _tr("Week view"), "Ctrl+2", "", menu),
        ActionSpec("calendar.zoom_in", _tr("Taller hours"), "Ctrl++, Ctrl+=", "", menu),
        ActionSpec("calendar.zoom_out", _tr("Lower hours"), "Ctrl+-", "", menu),
        ActionSpec("calendar.zoom_reset", _tr("Usual hours"), "Ctrl+0", "", menu),
        *(
            ActionSpec(f"calendar.instructor_{n}", _tr("Instructor {number}").format(number=n), str(n), "", instructors)
            for n in INSTRUCTOR_KEYS
        ),
    )


def _help() -> tuple[ActionSpec, ...]:
    return (ActionSpec("help.keys", _tr("Keys"), "F1", "", _tr("&Help"), "keyboard"),)
