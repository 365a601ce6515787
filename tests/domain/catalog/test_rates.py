from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.domain.catalog.commands import (
    CopyRateCard,
    NewRateCard,
    NewService,
    RateCardChanges,
    ServiceChanges,
    changed_price,
    copy_rate_card,
    create_rate_card,
    create_service,
    delete_rate_card,
    edit_rate_card,
    edit_service,
    make_default,
    set_price,
)
from driveflow_desktop.domain.catalog.queries import price_book, rate_cards, rate_matrix, service, services
from driveflow_desktop.domain.catalog.rules import price_for
from driveflow_desktop.domain.catalog.values import ServiceKind
from driveflow_desktop.kernel.errors import UserError
from tests.helpers.school import CARD, DANA_USER, HIGHWAY, LESSON, ORG, THEIR_SERVICE, School

CHRISTMAS = (date(2026, 12, 20), date(2026, 12, 31))
SUMMER = (date(2026, 12, 1), date(2027, 2, 28))


def price(school: School, day: date, service_id: UUID = LESSON) -> int:
    return school.read(lambda c: price_for(service_id, day, price_book(c, ORG), org_fee_bp=1500)).price_cents


def code_of(school: School, command, **kwargs) -> str:
    with pytest.raises(UserError) as caught:
        school.run(command, **kwargs)
    return caught.value.code


def card(school: School, name: str, dates=(None, None), cents: int | None = None, **kwargs) -> UUID:
    def make(uow):
        made = create_rate_card(uow, NewRateCard(name, *dates, **kwargs))
        set_price(uow, made, LESSON, cents)
        return made

    return school.run(make).value


def defaults(school: School) -> list[str]:
    return [each.name for each in school.read(lambda c: rate_cards(c, ORG)) if each.is_default]


def test_a_service_is_offered_changed_and_taken_off(school: School):
    made = school.run(
        lambda uow: create_service(uow, NewService(" Night  drive", 90, ServiceKind.NIGHT, "dark", "#123456"))
    )
    found = school.read(lambda c: service(c, ORG, made.value))
    assert (found.name, found.duration_min, found.kind, found.active) == ("Night drive", 90, ServiceKind.NIGHT, True)
    school.run(lambda uow: edit_service(uow, made.value, ServiceChanges(active=False)))
    assert [each.name for each in school.read(lambda c: services(c, ORG, active_only=True))] == [
        "Highway 90",
        "Lesson 60",
    ]
    assert school.read(lambda c: services(c, ORG))[-1].id == made.value


@pytest.mark.parametrize("minutes", [4, 1441])
def test_a_service_has_a_sensible_length(school: School, minutes: int):
    assert code_of(school, lambda uow: edit_service(uow, LESSON, ServiceChanges(duration_min=minutes))) == "invalid"


def test_names_are_needed_and_unique(school: School):
    assert code_of(school, lambda uow: create_service(uow, NewService(" "))) == "invalid"
    assert code_of(school, lambda uow: create_service(uow, NewService("Lesson 60"))) == "already_exists"
    assert code_of(school, lambda uow: create_rate_card(uow, NewRateCard("Standard"))) == "already_exists"
    assert code_of(school, lambda uow: create_rate_card(uow, NewRateCard(""))) == "invalid"


def test_instructors_do_not_set_prices(school: School):
    for command in (
        lambda uow: create_service(uow, NewService("X")),
        lambda uow: set_price(uow, CARD, LESSON, 1),
        lambda uow: make_default(uow, CARD),
    ):
        assert code_of(school, command, user=DANA_USER) == "forbidden"


def test_a_price_is_set_changed_removed_and_undone(school: School):
    made = school.run(lambda uow: create_service(uow, NewService("Theory"))).value
    school.run(lambda uow: set_price(uow, CARD, made, 5000))
    changed = school.run(lambda uow: set_price(uow, CARD, made, 5500))
    assert price(school, date(2026, 12, 1), made) == 5500
    school.undo(changed)
    assert price(school, date(2026, 12, 1), made) == 5000
    school.run(lambda uow: set_price(uow, CARD, made, None))
    assert code_of(school, lambda uow: price(school, date(2026, 12, 1), made)) == "no_price"
    assert not school.run(lambda uow: set_price(uow, CARD, made, None)).changes


