"""The sync in the window: the line at the foot, F5, signing in by keyboard, and the lock."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.sync.status import SyncState, SyncStatus
from driveflow_desktop.ui.shell.a11y import unnamed_controls
from driveflow_desktop.ui.shell.sync_words import ago, sync_words
from driveflow_desktop.ui.shell.theme import Theme
from driveflow_desktop.ui.sign_in import EMAIL_KEPT, LockScreen, SignInDialog
from driveflow_desktop.ui.widgets.buttons import Button
from tests.helpers.school import DESK, School, school, school_template
from tests.ui.fake_sync import FakeSync
from tests.ui.screens.desk_rig import at_the_window
from tests.ui.screens.people_rig import Person

__all__ = ["school", "school_template"]
AT = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def engine() -> FakeSync:
    return FakeSync()


@pytest.fixture
def synced(qtbot: QtBot, school: School, theme: Theme, engine: FakeSync) -> Iterator[Person]:
    """The front desk of a school with a service."""
    yield from at_the_window(qtbot, school, theme, DESK, OrgRole.ADMIN, sync=engine)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (SyncStatus(SyncState.LOCAL), "Saved on this PC"),
        (SyncStatus(SyncState.SYNCED, synced_at=AT - timedelta(seconds=12)), "Synced 12 s ago"),
        (SyncStatus(SyncState.SYNCING), "Syncing…"),
        (SyncStatus(SyncState.OFFLINE, waiting=1), "Offline, 1 change waiting"),
        (SyncStatus(SyncState.OFFLINE, waiting=1204), "Offline, 1,204 changes waiting"),
        (SyncStatus(SyncState.SIGNED_OUT), "Sign in…"),
        (SyncStatus(SyncState.FIRST_SYNC, progress=(42, 100)), "First sync 42 %"),
        (SyncStatus(SyncState.FIRST_SYNC, progress=(0, 0)), "First sync…"),
        (SyncStatus(SyncState.BLOCKED, problem=UserError("x", "Please update DriveFlow.")), "Please update DriveFlow."),
        (SyncStatus(SyncState.LOCKED), "This PC was signed out by the school"),
    ],
)
def test_every_state_has_its_words(status: SyncStatus, words: str) -> None:
    assert sync_words(status, AT).words == words
    assert sync_words(status, AT).icon


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 s ago"), (59, "59 s ago"), (60, "1 min ago"), (7200, "2 h ago"), (90_000, "yesterday")],
)
def test_how_long_ago(seconds: int, words: str) -> None:
    assert ago(AT - timedelta(seconds=seconds), AT) == words


def test_the_line_follows_the_engine(synced: Person, engine: FakeSync) -> None:
    status = synced.program.window.status
    engine.become(SyncStatus(SyncState.OFFLINE, waiting=3))
    synced.settle()
    assert "Offline, 3 changes waiting" in status.words
    assert status.words.count("waiting") == 1
    engine.become(SyncStatus(SyncState.SYNCING, waiting=2))
    synced.settle()
    assert "Syncing…, 2 changes waiting" in status.words


def test_f5_syncs(synced: Person, engine: FakeSync) -> None:
    synced.key(Qt.Key.Key_F5)
    assert engine.asked == ["sync"]


def test_signing_in_by_keyboard_remembers_the_address_and_never_the_password(synced: Person, engine: FakeSync) -> None:
    engine.become(SyncStatus(SyncState.SIGNED_OUT))
    synced.settle()
    (ask,) = [each for each in synced.program.window.status.findChildren(Button) if each.text() == "Sign in…"]
    synced.click(ask)
    dialog = synced.program.window.findChild(SignInDialog)
    assert dialog is not None
    assert unnamed_controls(dialog) == []
    assert synced.focus is dialog.inside.form.editor("password")
    assert isinstance(synced.focus, QLineEdit)
    assert synced.focus.echoMode() is QLineEdit.EchoMode.Password
    synced.type("wrong")
    synced.key(Qt.Key.Key_Return)
    assert dialog.isVisible()
    assert dialog.inside.form.error.text == "E-mail or password is wrong. Try again."
    synced.type("right horse battery", over=True)
    synced.key(Qt.Key.Key_Return)
    assert synced.program.window.findChild(SignInDialog) is None or not dialog.isVisible()
    memory = synced.program.context.memory
    assert memory.read(EMAIL_KEPT) == "mia@example.com"
    assert "Synced" in synced.program.window.status.words


def test_a_revoked_pc_shows_nothing_and_wipes_on_the_second_word(synced: Person, engine: FakeSync) -> None:
    window = synced.program.window
    engine.become(SyncStatus(SyncState.LOCKED, waiting=2))
    synced.settle()
    cover = window.findChild(LockScreen)
    assert cover is not None
    assert cover.isVisible()
    assert unnamed_controls(window) == []
    shown = {label.text() for label in window.findChildren(QLabel) if label.isVisible()}
    assert not any("Harbour" in text for text in shown - {label.text() for label in cover.findChildren(QLabel)})
    assert window.windowTitle() == "DriveFlow"
    assert window.actions_.available() == []
    synced.click(cover.wipe)
    assert engine.asked == []
    assert synced.focus is cover.keep
    synced.click(cover.keep)
    synced.click(cover.wipe)
    synced.click(cover.wipe_now)
    assert engine.asked == ["wipe"]


def test_signing_in_again_opens_the_window(synced: Person, engine: FakeSync) -> None:
    window = synced.program.window
    engine.become(SyncStatus(SyncState.LOCKED))
    synced.settle()
    cover = window.findChild(LockScreen)
    assert cover is not None
    synced.click(cover.sign_in)
    synced.type("right horse battery")
    synced.key(Qt.Key.Key_Return)
    assert window.host.isVisible()
    assert window.actions_.is_enabled("palette")


def test_words_of_a_closed_program_reach_nobody(synced: Person, engine: FakeSync) -> None:
    listener: Callable[..., None] = engine.listeners[0]
    synced.program.close()
    assert engine.listeners == []
    listener(None)
