"""Services & rates: services down, rate cards across, and what is picked in the side panel."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from uuid import UUID

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from driveflow_desktop.ui.editing import Cell
from driveflow_desktop.ui.screens.context import ScreenContext
from driveflow_desktop.ui.screens.services.panel import ServicesPanel
from driveflow_desktop.ui.screens.services.presenter import CardHead, ServiceRow, ServicesPage, ServicesPresenter
from driveflow_desktop.ui.shell.screen import Screen
from driveflow_desktop.ui.shell.topbar import TopBar
from driveflow_desktop.ui.widgets.buttons import Button, ChipRow, PrimaryButton
from driveflow_desktop.ui.widgets.marks import PillTone
from driveflow_desktop.ui.widgets.panels import EmptyState
from driveflow_desktop.ui.widgets.roster_edit import EditableRoster
from driveflow_desktop.ui.widgets.roster_model import Column, Page, PageRequest, RosterModel
from driveflow_desktop.ui.widgets.text import label

_TONES: Mapping[bool, PillTone] = {True: "ok", False: "neutral"}


def services_screen(context: ScreenContext) -> Screen:
    """Make the screen."""
    return ServicesScreen(context)


class ServicesScreen(Screen):
    """The matrix is one table: name, duration, kind, then a column of prices per rate card."""

    tables = frozenset({"services", "rate_cards", "rate_card_items"})

    def __init__(self, context: ScreenContext) -> None:
        super().__init__()
        self._memory = context.memory
        self._presenter = ServicesPresenter(context.desk, self._show)
        self._page = ServicesPage()
        self.panel = ServicesPanel(self._presenter)
        self.panel.closed.connect(self._panel_closed)
        self.panel.moved.connect(self._moved)
        self._bar = TopBar(self.tr("Services & rates"))
        new_card = Button(self.tr("New rate card…"))
        new_card.clicked.connect(self.panel.new_card)
        self.new_service = PrimaryButton(self.tr("New service"))
        self.new_service.clicked.connect(self.panel.new_service)
        for button in (new_card, self.new_service):
            button.setEnabled(not self._presenter.locked)
            button.setToolTip(self._presenter.locked)
            self._bar.add_action(button)
        self._cards = ChipRow()
        self._cards.clicked.connect(lambda chip: self.panel.show_card(UUID(chip)))
        self._said = label(size="sm", tone="muted")
        self.table: EditableRoster[ServiceRow] | None = None
        self._wanted: UUID | None = None
        self._model: RosterModel[ServiceRow] | None = None
        self._card = QFrame()
        self._card.setProperty("panel", "card")
        self._inside = QVBoxLayout(self._card)
        self._inside.setContentsMargins(1, 1, 1, 1)
        self._lay_out()

    def top_bar(self) -> QWidget:
        """Title, search, New rate card, New service."""
        return self._bar

    def load(self) -> None:
        """Read."""
        self._presenter.load()

    def show_argument(self, argument: object) -> None:
        """Pick a service by id."""
        if isinstance(argument, UUID):
            self._moved(argument)

    def _lay_out(self) -> None:
        heads = QHBoxLayout()
        heads.setSpacing(8)
        heads.addWidget(label(self.tr("Rate cards"), size="sm", tone="muted"), 0, Qt.AlignmentFlag.AlignVCenter)
        heads.addWidget(self._cards, 1)
        heads.addWidget(self._said, 0, Qt.AlignmentFlag.AlignVCenter)
        main = QVBoxLayout()
        main.setContentsMargins(16, 14, 16, 16)
        main.setSpacing(10)
        main.addLayout(heads)
        main.addWidget(self._card, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(main, 1)
        row.addWidget(self.panel)

    def _show(self, page: ServicesPage) -> None:
        before, self._page = self._page, page
        if self.table is None or self._model is None or page.cards != before.cards:
            self._make_table(page.cards)
        else:
            self._model.refresh()
        self._cards.set_chips([(str(card.id), f"{card.title} · {card.note}") for card in page.cards])
        offered = sum(1 for row in page.rows if row.active)
        self._said.setText(self.tr("{offered} of {all} offered").format(offered=offered, all=len(page.rows)))
        if not self.panel.reload():
            self._picked(self.table.current_row if self.table is not None else None)
        if self._wanted is not None and self.table is not None and self.table.pick(self._wanted):
            self._wanted = None

    def _make_table(self, cards: Sequence[CardHead]) -> None:
        """A new table for other rate cards; the row that was picked stays so."""
        picked = self.table.current_row if self.table is not None else None
        had_focus = self.table is not None and self.table.hasFocus()
        if self.table is not None:
            self._inside.removeWidget(self.table)
            self.table.hide()
            self.table.deleteLater()
        self._model = RosterModel(self._columns(cards), self._rows, self)
        self.table = EditableRoster(
            self._model, self._memory, "services", self.tr("Services and their prices"), self._cell
        )
        self.table.asked.connect(self._ask)
        self.table.refused.connect(self.message_only)
        self.table.opened.connect(lambda _row: self.panel.setFocus())
        empty = EmptyState("tag", self.tr("Services are what students book: a lesson, a driving test, a highway trip."))
        self.table.set_empty(empty)
        self._inside.addWidget(self.table)
        self._model.restart()
        if picked is not None:
            self.table.pick(picked.id)
        elif self._page.rows:
            self.table.pick(self._page.rows[0].id)
        self.table.picked.connect(self._picked)
        if had_focus:
            self.table.setFocus()

    def message_only(self, text: str) -> None:
        """Say something in a toast."""
        self.message.emit(text, None)

    def _columns(self, cards: Sequence[CardHead]) -> Sequence[Column[ServiceRow]]:
        return (
            Column("name", self.tr("Service"), lambda row: row.name, kind="strong", width=200, least=130, stretch=True),
            Column("duration", self.tr("Duration"), lambda row: row.duration, width=90, kind="number"),
            Column("kind", self.tr("Kind"), lambda row: row.kind, width=130, least=116),
            Column("state", self.tr("State"), lambda row: row.state, width=110, least=86, kind="pill", tone=_tone),
            *(
                Column(str(card.id), card.title, partial(_price, card.id), width=130, least=116, kind="strong_number")
                for card in cards
            ),
        )

    def _rows(self, _request: PageRequest, answer: Callable[[Page[ServiceRow]], None]) -> None:
        answer(Page(self._page.rows, None, len(self._page.rows)))

    def _cell(self, row: ServiceRow, column: str) -> Cell | None:
        return None if column == "state" else self._presenter.cell(row, column)

    def _ask(self, row: ServiceRow, column: str, text: str) -> None:
        if self.table is not None:
            self._presenter.edit_cell(row, column, text, self.table.saved, self.table.refuse)

    def _picked(self, row: ServiceRow | None) -> None:
        if row is not None and not self.panel.is_busy:
            self.panel.show_service(row.id)

    def _moved(self, service_id: UUID) -> None:
        if self.table is None or not self.table.pick(service_id):
            self._wanted = service_id

    def _panel_closed(self) -> None:
        if self.table is not None:
            self._picked(self.table.current_row)
            self.table.setFocus()


def _price(card_id: UUID, row: ServiceRow) -> str:
    return row.price(card_id)


def _tone(row: ServiceRow) -> PillTone:
    if row.active and not row.prices:
        return "warn"
    return _TONES[row.active]
