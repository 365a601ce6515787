"""One history for both databases: nothing drifts, every revision goes down and up over real rows, nothing half done."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlcipher3 import dbapi2 as sqlcipher

from driveflow_desktop.domain.tables import METADATA, tables_for
from driveflow_desktop.kernel.errors import Bug, UserError
from driveflow_desktop.kernel.resources import bundled
from driveflow_desktop.store import migrate
from driveflow_desktop.store.replica import connect
from tests.helpers.catalogue import VERSION_TABLE, catalogue, create_from_models
from tests.helpers.databases import BOTH, KEY, Database, MakeDatabase
from tests.helpers.populate import Row, contents, populate

both = pytest.mark.parametrize("dialect", BOTH)
REVISIONS = [script.revision for script in ScriptDirectory(str(bundled("migrations"))).walk_revisions()]


@both
def test_the_migrated_schema_is_what_models_and_guards_say(dialect: str, make_database: MakeDatabase) -> None:
    migrated, modelled = make_database(dialect, "migrated"), make_database(dialect, "empty")
    with modelled.engine.begin() as connection:
        create_from_models(connection)
    with migrated.engine.connect() as left, modelled.engine.connect() as right:
        ours, theirs = catalogue(left), catalogue(right)
    assert ours.keys() == theirs.keys()
    for kind in ours:
        assert ours[kind] ^ theirs[kind] == set(), kind
        assert ours[kind], kind


@pytest.mark.filterwarnings("ignore:.*expression-based index:UserWarning")
@pytest.mark.filterwarnings("ignore:.*expression-based index:sqlalchemy.exc.SAWarning")
@both
def test_alembic_finds_nothing_to_change(dialect: str, make_database: MakeDatabase) -> None:
    standing = {table.name for table in tables_for(dialect)}

    def ours(_object: object, name: str | None, kind: str, reflected: bool, _compare: object) -> bool:
        return kind != "table" or (name in METADATA.tables if reflected else name in standing)

    with make_database(dialect, "migrated").engine.connect() as connection:
        options = {"include_object": ours, "compare_type": False, "compare_server_default": False}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []
        assert set(sa.inspect(connection).get_table_names()) >= standing


def _common(before: dict[str, list[Row]], after: dict[str, list[Row]]) -> tuple[object, object]:
    """Both states, cut down to the tables and columns that both have."""

    def cut(state: dict[str, list[Row]], other: dict[str, list[Row]]) -> dict[str, list[tuple[str, ...]]]:
        found = {}
        for name in state.keys() & other.keys():
            columns = sorted(set(state[name][0]) & set(other[name][0])) if state[name] and other[name] else []
            found[name] = sorted(tuple(repr(row[column]) for column in columns) for row in state[name])
        return found

    return cut(before, after), cut(after, before)


def _state(database: Database) -> dict[str, list[Row]]:
    with database.engine.connect() as connection:
        return contents(connection)


@both
def test_every_revision_goes_down_and_up_again_over_rows(dialect: str, make_database: MakeDatabase) -> None:
    database = make_database(dialect)
    filled = _state(database)
    assert filled.keys() == {table.name for table in tables_for(dialect)}
    assert all(filled.values())
    for revision, older in zip(REVISIONS, [*REVISIONS[1:], migrate.BASE], strict=True):
        before = _state(database)
        migrate.downgrade(database.engine, older)
        lower = _state(database)
        left, right = _common(before, lower)
        assert left == right, f"down from {revision}"
        migrate.upgrade(database.engine, revision)
        left, right = _common(lower, _state(database))
        assert left == right, f"up to {revision}"
        migrate.downgrade(database.engine, older)
    assert _state(database) == {}
    with database.engine.connect() as connection:
        assert migrate.current_revision(connection) is None
        assert sa.inspect(connection).get_table_names() == [VERSION_TABLE]
    migrate.upgrade(database.engine)


@both
@pytest.mark.parametrize("revision", REVISIONS)
def test_rows_written_at_a_revision_live_at_the_head(dialect: str, revision: str, make_database: MakeDatabase) -> None:
    database = make_database(dialect, "empty")
    migrate.upgrade(database.engine, revision)
    with database.engine.begin() as connection:
        populate(connection)
    before = _state(database)
    migrate.upgrade(database.engine)
    left, right = _common(before, _state(database))
    assert left == right
    assert sum(map(len, before.values())) > 200


@both
def test_down_to_nothing_leaves_nothing_behind(dialect: str, make_database: MakeDatabase) -> None:
    database, untouched = make_database(dialect, "populated"), make_database(dialect, "empty")
    migrate.downgrade(database.engine, migrate.BASE)
    with untouched.engine.connect() as connection:
        nothing = catalogue(connection)
    with database.engine.connect() as connection:
        for kind, facts in catalogue(connection).items():
            rest = {fact for fact in facts if fact[0] != VERSION_TABLE}
            assert rest == nothing[kind], kind


@both
def test_a_run_that_stands_at_the_head_changes_nothing(dialect: str, make_database: MakeDatabase) -> None:
    database = make_database(dialect, "migrated")
    with database.engine.connect() as connection:
        before = catalogue(connection)
        connection.rollback()
        migrate.upgrade(connection)
        assert catalogue(connection) == before
        assert migrate.current_revision(connection) == migrate.SCHEMA_REVISION == REVISIONS[0]


@both
@pytest.mark.parametrize("act", [migrate.upgrade, lambda engine: migrate.downgrade(engine, migrate.BASE)])
def test_a_newer_database_is_refused_untouched(dialect: str, act: object, make_database: MakeDatabase) -> None:
    assert callable(act)
    database = make_database(dialect, "migrated")
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UserError) as refused:
        act(database.engine)
    assert refused.value.code == "newer_version"
    with database.engine.connect() as connection:
        assert sa.inspect(connection).has_table("bookings")
        assert migrate.current_revision(connection) == "9999"


@both
def test_a_run_makes_its_own_transaction(dialect: str, make_database: MakeDatabase) -> None:
    with (
        make_database(dialect, "empty").engine.begin() as connection,
        pytest.raises(Bug, match="its own transaction"),
    ):
        migrate.upgrade(connection)


def _break_the_guards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A copy of the history whose first revision fails at its very end."""
    copy = tmp_path / "broken"
    for file in (found for found in bundled("migrations").rglob("*") if found.suffix in {".py", ".sql", ".mako"}):
        target = copy / file.relative_to(bundled("migrations"))
        target.parent.mkdir(parents=True, exist_ok=True)
        text = file.read_text("utf-8")
        target.write_text(text + "\n\nSELECT * FROM no_such_table\n" if file.suffix == ".sql" else text, "utf-8")
    monkeypatch.setattr(migrate, "bundled", lambda _name: copy)


