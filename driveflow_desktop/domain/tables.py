"""Every table of the schema, loaded into one metadata (docs/schema.md)."""

from typing import Final

import sqlalchemy as sa

from driveflow_desktop.domain.catalog import tables as catalog
from driveflow_desktop.domain.communication import tables as communication
from driveflow_desktop.domain.events import tables as events
from driveflow_desktop.domain.execution import tables as execution
from driveflow_desktop.domain.finance import tables as finance
from driveflow_desktop.domain.identity import tables as identity
from driveflow_desktop.domain.people import tables as people
from driveflow_desktop.domain.scheduling import tables as scheduling
from driveflow_desktop.store import log_tables, service_tables
from driveflow_desktop.store.base import Base, TenantRow, side_of

MODULES: Final = (
    identity,
    people,
    catalog,
    scheduling,
    execution,
    finance,
    communication,
    events,
    log_tables,
    service_tables,
)
METADATA: Final = Base.metadata


def synced_tables() -> tuple[sa.Table, ...]:
    """The tables whose rows travel through the change log, parents before children."""
    synced = {mapper.local_table for mapper in TenantRow.registry.mappers if issubclass(mapper.class_, TenantRow)}
    return tuple(table for table in METADATA.sorted_tables if table in synced)


def tables_for(dialect: str) -> tuple[sa.Table, ...]:
    """The tables that stand on a database: the replica's own on SQLite, the service's own on PostgreSQL."""
    other = "service" if dialect == "sqlite" else "replica"
    return tuple(table for table in METADATA.sorted_tables if side_of(table) != other)
