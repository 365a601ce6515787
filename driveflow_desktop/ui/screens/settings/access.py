"""The cards of access: inviting people, and the PCs that hold the school."""

from collections.abc import Sequence
from functools import partial
from typing import cast

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.ports import CallService, Desk
from driveflow_desktop.ui.screens.settings.access_presenter import (
    AccessPresenter,
    DeviceLine,
    InviteChoices,
    Invited,
)
from driveflow_desktop.ui.widgets.buttons import Button, DangerButton
from driveflow_desktop.ui.widgets.form import Line, QuickForm
from driveflow_desktop.ui.widgets.marks import Pill
from driveflow_desktop.ui.widgets.panels import Card, ErrorLine
from driveflow_desktop.ui.widgets.text import ElidedLabel, label
from driveflow_desktop.ui.words import tr


class InviteBox(QWidget):
    """“Invite…”, its form, and the code of what was just made."""

    def __init__(self) -> None:
        super().__init__()
        self.open = Button(self.tr("Invite someone…"))
        self.form: QuickForm | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._column.addWidget(self.open)
        note = self.tr(
            "An invitation is a code. It works once, within 7 days; whoever has not used it is not listed yet."
        )
        self._column.addWidget(label(note, size="sm", tone="muted", wrap=True))

    def set_form(self, form: QuickForm | None) -> None:
        """Show a form instead of the button, or the button again."""
        if self.form is not None:
            self.form.hide()
            self.form.deleteLater()
        self.form = form
        self.open.setVisible(form is None)
        if form is not None:
            self._column.insertWidget(1, form)
            form.show()
            form.begin()

    def add_invited(self, invited: Invited) -> None:
        """Show a code, to be told or copied."""
        row = QWidget()
        inside = QHBoxLayout(row)
        inside.setContentsMargins(0, 0, 0, 0)
        words = self.tr("{email}: code {code}, until {until}")
        told = label(
            words.format(email=invited.email, code=invited.code, until=invited.until), weight="medium", wrap=True
        )
        copy = Button(self.tr("Copy"), kind="quiet")
        copy.setAccessibleName(self.tr("Copy the code for {email}").format(email=invited.email))
        copy.clicked.connect(partial(_copy, invited.code))
        inside.addWidget(told, 1)
        inside.addWidget(copy)
        self._column.addWidget(row)


class Access:
    """Puts the presenter and the cards together; hidden where the person has no business with them."""

    def __init__(self, desk: Desk, call: CallService, members: Card) -> None:
        self.devices = Card(tr("Access", "PCs with this school"))
        self.invite = InviteBox()
        self._members = members
        self._choices = InviteChoices((), ())
        self.presenter = AccessPresenter(desk, call, self)
        if not self.presenter.may_manage:
            self.devices.hide()
        self.invite.setParent(members)  # until it has its row
        self.invite.hide()
        self.invite.open.clicked.connect(self._open_form)
        if self.presenter.may_manage:
            self.devices.add_row(label(tr("Access", "Asking the service…"), tone="muted"))

    def show_choices(self, choices: InviteChoices) -> None:
        """Remember what the form offers."""
        self._choices = choices

    def show_invited(self, invited: Invited) -> None:
        """Show the code."""
        self.invite.add_invited(invited)

    def show_devices(self, devices: Sequence[DeviceLine]) -> None:
        """List the PCs."""
        self.devices.clear_rows()
        for each in devices:
            self.devices.add_row(self._row(each))

    def show_devices_failure(self, error: UserError) -> None:
        """Say why they are not listed."""
        self.devices.clear_rows()
        line = ErrorLine()
        self.devices.add_row(line)
        line.show_error(error)
        again = Button(tr("Access", "Try again"))
        again.clicked.connect(self.presenter.load)
        self.devices.add_row(again)

    def _open_form(self) -> None:
        lines = (
            Line("email", tr("Access", "E-mail"), "dana@example.com"),
            Line("role", tr("Access", "Role"), text=self._choices.roles[0][0], choices=self._choices.roles),
            Line("instructor_id", tr("Access", "Which instructor"), choices=self._choices.instructors),
        )
        form = QuickForm(tr("Access", "Invite someone"), lines, tr("Access", "Invite"), titled=False)
        form.submitted.connect(partial(self._submitted, form))
        form.cancelled.connect(partial(self.invite.set_form, None))
        self.invite.set_form(form)

    def _submitted(self, form: QuickForm, texts: object) -> None:
        done = partial(self.invite.set_form, None)
        self.presenter.invite(cast("dict[str, str]", texts), done, form.refuse)

    def _row(self, device: DeviceLine) -> QWidget:
        row = QWidget()
        inside = QHBoxLayout(row)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(8)
        names = QVBoxLayout()
        names.setSpacing(1)
        names.addWidget(ElidedLabel(device.name, weight="bold"))
        names.addWidget(ElidedLabel(device.about, size="sm", tone="muted"))
        inside.addLayout(names, 1)
        inside.addWidget(Pill(device.pill, device.tone))
        if device.can_revoke:
            revoke = Button(tr("Access", "Revoke…"), kind="quiet")
            revoke.setAccessibleName(tr("Access", "Revoke the access of {name}").format(name=device.name))
            revoke.clicked.connect(partial(self._confirm, row, revoke, device))
            inside.addWidget(revoke)
        return row

    def _confirm(self, row: QWidget, revoke: Button, device: DeviceLine) -> None:
        """No undo here: a second button says what it does before it is done."""
        revoke.hide()
        sure = DangerButton(tr("Access", "End its access"))
        sure.setToolTip(tr("Access", "It locks when it next asks, and offers to wipe its copy."))
        sure.clicked.connect(partial(self.presenter.revoke, device))
        cast("QHBoxLayout", row.layout()).addWidget(sure)
        sure.setFocus()


def _copy(code: str) -> None:
    QGuiApplication.clipboard().setText(code)
