"""Whatever a desk accepts, the service accepts too, and every replica then holds the very same value."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, cast
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driveflow_desktop.domain.tables import synced_tables
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.base import TenantRow
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.types import EnumText, Hundredths, Id, JsonDoc, Microdegrees, UtcDateTime, Value
from tests.helpers.populate import count, row
from tests.helpers.world import World

pytestmark = pytest.mark.postgres

_KINDS: Final = {
    str(m.local_table.name): m.class_ for m in TenantRow.registry.mappers if issubclass(m.class_, TenantRow)
}
_TABLES: Final = [table for table in synced_tables() if table.name not in {"orgs", "user_orgs"}]
_NOT_FREE: Final = frozenset({"stripe_account_id", "stripe_onboarding_status", "stripe_payment_intent_id"}) | {
    "stripe_charge_id",
    "stripe_refund_id",
    "stripe_transfer_id",
    "checkout_url",
    "provider_id",
}
"""Columns that only the service writes."""

_EDGES: Final = [0, -1, 1, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**53, 2**63 - 1, 2**63, -(2**63)]
_TEXT: Final = st.text(st.characters(exclude_categories=()), max_size=12) | st.sampled_from(
    ["", "\0", "a\0b", "\ud800", "Zoë 🚗 李", "\u202eltr", "'; --", "\\u0000", "é" * 700]
)
_NUMBERS: Final = st.floats() | st.integers() | st.sampled_from([1.0, -0.0, 1e2, 1e22, 1e-7, 5e-324, 0.1, 2**53, 2**64])
_JSON: Final = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)


def _free(column: sa.Column[object]) -> bool:
    """Whether a column may hold anything of its type."""
    return not column.foreign_keys and column.name in codec(column.table).carried and column.name not in _NOT_FREE


def _any_value(kind: sa.types.TypeEngine[object]) -> st.SearchStrategy[object]:
    if isinstance(kind, EnumText):
        return st.sampled_from(list(kind.enum))
    for found, values in _BY_TYPE:
        if isinstance(kind, found):
            return values
    raise AssertionError(f"no values for {kind!r}")


_BY_TYPE: Final[list[tuple[type, st.SearchStrategy[object]]]] = [
    (Id, st.uuids()),
    (
        UtcDateTime,
        st.datetimes(timezones=st.just(UTC))
        | st.sampled_from([datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]),
    ),
    (Microdegrees, st.integers(-180_000_000, 180_000_000) | st.sampled_from([10**9 - 1, 10**9, -(10**9) + 1])),
    (Hundredths, st.integers(0, 10**6)),
    (JsonDoc, st.dictionaries(_TEXT, _JSON, max_size=4)),
    (sa.Boolean, st.booleans()),
    (sa.Date, st.dates() | st.sampled_from([date.min, date.max])),
    (sa.LargeBinary, st.binary(max_size=40)),
    (sa.Integer, st.integers(0, 2000) | st.sampled_from(_EDGES)),
    (sa.String, _TEXT),
]


@st.composite
def _cases(draw: st.DrawFn) -> tuple[sa.Table, int, dict[str, object]]:
    """A table, which of its populated rows to start from, and other values for some of its columns."""
    table = draw(st.sampled_from(_TABLES))
    columns = [column for column in table.columns if _free(column)]
    chosen = draw(st.lists(st.sampled_from(columns), unique_by=lambda column: column.name, max_size=4))
    values = {
        column.name: draw((st.none() | _any_value(column.type)) if column.nullable else _any_value(column.type))
        for column in chosen
    }
    return table, draw(st.integers(0, count(table) - 1)), values


class Pair:
    """Two desks and every table filled, so that references have something to point at."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.one, self.two = world.desk("one"), world.desk("two")
        for table in _TABLES:
            for n in range(count(table)):
                self.insert(table, n, self.base(table, n), cast("UUID", row(table, world.org_id, n)["id"]))
        self.agree()

    def base(self, table: sa.Table, n: int) -> dict[str, Value]:
        made = row(table, self.world.org_id, n)
        made |= dict.fromkeys(_NOT_FREE & made.keys()) | ({"user_id": None} if "user_id" in made else {})
        made = {name: value for name, value in made.items() if name in codec(table).carried}
        if made.get("stripe_onboarding_status", "") is None:
            del made["stripe_onboarding_status"]
        return cast("dict[str, Value]", made)

    def insert(self, table: sa.Table, n: int, values: dict[str, Value], row_id: UUID) -> bool:
        """Insert at the first desk and push; whether the desk took it."""
        try:
            self.one.do(lambda uow: uow.insert(_KINDS[str(table.name)], values, row_id=row_id))
        except UserError:
            return False
        response = self.one.push()
        assert response is not None
        assert [(result.status, result.code, result.detail) for result in response.results] == [("applied", None, None)]
        return True

    def agree(self) -> None:
        for desk in (self.one, self.two):
            desk.sync()
        assert self.one.digest() == self.two.digest() == self.world.digest()


@pytest.fixture
def pair(service_url: str, tmp_path: Path) -> Iterator[Pair]:
    world = World(service_url, tmp_path)
    yield Pair(world)
    world.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(case=_cases())
def test_what_a_desk_accepts_is_the_same_everywhere(pair: Pair, case: tuple[sa.Table, int, dict[str, object]]) -> None:
    table, n, changed = case
    row_id = uuid4()
    if pair.insert(table, n, {**pair.base(table, n), **cast("dict[str, Value]", changed)}, row_id):
        stored = pair.one.row(_KINDS[str(table.name)], row_id)
        pair.two.pull()
        wire = codec(table).to_wire
        mine, theirs = wire(stored), wire(pair.two.row(_KINDS[str(table.name)], row_id))
        service = ("version", "created_at", "updated_at")
        assert {k: v for k, v in mine.items() if k not in service} == {
            k: v for k, v in theirs.items() if k not in service
        }
