"""The actions of the sync, and of the inbox while it is on show."""

from PySide6.QtCore import QCoreApplication

from driveflow_desktop.ui.shell.actions import ActionSpec


def _tr(text: str) -> str:
    return QCoreApplication.translate("Actions", text)


def sync_actions() -> tuple[ActionSpec, ...]:
    """In menu order."""
    menu = _tr("&Sync")
    return (
        ActionSpec("sync.now", _tr("Sync now"), "F5", "", menu, "arrows-clockwise"),
        ActionSpec("conflict.place", _tr("Place at the first free time"), "L", "", menu),
        ActionSpec("conflict.find", _tr("Find another time…"), "Shift+L", "", menu),
        ActionSpec("conflict.again", _tr("Apply mine again"), "M", "", menu),
        ActionSpec("conflict.discard", _tr("Discard mine"), "K", "", menu),
    )
