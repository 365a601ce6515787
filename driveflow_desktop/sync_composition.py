"""Putting the sync engine together over an open replica. Imported only where a school has a service: httpx is heavy."""

import platform
import time
from typing import TypeVar
from uuid import UUID

from driveflow_desktop import __version__
from driveflow_desktop.adapters.keyring_store import safe_backend
from driveflow_desktop.adapters.session_store import KeyringSessions
from driveflow_desktop.composition import ORG_FACT, SERVICE_FACT, USER_FACT, default_actor
from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.store.state import DEVICE_ID, read_fact, write_fact
from driveflow_desktop.sync import outcomes
from driveflow_desktop.sync.driver import Driver
from driveflow_desktop.sync.local import EPOCH, LocalReplica
from driveflow_desktop.sync.session import MemorySessions, Session, SessionStore
from driveflow_desktop.sync.session_protocol import DeviceInfo
from driveflow_desktop.sync.transport import Caller, HttpService
from driveflow_desktop.sync.worker import Listeners

T = TypeVar("T")


def sessions_of(device: UUID) -> SessionStore:
    """Where a device's session is kept: the keyring, or the program's memory where no keyring keeps secrets."""
    try:
        return KeyringSessions(safe_backend(), device)
    except UserError:
        return MemorySessions()


def service_of(replica: Replica) -> HttpService | None:
    """The school's service; None for a school that has none. The caller closes it."""
    with replica.reader() as connection:
        url, org = read_fact(connection, SERVICE_FACT), read_fact(connection, ORG_FACT)
    if url is None or org is None:
        return None

    def known_epoch() -> str | None:
        with replica.reader() as connection:
            return read_fact(connection, EPOCH)

    return HttpService(url, Caller(replica.schema, __version__, known_epoch), UUID(org))


def driver_of(
    replica: Replica, folder: DataFolder, service: HttpService, session: Session, listeners: Listeners
) -> Driver:
    """What synchronises an open replica with its service."""
    local = LocalReplica(replica, default_actor(replica).org_id, time.monotonic)
    path = folder.replica.snapshot
    return Driver(local, service, session, listeners, snapshot_path=path, clock=replica.clock)


def device_info(device: UUID, name: str | None = None) -> DeviceInfo:
    """What a sign-in tells the service of this PC."""
    system = f"{platform.system()} {platform.release()}"[:200]
    return DeviceInfo(device, (name or platform.node())[:200] or "PC", system, __version__)


def settle_on_service(replica: Replica, url: str, org_id: UUID, user_id: UUID, device: UUID) -> None:
    """Note whose school this is, where its service is, and under which device the person signed in."""
    facts = {SERVICE_FACT: url, ORG_FACT: str(org_id), USER_FACT: str(user_id), DEVICE_ID: str(device)}
    with replica.maintenance() as connection, connection.begin():
        for name, value in facts.items():
            write_fact(connection, name, value)


def value_of(answer: outcomes.Answer[T] | outcomes.Failure) -> T:
    """What the service answered; else its refusal, or the trouble, as a `UserError`."""
    if isinstance(answer, outcomes.Failure):
        raise answer.error or UserError(answer.trouble.value, "The service did not answer.", hint="Try again.")
    return answer.value
