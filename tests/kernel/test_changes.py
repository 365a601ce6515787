from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.kernel.errors import UserError

ONE, TWO = UUID(int=1), UUID(int=2)
CHANGES = st.dictionaries(
    st.sampled_from(["bookings", "students", "lessons"]), st.sets(st.integers(1, 5).map(lambda n: UUID(int=n)))
).map(Changes)


def test_a_table_without_changed_rows_is_not_there() -> None:
    changes = Changes({"bookings": [ONE, ONE], "students": []})
    assert dict(changes) == {"bookings": frozenset({ONE})}
    assert changes.ids("students") == frozenset()
    assert changes.touches(["students", "bookings"])
    assert not changes.touches(["students"])
    assert not changes.touches([])
    assert not Changes()


@given(CHANGES, CHANGES, CHANGES)
def test_merging_is_a_union(one: Changes, other: Changes, third: Changes) -> None:
    both = one.merge(other)
    assert both == other.merge(one)
    assert both.merge(third) == one.merge(other.merge(third))
    assert one.merge(one) == one.merge(Changes()) == one
    for table in (*one, *other):
        assert both[table] == one.ids(table) | other.ids(table)


def test_logs_get_counts_and_no_ids() -> None:
    assert repr(Changes({"bookings": [ONE, TWO]})) == "Changes({'bookings': 2})"


def test_an_error_says_what_is_wrong_and_what_to_do() -> None:
    error = UserError("slot_taken", "Taken.", hint="Choose another time.", column="start_at", blocking=ONE)
    assert str(error) == "Taken. Choose another time."
    assert str(UserError("invalid", "Wrong.")) == "Wrong."
    assert error.details == {"blocking": ONE}
