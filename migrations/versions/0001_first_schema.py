"""The first schema: the 22 tables of the eight contexts, and what working offline adds.

Frozen: a released revision is never edited. It repeats names and values that the models hold today, because they may
hold others tomorrow. The triggers, policies and rights of this revision are in `../sql/0001_*.sql`.

Revision ID: 0001
Revises:
"""

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic import op

from driveflow_desktop.store.types import Hundredths, Id, JsonDoc, Microdegrees, UtcDateTime

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

Type = type[sa.types.TypeEngine[object]] | sa.types.TypeEngine[object]
Named = Callable[[str], sa.Constraint | sa.Index]
"""A constraint or index that is named after its table."""

_NOW = {
    "postgresql": "CURRENT_TIMESTAMP",
    "sqlite": "(CAST(ROUND((julianday('now') - 2440587.5) * 86400000000.0) AS INTEGER))",
}


def upgrade() -> None:
    on_replica = op.get_bind().dialect.name == "sqlite"
    _identity()
    _people()
    _catalog()
    _scheduling()
    _execution()
    _finance()
    _communication()
    _log()
    if on_replica:
        _log_of_a_replica()
    else:
        _events_of_the_service()
        _service()
    for statement in _guards():
        op.execute(sa.text(statement.replace(":", r"\:")))


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # Nothing else hangs on these tables, so the order, the guards and the partitions need no attention.
        tables = ", ".join(_TABLES + _SERVICE_TABLES)
        op.execute(f"DROP TABLE {tables} CASCADE")
        op.execute(
            "DROP FUNCTION driveflow_refuse(), driveflow_refuse_while_trip_stands(), "
            "driveflow_add_trip_points_month(date)"
        )
        op.execute("REVOKE ALL ON alembic_version FROM driveflow_app, driveflow_auth")
        return
    for table in reversed(_TABLES + _REPLICA_TABLES):
        op.drop_table(table)


def _guards() -> list[str]:
    """The statements of this revision's SQL file, which are separated by empty lines."""
    file = Path(__file__).parent.parent / "sql" / f"0001_{op.get_bind().dialect.name}.sql"
    return [part for part in file.read_text("utf-8").split("\n\n") if not part.startswith("--")]


def _required(name: str, kind: Type, default: str | sa.sql.elements.ColumnElement[bool] | None = None) -> sa.Column:
    return sa.Column(name, kind, nullable=False, server_default=default)


def _optional(name: str, kind: Type) -> sa.Column:
    return sa.Column(name, kind, nullable=True)


def _now(name: str) -> sa.Column:
    return sa.Column(name, UtcDateTime, nullable=False, server_default=sa.text(_NOW[op.get_bind().dialect.name]))


def _pk(*columns: str) -> Named:
    return lambda table: sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _tenant_fk(column: str, target: str, *, cascade: bool = False) -> Named:
    return lambda table: sa.ForeignKeyConstraint(
        ["org_id", column],
        [f"{target}.org_id", f"{target}.id"],
        name=f"fk_{table}_org_id_{column}",
        ondelete="CASCADE" if cascade else "RESTRICT",
    )


def _global_fk(column: str, target: str, key: str = "id", *, cascade: bool = False) -> Named:
    ondelete = "CASCADE" if cascade else "RESTRICT"
    return lambda table: sa.ForeignKeyConstraint(
        [column], [f"{target}.{key}"], name=f"fk_{table}_{column}", ondelete=ondelete
    )


def _unique(*columns: str) -> Named:
    return lambda table: sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def _check(name: str, condition: str) -> Named:
    return lambda table: sa.CheckConstraint(condition, name=f"ck_{table}_{name}")


def _choice(column: str, *values: str) -> Named:
    return _check(f"{column}_known", f"{column} IN ({', '.join(repr(value) for value in values)})")


def _index(
    *columns: str | sa.TextClause, name: str | None = None, unique: bool = False, where: str | None = None
) -> Named:
    condition = sa.text(where) if where else None
    return lambda table: sa.Index(
        name or f"ix_{table}_{'_'.join(map(str, columns))}",
        *columns,
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
    )


def _plain(table: str, *parts: sa.Column | Named, **options: object) -> None:
    op.create_table(table, *(part if isinstance(part, sa.Column) else part(table) for part in parts), **options)


