"""Signing in on a PC that holds the school already: the dialog, and the screen that covers a locked window."""

from typing import cast

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.shell.sync_link import SyncLink
from driveflow_desktop.ui.widgets.buttons import Button, DangerButton
from driveflow_desktop.ui.widgets.form import Line, QuickForm
from driveflow_desktop.ui.widgets.marks import IconMark
from driveflow_desktop.ui.widgets.memory import Memory
from driveflow_desktop.ui.widgets.panels import Card
from driveflow_desktop.ui.widgets.text import label

EMAIL_KEPT = "sync/email"
_WIDTH = 420


def _tr(text: str) -> str:
    return QCoreApplication.translate("SignIn", text)


class SignInForm(QWidget):
    """E-mail and password; the e-mail is remembered on this PC, the password never."""

    done = Signal()
    """Somebody is signed in."""
    given_up = Signal()
    """The person left."""

    def __init__(self, link: SyncLink, memory: Memory) -> None:
        super().__init__()
        self._link, self._memory = link, memory
        email = link.facts.email or memory.read(EMAIL_KEPT) or ""
        lines = (
            Line("email", _tr("E-mail"), _tr("jo@example.com"), email),
            Line("password", _tr("Password"), secret=True),
        )
        self.form = QuickForm(_tr("Sign in"), lines, _tr("Sign in"), titled=False)
        self.form.submitted.connect(self._submitted)
        self.form.cancelled.connect(self.given_up)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.form)
        self._begin_at = "password" if email else "email"

    def begin(self) -> None:
        """Give the keyboard to the first empty line."""
        self.form.editor(self._begin_at).setFocus()

    def _submitted(self, texts: object) -> None:
        typed = cast("dict[str, str]", texts)
        email = typed["email"].strip()
        for column, value in (("email", email), ("password", typed["password"])):
            if not value:
                self.form.refuse(UserError("invalid", _tr("This is needed."), column=column))
                return

        def signed_in() -> None:
            self._memory.write(EMAIL_KEPT, email)
            self.done.emit()

        self._link.sign_in(email, typed["password"], signed_in, self._refused)

    def _refused(self, error: UserError) -> None:
        self.form.refuse(error)
        self.form.editor("password").setFocus()


class SignInDialog(QDialog):
    """Sign-in over the window; Esc leaves it."""

    def __init__(self, link: SyncLink, memory: Memory, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_tr("Sign in"))
        self.setAccessibleName(_tr("Sign in"))
        self.setMinimumWidth(_WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(label(_tr("Sign in to sync"), size="lg", weight="bold"))
        words = _tr("Until then everything is saved on this PC, and goes to the others afterwards.")
        column.addWidget(label(words, tone="muted", wrap=True))
        self.inside = SignInForm(link, memory)
        self.inside.done.connect(self.accept)
        self.inside.given_up.connect(self.reject)
        column.addWidget(self.inside)
        self.inside.begin()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves; Enter belongs to the form."""
        if event.key() == Qt.Key.Key_Escape:
            super().keyPressEvent(event)


class LockScreen(QWidget):
    """What a revoked PC shows instead of the school: sign in again, or remove the copy."""

    def __init__(self, link: SyncLink, memory: Memory, school: str) -> None:
        super().__init__()
        self._link = link
        self.setAccessibleName(_tr("Locked"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        card = Card()
        card.setFixedWidth(_WIDTH + 40)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(24, 22, 24, 22)
        column.setSpacing(12)
        column.addWidget(IconMark("lock", 28, "bad"))
        column.addWidget(label(_tr("This PC is locked"), size="xl", weight="bold"))
        words = _tr(
            "{school} has ended this PC’s access. Nothing is shown, sent or fetched until someone signs in again."
        )
        column.addWidget(label(words.format(school=school), tone="muted", wrap=True))
        self.sign_in = Button(_tr("Sign in again"))
        self.sign_in.clicked.connect(self._show_form)
        self.wipe = DangerButton(_tr("Wipe this PC’s copy…"))
        self.wipe.clicked.connect(self._ask)
        self.form = SignInForm(link, memory)
        self.form.given_up.connect(self._show_choice)
        self._choice, self._sure = QWidget(), QWidget()
        self._fill(self._choice, self.sign_in, self.wipe)
        column.addWidget(self._choice)
        column.addWidget(self.form)
        column.addWidget(self._warning())
        card.add_body(inner)
        # Stretches, not an alignment: an aligned layout forgets that wrapped words need more height.
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(card)
        middle.addStretch(1)
        outer = QVBoxLayout(self)
        outer.addStretch(1)
        outer.addLayout(middle)
        outer.addStretch(2)
        self._show_choice()

    def _warning(self) -> QWidget:
        column = QVBoxLayout(self._sure)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        waiting = self._link.status.waiting
        words = _tr("The school’s data on this PC is removed for good. The school keeps its own.")
        if waiting:
            lost = _tr("{n} changes that were never sent are lost with it.").format(n=waiting)
            words = f"{words} {lost}"
        column.addWidget(label(words, tone="bad", wrap=True))
        self.wipe_now = DangerButton(_tr("Yes, wipe it now"))
        self.wipe_now.clicked.connect(self._link.wipe)
        self.keep = Button(_tr("Keep it"))
        self.keep.clicked.connect(self._show_choice)
        buttons = QWidget()
        self._fill(buttons, self.wipe_now, self.keep)
        column.addWidget(buttons)
        return self._sure

    @staticmethod
    def _fill(box: QWidget, *buttons: QWidget) -> None:
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for button in buttons:
            row.addWidget(button)
        row.addStretch(1)

    def _show_only(self, shown: QWidget) -> None:
        for part in (self._choice, self.form, self._sure):
            part.setVisible(part is shown)

    def _show_choice(self) -> None:
        self._show_only(self._choice)
        self.sign_in.setFocus()

    def _show_form(self) -> None:
        self._show_only(self.form)
        self.form.begin()

    def _ask(self) -> None:
        self._show_only(self._sure)
        self.keep.setFocus()
