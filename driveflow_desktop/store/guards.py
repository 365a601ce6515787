"""What both databases guard beyond keys and CHECKs, as data: immutable rows, tenancy, rights, overlaps, partitions.

This module says what must stand *now*. History is told by `migrations/`: each revision carries its own frozen SQL, and
a test holds the sum of the revisions against the statements made here (as it does for the tables and the metadata).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

OWNER_ROLE: Final = "driveflow_owner"
"""Owns every table and migrates them; row-level security is forced on it too."""
APP_ROLE: Final = "driveflow_app"
"""Serves: sees the rows of the one school named by the setting `driveflow.org_id`."""
AUTH_ROLE: Final = "driveflow_auth"
"""Signs people in: the only role that reads passwords, tokens and signing keys, or looks across schools."""

ORG_SETTING: Final = "driveflow.org_id"
DOOR_SETTING: Final = "driveflow.door"

_CURRENT_ORG: Final = f"nullif(current_setting('{ORG_SETTING}', true), '')::uuid"
_ERASING: Final = f"current_setting('{DOOR_SETTING}', true) = 'erasure'"
_SHUT: Final = "driveflow_door() < 2"


@dataclass(frozen=True, slots=True)
class Immutable:
    """Which columns of a table keep what was written; columns named nowhere may change.

    `fixed` never change. `once` may go from null to a value, then never change. `erasable` are fixed, but erasure on
    the service may change them; `blankable` are fixed, but erasure may set them to null. With `locked_when`, a
    condition over OLD, `locked` columns are fixed from then on. `kept` refuses to delete rows.
    """

    table: str
    fixed: tuple[str, ...] = ()
    once: tuple[str, ...] = ()
    erasable: tuple[str, ...] = ()
    blankable: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()
    locked_when: str = ""
    kept: bool = True


_IDENTITY: Final = ("org_id", "id")
_SPLIT: Final = ("currency", "amount_cents", "platform_fee_cents", "instructor_share_cents")

IMMUTABLE: Final = (
    Immutable("packages", (*_IDENTITY, "student_id", "minutes_bought", "price_cents", "created_at")),
    Immutable("package_uses", (*_IDENTITY, "package_id", "booking_id", "minutes", "created_at")),
    Immutable(
        "payments",
        (
            *_IDENTITY,
            "booking_id",
            "package_id",
            "kind",
            "replaces_id",
            *_SPLIT,
            "method",
            "rounding_cents",
            "created_at",
        ),
        once=("received_at", "checkout_url", "stripe_payment_intent_id", "stripe_charge_id", "stripe_refund_id"),
    ),
    Immutable(
        "refunds", (*_IDENTITY, "payment_id", *_SPLIT, "created_at"), once=("stripe_refund_id",), erasable=("reason",)
    ),
    Immutable(
        "payout_runs",
        (*_IDENTITY, "created_at"),
        once=("approved_by", "approved_at"),
        locked=("period_start", "period_end"),
        locked_when="OLD.status <> 'draft'",
    ),
    Immutable(
        "payouts",
        (*_IDENTITY, "instructor_id", "booking_id", "refund_id", "currency", "amount_cents", "created_at"),
        once=("payout_run_id", "stripe_transfer_id"),
    ),
    Immutable("agreements", (*_IDENTITY, "instructor_id", "kind", "signed_on", "created_at")),
    Immutable(
        "outbox",
        (
            *_IDENTITY,
            "transaction_id",
            "device_id",
            "actor_user_id",
            "table_name",
            "row_id",
            "op",
            "audience_before",
            "audience_after",
            "topic",
            "occurred_at",
        ),
        once=("seq", "acked_seq"),
        erasable=("payload",),
        kept=False,
    ),
    Immutable(
        "audit_log",
        (
            *_IDENTITY,
            "actor_user_id",
            "device_id",
            "action",
            "entity_type",
            "entity_id",
            "ip",
            "content_hash",
            "prev_hash",
            "hash",
            "created_at",
        ),
        blankable=("before", "after", "salt"),
    ),
)

OCCUPYING_STATUSES: Final = ("pending_payment", "requested", "confirmed", "in_progress", "completed")
"""The booking statuses that hold their slot; domain.scheduling.values.OCCUPYING, which a test compares."""

_ALL: Final = "SELECT, INSERT, UPDATE, DELETE"
_KEPT: Final = "SELECT, INSERT, UPDATE"
APP_RIGHTS: Final = {
    "orgs": _KEPT,
    "users": "SELECT (id, email, full_name, phone, external_id, created_at, updated_at)",
    "trip_points": "SELECT, INSERT",
    **dict.fromkeys(("packages", "package_uses", "payments", "refunds", "payout_runs", "payouts", "agreements"), _KEPT),
    "audit_log": "SELECT, INSERT, UPDATE (before, after, salt)",
    "webhook_events": _KEPT,
    "sync_heads": _KEPT,
    "applied_transactions": "SELECT, INSERT, UPDATE (result)",
    "devices": "SELECT",
    "refresh_tokens": "",
    "signing_keys": "",
    "invitations": _ALL,
    "access_tokens": _KEPT,
    "alembic_version": "SELECT",
}
"""What the serving role may do with a table; every right on the tables not named here, all within its school."""

AUTH_RIGHTS: Final = {
    "users": _KEPT,
    "devices": _KEPT,
    "refresh_tokens": _ALL,
    "signing_keys": _KEPT,
    "orgs": "SELECT",
    "user_orgs": "SELECT",
    "invitations": "SELECT",
    "access_tokens": "SELECT",
    "outbox": "SELECT (org_id, seq, topic, processed_at)",
    "alembic_version": "SELECT",
}
"""What the sign-in role may do, across schools; nothing with the tables not named here."""


def statements(dialect: str, tables: Iterable[sa.Table]) -> tuple[str, ...]:
    """Every guard of a database with `tables`, in an order in which they can be made."""
    if dialect == "sqlite":
        return tuple(_sqlite_guards())
    return (*_postgresql_functions(), *_postgresql_guards(), *_overlaps(), *_partitions(), *_tenancy(tuple(tables)))


def _changed(guard: Immutable, *, differs: str, erasing: str | None) -> str:
    """The condition, over OLD and NEW, under which an update breaks `guard`."""

    def moved(column: str) -> str:
        return f"OLD.{column} {differs} NEW.{column}"

    def unless_erased(column: str, *, to_null: bool) -> str:
        if erasing is None:
            return moved(column)
        allowed = f"{erasing} IS NOT TRUE" + (f" OR NEW.{column} IS NOT NULL" if to_null else "")
        return f"({moved(column)} AND ({allowed}))"

    terms = [moved(column) for column in guard.fixed]
    terms += [f"(OLD.{column} IS NOT NULL AND {moved(column)})" for column in guard.once]
    if guard.locked:
        terms.append(f"({guard.locked_when} AND ({' OR '.join(map(moved, guard.locked))}))")
    terms += [unless_erased(column, to_null=False) for column in guard.erasable]
    terms += [unless_erased(column, to_null=True) for column in guard.blankable]
    return "\n    OR ".join(terms)


def _sqlite_guards() -> Iterable[str]:
    for guard in IMMUTABLE:
        changed = _changed(guard, differs="IS NOT", erasing=None)
        yield _sqlite_trigger(guard.table, "update", f"({changed})")
        if guard.kept:
            yield _sqlite_trigger(guard.table, "delete", None)
    yield _sqlite_trigger("trip_points", "update", None)
    trip_stands = "EXISTS (SELECT 1 FROM trips WHERE org_id = OLD.org_id AND id = OLD.trip_id)"
    yield _sqlite_trigger("trip_points", "delete", trip_stands)


def _sqlite_trigger(table: str, verb: str, condition: str | None) -> str:
    when = f"{_SHUT} AND {condition}" if condition else _SHUT
    return (
        f"CREATE TRIGGER {table}_immutable_{verb} BEFORE {verb.upper()} ON {table} FOR EACH ROW\n"
        f"WHEN {when}\n"
        f"BEGIN SELECT RAISE(ABORT, 'immutable: {table}'); END"
    )


def _postgresql_functions() -> Iterable[str]:
    # 23xxx is SQL's class of integrity violations, so drivers raise IntegrityError; D01 is ours.
    refuse = "RAISE EXCEPTION 'immutable: %', {} USING ERRCODE = '23D01'"
    yield (
        "CREATE FUNCTION driveflow_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$\n"
        f"BEGIN {refuse.format('TG_ARGV[0]')}; END $$"
    )
    yield (
        "CREATE FUNCTION driveflow_refuse_while_trip_stands() RETURNS trigger LANGUAGE plpgsql\n"  # noqa: S608
        "SET search_path = public, pg_temp AS $$\n"
        "BEGIN\n"
        "  IF EXISTS (SELECT 1 FROM trips WHERE org_id = OLD.org_id AND id = OLD.trip_id) THEN\n"
        f"    {refuse.format('TG_ARGV[0]')};\n"
        "  END IF;\n"
        "  RETURN OLD;\n"
        "END $$"
    )


def _postgresql_guards() -> Iterable[str]:
    for guard in IMMUTABLE:
        changed = _changed(guard, differs="IS DISTINCT FROM", erasing=f"({_ERASING})")
        yield _postgresql_trigger(guard.table, "update", changed)
        if guard.kept:
            yield _postgresql_trigger(guard.table, "delete", None)
    yield _postgresql_trigger("trip_points", "update", None)
    yield _postgresql_trigger("trip_points", "delete", None, "driveflow_refuse_while_trip_stands")


def _postgresql_trigger(table: str, verb: str, condition: str | None, function: str = "driveflow_refuse") -> str:
    when = f"WHEN ({condition})\n" if condition else ""
    return (
        f"CREATE TRIGGER {table}_immutable_{verb} BEFORE {verb.upper()} ON {table} FOR EACH ROW\n"
        f"{when}EXECUTE FUNCTION {function}('{table}')"
    )


def _overlaps() -> Iterable[str]:
    """Nobody is in two lessons at once. Deferrable, so that one transaction may swap two bookings."""
    statuses = ", ".join(f"'{status}'" for status in OCCUPYING_STATUSES)
    for whom in ("instructor", "student"):
        yield (
            f"ALTER TABLE bookings ADD CONSTRAINT ex_bookings_{whom}_overlap\n"
            f"EXCLUDE USING gist (org_id WITH =, {whom}_id WITH =, tstzrange(start_at, end_at) WITH &&)\n"
            f"WHERE (status IN ({statuses})) DEFERRABLE INITIALLY IMMEDIATE"
        )


def _partitions() -> Iterable[str]:
    yield "CREATE TABLE trip_points_default PARTITION OF trip_points DEFAULT"
    yield from _sealed("trip_points_default")
    yield _ADD_MONTH
    yield "REVOKE ALL ON FUNCTION driveflow_add_trip_points_month(date) FROM PUBLIC"
    yield f"GRANT EXECUTE ON FUNCTION driveflow_add_trip_points_month(date) TO {APP_ROLE}"


# Points of the month may lie in the default partition already. They are moved while it is detached: there the triggers
# that keep points do not bite, and row security, forced on the owner too, is lifted from it for that moment.
_ADD_MONTH: Final = """\
CREATE FUNCTION driveflow_add_trip_points_month(any_day date) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  first_day timestamp := date_trunc('month', any_day::timestamp);
  low timestamptz := first_day AT TIME ZONE 'UTC';
  high timestamptz := (first_day + interval '1 month') AT TIME ZONE 'UTC';
  partition_name text := 'trip_points_' || to_char(first_day, 'YYYY_MM');