@both
def test_a_run_that_fails_leaves_nothing(
    dialect: str, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    database = make_database(dialect, "empty")
    _break_the_guards(monkeypatch, tmp_path)
    with pytest.raises(sa.exc.DBAPIError, match="no_such_table"):
        migrate.upgrade(database.engine)
    with database.engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == []


def test_without_an_engine_that_begins_a_run_is_still_one_transaction(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The driver's own habit is to commit before DDL or to begin at the first change: neither may show."""

    def legacy() -> sqlcipher.Connection:
        connection = connect(tmp_path / "legacy.db", KEY)
        connection.isolation_level = ""
        return connection

    engine = sa.create_engine("sqlite://", creator=legacy, module=sqlcipher)
    with monkeypatch.context() as patch:
        _break_the_guards(patch, tmp_path)
        with pytest.raises(sa.exc.DBAPIError, match="no_such_table"):
            migrate.upgrade(engine)
    with engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == []
        driver = connection.connection.driver_connection
        assert driver is not None
        assert driver.isolation_level == ""
        connection.rollback()
        migrate.upgrade(connection)
        assert sa.inspect(connection).has_table("bookings")
    engine.dispose()


def test_foreign_keys_are_off_in_the_run_checked_after_it_and_on_again(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = make_database("sqlite")
    seen = []

    def orphan(config: Config, _to: str) -> None:
        connection = config.attributes["connection"]
        seen.append(connection.exec_driver_sql("PRAGMA foreign_keys").scalar())
        connection.exec_driver_sql("UPDATE rate_card_items SET service_id = x'00'")

    monkeypatch.setattr(command, "upgrade", orphan)
    with database.engine.connect() as connection:
        with pytest.raises(Bug, match="rate_card_items"):
            migrate.upgrade(connection)
        assert seen == [0]
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("SELECT count(*) FROM rate_card_items WHERE service_id = x'00'").scalar() == 0


def test_postgresql_is_refused_until_its_roles_are_there(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "OWNER_ROLE", "driveflow_nobody")
    with pytest.raises(UserError) as refused:
        migrate.upgrade(make_database("postgresql", "empty").engine)
    assert refused.value.code == "database_not_prepared"


def test_a_revision_that_changes_rows_under_row_security_fails_instead_of_changing_none(
    make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rename(config: Config, _to: str) -> None:
        config.attributes["connection"].exec_driver_sql("UPDATE services SET name = name || '!'")

    database = make_database("postgresql")
    monkeypatch.setattr(command, "upgrade", rename)
    with pytest.raises(sa.exc.DBAPIError, match="row-level security"):
        migrate.upgrade(database.engine)


def test_a_process_may_migrate_several_databases_at_once(make_database: MakeDatabase) -> None:
    databases = [make_database(dialect, "empty") for dialect in (*BOTH, *BOTH)]
    with ThreadPoolExecutor(len(databases)) as pool:
        list(pool.map(lambda database: migrate.upgrade(database.engine), databases))
    for database in databases:
        with database.engine.connect() as connection:
            assert migrate.current_revision(connection) == migrate.SCHEMA_REVISION


def test_two_processes_do_not_migrate_one_postgresql_at_once(make_database: MakeDatabase) -> None:
    database = make_database("postgresql", "empty")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _n: migrate.upgrade(database.engine), range(2)))
    with database.engine.connect() as connection:
        assert migrate.current_revision(connection) == migrate.SCHEMA_REVISION
