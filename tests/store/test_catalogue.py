"""The live catalogues of both databases say what the schema page says, and refuse what it refuses."""

import re
from collections.abc import Mapping
from itertools import accumulate
from typing import Final
from uuid import UUID

import pytest
import sqlalchemy as sa

from driveflow_desktop.domain.tables import METADATA, tables_for
from tests.helpers.catalogue import VERSION_TABLE, Facts, catalogue
from tests.helpers.databases import Database
from tests.helpers.populate import ORG_A, count, light, required, row
from tests.store.schema_page import (
    CASCADES,
    COMMON,
    ENUMS,
    INDEXES,
    KEYS,
    LOG,
    REFERENCES,
    REPLICA,
    SERVICE,
    SYNCED,
    TYPES,
    UNIQUE,
)

_PARTITION: Final = "trip_points_"
_NOW: Final = {"CURRENT_TIMESTAMP", "CAST(ROUND((julianday('now') - 2440587.5) * 86400000000.0) AS INTEGER)"}


@pytest.fixture
def facts(populated: Database) -> Facts:
    """The catalogue, without Alembic's table and without what repeats a table for each partition."""
    with populated.engine.connect() as connection:
        found = catalogue(connection)
    return {
        kind: {fact for fact in rows if fact[0] != VERSION_TABLE and not str(fact[0]).startswith(_PARTITION)}
        for kind, rows in found.items()
    }


def _stated(dialect: str) -> dict[str, str]:
    """The columns of every table that must stand, as the page writes them."""
    synced = {table: f"{COMMON} {columns}" for table, columns in SYNCED.items()}
    return synced | LOG | (REPLICA if dialect == "sqlite" else SERVICE)


def _each(stated: Mapping[str, str], dialect: str) -> dict[str, set[str]]:
    """The words of a statement for each table that stands."""
    return {table: set(stated.get(table, "").split()) for table in _stated(dialect)}


def _column(name: object, required_: object, default: object) -> str:
    """A live column in the page's words."""
    if default is None:
        return f"{name}" if required_ else f"{name}?"
    text = str(default)
    plain = re.sub(r"::[\w ]+$", "", text).strip("'()") if text not in _NOW else "now"
    return f"{name}={plain}"


