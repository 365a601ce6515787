import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.kernel.money import cash_rounding, gst_inside, half_up, split_price


@pytest.mark.parametrize(
    ("price", "fee", "share"),
    [(9500, 1425, 8075), (9999, 1500, 8499), (8333, 1250, 7083), (7999, 1200, 6799), (1, 0, 1), (0, 0, 0)],
)
def test_the_split_of_15_percent(price: int, fee: int, share: int) -> None:
    assert split_price(price, 1500) == (fee, share)


@given(st.integers(0, 10**12), st.integers(0, 10_000))
def test_a_split_always_adds_up_and_follows_the_formula(price: int, fee_bp: int) -> None:
    fee, share = split_price(price, fee_bp)
    assert fee + share == price
    assert fee == (price * fee_bp + 5000) // 10_000
    assert min(fee, share) >= 0


@pytest.mark.parametrize(("price", "gst"), [(9500, 864), (8000, 727), (4750, 432), (100, 9), (0, 0), (11, 1)])
def test_the_gst_inside_a_price(price: int, gst: int) -> None:
    assert gst_inside(price) == gst


@given(st.integers(0, 10**12))
def test_gst_follows_the_formula(price: int) -> None:
    assert gst_inside(price) == (2 * price + 11) // 22


@pytest.mark.parametrize(
    ("amount", "rounding"), [(0, 0), (1, -1), (2, -2), (3, 2), (4, 1), (5, 0), (9998, 2), (9997, -2)]
)
def test_cash_is_rounded_to_five_cents(amount: int, rounding: int) -> None:
    assert cash_rounding(amount) == rounding
    assert (amount + rounding) % 5 == 0


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"), [(1, 2, 1), (1, 3, 0), (2, 3, 1), (5, 2, 3), (0, 7, 0)]
)
def test_half_goes_up(numerator: int, denominator: int, rounded: int) -> None:
    assert half_up(numerator, denominator) == rounded


def test_what_has_no_meaning_is_refused() -> None:
    for price, fee_bp in ((-1, 1500), (100, -1), (100, 10_001)):
        with pytest.raises(ValueError, match="split"):
            split_price(price, fee_bp)
    for numerator, denominator in ((-1, 2), (1, 0), (1, -2)):
        with pytest.raises(ValueError, match="half_up"):
            half_up(numerator, denominator)
