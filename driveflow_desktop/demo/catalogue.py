"""What the demo school sells, and what it costs on which day."""

from datetime import date
from typing import Final
from uuid import UUID

from driveflow_desktop.demo.plan import CardPlan, ServicePlan
from driveflow_desktop.domain.catalog.rules import Price, RateCard, price_for
from driveflow_desktop.domain.catalog.values import ServiceKind

LESSON, LONG, HIGHWAY_60, HIGHWAY_90, TEST_PREP, TEST_PREP_90, TEST, PACK, NIGHT = range(9)

SERVICES: Final = (
    ServicePlan("60 min lesson", 60, 9500, ServiceKind.LESSON, "One hour behind the wheel, picked up at home."),
    ServicePlan("90 min lesson", 90, 13500, ServiceKind.LESSON, "An hour and a half, for longer drives."),
    ServicePlan("Highway 60", 60, 10299, ServiceKind.HIGHWAY, "Merging, overtaking and exits at speed."),
    ServicePlan("Highway 90", 90, 14250, ServiceKind.HIGHWAY, "A longer motorway drive with a break."),
    ServicePlan("Test prep", 60, 11400, ServiceKind.TEST_PREP, "A mock test on the routes around the test centre."),
    ServicePlan("Test prep 90", 90, 17100, ServiceKind.TEST_PREP, "A mock test with time to practise what failed."),
    ServicePlan("Driving test + car", 120, 22800, ServiceKind.DRIVING_TEST, "Warm-up, the test, and the car for it."),
    ServicePlan("10-lesson pack", 60, 8500, ServiceKind.PACKAGE_LESSON, "One lesson of a pack of ten, paid ahead."),
    ServicePlan("Night lesson", 60, 10450, ServiceKind.NIGHT, "After dark: lights, glare and wet roads."),
)
PACK_LESSONS: Final = 10
PACK_CENTS: Final = PACK_LESSONS * SERVICES[PACK].cents
PACK_MINUTES: Final = PACK_LESSONS * SERVICES[PACK].minutes
ORG_FEE_BP: Final = 1500
_RISE_PER_MILLE: Final = 35
"""By how much prices rose each July."""


def rate_cards(first: date, today: date) -> tuple[CardPlan, ...]:
    """The default card, and one for each earlier financial year back to `first` (one at least)."""
    cards = [CardPlan("Standard", None, None, tuple(service.cents for service in SERVICES))]
    year, back = _financial_year(today) - 1, 1
    while back == 1 or year >= _financial_year(first):
        cents = tuple(_earlier(service, back) for service in SERVICES)
        cards.append(CardPlan(f"Prices {year}–{(year + 1) % 100:02d}", date(year, 7, 1), date(year + 1, 6, 30), cents))
        year, back = year - 1, back + 1
    return tuple(cards)


def _financial_year(day: date) -> int:
    """The year in which the Australian financial year of `day` began, on 1 July."""
    return day.year if day.month >= 7 else day.year - 1


def _earlier(service: ServicePlan, years: int) -> int:
    cents = service.cents
    for _ in range(years):
        cents = cents * 1000 // (1000 + _RISE_PER_MILLE)
    return cents


class PriceBook:
    """The price of each service on each day, by the school's own rule."""

    def __init__(self, cards: tuple[CardPlan, ...]) -> None:
        service_ids = [UUID(int=number) for number in range(len(SERVICES))]
        self._services = service_ids
        self._cards = [
            RateCard(
                UUID(int=number),
                card.name,
                "AUD",
                card.valid_from is None,
                card.valid_from,
                card.valid_to,
                dict(zip(service_ids, card.cents, strict=True)),
            )
            for number, card in enumerate(cards)
        ]
        self._known: dict[tuple[int, date, int | None], Price] = {}

    def price(self, service: int, day: date, fee_bp: int | None) -> Price:
        """The price, with its split; `rate_card_id.int` is the card's position."""
        key = (service, day, fee_bp)
        found = self._known.get(key)
        if found is None:
            found = price_for(
                self._services[service], day, self._cards, org_fee_bp=ORG_FEE_BP, instructor_fee_bp=fee_bp
            )
            self._known[key] = found
        return found
