"""The demo's own service with real PCs on it: what is done at one desk shows at the other, and who comes and goes."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from keyring.backends import fail

from driveflow_desktop import desktop_demo
from driveflow_desktop.adapters import keyring_store
from driveflow_desktop.composition import default_actor, open_school, setting, settle_in
from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.demo.build import DemoSchool
from driveflow_desktop.demo.cache import cached_demo
from driveflow_desktop.demo.online import PASSWORD
from driveflow_desktop.demo.scale import DemoSize
from driveflow_desktop.desktop_join import Joining
from driveflow_desktop.desktop_sync import DesktopSync
from driveflow_desktop.domain.identity.queries import user_email
from driveflow_desktop.domain.scheduling.commands.booking import edit_notes
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.cipher import DemoKeys
from driveflow_desktop.store.open_replica import create_replica
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.sync.session import MemorySessions
from driveflow_desktop.sync.session_protocol import InvitationRequest
from driveflow_desktop.sync.status import SyncState
from driveflow_desktop.sync_composition import join_school, sign_in_to
from driveflow_desktop.ui.ports import JoinProgress, JoinRequest

SECONDS = 60


@dataclass
class Online:
    """The demo school on its service, and where the front desk's replica lies."""

    url: str
    front: DataFolder
    made: DemoSchool

    def email(self, replica: Replica, user: UUID) -> str:
        with replica.reader() as connection:
            return user_email(connection, user) or ""


@pytest.fixture(scope="module")
def online(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Online]:
    front = DataFolder(tmp_path_factory.mktemp("online"))
    now = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    made = cached_demo(front.replica.folder, DemoSize.SMALL, now)
    with open_school(front, "a test") as replica:
        settle_in(replica, made.org_id, made.admin_id)
    with desktop_demo._service(front) as url:
        yield Online(url, front, made)


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without one, whatever the tests run on: a passphrase makes the key, a session ends with its program."""
    monkeypatch.delenv(keyring_store.KEY_VARIABLE, raising=False)
    monkeypatch.setattr("keyring.get_keyring", fail.Keyring)


@dataclass
class Pc:
    """An open replica with its engine running."""

    replica: Replica
    sync: DesktopSync

    def wait(self, state: SyncState) -> None:
        """Until the engine says so, with nothing waiting where it is synced."""
        self.until(
            lambda: self.sync.status.state is state and (state is not SyncState.SYNCED or not self.sync.status.waiting)
        )

    def until(self, holds: Callable[[], bool]) -> None:
        heard = threading.Event()
        end = self.sync.changed(lambda _changes: heard.set())
        try:
            while not holds():
                assert heard.wait(SECONDS), self.sync.status
                heard.clear()
        finally:
            end()

    def note(self, booking: UUID, text: str) -> None:
        self.replica.execute(lambda uow: edit_notes(uow, booking, text), default_actor(self.replica))
        self.sync.edited()

    def noted(self, booking: UUID) -> str | None:
        with self.replica.reader() as connection:
            return connection.execute(sa.select(Booking.notes).where(Booking.id == booking)).scalar_one()

    def last_booking(self) -> UUID:
        with self.replica.reader() as connection:
            return connection.execute(sa.select(Booking.id).order_by(Booking.start_at.desc()).limit(1)).scalar_one()


@pytest.fixture
def front(online: Online) -> Iterator[Pc]:
    with open_school(online.front, "a test") as replica:
        sync = desktop_demo._signed_in(replica, online.front)
        pc = Pc(replica, sync)
        sync.start(lambda: None)
        pc.wait(SyncState.SYNCED)
        yield pc
        sync.stop()


@pytest.fixture
def owner(online: Online, front: Pc, tmp_path: Path) -> Iterator[Pc]:
    """A second PC, the owner's, joined from the service."""
    home = DataFolder(tmp_path / "owner")
    email = online.email(front.replica, online.made.owner_id)
    sessions = MemorySessions()
    joined = join_school(
        home,
        online.url,
        lambda service, device: sign_in_to(service, email, PASSWORD, device),
        lambda: create_replica(home.replica, DemoKeys(), setting("a test")),
        sessions=sessions,
    )
    assert joined.status.state is SyncState.SYNCED
    with open_school(home, "a test") as replica:
        sync = DesktopSync(replica, home, sessions=sessions)
        pc = Pc(replica, sync)
        sync.start(lambda: None)
        pc.wait(SyncState.SYNCED)
        yield pc
        sync.stop()