def _synced(table: str, *parts: sa.Column | Named, goes_with_school: bool = False) -> None:
    """A table whose rows travel: tenancy in the key, times, and the sequence of the last change."""
    columns = [part for part in parts if isinstance(part, sa.Column)]
    rest = [part for part in parts if not isinstance(part, sa.Column)]
    school = [] if table == "orgs" else [_global_fk("org_id", "orgs", "org_id", cascade=goes_with_school)]
    _plain(
        table,
        _required("org_id", Id),
        _required("id", Id),
        *columns,
        _now("created_at"),
        _now("updated_at"),
        _required("version", sa.BigInteger, "0"),
        _pk("org_id", "id"),
        *school,
        *rest,
    )


def _identity() -> None:
    _synced(
        "orgs",
        _required("name", sa.String(200)),
        _optional("abn", sa.String(11)),
        _required("time_zone", sa.String(63), "Australia/Sydney"),
        _required("currency", sa.String(3), "AUD"),
        _required("country", sa.String(2), "AU"),
        _optional("region", sa.String(10)),
        _required("platform_fee_bp", sa.Integer, "1500"),
        _required("gst_registered", sa.Boolean, sa.false()),
        _optional("address", sa.String(500)),
        _optional("phone", sa.String(20)),
        _optional("email", sa.String(254)),
        _required("settings", JsonDoc, "{}"),
        _unique("org_id"),
        _check("own_tenant", "org_id = id"),
        _check("fee_range", "platform_fee_bp BETWEEN 0 AND 10000"),
        _index("name"),
    )
    _plain(
        "users",
        _required("id", Id),
        _required("email", sa.String(254)),
        _required("full_name", sa.String(200)),
        _optional("phone", sa.String(20)),
        _optional("external_id", sa.String(200)),
        _optional("password_hash", sa.String(200)),
        _now("created_at"),
        _now("updated_at"),
        _pk("id"),
        _unique("email"),
        _unique("external_id"),
    )
    _synced(
        "user_orgs",
        _required("user_id", Id),
        _required("role", sa.String(32)),
        _global_fk("user_id", "users"),
        _unique("user_id", "org_id", "role"),
        _choice("role", "owner", "admin", "instructor", "student"),
        _index("org_id", "role"),
    )


def _people() -> None:
    _synced(
        "instructors",
        _optional("user_id", Id),
        _required("display_name", sa.String(200)),
        _optional("phone", sa.String(20)),
        _optional("email", sa.String(254)),
        _optional("license_id", sa.String(40)),
        _optional("license_expires_on", sa.Date),
        _required("active", sa.Boolean, sa.true()),
        _optional("stripe_account_id", sa.String(120)),
        _required("stripe_onboarding_status", sa.String(32), "not_started"),
        _optional("colour", sa.String(20)),
        _optional("base_lat", Microdegrees),
        _optional("base_lng", Microdegrees),
        _required("travel_buffer_min", sa.Integer, "15"),
        _optional("max_lessons_per_day", sa.Integer),
        _optional("fee_bp", sa.Integer),
        _optional("abn", sa.String(11)),
        _required("gst_registered", sa.Boolean, sa.false()),
        _optional("bank_bsb", sa.String(7)),
        _optional("bank_account", sa.String(20)),
        _global_fk("user_id", "users"),
        _unique("org_id", "stripe_account_id"),
        _check("buffer_range", "travel_buffer_min BETWEEN 0 AND 60"),
        _check("fee_range", "fee_bp BETWEEN 0 AND 10000"),
        _choice("stripe_onboarding_status", "not_started", "pending", "ready", "restricted"),
        _index("org_id", "active"),
    )
    _synced(
        "students",
        _required("full_name", sa.String(200)),
        _optional("phone", sa.String(20)),
        _optional("email", sa.String(254)),
        _optional("dob", sa.Date),
        _optional("notes", sa.String(20000)),
        _optional("alert", sa.String(500)),
        _optional("licence_number", sa.String(40)),
        _optional("licence_class", sa.String(32)),
        _optional("licence_expires_on", sa.Date),
        _optional("transmission", sa.String(32)),
        _optional("pickup_address", sa.String(500)),
        _optional("pickup_lat", Microdegrees),
        _optional("pickup_lng", Microdegrees),
        _required("logbook_minutes", sa.Integer, "0"),
        _required("logbook_night_minutes", sa.Integer, "0"),
        _optional("gps_consent_at", UtcDateTime),
        _optional("gps_consent_by", sa.String(200)),
        _required("contact_opt_out", JsonDoc, "{}"),
        _optional("erased_at", UtcDateTime),
        _choice("licence_class", "learner", "provisional_1", "provisional_2", "full", "overseas"),
        _choice("transmission", "auto", "manual"),
        _index("org_id", "full_name"),
    )
    _synced(
        "guardians",
        _required("full_name", sa.String(200)),
        _optional("phone", sa.String(20)),
        _optional("email", sa.String(254)),
    )
    _synced(
        "student_guardians",
        _required("student_id", Id),
        _required("guardian_id", Id),
        _optional("relation", sa.String(60)),
        _required("is_payer", sa.Boolean, sa.false()),
        _tenant_fk("student_id", "students", cascade=True),
        _tenant_fk("guardian_id", "guardians", cascade=True),
        _unique("org_id", "student_id", "guardian_id"),
        _index("org_id", "guardian_id"),
    )
    _synced(
        "vehicles",
        _required("name", sa.String(120)),
        _required("transmission", sa.String(32), "auto"),
        _optional("plate", sa.String(12)),
        _required("active", sa.Boolean, sa.true()),
        _choice("transmission", "auto", "manual"),
    )


