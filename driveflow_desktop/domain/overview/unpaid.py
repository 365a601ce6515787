"""What a student has still to pay for, one lesson or fee at a time: what the desk can take money for now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.catalog.queries import services
from driveflow_desktop.domain.finance.rules import BookingAccount, account_balance
from driveflow_desktop.domain.finance.values import PaymentKind
from driveflow_desktop.domain.overview.accounts import open_bookings
from driveflow_desktop.domain.scheduling.queries import require_booking


@dataclass(frozen=True, slots=True)
class Unpaid:
    """Money that is missing for one booking; `is_fee` where it is a fee asked for beside the price."""

    booking_id: UUID
    start: datetime
    service_name: str
    due_cents: int
    is_fee: bool


def unpaid_of(connection: sa.Connection, org_id: UUID, student_id: UUID, now: datetime) -> tuple[Unpaid, ...]:
    """A student's unpaid lessons, begun or still to come, and open fees: the oldest first.

    What has begun, and the fees, add up to what the account owes for lessons (`accounts.Account.owed_cents`, without
    packages that are asked for); what is still to come to its `upcoming_cents`.
    """
    owing = [
        (account, is_fee, due)
        for account in open_bookings(connection, org_id, [student_id]).get(student_id, ())
        for is_fee, due in _parts(account, now)
        if due
    ]
    names = {each.id: each.name for each in services(connection, org_id)} if owing else {}
    found = [
        Unpaid(
            account.id,
            account.start,
            names[require_booking(connection, org_id, account.id).service_id],
            due,
            is_fee,
        )
        for account, is_fee, due in owing
    ]
    return tuple(sorted(found, key=lambda each: (each.start, each.booking_id, each.is_fee)))


def _parts(account: BookingAccount, now: datetime) -> Sequence[tuple[bool, int]]:
    """What a booking owes for its price, and for fees."""
    plain = tuple(payment for payment in account.payments if payment.kind is not PaymentKind.FEE)
    price, whole = (account_balance([each], now) for each in (replace(account, payments=plain), account))
    due = price.owed_cents + price.upcoming_cents
    return (False, due), (True, whole.owed_cents + whole.upcoming_cents - due)