BEGIN
  LOCK TABLE trip_points IN SHARE UPDATE EXCLUSIVE MODE;
  IF to_regclass(partition_name) IS NOT NULL THEN
    RETURN partition_name;
  END IF;
  ALTER TABLE trip_points DETACH PARTITION trip_points_default;
  ALTER TABLE trip_points_default NO FORCE ROW LEVEL SECURITY;
  EXECUTE format('CREATE TABLE %I PARTITION OF trip_points FOR VALUES FROM (%L) TO (%L)', partition_name, low, high);
  EXECUTE format('WITH moved AS (DELETE FROM trip_points_default WHERE ts >= $1 AND ts < $2 RETURNING *)
    INSERT INTO %I SELECT * FROM moved', partition_name) USING low, high;
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', partition_name);
  ALTER TABLE trip_points_default FORCE ROW LEVEL SECURITY;
  ALTER TABLE trip_points ATTACH PARTITION trip_points_default DEFAULT;
  RETURN partition_name;
END $$"""


def _sealed(table: str) -> Iterable[str]:
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"


def _tenancy(tables: tuple[sa.Table, ...]) -> Iterable[str]:
    names = sorted(table.name for table in tables)
    for table in sorted(tables, key=lambda table: table.name):
        if "org_id" in table.columns:
            yield from _sealed(table.name)
            yield (
                f"CREATE POLICY tenant ON {table.name}\n"
                f"USING (org_id = {_CURRENT_ORG})\nWITH CHECK (org_id = {_CURRENT_ORG})"
            )
    yield from _global_policies()
    for name in [*names, "alembic_version"]:
        rights = {APP_ROLE: APP_RIGHTS.get(name, _ALL), AUTH_ROLE: AUTH_RIGHTS.get(name, "")}
        yield from (f"GRANT {right} ON {name} TO {role}" for role, right in rights.items() if right)


def _global_policies() -> Iterable[str]:
    for table in ("users", "devices", "refresh_tokens", "signing_keys"):
        yield from _sealed(table)
        yield f"CREATE POLICY sign_in ON {table} TO {AUTH_ROLE} USING (true) WITH CHECK (true)"
    for table in ("orgs", "user_orgs", "invitations", "access_tokens", "outbox"):
        yield f"CREATE POLICY sign_in ON {table} FOR SELECT TO {AUTH_ROLE} USING (true)"
    for table, link in (("users", "user_orgs.user_id"), ("devices", "device_orgs.device_id")):
        through = link.split(".", maxsplit=1)[0]
        member = f"SELECT 1 FROM {through} WHERE {link} = {table}.id AND {through}.org_id = {_CURRENT_ORG}"  # noqa: S608
        yield f"CREATE POLICY of_this_school ON {table} FOR SELECT TO {APP_ROLE}\nUSING (EXISTS ({member}))"
