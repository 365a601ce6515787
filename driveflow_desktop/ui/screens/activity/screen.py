"""Activity: a roster of who did what, before and after beside it."""

from collections.abc import Callable
from typing import cast

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from driveflow_desktop.domain.overview.activity import Change, Key
from driveflow_desktop.domain.tables import synced_tables
from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.ui.screens.activity.presenter import ONE_DAY, ActivityPresenter, Entry, spans, tables
from driveflow_desktop.ui.screens.activity.words import NOTHING
from driveflow_desktop.ui.screens.context import ScreenContext
from driveflow_desktop.ui.shell.screen import Screen
from driveflow_desktop.ui.shell.topbar import TopBar
from driveflow_desktop.ui.widgets.buttons import Button, Segmented
from driveflow_desktop.ui.widgets.fields import DateField
from driveflow_desktop.ui.widgets.panels import EmptyState, FieldList, SidePanel, framed
from driveflow_desktop.ui.widgets.roster_model import Column, Page, PageRequest, RosterModel
from driveflow_desktop.ui.widgets.roster_view import RosterView
from driveflow_desktop.ui.widgets.text import label
from driveflow_desktop.ui.words import tr

_DAY_WIDTH = 170


def activity_screen(context: ScreenContext) -> Screen:
    """Make the screen."""
    return ActivityScreen(context)


class ActivityScreen(Screen):
    """The trail, newest first; filters by kind above it and by day in a line over the roster."""

    tables = frozenset(table.name for table in synced_tables())  # every write has its entry here

    def __init__(self, context: ScreenContext) -> None:
        super().__init__()
        self._presenter = ActivityPresenter(context.desk)
        self._model = RosterModel(_columns(), self._pages, self)
        self.roster = RosterView(self._model, context.memory, "activity", self.tr("Activity"))
        self.roster.set_empty(
            EmptyState("clock-counter-clockwise", self.tr("Nothing was done then. Choose other days or Everything."))
        )
        self.roster.picked.connect(self._picked)
        self.roster.opened.connect(self._presenter.open)
        self.kinds = Segmented(tables(), self.tr("About"))
        self.kinds.chosen.connect(self._kind_chosen)
        self.spans = Segmented(spans(), self.tr("Days"))
        self.spans.chosen.connect(self._span_chosen)
        self.day = DateField(self.tr("Day"), lambda: self._presenter.today)
        self.day.setPlaceholderText(self.tr("last fri, 3 nov"))
        self.day.setFixedWidth(_DAY_WIDTH)
        self.day.changed.connect(self._day_chosen)
        self._bar = TopBar(self.tr("Activity"))
        self._bar.add_tool(self.kinds)
        self.panel = SidePanel(self.tr("Before and after"))
        self.panel.hide()
        self.panel.closed.connect(self._close)
        self._lay_out()

    def top_bar(self) -> QWidget:
        """Title, filter, search."""
        return self._bar

    def refresh(self, changes: Changes) -> None:
        """Bring in what was done since."""
        self._model.refresh()

    def activated(self) -> None:
        """Read the newest entries."""
        self._model.restart()

    def _lay_out(self) -> None:
        tools = QHBoxLayout()
        tools.setSpacing(10)
        tools.addWidget(self.spans)
        tools.addWidget(self.day)
        tools.addStretch(1)
        left = QVBoxLayout()
        left.setContentsMargins(16, 12, 16, 12)
        left.setSpacing(10)
        left.addLayout(tools)
        left.addWidget(framed(self.roster), 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(left, 1)
        row.addWidget(self.panel)

    def _pages(self, request: PageRequest, answer: Callable[[Page[Entry]], None]) -> None:
        after = cast("Key | None", request.after)
        self._presenter.page(after, request.limit, lambda entries, following: answer(Page(entries, following)))

    def _kind_chosen(self, table: str) -> None:
        self._presenter.choose_table(table)
        self._begin_anew()

    def _span_chosen(self, span: str) -> None:
        if span == ONE_DAY:
            self.day.setFocus()
        else:
            self.day.set_value(None)
        self._presenter.choose_span(span, self.day.value)
        self._begin_anew()

    def _day_chosen(self) -> None:
        span = ONE_DAY if self.day.text().strip() else ""
        self.spans.set_value(span)
        self._presenter.choose_span(span, self.day.value)
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._close()
        self._model.restart()

    def _close(self) -> None:
        self.panel.hide()

    def _picked(self, entry: Entry | None) -> None:
        if entry is None:
            self._close()
            return
        self.panel.clear()
        self.panel.set_header(entry.what, f"{entry.who} · {entry.when}", person=False)
        if entry.about:
            self.panel.add(label(entry.about, weight="bold", wrap=True))
        if entry.change is Change.CHANGED:
            for line in entry.lines:
                self.panel.add_heading(line.label)
                before, after = line.before or NOTHING, line.after or NOTHING
                self.panel.add(FieldList([(self.tr("Before"), before), (self.tr("After"), after)]))
        else:
            self.panel.add(FieldList([(line.label, line.after or line.before) for line in entry.lines]))
        if not entry.lines:
            self.panel.add(label(entry.summary or self.tr("Nothing that stands on a screen."), tone="muted", wrap=True))
        if entry.place is not None:
            go = Button(self.tr("Open"))
            go.clicked.connect(lambda: self._presenter.open(entry))
            self.panel.add_button(go, far=True)
        self.panel.show()


def _columns() -> tuple[Column[Entry], ...]:
    return (
        Column("when", tr("Activity", "When"), lambda entry: entry.when, 176, "muted", least=168),
        Column("who", tr("Activity", "Who"), lambda entry: entry.who, 110, least=90),
        Column("what", tr("Activity", "What"), lambda entry: entry.what, 184, "strong", least=150),
        Column("about", tr("Activity", "About"), lambda entry: entry.about, 286, least=150),
        Column("change", tr("Activity", "Change"), lambda entry: entry.summary, 300, stretch=True, least=240),
    )
