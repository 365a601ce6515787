"""Putting the sync engine together over an open replica. Imported only where a school has a service: httpx is heavy."""

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar
from uuid import UUID

from driveflow_desktop import __version__
from driveflow_desktop.adapters.keyring_store import safe_backend
from driveflow_desktop.adapters.session_store import KeyringSessions
from driveflow_desktop.composition import ORG_FACT, SERVICE_FACT, USER_FACT, default_actor
from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.kernel.clock import SystemClock
from driveflow_desktop.kernel.errors import Bug, UserError
from driveflow_desktop.kernel.ids import IdSource
from driveflow_desktop.store.migrate import SCHEMA_REVISION
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.store.state import DEVICE_ID, read_fact, write_fact
from driveflow_desktop.sync import outcomes
from driveflow_desktop.sync.driver import Driver
from driveflow_desktop.sync.local import EPOCH, LocalReplica
from driveflow_desktop.sync.session import MemorySessions, Session, SessionStore
from driveflow_desktop.sync.session_protocol import DeviceInfo, Membership, SignInAnswer, SignInRequest
from driveflow_desktop.sync.status import SyncStatus
from driveflow_desktop.sync.transport import Caller, HttpService
from driveflow_desktop.sync.worker import Listeners

T = TypeVar("T")
Enter: TypeAlias = Callable[[HttpService, UUID], tuple[SignInAnswer, Membership]]
"""Signs a person in under a device id, and says which of the person's schools is meant."""


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


def device_info(device: UUID) -> DeviceInfo:
    """What a sign-in tells the service of this PC."""
    system = f"{platform.system()} {platform.release()}"[:200]
    return DeviceInfo(device, platform.node()[:200] or "PC", system, __version__)


def settle_on_service(replica: Replica, url: str, org_id: UUID, user_id: UUID, device: UUID) -> None:
    """Note whose school this is, where its service is, and under which device the person signed in."""
    facts = {SERVICE_FACT: url, ORG_FACT: str(org_id), USER_FACT: str(user_id), DEVICE_ID: str(device)}
    with replica.maintenance() as connection, connection.begin():
        for name, value in facts.items():
            write_fact(connection, name, value)


def value_of(answer: outcomes.Answer[T] | outcomes.Failure) -> T:
    """What the service answered; else its refusal, or the trouble, as a `UserError`."""
    if isinstance(answer, outcomes.Failure):
        raise error_of(answer)
    return answer.value


def error_of(failure: outcomes.Failure) -> UserError:
    """The service's refusal, or the trouble, for the person."""
    return failure.error or UserError(failure.trouble.value, "The service did not answer.", hint="Try again.")


def sign_in_to(
    service: HttpService, email: str, password: str, device: UUID, org: str | None = None
) -> tuple[SignInAnswer, Membership]:
    """Sign in, and pick the school with the id `org`, or the only one. `UserError("several_schools")` lists them."""
    answer = value_of(service.sign_in(SignInRequest(email.strip(), password, device_info(device))))
    memberships = [one for one in answer.memberships if org is None or org in (str(one.org_id), one.org_id.hex)]
    if len(memberships) != 1:
        known = ", ".join(f"{one.org_name} ({one.org_id})" for one in answer.memberships) or "none"
        raise UserError(
            "several_schools" if answer.memberships else "no_school",
            f"Say which school. Yours: {known}.",
            memberships=answer.memberships,
        )
    return answer, memberships[0]


@dataclass(frozen=True, slots=True)
class Joined:
    """What a join came to: who joined which school, how the first sync ended, and at which sequence."""

    answer: SignInAnswer
    membership: Membership
    device_id: UUID
    status: SyncStatus
    head: int


def join_school(
    folder: DataFolder,
    url: str,
    enter: Enter,
    open_replica: Callable[[], Replica],
    *,
    device: UUID | None = None,
    sessions: SessionStore | None = None,
    listeners: Listeners | None = None,
    begun: Callable[[Driver], None] = lambda _driver: None,
) -> Joined:
    """Sign in to a service and fetch a school into a replica, which `open_replica` makes or opens once that succeeded.

    `device` goes on with a join that was cut; `begun` is given the driver, to cancel with. Raises `UserError` for a
    sign-in that is refused; how the fetching ended is in the result.
    """
    service = HttpService(url, Caller(SCHEMA_REVISION, __version__))
    try:
        known = device or IdSource(SystemClock()).new()
        answer, membership = enter(service, known)
        url = service.url
    finally:
        service.close()
    with open_replica() as replica:
        settle_on_service(replica, url, membership.org_id, answer.user.id, known)
        session = Session(sessions or sessions_of(known), known)
        session.begin(answer)
        school = service_of(replica)
        if school is None:
            raise Bug("the school was settled on a service")
        try:
            driver = driver_of(replica, folder, school, session, listeners or Listeners())
            begun(driver)
            status = driver.run_until_settled()
        finally:
            school.close()
    return Joined(answer, membership, known, status, driver.head)
