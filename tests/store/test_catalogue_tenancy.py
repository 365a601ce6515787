"""No row of one school is seen, changed or pointed at from another: by foreign keys, row-level security and rights."""

from collections.abc import Iterator
from typing import Final, NamedTuple
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa

from driveflow_desktop.domain.tables import METADATA, tables_for
from driveflow_desktop.store.guards import APP_ROLE, AUTH_ROLE, OWNER_ROLE
from tests.helpers.databases import BOTH, Database, driver_url
from tests.helpers.populate import ORG_A, ORG_B, count, light, row, row_id
from tests.store import schema_page

TENANT_TABLES: Final = [table.name for table in tables_for("postgresql") if "org_id" in table.columns]
UNREADABLE: Final = {"refresh_tokens", "signing_keys"}
UNWRITTEN: Final = {"users", "devices", *UNREADABLE}
KEPT: Final = {"orgs", "packages", "package_uses", "payments", "refunds", "payout_runs", "payouts", "agreements"}
KEPT_TOO: Final = {"trip_points", "audit_log", "webhook_events", "sync_heads", "applied_transactions", "access_tokens"}


class Reference(NamedTuple):
    """A foreign key inside the tenant."""

    table: str
    column: str
    target: str


REFERENCES: Final = [
    Reference(table.name, key.column_keys[1], key.referred_table.name)
    for table in METADATA.sorted_tables
    for key in sorted(table.foreign_key_constraints, key=lambda key: str(key.column_keys))
    if key.column_keys[0] == "org_id" and len(key.column_keys) == 2
]


@pytest.mark.parametrize(
    ("populated", "reference"),
    [
        pytest.param(dialect, reference, id=f"{dialect}-{reference.table}.{reference.column}")
        for dialect in BOTH
        for reference in REFERENCES
        if METADATA.tables[reference.table] in tables_for(dialect)
    ],
    indirect=["populated"],
)
def test_a_row_cannot_point_into_another_school(populated: Database, reference: Reference) -> None:
    table = METADATA.tables[reference.table]
    n = count(table)
    mine = row(table, ORG_A, n)
    if reference.table == "payments" and reference.column != "replaces_id":
        mine |= {"booking_id": None, "package_id": None}  # a payment has exactly one subject: the one under test
    strange = mine | {reference.column: row_id(reference.target, ORG_B, 0)}
    own_n = n - 1 if reference.target == reference.table else n % count(METADATA.tables[reference.target])
    with populated.rolled_back() as connection:
        with pytest.raises(sa.exc.IntegrityError, match=r"FOREIGN KEY|foreign key"), connection.begin_nested():
            connection.execute(sa.insert(light(table)).values(strange))
        # The same row with a reference inside its school passes, so nothing else refused it.
        own = mine | {reference.column: row_id(reference.target, ORG_A, own_n)}
        connection.execute(sa.insert(light(table)).values(own))


def test_all_references_between_tenant_tables_were_tried() -> None:
    stated = {
        Reference(table, *reference.split(">"))
        for table, references in schema_page.REFERENCES.items()
        for reference in references.split()
        if reference.split(">")[1] not in {"users", "devices"}
    }
    assert set(REFERENCES) == stated


@pytest.fixture(scope="module")
def engines(served: dict[str, str]) -> Iterator[dict[str, sa.Engine]]:
    """One engine for each party, each with its own login."""
    made = {party: sa.create_engine(driver_url(url), poolclass=sa.NullPool) for party, url in served.items()}
    yield made
    for engine in made.values():
        engine.dispose()


@pytest.fixture
def app(engines: dict[str, sa.Engine]) -> Iterator[sa.Connection]:
    """The serving role, before it says which school it serves."""
    with engines["app"].connect() as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def auth(engines: dict[str, sa.Engine]) -> Iterator[sa.Connection]:
    """The sign-in role."""
    with engines["auth"].connect() as connection:
        yield connection
        connection.rollback()


def _serve(connection: sa.Connection, org: UUID | str) -> None:
    connection.execute(sa.text("SELECT set_config('driveflow.org_id', :org, true)"), {"org": str(org)})


