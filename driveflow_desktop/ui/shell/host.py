"""Holds the screens: makes each at first use, shows one, tells it what changed, marks the others as stale."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QFrame, QStackedWidget, QVBoxLayout, QWidget

from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.kernel.errors import Bug
from driveflow_desktop.ui.shell.screen import Screen, ScreenSpec

TOP_HEIGHT = 52


class ScreenHost(QWidget):
    """One screen on show with its top bar. `body` is what a palette or a toast lies over."""

    created = Signal(object)
    """A `Screen` was made, before it is shown for the first time."""
    shown = Signal(str)
    """The id of the screen now on show."""

    def __init__(self, specs: Iterable[ScreenSpec]) -> None:
        super().__init__()
        self._specs = {spec.id: spec for spec in specs}
        self._rights: frozenset[str] = frozenset()
        self._screens: dict[str, Screen] = {}
        self._stale: dict[str, Changes] = {}
        self._current = ""
        self._bars = QStackedWidget()
        self.body = QStackedWidget()
        top = QFrame()
        top.setProperty("panel", "top")
        top.setFixedHeight(TOP_HEIGHT)
        inside = QVBoxLayout(top)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self._bars)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(top)
        column.addWidget(self.body, 1)

    @property
    def current_id(self) -> str:
        """The screen on show, empty before the first."""
        return self._current

    @property
    def current(self) -> Screen | None:
        """The screen on show."""
        return self._screens.get(self._current)

    def allowed(self) -> Sequence[ScreenSpec]:
        """The screens the person may open, in rail order."""
        return [spec for spec in self._specs.values() if not spec.permission or spec.permission in self._rights]

    def set_permissions(self, rights: Iterable[str]) -> None:
        """What the signed-in person may do."""
        self._rights = frozenset(rights)

    def may_open(self, screen_id: str) -> bool:
        """Whether the screen exists and the person has the right for it."""
        return any(spec.id == screen_id for spec in self.allowed())

    def open(self, screen_id: str, argument: object = None) -> Screen:
        """Show a screen, refreshed by all that changed while it was hidden, and go to what `argument` names."""
        if not self.may_open(screen_id):
            raise Bug(f"screen {screen_id!r} does not exist for this person")
        before = self.current
        screen = self._screens.get(screen_id) or self._create(screen_id)
        if screen is not before:
            self._current = screen_id
            keep_focus = self._focus_is_elsewhere()
            at = self.body.indexOf(screen)
            self._bars.setCurrentIndex(at)
            self.body.setCurrentIndex(at)
            if not keep_focus:
                screen.setFocus()
            if before is not None:
                before.deactivated()
            if (missed := self._stale.pop(screen_id, None)) is not None:
                screen.refresh(missed)
            screen.activated()
            self.shown.emit(screen_id)
        if argument is not None:
            screen.show_argument(argument)
        return screen

    def dispatch(self, changes: Changes) -> None:
        """Refresh the screen on show if it shows what changed; remember it for the hidden ones that do."""
        for screen_id, screen in self._screens.items():
            if not changes.touches(screen.tables):
                continue
            if screen_id == self._current:
                screen.refresh(changes)
            else:
                self._stale[screen_id] = self._stale.get(screen_id, Changes()).merge(changes)

    def close_all(self) -> None:
        """Throw every screen away: another school, or another person. The next `open` begins anew."""
        if (screen := self.current) is not None:
            screen.deactivated()
        self._current = ""
        for screen in self._screens.values():
            at = self.body.indexOf(screen)
            for stack in (self._bars, self.body):
                if (widget := stack.widget(at)) is not None:
                    stack.removeWidget(widget)
                    widget.deleteLater()
        self._screens.clear()
        self._stale.clear()

    def _focus_is_elsewhere(self) -> bool:
        """Whether the keyboard is on something that stays on show, such as the rail."""
        focus = QApplication.focusWidget()
        return focus is not None and focus.window() is self.window() and not self.isAncestorOf(focus)

    def _create(self, screen_id: str) -> Screen:
        spec = self._specs[screen_id]
        screen = spec.factory()
        screen.setAccessibleName(screen.accessibleName() or spec.title)
        self._screens[screen_id] = screen
        self._bars.addWidget(screen.top_bar())
        self.body.addWidget(screen)
        self.created.emit(screen)
        return screen
