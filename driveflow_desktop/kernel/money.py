"""Money is integer cents beside an ISO 4217 currency; never a float, never a stored Decimal."""

from typing import NamedTuple

BASIS_POINTS = 10_000


class Split(NamedTuple):
    """How a price divides between the school and the instructor, in cents; the parts always add up to the price."""

    platform_fee_cents: int
    instructor_share_cents: int


def half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` rounded half up, for non-negative numerators and positive denominators."""
    if numerator < 0 or denominator <= 0:
        raise ValueError("half_up takes a non-negative numerator and a positive denominator")
    return (2 * numerator + denominator) // (2 * denominator)


def split_price(price_cents: int, fee_bp: int) -> Split:
    """Split a price by a platform fee in basis points (1500 = 15 %)."""
    if price_cents < 0 or not 0 <= fee_bp <= BASIS_POINTS:
        raise ValueError("a split needs a price of at least 0 and a fee of 0 to 10000 basis points")
    fee = half_up(price_cents * fee_bp, BASIS_POINTS)
    return Split(fee, price_cents - fee)


def gst_inside(price_cents: int) -> int:
    """The Australian GST (10 %) contained in a GST-inclusive amount, in cents, rounded half up."""
    return half_up(price_cents, 11)


def cash_rounding(amount_cents: int) -> int:
    """Cents to add at the till so that a cash amount ends in 0 or 5 (5-cent rounding, half up)."""
    return half_up(amount_cents, 5) * 5 - amount_cents
