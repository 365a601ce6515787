"""Tables that stand on the sync service only: the log's head, idempotency, devices, tokens, deliveries, jobs."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from driveflow_desktop.store.base import Base, document, number, tenant_fk, tenant_index, text, utc_now
from driveflow_desktop.store.types import Id, JsonDoc, UtcDateTime

_SERVICE = {"info": {"side": "service"}}


class SyncHead(Base):
    """One row a school: its lock, the last sequence given out, the oldest one kept, and the epoch of its history."""

    __tablename__ = "sync_heads"
    __table_args__ = (_SERVICE,)

    org_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    head_seq: Mapped[int] = number(0, big=True)
    min_seq: Mapped[int] = number(0, big=True)
    epoch: Mapped[UUID] = mapped_column(Id)
    audit_hash: Mapped[bytes | None] = mapped_column(sa.LargeBinary(32))


class AppliedTransaction(Base):
    """What became of a pushed transaction, kept for ever: the same id gets the same answer."""

    __tablename__ = "applied_transactions"
    __table_args__ = (_SERVICE,)

    org_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    device_id: Mapped[UUID] = mapped_column(Id)
    body_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    result: Mapped[dict[str, object]] = document()
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=utc_now())


class Device(Base):
    """A PC on which a person signed in; global, not of one school."""

    __tablename__ = "devices"
    __table_args__ = (sa.Index(None, "user_id"), _SERVICE)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Id, sa.ForeignKey("users.id", ondelete="RESTRICT"))
    name: Mapped[str] = mapped_column(text(120))
    platform: Mapped[str] = mapped_column(text(60))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=utc_now())
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DeviceOrg(Base):
    """How far a device has read one school's log."""

    __tablename__ = "device_orgs"
    __table_args__ = (_SERVICE,)

    org_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    device_id: Mapped[UUID] = mapped_column(Id, sa.ForeignKey("devices.id", ondelete="RESTRICT"), primary_key=True)
    acked_seq: Mapped[int] = number(0, big=True)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RefreshToken(Base):
    """One link of a device's chain of refresh tokens (only its hash)."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (sa.Index(None, "family_id"), sa.Index(None, "device_id"), _SERVICE)

    token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    device_id: Mapped[UUID] = mapped_column(Id, sa.ForeignKey("devices.id", ondelete="RESTRICT"))
    family_id: Mapped[UUID] = mapped_column(Id)
    rotation_id: Mapped[UUID | None] = mapped_column(Id)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SigningKey(Base):
    """A key that signs access tokens (Ed25519, PEM), made once; only the sign-in role may read it."""

    __tablename__ = "signing_keys"
    __table_args__ = (_SERVICE,)

    kid: Mapped[str] = mapped_column(text(63), primary_key=True)
    private_key: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=utc_now())
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Invitation(Base):
    """An open door into one school for one e-mail address, for 7 days, once."""

    __tablename__ = "invitations"
    __table_args__ = (sa.UniqueConstraint("code_hash"), tenant_fk("instructor_id", "instructors"), _SERVICE)

    org_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    email: Mapped[str] = mapped_column(text(254))
    role: Mapped[str] = mapped_column(text(32))
    instructor_id: Mapped[UUID | None] = mapped_column(Id)
    invited_by: Mapped[UUID | None] = mapped_column(Id)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AccessToken(Base):
    """A revocable token for phones that send points or calendars that read a diary (only its hash)."""

    __tablename__ = "access_tokens"
    __table_args__ = (sa.UniqueConstraint("token_hash"), _SERVICE)

    org_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    scope: Mapped[dict[str, object]] = document()
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=utc_now())
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WebhookEndpoint(Base):
    """Where a school wants its events delivered."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (_SERVICE,)

    org_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    url: Mapped[str] = mapped_column(text(2000))
    topics: Mapped[list[str] | None] = mapped_column(JsonDoc)
    secret: Mapped[str] = mapped_column(text(120))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=utc_now())
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WebhookDelivery(Base):
    """One event's way to one endpoint."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        tenant_fk("endpoint_id", "webhook_endpoints"),
        tenant_index("endpoint_id", "outbox_id"),
        _SERVICE,
    )

    org_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    endpoint_id: Mapped[UUID] = mapped_column(Id)
    outbox_id: Mapped[UUID] = mapped_column(Id)
    attempts: Mapped[int] = number(0)
    status_code: Mapped[int | None] = mapped_column(sa.Integer)
    last_error: Mapped[str | None] = mapped_column(text(500))
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class JobRun(Base):
    """A run of one of the service's recurring jobs and how it ended."""

    __tablename__ = "job_runs"
    __table_args__ = (sa.Index(None, "job", "started_at"), _SERVICE)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    job: Mapped[str] = mapped_column(text(63))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(text(500))
