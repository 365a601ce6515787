"""The difference of two ordered lists of ids, as the removals and insertions an item model can announce. Pure."""

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple


class Removal(NamedTuple):
    """Rows `first` to `last`, both inclusive, go."""

    first: int
    last: int


class Insertion(NamedTuple):
    """Rows `first` to `last` (positions in the new list, both inclusive) come."""

    first: int
    last: int


def row_steps(old: Sequence[Hashable], new: Sequence[Hashable]) -> tuple[list[Removal], list[Insertion]]:
    """First the removals (from the end, in positions of `old`), then the insertions (ascending, positions of `new`).

    Ids are unique within each list. As many rows as possible stay where they are; a row that moved past them is
    removed and inserted.
    """
    staying = _staying(old, new)
    gone = [index for index, key in enumerate(old) if key not in staying]
    come = [index for index, key in enumerate(new) if key not in staying]
    removals = [Removal(first, last) for first, last in _ranges(gone)]
    return removals[::-1], [Insertion(first, last) for first, last in _ranges(come)]


def _staying(old: Sequence[Hashable], new: Sequence[Hashable]) -> set[Hashable]:
    """The ids of a longest run that is in the same order in both lists."""
    places = {key: index for index, key in enumerate(new)}
    common = [places[key] for key in old if key in places]
    if all(one < other for one, other in pairwise(common)):
        return {new[place] for place in common}
    tails: list[int] = []
    tail_at: list[int] = []
    before: list[int] = []
    for at, place in enumerate(common):
        length = bisect_left(tails, place)
        before.append(tail_at[length - 1] if length else -1)
        tails[length : length + 1] = [place]
        tail_at[length : length + 1] = [at]
    kept: set[Hashable] = set()
    at = tail_at[-1] if tail_at else -1
    while at >= 0:
        kept.add(new[common[at]])
        at = before[at]
    return kept


def _ranges(indices: Sequence[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for at in range(1, len(indices) + 1):
        if at == len(indices) or indices[at] != indices[at - 1] + 1:
            yield indices[start], indices[at - 1]
            start = at