def _schools(connection: sa.Connection, table: str) -> set[UUID]:
    """The schools whose rows the connection sees."""
    return set(connection.execute(sa.text(f"SELECT DISTINCT org_id FROM {table}")).scalars())


def test_the_parties_are_who_they_should_be(app: sa.Connection, auth: sa.Connection) -> None:
    for connection, role in ((app, APP_ROLE), (auth, AUTH_ROLE)):
        query = """
            SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles
            WHERE rolname = session_user"""
        assert tuple(connection.execute(sa.text(query)).one()) == (role, False, False, False, False)
        owned = "SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = session_user)"
        assert connection.execute(sa.text(owned)).scalar_one() == 0
        member = "SELECT pg_has_role(session_user, :other, 'MEMBER')"
        for other in {OWNER_ROLE, APP_ROLE, AUTH_ROLE} - {role}:
            assert connection.execute(sa.text(member), {"other": other}).scalar_one() is False


def test_row_security_is_forced_on_every_table_of_a_school(app: sa.Connection) -> None:
    query = """
        SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class c
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND EXISTS
            (SELECT 1 FROM pg_attribute WHERE attrelid = c.oid AND attname = 'org_id')"""
    found = {str(name): bool(forced) for name, forced in app.execute(sa.text(query.replace("::", r"\:\:")))}
    assert found.keys() >= {*TENANT_TABLES, "trip_points_default"}
    assert [name for name, forced in found.items() if not forced] == []


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_the_app_sees_its_school_and_no_other(app: sa.Connection, table: str) -> None:
    assert _schools(app, table) == set()
    _serve(app, "")
    assert _schools(app, table) == set()
    _serve(app, ORG_A)
    assert _schools(app, table) == {ORG_A}
    app.rollback()
    # After a transaction the setting is there, but empty: that must neither show rows nor fail.
    assert app.execute(sa.text("SELECT current_setting('driveflow.org_id', true)")).scalar_one() == ""
    assert _schools(app, table) == set()


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_the_app_cannot_write_into_another_school(app: sa.Connection, table: str) -> None:
    metadata = METADATA.tables[table]
    strange = row(metadata, ORG_B, count(metadata))
    for school in (ORG_A, "", UUID(int=7)):
        _serve(app, school)
        with pytest.raises(sa.exc.ProgrammingError, match="row-level security"), app.begin_nested():
            app.execute(sa.insert(light(metadata)).values(strange))


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_the_app_changes_nothing_of_another_school(app: sa.Connection, table: str) -> None:
    verbs = {"UPDATE": f"UPDATE {table} SET {_harmless(table)}", "DELETE": f"DELETE FROM {table}"}
    _serve(app, ORG_A)
    for verb, statement in verbs.items():
        if app.execute(sa.text("SELECT has_table_privilege(:t, :v)"), {"t": table, "v": verb}).scalar_one():
            found = app.execute(sa.text(f"{statement} WHERE org_id = :org"), {"org": ORG_B})
            assert found.rowcount == 0


def _harmless(table: str) -> str:
    column = METADATA.tables[table].columns.keys()[-1]
    return f"{column} = {column}"


def test_a_row_cannot_be_moved_to_another_school(app: sa.Connection) -> None:
    _serve(app, ORG_A)
    with pytest.raises(sa.exc.ProgrammingError, match="row-level security"):
        app.execute(sa.text("UPDATE vehicles SET org_id = :org"), {"org": ORG_B})


def test_a_joined_or_partitioned_row_does_not_slip_through(app: sa.Connection) -> None:
    _serve(app, ORG_A)
    joined = "SELECT count(*) FROM bookings b JOIN students s ON s.org_id <> b.org_id"
    assert app.execute(sa.text(joined)).scalar_one() == 0
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        app.execute(sa.text("SELECT * FROM trip_points_default"))


@pytest.mark.parametrize("table", sorted(KEPT | KEPT_TOO))
def test_the_app_has_no_right_to_delete_what_is_kept(app: sa.Connection, table: str) -> None:
    _serve(app, ORG_A)
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        app.execute(sa.text(f"DELETE FROM {table}"))


