"""What a write changed: the one fact by which visible screens refresh."""

from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

EMPTY: frozenset[UUID] = frozenset()


class Changes(Mapping[str, frozenset[UUID]]):
    """Immutable `{table name: ids of changed rows}`; iterating gives the tables."""

    __slots__ = ("_tables",)

    def __init__(self, tables: Mapping[str, Iterable[UUID]] | None = None) -> None:
        found = {name: frozenset(ids) for name, ids in (tables or {}).items()}
        self._tables: dict[str, frozenset[UUID]] = {name: ids for name, ids in found.items() if ids}

    def __getitem__(self, table: str) -> frozenset[UUID]:
        return self._tables[table]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def ids(self, table: str) -> frozenset[UUID]:
        """The changed ids of `table`, empty when it did not change."""
        return self._tables.get(table, EMPTY)

    def touches(self, tables: Iterable[str]) -> bool:
        """Whether any of `tables` changed."""
        return any(table in self._tables for table in tables)

    def merge(self, other: "Changes") -> "Changes":
        """Both sets of changes as one."""
        names = {*self._tables, *other}
        return Changes({name: self.ids(name) | other.ids(name) for name in names})

    def __repr__(self) -> str:
        return f"Changes({ {name: len(ids) for name, ids in self._tables.items()} })"
