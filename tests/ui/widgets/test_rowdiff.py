"""Differences of lists, applied as a model would apply them."""

from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.ui.widgets.rowdiff import row_steps

LISTS = st.lists(st.integers(0, 30), unique=True, max_size=30)


def applied(old: list[int], new: list[int]) -> list[int]:
    rows = list(old)
    removals, insertions = row_steps(old, new)
    for first, last in removals:
        del rows[first : last + 1]
    for first, last in insertions:
        rows[first:first] = new[first : last + 1]
    return rows


@given(LISTS, LISTS)
def test_the_steps_lead_from_old_to_new(old: list[int], new: list[int]) -> None:
    assert applied(old, new) == new


@given(LISTS, st.data())
def test_nothing_that_stays_in_order_is_touched(old: list[int], data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.sampled_from(old))) if old else set()
    new = [key for key in old if key not in gone]
    removals, insertions = row_steps(old, new)
    assert insertions == []
    assert sum(last - first + 1 for first, last in removals) == len(gone)


def test_a_row_that_moves_is_the_only_one_that_moves() -> None:
    assert row_steps([1, 2, 3, 4, 5], [1, 3, 4, 2, 5]) == ([(1, 1)], [(3, 3)])


def test_neighbours_go_as_one_step() -> None:
    assert row_steps(list(range(10)), [0, 1, 8, 9]) == ([(2, 7)], [])
