"""What a cancellation gives back, and who keeps the rest."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from driveflow_desktop.domain.scheduling.values import BookingStatus, CancellationActor
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.money import half_up

MINUTES_BACK: Final = "package_minutes_back_percent"
"""The key of `bookings.overrides` under which a cancellation keeps the percent in which package minutes came back."""
_NO_FEE = frozenset({BookingStatus.DRAFT, BookingStatus.REQUESTED, BookingStatus.PENDING_PAYMENT})


class PolicyRow(NamedTuple):
    """With at least `hours_before_start` hours left, `refund_percent` of the money less a fixed fee comes back."""

    actor: CancellationActor
    hours_before_start: int
    refund_percent: int
    fee_cents: int = 0


def _learner_rows(actor: CancellationActor) -> tuple[PolicyRow, ...]:
    return PolicyRow(actor, 24, 100), PolicyRow(actor, 2, 50), PolicyRow(actor, 0, 0)


DEFAULT_POLICY: tuple[PolicyRow, ...] = (
    *_learner_rows(CancellationActor.STUDENT),
    *_learner_rows(CancellationActor.GUARDIAN),
    PolicyRow(CancellationActor.INSTRUCTOR, 0, 100),
)
"""What a new school starts with. There is no row for the admin, who chooses each time, with a reason."""


class Kept(NamedTuple):
    """How an amount that came in is divided after a refund; the three parts add up to what was there before it."""

    refund_cents: int
    platform_keeps_cents: int
    instructor_keeps_cents: int


@dataclass(frozen=True, slots=True)
class Money:
    """The money of one booking, in cents: its price and split, what was paid, what already went back."""

    price_cents: int
    platform_fee_cents: int
    paid_cents: int = 0
    refunded_cents: int = 0


@dataclass(frozen=True, slots=True)
class Cancellation:
    """One wish to cancel: on whose behalf, and when."""

    actor: CancellationActor
    now: datetime
    start: datetime
    status: BookingStatus = BookingStatus.CONFIRMED
    chosen_percent: int | None = None
    """What the admin chose; only for the actor `admin`."""
    reason: str = ""
    package_minutes: int = 0
    """Minutes of a package that the lesson uses; they come back in the percent that money would."""


@dataclass(frozen=True, slots=True)
class CancellationQuote:
    """What the desk shows before it confirms, in cents and in minutes of a package."""

    refund_cents: int
    platform_keeps_cents: int
    instructor_keeps_cents: int
    percent: int
    fee_cents: int
    still_owed_cents: int
    """What the same terms would cost a student who has not (fully) paid; for the desk to charge as a fee, or not."""
    full_refund_until: datetime | None
    """The last instant for a full refund (shown in local time); None when the terms never give one."""
    applied: PolicyRow | None
    """The policy row that decided; None where none did."""
    minutes_back: int = 0
    minutes_kept: int = 0


def split_refund(money: Money, percent: int, fee_cents: int = 0) -> Kept:
    """`clamp(half_up(paid × percent) − fee, 0, paid − already refunded)`, and who keeps what is retained."""
    available = money.paid_cents - money.refunded_cents
    refund = max(0, min(half_up(money.paid_cents * percent, 100) - fee_cents, available))
    retained = available - refund
    platform = platform_part(retained, money.price_cents, money.platform_fee_cents)
    return Kept(refund, platform, retained - platform)


def platform_part(amount_cents: int, price_cents: int, platform_fee_cents: int) -> int:
    """The platform's part of an amount in the proportion of a booking's split, rounded half up."""
    return half_up(amount_cents * platform_fee_cents, price_cents) if price_cents else 0


def minutes_back(minutes: int, percent: int) -> int:
    """How many of a lesson's package minutes a cancellation gives back: the refund's percent, rounded half up."""
    return half_up(minutes * percent, 100)


def quote(cancellation: Cancellation, money: Money, policy: Iterable[PolicyRow]) -> CancellationQuote:
    """What cancelling now would mean. `policy` are the school's active rows; an actor without any has the default's.

    The row that applies has the largest hours ≤ hours left, in elapsed (UTC) time: exactly 24:00 hours is 24 hours.
    After the start, none are left. Drafts, requests and unpaid holds cost nothing. The admin's own choice needs a
    percent and a reason, else `UserError` "invalid".
    """
    rows = _rows_of(cancellation.actor, policy)
    row = _applying_row(rows, cancellation)
    percent, fee_cents = _terms(cancellation, row)
    kept = split_refund(money, percent, fee_cents)
    price, minutes = money.price_cents, cancellation.package_minutes
    # Where a package pays, its minutes bear the terms; only the fixed fee is money.
    kept_of_price = 0 if minutes else price - half_up(price * percent, 100)
    chargeable = max(0, min(kept_of_price + fee_cents, price))
    back = minutes_back(minutes, percent)
    return CancellationQuote(
        *kept,
        percent=percent,
        fee_cents=fee_cents,
        still_owed_cents=max(0, chargeable - kept.platform_keeps_cents - kept.instructor_keeps_cents),
        full_refund_until=_full_refund_until(rows, cancellation.start),
        applied=row,
        minutes_back=back,
        minutes_kept=minutes - back,
    )


def _rows_of(actor: CancellationActor, policy: Iterable[PolicyRow]) -> list[PolicyRow]:
    own = [row for row in policy if row.actor is actor]
    return own or [row for row in DEFAULT_POLICY if row.actor is actor]


def _applying_row(rows: Iterable[PolicyRow], cancellation: Cancellation) -> PolicyRow | None:
    if cancellation.status in _NO_FEE or cancellation.chosen_percent is not None:
        return None
    left = max(cancellation.start - cancellation.now, timedelta(0))
    reached = [row for row in rows if timedelta(hours=row.hours_before_start) <= left]
    return max(reached, key=lambda row: row.hours_before_start, default=None)


def _terms(cancellation: Cancellation, row: PolicyRow | None) -> tuple[int, int]:
    """Percent and fixed fee."""
    if cancellation.status in _NO_FEE:
        return 100, 0
    if cancellation.actor is CancellationActor.ADMIN:
        _check_admin_choice(cancellation, row)
    elif cancellation.chosen_percent is not None:
        raise UserError(
            "invalid",
            "The refund follows the school's cancellation policy.",
            hint="Cancel in the school's name to choose another refund.",
            column="refund_percent",
        )
    if cancellation.chosen_percent is not None:
        return cancellation.chosen_percent, 0
    return (row.refund_percent, row.fee_cents) if row is not None else (0, 0)


def _check_admin_choice(cancellation: Cancellation, row: PolicyRow | None) -> None:
    percent = cancellation.chosen_percent
    if percent is None and row is None:
        raise UserError(
            "invalid", "How much is to be refunded?", hint="Choose 0 to 100 percent.", column="refund_percent"
        )
    if percent is not None and not 0 <= percent <= 100:
        raise UserError("invalid", "A refund is 0 to 100 percent.", column="refund_percent")
    if not cancellation.reason.strip():
        raise UserError("invalid", "Why is the lesson cancelled?", hint="Give a reason.", column="cancellation_reason")


def _full_refund_until(rows: Iterable[PolicyRow], start: datetime) -> datetime | None:
    hours = [row.hours_before_start for row in rows if row.refund_percent == 100 and not row.fee_cents]
    return start - timedelta(hours=min(hours)) if hours else None