def _catalog() -> None:
    _synced(
        "services",
        _required("name", sa.String(120)),
        _optional("description", sa.String(2000)),
        _required("duration_min", sa.Integer, "60"),
        _required("active", sa.Boolean, sa.true()),
        _required("kind", sa.String(32), "lesson"),
        _optional("colour", sa.String(20)),
        _unique("org_id", "name"),
        _check("duration_range", "duration_min BETWEEN 5 AND 1440"),
        _choice("kind", "lesson", "test_prep", "driving_test", "highway", "night", "theory", "package_lesson"),
        _index("org_id", "active"),
    )
    _synced(
        "rate_cards",
        _required("name", sa.String(120)),
        _required("currency", sa.String(3), "AUD"),
        _required("is_default", sa.Boolean, sa.false()),
        _optional("valid_from", sa.Date),
        _optional("valid_to", sa.Date),
        _unique("org_id", "name"),
        _check("valid_span", "valid_to >= valid_from"),
        _index("org_id", "is_default"),
    )
    _synced(
        "rate_card_items",
        _required("rate_card_id", Id),
        _required("service_id", Id),
        _required("price_cents", sa.BigInteger),
        _tenant_fk("rate_card_id", "rate_cards", cascade=True),
        _tenant_fk("service_id", "services"),
        _unique("org_id", "rate_card_id", "service_id"),
        _check("price_not_negative", "price_cents >= 0"),
        _index("org_id", "service_id"),
    )