def _columns(facts: Facts, dialect: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table, name, kind, required_, default, *_rest in facts["columns"]:
        shown = default
        if dialect == "sqlite" and kind == "BOOLEAN" and default is not None:
            shown = {"0": "false", "1": "true"}[str(default)]
        found.setdefault(str(table), set()).add(_column(name, required_, shown))
    return found


def test_every_table_has_the_columns_nullability_and_defaults_stated(facts: Facts, populated: Database) -> None:
    stated = {table: set(columns.split()) for table, columns in _stated(populated.dialect).items()}
    assert _columns(facts, populated.dialect) == stated


def test_every_column_has_the_type_of_its_kind(facts: Facts, populated: Database) -> None:
    wrong, seen = [], set()
    for table, name, kind, *_rest in facts["columns"]:
        rule = next((rule for rule in TYPES if re.fullmatch(rule[0], f"{table}.{name}")), None)
        if rule is not None:
            seen.add(rule[0])
            wanted = rule[2] if populated.dialect == "sqlite" else rule[1]
            if not str(kind).startswith(wanted):
                wrong.append(f"{table}.{name} is {kind}, not {wanted}")
    assert wrong == []
    assert seen == {rule[0] for rule in TYPES}


def _key_columns(definition: str) -> str:
    """The columns of a key or index as the page writes them: `a,b,lower(c)|condition`."""
    body = definition[definition.index("(") :]
    depths = accumulate({"(": 1, ")": -1}.get(letter, 0) for letter in body)
    end = next(place for place, depth in enumerate(depths) if depth == 0)
    columns, condition = body[1:end], body[end + 1 :].partition(" WHERE ")[2]
    written = columns + (f"|{condition}" if condition else "")
    written = re.sub(r"::\w+", "", written).replace("'", "").replace('"', "").replace(" ", "").lower()
    return re.sub(r"\|\(+(\w+)\)*(<>\w+)\)+", r"|\1\2", written)


def _primary(facts: Facts, dialect: str) -> dict[str, set[str]]:
    if dialect == "sqlite":
        found: dict[str, list[tuple[int, str]]] = {}
        for table, name, _kind, _required, _default, position, _hidden in facts["columns"]:
            if position:
                found.setdefault(str(table), []).append((int(str(position)), str(name)))
        return {table: {",".join(name for _, name in sorted(parts))} for table, parts in found.items()}
    keys = [(str(fact[0]), str(fact[2])) for fact in facts["constraints"]]
    return {table: {_key_columns(text)} for table, text in keys if text.startswith("PRIMARY KEY")}


def _indexes(facts: Facts, dialect: str, *, unique: bool) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {table: set() for table in _stated(dialect)}
    for table, _name, definition in facts["indexes"]:
        if "UNIQUE" in str(definition) or not unique:
            found[str(table)].add(_key_columns(str(definition).partition(" ON ")[2]))
    if dialect == "sqlite" and unique:
        for table, columns, origin, _partial in facts["uniques"]:
            if origin == "u":
                assert isinstance(columns, tuple)
                found[str(table)].add(",".join(columns))
    return found


def test_primary_keys_begin_with_the_school(facts: Facts, populated: Database) -> None:
    stated = {table: {KEYS.get(table, "org_id,id")} for table in _stated(populated.dialect)}
    assert _primary(facts, populated.dialect) == stated


def test_unique_keys_are_those_stated(facts: Facts, populated: Database) -> None:
    primary = _primary(facts, populated.dialect)
    found = _indexes(facts, populated.dialect, unique=True)
    # PostgreSQL lists the index of the primary key too; of `user_orgs` and the like it is another than the unique one.
    assert {table: keys - primary[table] for table, keys in found.items()} == _each(UNIQUE, populated.dialect)


def test_every_stated_index_is_there(facts: Facts, populated: Database) -> None:
    found = _indexes(facts, populated.dialect, unique=False)
    missing = {table: keys - found[table] for table, keys in _each(INDEXES, populated.dialect).items()}
    assert {table: keys for table, keys in missing.items() if keys} == {}


def _references(facts: Facts, dialect: str) -> set[tuple[str, str, str, str, str]]:
    """Live foreign keys: table, columns, target, target columns, what a delete does."""
    found = set()
    if dialect == "sqlite":
        for table, parts in facts["foreign keys"]:
            assert isinstance(parts, tuple)
            target, _from, _to, _update, delete, _match = parts[0]
            found.add((str(table), ",".join(p[1] for p in parts), target, ",".join(p[2] for p in parts), delete))
        return found
    pattern = r"FOREIGN KEY \((?P<own>.+?)\) REFERENCES (?P<target>\w+)\((?P<to>.+?)\) ON DELETE (?P<delete>\w+)"
    for fact in facts["constraints"]:
        match = re.fullmatch(pattern, str(fact[2]))
        if match is not None:
            own, to = match["own"].replace(" ", ""), match["to"].replace(" ", "")
            found.add((str(fact[0]), own, match["target"], to, match["delete"]))
    return found


def test_references_are_composite_and_cascade_only_where_stated(facts: Facts, populated: Database) -> None:
    stated = set()

    def rule(table: str, column: str) -> str:
        return "CASCADE" if f"{table}.{column}" in CASCADES else "RESTRICT"

    for table, references in _each(REFERENCES, populated.dialect).items():
        for column, target in (reference.split(">") for reference in references):
            own = target in {"users", "devices"}
            key = (column, "id") if own else (f"org_id,{column}", "org_id,id")
            stated.add((table, key[0], target, key[1], rule(table, column)))
        if table in SYNCED and table != "orgs":
            stated.add((table, "org_id", "orgs", "org_id", rule(table, "org_id")))
    assert _references(facts, populated.dialect) == stated


def test_nothing_cascades_into_lessons_bookings_money_or_audit(facts: Facts, populated: Database) -> None:
    kept = {"lessons", "bookings", "payments", "refunds", "payouts", "payout_runs", "packages", "package_uses"}
    kept |= {"agreements", "audit_log", "outbox", "trips"}
    rules = [(fact[0], fact[4]) for fact in _references(facts, populated.dialect) if fact[0] in kept]
    assert len(rules) > 20
    assert {delete for _table, delete in rules} == {"RESTRICT"}


def _choices(facts: Facts, dialect: str) -> dict[str, set[str]]:
    checks = facts["checks"] if dialect == "sqlite" else {fact[:3] for fact in facts["constraints"]}
    return {
        f"{table}.{str(name).removeprefix(f'ck_{table}_').removesuffix('_known')}": set(
            re.findall(r"'(\w+)'", str(text))
        )
        for table, name, text in checks
        if str(name).endswith("_known")
    }


def test_enumerations_have_the_values_stated(facts: Facts, populated: Database) -> None:
    assert _choices(facts, populated.dialect) == {column: set(values.split()) for column, values in ENUMS.items()}


@pytest.mark.parametrize("column", sorted(ENUMS))
def test_unknown_values_are_refused(populated: Database, column: str) -> None:
    table, name = column.split(".")
    metadata = METADATA.tables[table]
    values = row(metadata, ORG_A, count(metadata)) | {name: sa.literal_column("'nonsense'")}
    with populated.rolled_back() as connection, pytest.raises(sa.exc.IntegrityError, match=f"ck_{table}_{name}_known"):
        connection.execute(sa.insert(light(metadata)).values(values))


def test_a_school_can_be_written_with_required_columns_alone(populated: Database) -> None:
    school = UUID(int=ORG_A.int + 2)
    with populated.rolled_back() as connection:
        for table in tables_for(populated.dialect):
            given = required(table, school, 0)
            connection.execute(sa.insert(light(table)).values(given))
            keys = [column == given[column.name] for column in table.primary_key if column.name in given]
            stored = connection.execute(sa.select(table).where(*keys)).mappings().one()
            for column in table.columns:
                left_out = column.name not in given
                assert not left_out or (stored[column.name] is None) == column.nullable, f"{table.name}.{column.name}"


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE bookings SET end_at = start_at", "ck_bookings_ends_after_start"),
        ("UPDATE bookings SET price_cents = price_cents + 1", "ck_bookings_split_adds_up"),
        ("UPDATE lessons SET rating = 6", "ck_lessons_rating_range"),
        ("UPDATE instructor_availabilities SET day_of_week = 7", "ck_instructor_availabilities_day_range"),
        ("UPDATE instructor_availabilities SET end_minute = 1441", "ck_instructor_availabilities_minutes"),
        ("UPDATE availability_exceptions SET end_minute = NULL", "ck_availability_exceptions_both_minutes"),
        ("UPDATE rate_card_items SET price_cents = -1", "ck_rate_card_items_price_not_negative"),
        ("UPDATE rate_cards SET valid_to = '2000-01-01'", "ck_rate_cards_valid_span"),
        ("UPDATE orgs SET platform_fee_bp = 10001", "ck_orgs_fee_range"),
        ("UPDATE instructors SET travel_buffer_min = 61", "ck_instructors_buffer_range"),
    ],
)
def test_checks_bite(populated: Database, statement: str, constraint: str) -> None:
    with populated.rolled_back() as connection, pytest.raises(sa.exc.IntegrityError, match=constraint):
        connection.exec_driver_sql(statement)


def test_one_live_charge_per_booking_and_kind(populated: Database) -> None:
    table = METADATA.tables["payments"]
    charge = row(table, ORG_A, 0)
    with populated.rolled_back() as connection:
        failed = charge | {"id": row(table, ORG_A, 90)["id"], "status": "failed", "stripe_payment_intent_id": None}
        connection.execute(sa.insert(light(table)).values(failed))
        second = failed | {"id": row(table, ORG_A, 91)["id"], "status": "succeeded"}
        with pytest.raises(sa.exc.IntegrityError, match=r"uq_payments_live|payments\.org_id, payments\.booking_id"):
            connection.execute(sa.insert(light(table)).values(second))


def test_two_whole_day_exceptions_of_a_date_are_refused(populated: Database) -> None:
    table = METADATA.tables["availability_exceptions"]
    whole_day = row(table, ORG_A, count(table)) | {"start_minute": None, "end_minute": None}
    with populated.rolled_back() as connection:
        connection.execute(sa.insert(light(table)).values(whole_day))
        with pytest.raises(sa.exc.IntegrityError, match="uq_availability_exceptions_slot"):
            connection.execute(sa.insert(light(table)).values(whole_day | {"id": row(table, ORG_A, 99)["id"]}))
