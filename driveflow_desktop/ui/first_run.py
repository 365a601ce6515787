"""The first start on a PC: create a school or look at the demo. And the two dialogs that may stand before a window."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QInputDialog, QLineEdit, QMessageBox, QVBoxLayout

from driveflow_desktop.domain.identity.commands import NewSchool, NewUser, check_new_school
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.ids import IdSource
from driveflow_desktop.ui.ports import JoinPort
from driveflow_desktop.ui.widgets.buttons import Button
from driveflow_desktop.ui.widgets.form import Line, QuickForm
from driveflow_desktop.ui.widgets.panels import Card
from driveflow_desktop.ui.widgets.text import label

if TYPE_CHECKING:
    from driveflow_desktop.ui.join import JoinCard

_ZONES = {
    "NSW": "Australia/Sydney",
    "VIC": "Australia/Melbourne",
    "QLD": "Australia/Brisbane",
    "SA": "Australia/Adelaide",
    "WA": "Australia/Perth",
    "TAS": "Australia/Hobart",
    "ACT": "Australia/Sydney",
    "NT": "Australia/Darwin",
}


def _tr(text: str) -> str:
    return QCoreApplication.translate("FirstRun", text)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the person wants: a school of their own (`school`), one that was `joined` and is here now, or the demo."""

    school: NewSchool | None
    joined: bool = False


class FirstRun(QDialog):
    """Welcome, with the form of a new school and the way to the demo."""

    def __init__(self, ids: IdSource, join: JoinPort | None = None) -> None:
        """`join` is how a school is joined; without it, that is not offered."""
        super().__init__()
        self._ids = ids
        self.choice: Choice | None = None
        self.setWindowTitle(_tr("Welcome to DriveFlow"))
        self.setAccessibleName(_tr("Welcome to DriveFlow"))
        column = QVBoxLayout(self)
        self.setMinimumWidth(700)
        column.setContentsMargins(32, 28, 32, 28)
        column.setSpacing(16)
        column.addWidget(label(_tr("Welcome to DriveFlow"), size="2xl", weight="bold"))
        column.addWidget(
            label(_tr("Your school’s data stays on this PC, encrypted. No internet is needed."), tone="muted")
        )
        row = QHBoxLayout()
        row.setSpacing(16)
        self._create = self._create_card()
        row.addWidget(self._create, 3)
        self.join = None if join is None else _join_card(join)
        beside = QVBoxLayout()
        beside.setSpacing(16)
        if self.join is not None:
            row.addWidget(self.join, 3)
            self._offer = self._offer_join(self.join)
            beside.addWidget(self._offer)
        beside.addWidget(self._demo_card())
        beside.addStretch(1)
        row.addLayout(beside, 2)
        column.addLayout(row)
        self.form.begin()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc stops what runs, else leaves; Enter belongs to the form."""
        if event.key() != Qt.Key.Key_Escape:
            return
        if self.join is not None and self.join.is_running:
            self.join.stop()
        else:
            super().keyPressEvent(event)

    def reject(self) -> None:
        """Leave; a school that is being fetched is given up with it."""
        if self.join is not None:
            self.join.stop()
        super().reject()

    def _create_card(self) -> Card:
        lines = (
            Line("name", _tr("School"), _tr("Harbour Driving School")),
            Line("full_name", _tr("Your name"), _tr("Jo Hart")),
            Line("email", _tr("Your e-mail"), _tr("jo@example.com")),
            Line("phone", _tr("Your mobile (optional)"), "0412 345 678"),
            Line("region", _tr("State or territory"), text="NSW", choices=tuple((code, code) for code in _ZONES)),
            Line("gst", _tr("Registered for GST"), flag=True),
        )
        self.form = QuickForm(_tr("Create a school"), lines, _tr("Create school"))
        self.form.submitted.connect(self._submitted)
        self.form.cancelled.connect(self.reject)
        return _card_around(self.form)

    def _offer_join(self, join: "JoinCard") -> Card:
        card = Card(_tr("Join a school"))
        card.add_row(label(_tr("Your school uses DriveFlow already, on other PCs."), tone="muted", wrap=True))
        self.begin_join = Button(_tr("Join a school…"))
        self.begin_join.clicked.connect(self._begin_join)
        card.add_row(self.begin_join)
        join.joined.connect(self._joined)
        join.given_up.connect(self._begin_create)
        join.running_changed.connect(self._fetching)
        join.hide()
        return card

    def _begin_join(self) -> None:
        if self.join is not None:
            self._create.hide()
            self._offer.hide()
            self.join.show()
            self.join.begin()

    def _begin_create(self) -> None:
        if self.join is not None:
            self.join.hide()
            self._offer.show()
            self._create.show()
            self.form.begin()

    def _fetching(self, running: bool) -> None:
        self.demo.setEnabled(not running)

    def _joined(self) -> None:
        self.choice = Choice(None, joined=True)
        self.accept()

    def _demo_card(self) -> Card:
        card = Card(_tr("Look around first"))
        words = label(_tr("A made-up school with a busy day, in a folder of its own."), tone="muted", wrap=True)
        card.add_row(words)
        self.demo = Button(_tr("Open the demo school"))
        self.demo.clicked.connect(self._demo)
        card.add_row(self.demo)
        return card

    def _demo(self) -> None:
        self.choice = Choice(None)
        self.accept()

    def _submitted(self, texts: object) -> None:
        try:
            self.choice = Choice(self._school(cast("dict[str, str]", texts)))
        except UserError as error:
            self.form.refuse(error)
            self.adjustSize()
            return
        self.accept()

    def _school(self, texts: dict[str, str]) -> NewSchool:
        region = texts["region"]
        owner = NewUser(self._ids.new(), texts["email"], texts["full_name"], texts["phone"])
        request = NewSchool(texts["name"], owner, _ZONES[region], region=region, gst_registered=bool(texts["gst"]))
        check_new_school(request)
        return request


def choose_school(ids: IdSource, join: JoinPort | None = None) -> Choice | None:
    """Ask what to begin with; None when the person leaves."""
    dialog = FirstRun(ids, join)
    dialog.exec()
    return dialog.choice


def ask_passphrase() -> str:
    """Ask for the passphrase that the replica's key is made from; leaving cancels the start."""
    given, accepted = QInputDialog.getText(
        cast("QDialog", None),
        _tr("Passphrase"),
        _tr("This computer has no keyring. Passphrase of the school’s data (12 characters or more):"),
        QLineEdit.EchoMode.Password,
    )
    if not accepted:
        raise UserError("cancelled", _tr("Nothing was opened."))
    return given


def show_failure(error: UserError) -> None:
    """Say why the school could not be opened, before there is a window to say it in."""
    box = QMessageBox(QMessageBox.Icon.Warning, _tr("DriveFlow"), error.message)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setInformativeText(error.hint)
    box.exec()


def _join_card(port: JoinPort) -> "JoinCard":
    from driveflow_desktop.ui.join import JoinCard

    return JoinCard(port)


def _card_around(form: QuickForm) -> Card:
    card = Card()
    card.add_row(form)
    return card
