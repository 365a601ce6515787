"""Declared actions: what can be done, by which key, from which menu, with which right; and the registry of them.

An action is enabled when the person has the right for it and somebody handles it: the window always, or the screen
on show. Its Qt action, menu entry, command palette row and line on the key sheet all come from the one declaration.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from driveflow_desktop.kernel.errors import Bug
from driveflow_desktop.ui.shell.icons import icon

Handler = Callable[[], object]
"""Does the thing; what it returns is ignored."""
MENU_SEPARATOR = "/"


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One thing a person can do.

    `shortcut` is in Qt's portable form (`Ctrl+K`, `N`); several are parted by `, `. `permission` is the right it
    needs, empty for everybody. `menu` is a path (`Booking`, `Calendar/Instructor`). `icon` is a Phosphor name or
    empty.
    """

    id: str
    label: str
    shortcut: str
    permission: str
    menu: str
    icon: str = ""

    @property
    def keys(self) -> str:
        """The keys as this platform writes them."""
        first = QKeySequence.fromString(self.shortcut.split(", ")[0])
        return first.toString(QKeySequence.SequenceFormat.NativeText)


class Actions(QObject):
    """The registry, made by the composition root with the table and the window that the keys work in."""

    changed = Signal()
    """Some action became possible or impossible."""

    def __init__(self, specs: Iterable[ActionSpec], window: QWidget) -> None:
        super().__init__(window)
        self._specs = {spec.id: spec for spec in specs}
        self._qt: dict[str, QAction] = {}
        self._rights: frozenset[str] = frozenset()
        self._lasting: dict[str, Handler] = {}
        self._passing: Mapping[str, Handler] = {}
        self._locked = False
        for spec in self._specs.values():
            self._qt[spec.id] = self._make(spec, window)
        self.redraw_icons()

    @property
    def specs(self) -> tuple[ActionSpec, ...]:
        """Every declared action, in the order of the table."""
        return tuple(self._specs.values())

    def available(self) -> list[ActionSpec]:
        """What can be done right now."""
        return [spec for spec in self._specs.values() if self.is_enabled(spec.id)]

    def action(self, action_id: str) -> QAction:
        """The Qt action, for buttons and context menus."""
        return self._qt[self._known(action_id)]

    def is_enabled(self, action_id: str) -> bool:
        """Whether `run` would do something."""
        return self._qt[self._known(action_id)].isEnabled()

    def set_permissions(self, rights: Iterable[str]) -> None:
        """What the signed-in person may do."""
        self._rights = frozenset(rights)
        self._update()

    def set_locked(self, locked: bool) -> None:
        """While locked, nothing can be done."""
        self._locked = locked
        self._update()

    def handle(self, action_id: str, handler: Handler | None) -> None:
        """Let the window handle an action, whichever screen is shown; None when it cannot just now."""
        if handler is None:
            self._lasting.pop(self._known(action_id), None)
        else:
            self._lasting[self._known(action_id)] = handler
        self._update()

    def set_screen_handlers(self, handlers: Mapping[str, Handler]) -> None:
        """What the screen on show handles now; it comes before the window's own handlers."""
        for action_id in handlers:
            self._known(action_id)
        self._passing = dict(handlers)
        self._update()

    def run(self, action_id: str) -> bool:
        """Do it, if it can be done now; whether it was."""
        handler = self._handler(self._known(action_id))
        if handler is None or not self._permitted(action_id):
            return False
        handler()
        return True

    def set_label(self, action_id: str, label: str) -> None:
        """Say what exactly would be done (“Undo: lesson moved”)."""
        self._qt[self._known(action_id)].setText(label)

    def redraw_icons(self) -> None:
        """Draw the icons in the colours of the theme now worn."""
        for spec in self._specs.values():
            if spec.icon:
                self._qt[spec.id].setIcon(icon(spec.icon))

    def fill_menus(self, bar: QMenuBar) -> None:
        """Build the menus in the order of the table; every entry shows its key."""
        menus: dict[str, QMenu] = {}
        for spec in self._specs.values():
            if spec.menu:
                self._menu(bar, menus, spec.menu).addAction(self._qt[spec.id])

    def _menu(self, bar: QMenuBar, menus: dict[str, QMenu], path: str) -> QMenu:
        if path not in menus:
            parent, _, title = path.rpartition(MENU_SEPARATOR)
            above = self._menu(bar, menus, parent) if parent else bar
            menus[path] = above.addMenu(title)
        return menus[path]

    def _make(self, spec: ActionSpec, window: QWidget) -> QAction:
        action = QAction(spec.label, window)
        action.setShortcuts([QKeySequence.fromString(keys) for keys in spec.shortcut.split(", ") if keys])
        action.setShortcutVisibleInContextMenu(True)
        action.setEnabled(False)
        action.triggered.connect(lambda _checked=False, action_id=spec.id: self.run(action_id))
        window.addAction(action)
        return action

    def _update(self) -> None:
        for action_id, action in self._qt.items():
            action.setEnabled(self._handler(action_id) is not None and self._permitted(action_id))
        self.changed.emit()

    def _handler(self, action_id: str) -> Handler | None:
        return self._passing.get(action_id) or self._lasting.get(action_id)

    def _permitted(self, action_id: str) -> bool:
        if self._locked:
            return False
        permission = self._specs[action_id].permission
        return not permission or permission in self._rights

    def _known(self, action_id: str) -> str:
        if action_id not in self._specs:
            raise Bug(f"no action is called {action_id!r}")
        return action_id
