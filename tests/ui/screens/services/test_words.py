from datetime import date
from uuid import UUID

import pytest

from driveflow_desktop.domain.catalog.queries import CardView
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.screens.services.words import read_duration, read_percent, validity
from driveflow_desktop.ui.typed_values import read_date

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("typed", "minutes"), [("60", 60), ("90 min", 90), ("1 h 30", 90), ("2h", 120), ("1h30m", 90), (" 45 minutes ", 45)]
)
def test_durations_are_read_as_people_write_them(typed: str, minutes: int) -> None:
    assert read_duration(typed) == minutes


@pytest.mark.parametrize("typed", ["", "soon", "1:30", "-60", "90 km"])
def test_what_is_no_duration_is_refused_with_its_column(typed: str) -> None:
    with pytest.raises(UserError) as refusal:
        read_duration(typed)
    assert (refusal.value.code, refusal.value.column) == ("invalid", "duration_min")


@pytest.mark.parametrize(
    ("typed", "points"), [("5", 500), ("+3.5 %", 350), ("-10", -1000), ("−2,25%", -225), ("0", 0), ("+ 7", 700)]
)
def test_percentages_become_basis_points(typed: str, points: int) -> None:
    assert read_percent(typed) == points


@pytest.mark.parametrize("typed", ["", "five", "5.123", "--5", "5 % %"])
def test_what_is_no_percentage_is_refused(typed: str) -> None:
    with pytest.raises(UserError):
        read_percent(typed)


def test_an_empty_date_is_open_and_nonsense_is_refused() -> None:
    assert read_date("  ", TODAY, "valid_from") is None
    assert read_date("3 dec", TODAY, "valid_from") == date(2026, 12, 3)
    with pytest.raises(UserError) as refusal:
        read_date("someday", TODAY, "valid_to")
    assert refusal.value.column == "valid_to"


def test_validity_in_words() -> None:
    def card(first: date | None, last: date | None) -> CardView:
        return CardView(UUID(int=1), "Summer", "AUD", False, first, last)

    assert validity(card(None, None)) == "no dates"
    assert validity(card(date(2026, 12, 1), None)).startswith("from Tue 1 Dec")
    assert validity(card(None, date(2027, 2, 28))).startswith("until Sun 28 Feb")
    assert " to " in validity(card(date(2026, 12, 1), date(2027, 2, 28)))
