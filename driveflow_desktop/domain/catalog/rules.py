"""What a lesson costs: which rate card speaks, and how its price divides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.money import gst_inside, split_price


@dataclass(frozen=True, slots=True)
class RateCard:
    """A rate card with its items; both validity dates are inclusive and may be open."""

    id: UUID
    name: str
    currency: str
    is_default: bool
    valid_from: date | None
    valid_to: date | None
    items: Mapping[UUID, int]
    """Price in cents by service id."""

    def is_valid_on(self, day: date) -> bool:
        """Whether `day` lies inside the card's dates."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Price:
    """A price as it is copied into a booking; the two parts always add up to `price_cents`."""

    rate_card_id: UUID
    currency: str
    price_cents: int
    platform_fee_cents: int
    instructor_share_cents: int
    gst_cents: int
    """The GST inside the price, 0 when the school is not registered; shown, not stored."""


def effective_fee_bp(org_fee_bp: int, instructor_fee_bp: int | None) -> int:
    """The platform fee in basis points: the instructor's own where one is agreed, else the school's."""
    return org_fee_bp if instructor_fee_bp is None else instructor_fee_bp


def price_for(
    service_id: UUID,
    lesson_date: date,
    cards: Sequence[RateCard],
    *,
    org_fee_bp: int,
    instructor_fee_bp: int | None = None,
    gst_registered: bool = False,
) -> Price:
    """The price of one lesson of `service_id` on a local date.

    The item of the card that is valid that day counts, else that of the school's default card (whatever its dates).
    Where several cards are valid, the one that was made for a period beats the default, the latest to begin beats
    earlier ones. Raises `UserError` "no_price" when no card has an item: never a silent fallback.
    """
    card = _speaking_card(service_id, lesson_date, cards)
    if card is None:
        raise UserError(
            "no_price",
            "There is no price for this service on that date.",
            hint="Add it to a rate card under Services & rates, then book again.",
            column="service_id",
            service_id=service_id,
            lesson_date=lesson_date,
        )
    price_cents = card.items[service_id]
    split = split_price(price_cents, effective_fee_bp(org_fee_bp, instructor_fee_bp))
    gst_cents = gst_inside(price_cents) if gst_registered else 0
    return Price(card.id, card.currency, price_cents, *split, gst_cents)


def _speaking_card(service_id: UUID, day: date, cards: Sequence[RateCard]) -> RateCard | None:
    priced = [card for card in cards if service_id in card.items]
    valid = [card for card in priced if card.is_valid_on(day)]
    candidates = valid or [card for card in priced if card.is_default]
    return max(candidates, key=_precedence, default=None)


def _precedence(card: RateCard) -> tuple[bool, bool, date, int]:
    """Sort key: dated seasonal cards, then the default, then cards without dates; the id only breaks ties."""
    dated = card.valid_from is not None or card.valid_to is not None
    return (dated and not card.is_default, card.is_default, card.valid_from or date.min, card.id.int)
