"""One open school in one window: threads, undo, desk, screens, upkeep. Made by the composition roots and by tests."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from PySide6.QtCore import QObject, QTimer

from driveflow_desktop.domain.identity.rules import Action, can
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.overview.standing import Standing, standing
from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date
from driveflow_desktop.store.backup import Backup, Backups, Upkeep
from driveflow_desktop.store.base import Connection
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.store.unit_of_work import Actor
from driveflow_desktop.ui.ports import OnError, ServicePort, Session, SyncPort
from driveflow_desktop.ui.screens.context import ScreenContext
from driveflow_desktop.ui.shell.action_table import BOOK, PAY, action_table
from driveflow_desktop.ui.shell.bridge import Bridge, BugReport
from driveflow_desktop.ui.shell.collector import UiCollector
from driveflow_desktop.ui.shell.desk import WindowDesk
from driveflow_desktop.ui.shell.finder import Finder
from driveflow_desktop.ui.shell.palette import PaletteMode
from driveflow_desktop.ui.shell.rail import Badge
from driveflow_desktop.ui.shell.screen import ScreenSpec
from driveflow_desktop.ui.shell.statusbar import Status
from driveflow_desktop.ui.shell.sync_link import SyncLink
from driveflow_desktop.ui.shell.theme import Mode, Theme
from driveflow_desktop.ui.shell.undo import UndoStack
from driveflow_desktop.ui.shell.window import MainWindow, ShellParts
from driveflow_desktop.ui.sync_front import SyncFront
from driveflow_desktop.ui.widgets.memory import Memory

T = TypeVar("T")
UPKEEP_EVERY_MS: Final = 60_000
STATUS_DELAY_MS: Final = 250
AHEAD_MS: Final = 100
READERS: Final = 2
FIRST_DAY_SCREEN: Final = "calendar"

_RIGHTS: Final = {BOOK: Action.BOOK, PAY: Action.TAKE_PAYMENT}


@dataclass(frozen=True, slots=True)
class ProgramParts:
    """What a window over an open school needs."""

    replica: Replica
    session: Session
    actor: Actor
    memory: Memory
    theme: Theme
    screens: Callable[[ScreenContext], Sequence[ScreenSpec]]
    backups: Backups | None = None
    ahead: Sequence[Callable[[], object]] = ()
    """Done one by one soon after the start, while the program is idle."""
    sync: SyncPort | None = None
    """None for a school that lives on this PC alone."""
    service: ServicePort | None = None


class Program(QObject):
    """Owns the window and everything behind it; `close` ends the threads, the replica stays the caller's."""

    def __init__(self, parts: ProgramParts) -> None:
        super().__init__()
        self._parts = parts
        self.bridge = Bridge(on_user_error=self._refused, on_bug=self._bug, readers=READERS, parent=self)
        self.undo = UndoStack(self.bridge, parent=self)
        self.desk = WindowDesk(parts.replica, parts.session, parts.actor, self.bridge, self.undo, self)
        self.restore_from: Path | None = None
        self.sync = SyncLink(parts.sync, self)
        self._upkeep = None if parts.backups is None else Upkeep(parts.replica, parts.backups)
        self.context = ScreenContext(
            self.desk,
            parts.memory,
            parts.theme,
            parts.replica,
            parts.backups,
            self._restore,
            self._open_palette,
            self.sync,
            None if parts.service is None else self._call_service,
        )
        self.window = MainWindow(
            ShellParts(
                screens=parts.screens(self.context),
                actions=action_table(),
                memory=parts.memory,
                undo=self.undo,
                search=Finder(self.desk),
                today=lambda: local_date(self.desk.clock.now(), parts.session.tz),
                date_screen=FIRST_DAY_SCREEN,
            )
        )
        session, clock = parts.session, self.desk.clock
        self._front = SyncFront(self.sync, self.window, parts.memory, clock, session.org_name)
        self._collector = UiCollector(self)
        self._connect()
        self._status_timer = self._timer(STATUS_DELAY_MS, self._ask_status, single=True)
        self._upkeep_timer = self._timer(UPKEEP_EVERY_MS, self._keep_up)
        self._ahead = deque(parts.ahead)
        self._ahead_timer = self._timer(AHEAD_MS, self._do_ahead)

    def start(self) -> None:
        """Show the window with the last screen, and begin the upkeep."""
        session = self._parts.session
        self.window.start(_rights(session.role), session.user_name, self._role_words(session.role))
        self.window.show()
        self._collector.start()
        self._ask_status()
        self._front.start()
        self._upkeep_timer.start()
        self._ahead_timer.start()

    def close(self) -> None:
        """Close the window and end the threads, once every write is on disk."""
        self._upkeep_timer.stop()
        self._ahead_timer.stop()
        self._status_timer.stop()
        self._front.stop()
        self.sync.close()
        self.window.close()
        self.window.host.close_all()
        self.bridge.close()
        self._collector.stop()
        self.window.deleteLater()

    def _connect(self) -> None:
        self.desk.changed.connect(self.window.dispatch)
        self.desk.said.connect(self._say)
        self.desk.asked_for.connect(self.window.open)
        self.desk.changed.connect(self._status_changed)
        self.undo.applied.connect(self._status_changed)
        for written in (self.desk.changed, self.undo.applied):
            written.connect(self.sync.edited)
        self.sync.rows_changed.connect(self.window.dispatch)
        self.sync.rows_changed.connect(self._status_changed)
        self.window.actions_.handle("theme.next", self._next_theme)

    def _timer(self, interval_ms: int, act: Callable[[], None], *, single: bool = False) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(interval_ms)
        timer.setSingleShot(single)
        timer.timeout.connect(act)
        return timer

    def _say(self, text: str, can_undo: bool) -> None:
        self.window.say(text, self.undo.undo if can_undo else None)

    def _refused(self, error: UserError) -> None:
        self.window.show_error(error)

    def _bug(self, report: BugReport) -> None:
        self.window.show_bug(report)

    def _next_theme(self) -> None:
        modes = list(Mode)
        theme = self._parts.theme
        theme.set_mode(modes[(modes.index(theme.mode) + 1) % len(modes)])
        self._parts.memory.write("theme", theme.mode.value)

    def _status_changed(self, _changes: Changes) -> None:
        self._status_timer.start()

    def _ask_status(self) -> None:
        replica, org_id = self._parts.replica, self._parts.session.org_id

        def query(connection: Connection) -> Standing:
            return standing(connection, org_id, replica.path)

        self.desk.read("program/status", query, self._show_status)

    def _show_status(self, found: Standing) -> None:
        session = self._parts.session
        zone = session.tz.key
        abbreviation = self.desk.clock.now().astimezone(session.tz).tzname()
        self.window.set_status(
            Status(
                replica_bytes=found.replica_bytes,
                bookings=found.bookings,
                school=session.org_name,
                zone=f"{zone} ({abbreviation})",
            )
        )
        self.window.set_badge("sync", self._badge(found.conflicts))

    def _badge(self, conflicts: int) -> Badge | None:
        if not conflicts:
            return None
        one = self.tr("1 needs your decision")
        return Badge(
            f"{conflicts:,}", "bad", one if conflicts == 1 else self.tr("{n} need your decision").format(n=conflicts)
        )

    def _call_service(
        self, key: str, call: Callable[[ServicePort], T], on_result: Callable[[T], None], on_error: OnError
    ) -> None:
        service = self._parts.service
        if service is not None:
            self.bridge.read(f"service/{key}", lambda: call(service), on_result, on_error)

    def _role_words(self, role: OrgRole) -> str:
        return {
            OrgRole.OWNER: self.tr("Owner"),
            OrgRole.ADMIN: self.tr("Front desk · admin"),
            OrgRole.INSTRUCTOR: self.tr("Instructor"),
            OrgRole.STUDENT: self.tr("Student"),
        }[role]

    def _keep_up(self) -> None:
        if self._upkeep is not None:
            self.bridge.read("program/upkeep", self._upkeep.tick, _kept)

    def _do_ahead(self) -> None:
        if not self._ahead:
            self._ahead_timer.stop()
        elif self.bridge.is_idle:
            self._ahead.popleft()()

    def _open_palette(self, mode: PaletteMode) -> None:
        self.window.open_palette(mode)

    def _restore(self, backup: Path) -> None:
        """Close the window; the composition root restores and opens anew."""
        self.restore_from = backup
        self.window.close()


def _kept(_backup: Backup | None) -> None:
    """Nothing to show: Settings lists the backups itself."""


def _rights(role: OrgRole) -> frozenset[str]:
    """What the action table and the screens ask for: the domain's actions, and the table's words for two of them."""
    named = {right for right, action in _RIGHTS.items() if can(role, action)}
    return frozenset(named | {action.value for action in Action if can(role, action)})
