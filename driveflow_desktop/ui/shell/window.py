"""The main window: puts rail, screens, status line, palette and toasts together, and remembers how they stood."""

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QMainWindow,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.shell.actions import Actions, ActionSpec
from driveflow_desktop.ui.shell.bridge import BugReport
from driveflow_desktop.ui.shell.command_mode import CommandMode
from driveflow_desktop.ui.shell.host import ScreenHost
from driveflow_desktop.ui.shell.keysheet import KeySheet
from driveflow_desktop.ui.shell.palette import Palette, PaletteMode
from driveflow_desktop.ui.shell.rail import Badge, Rail
from driveflow_desktop.ui.shell.screen import Screen, ScreenSpec
from driveflow_desktop.ui.shell.statusbar import Status, StatusBar
from driveflow_desktop.ui.shell.typing_guard import TypingGuard
from driveflow_desktop.ui.shell.undo import UndoStack
from driveflow_desktop.ui.widgets.lookup import Ask
from driveflow_desktop.ui.widgets.memory import Memory
from driveflow_desktop.ui.widgets.search import SearchField
from driveflow_desktop.ui.widgets.toast import ToastHost

FOLD_BELOW = 1200
_DEFAULT_SIZE = (1440, 900)
_SMALLEST = (1000, 640)


@dataclass(frozen=True, slots=True)
class ShellParts:
    """What the composition root gives the window. `date_screen` shows days that are typed into the palette."""

    screens: Sequence[ScreenSpec]
    actions: Sequence[ActionSpec]
    memory: Memory
    undo: UndoStack
    search: Ask
    today: Callable[[], date]
    date_screen: str


