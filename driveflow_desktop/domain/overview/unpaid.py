"""What a student has still to pay for, one lesson or fee at a time: what the desk can take money for now."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.catalog.queries import services
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


def unpaid_of(connection: sa.Connection, org_id: UUID, student_id: UUID) -> tuple[Unpaid, ...]:
    """A student's unpaid lessons, begun or still to come, and open fees: the oldest first.

    What has begun, and the fees, add up to what the account owes for lessons (`accounts.Account.owed_cents`, without
    packages that are asked for); what is still to come to its `upcoming_cents`.
    """
    owing = [
        (booking, is_fee, cents)
        for booking, account in open_bookings(connection, org_id, [student_id]).get(student_id, {}).items()
        for is_fee, cents in ((False, account.due.lesson_cents), (True, account.due.fee_cents))
        if cents
    ]
    names = {each.id: each.name for each in services(connection, org_id)} if owing else {}
    found = []
    for booking, is_fee, cents in owing:
        facts = require_booking(connection, org_id, booking)
        found.append(Unpaid(booking, facts.start, names[facts.service_id], cents, is_fee))
    return tuple(sorted(found, key=lambda each: (each.start, each.booking_id, each.is_fee)))
