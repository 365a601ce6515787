"""Sync & conflicts: how the sync stands and what waits on the left, both versions and the ways out on the right."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.screens.context import ScreenContext
from driveflow_desktop.ui.screens.sync.facts import FactsCard
from driveflow_desktop.ui.screens.sync.inbox_list import InboxList
from driveflow_desktop.ui.screens.sync.presenter import InboxPage, InboxPresenter, Places
from driveflow_desktop.ui.screens.sync.versions import DetailPage
from driveflow_desktop.ui.screens.sync.words import Detail
from driveflow_desktop.ui.shell.actions import Handler
from driveflow_desktop.ui.shell.screen import Screen
from driveflow_desktop.ui.shell.topbar import TopBar
from driveflow_desktop.ui.widgets.buttons import Button
from driveflow_desktop.ui.widgets.panels import EmptyState
from driveflow_desktop.ui.widgets.text import label

_LEFT_WIDTH = 330
_PULSE_MS = 1_000


def sync_screen(context: ScreenContext) -> Screen:
    """Make the screen."""
    return SyncScreen(context)


class SyncScreen(Screen):
    """The inbox, with the state of the sync over it."""

    tables = frozenset({"conflicts", "bookings", "students", "instructors", "services"})

    def __init__(self, context: ScreenContext) -> None:
        super().__init__()
        self._context = context
        self._presenter = InboxPresenter(context.desk, self, context.open_palette)
        self._bar = self._make_bar()
        self.facts = FactsCard(context.sync, context.desk.clock, context.desk.session.user_name)
        self.facts.sign_out_asked.connect(context.sync.sign_out)
        self.conflicts = InboxList(self.tr("Needs your decision"))
        self.notices = InboxList(self.tr("Replaced by later edits"))
        for each in (self.conflicts, self.notices):
            each.picked.connect(self._picked)
        self._heading = label(self.tr("Needs your decision"), weight="bold")
        self._nothing = label(self.tr("Nothing needs your decision."), tone="muted", wrap=True)
        self._more = Button(self.tr("Show older"), kind="quiet")
        self._more.clicked.connect(self._presenter.more)
        self._keep_all = Button(self.tr("Keep all"), kind="quiet")
        self._keep_all.clicked.connect(self._presenter.keep_all)
        self._notice_head = QWidget()
        self.page: DetailPage | None = None
        self._right = QScrollArea()
        self._lay_out()
        self._pulse = QTimer(self)
        self._pulse.setInterval(_PULSE_MS)
        self._pulse.timeout.connect(self.facts.say)
        context.sync.told.connect(self._told)

    def top_bar(self) -> QWidget:
        """Title, backup, sync."""
        return self._bar

    def handlers(self) -> Mapping[str, Handler]:
        """The ways out of the entry on show, by their keys."""
        entry = self._presenter.chosen
        if entry is None:
            return {}
        found: dict[str, Handler] = {"conflict.discard": self._presenter.discard}
        page = self.page
        if page is not None and page.detail.again and not self._presenter.can_place:
            found["conflict.again"] = self._presenter.again
        if self._presenter.can_place:
            found["conflict.place"] = lambda: self._presenter.place(0)
            found["conflict.find"] = self._presenter.find
        return found

    def load(self) -> None:
        """Read the inbox."""
        self._presenter.load()

    def show_argument(self, argument: object) -> None:
        """Go to an entry."""
        if isinstance(argument, UUID):
            self._presenter.choose(argument)

    def activated(self) -> None:
        """Read, and count the seconds on while somebody looks."""
        self.facts.say()
        self._pulse.start()
        self.load()

    def deactivated(self) -> None:
        """No clock while nobody looks."""
        self._pulse.stop()

    # -- the presenter's surface --------------------------------------------------------------------------------

    def show_page(self, page: InboxPage, chosen: UUID | None) -> None:
        """List what waits."""
        self.conflicts.set_rows(page.conflicts, chosen)
        self.notices.set_rows(page.notices, chosen)
        self.conflicts.setVisible(bool(page.conflicts))
        self._nothing.setVisible(not page.conflicts)
        self._more.setVisible(page.more)
        for widget in (self.notices, self._notice_head):
            widget.setVisible(bool(page.notices))

    def show_detail(self, detail: Detail | None) -> None:
        """Show an entry, or that there is none; the one on show stays as it is, with whatever has the keyboard."""
        if detail is not None and self.page is not None and self.page.detail == detail:
            return
        self.page = None
        if detail is None:
            words = self.tr("Nothing needs your decision. What this PC cannot bring home will wait here for you.")
            self._right.setWidget(EmptyState("check-circle", words))
        else:
            self.conflicts.mark(detail.id)
            self.notices.mark(detail.id)
            self.page = self._page(detail)
            self._right.setWidget(self.page)
        self.handlers_changed.emit()

    def show_places(self, places: Places) -> None:
        """Offer free places."""
        if self.page is not None:
            self.page.show_places(places)
        self.handlers_changed.emit()

    def refuse(self, error: UserError, instead: Sequence[tuple[str, Callable[[], None]]]) -> None:
        """Say a refusal where the way out is."""
        if self.page is not None:
            self.page.refuse(error, instead)

    # -- building -----------------------------------------------------------------------------------------------

    def _page(self, detail: Detail) -> DetailPage:
        page = DetailPage(detail)
        page.placed.connect(self._presenter.place)
        page.find_asked.connect(self._presenter.find)
        page.again_asked.connect(self._presenter.again)
        page.discard_asked.connect(self._presenter.discard)
        return page

    def _make_bar(self) -> TopBar:
        bar = TopBar(self.tr("Sync & conflicts"))
        if self._context.sync.is_joined:
            now = Button(self.tr("Sync now"), hint="F5")
            now.clicked.connect(self._context.sync.sync_now)
            bar.add_action(now)
        return bar

    def _lay_out(self) -> None:
        left = QFrame()
        left.setProperty("panel", "surface")
        left.setFixedWidth(_LEFT_WIDTH)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 14, 0, 12)
        column.setSpacing(0)
        column.addWidget(_inset(self.facts))
        column.addSpacing(12)
        column.addWidget(_inset(self._heading))
        column.addSpacing(10)
        column.addWidget(_inset(self._nothing))
        column.addWidget(self.conflicts)
        column.addWidget(_inset(self._more))
        column.addSpacing(12)
        head = QHBoxLayout(self._notice_head)
        head.setContentsMargins(14, 0, 8, 6)
        head.addWidget(label(self.tr("Replaced by later edits"), weight="bold"), 1)
        head.addWidget(self._keep_all)
        column.addWidget(self._notice_head)
        column.addWidget(self.notices)
        column.addStretch(1)
        side = QScrollArea()
        side.setWidgetResizable(True)
        side.setFixedWidth(_LEFT_WIDTH + 1)
        side.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        side.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        side.setWidget(left)
        line = QFrame()
        line.setProperty("line", "true")
        line.setFixedWidth(1)
        self._right.setWidgetResizable(True)
        self._right.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for widget in (side, line):
            row.addWidget(widget)
        row.addWidget(self._right, 1)

    def _told(self) -> None:
        self.facts.say()

    def _picked(self, transaction_id: UUID) -> None:
        self._presenter.choose(transaction_id)


def _inset(widget: QWidget) -> QWidget:
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(14, 0, 14, 0)
    row.addWidget(widget)
    return box