class MainWindow(QMainWindow):
    """Knows its parts and no screen. Screens reach each other by intents only, and never this window."""

    def __init__(self, parts: ShellParts) -> None:
        super().__init__()
        self._parts = parts
        self._undo = parts.undo
        self._memory = parts.memory
        self._alt_alone = False
        self.setMinimumSize(*_SMALLEST)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            TypingGuard(app, self)
        self.actions_ = Actions(parts.actions, self)
        self.rail = Rail("DriveFlow")
        self.host = ScreenHost(parts.screens)
        self.status = StatusBar()
        self._lay_out()
        self.palette_ = Palette(self.host.body)
        self.toasts = ToastHost(self.host.body)
        self._commands = CommandMode(
            self.actions_,
            self.host.allowed,
            search=parts.search,
            today=parts.today,
            open_screen=self.open,
            open_date=self._open_date,
            run_later=lambda command: QTimer.singleShot(0, self, command),
        )
        self._connect()
        self.actions_.fill_menus(self.menuBar())
        self.menuBar().setVisible(self._memory.read("window/menu") == "shown")

    def start(self, rights: Iterable[str], person: str, role: str) -> None:
        """Sign a person in: offer what they may use, restore the window, and open the last screen."""
        rights = frozenset(rights)
        self.host.close_all()
        self.host.set_permissions(rights)
        self.actions_.set_permissions(rights)
        self.rail.set_screens(self.host.allowed())
        self.rail.set_person(person, role)
        self._restore_geometry()
        last = self._memory.read("window/screen") or ""
        self.open(last if self.host.may_open(last) else self.host.allowed()[0].id)

    def open(self, screen_id: str, argument: object = None) -> None:
        """Show a screen, and on it what `argument` names."""
        self.host.open(screen_id, argument)

    def dispatch(self, changes: Changes) -> None:
        """Tell the screens what a receipt or a pull changed."""
        self.host.dispatch(changes)

    def say(self, text: str, undo: Callable[[], None] | None = None) -> None:
        """Show a toast; with `undo`, it offers to take the thing back."""
        self.toasts.show_toast(text, undo)

    def show_error(self, error: UserError) -> None:
        """Show a refusal that no form took up."""
        self.say(str(error))

    def show_bug(self, report: BugReport) -> None:
        """Say that we failed, with the id that the log has."""
        words = self.tr("Something went wrong in the program. Please report it with the id {id}.")
        self.say(words.format(id=report.id))

    def set_status(self, status: Status) -> None:
        """Change the line at the foot."""
        self.status.set_status(status)

    def set_badge(self, screen_id: str, badge: Badge | None) -> None:
        """Show a count beside a screen in the rail."""
        self.rail.set_badge(screen_id, badge)

    def lock(self, cover: QWidget) -> None:
        """Show nothing but `cover`: no screen, no menu, no dialog, no key works behind it."""
        for dialog in self.findChildren(QDialog):
            dialog.close()
        self.palette_.hide()
        self.toasts.close_toast()
        self.actions_.set_locked(True)
        self.menuBar().hide()
        self.setWindowTitle("DriveFlow")
        self._stack.addWidget(cover)
        self._stack.setCurrentWidget(cover)
        cover.setFocus()

    def unlock(self) -> None:
        """Show the screens again, and throw the cover away."""
        cover = self._stack.currentWidget()
        if self._stack.count() > 1 and cover is not None:
            self._stack.removeWidget(cover)
            cover.deleteLater()
            self.actions_.set_locked(False)
            self._shown(self.host.current_id)

    def open_palette(self, mode: PaletteMode | None = None, text: str = "") -> None:
        """Open the command palette, or the palette for another purpose."""
        self.palette_.open(mode or self._commands, text)

    def show_keys(self) -> None:
        """Open the sheet of keys."""
        sheet = KeySheet(self.actions_.specs, self)
        sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        sheet.open()

    def toggle_rail(self) -> None:
        """Fold or unfold the rail; the choice is kept until it agrees with what the width asks for."""
        folded = not self.rail.is_folded
        natural = self.width() < FOLD_BELOW
        self._memory.write("window/rail", "auto" if folded == natural else "folded" if folded else "open")
        self.rail.set_folded(folded)

    def toggle_menu(self) -> None:
        """Show or hide the menu bar; shown, it takes the keyboard."""
        shown = self.menuBar().isHidden()
        self.menuBar().setVisible(shown)
        self._memory.write("window/menu", "shown" if shown else "hidden")
        if shown:
            self.menuBar().setFocus()

    def step_screen(self, by: int) -> None:
        """Show the next or previous screen of the rail, round the ends."""
        ids = [spec.id for spec in self.host.allowed()]
        self.open(ids[(ids.index(self.host.current_id) + by) % len(ids)])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Watch for Alt alone."""
        self._alt_alone = event.key() == Qt.Key.Key_Alt
        super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Alt pressed and released alone shows or hides the menu."""
        if event.key() == Qt.Key.Key_Alt and self._alt_alone and not event.isAutoRepeat():
            self.toggle_menu()
        self._alt_alone = False
        super().keyReleaseEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fold the rail when the window gets narrow, unless the person decided."""
        super().resizeEvent(event)
        choice = self._memory.read("window/rail")
        self.rail.set_folded(choice == "folded" or (choice != "open" and self.width() < FOLD_BELOW))

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of theme."""
        if event.type() is QEvent.Type.ApplicationPaletteChange:
            self.actions_.redraw_icons()
        super().changeEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember how the window stood."""
        kept = base64.b64encode(self.saveGeometry().data()).decode("ascii")
        self._memory.write("window/geometry", kept)
        super().closeEvent(event)

    def _lay_out(self) -> None:
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.host, 1)
        right.addWidget(self.status)
        central = QWidget()
        row = QHBoxLayout(central)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(right, 1)
        self._stack = QStackedWidget()
        self._stack.addWidget(central)
        self.setCentralWidget(self._stack)

    def _connect(self) -> None:
        self.rail.chosen.connect(self.open)
        self.rail.fold_toggled.connect(self.toggle_rail)
        self.host.created.connect(self._welcome)
        self.host.shown.connect(self._shown)
        handle = self.actions_.handle
        handle("palette", self.open_palette)
        handle("rail.fold", self.toggle_rail)
        handle("menu.show", self.toggle_menu)
        handle("help.keys", self.show_keys)
        handle("screen.next", lambda: self.step_screen(1))
        handle("screen.previous", lambda: self.step_screen(-1))
        handle("quit", self.close)
        self._undo.changed.connect(self._undo_changed)
        self._undo.applied.connect(self.dispatch)
        self._undo.said.connect(self.say)
        self._undo.refused.connect(self.show_error)
        self._undo_changed()

    def _welcome(self, screen: Screen) -> None:
        screen.open_requested.connect(self.open)
        screen.message.connect(self.say)
        screen.handlers_changed.connect(self._handlers_changed)

    def _shown(self, screen_id: str) -> None:
        self.rail.set_current(screen_id)
        self._memory.write("window/screen", screen_id)
        self._handlers_changed()
        title = next(spec.title for spec in self.host.allowed() if spec.id == screen_id)
        self.setWindowTitle(f"{title} · DriveFlow")
        for field in self.host.findChildren(SearchField):
            field.asked.connect(self._search_asked, Qt.ConnectionType.UniqueConnection)

    def _search_asked(self, text: str) -> None:
        self.open_palette(text=text)

    def _handlers_changed(self) -> None:
        screen = self.host.current
        self.actions_.set_screen_handlers(screen.handlers() if screen is not None else {})

    def _undo_changed(self) -> None:
        undo, redo = self._undo.undo_label, self._undo.redo_label
        self.actions_.set_label("undo", self.tr("Undo: {label}").format(label=undo) if undo else self.tr("Undo"))
        self.actions_.set_label("redo", self.tr("Redo: {label}").format(label=redo) if redo else self.tr("Redo"))
        self.actions_.handle("undo", self._undo.undo if undo else None)
        self.actions_.handle("redo", self._undo.redo if redo else None)

    def _open_date(self, day: date) -> None:
        self.open(self._parts.date_screen, day)

    def _restore_geometry(self) -> None:
        kept = self._memory.read("window/geometry")
        try:
            restored = bool(kept) and self.restoreGeometry(QByteArray(base64.b64decode(kept or "", validate=True)))
        except binascii.Error:  # a settings file that somebody edited by hand
            restored = False
        if not restored:
            room = QApplication.primaryScreen().availableSize()
            self.resize(min(_DEFAULT_SIZE[0], room.width()), min(_DEFAULT_SIZE[1], room.height()))
