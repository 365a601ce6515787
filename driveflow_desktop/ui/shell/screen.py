"""What a screen is to the window: the tables it shows, its top bar, its handlers; and how it is declared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.ui.shell.actions import Handler


class Screen(QWidget):
    """The base of every screen. Screens know neither each other nor the window: they emit intents."""

    tables: frozenset[str] = frozenset()
    """The tables whose changes this screen shows."""

    open_requested = Signal(str, object)
    """Open another screen by id, with an argument for its `show_argument`."""
    message = Signal(str, object)
    """Show a toast: words, and a function that undoes (or None)."""
    handlers_changed = Signal()
    """`handlers` gives others now: a selection came or went."""

    def top_bar(self) -> QWidget:
        """The tools of the bar over the screen, made once; the window gives the bar its ground and height."""
        raise NotImplementedError

    def handlers(self) -> Mapping[str, Handler]:
        """What this screen can do now, by action id."""
        return {}

    def load(self) -> None:
        """Query everything on show."""

    def refresh(self, changes: Changes) -> None:
        """Query again: rows of `tables` changed. Empty changes mean "anything may have"."""
        self.load()

    def show_argument(self, argument: object) -> None:
        """Go to what an intent named: a row's id, a date."""

    def activated(self) -> None:
        """The screen came on show."""
        self.load()

    def deactivated(self) -> None:
        """Another screen is on show."""


@dataclass(frozen=True, slots=True)
class ScreenSpec:
    """A screen in the rail. `section` is its heading there, empty for the first group; `factory` runs at first use."""

    id: str
    title: str
    icon: str
    section: str
    factory: Callable[[], Screen]
    permission: str = ""
