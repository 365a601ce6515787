"""Joining a school at the first start: what is typed, the progress, stopping, and every refusal in its place."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit
from pytestqt.qtbot import QtBot

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.sync.session_protocol import Membership
from driveflow_desktop.ui.first_run import Choice, FirstRun
from driveflow_desktop.ui.join import JoinCard, clean_address
from driveflow_desktop.ui.ports import JoinProgress, JoinRequest, OnError
from driveflow_desktop.ui.shell.a11y import unnamed_controls
from driveflow_desktop.ui.shell.theme import Theme
from tests.conftest import MakeIds

INVITED = {
    "address": "sync.harbour.example/",
    "code": "K7QF",
    "full_name": "Mia Petrov",
    "password": "right horse battery",
    "again": "right horse battery",
}


@dataclass
class FakeJoin:
    """Implements `JoinPort`; the test answers."""

    requests: list[JoinRequest] = field(default_factory=list)
    answers: list[tuple[Callable[[JoinProgress], None], Callable[[], None], OnError]] = field(default_factory=list)

    def join(
        self,
        request: JoinRequest,
        on_progress: Callable[[JoinProgress], None],
        on_done: Callable[[], None],
        on_error: OnError,
    ) -> None:
        self.requests.append(request)
        self.answers.append((on_progress, on_done, on_error))

    def cancel(self) -> None:
        self.answers[-1][2](UserError("cancelled", "Stopped."))


@pytest.fixture
def port() -> FakeJoin:
    return FakeJoin()


@pytest.fixture
def dialog(qtbot: QtBot, theme: Theme, make_ids: MakeIds, port: FakeJoin) -> FirstRun:
    made = FirstRun(make_ids(), port)
    qtbot.addWidget(made)
    made.open()
    QTest.mouseClick(made.begin_join, Qt.MouseButton.LeftButton)
    return made


def card_of(dialog: FirstRun) -> JoinCard:
    assert dialog.join is not None
    return dialog.join


def fill(dialog: FirstRun, kind: str, texts: dict[str, str]) -> None:
    form = card_of(dialog).forms[kind]
    for name, text in texts.items():
        editor = form.editor(name)
        assert isinstance(editor, QLineEdit)
        editor.setText(text)
    form.go()
    settle()


def settle() -> None:
    QApplication.sendPostedEvents()


def test_an_invitation_becomes_a_request_and_a_school(dialog: FirstRun, port: FakeJoin) -> None:
    assert unnamed_controls(dialog) == []
    fill(dialog, "invited", INVITED)
    (request,) = port.requests
    assert request == JoinRequest(
        "https://sync.harbour.example", "right horse battery", code="K7QF", full_name="Mia Petrov"
    )
    card = card_of(dialog)
    progress, done, _error = port.answers[0]
    assert card.words == "Signing in…"
    progress(JoinProgress(500, 1204))
    settle()
    assert card.words == "Fetching the school: 500 of 1,204 rows, 41 %"
    assert card.progress.value() == 41
    done()
    settle()
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.choice == Choice(None, joined=True)


def test_stopping_goes_back_to_the_form(dialog: FirstRun, port: FakeJoin) -> None:
    fill(dialog, "invited", INVITED)
    card = card_of(dialog)
    QTest.mouseClick(card.cancel, Qt.MouseButton.LeftButton)
    settle()
    assert card.forms["invited"].isVisible()
    assert card.forms["invited"].error.text == "Stopped. Nothing was kept."
    assert dialog.choice is None


@pytest.mark.parametrize(
    ("changed", "column"),
    [
        ({"address": ""}, "address"),
        ({"address": "ftp://x"}, "address"),
        ({"address": "my school"}, "address"),
        ({"code": " "}, "code"),
        ({"password": "short", "again": "short"}, "password"),
        ({"again": "another battery horse"}, "again"),
    ],
)
def test_what_is_wrong_is_said_at_its_line(
    dialog: FirstRun, port: FakeJoin, changed: dict[str, str], column: str
) -> None:
    fill(dialog, "invited", INVITED | changed)
    assert port.requests == []
    assert card_of(dialog).forms["invited"].editor(column).property("wrong") == "true"


def test_a_refusal_of_the_service_stands_in_the_form(dialog: FirstRun, port: FakeJoin) -> None:
    card_of(dialog).kind.set_value("member")
    card_of(dialog)._switch("member")
    fill(dialog, "member", {"address": "http://localhost:8080", "email": "mia@example.com", "password": "x"})
    port.answers[0][2](UserError("invalid_credentials", "E-mail or password is wrong."))
    settle()
    assert card_of(dialog).forms["member"].error.text == "E-mail or password is wrong."


def test_one_of_several_schools_is_chosen(dialog: FirstRun, port: FakeJoin) -> None:
    card = card_of(dialog)
    card._switch("member")
    card.kind.set_value("member")
    fill(dialog, "member", {"address": "x.example", "email": "mia@example.com", "password": "pw"})
    schools = (Membership(UUID(int=1), "Harbour", "admin"), Membership(UUID(int=2), "Coast", "admin"))
    port.answers[0][2](UserError("several_schools", "Which one?", memberships=schools))
    settle()
    assert card.schools is not None
    assert card.schools.isVisible()
    card.schools.go()
    settle()
    assert [request.org_id for request in port.requests] == [None, UUID(int=1)]


def test_leaving_the_dialog_stops_the_first_sync(dialog: FirstRun, port: FakeJoin) -> None:
    fill(dialog, "invited", INVITED)
    cancelled: list[bool] = []
    port.cancel = lambda: cancelled.append(True)  # type: ignore[method-assign]
    dialog.reject()
    assert cancelled == [True]


def test_addresses_get_their_scheme() -> None:
    assert clean_address(" sync.example ") == "https://sync.example"
    assert clean_address("http://127.0.0.1:8080/") == "http://127.0.0.1:8080"
