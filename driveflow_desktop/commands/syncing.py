"""`driveflow join` and `driveflow sync`: a replica of a school's service, without a window."""

import argparse
import sys
import threading
from collections.abc import Callable
from typing import Final, TypeVar
from uuid import UUID

from driveflow_desktop.commands.answer import Answer, Plain
from driveflow_desktop.composition import (
    ORG_FACT,
    SERVICE_FACT,
    AskPassphrase,
    default_actor,
    new_school,
    open_school,
)
from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.domain.identity.queries import user_email
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.store.state import device_id, read_fact
from driveflow_desktop.sync.driver import Driver
from driveflow_desktop.sync.overlay import CURSOR
from driveflow_desktop.sync.session import Session
from driveflow_desktop.sync.session_protocol import (
    AcceptInvitationRequest,
    Membership,
    SignInAnswer,
    SignInRequest,
)
from driveflow_desktop.sync.status import SyncState, SyncStatus
from driveflow_desktop.sync.transport import HttpService
from driveflow_desktop.sync.worker import Listeners
from driveflow_desktop.sync_composition import (
    device_info,
    driver_of,
    join_school,
    service_of,
    sessions_of,
    sign_in_to,
    value_of,
)

T = TypeVar("T")
AskPassword = Callable[[], str]
_PROGRAM: Final = "driveflow sync"


def join(folder: DataFolder, arguments: argparse.Namespace, ask_password: AskPassword, ask: AskPassphrase) -> Answer:
    """Sign in to a service and fetch a school into an empty folder; a join that was cut goes on."""
    kept = _unfinished(folder, ask)
    password = ask_password()

    def enter(service: HttpService, device: UUID) -> tuple[SignInAnswer, Membership]:
        return _sign_in(service, arguments, device, password)

    def opened() -> Replica:
        return open_school(folder, "driveflow join", ask) if kept else new_school(folder, "driveflow join", ask)

    joined = join_school(folder, arguments.url, enter, opened, device=kept, listeners=Listeners(status=_Progress()))
    _require_synced(joined.status)
    school = joined.membership
    words = (f"Joined {school.org_name} as {school.role}.", f"{folder.path} holds the school now.")
    value: Plain = {
        "org_id": str(school.org_id),
        "user_id": str(joined.answer.user.id),
        "role": school.role,
        "device_id": str(joined.device_id),
        "head": joined.head,
    }
    return Answer(words, value)


def sync(folder: DataFolder, arguments: argparse.Namespace, ask_password: AskPassword, ask: AskPassphrase) -> Answer:
    """Push and pull: once until nothing is left to do, or until it is interrupted."""
    with open_school(folder, _PROGRAM, ask) as replica:
        session = _session(replica, ask_password)
        if arguments.once:
            status, driver = _run_once(replica, folder, session)
        else:
            status, driver = _run_on(replica, folder, session)
    if arguments.once:
        _require_synced(status)
    tally = driver.tally
    words = f"{tally.pushed:,} pushed, {tally.pulled:,} pulled, {tally.rejected:,} rejected; head {driver.head:,}."
    counts = {"pushed": tally.pushed, "pulled": tally.pulled, "rejected": tally.rejected}
    return Answer((words,), {**counts, "head": driver.head})


def _unfinished(folder: DataFolder, ask: AskPassphrase) -> UUID | None:
    """The device of a replica whose first sync did not end; None for an empty folder."""
    if not folder.has_school:
        return None
    with open_school(folder, "driveflow join", ask) as replica, replica.reader() as connection:
        is_joining = read_fact(connection, CURSOR) is None
        has_school = read_fact(connection, ORG_FACT) is not None and read_fact(connection, SERVICE_FACT) is None
        found = device_id(connection)
    if has_school or not is_joining or found is None:
        raise UserError("exists", "This folder holds a school already.", hint="Choose another with --data-dir.")
    return found


def _sign_in(
    service: HttpService, arguments: argparse.Namespace, device: UUID, password: str
) -> tuple[SignInAnswer, Membership]:
    email, org = arguments.email, arguments.org
    if arguments.invitation:
        invited = AcceptInvitationRequest(arguments.invitation, arguments.name, password)
        accepted = value_of(service.accept_invitation(invited))
        email, org = accepted.email, str(accepted.org_id)
    try:
        return sign_in_to(service, email, password, device, org)
    except UserError as error:
        if error.code in ("several_schools", "no_school"):
            raise UserError("no_school", error.message, hint="Name it with --org.") from None
        raise


def _session(replica: Replica, ask_password: AskPassword) -> Session:
    """The kept session; without one, that of the person who sits here, with the password asked for."""
    actor = default_actor(replica)
    service = service_of(replica)
    if service is None or actor.device_id is None:
        raise UserError("no_service", "This school has no service: everything stays on this PC.", hint="Join one.")
    try:
        session = Session(sessions_of(actor.device_id), actor.device_id)
        if session.user_id is None:
            with replica.reader() as connection:
                email = None if actor.user_id is None else user_email(connection, actor.user_id)
            if email is None:
                raise UserError("no_person", "Nobody has signed in on this PC.", hint="Join the school anew.")
            session.begin(value_of(service.sign_in(SignInRequest(email, ask_password(), device_info(actor.device_id)))))
        return session
    finally:
        service.close()


def _run_once(replica: Replica, folder: DataFolder, session: Session) -> tuple[SyncStatus, Driver]:
    service = _required_service(replica)
    try:
        driver = driver_of(replica, folder, service, session, Listeners(status=_Progress()))
        return driver.run_until_settled(), driver
    finally:
        service.close()


def _run_on(replica: Replica, folder: DataFolder, session: Session) -> tuple[SyncStatus, Driver]:
    service = _required_service(replica)
    driver = driver_of(replica, folder, service, session, Listeners(status=_Progress()))
    driver.start()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        _say("Stopping.")
    finally:
        driver.stop()
        service.close()
    return driver.status or SyncStatus(SyncState.SIGNED_OUT), driver


def _required_service(replica: Replica) -> HttpService:
    service = service_of(replica)
    if service is None:
        raise UserError("no_service", "This school has no service: everything stays on this PC.", hint="Join one.")
    return service


def _require_synced(status: SyncStatus) -> None:
    if status.state is not SyncState.SYNCED:
        raise status.problem or UserError(
            status.state.value, "Not everything could be synchronised.", hint="Your work is saved here; try again."
        )


class _Progress:
    """Says a change of state, and every tenth of a download, on standard error."""

    def __init__(self) -> None:
        self._said: tuple[SyncState, int] | None = None

    def __call__(self, status: SyncStatus) -> None:
        """A new status."""
        rows, total = status.progress or (0, 0)
        tenth = rows * 10 // total if total else 0
        if (status.state, tenth) == self._said:
            return
        self._said = (status.state, tenth)
        _say(f"{status.state.value}: {rows:,} of {total:,} rows" if total else status.state.value)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
