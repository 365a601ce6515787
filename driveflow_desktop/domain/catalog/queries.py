"""Frozen snapshots of what the school sells and what it costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.catalog.rules import RateCard as CardRule
from driveflow_desktop.domain.catalog.tables import RateCard, RateCardItem, Service
from driveflow_desktop.domain.catalog.values import ServiceKind
from driveflow_desktop.kernel.errors import UserError


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A service as it is offered."""

    id: UUID
    name: str
    description: str | None
    duration_min: int
    active: bool
    kind: ServiceKind
    colour: str | None


@dataclass(frozen=True, slots=True)
class CardView:
    """A rate card without its items."""

    id: UUID
    name: str
    currency: str
    is_default: bool
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class RateMatrix:
    """The table of Services & rates: services down, cards across, prices in cents where one is set."""

    services: tuple[ServiceView, ...]
    cards: tuple[CardView, ...]
    prices: Mapping[tuple[UUID, UUID], int]
    """Price in cents by (service id, card id)."""


def services(connection: sa.Connection, org_id: UUID, *, active_only: bool = False) -> tuple[ServiceView, ...]:
    """All services, the active ones first, by name."""
    statement = (
        sa.select(
            Service.id,
            Service.name,
            Service.description,
            Service.duration_min,
            Service.active,
            Service.kind,
            Service.colour,
        )
        .where(Service.org_id == org_id)
        .order_by(Service.active.desc(), sa.func.lower(Service.name), Service.id)
    )
    if active_only:
        statement = statement.where(Service.active)
    return tuple(ServiceView(*row) for row in connection.execute(statement))


def service(connection: sa.Connection, org_id: UUID, service_id: UUID) -> ServiceView:
    """One service; `UserError` "gone" when there is none."""
    for found in services(connection, org_id):
        if found.id == service_id:
            return found
    raise UserError("gone", "That service is no longer there.", hint="Choose another one.", column="service_id")


def rate_cards(connection: sa.Connection, org_id: UUID) -> tuple[CardView, ...]:
    """All rate cards: the default first, then by their first date."""
    statement = sa.select(
        RateCard.id, RateCard.name, RateCard.currency, RateCard.is_default, RateCard.valid_from, RateCard.valid_to
    ).where(RateCard.org_id == org_id)
    cards = (CardView(*row) for row in connection.execute(statement))
    return tuple(sorted(cards, key=lambda card: (not card.is_default, card.valid_from or date.min, card.name, card.id)))


def price_book(connection: sa.Connection, org_id: UUID) -> tuple[CardRule, ...]:
    """Every rate card with its items, as `rules.price_for` takes them; the caller may keep it until prices change."""
    items: dict[UUID, dict[UUID, int]] = {}
    for (service_id, card_id), price in _prices(connection, org_id).items():
        items.setdefault(card_id, {})[service_id] = price
    return tuple(
        CardRule(
            card.id,
            card.name,
            card.currency,
            card.is_default,
            card.valid_from,
            card.valid_to,
            MappingProxyType(items.get(card.id, {})),
        )
        for card in rate_cards(connection, org_id)
    )


def rate_matrix(connection: sa.Connection, org_id: UUID) -> RateMatrix:
    """Services, cards and prices for the screen Services & rates."""
    return RateMatrix(
        services(connection, org_id),
        rate_cards(connection, org_id),
        MappingProxyType(_prices(connection, org_id)),
    )


def _prices(connection: sa.Connection, org_id: UUID) -> dict[tuple[UUID, UUID], int]:
    statement = sa.select(RateCardItem.service_id, RateCardItem.rate_card_id, RateCardItem.price_cents).where(
        RateCardItem.org_id == org_id
    )
    return {(row.service_id, row.rate_card_id): row.price_cents for row in connection.execute(statement)}
