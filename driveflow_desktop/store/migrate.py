"""Bringing a database to a revision of the schema: the replica file (SQLite) and the service's (PostgreSQL).

One history (`migrations/`) serves both. A run is one transaction: it happens whole or not at all. It reads no
alembic.ini, sets up no logging and prints nothing. Alembic takes a tenth of a second to import, so a replica that
stands at this program's revision is opened without it.
"""

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, Protocol, cast

import sqlalchemy as sa

from driveflow_desktop.kernel.errors import Bug, UserError
from driveflow_desktop.kernel.resources import bundled
from driveflow_desktop.store.guards import OWNER_ROLE

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

SCHEMA_REVISION: Final = "0002"
"""The newest revision in `migrations/`, which this program reads and writes."""
BASE: Final = "base"
HEAD: Final = "head"
# Any fixed number will do: it keeps two processes from migrating one PostgreSQL database at a time.
_ADVISORY_LOCK: Final = 7_236_011_454
# Alembic's own.
_VERSION_TABLE: Final = sa.table("alembic_version", sa.column("version_num", sa.String))
# Alembic keeps the run in module globals (`alembic.op`, `alembic.context`), so a process has one at a time.
_ONE_RUN: Final = threading.Lock()


def upgrade(target: sa.Engine | sa.Connection, to: str = HEAD) -> None:
    """Bring a database up to revision `to`; nothing happens when it stands there already.

    A given connection must not be in a transaction; the run makes its own. Raises `UserError`: `newer_version` for a
    database that a newer DriveFlow has migrated, `database_not_prepared` for a PostgreSQL without our roles.
    """
    from alembic import command

    _run(target, lambda config: command.upgrade(config, to))


def downgrade(target: sa.Engine | sa.Connection, to: str) -> None:
    """Take a database down to revision `to` (`base`: no tables), with what the older schema cannot hold."""
    from alembic import command

    _run(target, lambda config: command.downgrade(config, to))


def current_revision(connection: sa.Connection) -> str | None:
    """The revision a database stands at; None when it was never migrated."""
    if not sa.inspect(connection).has_table(_VERSION_TABLE.name):
        return None
    return connection.execute(sa.select(_VERSION_TABLE.c.version_num)).scalar()


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(bundled("migrations")).replace("%", "%%"))
    return config


@functools.cache
def _scripts() -> "ScriptDirectory":
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config())


def _run(target: sa.Engine | sa.Connection, act: "Callable[[Config], None]") -> None:
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(target.connect()) if isinstance(target, sa.Engine) else target
        if connection.in_transaction():
            raise Bug("a migration makes its own transaction")
        stack.enter_context(_TRANSACTIONS[connection.dialect.name](connection))
        require_known(connection)
        config = _config()
        config.attributes["connection"] = connection
        with _ONE_RUN:
            act(config)


def require_known(connection: sa.Connection) -> None:
    """Raise `UserError("newer_version")` for a database that a newer DriveFlow has migrated."""
    current = current_revision(connection)
    if current is None or current == SCHEMA_REVISION:
        return
    from alembic.util import CommandError

    try:
        _scripts().get_revision(current)
    except CommandError:
        raise UserError(
            "newer_version",
            "This data was made by a newer version of DriveFlow.",
            hint="Update DriveFlow on this computer, then open it again.",
            revision=current,
        ) from None


class _SqliteDriver(Protocol):
    """What we need of a raw SQLite connection."""

    isolation_level: str | None
    in_transaction: bool

    def execute(self, statement: str, /) -> "_SqliteDriver":
        """Run a statement."""

    def fetchone(self) -> tuple[object, ...] | None:
        """The next row of the result."""

    def fetchall(self) -> list[tuple[object, ...]]:
        """The rows of the result."""


@contextlib.contextmanager
def _sqlite_transaction(connection: sa.Connection) -> Iterator[None]:
    """One transaction for schema and data, with foreign keys off in it and checked before it commits.

    SQLite rebuilds a table to alter it; with foreign keys on, dropping the old one would delete the rows that cascade
    from it. They can only be switched outside a transaction. The driver must neither begin nor commit by itself.
    """
    driver = cast("_SqliteDriver", connection.connection.driver_connection)
    found = driver.execute("PRAGMA foreign_keys").fetchone()
    enforced = found is not None and found[0] == 1
    isolation = driver.isolation_level
    driver.isolation_level = None
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        with connection.begin():
            if not driver.in_transaction:
                driver.execute("BEGIN IMMEDIATE")
            yield
            broken = {str(row[0]) for row in driver.execute("PRAGMA foreign_key_check").fetchall()}
            if broken:
                raise Bug(f"the migration broke references of {', '.join(sorted(broken))}")
    finally:
        driver.execute(f"PRAGMA foreign_keys = {'ON' if enforced else 'OFF'}")
        driver.isolation_level = isolation


@contextlib.contextmanager
def _postgresql_transaction(connection: sa.Connection) -> Iterator[None]:
    """One transaction as the owner of the tables, one at a time."""
    with connection.begin():
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
        known = connection.exec_driver_sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{OWNER_ROLE}'").first()  # noqa: S608
        if known is None:
            raise UserError(
                "database_not_prepared",
                "The database server does not have DriveFlow's roles yet.",
                hint="Start the service once with the URL of a database administrator.",
            )
        connection.exec_driver_sql(f"SET LOCAL ROLE {OWNER_ROLE}")
        # Row security is forced on the owner too. A revision that changes rows would silently change none; with this
        # it fails instead, and must lift the force from that table and put it back (docs/schema.md).
        connection.exec_driver_sql("SET LOCAL row_security = off")
        yield


_TRANSACTIONS: Final = {"sqlite": _sqlite_transaction, "postgresql": _postgresql_transaction}
