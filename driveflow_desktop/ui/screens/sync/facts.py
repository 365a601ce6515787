"""How this PC syncs: state, last sync, what waits, where to, as whom."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from driveflow_desktop.kernel.clock import Clock
from driveflow_desktop.sync.status import SyncState
from driveflow_desktop.ui.shell.sync_link import SyncLink
from driveflow_desktop.ui.shell.sync_words import ago, sync_words
from driveflow_desktop.ui.widgets.buttons import Button
from driveflow_desktop.ui.widgets.marks import IconMark
from driveflow_desktop.ui.widgets.panels import Card, FieldList
from driveflow_desktop.ui.widgets.text import ElidedLabel, label


class FactsCard(Card):
    """The card at the top of the left column."""

    sign_out_asked = Signal()

    def __init__(self, link: SyncLink, clock: Clock, person: str) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Sync"))
        self._link, self._clock, self._person = link, clock, person
        self._mark = IconMark("check-circle", 16, "ok")
        self._state = ElidedLabel(weight="bold")
        self._facts = FieldList()
        self._shown: tuple[tuple[str, str], ...] = ()
        self._problem = label(size="sm", tone="muted", wrap=True)
        self.sign_out = Button(self.tr("Sign out"), kind="quiet")
        self.sign_out.clicked.connect(self.sign_out_asked)
        head = QWidget()
        row = QHBoxLayout(head)
        row.setContentsMargins(14, 10, 10, 6)
        row.setSpacing(8)
        row.addWidget(self._mark)
        row.addWidget(self._state, 1)
        row.addWidget(self.sign_out)
        body = QWidget()
        inside = QHBoxLayout(body)
        inside.setContentsMargins(14, 0, 14, 12)
        inside.addWidget(self._facts)
        self._hint = QWidget()
        under = QHBoxLayout(self._hint)
        under.setContentsMargins(14, 0, 14, 12)
        under.addWidget(self._problem)
        for part in (head, body, self._hint):
            self.add_body(part)
        self.say()

    def say(self) -> None:
        """Write everything anew; reads no database."""
        status, facts, now = self._link.status, self._link.facts, self._clock.now()
        said = sync_words(status, now)
        words = self.tr("Nobody is signed in") if said.signs_in else said.words
        self._mark.set_icon(said.icon, said.tone)
        self._state.setText(words)
        self._state.setAccessibleName(words)
        local = status.state is SyncState.LOCAL
        self.sign_out.setVisible(status.user_id is not None and not local)
        hint = self.tr("This school lives on this PC alone, so there is nothing to sync.") if local else ""
        if status.problem is not None:
            hint = status.problem.hint or status.problem.message
        self._problem.setText(hint)
        self._hint.setVisible(bool(hint))
        rows: tuple[tuple[str, str], ...] = ()
        if not local:
            # Where it is synced, the title says when.
            known = status.state is SyncState.SYNCED
            rows = (
                *(() if known else ((self.tr("Last sync"), ago(status.synced_at, now)),)),
                (self.tr("Waiting"), self._waiting(status.waiting)),
                (self.tr("Service"), facts.address.removeprefix("https://")),
                (self.tr("This PC"), facts.device),
                (self.tr("Signed in"), self._person if status.user_id is not None else self.tr("Nobody")),
            )
        if rows != self._shown:
            self._shown = rows
            self._facts.set_rows(rows)

    def _waiting(self, waiting: int) -> str:
        return self.tr("1 change") if waiting == 1 else self.tr("{n} changes").format(n=f"{waiting:,}")
