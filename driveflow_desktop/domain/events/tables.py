"""Webhooks that arrive at the service."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from driveflow_desktop.store.base import Base, document, tenant_index, tenant_unique, text, utc_now
from driveflow_desktop.store.types import Id, UtcDateTime


class WebhookEvent(Base):
    """A provider's webhook, stored once by its event id, then processed."""

    __tablename__ = "webhook_events"

    org_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    provider: Mapped[str] = mapped_column(text(40))
    event_type: Mapped[str] = mapped_column(text(120))
    event_id: Mapped[str] = mapped_column(text(200))
    payload: Mapped[dict[str, object]] = document()
    processed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=utc_now())

    __table_args__ = (
        tenant_unique("provider", "event_id"),
        tenant_index("processed_at"),
        {"info": {"side": "service"}},
    )