def _scheduling() -> None:
    _synced(
        "instructor_availabilities",
        _required("instructor_id", Id),
        _required("day_of_week", sa.Integer),
        _required("start_minute", sa.Integer),
        _required("end_minute", sa.Integer),
        _optional("effective_from", sa.Date),
        _optional("effective_to", sa.Date),
        _tenant_fk("instructor_id", "instructors", cascade=True),
        _check("day_range", "day_of_week BETWEEN 0 AND 6"),
        _check("minutes", "start_minute >= 0 AND end_minute <= 1440 AND end_minute > start_minute"),
        _check("effective_span", "effective_to >= effective_from"),
        _index("org_id", "instructor_id", "day_of_week"),
    )
    _synced(
        "availability_exceptions",
        _required("instructor_id", Id),
        _required("date", sa.Date),
        _required("is_available", sa.Boolean, sa.false()),
        _optional("start_minute", sa.Integer),
        _optional("end_minute", sa.Integer),
        _optional("note", sa.String(500)),
        _tenant_fk("instructor_id", "instructors", cascade=True),
        _check("both_minutes", "(start_minute IS NULL) = (end_minute IS NULL)"),
        _check("minutes", "start_minute >= 0 AND end_minute <= 1440 AND end_minute > start_minute"),
        _index(
            "org_id",
            "instructor_id",
            "date",
            sa.text("coalesce(start_minute, -1)"),
            name="uq_availability_exceptions_slot",
            unique=True,
        ),
    )
    _synced(
        "bookings",
        _required("student_id", Id),
        _required("instructor_id", Id),
        _required("service_id", Id),
        _required("start_at", UtcDateTime),
        _required("end_at", UtcDateTime),
        _required("status", sa.String(32), "draft"),
        _optional("pickup_address", sa.String(500)),
        _optional("pickup_lat", Microdegrees),
        _optional("pickup_lng", Microdegrees),
        _optional("dropoff_address", sa.String(500)),
        _optional("dropoff_lat", Microdegrees),
        _optional("dropoff_lng", Microdegrees),
        _required("currency", sa.String(3), "AUD"),
        _required("price_cents", sa.BigInteger),
        _required("platform_fee_cents", sa.BigInteger),
        _required("instructor_share_cents", sa.BigInteger),
        _optional("notes", sa.String(20000)),
        _optional("series_id", Id),
        _optional("rate_card_id", Id),
        _optional("hold_until", UtcDateTime),
        _required("overrides", JsonDoc, "{}"),
        _optional("vehicle_id", Id),
        _optional("cancelled_by", sa.String(32)),
        _optional("cancelled_at", UtcDateTime),
        _optional("cancellation_reason", sa.String(500)),
        _optional("rescheduled_from", Id),
        _now("status_changed_at"),
        _optional("status_changed_by", Id),
        _tenant_fk("student_id", "students"),
        _tenant_fk("instructor_id", "instructors"),
        _tenant_fk("service_id", "services"),
        _tenant_fk("rate_card_id", "rate_cards"),
        _tenant_fk("vehicle_id", "vehicles"),
        _check("ends_after_start", "end_at > start_at"),
        _check("split_adds_up", "platform_fee_cents + instructor_share_cents = price_cents"),
        _check("amounts", "price_cents >= 0 AND platform_fee_cents >= 0 AND instructor_share_cents >= 0"),
        _choice(
            "status",
            "draft",
            "pending_payment",
            "requested",
            "confirmed",
            "in_progress",
            "completed",
            "cancelled",
            "no_show",
        ),
        _choice("cancelled_by", "student", "guardian", "instructor", "admin"),
        _index("org_id", "instructor_id", "start_at"),
        _index("org_id", "series_id"),
        _index("org_id", "start_at"),
        _index("org_id", "status"),
        _index("org_id", "student_id", "start_at"),
    )
    _synced(
        "cancellation_policies",
        _required("actor", sa.String(32)),
        _required("hours_before_start", sa.Integer, "0"),
        _required("refund_percent", sa.Integer, "0"),
        _required("fee_cents", sa.BigInteger, "0"),
        _required("is_active", sa.Boolean, sa.true()),
        _unique("org_id", "actor", "hours_before_start"),
        _check("ranges", "hours_before_start >= 0 AND refund_percent BETWEEN 0 AND 100 AND fee_cents >= 0"),
        _choice("actor", "student", "guardian", "instructor", "admin"),
    )
    _synced(
        "holidays",
        _required("date", sa.Date),
        _required("name", sa.String(200)),
        _optional("region", sa.String(10)),
        _required("closed", sa.Boolean, sa.true()),
        _index("org_id", "date"),
    )
    _synced(
        "waitlist_entries",
        _required("student_id", Id),
        _required("service_id", Id),
        _required("preferences", JsonDoc, "{}"),
        _required("status", sa.String(32), "waiting"),
        _tenant_fk("student_id", "students"),
        _tenant_fk("service_id", "services"),
        _choice("status", "waiting", "offered", "booked", "closed"),
        _index("org_id", "status"),
        _index("org_id", "student_id"),
    )


