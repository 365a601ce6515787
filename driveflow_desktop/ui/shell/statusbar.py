"""The line at the foot of the window: is all saved and synced, how much is here, whose school this is."""

from dataclasses import dataclass

from babel.numbers import format_decimal
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout

from driveflow_desktop.ui.shell.formats import LOCALE
from driveflow_desktop.ui.shell.sync_words import SyncWords, waiting_words
from driveflow_desktop.ui.widgets.buttons import Button
from driveflow_desktop.ui.widgets.marks import IconMark
from driveflow_desktop.ui.widgets.text import ElidedLabel, label


@dataclass(frozen=True, slots=True)
class Status:
    """What is here: sizes, school and zone."""

    replica_bytes: int
    bookings: int
    school: str
    zone: str


class StatusBar(QFrame):
    """Icon and phrase of the sync, changes waiting, replica size; school and zone on the right."""

    sign_in_asked = Signal()
    """The person pressed “Sign in…”."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("panel", "status")
        self.setFixedHeight(28)
        self._mark = IconMark("check-circle", 14, "ok")
        self._sync = ElidedLabel(size="sm", tone="muted")
        self._sign_in = Button("", kind="mini")
        self._sign_in.clicked.connect(self.sign_in_asked)
        self._sign_in.hide()
        self._waiting, self._replica = (label(size="sm", tone="muted") for _ in range(2))
        self._school = ElidedLabel(size="sm", tone="muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(18)
        left = QHBoxLayout()
        left.setSpacing(6)
        for widget in (self._mark, self._sync, self._sign_in):
            left.addWidget(widget)
        row.addLayout(left)
        row.addWidget(self._waiting)
        row.addWidget(self._replica)
        row.addStretch(1)
        row.addWidget(self._school)

    @property
    def words(self) -> str:
        """The whole line as one phrase."""
        waiting = "" if self._waiting.isHidden() else self._waiting.text()
        parts = (self._sync.text(), waiting, self._replica.text(), self._school.text())
        return ", ".join(part for part in parts if part)

    def set_sync(self, sync: SyncWords, waiting: int) -> None:
        """Say how the sync stands; `waiting` changes are counted beside it where the phrase does not."""
        self._mark.set_icon(sync.icon, sync.tone)
        self._sync.setText(sync.words)
        self._sync.setVisible(not sync.signs_in)
        self._sign_in.setText(sync.words)
        self._sign_in.setAccessibleName(sync.words)
        self._sign_in.setVisible(sync.signs_in)
        self._waiting.setText(waiting_words(waiting))
        self._waiting.setVisible(not sync.counts)
        self.setAccessibleName(self.words)

    def set_status(self, status: Status) -> None:
        """Say what is here."""
        size = format_decimal(status.replica_bytes / 1_000_000, format="#,##0.0", locale=LOCALE)
        bookings = format_decimal(status.bookings, locale=LOCALE)
        one = status.bookings == 1
        words = self.tr("Replica {size} MB · 1 booking") if one else self.tr("Replica {size} MB · {bookings} bookings")
        self._replica.setText(words.format(size=size, bookings=bookings))
        self._school.setText(f"{status.school} · {status.zone}")
        self.setAccessibleName(self.words)