def test_what_is_done_here_shows_there(front: Pc, owner: Pc) -> None:
    booking = front.last_booking()
    for writer, reader, text in ((front, owner, "Mum rings first."), (owner, front, "Mum rings second.")):
        writer.note(booking, text)
        reader.until(lambda pc=reader, wanted=text: pc.noted(booking) == wanted)
        writer.wait(SyncState.SYNCED)


def test_who_signed_out_keeps_the_work_and_sends_it_after_the_next_sign_in(
    online: Online, front: Pc, owner: Pc
) -> None:
    booking = front.last_booking()
    front.sync.sign_out()
    front.wait(SyncState.SIGNED_OUT)
    front.note(booking, "Written while signed out.")
    front.until(lambda: front.sync.status.waiting == 1)
    done, refused = threading.Event(), list[UserError]()
    email = online.email(front.replica, online.made.admin_id)
    front.sync.sign_in(email, "not the password", done.set, lambda error: (refused.append(error), done.set()))
    assert done.wait(SECONDS)
    assert [error.code for error in refused] == ["invalid_credentials"]
    front.sync.sign_in(email, PASSWORD, lambda: None, refused.append)
    front.wait(SyncState.SYNCED)
    owner.until(lambda: owner.noted(booking) == "Written while signed out.")


def test_a_pc_whose_access_is_ended_locks(front: Pc, owner: Pc) -> None:
    person = default_actor(owner.replica).user_id
    for row in front.sync.devices().devices:
        if row.user_id == person:
            front.sync.revoke(row.id)
    owner.sync.sync_now()
    owner.wait(SyncState.LOCKED)
    assert front.sync.status.state is not SyncState.LOCKED


def test_an_invited_person_joins_and_has_the_school(owner: Pc, online: Online, tmp_path: Path) -> None:
    invited = owner.sync.invite(InvitationRequest("new.desk@example.com", "admin"))
    home = DataFolder(tmp_path / "new")
    request = JoinRequest(online.url, "four words make sense", code=invited.code, full_name="New Desk")
    progress, ended = _joined(Joining(home, lambda: "a passphrase of this test"), request)
    assert ended == []
    assert progress[-1].taken == progress[-1].total > 1_000
    with open_school(home, "a test", lambda: "a passphrase of this test") as replica, replica.reader() as connection:
        here = connection.execute(sa.select(sa.func.count()).select_from(Booking)).scalar_one()
    with owner.replica.reader() as connection:
        assert here == connection.execute(sa.select(sa.func.count()).select_from(Booking)).scalar_one()


def test_a_join_that_is_refused_leaves_nothing(online: Online, tmp_path: Path) -> None:
    home = DataFolder(tmp_path / "refused")
    request = JoinRequest(online.url, "four words make sense", code="NOSUCHCODE", full_name="Nobody")
    _progress, ended = _joined(Joining(home, lambda: "a passphrase of this test"), request)
    assert [error.code for error in ended] == ["invitation_gone"]
    assert not home.has_school


def _joined(joining: Joining, request: JoinRequest) -> tuple[list[JoinProgress], list[UserError]]:
    progress, errors, done = list[JoinProgress](), list[UserError](), threading.Event()
    joining.join(request, progress.append, done.set, lambda error: (errors.append(error), done.set()))
    assert done.wait(SECONDS)
    return progress, errors
