"""The measured school on a service of its own: PostgreSQL and `driveflow serve` on this PC, and clients of it."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID, uuid4

import msgspec
import psycopg

from driveflow_desktop.adapters.postgres_embedded import EmbeddedPostgres
from driveflow_desktop.composition import default_actor, open_school
from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.demo.build import DemoSchool, read_demo
from driveflow_desktop.demo.online import PASSWORD
from driveflow_desktop.demo.service_process import serving
from driveflow_desktop.desktop_demo import bring_online
from driveflow_desktop.domain.identity.queries import user_email
from driveflow_desktop.kernel.errors import Bug
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.store.state import device_id
from driveflow_desktop.sync.driver import Driver
from driveflow_desktop.sync.session import MemorySessions, Session
from driveflow_desktop.sync.transport import HttpService
from driveflow_desktop.sync.worker import Listeners
from driveflow_desktop.sync_composition import driver_of, service_of, settle_on_service, sign_in_to

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OnlineSchool:
    """A demo school and the service that knows it; `admin_url` is the superuser's, for what is done by hand."""

    folder: DataFolder
    made: DemoSchool
    url: str
    admin_url: str


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody who is signed in at one replica of the school."""

    replica: Replica
    folder: DataFolder
    service: HttpService
    session: Session
    user_id: UUID

    def driver(self, listeners: Listeners | None = None) -> Driver:
        """What keeps this replica in step."""
        return driver_of(self.replica, self.folder, self.service, self.session, listeners or Listeners())


@contextlib.contextmanager
def online_school(folder: DataFolder) -> Iterator[OnlineSchool]:
    """Put the school of a folder on a service, which runs until the context ends."""
    home = folder.path / "service"
    with EmbeddedPostgres(home / "postgres") as server:
        bring_online(folder, home)
        with psycopg.connect(server.url(), autocommit=True) as admin:
            # The server does so by itself, at a moment of its own choice.
            admin.execute("VACUUM ANALYZE")
            admin.execute("CHECKPOINT")
        with serving(home) as url:
            yield OnlineSchool(folder, read_demo(folder.replica.folder), url, server.url())


@contextlib.contextmanager
def seated(school: OnlineSchool, folder: DataFolder, user_id: UUID) -> Iterator[Seat]:
    """Open a replica of the school, and sign a person in."""
    with open_school(folder, "the benchmark") as replica:
        with replica.reader() as connection:
            device = device_id(connection) or uuid4()
            email = user_email(connection, user_id) or ""
        settle_on_service(replica, school.url, school.made.org_id, user_id, device)
        service = service_of(replica)
        if service is None or default_actor(replica).user_id != user_id:
            raise Bug("the replica has no service")
        try:
            answer, _membership = sign_in_to(service, email, PASSWORD, device)
            session = Session(MemorySessions(), device)
            session.begin(answer)
            yield Seat(replica, folder, service, session, user_id)
        finally:
            service.close()


def in_child(module: str, arguments: Sequence[str], kind: type[T]) -> T:
    """Run a module of ours in a process of its own, and read the JSON that it prints."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ourselves
    if done.returncode:
        raise Bug(f"{module} failed: {done.stderr[-2000:]}")
    return msgspec.json.decode(done.stdout, type=kind)


def seat_folder(school: OnlineSchool, name: str) -> DataFolder:
    """Where a further replica lies."""
    return DataFolder(school.folder.path / name)