def _execution() -> None:
    _synced(
        "lessons",
        _required("booking_id", Id),
        _required("instructor_id", Id),
        _required("student_id", Id),
        _optional("started_at", UtcDateTime),
        _optional("ended_at", UtcDateTime),
        _optional("rating", sa.Integer),
        _optional("notes", sa.String(20000)),
        _optional("distance_meters", sa.Integer),
        _optional("duration_sec", sa.Integer),
        _optional("skills", JsonDoc),
        _tenant_fk("booking_id", "bookings"),
        _tenant_fk("instructor_id", "instructors"),
        _tenant_fk("student_id", "students"),
        _unique("org_id", "booking_id"),
        _check("rating_range", "rating BETWEEN 1 AND 5"),
        _check("ends_after_start", "ended_at >= started_at"),
        _index("org_id", "instructor_id"),
        _index("org_id", "student_id"),
    )
    _synced(
        "trips",
        _required("lesson_id", Id),
        _required("started_at", UtcDateTime),
        _optional("ended_at", UtcDateTime),
        _optional("source", sa.String(32)),
        _optional("speed_limit_kph", sa.Integer),
        _tenant_fk("lesson_id", "lessons"),
        _check("ends_after_start", "ended_at >= started_at"),
        _choice("source", "live", "import", "owntracks", "osmand"),
        _index("org_id", "lesson_id"),
    )
    _plain(
        "trip_points",
        _required("org_id", Id),
        _required("trip_id", Id),
        _required("ts", UtcDateTime),
        _required("n", sa.Integer, "0"),
        _required("lat", Microdegrees),
        _required("lng", Microdegrees),
        _optional("speed_kph", Hundredths),
        _pk("org_id", "trip_id", "ts", "n"),
        _tenant_fk("trip_id", "trips", cascade=True),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (ts)",
    )


def _finance() -> None:
    _synced(
        "packages",
        _required("student_id", Id),
        _required("minutes_bought", sa.Integer),
        _required("price_cents", sa.BigInteger),
        _optional("expires_on", sa.Date),
        _tenant_fk("student_id", "students"),
        _check("amounts", "minutes_bought > 0 AND price_cents >= 0"),
        _index("org_id", "student_id"),
    )
    _synced(
        "package_uses",
        _required("package_id", Id),
        _required("booking_id", Id),
        _required("minutes", sa.Integer),
        _tenant_fk("package_id", "packages"),
        _tenant_fk("booking_id", "bookings"),
        _unique("org_id", "booking_id"),
        _check("minutes_positive", "minutes > 0"),
        _index("org_id", "package_id"),
    )
    _synced(
        "payments",
        _optional("booking_id", Id),
        _optional("package_id", Id),
        _required("kind", sa.String(32), "full"),
        _optional("replaces_id", Id),
        _required("status", sa.String(32), "intent_created"),
        _required("currency", sa.String(3), "AUD"),
        _required("amount_cents", sa.BigInteger),
        _required("platform_fee_cents", sa.BigInteger),
        _required("instructor_share_cents", sa.BigInteger),
        _required("method", sa.String(32), "card"),
        _required("rounding_cents", sa.Integer, "0"),
        _optional("received_at", UtcDateTime),
        _optional("checkout_url", sa.String(2000)),
        _optional("stripe_payment_intent_id", sa.String(120)),
        _optional("stripe_charge_id", sa.String(120)),
        _optional("stripe_refund_id", sa.String(120)),
        _tenant_fk("booking_id", "bookings"),
        _tenant_fk("package_id", "packages"),
        _tenant_fk("replaces_id", "payments"),
        _unique("org_id", "stripe_payment_intent_id"),
        _check("one_subject", "(booking_id IS NULL) <> (package_id IS NULL)"),
        _check("split_adds_up", "platform_fee_cents + instructor_share_cents = amount_cents"),
        _check("amount_not_negative", "amount_cents >= 0"),
        _choice("kind", "full", "deposit", "balance", "fee"),
        _choice("status", "intent_created", "succeeded", "failed", "refunded"),
        _choice("method", "card", "cash", "bank_transfer", "eftpos", "package"),
        _index("org_id", "booking_id"),
        _index("org_id", "package_id"),
        _index("org_id", "received_at"),
        _index("org_id", "status"),
        _index("org_id", "booking_id", "kind", name="uq_payments_live", unique=True, where="status <> 'failed'"),
    )
    _synced(
        "refunds",
        _required("payment_id", Id),
        _required("currency", sa.String(3), "AUD"),
        _required("amount_cents", sa.BigInteger),
        _required("platform_fee_cents", sa.BigInteger),
        _required("instructor_share_cents", sa.BigInteger),
        _required("reason", sa.String(500)),
        _required("status", sa.String(32), "requested"),
        _optional("stripe_refund_id", sa.String(120)),
        _tenant_fk("payment_id", "payments"),
        _unique("org_id", "stripe_refund_id"),
        _check("split_adds_up", "platform_fee_cents + instructor_share_cents = amount_cents"),
        _check("amount_positive", "amount_cents > 0"),
        _choice("status", "requested", "succeeded", "failed"),
        _index("org_id", "payment_id"),
    )
    _synced(
        "payout_runs",
        _required("period_start", sa.Date),
        _required("period_end", sa.Date),
        _required("status", sa.String(32), "draft"),
        _optional("approved_by", Id),
        _optional("approved_at", UtcDateTime),
        _check("period_span", "period_end >= period_start"),
        _choice("status", "draft", "approved", "sent", "paid", "failed", "cancelled"),
        _index("org_id", "period_start"),
    )
    _synced(
        "payouts",
        _required("instructor_id", Id),
        _optional("booking_id", Id),
        _optional("payout_run_id", Id),
        _optional("refund_id", Id),
        _required("currency", sa.String(3), "AUD"),
        _required("amount_cents", sa.BigInteger),
        _required("status", sa.String(32), "draft"),
        _optional("stripe_transfer_id", sa.String(120)),
        _tenant_fk("instructor_id", "instructors"),
        _tenant_fk("booking_id", "bookings"),
        _tenant_fk("payout_run_id", "payout_runs"),
        _tenant_fk("refund_id", "refunds"),
        _unique("org_id", "stripe_transfer_id"),
        _choice("status", "draft", "approved", "sent", "paid", "failed", "cancelled"),
        _index("org_id", "booking_id"),
        _index("org_id", "instructor_id"),
        _index("org_id", "payout_run_id"),
        _index("org_id", "status"),
    )
    _synced(
        "agreements",
        _required("instructor_id", Id),
        _required("kind", sa.String(32), "rcti"),
        _required("signed_on", sa.Date),
        _optional("ended_on", sa.Date),
        _tenant_fk("instructor_id", "instructors"),
        _choice("kind", "rcti"),
        _index("org_id", "instructor_id"),
    )


