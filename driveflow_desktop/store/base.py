"""The declarative base, the columns that every tenant table has, and the helpers that build composite keys."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from driveflow_desktop.store.types import EnumText, Id, JsonDoc, UtcDateTime

Side = Literal["both", "service", "replica"]
E = TypeVar("E", bound=StrEnum)
Connection: TypeAlias = sa.Connection
"""A database connection, named for those who pass it on and know no SQL (screens)."""

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class utc_now(FunctionElement[datetime]):  # noqa: N801 - named like the SQL function it stands for
    """The database's own clock, in the column's stored form."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(utc_now, "postgresql")
def _utc_now_postgresql(_element: utc_now, _compiler: SQLCompiler, **_kw: object) -> str:
    return "CURRENT_TIMESTAMP"


@compiles(utc_now, "sqlite")
def _utc_now_sqlite(_element: utc_now, _compiler: SQLCompiler, **_kw: object) -> str:
    return "(CAST(ROUND((julianday('now') - 2440587.5) * 86400000000.0) AS INTEGER))"


class Base(DeclarativeBase):
    """Base of every ORM class. `__table__.info["side"]` says on which databases the table stands."""

    metadata = sa.MetaData(naming_convention=NAMING)


@sa.event.listens_for(sa.Table, "after_parent_attach")
def _check_enums(table: sa.Table, _metadata: object) -> None:
    """Give every enumeration column its CHECK, so that both databases refuse unknown values."""
    for column in table.columns:
        if isinstance(column.type, EnumText):
            values = ", ".join(f"'{member.value}'" for member in column.type.enum)
            table.append_constraint(sa.CheckConstraint(f"{column.name} IN ({values})", name=f"{column.name}_known"))


class TenantRow(Base):
    """What every synced tenant table has: tenancy in the key, times, and the log sequence of its last change."""

    __abstract__ = True

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805 - SQLAlchemy calls it with the class
        """Snake-case plural of the class name, unless the class gives its own."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower() + "s"

    @declared_attr
    def org_id(cls) -> Mapped[UUID]:  # noqa: N805
        """The school the row belongs to."""
        return mapped_column(Id, sa.ForeignKey("orgs.org_id", ondelete="RESTRICT"), primary_key=True, sort_order=-20)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, sort_order=-10)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=utc_now(), sort_order=100)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=utc_now(), sort_order=100)
    version: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0", sort_order=100)


SERVICE_COLUMNS = frozenset({"org_id", "created_at", "updated_at", "version"})
"""Columns that only the sync service decides; no mutation carries them."""


def text(length: int) -> sa.String:
    """A text column of at most `length` characters; SQLite does not check it, so `rows` does on every write."""
    return sa.String(length)


def number(default: int = 0, *, big: bool = False) -> Mapped[int]:
    """A NOT NULL integer with a default on both databases and in Python."""
    return mapped_column(sa.BigInteger if big else sa.Integer, default=default, server_default=str(default))


def flag(default: bool = False) -> Mapped[bool]:
    """A NOT NULL boolean with a default on both databases and in Python."""
    return mapped_column(sa.Boolean, default=default, server_default=sa.true() if default else sa.false())


def choice(enum: type[E], default: E) -> Mapped[E]:
    """A NOT NULL enumeration with a default on both databases and in Python."""
    return mapped_column(EnumText(enum), default=default, server_default=default.value)


def document() -> Mapped[dict[str, object]]:
    """A NOT NULL JSON object that is empty by default."""
    return mapped_column(JsonDoc, default=dict, server_default="{}")


def tenant_fk(column: str, target: str, *, cascade: bool = False) -> sa.ForeignKeyConstraint:
    """A foreign key inside the tenant: `(org_id, column) → target(org_id, id)`; RESTRICT unless owned (`cascade`)."""
    return sa.ForeignKeyConstraint(
        ["org_id", column],
        [f"{target}.org_id", f"{target}.id"],
        ondelete="CASCADE" if cascade else "RESTRICT",
    )


def tenant_unique(*columns: str) -> sa.UniqueConstraint:
    """A unique key inside the tenant."""
    return sa.UniqueConstraint("org_id", *columns)


def tenant_index(*columns: str) -> sa.Index:
    """An index that begins with the tenant; named by the convention."""
    return sa.Index(None, "org_id", *columns)


def side_of(table: sa.Table) -> Side:
    """On which databases `table` stands."""
    found: Side = table.info.get("side", "both")
    return found