@pytest.mark.parametrize(("cents", "code"), [(-1, "invalid"), (10_000_001, "invalid")])
def test_prices_have_bounds(school: School, cents: int, code: str):
    assert code_of(school, lambda uow: set_price(uow, CARD, LESSON, cents)) == code


def test_prices_stay_inside_the_school(school: School):
    assert code_of(school, lambda uow: set_price(uow, CARD, THEIR_SERVICE, 100)) == "gone"


def test_there_is_always_exactly_one_default(school: School):
    spring = card(school, "Spring", cents=9000, is_default=True)
    assert defaults(school) == ["Spring"]
    receipt = school.run(lambda uow: make_default(uow, CARD))
    assert defaults(school) == ["Standard"]
    school.undo(receipt)
    assert defaults(school) == ["Spring"]
    assert code_of(school, lambda uow: delete_rate_card(uow, spring)) == "default_card"


def test_the_first_card_of_a_school_is_its_default(school: School):
    school.run(lambda uow: make_default(uow, CARD))
    from driveflow_desktop.domain.catalog.tables import RateCard

    school.run(lambda uow: uow.delete(RateCard, CARD))
    card(school, "Only", cents=100)
    assert defaults(school) == ["Only"]


def test_a_week_inside_a_season_counts_over_it(school: School):
    card(school, "Summer", SUMMER, 9900)
    made = school.run(lambda uow: create_rate_card(uow, NewRateCard("Christmas", *CHRISTMAS)))
    assert made.warnings == ("“Summer” overlaps with “Christmas”: where both hold, the one that begins later counts.",)
    school.run(lambda uow: set_price(uow, made.value, LESSON, 12000))
    assert [price(school, day) for day in (date(2026, 11, 30), date(2026, 12, 19), date(2026, 12, 20))] == [
        9500,
        9900,
        12000,
    ]


def test_two_seasons_that_begin_together_are_refused(school: School):
    summer = card(school, "Summer", SUMMER, 9900)
    assert code_of(school, lambda uow: create_rate_card(uow, NewRateCard("Hot", SUMMER[0]))) == "ambiguous_dates"
    hot = card(school, "Hot", CHRISTMAS)
    changes = RateCardChanges(valid_from=SUMMER[0])
    assert code_of(school, lambda uow: edit_rate_card(uow, hot, changes)) == "ambiguous_dates"
    school.run(lambda uow: edit_rate_card(uow, summer, RateCardChanges("High summer", date(2026, 12, 2), None)))
    school.run(lambda uow: edit_rate_card(uow, hot, changes))


def test_reversed_dates_are_refused(school: School):
    request = NewRateCard("Back", CHRISTMAS[1], CHRISTMAS[0])
    assert code_of(school, lambda uow: create_rate_card(uow, request)) == "invalid"


def test_currencies_exist(school: School):
    assert code_of(school, lambda uow: create_rate_card(uow, NewRateCard("X", currency="ABC"))) == "invalid"


def test_a_card_is_copied_with_a_raise(school: School):
    copy = CopyRateCard(CARD, "2027", 350, valid_from=date(2027, 1, 1))
    made = school.run(lambda uow: copy_rate_card(uow, copy))
    matrix = school.read(lambda c: rate_matrix(c, ORG))
    assert [matrix.prices[service_id, made.value] for service_id in (LESSON, HIGHWAY)] == [9850, 14500]
    assert [each.name for each in matrix.cards] == ["Standard", "2027"]
    assert price(school, date(2026, 12, 31)) == 9500
    assert price(school, date(2027, 1, 1)) == 9850
    school.undo(made)
    assert [each.name for each in school.read(lambda c: rate_cards(c, ORG))] == ["Standard"]
    assert code_of(school, lambda uow: copy_rate_card(uow, CopyRateCard(UUID(int=7), "x"))) == "gone"
    assert code_of(school, lambda uow: copy_rate_card(uow, CopyRateCard(CARD, "x", -10_000))) == "invalid"


@given(st.integers(0, 1_000_000), st.integers(-9_999, 100_000), st.sampled_from([1, 5, 50, 100]))
def test_a_changed_price_is_a_near_multiple_of_the_step(cents: int, change_bp: int, step: int):
    found = changed_price(cents, change_bp, step)
    assert found % step == 0
    assert abs(found * 10_000 - cents * (10_000 + change_bp)) <= (step // 2 + 1) * 10_000