@pytest.mark.parametrize("table", [*TENANT_TABLES, "users", "devices", "job_runs"])
def test_the_app_may_not_truncate_or_alter(app: sa.Connection, table: str) -> None:
    for statement in (f"TRUNCATE {table}", f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY", f"DROP TABLE {table}"):
        with pytest.raises(sa.exc.ProgrammingError, match=r"permission denied|must be owner"), app.begin_nested():
            app.execute(sa.text(statement))


def test_the_app_sees_the_people_of_its_school_without_their_passwords(app: sa.Connection) -> None:
    ids = sa.text("SELECT id FROM users")
    assert app.execute(ids).all() == []
    _serve(app, ORG_A)
    members = {row_id("users", ORG_A, n) for n in range(count(METADATA.tables["user_orgs"]))}
    assert set(app.execute(ids).scalars()) == members
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        app.execute(sa.text("SELECT password_hash FROM users"))


def test_the_app_sees_the_devices_of_its_school(app: sa.Connection) -> None:
    ids = sa.text("SELECT id FROM devices")
    assert app.execute(ids).all() == []
    _serve(app, ORG_B)
    known = {row_id("devices", ORG_B, n) for n in range(count(METADATA.tables["device_orgs"]))}
    assert set(app.execute(ids).scalars()) == known


@pytest.mark.parametrize("table", sorted(UNWRITTEN))
def test_the_app_does_not_write_what_sign_in_keeps(app: sa.Connection, table: str) -> None:
    _serve(app, ORG_A)
    column = METADATA.tables[table].columns.keys()[-1]
    for statement in (
        f"UPDATE {table} SET {column} = NULL",
        f"DELETE FROM {table}",
        f"INSERT INTO {table} DEFAULT VALUES",
    ):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), app.begin_nested():
            app.execute(sa.text(statement))


@pytest.mark.parametrize("table", sorted(UNREADABLE))
def test_the_app_does_not_read_tokens_or_keys(app: sa.Connection, table: str) -> None:
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        app.execute(sa.text(f"SELECT * FROM {table}"))


def test_sign_in_looks_across_schools_at_people_and_doors_only(auth: sa.Connection) -> None:
    for table in ("orgs", "user_orgs", "invitations", "access_tokens", "outbox"):
        assert _schools(auth, table) == {ORG_A, ORG_B}
    for table in ("users", "devices", "refresh_tokens", "signing_keys"):
        assert auth.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() > 0
    readable = {"orgs", "user_orgs", "invitations", "access_tokens"}
    for table in sorted({*TENANT_TABLES} - readable):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), auth.begin_nested():
            auth.execute(sa.text(f"SELECT * FROM {table}"))
    for table in ("orgs", "user_orgs", "invitations", "access_tokens", "outbox"):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), auth.begin_nested():
            auth.execute(sa.text(f"UPDATE {table} SET org_id = org_id"))


def test_sign_in_keeps_people_devices_and_tokens(auth: sa.Connection) -> None:
    for table in ("users", "devices", "refresh_tokens", "signing_keys"):
        metadata = METADATA.tables[table]
        fresh = row(metadata, ORG_A, 9 if table in {"users", "signing_keys"} else count(metadata) + 0)
        if table == "refresh_tokens":
            fresh |= {"device_id": row_id("devices", ORG_A, 0)}
        auth.execute(sa.insert(light(metadata)).values(fresh))
    changed = auth.execute(sa.text("UPDATE users SET full_name = 'erased'"))
    assert changed.rowcount > 1


def test_the_login_of_the_service_takes_a_role_for_each_piece_of_work(served: dict[str, str]) -> None:
    with psycopg.connect(served["admin"]) as connection:
        for role in (APP_ROLE, AUTH_ROLE, OWNER_ROLE):
            connection.execute(f"SET LOCAL ROLE {role}")
            found = connection.execute("SELECT current_user").fetchone()
            assert found == (role,)
        connection.execute(f"SET LOCAL ROLE {OWNER_ROLE}")
        # Row security is forced on the owner too.
        assert connection.execute("SELECT count(*) FROM bookings").fetchone() == (0,)