def _communication() -> None:
    _synced(
        "messages",
        _required("to_address", sa.String(254)),
        _required("channel", sa.String(32)),
        _required("template_key", sa.String(80)),
        _optional("subject", sa.String(500)),
        _optional("body", sa.String(20000)),
        _optional("provider_id", sa.String(200)),
        _required("status", sa.String(32), "queued"),
        _optional("error", sa.String(500)),
        _optional("related_type", sa.String(63)),
        _optional("related_id", Id),
        _optional("send_after", UtcDateTime),
        _choice("channel", "email", "sms", "whatsapp"),
        _choice("status", "queued", "sent", "delivered", "failed"),
        _index("org_id", "channel", "status"),
        _index("org_id", "related_type", "related_id"),
    )
    _synced(
        "message_templates",
        _required("key", sa.String(80)),
        _required("channel", sa.String(32)),
        _required("language", sa.String(12), "en"),
        _optional("subject", sa.String(500)),
        _required("body", sa.String(20000)),
        _unique("org_id", "key", "channel", "language"),
        _choice("channel", "email", "sms", "whatsapp"),
        goes_with_school=True,
    )
    _synced(
        "documents",
        _required("related_type", sa.String(63)),
        _required("related_id", Id),
        _required("name", sa.String(255)),
        _required("media_type", sa.String(120)),
        _required("sha256", sa.LargeBinary(32)),
        _required("size_bytes", sa.BigInteger, "0"),
        _index("org_id", "related_type", "related_id"),
    )


def _events_of_the_service() -> None:
    _plain(
        "webhook_events",
        _required("org_id", Id),
        _required("id", Id),
        _required("provider", sa.String(40)),
        _required("event_type", sa.String(120)),
        _required("event_id", sa.String(200)),
        _required("payload", JsonDoc, "{}"),
        _optional("processed_at", UtcDateTime),
        _now("received_at"),
        _pk("org_id", "id"),
        _unique("org_id", "provider", "event_id"),
        _index("org_id", "processed_at"),
    )


