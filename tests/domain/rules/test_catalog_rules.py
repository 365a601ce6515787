from datetime import date
from uuid import UUID

import pytest

from driveflow_desktop.domain.catalog.rules import RateCard, effective_fee_bp, price_for
from driveflow_desktop.kernel.errors import UserError

LESSON, HIGHWAY = UUID(int=1), UUID(int=2)
DAY = date(2026, 10, 4)


def card(
    number: int,
    price: int | None,
    *,
    default: bool = False,
    since: date | None = None,
    until: date | None = None,
    service: UUID = LESSON,
) -> RateCard:
    items = {} if price is None else {service: price}
    return RateCard(UUID(int=number), f"card {number}", "AUD", default, since, until, items)


def cents(*cards: RateCard) -> int:
    return price_for(LESSON, DAY, cards, org_fee_bp=1500).price_cents


DEFAULT = card(10, 8000, default=True)


def test_the_valid_card_beats_the_default() -> None:
    assert cents(DEFAULT, card(11, 9500, since=date(2026, 10, 1), until=date(2026, 10, 31))) == 9500


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (DAY, DAY, 9500),
        (date(2026, 10, 5), None, 8000),
        (None, date(2026, 10, 3), 8000),
        (None, DAY, 9500),
    ],
)
def test_validity_is_inclusive_on_both_ends(since: date | None, until: date | None, expected: int) -> None:
    assert cents(DEFAULT, card(11, 9500, since=since, until=until)) == expected


def test_a_valid_card_without_the_item_leaves_the_word_to_the_default() -> None:
    assert cents(DEFAULT, card(11, None, since=DAY)) == 8000
    assert cents(DEFAULT, card(11, 9500, since=DAY, service=HIGHWAY)) == 8000


def test_the_latest_of_several_valid_cards_speaks_in_any_order() -> None:
    older, newer = card(12, 9000, since=date(2026, 1, 1)), card(11, 9900, since=date(2026, 9, 1))
    assert cents(older, newer, DEFAULT) == cents(DEFAULT, newer, older) == 9900


def test_an_undated_special_card_does_not_push_the_default_aside() -> None:
    assert cents(card(11, 6000), DEFAULT) == 8000
    assert cents(card(11, 6000)) == 6000


def test_no_price_is_a_refusal_not_a_fallback() -> None:
    for cards in ((), (card(10, None, default=True),), (card(11, 9500, until=date(2026, 10, 3)),)):
        with pytest.raises(UserError) as refused:
            cents(*cards)
        assert refused.value.code == "no_price"
        assert refused.value.details["service_id"] == LESSON


def test_the_price_is_split_by_the_fee_that_was_agreed() -> None:
    cards = [card(10, 9500, default=True)]
    usual = price_for(LESSON, DAY, cards, org_fee_bp=1500)
    assert (usual.platform_fee_cents, usual.instructor_share_cents, usual.gst_cents) == (1425, 8075, 0)
    own = price_for(LESSON, DAY, cards, org_fee_bp=1500, instructor_fee_bp=0, gst_registered=True)
    assert (own.platform_fee_cents, own.instructor_share_cents, own.gst_cents) == (0, 9500, 864)
    assert own.rate_card_id == UUID(int=10)
    assert own.currency == "AUD"


def test_an_agreed_fee_of_nothing_is_not_a_missing_one() -> None:
    assert effective_fee_bp(1500, 0) == 0
    assert effective_fee_bp(1500, None) == 1500
