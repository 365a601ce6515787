"""Changing what the school sells and what it costs. Bookings keep the price they were made with."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from babel.numbers import is_currency

from driveflow_desktop.domain.catalog.queries import CardView, price_book, rate_cards
from driveflow_desktop.domain.catalog.tables import RateCard, RateCardItem, Service
from driveflow_desktop.domain.catalog.values import ServiceKind
from driveflow_desktop.domain.identity.queries import authorise, school
from driveflow_desktop.domain.identity.rules import Action
from driveflow_desktop.domain.partial import UNSET, UnsetType, given
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.ids import derived_id
from driveflow_desktop.kernel.money import BASIS_POINTS, half_up
from driveflow_desktop.store.types import Value
from driveflow_desktop.store.unit_of_work import UnitOfWork

HIGHEST_PRICE: Final = 10_000_000
"""100,000.00: more than that for one lesson is a typing mistake."""
_DURATIONS: Final = (5, 1440)


@dataclass(frozen=True, slots=True)
class NewService:
    """A service to offer; `duration_min` in minutes."""

    name: str
    duration_min: int = 60
    kind: ServiceKind = ServiceKind.LESSON
    description: str | None = None
    colour: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceChanges:
    """What to change of a service."""

    name: str | UnsetType = UNSET
    duration_min: int | UnsetType = UNSET
    kind: ServiceKind | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    colour: str | UnsetType | None = UNSET
    active: bool | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class NewRateCard:
    """A price list; dates are local and inclusive, open where None. The first card becomes the default by itself."""

    name: str
    valid_from: date | None = None
    valid_to: date | None = None
    is_default: bool = False
    currency: str | None = None
    """ISO 4217; the school's own where None."""


@dataclass(frozen=True, slots=True)
class RateCardChanges:
    """What to change of a rate card; which one is the default is `make_default`'s business."""

    name: str | UnsetType = UNSET
    valid_from: date | UnsetType | None = UNSET
    valid_to: date | UnsetType | None = UNSET


@dataclass(frozen=True, slots=True)
class CopyRateCard:
    """A new card with the prices of another, changed by basis points (350 = +3.5 %) and rounded to a step in cents."""

    source_id: UUID
    name: str
    change_bp: int = 0
    round_to_cents: int = 50
    valid_from: date | None = None
    valid_to: date | None = None


# -- services -------------------------------------------------------------------------------------------------------


def create_service(uow: UnitOfWork, request: NewService) -> UUID:
    """Offer a new service and return its id; it cannot be booked until it has a price."""
    authorise(uow.connection, uow.actor, Action.EDIT_RATES)
    uow.describe("service.created")
    return uow.insert(Service, _checked_service(given(request)))


def edit_service(uow: UnitOfWork, service_id: UUID, changes: ServiceChanges) -> None:
    """Change a service; bookings that exist keep their times and prices. `active=False` takes it off the offer."""
    authorise(uow.connection, uow.actor, Action.EDIT_RATES)
    values = _checked_service(given(changes))
    uow.describe(_service_topic(values))
    uow.update(Service, service_id, values)


def _service_topic(values: dict[str, Value]) -> str:
    if values.keys() == {"active"}:
        return "service.activated" if values["active"] else "service.deactivated"
    return "service.edited"


def _checked_service(values: dict[str, Value]) -> dict[str, Value]:
    if "name" in values:
        values["name"] = _name(values["name"], "service")
    duration = values.get("duration_min", _DURATIONS[0])
    if not isinstance(duration, int) or not _DURATIONS[0] <= duration <= _DURATIONS[1]:
        raise UserError("invalid", "A service lasts from 5 minutes to 24 hours.", column="duration_min")
    return values


# -- rate cards -----------------------------------------------------------------------------------------------------


def create_rate_card(uow: UnitOfWork, request: NewRateCard) -> UUID:
    """Add a rate card and return its id."""
    authorise(uow.connection, uow.actor, Action.EDIT_RATES)
    cards = rate_cards(uow.connection, uow.org_id)
    currency = request.currency or school(uow.connection, uow.org_id).currency
    if not is_currency(currency):
        raise UserError("invalid", f"“{currency}” is not a currency.", hint="Use a code like AUD.", column="currency")
    default = request.is_default or not any(card.is_default for card in cards)
    card = CardView(
        uow.new_id(), _name(request.name, "rate card"), currency, default, request.valid_from, request.valid_to
    )
    _check_dates(uow, card, cards)
    if default:
        _unset_default(uow, cards)
    uow.describe("rate_card.created")
    return uow.insert(RateCard, _card_values(card), row_id=card.id)


def edit_rate_card(uow: UnitOfWork, card_id: UUID, changes: RateCardChanges) -> None:
    """Rename a rate card or change its dates; bookings that exist keep their prices."""
    authorise(uow.connection, uow.actor, Action.EDIT_RATES)
    cards = rate_cards(uow.connection, uow.org_id)
    current = _require_card(cards, card_id)
    card = CardView(
        card_id,
        current.name if isinstance(changes.name, UnsetType) else _name(changes.name, "rate card"),
        current.currency,
        current.is_default,
        current.valid_from if isinstance(changes.valid_from, UnsetType) else changes.valid_from,
        current.valid_to if isinstance(changes.valid_to, UnsetType) else changes.valid_to,
    )
    _check_dates(uow, card, cards)
    uow.describe("rate_card.edited")
    uow.update(RateCard, card_id, _card_values(card))