def _log() -> None:
    _plain(
        "outbox",
        _required("org_id", Id),
        _required("id", Id),
        _optional("seq", sa.BigInteger),
        _optional("acked_seq", sa.BigInteger),
        _required("transaction_id", Id),
        _optional("device_id", Id),
        _optional("actor_user_id", Id),
        _required("table_name", sa.String(63)),
        _required("row_id", Id),
        _required("op", sa.String(32)),
        _optional("audience_before", JsonDoc),
        _optional("audience_after", JsonDoc),
        _required("topic", sa.String(120)),
        _required("payload", JsonDoc, "{}"),
        _required("attempts", sa.Integer, "0"),
        _optional("last_error", sa.String(500)),
        _optional("processed_at", UtcDateTime),
        _now("occurred_at"),
        _pk("org_id", "id"),
        _choice("op", "insert", "update", "delete", "event"),
        _index("org_id", "seq", unique=True),
        _index("org_id", "table_name", "row_id"),
        _index("org_id", "transaction_id"),
        _index("org_id", "id", name="ix_outbox_pending", where="processed_at IS NULL"),
        _index("topic", "processed_at"),
    )
    _plain(
        "audit_log",
        _required("org_id", Id),
        _required("id", Id),
        _optional("actor_user_id", Id),
        _optional("device_id", Id),
        _required("action", sa.String(120)),
        _required("entity_type", sa.String(63)),
        _required("entity_id", Id),
        _optional("before", JsonDoc),
        _optional("after", JsonDoc),
        _optional("ip", sa.String(45)),
        _optional("salt", sa.LargeBinary(16)),
        _required("content_hash", sa.LargeBinary(32)),
        _optional("prev_hash", sa.LargeBinary(32)),
        _optional("hash", sa.LargeBinary(32)),
        _now("created_at"),
        _pk("org_id", "id"),
        _index("org_id", "actor_user_id"),
        _index("org_id", "created_at", "id"),
        _index("org_id", "entity_type", "entity_id"),
    )


def _log_of_a_replica() -> None:
    _plain(
        "base_rows",
        _required("org_id", Id),
        _required("table_name", sa.String(63)),
        _required("id", Id),
        _optional("row", JsonDoc),
        _pk("org_id", "table_name", "id"),
    )
    _plain(
        "replica_state",
        _required("key", sa.String(63)),
        _required("value", sa.Text),
        _pk("key"),
    )
    _plain(
        "conflicts",
        _required("org_id", Id),
        _required("transaction_id", Id),
        _required("code", sa.String(63)),
        _optional("detail", sa.String(500)),
        _required("mine", JsonDoc, "{}"),
        _required("theirs", JsonDoc, "{}"),
        _required("created_at", UtcDateTime),
        _optional("resolved_at", UtcDateTime),
        _optional("resolution", sa.String(32)),
        _pk("org_id", "transaction_id"),
        _index("org_id", "resolved_at"),
    )
    _plain(
        "point_uploads",
        _required("org_id", Id),
        _required("trip_id", Id),
        _required("next_index", sa.Integer, "0"),
        _required("total", sa.Integer, "0"),
        _optional("last_error", sa.String(500)),
        _pk("org_id", "trip_id"),
    )


