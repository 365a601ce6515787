"""Schools, people who sign in, and their roles."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.store.base import Base, TenantRow, document, flag, number, tenant_index, text, utc_now
from driveflow_desktop.store.types import EnumText, Id, UtcDateTime


class Org(TenantRow):
    """A driving school; its `id` is its `org_id`."""

    org_id: Mapped[UUID] = mapped_column(Id, primary_key=True, sort_order=-20)
    name: Mapped[str] = mapped_column(text(200))
    abn: Mapped[str | None] = mapped_column(text(11))
    time_zone: Mapped[str] = mapped_column(text(63), default="Australia/Sydney", server_default="Australia/Sydney")
    currency: Mapped[str] = mapped_column(text(3), default="AUD", server_default="AUD")
    country: Mapped[str] = mapped_column(text(2), default="AU", server_default="AU")
    region: Mapped[str | None] = mapped_column(text(10))
    platform_fee_bp: Mapped[int] = number(1500)
    gst_registered: Mapped[bool] = flag()
    address: Mapped[str | None] = mapped_column(text(500))
    phone: Mapped[str | None] = mapped_column(text(20))
    email: Mapped[str | None] = mapped_column(text(254))
    settings: Mapped[dict[str, object]] = document()

    __table_args__ = (
        sa.UniqueConstraint("org_id"),
        sa.CheckConstraint("org_id = id", name="own_tenant"),
        sa.CheckConstraint("platform_fee_bp BETWEEN 0 AND 10000", name="fee_range"),
        sa.Index(None, "name"),
    )


class User(Base):
    """A person who signs in; global. The service keeps `password_hash`, replicas hold a copy without it."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    email: Mapped[str] = mapped_column(text(254))
    full_name: Mapped[str] = mapped_column(text(200))
    phone: Mapped[str | None] = mapped_column(text(20))
    external_id: Mapped[str | None] = mapped_column(text(200))
    password_hash: Mapped[str | None] = mapped_column(text(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=utc_now())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=utc_now())

    __table_args__ = (sa.UniqueConstraint("email"), sa.UniqueConstraint("external_id"))


class UserOrg(TenantRow):
    """A role of a person in a school."""

    user_id: Mapped[UUID] = mapped_column(Id, sa.ForeignKey("users.id", ondelete="RESTRICT"))
    role: Mapped[OrgRole] = mapped_column(EnumText(OrgRole))

    __table_args__ = (sa.UniqueConstraint("user_id", "org_id", "role"), tenant_index("role"))
