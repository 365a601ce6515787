"""Joining a school at the first start: address, then an invitation or an account; the first sync with its progress."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit
from uuid import UUID

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.ports import JoinPort, JoinProgress, JoinRequest
from driveflow_desktop.ui.shell.ui_thread import UiThread
from driveflow_desktop.ui.widgets.buttons import Button, Segmented
from driveflow_desktop.ui.widgets.form import Line, QuickForm
from driveflow_desktop.ui.widgets.panels import Card
from driveflow_desktop.ui.widgets.text import label

if TYPE_CHECKING:
    from driveflow_desktop.sync.session_protocol import Membership

SHORTEST_PASSWORD: Final = 12
_INVITED, _MEMBER = "invited", "member"


def _tr(text: str) -> str:
    return QCoreApplication.translate("Join", text)


class JoinCard(Card):
    """The form, and while the school is fetched its progress. Everything that goes wrong is said in the form."""

    joined = Signal()
    """The school is on this PC."""
    given_up = Signal()
    """The person went back."""
    running_changed = Signal(bool)
    """Fetching began, or ended."""

    def __init__(self, port: JoinPort) -> None:
        super().__init__(_tr("Join a school"))
        self._port = port
        self._ui = UiThread(self)
        self._running = False
        self._request: JoinRequest | None = None
        self.kind = Segmented(
            [(_INVITED, _tr("I have an invitation")), (_MEMBER, _tr("I have an account"))], _tr("How to join")
        )
        self.kind.chosen.connect(self._switch)
        self.forms = {_INVITED: self._form(_invited_lines()), _MEMBER: self._form(_member_lines())}
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName(_tr("First sync"))
        self._words = label("", tone="muted", wrap=True)
        self.cancel = Button(_tr("Cancel"), hint="Esc")
        self.cancel.clicked.connect(self.stop)
        self._fetching = QWidget()
        column = QVBoxLayout(self._fetching)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        for widget in (self._words, self.progress, self.cancel):
            column.addWidget(widget)
        self.schools: QuickForm | None = None
        self._box = QWidget()
        self._inside = QVBoxLayout(self._box)
        self._inside.setContentsMargins(0, 0, 0, 0)
        self._inside.setSpacing(12)
        self._inside.addWidget(self.kind)
        for form in self.forms.values():
            self._inside.addWidget(form)
        self._inside.addWidget(self._fetching)
        self.add_row(self._box)
        self.add_body(QWidget(), 1)
        self._show_only(self.forms[_INVITED])

    @property
    def is_running(self) -> bool:
        """Whether a school is being fetched."""
        return self._running

    @property
    def words(self) -> str:
        """How far the first sync is, in words."""
        return self._words.text()

    def begin(self) -> None:
        """Give the keyboard to the form."""
        self.forms[self.kind.value].begin()

    def stop(self) -> None:
        """Give up fetching; the port says when it has stopped."""
        if self._running:
            self._port.cancel()

    def _form(self, lines: Sequence[Line]) -> QuickForm:
        form = QuickForm(_tr("Join a school"), lines, _tr("Join"), titled=False)
        form.submitted.connect(partial(self._submitted, form))
        form.cancelled.connect(self.given_up)
        return form

    def _switch(self, kind: str) -> None:
        self._show_only(self.forms[kind])
        self.begin()

    def _submitted(self, form: QuickForm, texts: object) -> None:
        try:
            request = request_of(cast("dict[str, str]", texts))
        except UserError as error:
            form.refuse(error)
            return
        self._join(request)

    def _join(self, request: JoinRequest) -> None:
        self._request = request
        self._set_running(True)
        self._say(JoinProgress(0, 0))
        self._show_only(self._fetching)
        self.cancel.setFocus()
        later = self._ui.later
        self._port.join(
            request,
            lambda progress: later(partial(self._say, progress)),
            lambda: later(self._done),
            lambda error: later(partial(self._failed, error)),
        )

    def _say(self, progress: JoinProgress) -> None:
        if progress.total <= 0:
            self.progress.setRange(0, 0)
            self._words.setText(_tr("Signing in…"))
            return
        percent = min(100, progress.taken * 100 // progress.total)
        self.progress.setRange(0, 100)
        self.progress.setValue(percent)
        words = _tr("Fetching the school: {taken} of {total} rows, {percent} %")
        self._words.setText(words.format(taken=f"{progress.taken:,}", total=f"{progress.total:,}", percent=percent))

    def _set_running(self, running: bool) -> None:
        self._running = running
        self.running_changed.emit(running)

    def _done(self) -> None:
        self._set_running(False)
        self.joined.emit()

    def _failed(self, error: UserError) -> None:
        self._set_running(False)
        memberships = error.details.get("memberships")
        if error.code == "several_schools" and isinstance(memberships, tuple):
            self._ask_school(memberships)
            return
        form = self.forms[self.kind.value]
        self._show_only(form)
        form.begin()
        form.refuse(UserError("cancelled", _tr("Stopped. Nothing was kept.")) if error.code == "cancelled" else error)

    def _ask_school(self, memberships: Sequence["Membership"]) -> None:
        if self.schools is not None:
            self.schools.deleteLater()
        choices = tuple((str(each.org_id), each.org_name) for each in memberships)
        line = Line("org_id", _tr("Which school?"), text=choices[0][0], choices=choices)
        self.schools = QuickForm(_tr("Which school?"), (line,), _tr("Join"), titled=False)
        self.schools.submitted.connect(self._school_chosen)
        self.schools.cancelled.connect(self.given_up)
        self._inside.addWidget(self.schools)
        self._show_only(self.schools)
        self.schools.begin()

    def _school_chosen(self, texts: object) -> None:
        if self._request is not None:
            self._join(replace(self._request, org_id=UUID(cast("dict[str, str]", texts)["org_id"])))

    def _show_only(self, shown: QWidget) -> None:
        for part in (*self.forms.values(), self._fetching, *([self.schools] if self.schools is not None else [])):
            part.setVisible(part is shown)
        self.kind.setVisible(shown in self.forms.values())


def request_of(texts: dict[str, str]) -> JoinRequest:
    """What was typed, checked as far as this PC can; `UserError("invalid")` names the line."""
    for column in ("address", "code", "full_name", "email", "password"):
        if column in texts and not texts[column].strip():
            raise UserError("invalid", _tr("This is needed."), column=column)
    address = clean_address(texts["address"])
    password = texts["password"]
    if "again" in texts:
        if len(password) < SHORTEST_PASSWORD:
            words = _tr("Use {n} characters or more; a few words are easy to remember.")
            raise UserError("invalid", words.format(n=SHORTEST_PASSWORD), column="password")
        if texts["again"] != password:
            raise UserError("invalid", _tr("The two passwords are not the same."), column="again")
    return JoinRequest(
        address,
        password,
        email=texts.get("email", "").strip(),
        code=texts.get("code", "").strip(),
        full_name=texts.get("full_name", "").strip(),
    )


def clean_address(typed: str) -> str:
    """The service's address with its scheme; `https` unless another is typed."""
    text = typed.strip().rstrip("/")
    if "://" not in text:
        text = f"https://{text}"
    parts = urlsplit(text)
    if parts.scheme not in ("https", "http") or not parts.hostname or " " in text:
        raise UserError("invalid", _tr("That is not an address. It looks like sync.myschool.com.au."), column="address")
    return text


def _invited_lines() -> tuple[Line, ...]:
    return (
        Line("address", _tr("Address of the service"), "sync.harbour.com.au"),
        Line("code", _tr("Invitation code"), "K7QF-2M9X"),
        Line("full_name", _tr("Your name"), _tr("Mia Petrov")),
        Line("password", _tr("Choose a password"), secret=True),
        Line("again", _tr("The same password again"), secret=True),
    )


def _member_lines() -> tuple[Line, ...]:
    return (
        Line("address", _tr("Address of the service"), "sync.harbour.com.au"),
        Line("email", _tr("E-mail"), _tr("mia@example.com")),
        Line("password", _tr("Password"), secret=True),
    )