def _service() -> None:
    _plain(
        "sync_heads",
        _required("org_id", Id),
        _required("head_seq", sa.BigInteger, "0"),
        _required("min_seq", sa.BigInteger, "0"),
        _required("epoch", Id),
        _optional("audit_hash", sa.LargeBinary(32)),
        _pk("org_id"),
    )
    _plain(
        "applied_transactions",
        _required("org_id", Id),
        _required("id", Id),
        _required("device_id", Id),
        _required("body_hash", sa.LargeBinary(32)),
        _required("result", JsonDoc, "{}"),
        _now("created_at"),
        _pk("org_id", "id"),
    )
    _plain(
        "devices",
        _required("id", Id),
        _required("user_id", Id),
        _required("name", sa.String(120)),
        _required("platform", sa.String(60)),
        _now("created_at"),
        _optional("revoked_at", UtcDateTime),
        _pk("id"),
        _global_fk("user_id", "users"),
        _index("user_id"),
    )
    _plain(
        "device_orgs",
        _required("org_id", Id),
        _required("device_id", Id),
        _required("acked_seq", sa.BigInteger, "0"),
        _optional("last_seen_at", UtcDateTime),
        _pk("org_id", "device_id"),
        _global_fk("device_id", "devices"),
    )
    _plain(
        "refresh_tokens",
        _required("token_hash", sa.LargeBinary(32)),
        _required("device_id", Id),
        _required("family_id", Id),
        _optional("rotation_id", Id),
        _required("expires_at", UtcDateTime),
        _optional("used_at", UtcDateTime),
        _optional("revoked_at", UtcDateTime),
        _pk("token_hash"),
        _global_fk("device_id", "devices"),
        _index("device_id"),
        _index("family_id"),
    )
    _plain(
        "signing_keys",
        _required("kid", sa.String(63)),
        _required("private_key", sa.Text),
        _now("created_at"),
        _optional("retired_at", UtcDateTime),
        _pk("kid"),
    )
    _plain(
        "invitations",
        _required("org_id", Id),
        _required("id", Id),
        _required("code_hash", sa.LargeBinary(32)),
        _required("email", sa.String(254)),
        _required("role", sa.String(32)),
        _optional("instructor_id", Id),
        _optional("invited_by", Id),
        _required("expires_at", UtcDateTime),
        _optional("accepted_at", UtcDateTime),
        _pk("org_id", "id"),
        _tenant_fk("instructor_id", "instructors"),
        _unique("code_hash"),
    )
    _plain(
        "access_tokens",
        _required("org_id", Id),
        _required("id", Id),
        _required("token_hash", sa.LargeBinary(32)),
        _required("scope", JsonDoc, "{}"),
        _now("created_at"),
        _optional("revoked_at", UtcDateTime),
        _pk("org_id", "id"),
        _unique("token_hash"),
    )
    _plain(
        "webhook_endpoints",
        _required("org_id", Id),
        _required("id", Id),
        _required("url", sa.String(2000)),
        _optional("topics", JsonDoc),
        _required("secret", sa.String(120)),
        _now("created_at"),
        _optional("disabled_at", UtcDateTime),
        _pk("org_id", "id"),
    )
    _plain(
        "webhook_deliveries",
        _required("org_id", Id),
        _required("id", Id),
        _required("endpoint_id", Id),
        _required("outbox_id", Id),
        _required("attempts", sa.Integer, "0"),
        _optional("status_code", sa.Integer),
        _optional("last_error", sa.String(500)),
        _optional("next_attempt_at", UtcDateTime),
        _optional("delivered_at", UtcDateTime),
        _pk("org_id", "id"),
        _tenant_fk("endpoint_id", "webhook_endpoints"),
        _index("org_id", "endpoint_id", "outbox_id"),
    )
    _plain(
        "job_runs",
        _required("id", Id),
        _required("job", sa.String(63)),
        _required("started_at", UtcDateTime),
        _optional("ended_at", UtcDateTime),
        _optional("outcome", sa.String(500)),
        _pk("id"),
        _index("job", "started_at"),
    )


_TABLES = (
    "orgs",
    "users",
    "user_orgs",
    "instructors",
    "students",
    "guardians",
    "student_guardians",
    "vehicles",
    "services",
    "rate_cards",
    "rate_card_items",
    "instructor_availabilities",
    "availability_exceptions",
    "bookings",
    "cancellation_policies",
    "holidays",
    "waitlist_entries",
    "lessons",
    "trips",
    "trip_points",
    "packages",
    "package_uses",
    "payments",
    "refunds",
    "payout_runs",
    "payouts",
    "agreements",
    "messages",
    "message_templates",
    "documents",
    "outbox",
    "audit_log",
)
_REPLICA_TABLES = ("base_rows", "replica_state", "conflicts", "point_uploads")
_SERVICE_TABLES = (
    "webhook_events",
    "sync_heads",
    "applied_transactions",
    "devices",
    "device_orgs",
    "refresh_tokens",
    "signing_keys",
    "invitations",
    "access_tokens",
    "webhook_endpoints",
    "webhook_deliveries",
    "job_runs",
)
