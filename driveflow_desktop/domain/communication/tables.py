"""Messages, their templates, and documents attached to rows."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from driveflow_desktop.domain.communication.values import MessageChannel, MessageStatus
from driveflow_desktop.store.base import TenantRow, choice, number, tenant_index, tenant_unique, text
from driveflow_desktop.store.types import EnumText, Id, UtcDateTime


class Message(TenantRow):
    """Something said to a person, once per channel."""

    to_address: Mapped[str] = mapped_column(text(254))
    channel: Mapped[MessageChannel] = mapped_column(EnumText(MessageChannel))
    template_key: Mapped[str] = mapped_column(text(80))
    subject: Mapped[str | None] = mapped_column(text(500))
    body: Mapped[str | None] = mapped_column(text(20_000))
    provider_id: Mapped[str | None] = mapped_column(text(200))
    status: Mapped[MessageStatus] = choice(MessageStatus, MessageStatus.QUEUED)
    error: Mapped[str | None] = mapped_column(text(500))
    related_type: Mapped[str | None] = mapped_column(text(63))
    related_id: Mapped[UUID | None] = mapped_column(Id)
    send_after: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (tenant_index("channel", "status"), tenant_index("related_type", "related_id"))


class MessageTemplate(TenantRow):
    """The words of a message for one purpose, channel and language; owned by the school and gone with it."""

    org_id: Mapped[UUID] = mapped_column(
        Id, sa.ForeignKey("orgs.org_id", ondelete="CASCADE"), primary_key=True, sort_order=-20
    )
    key: Mapped[str] = mapped_column(text(80))
    channel: Mapped[MessageChannel] = mapped_column(EnumText(MessageChannel))
    language: Mapped[str] = mapped_column(text(12), default="en", server_default="en")
    subject: Mapped[str | None] = mapped_column(text(500))
    body: Mapped[str] = mapped_column(text(20_000))

    __table_args__ = (tenant_unique("key", "channel", "language"),)


class Document(TenantRow):
    """A file attached to a row; the bytes lie in a side store under their hash."""

    related_type: Mapped[str] = mapped_column(text(63))
    related_id: Mapped[UUID] = mapped_column(Id)
    name: Mapped[str] = mapped_column(text(255))
    media_type: Mapped[str] = mapped_column(text(120))
    sha256: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    size_bytes: Mapped[int] = number(0, big=True)

    __table_args__ = (tenant_index("related_type", "related_id"),)
