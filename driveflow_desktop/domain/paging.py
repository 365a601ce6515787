"""Lists that can grow are read in pages by key, never by counting from the start."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Page(Generic[T, K]):
    """Some rows of a list in its order; `next_key` asks for the rows that follow, None when there are none."""

    rows: tuple[T, ...]
    next_key: K | None


def page_of(rows: Sequence[T], limit: int, key: Callable[[T], K]) -> Page[T, K]:
    """A page from up to `limit` + 1 rows: the one too many only says that there is more."""
    shown = tuple(rows[:limit])
    return Page(shown, key(shown[-1]) if len(rows) > limit and shown else None)
