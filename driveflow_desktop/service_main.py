"""`driveflow serve`: which database, which login, which address; puts a process of the sync service together."""

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from types import FrameType
from typing import Final
from uuid import uuid4

from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.kernel.clock import SystemClock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.app import make_app
from driveflow_desktop.service.database import make_engine
from driveflow_desktop.service.entrance import Entrance, open_entrance, trusted_proxies
from driveflow_desktop.service.epochs import begin_epochs
from driveflow_desktop.service.logs import log_json_lines
from driveflow_desktop.service.preparing import database, prepared
from driveflow_desktop.service.runtime import Runtime
from driveflow_desktop.service.server import Server
from driveflow_desktop.store.migrate import SCHEMA_REVISION

PORT: Final = 8787
METRICS_VARIABLE: Final = "DRIVEFLOW_METRICS_TOKEN"
PROXY_VARIABLE: Final = "DRIVEFLOW_TRUSTED_PROXY"


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What the command line says; without a `database_url` the service keeps its own PostgreSQL in `folder`."""

    folder: DataFolder
    host: str = "127.0.0.1"
    port: int = PORT
    database_url: str | None = None
    insecure_lan: bool = False
    after_restore: bool = False


def run_service(
    options: ServeOptions, ready: Callable[[str], None], environment: Mapping[str, str] = os.environ
) -> bool:
    """Serve until SIGTERM or SIGINT, then end in peace; `ready` is told the URL once it answers.

    Returns whether it served. Raises `UserError` for whatever a person can mend: an address in use, clear text beyond
    this machine, a database that cannot be reached.
    """
    proxies = trusted_proxies(environment.get(PROXY_VARIABLE, ""))
    require_private(options, behind_proxy=bool(proxies))
    log_json_lines(sys.stderr)
    with _signals() as serving, contextlib.ExitStack() as stack:
        listener = stack.enter_context(_listen(options.host, options.port))
        admin_url = stack.enter_context(database(options.folder.path, options.database_url, environment))
        engine = make_engine(prepared(admin_url))
        stack.callback(engine.dispose)
        if options.after_restore:
            begin_epochs(engine)
        runtime = Runtime(engine, SystemClock(), SCHEMA_REVISION, uuid4())
        entrance: Entrance = open_entrance(runtime, environment, proxies)
        token = environment.get(METRICS_VARIABLE) or None
        app = make_app(runtime, entrance.gate, routes=entrance.routes, metrics_token=token)
        url = _url(options.host, listener.getsockname()[1])
        serving()
        return Server(app, on_ready=lambda: ready(url)).run([listener])


def require_private(options: ServeOptions, *, behind_proxy: bool) -> None:
    """Refuse (`clear_text`) to speak to other machines in clear text unless the person says so."""
    if options.insecure_lan or behind_proxy or _is_loopback(options.host):
        return
    raise UserError(
        "clear_text",
        f"On {options.host} passwords and school data would cross the network in clear text.",
        hint=f"Put a proxy with TLS in front and name its address in {PROXY_VARIABLE}, or add --insecure-lan.",
    )


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket, before anything else is started: whoever finds the port taken has started nothing."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError:
        raise UserError("address", f"{host} is no address of this machine.", hint="Try --host 127.0.0.1.") from None
    try:
        if sys.platform != "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as problem:
        listener.close()
        raise UserError(
            "address",
            f"{host}, port {port} cannot be used: {os.strerror(problem.errno or 0)}.",
            hint="Choose another --port; 0 takes a free one.",
        ) from None
    return listener


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ip_address(host).is_loopback
    return False


@contextlib.contextmanager
def _signals() -> Iterator[Callable[[], None]]:
    """SIGTERM stops a start like Ctrl+C does. From the call of what this yields, both are the server's business: it
    repeats them when it has ended, and then they must not cut off the rest of the end.
    """
    patient = False

    def caught(_number: int, _frame: FrameType | None) -> None:
        if not patient:
            raise KeyboardInterrupt

    def be_patient() -> None:
        nonlocal patient
        patient = True

    numbers: Sequence[signal.Signals] = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, caught) for number in numbers}
    try:
        yield be_patient
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
