"""Who may write what, by role × table × column × verb; whatever is not granted here is refused.

The desk shows only what a role may do, but this table decides: it judges every pushed mutation.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.tables import synced_tables
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.log_tables import Op
from driveflow_desktop.store.rows import Row, RowCodec, codec


@dataclass(frozen=True, slots=True)
class Grant:
    """What one role may do to one table."""

    insert: frozenset[str] = frozenset()
    """Columns it may give a new row; empty when it may not insert."""
    update: frozenset[str] = frozenset()
    delete: bool = False


_CARRIED: Final[Mapping[str, frozenset[str]]] = {
    str(table.name): frozenset(codec(table).carried) for table in synced_tables()
}

_NOBODY: Final[Mapping[str, frozenset[str]]] = {
    # Only the service writes what comes from Stripe or a provider.
    "instructors": frozenset({"stripe_account_id", "stripe_onboarding_status"}),
    "payments": frozenset({"stripe_payment_intent_id", "stripe_charge_id", "stripe_refund_id", "checkout_url"}),
    "refunds": frozenset({"stripe_refund_id"}),
    "payouts": frozenset({"stripe_transfer_id"}),
    "messages": frozenset({"provider_id"}),
}

_OWNER_ONLY: Final[Mapping[str, frozenset[str]]] = {
    "orgs": _CARRIED["orgs"],
    "user_orgs": _CARRIED["user_orgs"],
    "instructors": frozenset({"fee_bp", "bank_bsb", "bank_account", "user_id"}),
    "payout_runs": frozenset({"status", "approved_by", "approved_at"}),
    "payouts": frozenset({"status", "payout_run_id"}),
    "agreements": _CARRIED["agreements"],
}

_KEPT: Final = frozenset(
    {"orgs", "payments", "refunds", "payouts", "payout_runs", "packages", "package_uses", "agreements"}
)
"""Tables whose rows no one deletes."""

# Bookings, lessons and trips are deleted only to take back one's own work (`teaching.require_own_work`).
_INSTRUCTOR: Final[Mapping[str, Grant]] = {
    "bookings": Grant(
        insert=_CARRIED["bookings"],
        update=_CARRIED["bookings"]
        - {"student_id", "instructor_id", "service_id", "rate_card_id", "currency"}
        - {"price_cents", "platform_fee_cents", "instructor_share_cents"},
        delete=True,
    ),
    "lessons": Grant(
        insert=_CARRIED["lessons"],
        update=_CARRIED["lessons"] - {"booking_id", "instructor_id", "student_id"},
        delete=True,
    ),
    "trips": Grant(insert=_CARRIED["trips"], update=_CARRIED["trips"] - {"lesson_id"}, delete=True),
    "instructor_availabilities": Grant(
        insert=_CARRIED["instructor_availabilities"],
        update=_CARRIED["instructor_availabilities"] - {"instructor_id"},
        delete=True,
    ),
    "availability_exceptions": Grant(
        insert=_CARRIED["availability_exceptions"],
        update=_CARRIED["availability_exceptions"] - {"instructor_id"},
        delete=True,
    ),
    "students": Grant(update=frozenset({"notes", "alert", "logbook_minutes", "logbook_night_minutes"})),
}


def _manager(*, owner: bool) -> Mapping[str, Grant]:
    grants: dict[str, Grant] = {}
    for table, columns in _CARRIED.items():
        allowed = columns - _NOBODY.get(table, frozenset())
        if not owner:
            allowed -= _OWNER_ONLY.get(table, frozenset())
        insert = frozenset() if table == "orgs" else allowed
        grants[table] = Grant(insert=insert, update=allowed, delete=table not in _KEPT and bool(allowed))
    return grants


RIGHTS: Final[Mapping[OrgRole, Mapping[str, Grant]]] = {
    OrgRole.OWNER: _manager(owner=True),
    OrgRole.ADMIN: _manager(owner=False),
    OrgRole.INSTRUCTOR: _INSTRUCTOR,
    OrgRole.STUDENT: {},
}


def require_right(role: OrgRole, table: str, op: Op, columns: Collection[str]) -> None:
    """Refuse (`forbidden`, naming the column) what `role` may not do to `table`."""
    grant = RIGHTS[role].get(table)
    if grant is None:
        raise _forbidden(table)
    allowed = grant.update if op is Op.UPDATE else grant.insert
    if not allowed or (op is Op.DELETE and not grant.delete):
        raise _forbidden(table)
    for column in columns:
        if column not in allowed:
            raise _forbidden(table, column)


def require_row_right(role: OrgRole, rows: RowCodec, op: Op, values: Row, current: Row | None) -> None:
    """Refuse what `role` may not do to one row.

    Columns of an insert at their default count as not given (a desk's insert names every column), columns of an update
    at their present value as not changed, and a delete as taking away every column that is not at its default.
    """
    grant = RIGHTS[role].get(rows.name, Grant())
    defaults = rows.default_values()
    if op is Op.INSERT:
        named = [name for name, value in values.items() if name in grant.insert or value != defaults[name]]
    elif op is Op.UPDATE:
        named = [name for name, value in values.items() if current is None or current[name] != value]
    else:
        named = [] if current is None else [name for name in rows.carried if current[name] != defaults[name]]
    require_right(role, rows.name, op, named)


def _forbidden(table: str, column: str | None = None) -> UserError:
    return UserError("forbidden", "Your role does not allow that.", hint="Ask an owner.", column=column, table=table)
