from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.domain.people.rules.places import Place, check_place
from driveflow_desktop.domain.scheduling.rules.travel import (
    Peak,
    TravelRules,
    haversine_km,
    is_peak,
    travel_between,
    travel_minutes,
)
from driveflow_desktop.kernel.errors import UserError

SYDNEY = ZoneInfo("Australia/Sydney")
NEWTOWN, BONDI, PARRAMATTA = Place(-33.8976, 151.1793), Place(-33.8915, 151.2767), Place(-33.8151, 151.0011)
WEDNESDAY = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)  # midnight in Sydney
PLACES = st.builds(Place, st.floats(-44, -9), st.floats(96, 168))


def test_distance_and_minutes_of_known_places() -> None:
    assert haversine_km(NEWTOWN, BONDI) == pytest.approx(9.01, abs=0.05)
    assert travel_between(NEWTOWN, BONDI) == (21, 25)
    assert travel_between(NEWTOWN, NEWTOWN) == (0, 0)
    one_degree = haversine_km(Place(0.0, 1.0), Place(1.0, 1.0))
    assert one_degree == pytest.approx(111.195, abs=0.01)


def test_whole_minutes_are_not_rounded_up_by_a_hair() -> None:
    km = haversine_km(NEWTOWN, PARRAMATTA)
    assert travel_between(NEWTOWN, PARRAMATTA, TravelRules(speed_kph=km, detour=0.25)).normal_min == 15
    assert travel_between(NEWTOWN, PARRAMATTA, TravelRules(speed_kph=km, detour=0.2501)).normal_min == 16


@pytest.mark.parametrize(
    ("minute", "peak"),
    [(419, False), (420, True), (539, True), (540, False), (899, False), (900, True), (1079, True), (1080, False)],
)
def test_peaks_are_local_weekday_hours(minute: int, peak: bool) -> None:
    assert is_peak(WEDNESDAY + timedelta(minutes=minute), SYDNEY) is peak
    for weekend in (3, 4):
        assert not is_peak(WEDNESDAY + timedelta(days=weekend, minutes=minute), SYDNEY)


def test_a_school_may_have_its_own_peaks() -> None:
    rules = TravelRules(peak_factor=2.0, peaks=(Peak(frozenset({6}), 600, 660),))
    saturday_ten = WEDNESDAY + timedelta(days=3, hours=10)
    assert travel_minutes(NEWTOWN, BONDI, saturday_ten, SYDNEY, rules) == 41
    assert travel_minutes(NEWTOWN, BONDI, WEDNESDAY + timedelta(hours=8), SYDNEY, rules) == 21


def test_an_unknown_place_has_no_travel_time() -> None:
    assert travel_minutes(None, BONDI, WEDNESDAY, SYDNEY) is None
    assert travel_minutes(NEWTOWN, None, WEDNESDAY, SYDNEY) is None


@given(PLACES, PLACES)
def test_travel_is_symmetric_and_never_shorter_in_the_peak(one: Place, other: Place) -> None:
    there, back = travel_between(one, other), travel_between(other, one)
    assert abs(there.normal_min - back.normal_min) <= 1
    assert 0 <= there.normal_min <= there.peak_min


def test_places_are_checked_against_their_country() -> None:
    assert check_place(-33.89764321, 151.17930001) == (-33.897643, 151.1793)
    assert check_place(-31.5547, 159.0819) == Place(-31.5547, 159.0819)  # Lord Howe
    assert check_place(51.5, -0.12, "GB") == (51.5, -0.12)
    for lat, lng, country in ((151.18, -33.9, "AU"), (51.5, -0.12, "AU"), (0.0, 0.0, "GB"), (91.0, 0.0, "GB")):
        with pytest.raises(UserError) as refused:
            check_place(lat, lng, country)
        assert refused.value.code == "invalid"
    with pytest.raises(UserError):
        check_place(float("nan"), 151.0)
