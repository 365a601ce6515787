"""What a database administrator does once on PostgreSQL: the extension, the roles, and the right to make tables."""

from typing import Final

import psycopg
from psycopg import sql

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.guards import APP_ROLE, AUTH_ROLE, OWNER_ROLE

OLDEST_POSTGRESQL: Final = 15
_ROLES: Final = (OWNER_ROLE, APP_ROLE, AUTH_ROLE)
_TRIES: Final = 10


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
