"""Lessons that were driven, and their trips."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from driveflow_desktop.domain.execution.values import TripSource
from driveflow_desktop.store.base import Base, TenantRow, tenant_fk, tenant_index, tenant_unique, text
from driveflow_desktop.store.types import EnumText, Hundredths, Id, JsonDoc, Microdegrees, UtcDateTime


class Lesson(TenantRow):
    """What happened in a booking; one a booking, its id derived from the booking's."""

    booking_id: Mapped[UUID] = mapped_column(Id)
    instructor_id: Mapped[UUID] = mapped_column(Id)
    student_id: Mapped[UUID] = mapped_column(Id)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rating: Mapped[int | None] = mapped_column(sa.Integer)
    notes: Mapped[str | None] = mapped_column(text(20_000))
    distance_meters: Mapped[int | None] = mapped_column(sa.Integer)
    duration_sec: Mapped[int | None] = mapped_column(sa.Integer)
    skills: Mapped[dict[str, object] | None] = mapped_column(JsonDoc)

    __table_args__ = (
        tenant_fk("booking_id", "bookings"),
        tenant_fk("instructor_id", "instructors"),
        tenant_fk("student_id", "students"),
        tenant_unique("booking_id"),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name="rating_range"),
        sa.CheckConstraint("ended_at >= started_at", name="ends_after_start"),
        tenant_index("student_id"),
        tenant_index("instructor_id"),
    )


class Trip(TenantRow):
    """One recorded drive of a lesson."""

    lesson_id: Mapped[UUID] = mapped_column(Id)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    source: Mapped[TripSource | None] = mapped_column(EnumText(TripSource))
    speed_limit_kph: Mapped[int | None] = mapped_column(sa.Integer)

    __table_args__ = (
        tenant_fk("lesson_id", "lessons"),
        sa.CheckConstraint("ended_at >= started_at", name="ends_after_start"),
        tenant_index("lesson_id"),
    )


class TripPoint(Base):
    """A raw GPS fix; immutable. `n` counts fixes of an imported file that repeat a time; live fixes have 0."""

    __tablename__ = "trip_points"

    org_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    trip_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    ts: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    n: Mapped[int] = mapped_column(sa.Integer, primary_key=True, default=0, server_default="0")
    lat: Mapped[int] = mapped_column(Microdegrees)
    lng: Mapped[int] = mapped_column(Microdegrees)
    speed_kph: Mapped[int | None] = mapped_column(Hundredths)

    __table_args__ = (
        tenant_fk("trip_id", "trips", cascade=True),
        {"sqlite_with_rowid": False, "postgresql_partition_by": "RANGE (ts)"},
    )
