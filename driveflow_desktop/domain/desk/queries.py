"""What the desk shows before it acts."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.finance.queries import money_of
from driveflow_desktop.domain.scheduling.queries import active_policy, require_booking
from driveflow_desktop.domain.scheduling.rules.cancellation import Cancellation, CancellationQuote, Money, quote
from driveflow_desktop.domain.scheduling.values import CancellationActor


def quote_cancellation(
    connection: sa.Connection,
    org_id: UUID,
    booking_id: UUID,
    actor: CancellationActor,
    now: datetime,
    *,
    refund_percent: int | None = None,
    reason: str = "",
) -> CancellationQuote:
    """What cancelling a booking now would give back, in money and package minutes, and who bears the rest.

    In the admin's own name a percent (0 to 100) and a reason are needed, else `UserError` "invalid".
    """
    booking = require_booking(connection, org_id, booking_id)
    money = money_of(connection, org_id, booking_id)
    return quote(
        Cancellation(actor, now, booking.start, booking.status, refund_percent, reason, money.package_minutes),
        Money(booking.price_cents, booking.platform_fee_cents, money.received_cents, money.given_back_cents),
        active_policy(connection, org_id),
    )
