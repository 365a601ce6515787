"""The two cards in the middle: the week, and what is different on dates."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from driveflow_desktop.ui.screens.instructors.days import DayRow
from driveflow_desktop.ui.screens.instructors.week import Version
from driveflow_desktop.ui.screens.instructors.week_view import WeekEditor
from driveflow_desktop.ui.screens.instructors.words import day_names
from driveflow_desktop.ui.widgets.buttons import Button
from driveflow_desktop.ui.widgets.memory import Memory
from driveflow_desktop.ui.widgets.panels import Card, EmptyState
from driveflow_desktop.ui.widgets.picker import Combo
from driveflow_desktop.ui.widgets.roster_model import Column, Page, PageRequest, RosterModel
from driveflow_desktop.ui.widgets.roster_view import RosterView
from driveflow_desktop.ui.widgets.text import ElidedLabel


class WeekCard(Card):
    """Weekly hours, with the choice of the week where later ones are planned."""

    chosen = Signal(int)
    """The place of the week to show."""

    def __init__(self) -> None:
        super().__init__(" ")
        self.set_title(self.tr("Weekly hours"))
        self._when = ElidedLabel(size="sm", tone="muted")
        self._choice = Combo()
        self._choice.setAccessibleName(self.tr("Which week"))
        self._choice.activated.connect(self.chosen)
        self.begin = Button(self.tr("New hours from…"))
        self.copy = Button(self.tr("Copy to…"))
        self.add_to_title(self._when, beside=True)
        for widget in (self._choice, self.begin, self.copy):
            self.add_to_title(widget)
        self.editor = WeekEditor(day_names())
        self.add_body(self.editor)

    def show_week(self, version: Version, title: str, choices: Sequence[str], chosen: int, locked: str) -> None:
        """Show a week; `choices` are all weeks, the present one first."""
        hint = self.tr("drag to change, double-click to add")
        self._when.setText(locked or (f"{title} · {hint}" if title else hint))
        self._choice.setVisible(len(choices) > 1)
        self._choice.clear()
        self._choice.addItems(list(choices))
        self._choice.setCurrentIndex(chosen)
        for button in (self.begin, self.copy):
            button.setEnabled(not locked)
            button.setToolTip(locked)
        self.editor.show_version(version, editable=not locked)


class _Table(RosterView[DayRow]):
    """The dates; Delete takes one back, Enter opens or closes a holiday."""

    removed = Signal(object)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete takes the row back."""
        if event.key() == Qt.Key.Key_Delete and self.current_row is not None:
            self.removed.emit(self.current_row)
            return
        super().keyPressEvent(event)


class DaysCard(Card):
    """Exceptions and holidays ahead, with what can be done to the picked one at the foot."""

    remove_asked = Signal(object)
    toggle_asked = Signal(object)

    def __init__(self, memory: Memory) -> None:
        super().__init__(" ")
        self.set_title(self.tr("Exceptions and holidays"))
        self.leave = Button(self.tr("Add leave…"))
        self.extra = Button(self.tr("Open day…"))
        self.holidays = Button(self.tr("Holidays…"))
        for button in (self.extra, self.leave):
            self.add_to_title(button)
        self._rows: tuple[DayRow, ...] = ()
        self._locked = self._holidays_locked = ""
        self._model = RosterModel(_columns(self), self._page, self)
        self.table = _Table(self._model, memory, "days", self.tr("Exceptions and holidays"))
        self.table.verticalHeader().setDefaultSectionSize(36)
        self.table.set_empty(
            EmptyState(
                "calendar-check", self.tr("Leave, extra days and holidays stand here. The week holds on all others.")
            )
        )
        self.table.removed.connect(self.remove_asked)
        self.table.picked.connect(self._offer)
        self.table.opened.connect(self._open)
        self.add_body(self.table, 1)
        self.toggle = Button(self.tr("Give lessons that day"))
        self.toggle.clicked.connect(lambda: self._with_row(self.toggle_asked.emit))
        self.remove = Button(self.tr("Remove"), hint="Del")
        self.remove.clicked.connect(lambda: self._with_row(self.remove_asked.emit))
        foot = QWidget()
        row = QHBoxLayout(foot)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.holidays)
        row.addStretch(1)
        row.addWidget(self.toggle)
        row.addWidget(self.remove)
        self.add_row(foot)
        self._offer(None)

    def show_days(self, rows: tuple[DayRow, ...], locked: str, holidays_locked: str) -> None:
        """Show what is different on dates."""
        self._rows, self._locked, self._holidays_locked = rows, locked, holidays_locked
        for button in (self.leave, self.extra):
            button.setEnabled(not locked)
            button.setToolTip(locked)
        self.holidays.setEnabled(not holidays_locked)
        self.holidays.setToolTip(holidays_locked)
        self._model.refresh()
        self._offer(self.table.current_row)

    def _page(self, _request: PageRequest, answer: Callable[[Page[DayRow]], None]) -> None:
        answer(Page(self._rows, None, len(self._rows)))

    def _offer(self, row: DayRow | None) -> None:
        holiday = row is not None and row.kind == "holiday"
        locked = self._holidays_locked if holiday else self._locked
        self.remove.setEnabled(row is not None and not locked)
        self.remove.setToolTip(locked)
        self.toggle.setVisible(holiday)
        self.toggle.setEnabled(not locked)
        if row is not None and holiday:
            self.toggle.setText(self.tr("Give lessons that day") if row.closed else self.tr("Close that day"))
            self.toggle.setAccessibleName(self.toggle.text())

    def _open(self, row: DayRow) -> None:
        if row.kind == "holiday" and not self._holidays_locked:
            self.toggle_asked.emit(row)

    def _with_row(self, act: Callable[[DayRow], None]) -> None:
        row = self.table.current_row
        if row is not None:
            act(row)


def _columns(card: QWidget) -> tuple[Column[DayRow], ...]:
    return (
        Column("when", card.tr("Date"), lambda row: row.when, width=190, kind="strong", least=140),
        Column("hours", card.tr("Hours"), lambda row: row.hours, width=176, least=112),
        Column("reason", card.tr("Reason"), lambda row: row.reason, width=200, kind="muted", stretch=True),
    )
