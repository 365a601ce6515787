"""Services and what they cost."""

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from driveflow_desktop.domain.catalog.values import ServiceKind
from driveflow_desktop.store.base import TenantRow, choice, flag, number, tenant_fk, tenant_index, tenant_unique, text
from driveflow_desktop.store.types import Id


class Service(TenantRow):
    """Something a student can book."""

    name: Mapped[str] = mapped_column(text(120))
    description: Mapped[str | None] = mapped_column(text(2000))
    duration_min: Mapped[int] = number(60)
    active: Mapped[bool] = flag(True)
    kind: Mapped[ServiceKind] = choice(ServiceKind, ServiceKind.LESSON)
    colour: Mapped[str | None] = mapped_column(text(20))

    __table_args__ = (
        tenant_unique("name"),
        sa.CheckConstraint("duration_min BETWEEN 5 AND 1440", name="duration_range"),
        tenant_index("active"),
    )


class RateCard(TenantRow):
    """A price list, valid for a span of local dates (both ends included, open where null)."""

    name: Mapped[str] = mapped_column(text(120))
    currency: Mapped[str] = mapped_column(text(3), default="AUD", server_default="AUD")
    is_default: Mapped[bool] = flag()
    valid_from: Mapped[date | None] = mapped_column(sa.Date)
    valid_to: Mapped[date | None] = mapped_column(sa.Date)

    __table_args__ = (
        tenant_unique("name"),
        sa.CheckConstraint("valid_to >= valid_from", name="valid_span"),
        tenant_index("is_default"),
    )


class RateCardItem(TenantRow):
    """The price of one service on one rate card."""

    rate_card_id: Mapped[UUID] = mapped_column(Id)
    service_id: Mapped[UUID] = mapped_column(Id)
    price_cents: Mapped[int] = mapped_column(sa.BigInteger)

    __table_args__ = (
        tenant_fk("rate_card_id", "rate_cards", cascade=True),
        tenant_fk("service_id", "services"),
        tenant_unique("rate_card_id", "service_id"),
        sa.CheckConstraint("price_cents >= 0", name="price_not_negative"),
        tenant_index("service_id"),
    )