def make_default(uow: UnitOfWork, card_id: UUID) -> None:
    """Make a card the one that counts where no dated card has a price; the previous default steps back."""
    authorise(uow.connection, uow.actor, Action.EDIT_RATES)
    cards = rate_cards(uow.connection, uow.org_id)
    _require_card(cards, card_id)
    _unset_default(uow, [card for card in cards if card.id != card_id])
    uow.describe("rate_card.made_default")
    uow.update(RateCard, card_id, {"is_default": True})


def delete_rate_card(uow: UnitOfWork, card_id: UUID) -> None:
    """Remove a card and its prices; refused for the default, and for one that bookings were priced by."""
    authorise(uow.connection, uow.actor, Action.EDIT_RATES)
    if _require_card(rate_cards(uow.connection, uow.org_id), card_id).is_default:
        raise UserError("default_card", "The default rate card cannot be deleted.", hint="Make another one default.")
    uow.describe("rate_card.deleted")
    uow.delete(RateCard, card_id)


def copy_rate_card(uow: UnitOfWork, request: CopyRateCard) -> UUID:
    """Make a card with another's prices, raised or lowered by a percentage, and return its id."""
    source = next((card for card in price_book(uow.connection, uow.org_id) if card.id == request.source_id), None)
    if source is None:
        raise _no_card()
    if not -BASIS_POINTS < request.change_bp <= 10 * BASIS_POINTS or request.round_to_cents < 1:
        raise UserError("invalid", "Prices can change by −99 % to +1000 %.", column="change_bp")
    card_id = create_rate_card(
        uow, NewRateCard(request.name, request.valid_from, request.valid_to, currency=source.currency)
    )
    for service_id, cents in source.items.items():
        set_price(uow, card_id, service_id, changed_price(cents, request.change_bp, request.round_to_cents))
    return card_id


def set_price(uow: UnitOfWork, card_id: UUID, service_id: UUID, price_cents: int | None) -> None:
    """Set a service's price on a card in cents, or take it off the card (None)."""
    authorise(uow.connection, uow.actor, Action.EDIT_RATES)
    uow.require(RateCard, card_id)
    uow.require(Service, service_id)
    item_id = price_item_id(card_id, service_id)
    exists = uow.get(RateCardItem, item_id) is not None
    uow.describe("price.set" if price_cents is not None else "price.removed")
    if price_cents is None:
        if exists:
            uow.delete(RateCardItem, item_id)
        return
    if not 0 <= price_cents <= HIGHEST_PRICE:
        raise UserError(
            "invalid", "A price lies between 0 and 100,000.", hint="Check the amount.", column="price_cents"
        )
    if exists:
        uow.update(RateCardItem, item_id, {"price_cents": price_cents})
    else:
        values: dict[str, Value] = {"rate_card_id": card_id, "service_id": service_id, "price_cents": price_cents}
        uow.insert(RateCardItem, values, row_id=item_id)


def price_item_id(card_id: UUID, service_id: UUID) -> UUID:
    """The id of the one price a service has on a card, the same on every PC."""
    return derived_id("rate_card_items", card_id, service_id)


def changed_price(cents: int, change_bp: int, step: int) -> int:
    """A price changed by basis points, then rounded half up to a multiple of `step` cents."""
    return half_up(half_up(cents * (BASIS_POINTS + change_bp), BASIS_POINTS), step) * step


# -- what keeps cards sound -----------------------------------------------------------------------------------------


def _check_dates(uow: UnitOfWork, card: CardView, others: Iterable[CardView]) -> None:
    """Refuse reversed dates and two seasonal cards that begin together; tell of seasonal cards that overlap.

    `rules.price_for` lets the card that begins later win, so a week inside a season is fine, but two cards that begin
    on the same day would be a coin toss.
    """
    if card.valid_from is not None and card.valid_to is not None and card.valid_to < card.valid_from:
        raise UserError("invalid", "The card ends before it begins.", hint="Check its dates.", column="valid_to")
    if not _is_seasonal(card):
        return
    for other in others:
        if other.id == card.id or not _is_seasonal(other) or not _overlap(card, other):
            continue
        if other.valid_from == card.valid_from:
            raise UserError(
                "ambiguous_dates",
                f"“{other.name}” begins on the same day, so nobody could say which price holds.",
                hint="Let one of the two begin on another day.",
                column="valid_from",
                card_id=other.id,
            )
        uow.warn(f"“{other.name}” overlaps with “{card.name}”: where both hold, the one that begins later counts.")


def _is_seasonal(card: CardView) -> bool:
    """Whether the card is made for a period; undated cards beside the default are drafts."""
    return not card.is_default and (card.valid_from is not None or card.valid_to is not None)


def _overlap(one: CardView, other: CardView) -> bool:
    starts_before = one.valid_from is None or other.valid_to is None or one.valid_from <= other.valid_to
    ends_after = one.valid_to is None or other.valid_from is None or other.valid_from <= one.valid_to
    return starts_before and ends_after


def _unset_default(uow: UnitOfWork, cards: Iterable[CardView]) -> None:
    uow.describe("rate_card.edited")
    for card in cards:
        if card.is_default:
            uow.update(RateCard, card.id, {"is_default": False})


def _card_values(card: CardView) -> dict[str, Value]:
    return {
        "name": card.name,
        "currency": card.currency,
        "is_default": card.is_default,
        "valid_from": card.valid_from,
        "valid_to": card.valid_to,
    }


def _require_card(cards: Iterable[CardView], card_id: UUID) -> CardView:
    for card in cards:
        if card.id == card_id:
            return card
    raise _no_card()


def _no_card() -> UserError:
    return UserError("gone", "That rate card is no longer there.", hint="It may have been deleted on another PC.")


def _name(value: Value, what: str) -> str:
    name = " ".join(str(value or "").split())
    if not name:
        raise UserError("invalid", f"The {what} needs a name.", column="name")
    return name
