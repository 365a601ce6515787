"""The line at the foot of the window: is all saved and synced, how much is here, whose school this is."""

from dataclasses import dataclass

from babel.numbers import format_decimal
from PySide6.QtWidgets import QFrame, QHBoxLayout

from driveflow_desktop.ui.shell.formats import LOCALE
from driveflow_desktop.ui.widgets.marks import Dot, PillTone
from driveflow_desktop.ui.widgets.text import ElidedLabel, label


@dataclass(frozen=True, slots=True)
class Status:
    """What the line says. `sync` is a phrase (“Synced 12 s ago”, “Offline”), whose dot has the tone `tone`."""

    sync: str
    tone: PillTone
    waiting: int
    replica_bytes: int
    bookings: int
    school: str
    zone: str


class StatusBar(QFrame):
    """Dot and phrase, changes waiting, replica size; school and zone on the right."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("panel", "status")
        self.setFixedHeight(28)
        self._dot = Dot()
        self._sync, self._waiting, self._replica = (label(size="sm", tone="muted") for _ in range(3))
        self._school = ElidedLabel(size="sm", tone="muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(18)
        left = QHBoxLayout()
        left.setSpacing(6)
        left.addWidget(self._dot)
        left.addWidget(self._sync)
        row.addLayout(left)
        row.addWidget(self._waiting)
        row.addWidget(self._replica)
        row.addStretch(1)
        row.addWidget(self._school)

    @property
    def words(self) -> str:
        """The whole line as one phrase."""
        parts = (self._sync, self._waiting, self._replica, self._school)
        return ", ".join(each.text() for each in parts if each.text())

    def set_status(self, status: Status) -> None:
        """Say something else."""
        self._dot.set_tone(status.tone)
        self._sync.setText(status.sync)
        waiting = format_decimal(status.waiting, locale=LOCALE)
        one = status.waiting == 1
        self._waiting.setText(
            self.tr("1 change waiting") if one else self.tr("{count} changes waiting").format(count=waiting)
        )
        size = format_decimal(status.replica_bytes / 1_000_000, format="#,##0.0", locale=LOCALE)
        bookings = format_decimal(status.bookings, locale=LOCALE)
        self._replica.setText(self.tr("Replica {size} MB · {bookings} bookings").format(size=size, bookings=bookings))
        self._school.setText(f"{status.school} · {status.zone}")
        self.setAccessibleName(self.words)
