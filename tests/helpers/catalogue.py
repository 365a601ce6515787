"""What a live database says that it is, as comparable facts: from pg_catalog, or from sqlite_master and its pragmas."""

import re
from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa

from driveflow_desktop.domain.tables import METADATA, tables_for
from driveflow_desktop.store.guards import OWNER_ROLE, statements

Facts = dict[str, set[tuple[object, ...]]]
VERSION_TABLE: Final = "alembic_version"

_POSTGRESQL: Final = {
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
          AND a.attnum > 0 AND NOT a.attisdropped""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), condeferrable, condeferred
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0""",
    "indexes": """
        SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'""",
    "triggers": """
        SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal""",
    "functions": """
        SELECT proname, pg_get_functiondef(oid), proowner::regrole::text, proacl::text
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'driveflow%'""",
    "policies": """
        SELECT tablename, policyname, permissive, roles::text, cmd, qual, with_check
        FROM pg_policies WHERE schemaname = 'public'""",
    "tables": """
        SELECT relname, relkind::text, relrowsecurity, relforcerowsecurity, relowner::regrole::text, relispartition,
               pg_get_partkeydef(oid), pg_get_expr(relpartbound, oid)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')""",
    "rights": """
        SELECT relname, '', grantee::regrole::text, privilege_type FROM pg_class, aclexplode(relacl)
        WHERE relnamespace = 'public'::regnamespace
        UNION ALL
        SELECT relname, attname, grantee::regrole::text, privilege_type
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid, aclexplode(a.attacl)
        WHERE relnamespace = 'public'::regnamespace""",
}


def catalogue(connection: sa.Connection) -> Facts:
    """Everything about the schema that could differ between two databases; the order of columns does not count."""
    if connection.dialect.name == "sqlite":
        return _sqlite(connection)
    return {name: set(map(tuple, connection.execute(verbatim(query)).all())) for name, query in _POSTGRESQL.items()}


def verbatim(statement: str) -> sa.TextClause:
    """SQL in which neither `:` nor `%` means a parameter."""
    return sa.text(statement.replace(":", r"\:"))


def create_from_models(connection: sa.Connection) -> None:
    """Make the schema without the migrations: from the metadata and the guards."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL ROLE {OWNER_ROLE}")
    version = sa.Column("version_num", sa.String(32), nullable=False)
    sa.Table(
        VERSION_TABLE, sa.MetaData(), version, sa.PrimaryKeyConstraint(version, name=f"{VERSION_TABLE}_pkc")
    ).create(connection)
    tables = tables_for(connection.dialect.name)
    METADATA.create_all(connection, tables=tables, checkfirst=False)
    for statement in statements(connection.dialect.name, tables):
        connection.execute(verbatim(statement))


def _sqlite(connection: sa.Connection) -> Facts:
    inspector = sa.inspect(connection)
    names = sorted(set(inspector.get_table_names()) & {*METADATA.tables, VERSION_TABLE})
    found: Facts = {"columns": set(), "foreign keys": set(), "checks": set(), "uniques": set()}
    for name in names:
        found["columns"] |= {(name, *row[1:]) for row in _pragma(connection, "table_xinfo", name)}
        keys: dict[object, list[object]] = {}
        for number, _seq, *rest in _pragma(connection, "foreign_key_list", name):
            keys.setdefault(number, []).append(tuple(rest))
        found["foreign keys"] |= {(name, tuple(parts)) for parts in keys.values()}
        found["checks"] |= {(name, check["name"], check["sqltext"]) for check in inspector.get_check_constraints(name)}
        for _seq, index, is_unique, origin, partial in _pragma(connection, "index_list", name):
            columns = tuple(row[2] for row in _pragma(connection, "index_info", index))
            if is_unique:
                found["uniques"].add((name, columns, origin, partial))
    tables = connection.exec_driver_sql("PRAGMA table_list").all()
    found["tables"] = {(row[1], row[2], *row[4:]) for row in tables if row[1] in names}
    for kind, plural in (("index", "indexes"), ("trigger", "triggers")):
        # The search index is made of triggers too; it proves itself (store.search_index.drift).
        query = (
            f"SELECT tbl_name, name, sql FROM sqlite_master WHERE type = '{kind}' AND sql IS NOT NULL "
            "AND tbl_name NOT GLOB 'search_*' AND name NOT GLOB 'search_*'"
        )
        rows = connection.exec_driver_sql(query)
        found[plural] = {(table, name, re.sub(r"\s+", " ", text)) for table, name, text in rows}
    return found


def _pragma(connection: sa.Connection, pragma: str, argument: str) -> Iterable[sa.Row[tuple[object, ...]]]:
    return connection.exec_driver_sql(f"PRAGMA {pragma}('{argument}')").all()
