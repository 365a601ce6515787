"""What a database administrator does once on PostgreSQL: the extension, the roles, and the right to make tables."""

import hashlib
import hmac
from typing import Final, NamedTuple

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from driveflow_desktop.kernel.errors import Bug, UserError
from driveflow_desktop.store.guards import APP_ROLE, AUTH_ROLE, OWNER_ROLE

OLDEST_POSTGRESQL: Final = 15
_ROLES: Final = (OWNER_ROLE, APP_ROLE, AUTH_ROLE)
_TRIES: Final = 10
SERVICE_LOGIN: Final = "driveflow_service"
"""The login that the service makes for itself: it owns nothing, and may take the roles of the app and of sign-in."""


class Login(NamedTuple):
    """What a database login may do."""

    migrates: bool
    """It may prepare the database, or become the owner of the tables: more than a server on the network should."""
    makes_logins: bool
    serves: bool
    """It may take both roles that serving needs."""
    password: str


def examine_login(url: str) -> Login:
    """Look at the login of a database URL (libpq form). Raises `UserError("database_unreachable")`."""
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
            row = connection.execute(
                "SELECT rolsuper, rolcreaterole, "
                "EXISTS (SELECT FROM pg_roles WHERE rolname = %s AND pg_has_role(current_user, oid, 'MEMBER')), "
                "(SELECT count(*) FROM pg_roles WHERE rolname = ANY(%s) AND pg_has_role(current_user, oid, 'MEMBER')) "
                "FROM pg_roles WHERE rolname = current_user",
                (OWNER_ROLE, [APP_ROLE, AUTH_ROLE]),
            ).fetchone()
            password = connection.info.password
    except (psycopg.OperationalError, psycopg.ProgrammingError) as problem:
        raise UserError(
            "database_unreachable",
            "The database cannot be reached with that URL.",
            hint=f"Check the URL, the login and the server ({type(problem).__name__}).",
        ) from problem
    if row is None:
        raise Bug("a login that is in no list of roles")
    superuser, creates, owns, serving = row
    return Login(superuser or creates or owns, superuser or creates, serving == 2, password)


def service_url(admin_url: str) -> str:
    """The URL to serve with on a prepared database: of a login that is neither a superuser nor the tables' owner.

    A URL of such a login is returned as it is. For an administrator's, `SERVICE_LOGIN` is made on the server; its
    password follows from the administrator's, so that every process knows it and no file holds it. Raises `UserError`:
    `database_unreachable`, `no_service_rights`, `no_admin_rights`.
    """
    login = examine_login(admin_url)
    if not login.migrates:
        if login.serves:
            return admin_url
        raise UserError(
            "no_service_rights",
            "This login may not serve the schools of this database.",
            hint=f"Grant it the roles {APP_ROLE} and {AUTH_ROLE}, or start once with an administrator's URL.",
        )
    if not login.makes_logins or not login.password:
        raise UserError(
            "no_admin_rights",
            "The service does not run as the owner of the tables, and cannot make a login of its own with this URL.",
            hint=f"Name a login that has only the roles {APP_ROLE} and {AUTH_ROLE}, or a superuser with a password.",
        )
    password = hmac.new(login.password.encode(), SERVICE_LOGIN.encode(), hashlib.sha256).hexdigest()
    url = make_url(admin_url).set(username=SERVICE_LOGIN, password=password).render_as_string(hide_password=False)
    if not _logs_in(url):
        _make_service_login(admin_url, password)
    return url


def _logs_in(url: str) -> bool:
    try:
        return examine_login(url).serves
    except UserError:
        return False


def _make_service_login(admin_url: str, password: str) -> None:
    name = sql.Identifier(SERVICE_LOGIN)
    with psycopg.connect(admin_url, autocommit=True) as connection:
        # The server is told a verifier: a password in the statement could end in its log.
        verifier = connection.pgconn.encrypt_password(password.encode(), SERVICE_LOGIN.encode(), b"scram-sha-256")
        _settled(
            connection,
            sql.SQL(
                "DO $$ BEGIN CREATE ROLE {} LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$"
            ).format(name),
        )
        rights = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOBYPASSRLS"
        if not connection.execute("SELECT FROM pg_roles WHERE rolname = current_user AND rolsuper").rowcount:
            rights = "LOGIN NOINHERIT"  # one may not even deny what one has not; a new role has none of the others
        _settled(
            connection,
            sql.SQL("ALTER ROLE {} {} PASSWORD {}").format(
                name, sql.SQL(rights), sql.Literal(verifier.decode("ascii"))
            ),
        )
        for role in (APP_ROLE, AUTH_ROLE):
            _settled(connection, sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), name))


def prepare_database(admin_url: str) -> None:
    """Make a PostgreSQL database ready for `migrate.upgrade`; may be repeated, by several processes at once.

    `admin_url` (libpq form) names a superuser, or a role with CREATEROLE that owns the database. That login becomes a
    member of our three roles and takes one with SET ROLE for each piece of work; the roles may log in themselves once
    an administrator gives them a password. On a database that is ready, any member of the roles may call this, and
    nothing happens. Raises `UserError`: `postgres_version`, `no_admin_rights`.
    """
    with psycopg.connect(admin_url, autocommit=True) as connection:
        version = connection.info.server_version // 10_000
        if version < OLDEST_POSTGRESQL:
            raise UserError(
                "postgres_version",
                f"PostgreSQL {version} is too old.",
                hint=f"PostgreSQL {OLDEST_POSTGRESQL} or newer is needed.",
            )
        if _is_ready(connection):
            return
        try:
            _prepare(connection)
        except psycopg.errors.InsufficientPrivilege as problem:
            raise UserError(
                "no_admin_rights",
                "This login may not prepare the database.",
                hint="Use the URL of a superuser once, or ask the administrator of the database.",
            ) from problem


def _is_ready(connection: psycopg.Connection) -> bool:
    """Whether the extension, the roles, our membership and their rights on the schema are all there."""
    extension = connection.execute("SELECT FROM pg_extension WHERE extname = 'btree_gist'").rowcount
    roles = connection.execute(
        "SELECT FROM pg_roles WHERE rolname = ANY(%s) AND pg_has_role(current_user, oid, 'MEMBER') "
        "AND has_schema_privilege(oid, 'public', CASE rolname WHEN %s THEN 'CREATE' ELSE 'USAGE' END)",
        (list(_ROLES), OWNER_ROLE),
    ).rowcount
    return extension == 1 and roles == len(_ROLES)


def _prepare(connection: psycopg.Connection) -> None:
    _settled(connection, sql.SQL("CREATE EXTENSION IF NOT EXISTS btree_gist"))
    for role in map(sql.Identifier, _ROLES):
        _settled(
            connection,
            sql.SQL(
                "DO $$ BEGIN CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOBYPASSRLS; "
                "EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$"
            ).format(role),
        )
        _settled(connection, sql.SQL("GRANT {} TO CURRENT_USER").format(role))
        _settled(connection, sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role))
    _settled(connection, sql.SQL("GRANT CREATE ON SCHEMA public TO {}").format(sql.Identifier(OWNER_ROLE)))


def _settled(connection: psycopg.Connection, statement: sql.SQL | sql.Composed) -> None:
    """Run a statement that may meet itself in another process: PostgreSQL then reports an internal or unique error."""
    for attempt in range(_TRIES):
        try:
            connection.execute(statement)
        except (psycopg.errors.InternalError_, psycopg.errors.UniqueViolation):
            if attempt == _TRIES - 1:
                raise
        else:
            return
